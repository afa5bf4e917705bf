"""Slides show what a chapter has, with its numbers, and nothing that it lacks."""

import re

import handout
import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from miniature import DECK
from pages import ROOT
from pypdf import PdfReader
from slides import found, read_deck, without_tests, written
from sphinx.errors import SphinxError

DECKS = sorted((ROOT / "book").glob("*.deck.yml"))
each_deck = pytest.mark.parametrize("file", DECKS, ids=lambda file: file.name)


def test_numbers_are_filled_in_and_formulas_are_marked():
    text = written("{{a_b:.2f}} < {{c}}, so $x < {\\rm y}$", {"a_b": 0.126, "c": 4})
    mark = r'<span class="math notranslate nohighlight">\(x &lt; {\rm y}\)</span>'
    assert text == f"0.13 &lt; 4, so {mark}"


def test_a_number_that_the_page_has_not_is_refused():
    with pytest.raises(SphinxError, match="'c', which the page has not glued"):
        written("{{c}}", {"a": 1})


@pytest.mark.parametrize(
    "slide",
    ["{show: [fig-a]}", "{claim: Nothing}", "{claim: A, show: [fig-a], picture: b.png}"],
)
def test_a_slide_without_claim_or_content_is_refused(tmp_path, slide):
    file = tmp_path / "a.deck.yml"
    file.write_text(f"- {{claim: A, say: [B]}}\n- {slide}\n")
    with pytest.raises(SphinxError, match="slide 2 needs a claim"):
        read_deck(file)


def test_what_is_shown_is_found_by_its_label_or_refused():
    equation = nodes.math_block("", "x", ids=["equation-eq-a"])
    document = nodes.container("", nodes.figure(ids=["fig-a"]), equation)
    assert found(document, "one", "eq-a").astext() == "x"
    assert isinstance(found(document, "one", "fig-a"), nodes.figure)
    with pytest.raises(SphinxError, match="the deck of one shows 'fig-b'"):
        found(document, "one", "fig-b")


def test_a_statement_is_shown_without_its_tests():
    line = nodes.paragraph("", "Checked by a test.", classes=["checked-by"])
    statement = nodes.container("", nodes.paragraph("", "It is so."), nodes.container("", line))
    assert without_tests(statement).astext() == "It is so."
    assert "Checked" in statement.astext()


@each_deck
def test_the_deck_of_a_chapter_names_what_the_chapter_has(file):
    page = file.with_name(file.name.replace(".deck.yml", ".md")).read_text(encoding="utf-8")
    for slide in read_deck(file):
        for label in slide.get("show", []):
            assert re.search(rf"(:label: |name: |\(){label}\b", page), label
    for name in re.findall(r"\{\{(\w+)", file.read_text(encoding="utf-8")):
        assert re.search(rf'glue\("{name}"|\b{name}=', page), name


@each_deck
def test_every_slide_that_shows_something_has_notes_for_who_speaks(file):
    assert all(slide.get("notes") for slide in read_deck(file))


@pytest.fixture(scope="module")
def folder(miniature):
    miniature("slides")
    return miniature.site.parent / "slides"


def test_a_deck_is_one_page_with_a_section_for_each_slide(folder):
    text = (folder / "book" / "one.html").read_text(encoding="utf-8")
    title, first, second = BeautifulSoup(text, "html.parser")("section")
    assert title.h1.text == "One"
    assert "It is 3.1 & " in first.h2.text and first.h2.find(class_="math")["data-tex"] == "$x < 1$"
    assert "Definition 1.1" in first.text and len(first(class_="math")) >= 3
    assert first.aside.text == "Say 3.14." and "notes: Say {{pi:.2f}}" in DECK
    assert [item.text for item in second("li")] == ["One thing.", "Another."]
    assert "Checked by" not in text


def test_a_deck_asks_nobody_and_has_an_entry_in_the_list(folder):
    text = (folder / "book" / "one.html").read_text(encoding="utf-8")
    loaded = re.findall(r'(?:src|href)="((?:https?:)?//[^"]+)', text)
    assert loaded == []
    assert 'href="book/one.html"' in (folder / "index.html").read_text(encoding="utf-8")
    assert not (folder / "book" / "two.html").exists()


def test_keys_go_from_slide_to_slide_and_nothing_is_cut_off(folder, browser):
    tab = browser.new_page(viewport={"width": 1920, "height": 1080})
    tab.goto((folder / "book" / "one.html").as_uri())
    tops = "[...document.querySelectorAll('section')].map(s => s.getBoundingClientRect().top)"
    assert tab.evaluate(tops) == [0, 1080, 2160]
    for key, place in (("ArrowRight", 1), ("End", 2), ("ArrowLeft", 1), ("Home", 0)):
        tab.keyboard.press(key)
        tab.wait_for_function(f"{tops}[{place}] === 0")
    over = "s => Math.max(s.scrollWidth - s.clientWidth, s.scrollHeight - s.clientHeight)"
    assert max(tab.evaluate(f"[...document.querySelectorAll('section')].map({over})")) <= 1
    tab.close()


def test_a_handout_has_a_page_for_each_slide_with_its_notes(folder, browser):
    handout.print_decks(browser, folder)
    pages = PdfReader(folder / "book" / "one.pdf").pages
    assert len(pages) == 3
    assert "Say 3.14." in pages[1].extract_text()
