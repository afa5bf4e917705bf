"""What the theme is told, and the scripts that stay on a page."""

import re
from pathlib import Path
from types import SimpleNamespace

import pydata_sphinx_theme
from theme import mended, needed

OURS = Path(__file__).parents[2] / "book" / "_templates"


def test_scripts_that_stand_twice_or_start_servers_are_dropped():
    def script(name, body=""):
        return SimpleNamespace(filename=name, attributes={"body": body})

    kept = needed(
        [script("a.js"), script("a.js"), script("", "let x"), script("", "const THEBE_JS_URL"), "b"]
    )
    assert [getattr(item, "filename", item) for item in kept] == ["a.js", "", "b"]


def test_the_macros_of_the_theme_are_those_that_the_template_replaces():
    theirs, ours = (
        (folder / "static" / "webpack-macros.html").read_text(encoding="utf-8")
        for folder in (Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme", OURS)
    )
    macros = re.compile(r"macro (\w+)\(\)")
    assert macros.findall(theirs) == macros.findall(ours)
    loaded = set(re.findall(r"_static/[\w./-]+", theirs)) - {"_static/scripts/fontawesome.js"}
    assert loaded == set(re.findall(r"_static/[\w./-]+", ours))


def test_roles_that_no_browser_knows_and_empty_headers_are_taken_away():
    page = '<div id="i" role="doc-biblioentry">x</div><th class="head"><p></p></th><th class="head"><p>y</p></th>'
    assert mended(page) == '<div id="i">x</div><td></td><th class="head"><p>y</p></th>'
