"""What the first page says about the book as it is built: its chapters, their length, its address.

A chapter opens with the question that it answers and says how long it takes; its card on the first
page repeats both, so a new chapter of `_toc.yml` is there by itself. Nothing is promised that a
build lacks: where no address of the repository is known, what needs one is left out.
"""

import re
from collections import namedtuple
from html import escape
from pathlib import Path

import yaml
from docutils import nodes
from sharing import description

PAGE = "book/index"
CHAPTERS = "<!-- chapters -->"
TIME = "<!-- time -->"
ADDRESS = "ADDRESS"

Chapter = namedtuple("Chapter", "docname part number title question minutes exercises")


def chapters(root):
    """Yield the numbered chapters of the table of contents in their order."""
    contents = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    number = 0
    for part in contents.get("parts", []):
        if part.get("numbered"):
            for entry in part["chapters"]:
                number += 1
                text = (root / f"{entry['file']}.md").read_text(encoding="utf-8")
                yield Chapter(entry["file"], part["caption"], number, *opening(text))


def opening(text):
    """Return of a chapter its title, its question, and the minutes it announces.

    The minutes are those to read it, and those that the exercises take beyond.
    """
    title = re.search(r"^# (.+)$", text, flags=re.M)
    start = text[title.end() :].split("\n## ")[0]
    first = re.split(r"^(?:[:`]{3,}|\(|<!--|\+\+\+)", start, maxsplit=1, flags=re.M)[0]
    question = " ".join(first.split())
    takes = re.search(r"It takes\W*(\d+) minutes", start)
    more = re.search(r"(\d+) more with the exercises", start)
    return title[1].strip(), question, _minutes(takes), _minutes(more)


def _minutes(match):
    return int(match[1]) if match else 0


def time(listed):
    """Return in words how many chapters there are and how long they take."""
    hours, more = (
        round(sum(getattr(chapter, kind) for chapter in listed) / 60)
        for kind in ("minutes", "exercises")
    )
    return (
        f"{len(listed)} chapters, about {hours} hours of reading, "
        f"and {more} more with the exercises"
    )


def cards(listed):
    """Return the cards of the chapters, part by part."""
    text, part = "", None
    for chapter in listed:
        if chapter.part != part:
            text += "" if part is None else "::::\n\n"
            part = chapter.part
            text += f"**{part}**\n\n::::{{grid}} 1 1 2 2\n:gutter: 2\n:class-container: chapters\n\n"
        text += (
            f":::{{grid-item-card}} {chapter.number}. {chapter.title}\n"
            f":link: /{chapter.docname}\n:link-type: doc\n\n{chapter.question}\n"
        )
        if chapter.minutes:
            text += f"\n*{chapter.minutes} minutes*\n"
        text += ":::\n\n"
    return f"{text}::::\n" if part else ""


def _write_page(app, docname, source):
    if docname == PAGE:
        listed = list(chapters(Path(app.srcdir)))
        source[0] = source[0].replace(TIME, time(listed)).replace(CHAPTERS, cards(listed))


def adapt(doctree, address):
    """Leave out what needs an address, or what is said for want of one, and write it where it is.

    A page that is read once is written for the site and for notebooks, and those that are committed
    know no address; so this is decided when the page is written. What is said to students alone
    stands on no page that is still in this form.
    """
    gone = {"where-no-address-is-known" if address else "where-an-address-is-known"}
    gone.add("student-edition")
    for container in list(doctree.findall(nodes.container)):
        if gone & set(container["classes"]):
            container.parent.remove(container)
    for text in list(doctree.findall(nodes.Text)):
        if ADDRESS in text and address:
            text.parent.replace(text, nodes.Text(text.replace(ADDRESS, address)))


def front_door(title, description):
    """Return the page at the root of the site, which leads to the first page."""
    title, description = escape(title), escape(description)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="0; url={PAGE}.html">
<title>{title}</title>
<meta name="description" content="{description}">
<link rel="icon" href="_static/logo.svg">
<style>:root {{ color-scheme: light dark }} body {{ font: 1.1rem/1.5 sans-serif; max-width: 40rem;
margin: 3rem auto; padding: 0 1rem }}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{description}</p>
<p><a href="{PAGE}.html">Read the book</a></p>
</main>
</body>
</html>
"""


def _write_front_door(app, exception):
    """Write it where Jupyter Book would leave an empty page that leads on."""
    if exception is None and app.builder.name == "html" and PAGE in app.env.found_docs:
        page = front_door(app.config.project, description(app.env.get_doctree(PAGE)))
        (Path(app.outdir) / "index.html").write_text(page, encoding="utf-8")


def _adapt_page(app, doctree, docname):
    if docname == PAGE:
        adapt(doctree, app.config.repository_address)


def setup(app):
    app.setup_extension("address")
    app.connect("source-read", _write_page)
    app.connect("doctree-resolved", _adapt_page)
    app.connect("build-finished", _write_front_door)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
