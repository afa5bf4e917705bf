"""What a shared link shows, and pages for addresses where no page of the book is.

The address of the site is the one that GitHub derives from that of the repository. Without it a
page has its title and description, and the page for a lost reader is made for the root of a host.
The root of the site and pages that have moved lead on to where their reader wants to be.
"""

from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from docutils import nodes

LONGEST = 200  # characters of a description; hosts cut off what is longer

NOT_FOUND = """<h1>There is no such page</h1>
<p>The address is mistyped or old. The names of the chapters stay as they are: each one is in the
contents at the side, and the search looks through all of them.</p>"""

FORWARDING = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<meta http-equiv="refresh" content="0; url={target}">
<link rel="canonical" href="{target}">
<p>This page is at <a href="{target}">{target}</a>.</p>
</html>
"""


def site_address(repository):
    """Return where GitHub Pages shows the site of a repository; empty text if it is unknown."""
    if not repository:
        return ""
    owner, name = urlsplit(repository).path.strip("/").split("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def description(doctree):
    """Return the first sentences of a page, those before its first figure or piece of code."""
    text = ""
    section = next(doctree.findall(nodes.section), doctree)
    for child in section.children:
        if isinstance(child, nodes.paragraph):
            text = f"{text} {child.astext()}".strip()
        elif text and not isinstance(child, nodes.Invisible | nodes.comment):
            break
    return shortened(" ".join(text.split()))


def shortened(text):
    """Cut a text off at the end of a sentence or of a word."""
    if len(text) <= LONGEST:
        return text
    start = text[:LONGEST]
    end = max(start.rfind(mark) for mark in (". ", "? "))
    return start[: end + 1] if end > 0 else start.rsplit(" ", 1)[0] + " …"


def _set_addresses(app, config):
    config.ogp_site_url = site_address(config.github_address)
    if config.ogp_site_url:
        config.ogp_image = "_static/chain.png"
    config.ogp_site_name = config.project
    config.ogp_social_cards = {"enable": False}  # the same picture for all pages, where it is known
    config.notfound_urls_prefix = urlsplit(config.ogp_site_url).path or "/"
    config.notfound_context = {"title": "There is no such page", "body": NOT_FOUND}


def _describe(app, pagename, templatename, context, doctree):
    if doctree is None:
        return
    if text := description(doctree):
        context["metatags"] += f'<meta name="description" content="{escape(text)}" />\n'
        context["meta"] = {**(context["meta"] or {}), "og:description": text}


def _forward(app, exception):
    """Write a page at the root of the site and at each address that a page had before."""
    if exception is not None or app.builder.name != "html":
        return
    forwarded = {"index": app.config.master_doc, **app.config.moved_pages}
    for old, new in forwarded.items():
        if old not in app.env.found_docs and new in app.env.found_docs:
            target = app.builder.get_relative_uri(old, new)
            page = FORWARDING.format(title=escape(app.config.project), target=target)
            path = Path(app.outdir) / f"{old}.html"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(page, encoding="utf-8")


def setup(app):
    app.add_config_value("moved_pages", {}, "html")
    for needed in ("address", "sphinxext.opengraph", "notfound.extension"):
        app.setup_extension(needed)
    app.connect("config-inited", _set_addresses)
    app.connect("html-page-context", _describe, priority=300)
    # Before the extension for the contents, which would write a root without title or link.
    app.connect("build-finished", _forward, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
