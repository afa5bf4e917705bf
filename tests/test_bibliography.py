"""Every work that the book cites can be found: it has a DOI or an arXiv number, or says why not."""

import re

import pytest
from pages import PAGES, ROOT
from pybtex.database import parse_file

WORKS = parse_file(ROOT / "book" / "references.bib").entries
ADDRESS = re.compile(r"https://(?:doi\.org/10\.\d{4,}/\S+|arxiv\.org/abs/\d{4}\.\d{4,5})")

ARCHIVED_LATER = {"phuong2019"}  # the version in the archive is younger than the paper

each_work = pytest.mark.parametrize("key", WORKS)


@each_work
def test_a_work_has_a_number_or_says_why_not(key):
    fields = WORKS[key].fields
    address, reason = fields.get("url", ""), fields.get("without_number", "")
    cure = "url = {https://doi.org/10...} or {https://arxiv.org/abs/...}, or without_number = {why}"
    assert bool(ADDRESS.fullmatch(address)) != bool(reason), cure


@each_work
def test_the_number_of_an_archive_fits_the_year(key):
    fields = WORKS[key].fields
    if found := re.search(r"arxiv\.org/abs/(\d\d)", fields.get("url", "")):
        assert 2000 + int(found[1]) <= int(fields["year"]) or key in ARCHIVED_LATER


@each_work
def test_a_work_is_named_and_cited(key):
    fields, persons = WORKS[key].fields, WORKS[key].persons
    assert persons["author"] and fields["title"] and fields["year"]
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    cited = {name.strip() for names in re.findall(r"\{cite:\w+\}`([^`]+)`", text) for name in names.split(",")}
    assert key in cited, "no page cites it"


def test_no_two_works_have_one_number():
    addresses = [work.fields["url"] for work in WORKS.values() if "url" in work.fields]
    assert len(addresses) == len(set(addresses))
