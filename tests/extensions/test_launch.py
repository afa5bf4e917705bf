"""The buttons that run a page: each is there where it leads somewhere, and only there."""

import json
import shutil
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from launch import buttons, built_lite

REPOSITORY = "https://github.com/o/n"
RUNNER = "../lite/notebooks/index.html"


def names(*arguments):
    return [button["text"] for button in buttons("book/setup", *arguments)]


def test_the_browser_comes_first_and_binder_last():
    assert names(REPOSITORY, True, RUNNER) == ["Live", "Colab", "Binder"]


def test_nothing_is_promised_that_this_build_does_not_have():
    assert names("", True, "") == []
    assert names("", True, RUNNER) == ["Live"]
    assert names(REPOSITORY, True, "") == ["Colab", "Binder"]


def test_a_page_that_needs_torch_is_opened_by_colab_alone():
    assert names(REPOSITORY, False, "") == ["Colab"]


def test_each_button_opens_the_notebook_of_its_page():
    live, colab, binder = (way["url"] for way in buttons("book/setup", REPOSITORY, True, RUNNER))
    assert live == "../lite/notebooks/index.html?path=setup.ipynb"
    assert colab.endswith("/github/o/n/blob/notebooks/book/setup.ipynb")
    assert binder == "https://mybinder.org/v2/gh/o/n/notebooks?urlpath=lab/tree/book/setup.ipynb"


def links(site, page):
    soup = BeautifulSoup((site / page).read_text(encoding="utf-8"), "html.parser")
    menu = soup.find(class_="dropdown-launch-buttons")
    return {} if menu is None else {link.get_text(strip=True): link for link in menu("a")}


def test_a_site_without_a_runner_has_no_button_for_it(miniature):
    found = links(miniature.site, "book/one.html")
    assert list(found) == ["Colab", "Binder"]
    for link in found.values():
        image = miniature.site / "book" / link.img["src"]
        assert image.exists() and link.img["alt"]


def test_a_page_without_code_has_no_such_button(miniature):
    assert links(miniature.site, "search.html") == {}


@pytest.fixture
def runner(tmp_path):
    """A site that runs notebooks, beside the folder of the pages, whose lock names NumPy alone."""
    site = tmp_path / "lite" / "site"
    for folder in (site / "notebooks", site / "static" / "pyodide"):
        folder.mkdir(parents=True)
    (site / "notebooks" / "index.html").write_text("opens notebooks")
    lock = {"packages": {"numpy": {"file_name": "numpy.whl"}}}
    (site / "static" / "pyodide" / "pyodide-lock.json").write_text(json.dumps(lock))
    return site


def test_a_runner_that_lacks_something_is_as_good_as_none(runner, tmp_path):
    app = SimpleNamespace(outdir=tmp_path / "html")
    assert built_lite(app) is None
    (runner / "static" / "pyodide" / "numpy.whl").write_text("")
    assert built_lite(app) == runner


def test_pages_lead_to_a_runner_that_is_whole(miniature, runner):
    """A second build finds it beside the site, copies it, and writes the pages again."""
    (runner / "static" / "pyodide" / "numpy.whl").write_text("")
    shutil.copytree(runner.parent, miniature.site.parent / "lite")
    miniature.build("-W", "-n")
    live = links(miniature.site, "book/one.html")["Live"]
    page = miniature.site / "book" / live["href"].split("?")[0]
    assert page.read_text() == "opens notebooks"
