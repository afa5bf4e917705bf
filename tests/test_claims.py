"""The ledger of claims is whole: every statement, its place, its function, its tests, its verdict."""

from collections import Counter

import pytest
from claims import VERDICTS, find_headings, find_object, find_statements, read_claims
from pages import PAGES, ROOT
from statements import find_tests

BOOK = ROOT / "book"
CLAIMS = read_claims(BOOK / "claims.yml")
STATEMENTS = find_statements(PAGES)
TESTS = [check for check, _ in find_tests(ROOT / "tests")]
NAMES = {f"{check.file.removeprefix('tests/')}::{check.name}" for check in TESTS}
TOLD = {label for claim in CLAIMS for label in claim.told}
RECORDS = "test_records_of_the_book.py"

each_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.claim or claim.told[0])


def labels_of(*marks):
    """Return the labels that pages give to equations, by `(eq-...)`, or figures, by `name:`."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    return {word.strip("()") for word in text.split() if word.strip("()").startswith(marks)}


# Everything has an entry.


def test_every_statement_of_the_book_has_an_entry():
    missing = {
        label
        for label, statement in STATEMENTS.items()
        if label not in TOLD and statement.kind != "definition"
    }
    assert missing == set(), "write an entry for each into book/claims.yml, with its verdict"


def test_every_test_of_a_statement_belongs_to_an_entry():
    marked = {label for check in TESTS for label in check.labels}
    assert marked - TOLD == set(), "no entry of book/claims.yml is told under these labels"


def test_every_test_of_what_the_records_show_belongs_to_an_entry():
    text = (ROOT / "tests" / RECORDS).read_text(encoding="utf-8")
    said = len(text[: text.index("# What the chapter says in words")].splitlines())
    tests = {check.name for check in TESTS if check.file.endswith(RECORDS) and check.line > said}
    listed = {name.removeprefix(f"{RECORDS}::") for claim in CLAIMS for name in claim.tests}
    assert tests - listed == set(), "these test sentences of the chapter: write entries for them"


def test_no_claim_stands_there_twice():
    twice = Counter((claim.part, claim.claim or claim.told[0]) for claim in CLAIMS)
    assert [claim for claim, count in twice.items() if count > 1] == []


# Every entry is whole.


@each_claim
def test_a_verdict_is_one_of_the_five_and_has_a_reason(claim):
    assert claim.verdict in VERDICTS
    assert claim.why.endswith(".") and len(claim.why.split()) > 3, "say why, in one sentence"


@each_claim
def test_an_entry_has_a_test_unless_nothing_was_checked(claim):
    unknown = set(claim.tests) - NAMES
    assert unknown == set(), "no file below tests/ has these tests"
    checked = bool(claim.checks(TESTS))
    assert checked == (claim.verdict != "not checked"), "a verdict needs a test, and a test gives one"


@each_claim
def test_what_is_proved_has_a_proof(claim):
    proofs = [STATEMENTS[label].proved for label in claim.told if label in STATEMENTS]
    asked = "no {prf:proof} stands beneath these statements; say where the proof is, under proof:"
    assert claim.verdict != "proved" or claim.proof or any(proofs), asked


@each_claim
def test_an_entry_is_told_where_it_says(claim):
    known = {*STATEMENTS, *labels_of("eq-", "fig-")}
    for label in [*claim.told, *claim.figures, claim.proof]:
        page, _, heading = label.partition("#")
        if heading:
            assert heading in find_headings(BOOK / f"{page}.md"), f"{page} has no such heading"
        elif label:
            assert label in known, f"no page has the label {label}"
    assert claim.claim or claim.told[0] in STATEMENTS, "an entry without a statement has a claim"
    assert all(figure.startswith("fig-") for figure in claim.figures)


@each_claim
def test_the_functions_of_an_entry_exist(claim):
    for name in claim.functions:
        assert callable(find_object(name)), name


def test_claims_of_the_paper_say_where_it_states_them():
    for claim in CLAIMS:
        assert bool(claim.paper) == (claim.part == "paper"), claim.told
