"""Estimates of the risk, walkers that share their luck, degrees of freedom that fall and rise."""

import numpy as np
import pytest
from drawings import draw, is_drawn

from sdtutorial import generalization, plotting
from sdtutorial.plotting import PURPLE


def test_the_risk_is_drawn_among_its_estimates_with_the_round_that_each_picks():
    rng = np.random.default_rng(0)
    risk = np.array([0.3, 0.1, 0.2])
    estimates = risk[:, None] + 0.2 * rng.standard_normal((3, 40))
    both = (risk, estimates)
    figure = plotting.risk_estimates({"9 points": both, "200 points": both})
    assert [axes.get_title() for axes in figure.axes] == ["9 points", "200 points"]
    for axes in figure.axes:
        rounds = np.arange(3)
        assert is_drawn(axes, rounds, risk) and is_drawn(axes, rounds, estimates[:, 0])
        assert is_drawn(axes, [1], [0.1])
        triangles = [line for line in axes.lines if line.get_marker() == "v"]
        picked = [int(line.get_xdata()[0]) for line in triangles]
        assert picked == list(estimates[:, : len(picked)].argmin(axis=0))
    assert draw(figure)


def test_every_walker_is_drawn_and_the_one_that_comes_back_stands_out(chain):
    places, left = generalization.coupled_walkers(chain, 250)
    figure = plotting.walkers(places, left)
    (axes,) = figure.axes
    for walker in range(9):
        assert is_drawn(axes, np.arange(5), places[:, walker])
    back = [walker for walker in range(9) if places[-1, walker] == walker and left[:, walker].any()]
    thick = [line for line in axes.lines if line.get_linewidth() == 3]
    assert len(back) == len(thick) == 1
    assert list(thick[0].get_ydata()) == list(places[:, back[0]])
    assert thick[0].get_color() == PURPLE
    assert len(axes.collections) == left.any(axis=1).sum()  # a grey part for each round with jumps
    assert draw(figure)


def test_degrees_of_freedom_are_drawn_between_their_bounds(chain):
    df = generalization.degrees_of_freedom(chain)
    figure = plotting.freedom_by_round(df, {"below": df - 1, "above": df + 1})
    (axes,) = figure.axes
    for values in (df - 1, df, df + 1):
        assert is_drawn(axes, np.arange(4), values)
    assert draw(figure)


def test_the_minimum_is_marked_and_enlarged():
    times = np.linspace(0, 4, 81)
    freedom = 1 + np.where(times < 2, (times - 2) ** 2, 0.1 * (times - 2))
    figure = plotting.freedom_that_rises(times, freedom)
    for axes in figure.axes:
        assert is_drawn(axes, times, freedom) and is_drawn(axes, [2.0], [1.0])
    low, high = figure.axes[1].get_xlim()
    assert low < 2 < high < 4
    assert figure.axes[1].get_ylim()[0] < 1
    assert draw(figure)


@pytest.mark.parametrize("rounds", [1, 12])
def test_one_round_and_many_can_be_drawn(rounds):
    freedom = np.linspace(5, 1, rounds)
    assert draw(plotting.freedom_by_round(freedom, {"bound": freedom + 1}))
    estimates = np.tile(freedom[:, None], (1, 3))
    assert draw(plotting.risk_estimates({"one": (freedom, estimates)}))


@pytest.mark.parametrize("freedom", [[3, 2, 1], [1], []])
def test_freedom_that_never_rises_has_no_dip_to_enlarge(freedom):
    with pytest.raises(ValueError, match="freedom must rise somewhere"):
        plotting.freedom_that_rises(range(1, 1 + len(freedom)), freedom)
