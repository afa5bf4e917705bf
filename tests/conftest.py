"""The built book and a browser, for the tests that look at its pages; settings of all tests."""

import functools
import os
import shutil
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]
BROWSERS = ("chromium", "chromium-headless-shell", "google-chrome", "chromium-browser")
NEED_A_BUILD = {"built", "built_lite", "changed_by_the_build", "browser", "miniature"}
NEED_A_TRAINING = {"machine", "run_script", "tiny_preset", "undisturbed"}

# The same examples on every run, and no time limit on a single one; in `make matrix`, other ones
# on every run, and more of them.
settings.register_profile("book", deadline=None, derandomize=True, database=None)
settings.register_profile(
    "matrix", deadline=None, database=None, max_examples=200, print_blob=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "book"))


def pytest_addoption(parser):
    parser.addoption(
        "--built",
        action="store_true",
        help="look at the site in _build as it is, instead of building it first",
    )
    parser.addoption(
        "--need-browser",
        action="store_true",
        help="fail where no browser is found, instead of skipping the tests that need one",
    )


def pytest_collection_modifyitems(items):
    """Mark what needs a built book, a browser or a training, which `make check` leaves out."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & NEED_A_BUILD:
            item.add_marker("build")
        if fixtures & NEED_A_TRAINING:
            item.add_marker("slow")


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


@pytest.fixture(scope="session")
def server(built):
    """The address at which the built site is served."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=built / "html")
    with ThreadingHTTPServer(("localhost", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser(request):
    """A Chromium that asks nobody; without one its tests say so and are skipped."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        if request.config.getoption("--need-browser"):
            pytest.fail(f"found none of the browsers {', '.join(BROWSERS)}")
        pytest.skip(f"needs a browser, one of {', '.join(BROWSERS)}: the pages were not opened")
    from playwright.sync_api import sync_playwright

    quiet = ["background-networking", "component-update", "sync", "quic", "gpu"]
    arguments = [f"--disable-{service}" for service in quiet] + ["--no-first-run"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program, args=arguments)


def _files_that_differ():
    command = ["git", "status", "--porcelain"]
    return set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.splitlines())
