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
def changed_by_the_build(request):
    """The committed files that `make book` changes; it runs once in a run, and builds the book."""
    if request.config.getoption("--built"):
        return set()
    before = _files_that_differ()
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
    return _files_that_differ() - before


@pytest.fixture(scope="session")
def built(changed_by_the_build):
    """The folder of the built book."""
    return ROOT / "_build"


def _files_that_differ():
    command = ["git", "status", "--porcelain"]
    return set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.splitlines())
