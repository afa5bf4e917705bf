"""A checker takes every right answer, says of a wrong one what is wrong, and never stops."""

import ast
import inspect
import json
import re
import warnings

import numpy as np
import pytest
from pages import CHAPTERS

import sdtutorial as sd
from sdtutorial import exercises
from sdtutorial.exercises import Verdict

EXAMPLE, ENDS = sd.spline(), sd.examples.spline(endpoints=True)
CHAIN = sd.distill(EXAMPLE.gram, EXAMPLE.y, EXAMPLE.tolerance)
D, Z, VECTORS = CHAIN.eigenvalues, CHAIN.coordinates, CHAIN.eigenvectors
UNIT = np.sqrt(9 * EXAMPLE.tolerance)
FLOOR = (ENDS.y[0] ** 2 + ENDS.y[-1] ** 2) / 11
APART = np.exp(np.diff(CHAIN.log_filters, axis=1))  # ratios of neighbours, round by round


def newton_step(mu):
    left = 1 / (1 + mu * D)
    value = np.sum((Z * left) ** 2) ** -0.5
    return mu + (1 / UNIT - value) / (value**3 * np.sum(Z**2 * D * left**3))


def string(x, t):
    return np.minimum.outer(x, t) * (1 - np.maximum.outer(x, t))


def backwards(targets):
    return VECTORS @ (VECTORS.T @ targets / CHAIN.filters[-1])


def walked(rounds, start=0.5):
    """Labels in the eigenbasis, so many steps from a vector of this length."""
    z = np.ones(9) * start * UNIT / 3
    for _ in range(rounds):
        z = z + UNIT * (z / D) / np.linalg.norm(z / D)
    return z


def spread(tolerance):
    return 100.0 ** np.arange(8), np.ones(8), tolerance


def inner_tolerance(tolerance):
    return (11 * tolerance - ENDS.y[0] ** 2 - ENDS.y[-1] ** 2) / 9


def rounds_of(pair):
    return np.log(APART[-1, pair]) / np.log(APART[0, pair])


def whole(number):
    return int(np.ceil(number))


SIDES = np.column_stack([np.maximum(2 * EXAMPLE.x - 1, 0), np.maximum(1 - 2 * EXAMPLE.x, 0)])
LINE = np.linalg.lstsq(SIDES, EXAMPLE.y, rcond=None)[1][0] / 9
HALF = np.sqrt(11 * ENDS.tolerance / (2 * np.log(2)))
GOLDEN = (np.sqrt(5) - 1) / 2

# Each checker with right answers, then wrong ones and words of the sentence that each of them gets.
ANSWERS = {
    "units": (
        [(lambda s: s**2 * 0.04,), (lambda s: np.float32(0.04) * s * s,)],
        [
            ((lambda s: 0.04,), "stayed as it was"),
            ((lambda s: 0.04 * s,), "mean of squares"),
            ((lambda s: 100.0,), "0 times as long"),
            ((lambda s: -1,), "must be positive"),
            ((0.04,), "`scaled_tolerance` is not a function"),
            ((lambda s: None,), "returns nothing"),
            ((lambda s: 1 / 0,), "ZeroDivisionError: division by zero"),
        ],
    ),
    "unreachable": (
        [(FLOOR,), (np.float32(FLOOR),), (round(FLOOR, 5),)],
        [
            ((FLOOR * 11 / 9,), "Some fit comes closer"),
            ((ENDS.y[0] ** 2 / 11,), "No fit comes as close"),
            (("0.04",), "one real number"),
        ],
    ),
    "newton": (
        [(newton_step,), (lambda mu: float(newton_step(mu)),)],
        [
            ((lambda mu: 2 * mu - newton_step(mu),), "wrong way"),
            ((lambda mu: mu + 1,), "the tangent has the height"),
            ((lambda mu: [mu, mu],), "one real number"),
        ],
    ),
    "stretched_string": (
        [(string,), (lambda x, t: string(x, t).tolist(),)],
        [
            ((lambda x, t: 2 * string(x, t),), "How does its slope change at t"),
            ((lambda x, t: np.minimum.outer(x, t),), "must be zero, and it is as large as 0.8"),
            ((EXAMPLE.kernel,), "does not reproduce f = sin(2 pi x)"),
            ((lambda x, t: x,), "must have the shape (401, 4)"),
        ],
    ),
    "run_backwards": (
        [(backwards,), (lambda y: np.linalg.solve(VECTORS * CHAIN.filters[-1] @ VECTORS.T, y),)],
        [
            ((lambda y: VECTORS @ (VECTORS.T @ y / APART[-1, 0]),), "misses the labels by"),
            ((lambda y: backwards(VECTORS @ (CHAIN.filters[0] * (VECTORS.T @ y))),), "One round is"),
            ((lambda y: y,), "4 rounds are missing"),
            ((lambda y: EXAMPLE.y,), "not for others"),
            ((lambda y: y[:3],), "must have the shape (9,)"),
        ],
    ),
    "chain_to_order": (
        [(walked(7), 7), (walked(10, start=0.9), 10), (list(-walked(3)), 3)],
        [
            ((walked(7, start=1.2), 7), "where must the last vector lie"),
            ((walked(7) / 2, 7), "How long is each step"),
            ((walked(0), 7), "has the walk begun?"),
            ((1e6 * walked(7), 7), "more than 70 rounds"),
            ((np.ones(3), 7), "must have the shape (9,)"),
        ],
    ),
    "which_upper_end": (
        [(spread(0.4), spread(0.005)), (list(spread(0.5)), (D, Z, 0.04))],
        [
            ((spread(0.005), spread(0.005)), "the angle has no chance"),
            ((spread(0.4), spread(0.4)), "In `curve` the angle allows 2"),
            ((([1.0], [1.2], 1.0), spread(0.005)), "They are equal"),
            ((0.4, 0.005), "eigenvalues, coordinates and a tolerance"),
            (((D[::-1], Z, 0.04), spread(0.005)), "must ascend"),
        ],
    ),
    "fixed_multiplier": (
        [(whole(rounds_of(0)), whole(rounds_of(-1))), (np.ceil(rounds_of(0)), np.ceil(rounds_of(-1)))],
        [
            ((rounds_of(0), whole(rounds_of(-1))), "bottom pair: rounds are whole"),
            ((4, 4), "not yet as far apart"),
            ((5, 26), "before round 26"),
        ],
    ),
    "largest_index": (
        [([1, 2],), (np.array([6.0, 3.0]),)],
        [
            (([1.0, 2.0, 3.0],), "It grows to"),
            (([1.0, 3.0],), "multiplied by 0.98"),
            (([1.0, 1.5, 3.0],), "It grows to"),
            ((D,), "It grows to"),
            (([1.0],), "at least two positive"),
        ],
    ),
    "half_infeasible": (
        [(HALF,), (round(HALF, 2),)],
        [((0.5,), "must be louder"), ((0.7,), "must be less loud"), ((-1,), "must be positive")],
    ),
    "eleven_points": (
        [(inner_tolerance, 9 / 11), (inner_tolerance, np.float64(0.81818))],
        [
            ((lambda tolerance: tolerance, 9 / 11), "the squares inside add up to"),
            ((inner_tolerance, 11 / 9), "By which number of points"),
        ],
    ),
    "half_kept": (
        [(lambda n: -np.log(2) / np.log1p(-(0.5**n)),)],
        [
            ((lambda n: 2**n * np.log(2),), "what m tends to"),
            ((lambda n: 1,), "For n = 2 and m = 1 the share 0.250"),
        ],
    ),
    "best_eigenvalues": (
        [(np.abs,), (lambda z: 7 * abs(z),), (lambda z: np.sqrt(z**2).tolist(),)],
        [
            ((lambda z: z**2,), "one has the bound"),
            ((np.ones_like,), "one has the bound"),
            ((lambda z: z,), "what about the signs"),
        ],
    ),
    "rare_class": (
        [(42,), (np.int64(42),), (42.0,)],
        [((41,), "too few"), ((43,), "enough already"), ((40.8,), "whole number of the 1000")],
    ),
    "wide_network_floor": (
        [(LINE,), (round(LINE, 3),)],
        [((0.04,), "No fit comes as close"), ((2 * LINE,), "Some fit comes closer")],
    ),
    "golden_weight": (
        [(GOLDEN,), (0.618,)],
        [
            ((0.5,), "with a larger weight"),
            ((2 / 3,), "with a smaller weight"),
            ((1,), "with a smaller weight"),
            ((1e-6,), "goes on growing"),
            ((2,), "between zero and one"),
        ],
    ),
    "definite_grid": (
        [((np.arange(11) + 0.5) / 11,), (np.linspace(0.02, 0.9, 11).tolist(),)],
        [
            ((np.linspace(0, 1, 11),), "zero at the ends"),
            ((np.full(11, 0.5),), "Two points are the same"),
            ((np.arange(11),), "must lie in [0, 1]"),
        ],
    ),
    "shortest_probabilities": (
        [(np.full(100, 0.01),), ([0.01] * 100,)],
        [
            ((np.arange(1, 101) / 5050,), "share evenly"),
            ((np.ones(100),), "The sum is 100"),
            ((np.r_[-0.01, np.full(99, 1.01 / 99)],), "are not negative"),
        ],
    ),
}

RIGHT = [pytest.param(n, a, id=f"{n}-{i}") for n, c in ANSWERS.items() for i, a in enumerate(c[0])]
WRONG = [
    pytest.param(n, *a, id=f"{n}-{i}") for n, c in ANSWERS.items() for i, a in enumerate(c[1])
]
STRANGE = [
    "yes", b"no", 1j, np.nan, np.inf, -1, 0, True, 10**400, [], [[1], [2, 3]], {}, set(), object(),
    np.array([1.0, np.nan]), np.zeros((2, 2)), np.array("a"), len, lambda *a: "text", lambda: 1,
    lambda *a: 1 / 0, lambda *a: a, lambda *a: np.nan, (1, 2, 3), ([1.0], [2.0], ...), (..., ..., ...),
]  # fmt: skip


def checkers():
    return [name for name in exercises.__all__ if name != "Verdict"]


def check(name, answer):
    return getattr(exercises, name)(*answer)


def test_every_checker_has_its_answers():
    assert sorted(ANSWERS) == checkers()


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_a_right_answer_is_right(name, answer):
    verdict = check(name, answer)
    assert verdict and repr(verdict).startswith("Right.\n"), verdict


@pytest.mark.parametrize(("name", "answer", "words"), WRONG)
def test_a_wrong_answer_gets_a_sentence_that_points_to_what_is_wrong(name, answer, words):
    verdict = check(name, answer)
    assert verdict.right is False and words in repr(verdict), verdict


@pytest.mark.parametrize("name", checkers())
def test_three_dots_are_an_answer_that_is_still_to_be_given(name):
    first = next(iter(inspect.signature(getattr(exercises, name)).parameters))
    verdict = check(name, (..., *ANSWERS[name][0][0][1:]))
    assert verdict.right is None and not verdict
    assert repr(verdict).startswith("No answer yet.\n") and f"`{first}`" in repr(verdict)


@pytest.mark.parametrize("name", checkers())
def test_an_answer_of_a_strange_kind_gets_a_sentence_and_no_warning(name):
    valid = ANSWERS[name][0][0]
    for strange in STRANGE:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            verdict = check(name, (strange, *valid[1:]))
        assert verdict.right is False and len(repr(verdict).split()) > 5, strange


def test_a_checker_does_not_change_what_it_is_given():
    answer = walked(7)
    before = answer.copy()
    assert exercises.chain_to_order(answer, 7)
    assert (answer == before).all()


def test_two_open_answers_are_named_together():
    assert "dots of `angle` and of `curve`" in repr(exercises.which_upper_end(..., ...))


def test_a_wrong_call_is_an_error_as_ever():
    with pytest.raises(TypeError, match="missing a required argument"):
        exercises.which_upper_end(...)


def test_a_verdict_is_true_if_the_answer_is_right_alone():
    assert [bool(Verdict(right, ())) for right in (True, False, None)] == [True, False, False]


# The chapters: a stub in the exercise, the same call in the solution.


def calls(text):
    """Return the calls of checkers in the code cells of a text: name, and code of the arguments."""
    found = []
    for cell in re.findall(r"```\{code-cell\}[^\n]*\n(.*?)```", text, flags=re.S):
        for node in ast.walk(ast.parse(re.sub(r"\A(---\n.*?---\n|(?::.*\n)+)", "", cell, flags=re.S))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("exercises."):
                found.append((node.func.attr, [ast.unparse(argument) for argument in node.args]))
    return found


def parts(page):
    """Yield label, exercise and solution of every exercise of a page."""
    text = page.read_text(encoding="utf-8")
    solutions = dict(
        re.findall(r"\{solution-start\} (\S+)\n(.*?)\{solution-end\}", text, flags=re.S)
    )
    for label, body in re.findall(r"\{exercise-start\}[^\n]*\n:label: (\S+)\n(.*?)\{exercise-end\}", text, re.S):
        yield label, body, solutions[label]


EXERCISES = [pytest.param(*part, id=part[0]) for page in CHAPTERS for part in parts(page)]


@pytest.mark.parametrize(("label", "exercise", "solution"), EXERCISES)
def test_what_is_checked_has_a_stub_and_the_solution_is_checked_too(label, exercise, solution):
    stubs = calls(exercise)
    assert [name for name, _ in calls(solution)] == [name for name, _ in stubs]
    for name, arguments in stubs:
        checker = getattr(exercises, name)
        assert f"``{label}``" in checker.__doc__, "the docstring names the exercise"
        parameters = list(inspect.signature(checker).parameters)
        for argument, parameter in zip(arguments, parameters, strict=True):
            dots = re.search(rf"^{argument} = \.\.\.", exercise, flags=re.M)
            assert argument == parameter and dots or argument.isdigit(), (
                "the stub gives the variable the name that the sentences use"
            )


def test_every_chapter_has_an_exercise_that_is_checked():
    without = {
        page.stem for page in CHAPTERS if not any(calls(body) for _, body, _ in parts(page))
    }
    assert without == set()


def test_every_checker_is_used():
    used = {name for page in CHAPTERS for _, body, _ in parts(page) for name, _ in calls(body)}
    assert used == set(checkers())


def test_in_the_built_book_each_stub_says_so_and_each_solution_is_right(built):
    for page in CHAPTERS:
        executed = json.loads((built / "jupyter_execute" / "book" / f"{page.stem}.ipynb").read_text())
        said = [
            "".join(output["data"]["text/plain"])
            for cell in executed["cells"]
            if cell["cell_type"] == "code" and "exercises." in "".join(cell["source"])
            for output in cell["outputs"]
            if output["output_type"] == "execute_result"
        ]
        expected = ["No answer yet.", "Right."] * sum(len(calls(body)) for _, body, _ in parts(page))
        assert [text.split("\n")[0] for text in said] == expected, page.stem

