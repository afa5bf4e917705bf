"""Serve MathJax from the site itself, which asks no other host for anything.

It comes from the installed package `sphinx-mathjax-offline` (24 MB, of which the pages need less
than a tenth).
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

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


def setup(app):
    app.connect("config-inited", _use_own_mathjax)
    app.connect("build-finished", _copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
