"""Write the page of claims from the ledger: who states what, where it is told, and what checks it.

The ledger is `book/claims.yml`, whose head explains its entries. The page `book/claims.md` says
where they stand, by the marks COUNTS and CLAIMS. Links to statements, equations and figures are
references of Sphinx, so the build refuses a dead one.
"""

import importlib
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import yaml
from myst_parser.mdit_to_docutils.base import default_slugify
from statements import find_tests, source_of

PAGE = "book/claims"
COUNTS, CLAIMS = "<!-- counts -->", "<!-- claims -->"

# The parts of the ledger: their heading on the page, and their name in the table.
PARTS = {
    "paper": ("What the paper states", "paper"),
    "book": ("What this book adds", "book"),
    "study": ("What the CIFAR records show", "CIFAR"),
}
VERDICTS = ("proved", "holds numerically", "reproduced", "differs", "not checked")

STATEMENT = re.compile(
    r"^[:`]*\{prf:(theorem|lemma|proposition|corollary|definition)\} *(.*)\n:label: (\S+)", flags=re.M
)
PROOF = re.compile(r"^[:`]*\{prf:proof\}", flags=re.M)
HEADING = re.compile(r"^#+ (.*)$", flags=re.M)


@dataclass(frozen=True)
class Claim:
    """An entry of the ledger."""

    part: str
    told: list
    verdict: str
    why: str
    claim: str = ""
    paper: str = ""
    proof: str = ""
    functions: list = field(default_factory=list)
    figures: list = field(default_factory=list)
    tests: list = field(default_factory=list)

    def checks(self, tests):
        """Return the tests, among those of `find_tests`, that check this claim."""
        return [
            check
            for check in tests
            if set(check.labels) & set(self.told)
            or f"{check.file.removeprefix('tests/')}::{check.name}" in self.tests
        ]

    def page(self, statements):
        """Return the name of the page where the claim is told; empty text for an equation."""
        label, mark, _ = self.told[0].partition("#")
        return label if mark else statements[label].page if label in statements else ""


@dataclass(frozen=True)
class Statement:
    """A numbered statement of the book."""

    title: str
    page: str
    kind: str
    proved: bool


def read_claims(file):
    """Return the entries of a ledger, in its order."""
    ledger = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    return [Claim(part, **entry) for part in PARTS for entry in ledger.get(part, [])]


def find_statements(pages):
    """Return by label the statements of the pages, and whether a proof follows each."""
    found = {}
    for page in pages:
        text = Path(page).read_text(encoding="utf-8")
        matches = list(STATEMENT.finditer(text))
        ends = [match.start() for match in matches[1:]] + [len(text)]
        for match, end in zip(matches, ends):
            kind, title, label = match.groups()
            proved = PROOF.search(text, match.end(), end) is not None
            found[label] = Statement(title.strip(), Path(page).stem, kind, proved)
    return found


def find_headings(page):
    """Return the names by which the headings of a page can be linked, with their words."""
    text = re.sub(r"^```.*?^```", "", Path(page).read_text(encoding="utf-8"), flags=re.M | re.S)
    return {default_slugify(words): words for words in HEADING.findall(text)}


def find_object(path):
    """Return what a dotted path below `sdtutorial` names; an error if there is nothing."""
    module, _, name = f"sdtutorial.{path}".rpartition(".")
    return getattr(importlib.import_module(module), name)


def link(label, statements, folder, words=""):
    """Return the reference to a statement, equation, figure or heading, as MyST writes it."""
    if label in statements:
        return f"{{prf:ref}}`{words} <{label}>`" if words else f"{{prf:ref}}`{label}`"
    if label.startswith("eq-"):
        return f"{{eq}}`{label}`"
    if label.startswith("fig-"):
        return f"{{numref}}`{label}`"
    page, _, name = label.partition("#")
    words = words or f"{find_headings(folder / f'{page}.md')[name]}"
    return f"[{words}]({page}.md#{name})"


def entry_text(claim, checks, statements, folder, address):
    """Return an entry of the page: its title and verdict, why, and what belongs to it."""

    def links(labels):
        return ", ".join(link(label, statements, folder) for label in labels)

    first = claim.told[0]
    title = claim.claim or statements[first].title
    if not claim.claim:
        title = link(first, statements, folder, title)
    told = "Told in" if claim.claim else "Stated as"
    facts = [f"{told} {links(claim.told)}."]
    if claim.paper:
        facts.insert(0, f"The paper: {claim.paper}.")
    if claim.proof:
        facts.append(f"Proof: {links([claim.proof])}.")
    if claim.functions:
        names = (f"{{py:obj}}`{name} <sdtutorial.{name}>`" for name in claim.functions)
        facts.append(f"Computed by {', '.join(names)}.")
    if claim.figures:
        facts.append(f"Shown in {links(claim.figures)}.")
    if checks:
        facts.append(f"Checked by {', '.join(test_link(check, address) for check in checks)}.")
    lines = [
        f"{title}",
        f": **{claim.verdict.capitalize()}.** {claim.why}",
        "",
        "  :::{container} checked-by",
        f"  {' '.join(facts)}",
        "  :::",
    ]
    return "\n".join(lines)


def test_link(check, address):
    """Return the name of a test, as a link where the address of the repository is known."""
    name = f"`{check.name}`"
    return f"[{name}]({source_of(check, address)})" if address else name


def counts_text(claims):
    """Return the table that counts the verdicts in each part of the ledger."""
    counts = Counter((claim.part, claim.verdict) for claim in claims)
    rows = [["", *(name for _, name in PARTS.values())], ["---", *["---:"] * len(PARTS)]]
    for verdict in VERDICTS:
        numbers = [counts[part, verdict] for part in PARTS]
        rows.append([verdict, *(str(number or "") for number in numbers)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def page_text(claims, tests, statements, folder, address=""):
    """Return the sections of the page: one for each part of the ledger, parted by chapters."""
    text = []
    for part, (heading, _) in PARTS.items():
        text.append(f"## {heading}")
        own = [claim for claim in claims if claim.part == part]
        for page, group in groupby(own, key=lambda claim: claim.page(statements)):
            if part == "book":
                text.append(f"### {next(iter(find_headings(folder / f'{page}.md').values()))}")
            for claim in group:
                checks = claim.checks(tests)
                text.append(entry_text(claim, checks, statements, folder, address))
    return "\n\n".join(text)


def _write_page(app, docname, source):
    if docname != PAGE:
        return
    root = Path(app.srcdir)
    claims = read_claims(root / f"{PAGE}.yml")
    tests = [check for check, _ in find_tests(root / "tests")]
    statements = find_statements((root / "book").glob("*.md"))
    text = page_text(claims, tests, statements, root / "book", app.config.github_address)
    source[0] = source[0].replace(COUNTS, counts_text(claims)).replace(CLAIMS, text)
    for file in (f"{PAGE}.yml", "tests"):
        app.env.note_dependency(str(root / file))


def setup(app):
    app.connect("source-read", _write_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
