"""The first page says what this build has, and no more."""

import first_page
import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from first_page import Chapter, adapt, cards, opening, time

CHAPTER = """---
kernelspec: {name: python3}
---

# A title

What is asked?
And what else?

```{code-cell} ipython3
x = 1
```

:::{admonition} In this chapter
**It takes** 40 minutes to read, 10 more with the folded proofs, and 50 more with the exercises.
:::

## A section

Not this?
"""


def chapter(number, part="Theory", minutes=50):
    return Chapter(f"book/c{number}", part, number, f"T{number}", f"Q{number}?", minutes, 40)


def test_a_chapter_says_what_it_asks_and_how_long_it_takes():
    assert opening(CHAPTER) == ("A title", "What is asked? And what else?", 40, 50)


def test_a_chapter_that_announces_nothing_takes_nothing():
    assert opening("# A title\n\nWhy?\n") == ("A title", "Why?", 0, 0)


def test_the_time_is_the_sum_of_what_the_chapters_announce():
    assert time([chapter(1), chapter(2), chapter(3, minutes=20)]) == (
        "3 chapters, about 2 hours of reading, and 2 more with the exercises"
    )


def test_each_part_has_its_cards_in_order():
    text = cards([chapter(1), chapter(2), chapter(3, "Networks")])
    order = ["**Theory**", "1. T1", "Q1?", "50 minutes", "2. T2", "**Networks**", "3. T3"]
    places = [text.index(word) for word in order]
    assert places == sorted(places)
    assert text.count("::::{grid}") == text.count("\n::::\n") == 2


def test_chapters_are_numbered_through_the_parts(tmp_path):
    (tmp_path / "_toc.yml").write_text(
        "root: i\nparts:\n- {caption: A, numbered: true, chapters: [{file: a}]}\n"
        "- {caption: B, numbered: true, chapters: [{file: b}]}\n- {caption: C, chapters: [{file: c}]}"
    )
    for name in "abc":
        (tmp_path / f"{name}.md").write_text(CHAPTER)
    listed = [(found.docname, found.part, found.number) for found in first_page.chapters(tmp_path)]
    assert listed == [("a", "A", 1), ("b", "B", 2)]


@pytest.mark.parametrize("address", ["", "https://github.com/o/n"])
def test_what_needs_an_address_is_said_only_where_there_is_one(address):
    page = nodes.section()
    for condition, text in (("an", "clone ADDRESS"), ("no", "in this folder")):
        page += nodes.container(
            "", nodes.paragraph("", text), classes=[f"where-{condition}-address-is-known"]
        )
    adapt(page, address)
    assert page.astext() == (f"clone {address}" if address else "in this folder")


def test_what_is_said_to_students_alone_is_on_no_page_of_the_full_book():
    page = nodes.document(None, None)
    page += nodes.container("", nodes.paragraph("", "hand in"), classes=["student-edition"])
    page += nodes.paragraph("", "read")
    adapt(page, "")
    assert page.astext() == "read"


def test_the_root_of_the_site_says_what_the_book_is_and_leads_to_it():
    page = BeautifulSoup(first_page.front_door("A & B", "Why?"), "html.parser")
    assert page.title.get_text() == page.h1.get_text() == "A & B"
    assert page.find("meta", attrs={"name": "description"})["content"] == "Why?"
    assert page.a["href"] == "book/index.html" and page.html["lang"] == "en"
