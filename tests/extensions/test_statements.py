"""Statements and the tests that check them."""

import pytest
from bs4 import BeautifulSoup
from statements import find_checks


def test_marks_are_found_wherever_they_stand(tmp_path):
    tests = tmp_path / "tests"
    (tests / "part").mkdir(parents=True)
    (tests / "test_a.py").write_text(
        '@pytest.mark.statement("thm-x")\n@pytest.mark.statement("lem-y")\ndef test_one(): pass\n'
        "def test_unmarked(): pass\n"
    )
    (tests / "part" / "test_b.py").write_text(
        'class TestX:\n  @pytest.mark.statement("thm-x")\n  def test_two(self): pass\n'
    )
    checks = find_checks(tests)
    assert sorted(checks) == ["lem-y", "thm-x"]
    assert {(check.name, check.file) for check in checks["thm-x"]} == {
        ("test_one", "tests/test_a.py"),
        ("test_two", "tests/part/test_b.py"),
    }


@pytest.fixture
def page(miniature):
    html = (miniature.site / "book" / "one.html").read_text(encoding="utf-8")
    return BeautifulSoup(html, "html.parser")


def test_the_tests_of_a_statement_are_folded_beneath_it_with_links(page):
    fold = page.select_one("#lem-y details.checked-by")
    assert fold.summary.get_text() == "Checked by 1 test"
    assert fold.a["href"] == "https://github.com/o/n/blob/HEAD/tests/test_x.py#L2"


def test_statements_and_exercises_link_to_themselves(page):
    for label, kind in (("def-x", "definition"), ("lem-y", "lemma"), ("ex-a", "exercise")):
        link = page.find(id=label).select_one(".admonition-title + a.headerlink")
        assert link["href"] == f"#{label}" and link["title"] == f"Link to this {kind}"


def test_a_proof_has_its_word_and_its_end(page):
    (proof,) = page.select(".proof-text")
    assert proof.select_one("p > .proof-word").get_text() == "Proof."
    assert proof.get_text(strip=True) == "Proof.Clear.∎"


def test_no_two_elements_of_a_page_have_one_id(page):
    ids = [element["id"] for element in page.find_all(id=True)]
    assert sorted(ids) == sorted(set(ids))


def test_the_search_knows_statements_by_number_and_name(miniature):
    index = (miniature.site / "searchindex.js").read_text(encoding="utf-8")
    assert '"def-x", "1 (Of x)"' in index and '"lem-y", "2"' in index
    assert "Definition 1" in index and "Lemma 1" in index and "headerlink" not in index
