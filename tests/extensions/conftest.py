"""A book in miniature, built as the real one is."""

import functools
import subprocess

import nbformat
import pytest
from miniature import build, lay_out


@pytest.fixture(scope="session")
def miniature(tmp_path_factory):
    """Build the miniature: `site` is its site, `build` builds it again, a call makes notebooks."""
    root = tmp_path_factory.mktemp("a book")
    lay_out(root)
    for command in (
        ["init", "-q"],
        ["remote", "add", "origin", "https://github.com/o/n.git"],
        ["-c", "user.name=n", "-c", "user.email=e", "commit", "-q", "--allow-empty", "-m", "x"],
    ):
        subprocess.run(["git", "-C", root, "-c", "commit.gpgsign=false", *command], check=True)

    @functools.cache
    def notebooks(builder="notebooks"):
        build(root, "--builder", "custom", "--custom-builder", builder)
        made = sorted((root / "_build" / builder / "book").glob("*.ipynb"))
        return {path.stem: nbformat.read(path, as_version=4) for path in made}

    build(root, "--all", "-W", "-n", "--keep-going")
    notebooks.site = root / "_build" / "html"
    notebooks.build = functools.partial(build, root)
    return notebooks
