"""The buttons at the top of a page that run it: in the reader's browser, in Colab, in Binder.

Nothing is promised that this build does not have. Colab and Binder open the notebooks of a
repository on GitHub, so they need its address. The browser needs the site that `make lite` builds; where
that lies beside the pages it is copied into them, and the pages that it can run lead to it. Without
PyTorch, which neither it nor Binder has, the chapters on networks are opened by Colab alone.
"""

import shutil
from pathlib import Path

from address import binder_address, colab_address
from lite import lacking
from notebooks import runs_without_torch

RUNNER = "lite/notebooks/index.html"  # in the site, the page that opens a notebook


def buttons(docname, repository, runs_everywhere, runner):
    """Return the ways to run a page, as entries of the menu under the rocket.

    The page runs everywhere if it needs no PyTorch; the runner is the address of the page that
    opens it in the browser, or empty.
    """
    ways = []
    if runner:
        where = f"{runner}?path={Path(docname).name}.ipynb"
        ways.append(_button("Live", "Run this chapter in your browser", "jupyterlite.svg", where))
    if repository:
        where = colab_address(repository, docname)
        ways.append(_button("Colab", "Open this chapter in Colab", "colab.png", where))
    if repository and runs_everywhere:
        where = binder_address(repository, docname)
        ways.append(_button("Binder", "Open this chapter in Binder", "binder.svg", where))
    return ways


def _button(text, tooltip, logo, url):
    icon = f"_static/images/logo_{logo}"
    return {"type": "link", "text": text, "tooltip": tooltip, "icon": icon, "url": url}


def built_lite(app):
    """Return the folder of a whole site that runs notebooks, beside that of the pages, or None."""
    site = Path(app.outdir).parent / "lite" / "site"
    return site if site.exists() and not lacking(site) else None


def _find_lite(app, config):
    # Changed, it has all pages written again.
    config.runs_in_the_browser = built_lite(app) is not None


def _add_buttons(app, pagename, templatename, context, doctree):
    executed = Path(app.outdir).parent / "jupyter_execute" / f"{pagename}.ipynb"
    if "kernelspec" not in app.env.metadata.get(pagename, {}) or not executed.exists():
        return
    without_torch = runs_without_torch(executed)
    live = app.config.runs_in_the_browser and without_torch
    runner = context["pathto"](RUNNER, resource=True) if live else ""
    ways = buttons(pagename, app.config.github_address, without_torch, runner)
    if ways:
        menu = {"type": "group", "label": "launch-buttons", "icon": "fas fa-rocket"}
        menu |= {"tooltip": "Run this chapter", "buttons": ways}
        context["header_buttons"].insert(0, menu)


def _copy_lite(app, exception):
    if exception is None and app.builder.name == "html" and app.config.runs_in_the_browser:
        shutil.copytree(built_lite(app), Path(app.outdir) / "lite", dirs_exist_ok=True)


def setup(app):
    app.setup_extension("address")
    app.add_config_value("runs_in_the_browser", False, "html")
    app.connect("config-inited", _find_lite)
    # When the theme has made its own buttons.
    app.connect("html-page-context", _add_buttons, priority=900)
    # When the other extensions have mended all pages that they find.
    app.connect("build-finished", _copy_lite, priority=990)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
