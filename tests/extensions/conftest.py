"""A book in miniature, built as the real one is."""

import functools
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from miniature import BIBLIOGRAPHY, FIRST, HEADER, SECOND

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def miniature(tmp_path_factory):
    """Build the miniature: `site` is its site, `build` builds it again, a call makes notebooks."""
    root = tmp_path_factory.mktemp("a book")
    book = root / "book"
    book.mkdir()
    shutil.copy(ROOT / "_config.yml", root)
    for folder in ("_ext", "_static", "_templates"):
        shutil.copytree(ROOT / "book" / folder, book / folder)
    (root / "tests").mkdir()
    (root / "tests" / "test_x.py").write_text(
        '@pytest.mark.statement("lem-y")\ndef test_the_lemma(): pass\n'
    )
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: book/works\nparts:\n- caption: Theory\n  numbered: true\n"
        "  chapters: [{file: book/one}, {file: book/two}]\n"
    )
    (book / "one.md").write_text(HEADER + FIRST)
    (book / "two.md").write_text(HEADER + SECOND)
    (book / "works.md").write_text(BIBLIOGRAPHY)
    (book / "references.bib").write_text(
        "@book{author2020, author={Author, Ann}, title={A Title}, publisher={P}, year={2020}}"
    )

    for command in (
        ["init", "-q"],
        ["remote", "add", "origin", "https://github.com/o/n.git"],
        ["-c", "user.name=n", "-c", "user.email=e", "commit", "-q", "--allow-empty", "-m", "x"],
    ):
        subprocess.run(["git", "-C", root, "-c", "commit.gpgsign=false", *command], check=True)

    def build(*options):
        command = [str(Path(sys.executable).parent / "jupyter-book"), "build", "."]
        run = subprocess.run(
            [sys.executable, *command, *options],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert run.returncode == 0, run.stdout

    @functools.cache
    def notebooks(builder="notebooks"):
        build("--builder", "custom", "--custom-builder", builder)
        made = sorted((root / "_build" / builder / "book").glob("*.ipynb"))
        return {path.stem: nbformat.read(path, as_version=4) for path in made}

    build("--all", "-W", "-n", "--keep-going")
    notebooks.site = root / "_build" / "html"
    notebooks.build = build
    return notebooks
