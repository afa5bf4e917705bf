"""The committed notebooks are those that the book makes, and a reader sees no markup in them."""

import ast
import re
import subprocess
import sys

import nbformat
import pytest
from pages import NOTEBOOKS as SOURCES

NOTEBOOKS = [source.with_suffix(".ipynb") for source in SOURCES]

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)

MARKUP = re.compile(
    r":::|\{(?:prf|glue|ref|eq|doc|numref|cite|code-cell|figure|admonition|exercise|solution)\b"
)


def read(path):
    assert path.exists(), f"{path.name} is missing: run make notebooks"
    return nbformat.read(path, as_version=4)


@each_notebook
def test_a_notebook_is_the_one_that_its_chapter_makes_today(path, built):
    made = built / "notebooks" / "book" / path.name
    assert path.exists(), "missing: run make notebooks"
    assert path.read_bytes() == made.read_bytes(), "stale: run make notebooks"


def test_there_is_no_notebook_without_a_chapter():
    stray = set(SOURCES[0].parent.glob("*.ipynb")) - set(NOTEBOOKS)
    assert stray == set(), "delete them, or list their chapters in _toc.yml"


@each_notebook
def test_no_markup_of_the_book_shows_through(path):
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            assert not MARKUP.search(cell.source), cell.source


@each_notebook
def test_formulas_are_closed(path):
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"```.*?```|``.*?``|`[^`]*`|\\\$", "", cell.source, flags=re.S)
            assert text.count("$") % 2 == 0, cell.source
            # A line of a formula must not look like a quotation, a list or a heading.
            for formula in re.findall(r"\$\$.*?\$\$", text, flags=re.S):
                assert not re.search(r"\n\s*[>+*#=-]", formula), formula


@each_notebook
def test_a_notebook_begins_by_making_sure_of_the_package_and_knows_no_address(path):
    first, *_ = read(path).cells
    assert first.cell_type == "code"
    assert 'find_spec("sdtutorial")' in first.source
    assert "github" not in path.read_text(encoding="utf-8")


@each_notebook
def test_a_cell_that_prints_has_its_output_stored(path):
    for cell in read(path).cells[1:]:  # the first one speaks where something is missing
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "code" and shows_text(cell.source) and "nbval-ignore-output" not in tags:
            assert cell.outputs, f"run make notebooks, or tag nbval-ignore-output:\n{cell.source}"


def shows_text(source):
    tree = ast.parse(re.sub(r"^(\s*)[%!]", r"\1# ", source, flags=re.M))
    if not tree.body:
        return False
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    prints = any(isinstance(name, ast.Name) and name.id == "print" for name in called)
    return prints or isinstance(tree.body[-1], ast.Expr) and not ends_in_glue(tree.body[-1])


def ends_in_glue(statement):
    called = getattr(statement.value, "func", None)
    return getattr(called, "id", "").startswith("glue")


@each_notebook
def test_outputs_are_text(path):
    for cell in read(path).cells:
        for output in cell.get("outputs", []):
            assert output.output_type in ("stream", "execute_result", "display_data")
            assert output.output_type != "stream" or output.name == "stdout"
            assert set(output.get("data", {"text/plain": ""})) == {"text/plain"}


@pytest.mark.slow
def test_a_wrong_number_in_a_notebook_is_noticed(tmp_path):
    notebook = read(NOTEBOOKS[1])
    printed = next(
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and re.search(r"\d", output.text)
    )
    printed.text = re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), printed.text, count=1)
    wrong = tmp_path / "wrong.ipynb"
    nbformat.write(notebook, wrong)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", wrong.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1, run.stdout
    assert "Notebook cell execution failed" in run.stdout or "mismatch" in run.stdout, run.stdout
