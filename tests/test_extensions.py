"""The book's own Sphinx extensions, and the notebooks that they write from a book in miniature."""

import functools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from address import colab_address, find_address, https_address
from nbformat.v4 import new_code_cell, new_output
from notebooks import install_cell, names, needed_hidden_cells, serialise, text_outputs
from self_contained import needed_scripts
from statements import find_checks

ROOT = Path(__file__).parents[1]


# The address.


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/owner/name",
        "https://github.com/owner/name.git\n",
        "https://user:secret@github.com/owner/name.git",
        "git@github.com:owner/name.git",
        "ssh://git@github.com/owner/name.git",
    ],
)
def test_an_address_is_made_from_every_form_of_a_remote(remote):
    assert https_address(remote) == "https://github.com/owner/name"


@pytest.mark.parametrize("remote", ["", "/srv/name.git", "https://example.org/owner/name", "x"])
def test_no_address_is_made_up(remote):
    assert https_address(remote) is None


def test_the_address_of_the_workflow_goes_before_that_of_the_remote(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert find_address(tmp_path, {}) is None
    remote = ["remote", "add", "origin", "git@github.com:me/fork.git"]
    subprocess.run(["git", "-C", tmp_path, *remote], check=True)
    assert find_address(tmp_path, {}) == "https://github.com/me/fork"
    assert find_address(tmp_path, {"GITHUB_REPOSITORY": "o/n"}) == "https://github.com/o/n"


def test_colab_opens_the_branch_of_the_notebooks():
    address = colab_address("https://github.com/o/n", "book/setup")
    assert address.endswith("/github/o/n/blob/notebooks/book/setup.ipynb")


# Scripts.


def test_scripts_that_stand_twice_or_start_servers_are_dropped():
    def script(name, body=""):
        return SimpleNamespace(filename=name, attributes={"body": body})

    kept = needed_scripts(
        [script("a.js"), script("a.js"), script("", "let x"), script("", "const THEBE_JS_URL"), "b"]
    )
    assert [getattr(item, "filename", item) for item in kept] == ["a.js", "", "b"]


# Statements and their tests.


def test_marks_are_found_wherever_they_stand(tmp_path):
    tests = tmp_path / "tests"
    (tests / "part").mkdir(parents=True)
    (tests / "test_a.py").write_text(
        '@pytest.mark.statement("thm-x")\n@pytest.mark.statement("lem-y")\ndef test_one(): pass\n'
        "def test_unmarked(): pass\n"
    )
    (tests / "part" / "test_b.py").write_text(
        'class TestX:\n  @pytest.mark.statement("thm-x")\n  def test_two(self): pass\n'
    )
    checks = find_checks(tests)
    assert sorted(checks) == ["lem-y", "thm-x"]
    assert {(check.name, check.file) for check in checks["thm-x"]} == {
        ("test_one", "tests/test_a.py"),
        ("test_two", "tests/part/test_b.py"),
    }


# Cells of notebooks.


def test_outputs_keep_text_and_join_what_was_printed_in_pieces():
    outputs = [
        new_output("stream", name="stdout", text="a\n\n"),
        new_output("stream", name="stdout", text="\nb\n"),
        new_output("display_data", data={"image/png": "...", "text/plain": "<Figure>"}),
        new_output("display_data", data={"text/html": "<b>", "text/plain": "<HTML object>"}),
        new_output("display_data", data={"application/papermill.record/text/plain": "'4'"}),
        new_output("execute_result", data={"text/plain": "2"}),
    ]
    stream, drawing, result = text_outputs(outputs)
    assert stream.text == "a\n\n\nb\n"
    assert outputs[0].text == "a\n\n"
    assert drawing.data == {"text/plain": "<Figure>"}
    assert result.data == {"text/plain": "2"}


def test_a_hidden_cell_stays_where_a_shown_one_needs_it():
    def cell(source, *tags):
        return new_code_cell(source, metadata={"tags": list(tags)})

    cells = [
        cell("import numpy as np", "remove-cell"),
        cell("x = np.ones(3)", "remove-cell"),
        cell("y = 1\nglue(\n    'a', y\n)", "remove-cell"),
        cell("glue('a', 1)", "remove-cell"),
        cell("print(x, y)"),
        cell("x = 1", "remove-cell"),
    ]
    assert needed_hidden_cells(cells) == [
        (0, "import numpy as np"),
        (1, "x = np.ones(3)"),
        (2, "y = 1"),
    ]


def test_names_know_what_is_bound_and_what_is_used():
    bound, used = names("import a.b as c\nfrom d import e\n%magic\nf = [g for g in h]\nf[0] = i")
    assert bound == {"c", "e", "f", "g"}
    assert {"g", "h", "i"} <= used


def test_the_first_cell_installs_from_the_address_it_is_given_and_knows_none_by_itself():
    assert "http" not in install_cell().source
    published = install_cell("https://github.com/o/n", "abc").source
    assert '%pip install --quiet --no-deps "git+https://github.com/o/n@abc"' in published


def test_a_notebook_is_the_same_bytes_each_time():
    def cells():
        return [new_code_cell("1", outputs=[new_output("execute_result", data={})])]

    assert serialise(cells()) == serialise(cells())
    assert json.loads(serialise(cells()))["cells"][0]["execution_count"] == 1


# A book in miniature, built as the real one is.

HEADER = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
---
"""

FIRST = r"""
(one)=
# One

```{code-cell} ipython3
:tags: [remove-cell]

from sdtutorial.notebook import glue
glue("pi", 3.14159)
```

Here {glue:text}`pi:.2f`, {cite:t}`author2020` and {numref}`fig-line`; a | bar, 2 * 3 * 4.

> A quotation with
>
> $$
> a
> = b
> $$ (eq-quoted)

````{prf:definition} Of $x$
:label: def-x

It is

$$
x = \begin{aligned} 1 \\ 2 \end{aligned}
$$ (eq-x)

- as {eq}`eq-quoted` says,
- twice.
````

````{prf:lemma}
:label: lem-y

By {prf:ref}`def-x`.
````

````{prf:proof}
Clear.
````

$$
1
> 0
$$

| $\|a\|$ | right |
|---|---:|
| 1 | {glue:text}`pi:.1f` |

:::{note}
Mind *this*.
:::

## Part

```{exercise-start} Title
:label: ex-a
```
Do it.
```{exercise-end}
```

```{solution-start} ex-a
:label: sol-a
:class: dropdown
```

By

```{code-cell} ipython3
print(1 / 4)
```

```{code-cell} ipython3
import time

print("in pieces\n", flush=True)
time.sleep(0.5)
print("\nis one")
```

done.

```{solution-end}
```
"""

SECOND = r"""
# Two

See {prf:ref}`lem-y`, {eq}`eq-x`, {ref}`ex-a` and [the first](one.md).

```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig-line
    caption: A line, {glue:text}`one.md::pi:.3f`.
  image:
    alt: A line that rises from the left to the right
---
import matplotlib.pyplot as plt
figure = plt.figure()
```
"""

BIBLIOGRAPHY = """# Works

```{bibliography}
```
"""


@pytest.fixture(scope="module")
def miniature(tmp_path_factory):
    """Build the miniature and return a function that makes its notebooks, given variables."""
    root = tmp_path_factory.mktemp("a book")
    book = root / "book"
    book.mkdir()
    shutil.copy(ROOT / "_config.yml", root)
    for folder in ("_ext", "_static"):
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

    def build(*options, **variables):
        command = [sys.executable, str(Path(sys.executable).parent / "jupyter-book"), "build", "."]
        run = subprocess.run(
            [*command, *options],
            cwd=root,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert run.returncode == 0, run.stdout

    @functools.cache
    def notebooks(**variables):
        build("--builder", "custom", "--custom-builder", "notebooks", **variables)
        made = sorted((root / "_build" / "notebooks" / "book").glob("*.ipynb"))
        return {path.stem: nbformat.read(path, as_version=4) for path in made}

    build("--all", "-W", "-n", "--keep-going", GITHUB_REPOSITORY="")
    return notebooks


def markdown(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def test_pages_with_code_become_notebooks_and_others_do_not(miniature):
    assert sorted(miniature()) == ["one", "two"]


def test_statements_carry_the_numbers_of_the_site_and_name_their_tests(miniature):
    text = markdown(miniature()["one"])
    assert "> **Definition 1.1 (Of $x$).**" in text
    assert "> **Lemma 1.2.**\n>\n> By Definition 1.1." in text
    assert "Checked by `test_the_lemma` in `tests/test_x.py`." in text
    assert "*Proof.* Clear." in text


def test_formulas_are_numbered_and_stand_on_one_line_in_a_quotation(miniature):
    text = markdown(miniature()["one"])
    assert "> $$ a = b \\tag{1.1} $$" in text
    assert "> $$ x = \\begin{aligned} 1 \\\\ 2 \\end{aligned} \\tag{1.2} $$" in text
    assert "as (1.1) says" in text
    assert "$$\n1 > 0\n$$" in text


def test_glued_numbers_citations_and_references_are_resolved(miniature):
    notebooks = miniature()
    first = markdown(notebooks["one"])
    assert "Here 3.14, Author (2020) and [Fig. 2.1](two.ipynb); a | bar, 2 \\* 3 \\* 4." in first
    assert first.endswith("## References\n\n- Ann Author. *A Title*. P, 2020.")
    second = markdown(notebooks["two"])
    assert "[Lemma 1.2](one.ipynb), [(1.2)](one.ipynb), [Exercise 1.1](one.ipynb)" in second
    assert "[the first](one.ipynb)" in second


def test_tables_notes_and_captions_are_plain_markdown(miniature):
    notebooks = miniature()
    first = markdown(notebooks["one"])
    assert "| $\\vert a\\vert $ | right |\n| --- | ---: |\n| 1 | 3.1 |" in first
    assert "> **Note**\n>\n> Mind *this*." in first
    cells = notebooks["two"].cells
    drawing = next(place for place, cell in enumerate(cells) if "plt.figure" in cell.source)
    assert cells[drawing + 1].source == "**Fig. 2.1.** A line, 3.142."


def test_exercises_and_solutions_are_headings_with_the_code_between(miniature):
    cells = miniature()["one"].cells
    code = next(place for place, cell in enumerate(cells) if cell.source == "print(1 / 4)")
    assert cells[code].outputs[0].text == "0.25\n"
    before = cells[code - 1].source
    assert "### Exercise 1.1 (Title)\n\nDo it." in before
    assert before.endswith("### Solution to Exercise 1.1 (Title)\n\nBy")
    assert cells[code + 1].outputs[0].text == "in pieces\n\n\nis one\n"
    assert cells[code + 2].source.startswith("done.")


def test_no_notebook_knows_an_address_unless_it_is_told_one(miniature):
    neutral = miniature(GITHUB_REPOSITORY="o/n")
    assert not any("github" in str(notebook) for notebook in neutral.values())
    told = miniature(NOTEBOOK_REPOSITORY="https://github.com/o/n", NOTEBOOK_REVISION="abc")
    assert "git+https://github.com/o/n@abc" in told["one"].cells[0].source
    assert "o/n/blob/notebooks/book/one.ipynb)" in markdown(told["two"])
    assert "https://github.com/o/n/blob/HEAD/tests/test_x.py#L2" in markdown(told["one"])
    assert miniature() == neutral


# The README.


def test_the_example_of_the_readme_draws_its_figure(tmp_path, monkeypatch, capsys):
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)[1]
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert capsys.readouterr().out.startswith("4 [")
    drawn, committed = tmp_path / "chain.png", ROOT / "book" / "_static" / "chain.png"
    # The bytes depend on the version of Matplotlib, the size in pixels does not.
    assert drawn.read_bytes()[16:24] == committed.read_bytes()[16:24]
