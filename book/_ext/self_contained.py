"""Keep the site from asking any other host for anything.

MathJax comes from the installed package `sphinx-mathjax-offline` (24 MB, of which the pages need
less than a tenth), and scripts that would load from elsewhere, or twice, are taken off the pages.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

from docutils import nodes

# What `tex-chtml.js` loads when it runs: its fonts and the TeX extensions named in a formula.
MATHJAX_PARTS = ("tex-chtml.js", "output/chtml/fonts", "input/tex/extensions")


def _use_own_mathjax(app, config):
    config.mathjax_path = "mathjax/tex-chtml.js"
    # The menu offers speech and other renderers, whose files are not copied. What a screen reader
    # reads, the hidden MathML, does not depend on the menu.
    mathjax = dict(config.mathjax3_config or {})
    mathjax["options"] = {**mathjax.get("options", {}), "enableMenu": False}
    config.mathjax3_config = mathjax


def _copy_mathjax(app, exception):
    if exception is not None or app.builder.name != "html":
        return
    source = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
    target = Path(app.outdir) / "_static" / "mathjax"
    for part in MATHJAX_PARTS:
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part, dirs_exist_ok=True)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / part, target / part)


def needed_scripts(scripts):
    """Drop scripts that stand twice on a page, and those that start code cells on a server."""
    kept, seen = [], set()
    for script in scripts:
        body = getattr(script, "attributes", {}).get("body")
        identity = (str(getattr(script, "filename", script)), body or "")
        if identity in seen or "thebe" in "".join(identity).lower():
            continue
        seen.add(identity)
        kept.append(script)
    return kept


def _drop_scripts(app, pagename, templatename, context, doctree):
    context["script_files"] = needed_scripts(context.get("script_files", []))


def _drop_raw_scripts(app, doctree, docname):
    for node in list(doctree.findall(nodes.raw)):
        if "thebe" in node.astext() or "kernelName" in node.astext():
            node.parent.remove(node)


def setup(app):
    app.connect("config-inited", _use_own_mathjax)
    # Late, when every other extension has added its scripts.
    app.connect("doctree-resolved", _drop_raw_scripts, priority=900)
    app.connect("html-page-context", _drop_scripts, priority=900)
    app.connect("build-finished", _copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
