"""Works are listed as they are cited."""

from citations import AuthorYearLabel, label
from pages import ROOT
from pybtex.database import parse_file

WORKS = parse_file(str(ROOT / "book" / "references.bib")).entries


def test_a_label_has_the_authors_and_the_year_as_the_text_does():
    assert label(WORKS["mobahi2020"]) == "Mobahi et al., 2020"
    assert label(WORKS["borup2021"]) == "Borup and Andersen, 2021"
    assert label(WORKS["more1983"]) == "Moré and Sorensen, 1983"


def test_no_two_works_have_one_label():
    labels = list(AuthorYearLabel().format_labels(WORKS.values()))
    assert len(set(labels)) == len(labels)
