"""What all checkers of answers share: the verdict, and how an answer is tried out safely."""

import functools
import inspect
import warnings
from dataclasses import dataclass

import numpy as np

from sdtutorial import _checks


@dataclass(frozen=True, repr=False)
class Verdict:
    """What a checker has found out about an answer, in sentences; true if the answer is right.

    Attributes
    ----------
    right : bool or None
        None where nothing was answered yet.
    sentences : tuple of str
    """

    right: bool | None
    sentences: tuple

    def __bool__(self):
        return self.right is True

    def __repr__(self):
        first = {True: "Right.", False: "Not yet.", None: "No answer yet."}[self.right]
        return "\n".join([first, *self.sentences])


class UnusableError(Exception):
    """An answer of a kind that cannot be tried; the text is the sentence that says so."""


def checker(findings):
    """Make a checker of a function that yields what it finds: whether it is right, and a sentence.

    The checker returns a verdict whatever it is given, and warns of nothing: an answer of a strange
    kind, or one that stops with an error, gets a sentence.
    """
    signature = inspect.signature(findings)

    @functools.wraps(findings)
    def check(*args, **kwargs):
        answers = signature.bind(*args, **kwargs).arguments
        if open_ones := [name for name, answer in answers.items() if is_open(answer)]:
            listed = " and of ".join(f"`{name}`" for name in open_ones)
            sentence = f"Replace the three dots of {listed}, and run the cell again."
            return Verdict(None, (sentence,))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = list(_tried(findings, answers))
        return Verdict(all(right for right, _ in found), tuple(words for _, words in found))

    return check


def is_open(answer):
    """Tell whether an answer still is the three dots of the stub."""
    return answer is ... or answer is None


def _tried(findings, answers):
    try:
        yield from findings(**answers)
    except UnusableError as unusable:
        yield False, str(unusable)
    except Exception as error:  # what a reader hands in can do anything
        yield False, f"The answer could not be tried: {_told(error)}"


def _told(error):
    return f"{type(error).__name__}: {error}".rstrip(": .") + "."


def numbers(name, answer, shape=None):
    """Return an answer as an array of finite real numbers, of this shape if one is given."""
    try:
        array = _checks.real_array(f"`{name}`", answer)
    except (TypeError, ValueError) as error:
        raise UnusableError(f"{error}.") from None
    if shape is not None and array.shape != shape:
        raise UnusableError(f"`{name}` must have the shape {shape}, and it has {array.shape}.")
    return array


def number(name, answer):
    """Return an answer as one finite real number, a float."""
    try:
        value = _checks.real_number(f"`{name}`", answer)
    except TypeError as error:
        raise UnusableError(f"{error}.") from None
    if not np.isfinite(value):
        raise UnusableError(f"`{name}` must be finite, and it is {value}.")
    return value


def positive(name, answer):
    """Return an answer as one positive number."""
    value = number(name, answer)
    if not value > 0:
        raise UnusableError(f"`{name}` must be positive, and it is {value:g}.")
    return value


def called(name, answer, *arguments):
    """Return what a function that was handed in returns."""
    if not callable(answer):
        raise UnusableError(f"`{name}` is not a function: begin it with def or lambda.")
    try:
        result = answer(*arguments)
    except Exception as error:
        raise UnusableError(f"`{name}` stops with an error, {_told(error)}") from None
    if is_open(result):
        raise UnusableError(f"`{name}` returns nothing: say with `return` what it has found.")
    return result
