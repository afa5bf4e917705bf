"""Questions with a choice of answers, for readers who want to know whether they have understood.

A question is shown as a form on a page of the book, and as text in a notebook. What is right is
computed where the question is asked.
"""

from dataclasses import dataclass
from html import escape

from sdtutorial.exercises._verdicts import Verdict
from sdtutorial.notebook import runtime

__all__ = ["Question"]

LETTERS = "abcdefgh"


@dataclass(frozen=True, repr=False)
class Question:
    """A question, and for each answer a sentence that says why it is right or wrong.

    Parameters
    ----------
    name : str
        The variable that holds the question; it is the name of the form, too, so that it is unique
        on a page.
    text : str
        What is asked.
    answers : dict
        For each answer, a text, the sentence that a reader who chooses it is told.
    right : str
        The answer that is right, one of them.

    Raises
    ------
    TypeError, ValueError
        If the name is no name of a variable, if there are not two to eight answers, or if the right
        one is not among them.
    """

    name: str
    text: str
    answers: dict
    right: str

    def __post_init__(self):
        if not (isinstance(self.name, str) and self.name.isidentifier()):
            raise TypeError(f"name must be the name of a variable, not {self.name!r}")
        if not (isinstance(self.answers, dict) and 2 <= len(self.answers) <= len(LETTERS)):
            raise ValueError("answers must be a dictionary of two to eight answers")
        if self.right not in self.answers:
            listed = ", ".join(map(repr, self.answers))
            raise ValueError(f"right must be one of the answers {listed}, not {self.right!r}")

    def answer(self, letter):
        """Say whether an answer is right, and why.

        Parameters
        ----------
        letter : str
            The letter that stands before it, "a" for the first.

        Returns
        -------
        Verdict
        """
        letters = LETTERS[: len(self.answers)]
        if not (isinstance(letter, str) and len(letter) == 1 and letter.lower() in letters):
            return Verdict(None, (f"Choose one of the letters {', '.join(letters)}.",))
        chosen, why = list(self.answers.items())[letters.index(letter.lower())]
        return Verdict(chosen == self.right, (why,))

    def __repr__(self):
        lines = [f"  {letter}) {answer}" for letter, answer in zip(LETTERS, self.answers)]
        return "\n".join([self.text, *lines, f'Answer with {self.name}.answer("a").'])

    def _repr_mimebundle_(self, include=None, exclude=None):
        """Hand the form to a page of the book, and the text to every other host."""
        data = {"text/plain": repr(self)}
        if runtime() == "book":
            data["text/html"] = self.form()
        return data, {"text_form": True}

    def form(self):
        """Return the question as HTML: a group of radio buttons, and a button to check the choice.

        What a reader is told waits in the form; the script of the book shows it.
        """
        rows = "".join(
            f'<label><input type="radio" name="{self.name}"> {escape(answer)}'
            f'<template data-right="{str(answer == self.right).lower()}">{escape(why)}</template>'
            f"</label>"
            for answer, why in self.answers.items()
        )
        told = f"{self.right}. {self.answers[self.right]}"
        return (
            f'<fieldset class="question" id="question-{self.name}">'
            f"<legend>{escape(self.text)}</legend>{rows}"
            f'<button type="button">Check</button><p role="status"></p>'
            f"<noscript><p>{escape(told)}</p></noscript></fieldset>"
        )
