"""The data, the function through all of them, and the fit that misses them."""

from dataclasses import replace

import numpy as np
import pytest
from drawings import draw, is_drawn, texts

import sdtutorial as sd
from sdtutorial import plotting


def test_noisy_samples_are_drawn_with_the_function_through_all_of_them(example):
    figure = plotting.noisy_samples(example)
    (axes,) = figure.axes
    assert is_drawn(axes, example.x, example.y)
    x, y = axes.lines[-1].get_data()
    assert np.interp(example.x, x, y) == pytest.approx(example.y, abs=1e-3)
    assert len(plotting.noisy_samples(example, example.tolerance).axes[0].lines) == 4
    assert draw(figure)


def test_the_fit_with_a_tolerance_misses_the_samples_by_that_much(example):
    (axes,) = plotting.noisy_samples(example, example.tolerance).axes
    missed = np.interp(example.x, *axes.lines[-1].get_data()) - example.y
    assert "0.04 allowed" in texts(axes.figure)
    assert np.mean(missed**2) == pytest.approx(example.tolerance, rel=1e-2)


def test_samples_at_the_end_points_are_drawn_too():
    example = sd.spline(endpoints=True)
    assert is_drawn(plotting.noisy_samples(example).axes[0], example.x, example.y)


def test_data_without_a_known_truth_are_drawn_without_one(example):
    figure = plotting.noisy_samples(replace(example, target=None), example.tolerance)
    assert len(figure.axes[0].lines) == 3
    assert "truth" not in texts(figure) and "data" in texts(figure)
    assert draw(figure)
