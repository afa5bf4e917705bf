"""What a release hands out is of one edition, and the workflows do what the README says."""

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def _load(path):
    spec = importlib.util.spec_from_file_location("release", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


release = _load(ROOT / ".ci" / "release.py")


def test_all_files_state_one_version():
    assert len(set(release.versions().values())) == 1, release.versions()


def test_the_changelog_says_what_has_changed():
    version, text = release.changes()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert text.startswith("- ")
    assert "## " not in text


def test_a_page_or_notebook_of_another_edition_is_found(tmp_path):
    site, notebooks = tmp_path / "book", tmp_path / "notebooks"
    site.mkdir()
    notebooks.mkdir()
    commit = 40 * "a"
    cell = nbformat.v4.new_code_cell(f'%pip install "git+https://github.com/o/n@{commit}"')
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), notebooks / "one.ipynb")
    (site / "one.html").write_text(f"Version 1.0.0, commit {commit[:7]} of 2026-01-01.")
    assert release.disagreements("1.0.0", commit, tmp_path, notebooks) == []
    assert len(release.disagreements("1.0.1", commit, tmp_path, notebooks)) == 1
    assert len(release.disagreements("1.0.0", 40 * "b", tmp_path, notebooks)) == 2


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_their_hash(path):
    used = re.findall(r"uses: (\S+)(.*)", path.read_text())
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_job_may_write_only_what_it_publishes(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] in ({}, {"contents": "read"})
    writing = {
        job: sorted(name for name, right in entry.get("permissions", {}).items() if right == "write")
        for job, entry in workflow["jobs"].items()
    }
    allowed = {
        "build": [],
        "test": [],
        "site": ["id-token", "pages"],
        "notebooks": ["contents"],
        "release": ["contents"],
    }
    assert writing == {job: allowed[job] for job in writing}


def test_a_fork_without_pages_skips_the_site():
    jobs = yaml.safe_load((ROOT / ".github/workflows/publish.yml").read_text())["jobs"]
    assert jobs["site"]["if"] == "needs.build.outputs.pages == 'true'"
    assert "if" not in jobs["notebooks"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_run_targets_that_exist(path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"make ([a-z-]+)$", path.read_text(), re.M)) <= targets


def test_binder_asks_for_the_package_without_torch():
    asked = (ROOT / "binder" / "requirements.txt").read_text().splitlines()
    assert [line for line in asked if not line.startswith("#")] == [".[learn]"]
