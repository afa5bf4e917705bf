"""The builder of the notebooks: which cells and outputs they hold, and what they know."""

import json
import re
import sys

import pytest
from miniature import markdown
from nbformat.v4 import new_code_cell, new_output
from notebooks import (
    browser_cell,
    drop_unused_glue,
    install_cell,
    kept_outputs,
    names,
    needed_hidden_cells,
    needs_torch,
    serialise,
)

NETWORKS = new_code_cell("from sdtutorial.networks import analysis")
LEARNING = new_code_cell("from sklearn import svm")


def test_outputs_keep_text_and_join_what_was_printed_in_pieces():
    outputs = [
        new_output("stream", name="stdout", text="a\n\n"),
        new_output("stream", name="stdout", text="\nb\n"),
        new_output("display_data", data={"image/png": "...", "text/plain": "<Figure>"}),
        new_output("display_data", data={"text/html": "<b>", "text/plain": "<HTML object>"}),
        new_output("display_data", data={"application/papermill.record/text/plain": "'4'"}),
        new_output("execute_result", data={"text/plain": "2"}),
    ]
    stream, drawing, result = kept_outputs(outputs)
    assert stream.text == "a\n\n\nb\n"
    assert outputs[0].text == "a\n\n"
    assert drawing.data == {"text/plain": "<Figure>"}
    assert result.data == {"text/plain": "2"}


def test_published_outputs_keep_the_figures():
    for kind in ("image/png", "image/svg+xml"):
        data = {kind: "...", "text/plain": "<Figure>"}
        kept = kept_outputs([new_output("display_data", data=data)], keeps_figures=True)
        assert kept[0].data == data


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


def test_imports_that_only_served_the_prose_are_taken_out():
    sources = [
        "import numpy as np\nfrom sdtutorial.notebook import glue, scientific",
        "from sdtutorial.notebook import runtime\n\nprint(runtime(), scientific(2))",
        "from sdtutorial.notebook import glue",
    ]
    cells = [new_code_cell(source) for source in sources]
    assert [cell.source for cell in drop_unused_glue(cells)] == [
        "import numpy as np\nfrom sdtutorial.notebook import scientific",
        sources[1],
    ]


def test_names_know_what_is_bound_and_what_is_used():
    bound, used = names("import a.b as c\nfrom d import e\n%magic\nf = [g for g in h]\nf[0] = i")
    assert bound == {"c", "e", "f", "g"}
    assert {"g", "h", "i"} <= used


def test_the_first_cell_installs_from_the_address_it_is_given_and_knows_none_by_itself():
    assert "http" not in install_cell().source
    published = install_cell("https://github.com/o/n", "abc").source
    assert '%pip install --quiet --no-deps "git+https://github.com/o/n@abc"' in published


def test_the_first_cell_says_which_edition_it_is_of_where_that_is_known():
    line = "Version 1.2.3, commit 1234567 of 2026-01-01."
    for cell in (install_cell("https://github.com/o/n", "abc", edition=line), browser_cell([], line)):
        assert f"\n# {line}\n" in cell.source
    assert "Version" not in install_cell().source


def test_the_first_cell_speaks_of_torch_where_networks_are_used():
    assert needs_torch([new_code_cell("from sdtutorial.networks import analysis")])
    assert not needs_torch([new_code_cell("from sdtutorial import kernels")])
    assert "sdtutorial[networks]" in install_cell(cells=[NETWORKS]).source
    assert "torch" not in install_cell().source


@pytest.fixture
def first_cell(monkeypatch):
    """Run the first cell of a published notebook where some modules are not found."""

    def run(cells, *absent):
        def find_spec(name):
            return None if name in absent else name

        monkeypatch.setattr("importlib.util.find_spec", find_spec)
        source = install_cell("https://github.com/o/n", cells=cells).source
        exec(source.replace("%pip", "# %pip"), {})

    return run


def test_the_first_cell_goes_on_without_torch(first_cell, capsys):
    first_cell([NETWORKS], "sdtutorial", "torch")
    assert "sdtutorial[networks]" in capsys.readouterr().out


def test_the_first_cell_ends_where_an_installation_failed(first_cell, monkeypatch):
    """`%pip` says what went wrong and raises nothing; the import below it does."""
    monkeypatch.setitem(sys.modules, "sdtutorial", None)
    with pytest.raises(ImportError):
        first_cell([], "sdtutorial")


def test_the_first_cell_names_what_its_chapter_lacks(first_cell):
    with pytest.raises(ModuleNotFoundError, match="needs these as well: numpy, scikit-learn$"):
        first_cell([LEARNING], "numpy", "sklearn")
    first_cell([], "sklearn")  # another chapter does without


def test_a_notebook_is_the_same_bytes_each_time():
    def cells():
        return [new_code_cell("1", outputs=[new_output("execute_result", data={})])]

    assert serialise(cells()) == serialise(cells())
    assert json.loads(serialise(cells()))["cells"][0]["execution_count"] == 1


def test_the_lines_of_an_output_stay_together_where_a_reader_would_see_them_parted():
    cell = new_code_cell("1", outputs=[new_output("stream", name="stdout", text="a\nb\n")])
    (parted,), (whole,) = (
        json.loads(serialise([cell], split))["cells"][0]["outputs"] for split in (True, False)
    )
    assert parted["text"] == ["a\n", "b\n"]
    assert whole["text"] == "a\nb\n"


def test_pages_with_code_become_notebooks_and_others_do_not(miniature):
    assert sorted(miniature()) == ["one", "two"]


def test_only_the_published_notebooks_know_an_address(miniature):
    neutral = miniature()
    assert not any("github" in str(notebook) for notebook in neutral.values())
    published = miniature("published_notebooks")
    first = published["one"].cells[0].source
    assert re.search(r"git\+https://github.com/o/n@[0-9a-f]{40}\b", first)
    assert re.search(r"\n# Version [\d.]+, commit [0-9a-f]{7} of 20", first)
    assert "o/n/blob/notebooks/book/one.ipynb)" in markdown(published["two"])
    assert "https://github.com/o/n/blob/HEAD/tests/test_x.py#L2" in markdown(published["one"])
