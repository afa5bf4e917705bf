"""Cards that show, at a reference, what it refers to: a statement, an equation, a figure, a work.

When the pages are written, everything that some page refers to is copied from its page into one
file for that page, which `reading.js` loads when a reader first points at such a reference. A file
of script, not of data, since browsers read no data from the file system.
"""

import json
import re
from collections import defaultdict
from html import unescape
from pathlib import Path
from urllib.parse import urldefrag, urljoin

from bs4 import BeautifulSoup
from paper import ARTICLE

REFERENCE = re.compile(r'<a class="reference internal" href="([^"#]*#[^"]+)"')
FOLDER = "cards"

# What a box does not need in a card.
LEFT_OUT = ".headerlink, script, style, button, details.checked-by, .toggle-button"


def referred(pages):
    """Return, for each page, the ids on it that the articles of the pages refer to."""
    found = defaultdict(set)
    for name, text in pages.items():
        for href in REFERENCE.findall("".join(ARTICLE.findall(text))):
            page, anchor = urldefrag(urljoin(f"{name}.html", unescape(href)))
            found[page.removesuffix(".html")].add(anchor)
    return {page: sorted(anchors) for page, anchors in sorted(found.items()) if page in pages}


def box(soup, anchor):
    """Return what a card shows of the element with this id: the statement around an equation."""
    element = soup.find(id=anchor)
    if element is None:
        return None
    if element.name == "section":
        heading, paragraph = element.find(re.compile("h[1-6]")), element.find("p")
        return [part for part in (heading, paragraph) if part is not None]
    around = element.find_parent(class_=["proof", "exercise"]) if "math" in _classes(element) else None
    if around is None or "proof-text" in _classes(around):
        around = element
    return [around]


def _classes(element):
    return element.get("class") or []


def content(parts, page):
    """Return the HTML of a card; its links lead from any page of the same folder."""
    text = ""
    for part in parts:
        part = BeautifulSoup(str(part), "html.parser")
        for needless in part.select(LEFT_OUT):
            needless.decompose()
        for element in part.find_all(id=True):
            del element["id"]
        for link in part.find_all("a", href=re.compile("^#")):
            link["href"] = f"{page.rpartition('/')[2]}.html{link['href']}"
        text += str(part)
    return text


def _collect(app, exception):
    """Write the cards as HTML, so that their formulas are typeset with those of the pages."""
    if exception is not None or app.builder.name != "html":
        return
    folder = Path(app.outdir)
    pages = {
        name: (folder / f"{name}.html").read_text(encoding="utf-8")
        for name in sorted(app.env.found_docs)
        if (folder / f"{name}.html").exists()
    }
    for page, anchors in referred(pages).items():
        soup = BeautifulSoup("".join(ARTICLE.findall(pages[page])), "html.parser")
        target = folder / "_static" / FOLDER / f"{page}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w", encoding="utf-8") as file:
            for anchor in anchors:
                if parts := box(soup, anchor):
                    file.write(f"<!-- card {anchor} -->{content(parts, page)}")


def _finish(app, exception):
    """Turn each file of typeset cards into a script that hands them over."""
    if exception is not None or app.builder.name != "html":
        return
    for file in sorted((Path(app.outdir) / "_static" / FOLDER).rglob("*.html")):
        _, *parts = re.split(r"<!-- card (.*?) -->", file.read_text(encoding="utf-8"))
        cards = dict(zip(parts[::2], parts[1::2]))
        page = file.with_suffix("").relative_to(Path(app.outdir) / "_static" / FOLDER).as_posix()
        script = f"bookCards({json.dumps(page)}, {json.dumps(cards, ensure_ascii=False)});\n"
        file.with_suffix(".js").write_text(script, encoding="utf-8")
        file.unlink()


def setup(app):
    # Before and after the formulas are typeset.
    app.connect("build-finished", _collect, priority=940)
    app.connect("build-finished", _finish, priority=955)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
