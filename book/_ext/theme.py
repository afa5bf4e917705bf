"""Settings of the theme: buttons that lead to the repository at hand, and nothing needless.

The theme falls back on the address of the Jupyter Book project. Without an address of their own
the pages have no buttons that lead to one. What no page uses is not loaded: scripts that start
code cells on a server, that typeset in the browser, that switch tabs.
"""

import re
from pathlib import Path

from address import NOTEBOOK_BRANCH
from docutils import nodes

NEEDLESS = ("thebe", "mathjax", "design-tabs")


def _set_options(app, config):
    options = config.html_theme_options
    options.pop("repository_url", None)
    options["launch_buttons"] = {}  # launch.py makes them
    # The side bar has a search button; the theme would put a second one into a bar of its own.
    options["navbar_persistent"] = []
    options["logo"] = {"text": config.project, "alt_text": ""}
    options["home_page_in_toc"] = False  # the title above the contents leads there
    options["primary_sidebar_end"] = []  # else a place for advertisements
    for button in ("use_repository_button", "use_issues_button", "use_edit_page_button"):
        options[button] = False
    if config.github_address:
        options["repository_url"] = config.github_address
        options["repository_branch"] = NOTEBOOK_BRANCH
        options["use_repository_button"] = True
        options["use_issues_button"] = True


def needed(scripts):
    """Drop scripts and style sheets that stand twice on a page, and those that no page uses."""
    kept, seen = [], set()
    for script in scripts:
        body = getattr(script, "attributes", {}).get("body")
        identity = (str(getattr(script, "filename", script)), body or "")
        needless = any(name in "".join(identity).lower() for name in NEEDLESS)
        if identity in seen or needless:
            continue
        seen.add(identity)
        kept.append(script)
    return kept


def _drop_needless(app, pagename, templatename, context, doctree):
    for kind in ("script_files", "css_files"):
        context[kind] = needed(context.get(kind, []))


def _drop_raw_scripts(app, doctree, docname):
    for node in list(doctree.findall(nodes.raw)):
        if "thebe" in node.astext() or "kernelName" in node.astext():
            node.parent.remove(node)


def mended(page):
    """Return a page without what screen readers stumble over.

    Docutils gives the bibliography roles that browsers no longer know, and the empty corner of a
    table the mark of a header.
    """
    page = re.sub(r' role="(?:doc-biblioentry|list)"', "", page)
    return re.sub(r'<th class="head[^"]*">(?:<p></p>)?</th>', "<td></td>", page)


def _mend_pages(app, exception):
    if exception is None and app.builder.name == "html":
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            if mended(text) != text:
                page.write_text(mended(text), encoding="utf-8")


def setup(app):
    app.setup_extension("address")
    app.connect("config-inited", _set_options)
    # Late, when every other extension has added its scripts.
    app.connect("doctree-resolved", _drop_raw_scripts, priority=900)
    app.connect("html-page-context", _drop_needless, priority=900)
    app.connect("build-finished", _mend_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
