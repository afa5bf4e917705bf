"""Norms and numbers of rounds between their bounds."""

import numpy as np
import pytest
from drawings import draw, is_drawn, texts

from sdtutorial import plotting

TOLERANCES = np.array([1e-3, 1e-1, 1e-2])


def test_the_norms_walk_between_their_bounds(chain):
    t, r = np.arange(chain.rounds + 1), chain.norm_ratios[0]
    paper = np.array([r, 0.7, -2.0, -5.0, -9.0])
    bounds = {"lower": r - t, "upper": np.sqrt(r**2 - t)}
    figure = plotting.norm_walk(chain.norm_ratios, bounds, paper)
    (axes,) = figure.axes
    assert is_drawn(axes, t, chain.norm_ratios)
    assert is_drawn(axes, t, r - t)
    assert is_drawn(axes, t[:2], paper[:2])  # below one it says nothing more
    assert [line.get_linestyle() for line in axes.lines[:3]] == ["--", "--", "-."]
    colors = [line.get_color() for line in axes.lines[:3]]
    assert colors == [plotting.BLUE, plotting.BLUE, plotting.VERMILLION]
    assert {"lower", "upper", "paper:"} <= set(texts(figure).split())
    assert draw(figure)


@pytest.mark.parametrize("known", [0, 1, 2])
def test_a_bound_may_say_nothing_at_some_rounds_or_at_all(chain, known):
    bound = np.where(np.arange(chain.rounds + 1) < known, 3.0, np.nan)
    figure = plotting.norm_walk(chain.norm_ratios, {"bound": bound}, bound)
    assert ("bound" in texts(figure)) == ("the paper" in texts(figure)) == (known > 0)
    assert draw(figure)


def test_one_norm_and_one_tolerance_are_drawn():
    (axes,) = plotting.norm_walk([0.9], {"bound": [1.0]}).axes
    assert is_drawn(axes, [0], [0.9])
    assert draw(axes.figure)
    for bound in (1.1, np.nan):
        assert draw(plotting.rounds_limit([0.1], [1.2], 1.3, {"bound": [bound]}))


def test_the_limit_of_the_rounds_is_drawn_between_its_bounds():
    bounds = {"upper": [1.4, 1.6, 1.5], "lower": [1.1, np.nan, 0.9]}
    figure = plotting.rounds_limit(TOLERANCES, [1.3, 1.0, 1.2], 1.36213, bounds)
    (axes,) = figure.axes
    assert is_drawn(axes, [1e-1, 1e-2, 1e-3], [1.0, 1.2, 1.3])
    assert is_drawn(axes, [1e-1, 1e-2, 1e-3], [1.6, 1.5, 1.4])
    assert is_drawn(axes, [1e-1, 1e-2, 1e-3], [np.nan, 0.9, 1.1])
    assert "1.3621" in texts(figure)
    assert draw(figure)
