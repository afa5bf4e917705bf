"""The spline explorer shows the package's own values."""

import re

import numpy as np
import pytest

import sdtutorial as sd
from sdtutorial import examples, interactive, notebook


@pytest.fixture(scope="module")
def own(explorers):
    """What is shown at the tolerance of the paper."""
    explorer = explorers["spline"]
    return explorer.position(explorer.labels.index("0.04"))


def heights(marks, t=None):
    """Return the vertical places along the paths of the marks."""
    paths = re.findall(r'd="M[\d.]+,([\d.]+)((?:l-?[\d.]+,-?[\d.]+)+)"', marks)
    steps = [re.findall(r"l-?[\d.]+,(-?[\d.]+)", path) for _, path in paths]
    return [
        float(start) + np.cumsum([0, *map(float, path)]) for (start, _), path in zip(paths, steps)
    ]


def test_the_tolerances_run_around_the_examples_own(example):
    grid = interactive.tolerance_grid(example)
    assert (np.diff(grid) > 0).all()
    assert grid[0] == pytest.approx(example.tolerance / 8)
    assert grid[-1] == pytest.approx(example.tolerance * 3)
    assert example.tolerance in grid
    assert np.ptp(np.diff(np.log(grid))) < 0.03


def test_the_numbers_are_the_packages(example, explorers):
    """Every number, computed anew from its tolerance."""
    explorer = explorers["spline"]
    assert explorer.labels == [f"{value:g}" for value in interactive.tolerance_grid(example)]
    for index, label in enumerate(explorer.labels):
        chain = sd.distill(example.gram, example.y, float(label))
        shown = explorer.position(index).numbers
        assert len(shown["round"]) == chain.rounds + 1
        assert set(shown["rounds"]) == {str(chain.rounds)}
        *multipliers, last = shown["multiplier"]
        assert multipliers == [notebook.scientific(c) for c in chain.multipliers]
        assert last == "∞"
        assert np.array(shown["norm-ratio"], float) == pytest.approx(chain.norm_ratios, abs=5e-4)
        errors = examples.integrated_squared_error(chain, example)
        assert np.array(shown["error"][:-1], float) == pytest.approx(errors, abs=6e-5)
        assert shown["error"][-1] == "0.5000"  # the integral of sin^2


def test_the_curves_are_the_fits(example, explorers):
    """Heights in the drawing go from 26 at the upper edge of the axes to 212."""
    points = np.linspace(0, 1, 65)
    cross = example.kernel(points, example.x) / len(example.x)
    edge = interactive.spline.function_axes(example).y[1]
    explorer = explorers["spline"]
    for index, label in enumerate(explorer.labels):
        chain = sd.distill(example.gram, example.y, float(label))
        *drawn, zero = heights(explorer.position(index).marks[0])
        values = (119 - np.array(drawn)) / 93 * edge
        assert values == pytest.approx(chain.predict(cross), abs=0.06 / 93 * edge)
        assert (zero == 119).all()


def test_the_bars_are_the_filters(example, explorers):
    explorer = explorers["spline"]
    for index, label in enumerate(explorer.labels):
        chain = sd.distill(example.gram, example.y, float(label))
        lengths = re.findall(r"M[\d.]+,26v([\d.]+)", explorer.position(index).marks[2])
        powers = -10 / 186 * np.array(lengths, float).reshape(chain.filters.shape)
        expected = np.maximum(np.log10(chain.filters), -10)
        assert powers == pytest.approx(expected, abs=6e-3)


def test_the_page_of_the_paper_is_among_them(own):
    assert own.numbers["multiplier"] == [
        "4.885 × 10⁻⁵", "1.710 × 10⁻⁴", "3.898 × 10⁻⁴", "1.070 × 10⁻³", "∞",
    ]  # fmt: skip
    assert own.numbers["round"] == ["0", "1", "2", "3", "4, collapsed to zero"]


def test_the_error_falls_once_and_then_rises(own):
    places = np.array(re.findall(r'cy="([\d.]+)"', own.marks[1]), float)
    assert np.sign(np.diff(places)).tolist() == [1, -1, -1, -1]  # the lowest dot is round 1


@pytest.mark.filterwarnings("ignore::sdtutorial.InputWarning")
def test_labels_within_the_tolerance_of_zero_have_no_rounds(example):
    from dataclasses import replace

    explorer = interactive.spline_explorer(replace(example, tolerance=4.0))
    last = explorer.position(len(explorer.labels) - 1)
    assert last.numbers["round"] == ["0, collapsed to zero"] and last.numbers["error"] == ["0.5000"]
    assert explorer.page() and explorer.picture()


def test_the_drawings_can_be_chosen(example):
    explorer = interactive.spline_explorer(example, drawings=["fits", "errors"])
    assert explorer.picture().count("<svg") == 2
    assert "multiplier" not in explorer.numbers
    with pytest.raises(ValueError, match="fits.*not.*bars"):
        interactive.spline_explorer(example, drawings=["bars"])
