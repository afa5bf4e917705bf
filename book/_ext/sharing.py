"""What a shared link shows, and the page for an address that is not there.

Both need the address of the site, which GitHub derives from that of the repository. Without one a
page has its title and description, and the page for a lost reader is made for the root of a host.
"""

from html import escape
from urllib.parse import urlsplit

from docutils import nodes

LONGEST = 200  # characters of a description; hosts cut off what is longer

NOT_FOUND = """<h1>There is no such page</h1>
<p>The address is mistyped or old. The names of the chapters stay as they are: each one is in the
contents at the side, and the search looks through all of them.</p>"""


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
    config.ogp_site_url = site_address(config.repository_address)
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


def setup(app):
    for needed in ("address", "sphinxext.opengraph", "notfound.extension"):
        app.setup_extension(needed)
    app.connect("config-inited", _set_addresses)
    app.connect("html-page-context", _describe, priority=300)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
