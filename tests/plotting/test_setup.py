"""The data, the function through all of them, and the fit that misses them."""

import numpy as np
import pytest
from drawings import draw, is_drawn

import sdtutorial as sd
from sdtutorial import plotting


def test_noisy_samples_are_drawn_with_the_function_through_all_of_them(example):
    figure = plotting.noisy_samples(example)
    (axes,) = figure.axes
    assert is_drawn(axes, example.x, example.y)
    interpolant = next(line for line in axes.lines if "no residual" in line.get_label())
    x, y = interpolant.get_data()
    assert np.interp(example.x, x, y) == pytest.approx(example.y, abs=1e-3)
    assert len(plotting.noisy_samples(example, example.tolerance).axes[0].lines) == 4
    assert draw(figure)


def test_the_fit_with_a_tolerance_misses_the_samples_by_that_much(example):
    (axes,) = plotting.noisy_samples(example, example.tolerance).axes
    (fit,) = (line for line in axes.lines if "0.04 allowed" in line.get_label())
    missed = np.interp(example.x, *fit.get_data()) - example.y
    assert np.mean(missed**2) == pytest.approx(example.tolerance, rel=1e-2)


def test_samples_at_the_end_points_are_drawn_too():
    example = sd.spline(endpoints=True)
    assert is_drawn(plotting.noisy_samples(example).axes[0], example.x, example.y)
