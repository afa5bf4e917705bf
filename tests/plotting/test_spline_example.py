"""Errors, filters, sines and risks of the paper's own example."""

import numpy as np
import pytest
from drawings import draw, drawn, is_drawn, texts

import sdtutorial as sd
from sdtutorial import plotting
from sdtutorial.risk import risk_study


def test_errors_are_drawn_and_written(errors):
    figure = plotting.error_by_round(errors)
    assert is_drawn(figure.axes[0], range(len(errors)), errors)
    assert all(f"{error:.3f}" in texts(figure) for error in errors)
    assert draw(figure)


@pytest.mark.parametrize("log", [True, False])
def test_every_filter_has_a_bar(chain, deep_chain, log):
    for some in (chain, deep_chain):
        figure = plotting.filter_bars(some, log)
        heights = [bar.get_height() for bar in figure.axes[0].patches]
        wanted = some.log_filters / np.log(10) if log else some.filters
        assert heights == wanted.ravel().tolist()
        assert draw(figure)


def test_the_sampled_sines_pass_through_the_eigenvectors(example, chain):
    figure = plotting.sine_eigenvectors(example.x, chain.eigenvectors, chain.eigenvalues)
    assert len(figure.axes) == len(example.x)
    for m, panel in enumerate(figure.axes, start=1):
        _, sine, dots = panel.lines
        x, y = dots.get_data()
        assert np.abs(y) == pytest.approx(np.abs(chain.eigenvectors[:, -m]))
        assert np.interp(x, *sine.get_data()) == pytest.approx(y, abs=2e-3)
    assert draw(figure)


def test_empty_panels_are_hidden():
    x = np.arange(1, 6) / 6
    chain = sd.distill(sd.gram_matrix(sd.CubicSpline(), x), np.sin(2 * np.pi * x), 0.1)
    figure = plotting.sine_eigenvectors(x, chain.eigenvectors, chain.eigenvalues)
    assert sum(panel.get_visible() for panel in figure.axes) == 5


def test_risks_are_drawn_against_the_tolerance_with_the_best_of_each_round(example):
    study = risk_study(
        example, tolerances=[0.02, 0.08, 0.3], multipliers=[1e-5, 1e-4], rounds=3, draws=50, seed=1
    )
    figure = plotting.risk_by_tolerance(study)
    (axes,) = figure.axes
    for t, best in enumerate(study.best_tolerances):
        assert is_drawn(axes, [0.3, 0.08, 0.02], study.risk[::-1, t])
        assert is_drawn(axes, [best], [study.risk[:, t].min()])
    assert study.best_penalty_errors.mean() in [line[0, 1] for line in drawn(axes)]
    assert "one fit, best $c$" in texts(figure)
    assert draw(figure)


def test_the_sine_that_is_the_truth_is_named(example, chain):
    figure = plotting.sine_eigenvectors(
        example.x, chain.eigenvectors, chain.eigenvalues, truth=2
    )
    assert [m for m, panel in enumerate(figure.axes, 1) if "truth" in panel.get_title()] == [2]


def test_the_error_of_a_chain_without_rounds_is_that_of_the_zero_function():
    (axes,) = plotting.error_by_round([0.5]).axes
    assert is_drawn(axes, [0], [0.5])
    assert draw(axes.figure)


@pytest.mark.parametrize("log", [True, False])
def test_directions_that_no_fit_reaches_have_no_bar(log):
    singular = sd.distill_spectrum([0.0, 1.0, 2.0], [0.0, 1.0, 1.0], 0.01, max_rounds=3)
    figure = plotting.filter_bars(singular, log)
    assert len(figure.axes[0].patches) == 2 * singular.rounds
    assert draw(figure)
