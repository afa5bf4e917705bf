"""Formulas are typeset while the book is built."""

import re
from types import SimpleNamespace

import mathematics
import pytest
from bs4 import BeautifulSoup
from mathematics import FORMULA, plain_tex, typeset


def written(*formulas):
    """Return a page as Sphinx writes it."""
    lines = [f'<p>{formula}</p>' for formula in formulas]
    return f'<html><head></head><body>{"".join(lines)}</body></html>'


def inline(tex):
    return rf'<span class="math notranslate nohighlight">\({tex}\)</span>'


def displayed(tex):
    number = '\n<span class="eqno">(1.2)<a class="headerlink" href="#e">#</a></span>'
    return rf'<div class="math notranslate nohighlight" id="e">{number}\[{tex}\]</div>'


@pytest.fixture
def warnings(monkeypatch):
    seen = []
    logger = SimpleNamespace(warning=lambda text, *values: seen.append(text % values))
    monkeypatch.setattr(mathematics, "logger", logger)
    return seen


@pytest.fixture
def site(tmp_path):
    """Write a page into a subfolder, as a chapter stands, and return what becomes of it."""

    def build(*formulas):
        page = tmp_path / "book" / "one.html"
        page.parent.mkdir(exist_ok=True)
        page.write_text(written(*formulas), encoding="utf-8")
        builder = SimpleNamespace(name="html")
        mathematics._typeset_pages(SimpleNamespace(outdir=tmp_path, builder=builder), None)
        return page.read_text(encoding="utf-8")

    return build


def test_a_formula_in_a_line_and_a_displayed_one_are_typeset(site, warnings):
    page = BeautifulSoup(site(inline("a &lt; b"), displayed(r"\frac{1}{2}")), "html.parser")
    line, display = page(class_="math")
    assert "\\" not in page.body.get_text() and warnings == []
    assert line["data-tex"] == "$a < b$" and line.select("mjx-container math mo")
    assert display["data-tex"] == r"$$\frac{1}{2}$$" and display.select("mjx-container math mfrac")
    assert display["id"] == "e" and display.select_one(".eqno").get_text() == "(1.2)#"


def test_a_mark_after_a_formula_does_not_begin_a_line(site):
    page = BeautifulSoup(site(f"Let {inline('a')}, then {inline('b')} is"), "html.parser")
    (kept,) = page.select(".unbroken")
    assert kept.select_one("mjx-container") and kept.contents[-1] == ","


def test_a_long_formula_in_a_line_may_break_on_both_sides_of_its_operators(site):
    long = r"f(x) = \big( a + b \big) + \frac{c + d}{e} \le g^{h + i} + k + l + m + n"
    page = BeautifulSoup(site(inline(long), inline("a = b")), "html.parser")
    one, other = page.select(".math")
    assert len(one.select("mjx-math > wbr")) == len(one("wbr")) == 2 * 8
    assert other("wbr") == []


@pytest.mark.parametrize(
    ("number", "tex"),
    [
        ("0.04", "= 0.04"),
        ("−3", "= -3"),
        ("10,000", "= 10{,}000"),
        ("1 × 10⁻⁸", r"= 1 \times 10^{-8}"),
    ],
)
def test_a_computed_number_joins_the_formula_before_it(site, number, tex):
    pasted = f'<span class="pasted-text">{number}</span>'
    page = BeautifulSoup(site(f"{inline('K =')} {pasted} and {inline('K')} {pasted}"), "html.parser")
    assert page.select(".math")[0]["data-tex"] == f"$K {tex}$"
    assert len(page.select(".pasted-text")) == 1  # the second stands beside a formula, not in it


def test_a_page_with_formulas_has_their_styles_and_a_page_without_has_none(site, tmp_path):
    assert "mathematics.css" not in site("plain")
    href = BeautifulSoup(site(inline("x")), "html.parser").link["href"].split("?")[0]
    styles = (tmp_path / "book" / href).resolve().read_text()
    fonts = set(re.findall(r"url\(\"?(fonts/[\w.-]+)", styles))
    assert fonts and all((tmp_path / "_static" / "mathematics" / font).exists() for font in fonts)


def test_fonts_hold_what_the_formulas_need_and_little_else(site, tmp_path):
    site(inline("x"), displayed(r"\sum_k y_k"))
    fonts = list((tmp_path / "_static" / "mathematics" / "fonts").iterdir())
    assert sum(font.stat().st_size for font in fonts) < 40_000


def test_a_wrong_formula_is_a_warning_that_shows_it(site, warnings):
    assert "mjx-container" not in site(inline(r"\frac{1"))
    assert len(warnings) == 1 and r"\frac{1" in warnings[0]


def test_building_again_changes_nothing(site, tmp_path):
    once = site(inline("x"))
    page = tmp_path / "book" / "one.html"
    mathematics._typeset_pages(
        SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(name="html")), None
    )
    assert page.read_text(encoding="utf-8") == once


def test_the_wrapper_that_sphinx_adds_is_not_copied():
    aligned = "\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}"
    assert plain_tex(f"\\[\\begin{{split}}\n{aligned}\n\\end{{split}}\\]") == aligned
    assert plain_tex("\\[\\begin{split}a \\\\ b\\end{split}\\]").startswith("\\begin{split}")


def test_formulas_come_back_in_their_order_with_hidden_mathml_and_errors_by_name():
    formulas, styles = typeset([["x", False], ["\\nothing{", True], ["y", True]])
    assert "<mi>x</mi>" in formulas[0] and "<mi>y</mi>" in formulas[2]
    assert formulas[1]["error"]
    assert "@font-face" in styles


def test_every_form_in_which_sphinx_writes_a_formula_is_found():
    align = '<div class="math notranslate nohighlight" id="e">\n\\begin{align}a\\end{align}</div>'
    for form in (inline("x"), displayed("x"), align):
        assert FORMULA.fullmatch(form), form


def test_the_miniature_needs_no_script_for_its_formulas(miniature):
    for page in (miniature.site / "book").glob("*.html"):
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        assert not [script for script in soup("script") if "mathjax" in str(script).lower()]
        assert all(formula.select("mjx-container") for formula in soup(class_="math"))
