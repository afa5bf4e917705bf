"""Write a deck of slides for each chapter that has a deck file, of what stands in the chapter.

`book/<chapter>.deck.yml` lists the slides. Each has a `claim`, its title; the labels of what it
shows, `show`: figures, statements, equations; or lines of text, `say`; and `notes` for who speaks.
Numbers come from the chapter: `{{name:.2f}}` is what it has glued under this name. TeX stands
between dollars. A label or a name that the chapter does not have stops the build.

The builder `slides` takes the pages as Sphinx resolved them, so a figure is the figure of the site
and a theorem has its number there. A deck is one file: the arrow keys go from slide to slide, an
address that ends in `?notes` shows the notes, and printed it has a slide on each page.
"""

import ast
import json
import re
from html import escape
from pathlib import Path

import yaml
from docutils import nodes
from myst_nb.core import render
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.errors import SphinxError
from sphinx_proof.nodes import NODE_TYPES

SHOWN = (nodes.figure, nodes.math_block, *NODE_TYPES.values())
PARTS = {"claim", "show", "say", "notes"}
FOLDER = Path(__file__).parents[1] / "_templates" / "slides"

DECK = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: slides</title>
<style>
{styles}</style></head>
<body><main>
<section class="title"><h1>{title}</h1><p>{book}</p></section>
{slides}
</main><script>
{script}</script></body></html>
"""
INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{book}: slides</title></head>
<body><main><h1>{book}: slides</h1><ul>
{links}
</ul></main></body></html>
"""
SLIDE = """<section><h2>{claim}</h2><div class="shown">{shown}</div>
<aside aria-label="Notes">{notes}</aside><footer>{place} / {count}</footer></section>"""


class SlidesBuilder(StandaloneHTMLBuilder):
    """Write `<outdir>/<docname>.html` for every page that has a deck file."""

    name = "slides"
    search = False

    def get_outdated_docs(self):
        return filter(self.has_deck, self.env.found_docs)

    def get_target_uri(self, docname, typ=None):
        return f"{docname}.html"

    def write_doc(self, docname, doctree):
        if not self.has_deck(docname):
            return
        self.prepare(docname, doctree)
        executed = Path(self.outdir).parent / "jupyter_execute"
        values = glued(executed / f"{docname}.glue.json")
        title = next(doctree.findall(nodes.title)).astext()
        deck = read_deck(deck_file(self.srcdir, docname))
        slides = [
            SLIDE.format(
                claim=written(slide["claim"], values),
                shown=self.shown(docname, doctree, slide, values),
                notes=written(slide.get("notes", ""), values),
                place=place,
                count=len(deck),
            )
            for place, slide in enumerate(deck, 1)
        ]
        target = Path(self.outdir) / f"{docname}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        text = DECK.format(
            title=escape(title),
            book=escape(self.config.project),
            styles=(FOLDER / "slides.css").read_text(encoding="utf-8"),
            script=(FOLDER / "slides.js").read_text(encoding="utf-8"),
            slides="\n".join(slides),
        )
        target.write_text(text, encoding="utf-8")

    def prepare(self, docname, doctree):
        """Set what the translator of Sphinx asks of its builder while it writes a page."""
        doctree.settings = self.docsettings
        self.imgpath = "../" * docname.count("/") + "_images"
        self.post_process_images(doctree)
        self.secnumbers = self.env.toc_secnumbers.get(docname, {})
        self.fignumbers = self.env.toc_fignumbers.get(docname, {})

    def shown(self, docname, doctree, slide, values):
        """Return the HTML of what a slide shows."""
        shown = [found(doctree, docname, label) for label in slide.get("show", [])]
        lines = [f"<li>{written(line, values)}</li>" for line in slide.get("say", [])]
        said = f"<ul>{''.join(lines)}</ul>" if lines else ""
        return "".join(self.rendered(doctree, node) for node in shown) + said

    def rendered(self, doctree, node):
        """Return the HTML of a piece of a page."""
        visitor = self.create_translator(doctree, self)  # render_partial stumbles over statements
        node.walkabout(visitor)
        # The text of a statement is a section, and so is a slide.
        return "".join(visitor.body).replace("<section", "<div").replace("</section", "</div")

    def copy_assets(self):
        """Leave the style sheets and scripts of the site where they are."""
        (Path(self.outdir) / "_static").mkdir(parents=True, exist_ok=True)  # others write there

    def finish(self):
        self.copy_image_files()
        decks = sorted(docname for docname in self.env.found_docs if self.has_deck(docname))
        links = "\n".join(
            f'<li><a href="{docname}.html">{escape(self.env.titles[docname].astext())}</a></li>'
            for docname in decks
        )
        page = INDEX.format(book=escape(self.config.project), links=links)
        (Path(self.outdir) / "index.html").write_text(page, encoding="utf-8")

    def has_deck(self, docname):
        return deck_file(self.srcdir, docname).exists()


def deck_file(folder, docname):
    return Path(folder) / f"{docname}.deck.yml"


def read_deck(file):
    """Return the slides of a deck file, or say what is wrong with one of them."""
    deck = yaml.safe_load(file.read_text(encoding="utf-8"))
    for place, slide in enumerate(deck, 1):
        if "claim" not in slide or not {"show", "say"} & set(slide) or not set(slide) <= PARTS:
            raise SphinxError(
                f"{file.name}: slide {place} needs a claim and something to show or to say, and has "
                f"{', '.join(slide)}"
            )
    return deck


def glued(file):
    """Return the numbers and texts that a page has handed to its prose."""
    if not file.exists():
        return {}
    outputs = json.loads(file.read_text(encoding="utf-8"))
    texts = {name: output["data"].get("text/plain") for name, output in outputs.items()}
    return {name: ast.literal_eval(text) for name, text in texts.items() if text is not None}


def written(text, values):
    """Return a text of a deck file as HTML: its numbers filled in, its formulas as Sphinx marks them."""

    def filled(match):
        if match[1] not in values:
            raise SphinxError(f"a deck file names {match[1]!r}, which the page has not glued")
        return format(values[match[1]], match[2] or "")

    text = escape(re.sub(r"\{\{(\w+)(?::([^{}]*))?\}\}", filled, text), quote=False)
    mark = '<span class="math notranslate nohighlight">'
    return re.sub(r"\$([^$]+)\$", lambda match: rf"{mark}\({match[1]}\)</span>", text)


def found(doctree, docname, label):
    """Return what bears a label on a page."""
    for node in doctree.findall(lambda node: isinstance(node, SHOWN)):
        names = {*node.get("ids", []), node.get("label")}
        if {label, f"equation-{label}"} & names:
            return without_tests(node)
    raise SphinxError(f"the deck of {docname} shows {label!r}, which is not on the page")


def without_tests(node):
    """Return a copy of a statement without the line that names its tests."""
    copy = node.deepcopy()
    for line in [line for line in copy.findall(nodes.paragraph) if "checked-by" in line["classes"]]:
        fold = line.parent  # with the title that opens it
        fold.parent.remove(fold)
    return copy


def _know_outputs(app, config):
    """Let MyST-NB choose among the forms of an output as it does for the site."""
    ranks = render.base_render_priority()["html"].items()
    config.nb_mime_priority_overrides = [
        *config.nb_mime_priority_overrides,
        *(("slides", *rank) for rank in ranks),
    ]


def setup(app):
    app.add_builder(SlidesBuilder)
    app.connect("config-inited", _know_outputs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
