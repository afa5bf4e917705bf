"""The book as one file for the printer."""

import re

from paper import article, joined, print_book
from pypdf import PdfReader

PAGE = (
    '<html><head><link rel="stylesheet" href="../_static/book.css"/></head><body>'
    '<article class="bd-article"><section id="top"><h1>One<a class="headerlink" href="#top">#</a></h1>'
    '<a href="#here">a</a><a href="two.html#there">b</a><a href="two.html">c</a>'
    '<a href="https://arxiv.org/abs/1">d</a><a href="../genindex.html">e</a>'
    "<details><summary>s</summary>inside</details><button>press</button></section></article></body></html>"
)


def test_links_lead_inside_the_file_and_ids_are_those_of_one_page():
    text = article(PAGE, "one", {"one", "two"})
    assert re.findall(r'href="([^"]*)"', text) == [
        "#one--here", "#two--there", "#two", "https://arxiv.org/abs/1",
    ]  # fmt: skip
    assert re.findall(r' id="([^"]*)"', text) == ["one", "one--top"]


def test_folds_are_open_and_nothing_can_be_pressed():
    text = article(PAGE, "one", {"one"})
    assert "<details open>" in text and "<button" not in text and "headerlink" not in text


def test_the_pages_are_joined_in_order_under_one_title_and_one_set_of_styles(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.html").write_text(PAGE.replace("One", name), encoding="utf-8")
    text = joined(tmp_path, ["one", "two"])
    assert text.index('id="one"') < text.index('id="two"')
    assert text.count("book.css") == 1 and "<title>one</title>" in text


def test_the_miniature_prints_with_outline_links_and_page_numbers(miniature, browser, tmp_path):
    file = tmp_path / "book.pdf"
    pages = ["book/works", "book/one", "book/two"]
    print_book(browser, miniature.site, file, pages)
    reader = PdfReader(file)
    titles = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    assert titles == ["Works", "1. One", "2. Two"]
    for number, page in enumerate(reader.pages, 1):
        assert str(number) in page.extract_text().splitlines()
    assert inner_links(reader) and set(inner_links(reader)) <= set(reader.named_destinations)
    assert "0.25" in "".join(page.extract_text() for page in reader.pages)  # in a solution
    assert not list((miniature.site / "book").glob("_paper*"))


def inner_links(reader):
    """Return the names of the places in the file that its links lead to."""
    actions = [
        note.get_object() for page in reader.pages for note in page.get("/Annots") or []
    ]
    return [str(note["/Dest"]) for note in actions if "/Dest" in note]
