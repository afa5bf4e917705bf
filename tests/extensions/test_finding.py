"""What the search knows beyond the words of the pages."""

import json
import re
import subprocess

import pytest
from docutils import nodes
from finding import SPELLING, English, british, symbol_names, symbols, text_of
from mathematics import NODE

SPELLINGS = {
    "regularization": "regularisation",
    "Analyze": "analyse",
    "generalizes": "generalises",
    "license": "licence",
    "size": "size",
    "prize": "prize",
    "κ": "κ",
}


def test_american_words_are_spelled_as_the_book_does():
    assert {word: british(word) for word in SPELLINGS} == SPELLINGS


def test_the_query_is_spelled_as_the_index_is():
    script = English.js_stemmer_code.split("const american")[1]
    code = f"const american{script}; console.log(JSON.stringify(splitQuery({' '.join(SPELLINGS)!r})))"
    run = subprocess.run([NODE, "-e", code], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == list(SPELLINGS.values())
    assert "%" not in SPELLING.replace("%s", "")


def test_both_spellings_have_one_stem():
    english = English({})
    assert english.stem("regularization") == english.stem("regularisation")
    assert english.stem("size") != english.stem("sise")


@pytest.mark.parametrize(
    ("tex", "names"),
    [
        (r"\kappa", ["κ", "kappa"]),
        (r"c_t", ["c_t", "c_0"]),
        (r"\mathcal F", ["F"]),
        (r"\Lambda(z)", ["Λ(z)", "Lambda(z)"]),
        (r"\lambda", ["λ", "lambda"]),
    ],
)
def test_a_symbol_is_found_as_it_is_written_and_as_it_is_called(tex, names):
    assert list(dict.fromkeys(symbol_names(tex))) == names


def test_the_rows_of_a_table_are_symbols():
    section = nodes.section(ids=["everywhere"])
    row = nodes.row()
    for cell in (nodes.math("", r"\epsilon"), nodes.Text("tolerance, e.g. small")):
        row += nodes.entry("", nodes.paragraph("", "", cell))
    section += row
    assert list(symbols(section)) == [("ε, epsilon: tolerance, e g  small", "everywhere")]


def test_an_excerpt_is_the_text_as_it_is_read():
    page = (
        '<section id="a"><h1>One<a class="headerlink">#</a></h1><!-- no --><p>Let\n '
        r'<span class="math">x<mjx><math>r>1</math></mjx></span> be.</p><p id="b">Two</p></section>'
    )
    assert text_of(page) == ("OneLet r>1 be.Two", {"a": 0, "b": 14})


def test_pages_have_their_excerpts(miniature):
    script = (miniature.site / "_static" / "excerpts" / "book" / "one.js").read_text("utf-8")
    assert script.startswith('bookExcerpts("book/one", "')
    assert not re.search(r"\\(?:frac|begin|kappa|le|\()", script), "TeX"
    search = (miniature.site / "search.html").read_text("utf-8")
    assert "finding.js" in search
    assert "finding.js" not in (miniature.site / "book" / "one.html").read_text("utf-8")
