"""The site that runs in the reader's browser: what it is made of, and whether it runs.

Tests of a site that has been built, by `make lite`, are skipped where there is none.
"""

import functools
import hashlib
import json
import threading
import tomllib
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import lite
import matrix
import nbformat
import pytest
from nbformat.v4 import new_code_cell
from notebooks import browser_cell, kept_code, needs_torch
from packaging.requirements import Requirement
from pages import NOTEBOOKS, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = {
    "a": {"file_name": "a.whl", "depends": ["b_c"]},
    "b-c": {"file_name": "b_c.whl", "depends": []},
    "d": {"file_name": "d.whl", "depends": ["a"]},
}


# What it is made of.


def test_the_packages_are_those_that_the_names_need_however_they_are_written():
    assert list(lite.closure(PACKAGES, ["A"])) == ["a", "b-c"]
    assert list(lite.closure(PACKAGES, ["d", "B_c"])) == ["a", "b-c", "d"]
    with pytest.raises(KeyError):
        lite.closure(PACKAGES, ["e"])


def test_what_the_package_needs_is_read_where_it_is_written():
    assert {"numpy", "scipy", "matplotlib", "ipywidgets", "scikit-learn"} == set(lite.required())


def test_a_site_lacks_what_its_lock_names_and_it_has_not(tmp_path):
    folder = tmp_path / lite.PYODIDE
    folder.mkdir(parents=True)
    lite.write_lock(folder, {"packages": PACKAGES})
    lite.cut_lock(folder, ["a", "ipywidgets"])
    (folder / "a.whl").write_text("")
    assert lite.lacking(tmp_path) == ["b-c"]
    (folder / "b_c.whl").write_text("")
    assert lite.lacking(tmp_path) == []


def test_a_file_is_taken_only_if_it_is_the_one_that_the_lock_names(tmp_path):
    (tmp_path / "source").write_bytes(b"content")
    address, target = (tmp_path / "source").as_uri(), tmp_path / "target"
    with pytest.raises(ValueError, match="not the file that the lock names"):
        lite.download(address, target, 64 * "0")
    assert not target.exists()
    lite.download(address, target, hashlib.sha256(b"content").hexdigest())
    assert target.read_bytes() == b"content"


@pytest.fixture
def release(tmp_path):
    """Stand in for Pyodide's own host: the files of a release, whose lock names more than these."""
    folder = tmp_path / "release"
    folder.mkdir()
    for name in (*lite.CORE, "a.whl", "b_c.whl"):
        (folder / name).write_text(name)
    packages = {name: dict(entry) for name, entry in PACKAGES.items()}
    for entry in packages.values():
        entry["sha256"] = hashlib.sha256(entry["file_name"].encode()).hexdigest()
    lite.write_lock(folder, {"packages": packages})
    return folder


def test_of_a_release_the_core_and_what_is_needed_are_taken(release, tmp_path):
    target = tmp_path / lite.PYODIDE
    target.mkdir(parents=True)
    lite.take_release(release.as_uri(), target, ["a"])
    assert {file.name for file in target.iterdir()} == {*lite.CORE, "a.whl", "b_c.whl"}
    assert lite.lacking(tmp_path) == []


def test_a_release_that_is_not_whole_is_an_error_that_the_build_knows(release, tmp_path):
    (release / "b_c.whl").unlink()
    with pytest.raises(OSError):
        lite.take_release(release.as_uri(), tmp_path, ["a"])


def test_no_other_host_is_asked_when_a_cell_installs():
    (settings,) = lite.SETTINGS["jupyter-config-data"]["litePluginSettings"].values()
    assert settings == {"disablePyPIFallback": True}


def test_the_first_cell_installs_what_its_chapter_needs():
    plain = browser_cell([new_code_cell("import sdtutorial as sd")]).source
    assert plain.endswith("\n%pip install -q ipywidgets sdtutorial")
    for code in ("SelfDistilledKernelRidge()", "from sklearn import svm", "real_data.digits_split(1)"):
        assert browser_cell([new_code_cell(code)]).source.endswith(" sdtutorial[learn]")


def test_hidden_code_is_kept_only_where_a_shown_cell_needs_it():
    hidden = new_code_cell("from sdtutorial.networks import a", metadata={"tags": ["remove-cell"]})
    assert not needs_torch(kept_code([hidden, new_code_cell("b()")]))
    assert needs_torch(kept_code([hidden, new_code_cell("a.b()")]))


def test_notebooks_for_the_browser_install_from_there_and_lead_to_each_other(miniature):
    taken = miniature("lite_notebooks")
    assert sorted(taken) == ["one", "two"]
    assert "%pip install -q ipywidgets sdtutorial" in taken["one"].cells[0].source
    assert "(one.ipynb)" in str(taken["two"])


# The site, as `make lite` has built it.


@pytest.fixture(scope="module")
def built_lite():
    if not lite.SITE.exists():
        pytest.skip("needs the site that runs in the browser: make lite")
    return lite.SITE


@pytest.fixture(scope="module")
def lock(built_lite):
    return json.loads((built_lite / lite.PYODIDE / lite.LOCK).read_text(encoding="utf-8"))


def in_the_browser():
    """Return the names of the committed notebooks that need no PyTorch."""
    paths = [source.with_suffix(".ipynb") for source in NOTEBOOKS]
    return {
        path.name
        for path in paths
        if not needs_torch(nbformat.read(path, as_version=4).cells[1:])
    }


def test_the_wheel_holds_the_files_of_this_folder_and_no_other(built_lite):
    (wheel,) = (built_lite / "pypi").glob("sdtutorial-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("sdtutorial/")}
        for name in held:
            assert archive.read(name) == (ROOT / name).read_bytes(), name
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "sdtutorial").rglob("*.py")}
    assert modules == {name for name in held if name.endswith(".py")}


def test_the_notebooks_are_those_that_need_no_torch(built_lite):
    listed = json.loads((built_lite / "api" / "contents" / "all.json").read_text(encoding="utf-8"))
    assert {entry["name"] for entry in listed["content"]} == in_the_browser()


def test_the_versions_are_those_that_the_package_asks_for(built_lite, lock):
    index = json.loads((built_lite / "pypi" / "all.json").read_text(encoding="utf-8"))
    assert list(index["sdtutorial"]["releases"]) == [PROJECT["version"]]
    versions = {name: next(iter(entry["releases"])) for name, entry in index.items()}
    versions |= {name: entry["version"] for name, entry in lock["packages"].items()}
    asked = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["learn"]
    for requirement in map(Requirement, asked):
        assert requirement.specifier.contains(versions[requirement.name]), requirement


def test_the_matrix_tries_the_versions_of_the_lock(lock):
    (row,) = (row for row in matrix.ENVIRONMENTS if row.name == "in the browser")
    tried = {name: version for name, version in row.versions.items() if name != "ipywidgets"}
    assert tried == {name: lock["packages"][name]["version"] for name in tried}


def test_source_maps_are_left_out(built_lite):
    assert list(built_lite.rglob("*.map")) == []


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def opened(built_lite, request):
    """A notebook that is open, with its kernel at rest; what was asked of this host and of others."""
    browser = request.getfixturevalue("browser")  # no browser is started where there is no site
    handler = functools.partial(Quiet, directory=built_lite)
    with ThreadingHTTPServer(("localhost", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        home = f"http://localhost:{server.server_port}/"
        tab = browser.new_context().new_page()
        asked = []
        tab.context.on("request", lambda request: asked.append(request.url))
        tab.goto(f"{home}notebooks/index.html?path=setup.ipynb")
        tab.wait_for_function("document.body.innerText.includes('The constrained problem')")
        rest = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'
        tab.wait_for_selector(rest, timeout=300_000)
        yield (
            tab,
            lambda: [url for url in asked if url.startswith(home)],
            lambda: [url for url in asked if not url.startswith((home, "blob:", "data:"))],
        )
        tab.context.close()
        server.shutdown()


def run(tab, code, expected):
    """Run code in place of the first cell until the page shows a text that the code does not."""
    assert expected not in code
    tab.locator(".jp-CodeCell .cm-content").first.click()
    tab.keyboard.press("Control+a")
    tab.keyboard.insert_text(code)
    tab.keyboard.press("Shift+Enter")
    shown = "text => document.body.innerText.includes(text)"
    tab.wait_for_function(shown, arg=expected, timeout=300_000)


def test_the_first_cell_asks_the_site_itself_for_all_that_the_package_needs(opened, lock):
    tab, here, elsewhere = opened
    run(tab, f"{browser_cell([]).source}\nprint('asked', 6 * 7)", "asked 42")
    for name in ("numpy", "scipy", "matplotlib"):
        wheel = f"/{lite.PYODIDE.as_posix()}/{lock['packages'][name]['file_name']}"
        assert any(url.endswith(wheel) for url in here()), name
    assert elsewhere() == []


def test_the_package_is_installed_from_the_site_and_a_slider_appears(opened):
    tab, _, elsewhere = opened
    # Without what it needs: the site of a machine that does not reach Pyodide's host lacks it.
    wanted = ["sdtutorial", *lite.WIDGETS]
    code = (
        f"import piplite\nawait piplite.install({wanted}, deps=False)\n"
        "import ipywidgets\nfrom importlib.metadata import version\n"
        "print('|'.join(['installed', version('sdtutorial'), str(6 * 7)]))\n"
        "ipywidgets.IntSlider(description='six times ' + str(3 + 4))"
    )
    run(tab, code, f"installed|{PROJECT['version']}|42")
    tab.wait_for_selector(".widget-slider", timeout=60_000)
    assert "six times 7" in tab.inner_text(".widget-slider")
    assert elsewhere() == []


def test_a_chapter_computes_in_the_browser(opened, built_lite):
    if missing := lite.lacking(built_lite):
        pytest.skip(f"nothing was computed: the site lacks {', '.join(missing)}")
    tab, _, elsewhere = opened
    code = (
        f"{browser_cell([]).source}\nimport sdtutorial as sd\n"
        "example = sd.examples.spline()\n"
        "chain = sd.distill(example.gram, example.y, example.tolerance)\n"
        "print(f'{chain.rounds} rounds, {chain.multipliers[0]:.3e}')"
    )
    run(tab, code, "4 rounds, 4.885e-05")
    assert elsewhere() == []
