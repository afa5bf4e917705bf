"""The built book, for the tests that look at its pages and notebooks; settings of all tests."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# The same examples on every run, and no time limit on a single one.
settings.register_profile("book", deadline=None, derandomize=True, database=None)
settings.load_profile("book")


def pytest_addoption(parser):
    parser.addoption(
        "--built",
        action="store_true",
        help="look at the site in _build as it is, instead of building it first",
    )


@pytest.fixture(scope="session")
def built(request):
    """The folder of the built book, made by `make book` once in a run."""
    if not request.config.getoption("--built"):
        before = _committed_files_changed()
        build = subprocess.run(
            ["make", "--no-print-directory", "book", "notebooks-built"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        if build.returncode != 0:
            pytest.exit(f"{build.stdout}\nThe book does not build (the reason is above).", 1)
        request.config.stash[CHANGED_BY_BUILD] = _committed_files_changed() - before
    return ROOT / "_build"


CHANGED_BY_BUILD = pytest.StashKey()


def _committed_files_changed():
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True
    )
    return set(status.stdout.splitlines())
