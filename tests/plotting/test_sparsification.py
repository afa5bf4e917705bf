"""Filters and their ratios."""

import numpy as np
import pytest
from drawings import draw, drawn, is_drawn, texts

import sdtutorial as sd
from sdtutorial import plotting

TOLERANCES = np.array([1e-3, 1e-1, 1e-2])


def test_filters_too_small_for_floats_are_drawn(example):
    chain = sd.distill(example.gram, example.y, 1e-6)
    assert chain.filters[-1, 0] == 0
    figure = plotting.filters_by_round(chain, rounds=[0, chain.rounds - 1])
    axes = figure.axes[0]
    assert len(axes.lines) == 2
    assert is_drawn(axes, chain.eigenvalues, chain.log_filters[-1] / np.log(10))
    assert draw(figure)


def test_filters_are_drawn_for_every_round(chain):
    assert len(plotting.filters_by_round(chain).axes[0].lines) == chain.rounds


def test_filters_of_unreachable_directions_are_left_out():
    chain = sd.distill_spectrum([0.0, 1.0, 2.0], [0.0, 1.0, 1.0], 0.01)
    assert len(drawn(plotting.filters_by_round(chain).axes[0])[0]) == 2


def test_the_sparsity_grows_between_its_bounds():
    figure = plotting.sparsity_growth(
        TOLERANCES, [9, 1, 4], [6, np.nan, 2], [20, 10, 15], index_limit=1e-6
    )
    (axes,) = figure.axes
    for values in ([1, 4, 9], [np.nan, 2, 6], [10, 15, 20], [1e-6] * 3):
        assert is_drawn(axes, [1e-1, 1e-2, 1e-3], values)
    assert "paper's index" in texts(figure)
    assert draw(figure)


def test_early_stopping_is_drawn_beside_the_rounds():
    figure = plotting.early_stopping([0.1, 0.5], [1.1, 1.3], [0.1, 0.3], [1.1, 1.7], 1.4)
    (axes,) = figure.axes
    assert is_drawn(axes, [0.1, 0.5], [1.1, 1.3])
    assert is_drawn(axes, [0.1, 0.3], [1.1, 1.7])
    assert "round 1" in texts(figure)
    assert 1 in axes.get_yticks() and axes.get_ylim()[0] < 1
    assert draw(figure)


@pytest.mark.parametrize("lower", [0.5, np.nan])
def test_one_tolerance_and_one_fit_are_drawn(lower):
    assert draw(plotting.sparsity_growth([0.1], [1.0], [lower], [2.0], index_limit=1e-6))
    assert draw(plotting.early_stopping([0.1], [1.1], [0.1], [1.2], 1.4))


def test_bounds_that_say_nothing_anywhere_have_no_name():
    nothing = np.full(3, np.nan)
    figure = plotting.sparsity_growth(TOLERANCES, [9, 1, 4], nothing, [20, 10, 15], 1e-6)
    assert "upper bound" in texts(figure) and "lower bound" not in texts(figure)
