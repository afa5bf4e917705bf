"""The page of claims is made from its ledger."""

from claims import counts_text, find_headings, find_object, find_statements, page_text, read_claims
from statements import find_tests

PAGE = """# One

:::{prf:lemma} Of length
:label: lem-long

It is long.
:::

:::{prf:proof}
Measure it.
:::

## The *same* one's part

````{prf:theorem} Of width
:label: thm-wide
````
"""
LEDGER = """
paper:
- {told: [lem-long], paper: Lemma 1, functions: [bounds.rounds_limit], verdict: proved, why: So.}
study:
- told: [one#the-same-ones-part, eq-x]
  claim: It is $1$ wide
  figures: [fig-x]
  tests: [test_a.py::test_wide]
  verdict: differs
  why: It is $2$ wide.
"""
TESTS = '@pytest.mark.statement("lem-long")\ndef test_long(): pass\ndef test_wide(): pass\n'


def read(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(TESTS)
    (tmp_path / "one.md").write_text(PAGE)
    (tmp_path / "claims.yml").write_text(LEDGER)
    tests = [check for check, _ in find_tests(tmp_path / "tests")]
    return read_claims(tmp_path / "claims.yml"), tests


def test_statements_have_titles_and_proofs_and_headings_have_names(tmp_path):
    read(tmp_path)
    statements = find_statements([tmp_path / "one.md"])
    assert {label: (s.title, s.page, s.proved) for label, s in statements.items()} == {
        "lem-long": ("Of length", "one", True),
        "thm-wide": ("Of width", "one", False),
    }
    assert find_headings(tmp_path / "one.md") == {
        "one": "One",
        "the-same-ones-part": "The *same* one's part",
    }


def test_a_claim_is_checked_by_the_tests_that_are_marked_or_listed(tmp_path):
    claims, tests = read(tmp_path)
    assert [[check.name for check in claim.checks(tests)] for claim in claims] == [
        ["test_long"],
        ["test_wide"],
    ]


def test_every_entry_links_its_statement_its_function_and_its_tests(tmp_path):
    claims, tests = read(tmp_path)
    statements = find_statements([tmp_path / "one.md"])
    text = page_text(claims, tests, statements, tmp_path, "https://github.com/o/n")
    for part in (
        "{prf:ref}`Of length <lem-long>`\n: **Proved.** So.",
        "The paper: Lemma 1.",
        "{py:obj}`bounds.rounds_limit <sdtutorial.bounds.rounds_limit>`",
        "[`test_long`](https://github.com/o/n/blob/HEAD/tests/test_a.py#L2)",
        "It is $1$ wide\n: **Differs.** It is $2$ wide.",
        "[The *same* one's part](one.md#the-same-ones-part), {eq}`eq-x`",
        "{numref}`fig-x`",
    ):
        assert part in text
    assert "Checked by `test_wide`." in page_text(claims, tests, statements, tmp_path)


def test_verdicts_are_counted_by_part(tmp_path):
    claims, _ = read(tmp_path)
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in counts_text(claims).split("\n")]
    assert ["proved", "1", "", ""] in rows
    assert ["differs", "", "", "1"] in rows


def test_a_function_is_found_by_its_path_below_the_package():
    assert find_object("bounds.rounds_limit").__name__ == "rounds_limit"
