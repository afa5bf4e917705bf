"""Docstrings cite what the book has, and write shapes in one dialect."""

import inspect
import re

import pytest
from api import public_names
from numpydoc.docscrape import NumpyDocString
from pages import PAGES

DOCUMENTED = [
    pytest.param(thing, id=f"{module.__name__}.{name}")
    for module, things in public_names()
    for name, thing in things.items()
]
LABEL = r"(?:def|lem|prp|thm|cor|eq|fig)-[\w-]+"


@pytest.fixture(scope="module")
def labels():
    """The labels of all statements, equations and figures of the book."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    return set(re.findall(rf"(?::label: |\(|name: )({LABEL})", text))


def docstrings(thing):
    """Yield the docstrings of a function, or of a class and of its public methods."""
    yield inspect.getdoc(thing) or ""
    if inspect.isclass(thing):
        for name, member in vars(thing).items():
            if not name.startswith("_") and (inspect.isroutine(member) or isinstance(member, property)):
                yield inspect.getdoc(member) or ""


@pytest.mark.parametrize("thing", DOCUMENTED)
def test_the_labels_that_a_docstring_cites_exist(thing, labels):
    text = "\n".join([inspect.getmodule(thing).__doc__, *docstrings(thing)])
    cited = set(re.findall(rf"``({LABEL})``", text))
    assert cited - labels == set(), "no statement, equation or figure of the book has these labels"


@pytest.mark.parametrize("thing", DOCUMENTED)
def test_a_public_thing_is_documented(thing):
    assert inspect.getdoc(thing), "say in one sentence what it does"


def wrong_shapes(text):
    """Return the entries of a docstring that do not write `array_like, shape (K,)`."""
    document = NumpyDocString(text)
    entries = [
        entry
        for section in ("Parameters", "Attributes", "Returns", "Yields")
        for entry in document[section]
    ]
    return [f"{name} : {kind}" for name, kind, lines in entries if not in_dialect(kind, lines)]


def in_dialect(kind, lines):
    if re.search(r"(?:numpy|np)\.ndarray|\barray\b|\)\s*(?:array_like|ndarray)|(?:array_like|ndarray) \(", kind):
        return False
    # The shape belongs to the type, not to the words that describe it.
    shapeless = re.search(r"\b(?:array_like|ndarray)\b", kind) and "shape" not in kind
    return not (shapeless and lines and re.match(r"\(\w+[,)]", lines[0]))


@pytest.mark.parametrize("thing", DOCUMENTED)
def test_shapes_are_written_in_one_dialect(thing):
    wrong = [entry for text in docstrings(thing) for entry in wrong_shapes(text)]
    assert wrong == [], "write array_like, shape (K,) or ndarray of int, shape (K, Q)"


def test_another_dialect_is_noticed():
    def parameter(text):
        return wrong_shapes(f"Do.\n\nParameters\n----------\nx : {text}\n")

    for right in ("array_like, shape (K,) or (K, Q)", "float or ndarray", "ndarray of int, shape (n,)"):
        assert parameter(right) == []
    for wrong in ("(K,) array_like", "numpy.ndarray", "array_like (K,)", "ndarray\n    (n, Q). Row i."):
        assert len(parameter(wrong)) == 1
