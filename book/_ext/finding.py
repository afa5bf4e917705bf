"""What the search knows beyond the words of the pages: spellings, other names, symbols, excerpts.

Sphinx looks for the words that are typed. Here British and American spellings become one word, in
the index and in the query. Names that others use for what this book calls otherwise, and the
symbols of the page on notation by their names, are entries that lead to their places. Under a
result stands a piece of its page as it is read, formulas as letters; it is loaded as a script,
since browsers read no data from the file system.
"""

import json
import re
import unicodedata
from pathlib import Path

from bs4 import BeautifulSoup, Comment, Tag
from docutils import nodes
from paper import ARTICLE
from sphinx.domains import Domain, ObjType
from sphinx.search.en import SearchEnglish

NOTATION = "book/notation"
FOLDER = "excerpts"
LEFT_OUT = ".headerlink, script, style, button, form, noscript, svg, details.checked-by"

# Names under which readers look for things, and where these are.
OTHER_NAMES = {
    "KKT conditions (Karush, Kuhn, Tucker), Lagrange multiplier": (
        "book/setup", "from-the-constraint-to-a-multiplier"),
    "RKHS, reproducing kernel Hilbert space": ("book/closed_form", "the-reproducing-property"),
    "kernel trick, kernel methods": ("book/closed_form", "from-a-regulariser-to-a-kernel"),
    "KRR, kernel ridge regression, Tikhonov regularisation": (
        "book/setup", "from-the-constraint-to-a-multiplier"),
    "Landweber iteration, twicing, L2 boosting, iterated Tikhonov": (
        "book/filters", "what-others-call-it"),
    "principal components, PCA, spectral cutoff": ("book/filters", "one-curve-for-one-method"),
    "overfitting, underfitting, bias and variance": ("book/when_to_stop", ""),
    "GCV, cross-validation, Mallows, hyperparameter, model selection": ("book/when_to_stop", ""),
    "NTK, neural tangent kernel": ("book/networks_as_kernels", "the-kernel-of-a-wide-network"),
    "born-again networks, knowledge distillation, soft labels, dark knowledge": (
        "book/after_the_paper", "networks"),
    "Rademacher complexity, generalisation bound": ("book/generalization", ""),
    "scikit-learn estimator, own data": ("book/real_data", ""),
    "GPU, Colab, training a chain of networks": ("book/running_chains", ""),
}  # fmt: skip

# What has a number beside statements, by the name that Sphinx has for it.
NUMBERED = {"displaymath": "equation", "figure": "figure"}

# Endings that are spelled with z in America, after at least four letters; and single words.
AMERICAN = r"^(\w{4,}|\w*anal)([iy])z(e|ed|es|er|ers|ing|ation|ations|able)$"
WORDS = {
    "behavior": "behaviour", "center": "centre", "color": "colour", "colors": "colours",
    "labeled": "labelled", "labeling": "labelling", "license": "licence", "modeling": "modelling",
    "neighbor": "neighbour", "neighbors": "neighbours", "optimizer": "optimiser",
}  # fmt: skip

SPELLING = """
const american = new RegExp(%s);
const words = %s;
const british = (word) => words[word] ?? word.replace(american, "$1$2s$3");
var splitQuery = (query) =>
  (query.match(/[\\p{Letter}\\p{Mark}\\p{Number}_]+/gu) ?? []).map((word) => british(word.toLowerCase()));
"""


def british(word):
    """Return a word in the spelling of the book."""
    word = word.lower()
    return WORDS.get(word) or re.sub(AMERICAN, r"\1\2s\3", word)


class English(SearchEnglish):
    """English in which British and American spellings are one."""

    js_stemmer_code = SearchEnglish.js_stemmer_code + SPELLING % (
        json.dumps(AMERICAN), json.dumps(WORDS)
    )  # fmt: skip

    def stem(self, word):
        return super().stem(british(word))


# --- Names and symbols ---------------------------------------------------------------------------


class Names(Domain):
    """Lets the search find other names, symbols by theirs, equations and figures by number."""

    name = "name"
    label = "Name"
    object_types = {kind: ObjType(kind) for kind in ("name", "symbol", *NUMBERED.values())}

    def get_objects(self):
        for number, (names, (docname, anchor)) in enumerate(OTHER_NAMES.items()):
            if docname in self.env.found_docs:
                yield f"name-{number}", names, "name", docname, anchor or "top", 0
        if NOTATION in self.env.found_docs:
            for number, (name, anchor) in enumerate(symbols(self.env.get_doctree(NOTATION))):
                yield f"symbol-{number}", name, "symbol", NOTATION, anchor, 0
        for docname, numbers in self.env.toc_fignumbers.items():
            for kind, word in NUMBERED.items():
                for anchor, number in numbers.get(kind, {}).items():
                    name = f"{word.title()} {'.'.join(map(str, number))}"
                    yield f"{word}-{anchor}", name, word, docname, anchor, 0

    def merge_domaindata(self, docnames, otherdata):
        """Nothing is kept beside the environment."""


def symbols(doctree):
    """Yield the names of each symbol in the tables of a page, with the section that has it."""
    for row in doctree.findall(nodes.row):
        first, meaning = [entry.astext() for entry in row.findall(nodes.entry)][:2]
        formulas = [math.astext() for math in row[0].findall(nodes.math)]
        if formulas:
            anchor = next(row.findall(nodes.section), None) or _section(row)
            names = ", ".join(dict.fromkeys(name for tex in formulas for name in symbol_names(tex)))
            # A full stop would end the name of a module.
            yield f"{names}: {_words(meaning)}".replace(".", " "), anchor["ids"][0]


def _section(node):
    while not isinstance(node, nodes.section):
        node = node.parent
    return node


def _words(text):
    return " ".join(re.sub(r"\\(?:mathcal|lVert|rVert|sqrt|frac)|[{}$]", "", text).split())


def symbol_names(tex):
    r"""Return how a symbol is written and how it is called: `\kappa` is κ and kappa."""
    plain = re.sub(r"\\mathcal\s*|[{}]|\\(?:top|,|;|!)", "", tex).strip()
    called = re.sub(r"\\(\w+)", r"\1", plain)
    written = re.sub(r"\\(\w+)", lambda match: greek(match[1]), plain)
    names = [written, called]
    if re.fullmatch(r"\w+_t", called):
        names.append(called.replace("_t", "_0"))
    return names


def greek(name):
    """Return the Greek letter of this name, or the name if there is none."""
    kind = "CAPITAL" if name[0].isupper() else "SMALL"
    called = {"lambda": "LAMDA"}.get(name.lower(), name.upper())
    try:
        return unicodedata.lookup(f"GREEK {kind} LETTER {called}")
    except KeyError:
        return name


# --- Excerpts ------------------------------------------------------------------------------------


def text_of(html):
    """Return the text of a page as it is read, and where in it each anchor stands."""
    soup = BeautifulSoup(html, "html.parser")
    for needless in soup.select(LEFT_OUT):
        needless.decompose()
    for formula in soup.select(".math"):
        spoken = formula.find("math")
        formula.string = spoken.get_text() if spoken else formula.get_text()
    parts, places, length = [], {}, 0
    for element in soup.descendants:
        if isinstance(element, Tag):
            if element.get("id"):
                places[element["id"]] = length
        elif not isinstance(element, Comment):
            part = re.sub(r"\s+", " ", element)
            if part[:1] == " " and (not parts or parts[-1][-1] == " "):
                part = part[1:]
            if part:
                parts.append(part)
                length += len(part)
    return "".join(parts), places


def _write_excerpts(app, exception):
    if exception is not None or app.builder.name != "html":
        return
    folder = Path(app.outdir)
    for name in sorted(app.env.found_docs):
        page = folder / f"{name}.html"
        if page.exists():
            text, places = text_of("".join(ARTICLE.findall(page.read_text(encoding="utf-8"))))
            file = folder / "_static" / FOLDER / f"{name}.js"
            file.parent.mkdir(parents=True, exist_ok=True)
            arguments = ", ".join(
                json.dumps(part, ensure_ascii=False) for part in (name, text, places)
            )
            file.write_text(f"bookExcerpts({arguments});\n", encoding="utf-8")


def _add_script(app, pagename, templatename, context, doctree):
    if pagename == "search":
        app.add_js_file("finding.js", loading_method="defer")


def setup(app):
    app.add_domain(Names)
    app.add_search_language(English)
    app.config.html_show_search_summary = False  # finding.js writes it
    app.connect("html-page-context", _add_script)
    # When the formulas are typeset.
    app.connect("build-finished", _write_excerpts, priority=960)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
