"""Numbers reach the prose unharmed, and nothing is shown on the way."""

import json
import math
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdtutorial import notebook


class Shell:
    """Stands for the shell of a kernel and keeps what is published."""

    kernel = object()


@pytest.fixture
def published(monkeypatch):
    """What glue publishes, as (data, metadata), when a kernel runs."""
    import IPython.display

    outputs = []

    def display(data, *, raw, metadata):
        assert raw
        json.dumps([data, metadata])  # a kernel sends JSON
        outputs.append((data, metadata))

    monkeypatch.setattr(IPython.display, "display", display)
    monkeypatch.setattr(notebook, "_shell", Shell)
    return outputs


def shown_by_myst_nb(output, format_spec="s"):
    """The text that MyST-NB puts into the prose."""
    from myst_nb.core.variables import format_plain_text
    from myst_nb.ext.glue import extract_glue_data_cell
    from nbformat.v4 import new_code_cell, new_output

    data, metadata = output
    cell = new_code_cell(outputs=[new_output("display_data", data, metadata=metadata)])
    ((name, glued),) = extract_glue_data_cell(cell)
    assert cell.outputs == []  # nothing remains to be shown at the cell itself
    return name, format_plain_text(glued["data"]["text/plain"], format_spec)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("four", "four"),
        ("it's", "it's"),
        ("007", "007"),
        ("1_000", "1_000"),
        (4, "4"),
        (2.5, "2.5"),
        (np.float64(2.5), "2.5"),
        (np.float32(0.5), "0.5"),
        (np.int64(7), "7"),
        (np.str_("text"), "text"),
        (np.array([1.5, 2.5])[1], "2.5"),
    ],
)
def test_the_prose_shows_what_was_glued(published, value, shown):
    notebook.glue("key", value)
    assert shown_by_myst_nb(published[0]) == ("key", shown)


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_no_digit_of_a_number_is_lost(value):
    with pytest.MonkeyPatch.context() as patch:
        outputs = []
        patch.setattr(notebook, "_publish", lambda name, data: outputs.append(data))
        notebook.glue("key", np.float64(value))
    assert float(outputs[0]["text/plain"]) == value


def test_a_glued_number_takes_a_format(published):
    notebook.glue("multiplier", np.float64(4.885234e-5))
    assert shown_by_myst_nb(published[0], ".3e")[1] == "4.885e-05"


@pytest.mark.parametrize(
    "value",
    [None, True, np.bool_(True), 1j, [1.0], np.ones(1), np.array(1.0), Fraction(1, 2), b"text"],
)
def test_other_kinds_are_refused(published, value):
    with pytest.raises(TypeError, match="expected"):
        notebook.glue("key", value)
    assert published == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -np.inf, np.float64("nan")])
def test_numbers_that_are_not_finite_are_refused(published, value):
    with pytest.raises(ValueError, match="finite"):
        notebook.glue("key", value)
    assert published == []


def test_the_name_is_text(published):
    with pytest.raises(TypeError, match="name"):
        notebook.glue(3, 4)


def test_several_values_are_glued_at_once(published):
    notebook.glue_values(rounds=4, tolerance=0.04)
    assert [shown_by_myst_nb(output) for output in published] == [
        ("rounds", "4"),
        ("tolerance", "0.04"),
    ]


def test_of_several_values_none_is_glued_when_one_is_wrong(published):
    with pytest.raises(ValueError):
        notebook.glue_values(rounds=4, tolerance=math.nan)
    assert published == []


@pytest.mark.parametrize(
    ("value", "markdown"),
    [
        (4.88523e-5, r"$4.885 \times 10^{-5}$"),
        (np.float64(1.5), "$1.500$"),
        (np.int64(4), "$4$"),
        (r"c_0 = \infty", r"$c_0 = \infty$"),
    ],
)
def test_mathematics_is_glued_as_markdown(published, value, markdown):
    notebook.glue_math("key", value)
    data, metadata = published[0]
    assert data[metadata["scrapbook"]["mime_prefix"] + "text/markdown"] == markdown


def test_the_prose_typesets_glued_mathematics(tmp_path):
    """A page that is built shows the number as mathematics, and the text as text."""
    (tmp_path / "conf.py").write_text(
        'extensions = ["myst_nb"]\nmyst_enable_extensions = ["dollarmath"]\n'
    )
    (tmp_path / "index.md").write_text(
        "---\nfile_format: mystnb\nkernelspec: {name: python3}\n---\n# Page\n\n"
        "```{code-cell}\nfrom sdtutorial.notebook import glue, glue_math\n"
        "glue('text', 'plain words')\nglue_math('number', 4.88523e-5)\n```\n\n"
        "Shown: {glue:text}`text` and {glue:md}`number:myst`.\n"
    )
    build = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", tmp_path, tmp_path / "out"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(notebook.__file__).parents[1])},
    )
    assert build.returncode == 0, build.stderr
    page = (tmp_path / "out" / "index.html").read_text()
    assert "plain words" in page.split("Shown:")[1]
    assert r"\(4.885 \times 10^{-5}\)" in page.split("Shown:")[1]
    assert "papermill" not in page


@given(
    mantissa=st.integers(1000, 9999),
    exponent=st.integers(-300, 300),
    negative=st.booleans(),
)
def test_scientific_text_reads_back_as_the_number(mantissa, exponent, negative):
    value = float(f"{'-' if negative else ''}{mantissa}e{exponent}")
    text = notebook.scientific(value)
    plain = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")
    head, _, power = text.translate(plain).partition(" × 10")
    assert float(f"{head}e{power or 0}") == pytest.approx(value, rel=1e-12)
    tex = notebook.scientific(value, tex=True)
    assert tex.replace(r" \times 10^{", "e").replace("}", "") in (
        f"{head}e{power}",
        head,
    )


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (4.88523e-5, 4, "4.885 × 10⁻⁵"),
        (9.9996, 4, "1.000 × 10¹"),
        (5, 1, "5"),
        (0, 3, "0.00"),
        (-0.0, 3, "0.00"),
        (-1234, 2, "−1.2 × 10³"),
    ],
)
def test_scientific_text_looks_as_in_print(value, digits, text):
    assert notebook.scientific(value, digits) == text


def test_scientific_takes_numbers_alone():
    with pytest.raises(TypeError):
        notebook.scientific("1.5")
    with pytest.raises(ValueError):
        notebook.scientific(1.5, 0)
    with pytest.raises(TypeError, match="digits must be a whole number"):
        notebook.scientific(1.5, 2.5)
    with pytest.raises(ValueError, match="beyond the range of floats"):
        notebook.scientific(10**400)


def test_a_script_glues_without_a_word():
    """Outside IPython nothing is printed, even where IPython happens to be imported."""
    for prelude in ("", "import IPython; "):
        script = subprocess.run(
            [
                sys.executable,
                "-c",
                prelude + "from sdtutorial import notebook; notebook.glue('key', 1);"
                "notebook.glue_math('other', 2.0); print(notebook.runtime())",
            ],
            capture_output=True,
            text=True,
            env={"PATH": ""},
        )
        assert (script.stdout, script.stderr) == ("script\n", "")


@pytest.mark.parametrize("stated", notebook.RUNTIMES)
def test_the_stated_runtime_decides(monkeypatch, stated):
    monkeypatch.setenv("SDTUTORIAL_RUNTIME", stated)
    assert notebook.runtime() == stated


def test_a_misspelt_runtime_is_refused(monkeypatch):
    monkeypatch.setenv("SDTUTORIAL_RUNTIME", "bock")
    with pytest.raises(ValueError, match="bock"):
        notebook.runtime()


def test_colab_is_known_by_its_module(monkeypatch):
    monkeypatch.delenv("SDTUTORIAL_RUNTIME", raising=False)
    monkeypatch.setattr(notebook, "_shell", Shell)
    assert notebook.runtime() == "jupyter"
    monkeypatch.setitem(sys.modules, "google.colab", object())
    assert notebook.runtime() == "colab"
