"""Risks on one axis: counts have markers, parameters a logarithmic axis, levels are levels."""

import numpy as np
import pytest
from drawings import draw, drawn, is_drawn, texts

from sdtutorial import plotting


def test_risks_by_count_end_where_their_numbers_end_and_leave_the_picture_at_its_top():
    fits = np.arange(1, 6)
    curves = {"short": [0.2, 0.1], "high": [0.1, 0.2, 0.31, 0.4, 0.2]}
    figure = plotting.risk_curves(fits, curves, "number of fits", {"level": 0.05})
    (axes,) = figure.axes
    assert is_drawn(axes, [1, 2], [0.2, 0.1])
    assert is_drawn(axes, fits, [0.1, 0.2, np.nan, np.nan, 0.2])
    assert is_drawn(axes, [1, 5], [0.05, 0.05])
    assert axes.get_xscale() == "linear"
    assert axes.get_ylim() == (0, 0.3)
    assert all(name in texts(figure) for name in ("short", "high", "level", "number of fits"))
    assert draw(figure)


@pytest.mark.parametrize(("last", "scale"), [(1e-1, "log"), (1e-4, "linear")])
def test_parameters_over_decades_are_on_a_logarithmic_axis(last, scale):
    c = np.geomspace(1e-5, last, 11)
    figure = plotting.risk_curves(c, {"one fit": np.full(11, 0.1)}, "multiplier $c$", top=0.5)
    (axes,) = figure.axes
    assert axes.get_xscale() == scale
    assert axes.get_ylim() == (0, 0.5)
    assert len(drawn(axes)) == 1
    assert draw(figure)


@pytest.mark.parametrize("x", [np.arange(1, 4), np.array([0.1, 0.2, 0.3])], ids=["counts", "numbers"])
def test_every_curve_is_drawn_and_no_two_look_alike(x):
    curves = {f"curve {i}": np.full(3, 0.02 * i + 0.02) for i in range(9)}
    (axes,) = plotting.risk_curves(x, curves, "x").axes
    for values in curves.values():
        assert is_drawn(axes, x, values)
    # the shown name of a dash pattern is "--" for all of them
    seen = {f"{line.get_color()} {line._dash_pattern}" for line in axes.lines}
    assert len(seen) == 9
