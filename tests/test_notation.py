"""The names of the page of notation exist in the package, and the words of the glossary are used."""

import dataclasses
import inspect
import re

import pytest
from claims import find_object
from pages import PAGES, ROOT

NOTATION = (ROOT / "book" / "notation.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
TERMS = re.findall(r"^(\w.*)$", GLOSSARY.split("```")[1].split("\n", 1)[1], flags=re.M)


def names(text):
    """Return the objects that the third column of the tables names, and the parameters of them."""
    rows = [row.strip("| ").split(" | ") for row in text.splitlines() if row.startswith("| $")]
    cells = [row[2] for row in rows if len(row) > 2]
    found = [re.findall(r"`([\w.]+)`(?: of `([\w.]+)`)?", cell) for cell in cells]
    return [(owner or name, name if owner else "") for cell in found for name, owner in cell]


def check(path, parameter=""):
    """Fail if a path names nothing, or if what it names has no such parameter."""
    owner, _, name = path.rpartition(".")
    if owner[:1].isupper():  # the fields of a class are no attributes of it
        fields = {field.name for field in dataclasses.fields(find_object(owner))}
        assert name in fields or hasattr(find_object(owner), name)
    else:
        parameters = inspect.signature(find_object(path)).parameters
        assert not parameter or parameter in parameters


@pytest.mark.parametrize(("path", "parameter"), sorted(set(names(NOTATION))))
def test_a_name_in_the_tables_exists(path, parameter):
    check(path, parameter)


@pytest.mark.parametrize("cell", ["`distil`", "`Chain.target`", "`q` of `distill`"])
def test_a_wrong_name_is_noticed(cell):
    (found,) = names(f"| $x$ | a | {cell} | |")
    with pytest.raises((AssertionError, AttributeError)):
        check(*found)


def test_every_row_has_the_columns_of_its_table():
    for table in re.findall(r"(?:^\|.*\n)+", NOTATION, flags=re.M):
        widths = {row.count("|") for row in table.splitlines()}
        assert len(widths) == 1, table.splitlines()[0]


def test_the_glossary_is_in_the_order_of_the_alphabet():
    assert TERMS == sorted(TERMS, key=str.lower)
    assert len(TERMS) == len(set(TERMS)) > 30


def test_every_word_of_the_glossary_occurs_in_a_chapter():
    pages = (page.read_text(encoding="utf-8") for page in PAGES if page.stem != "glossary")
    text = " ".join(" ".join(pages).lower().split())
    missing = [term for term in TERMS if term.lower() not in text]
    assert missing == [], "a glossary explains the words of its book"
