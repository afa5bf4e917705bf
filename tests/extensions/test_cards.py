"""What a card shows of the target of a reference."""

import json
import re

from bs4 import BeautifulSoup
from cards import box, content, referred

PAGE = """
<div class="proof theorem admonition" id="thm"><p class="admonition-title">Theorem</p>
<div class="math" id="equation-eq">[x]</div><details class="checked-by">tests</details></div>
<div class="proof-text admonition proof"><div class="math" id="equation-in-proof">[y]</div></div>
<section id="part"><h2>Part<a class="headerlink" href="#part">#</a></h2><p>First.</p><p>Second.</p>
</section><p id="p">See <a href="#thm">it</a> and <a href="b.html#x">that</a>.</p>
"""
SOUP = BeautifulSoup(PAGE, "html.parser")


def card(anchor):
    return BeautifulSoup(content(box(SOUP, anchor), "book/a"), "html.parser")


def test_an_equation_is_shown_within_its_statement_but_not_within_a_proof():
    assert card("equation-eq").get_text(" ", strip=True) == "Theorem [x]"
    assert card("equation-in-proof").get_text(strip=True) == "[y]"


def test_a_section_is_shown_by_its_heading_and_first_paragraph():
    assert card("part").get_text() == "PartFirst."


def test_a_card_repeats_no_id_and_its_links_lead_to_their_page():
    shown = card("p")
    assert not shown.find_all(id=True)
    assert [link["href"] for link in shown("a")] == ["a.html#thm", "b.html#x"]


def test_what_is_not_there_has_no_card():
    assert box(SOUP, "nowhere") is None


def test_only_what_articles_refer_to_is_collected():
    link = '<a class="reference internal" href="{}">x</a>'
    pages = {
        "book/a": f"{link.format('#menu')}<article class=\"bd-article\">{link.format('#one')}</article>",
        "book/b": f"<article class=\"bd-article\">{link.format('a.html#two')}</article>",
    }
    assert referred(pages) == {"book/a": ["one", "two"]}


def test_the_miniature_has_typeset_cards(miniature):
    script = (miniature.site / "_static" / "cards" / "book" / "one.js").read_text(encoding="utf-8")
    page, cards = re.fullmatch(r"bookCards\((.*?), (\{.*\})\);\n", script, flags=re.S).groups()
    cards = json.loads(cards)
    assert json.loads(page) == "book/one"
    assert {"lem-y", "def-x", "equation-eq-x", "ex-a"} <= set(cards)
    assert "mjx-container" in cards["equation-eq-x"] and "\\begin" not in re.sub(
        'data-tex="[^"]*"', "", cards["equation-eq-x"]
    )
