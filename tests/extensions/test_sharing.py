"""What a shared link shows, and the page for an address that is not there."""

import yaml
from bs4 import BeautifulSoup
from pages import DOCNAMES, ROOT
from sharing import LONGEST, shortened, site_address


def test_the_site_stands_where_github_pages_puts_it():
    assert site_address("https://github.com/Ann/book") == "https://ann.github.io/book/"
    assert site_address("https://github.com/Ann/ann.github.io") == "https://ann.github.io/"
    assert site_address("") == ""


def test_a_description_ends_with_a_sentence_or_a_word():
    assert shortened("Short. Enough.") == "Short. Enough."
    assert shortened("One sentence. " + "word " * 60) == "One sentence."
    long = shortened("word " * 60)
    assert long.endswith("word …") and len(long) <= LONGEST + 2


def tags(miniature, page):
    soup = BeautifulSoup((miniature.site / page).read_text(encoding="utf-8"), "html.parser")
    named = {tag.get("name") or tag.get("property"): tag.get("content") for tag in soup("meta")}
    return soup, named


def test_a_page_has_title_description_and_picture_for_a_shared_link(miniature):
    _, named = tags(miniature, "book/one.html")
    assert named["og:title"] == "1. One"
    assert named["description"] == named["og:description"]
    assert named["description"].startswith("Here 3.14, Author (2020) and Fig.")
    assert named["og:image"] == "https://o.github.io/n/_static/chain.png"
    assert named["og:url"] == "https://o.github.io/n/book/one.html"


def test_the_root_of_the_site_leads_to_the_first_page_and_has_a_title(miniature):
    soup, _ = tags(miniature, "index.html")
    assert soup.title.get_text() == "Self-distillation in Hilbert space"
    assert soup.a["href"] == "book/works.html"
    assert soup.find("meta", {"http-equiv": "refresh"})["content"] == "0; url=book/works.html"


def test_what_has_moved_is_found_where_it_is_now():
    moved = yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]["config"]["moved_pages"]
    assert set(moved.values()) <= set(DOCNAMES)
    assert not set(moved) & set(DOCNAMES)


def test_the_page_for_a_wrong_address_works_at_any_depth(miniature):
    soup, _ = tags(miniature, "404.html")
    assert soup.h1.get_text() == "There is no such page"
    leading = [tag["href"] for tag in soup("a", href=True)] + [tag["href"] for tag in soup("link")]
    local = [href for href in leading if not href.startswith(("#", "http"))]
    assert local and all(href.startswith("/n/") for href in local)
