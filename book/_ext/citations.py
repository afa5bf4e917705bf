"""Works are cited as "Mobahi et al. (2020)", and so they are listed."""

from collections import Counter
from dataclasses import dataclass, field

import pybtex.plugin
from pybtex.style.formatting.unsrt import Style
from pybtex.style.labels import BaseLabelStyle
from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import BracketStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle


def _round_brackets():
    return BracketStyle(left="(", right=")")


@dataclass
class AuthorYearRound(AuthorYearReferenceStyle):
    bracket_parenthetical: BracketStyle = field(default_factory=_round_brackets)
    bracket_textual: BracketStyle = field(default_factory=_round_brackets)
    bracket_author: BracketStyle = field(default_factory=_round_brackets)
    bracket_label: BracketStyle = field(default_factory=_round_brackets)
    bracket_year: BracketStyle = field(default_factory=_round_brackets)


class AuthorYearLabel(BaseLabelStyle):
    """Labels as the text has them: "Mobahi et al., 2020"."""

    def format_labels(self, entries):
        entries = list(entries)
        counts, seen = Counter(map(label, entries)), Counter()
        for entry in entries:
            name = label(entry)
            letter = "abcdefgh"[seen[name]] if counts[name] > 1 else ""
            seen[name] += 1
            yield name + letter


def label(entry):
    """Return authors and year of a work."""
    names = [
        " ".join(map(str, person.rich_prelast_names + person.rich_last_names))
        for person in entry.persons["author"]
    ]
    if len(names) > 2:
        names = [f"{names[0]} et al."]
    return f"{' and '.join(names)}, {entry.fields['year']}"


class AuthorYear(Style):
    default_label_style = "author_year"
    default_sorting_style = "author_year_title"


def setup(app):
    pybtex.plugin.register_plugin("pybtex.style.labels", "author_year", AuthorYearLabel)
    pybtex.plugin.register_plugin("pybtex.style.formatting", "author_year", AuthorYear)
    kind = "sphinxcontrib.bibtex.style.referencing"
    register_plugin(kind, "author_year_round", AuthorYearRound)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
