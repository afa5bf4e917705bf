"""Green's functions, shares kept, and the root with its brackets."""

import numpy as np
import pytest
from drawings import draw, drawn, is_drawn, texts

import sdtutorial as sd
from sdtutorial import bounds, plotting


def test_the_green_function_is_drawn_around_every_centre():
    kernel = sd.CubicSpline()
    figure = plotting.green_function(kernel, centres=(0.25, 0.5))
    (axes,) = figure.axes
    points = np.linspace(0, 1, 401)
    for centre in (0.25, 0.5):
        assert is_drawn(axes, points, kernel(points, np.array([centre]))[:, 0])
        assert f"t = {centre}" in texts(figure)
    assert draw(figure)


def test_the_root_stands_where_curve_and_tolerance_meet_and_inside_its_brackets(example, chain):
    c = np.geomspace(1e-7, 1e-1, 200)
    residuals = sd.mean_squared_residual(chain.eigenvalues, chain.coordinates, c)
    root, ratio = chain.multipliers[0], chain.norm_ratios[0]
    brackets = {
        "(12)": bounds.multiplier_interval(chain.eigenvalues, ratio),
        "labels": bounds.label_multiplier_interval(chain.eigenvalues, chain.coordinates, ratio),
    }
    figure = plotting.residual_curve(c, residuals, example.tolerance, root, brackets)
    axes, strip = figure.axes
    assert is_drawn(axes, c, residuals)
    assert is_drawn(axes, [root], [example.tolerance])
    labels = [text.get_text() for text in strip.get_yticklabels()]
    for height, label in zip(strip.get_yticks(), labels):
        assert is_drawn(strip, brackets[label], [height, height])
    assert draw(figure)


def test_a_fit_keeps_half_of_a_direction_whose_eigenvalue_is_the_multiplier(chain):
    multiplier = chain.multipliers[0]
    figure = plotting.shrink_factors(chain.eigenvalues, multiplier)
    axes = figure.axes[0]
    assert is_drawn(axes, chain.eigenvalues, chain.filters[0])
    (curve, _, border) = drawn(axes)
    assert np.interp(multiplier, *curve.T) == pytest.approx(0.5, abs=0.01)
    assert (border[:, 0] == multiplier).all()
    assert draw(figure)


def test_eigenvalues_that_are_zero_are_left_out():
    (axes,) = plotting.shrink_factors([0, 1e-3, 1.0], 1e-2).axes
    assert is_drawn(axes, [1e-3, 1.0], [1 / 11, 1 / 1.01])


def test_a_residual_is_drawn_at_a_single_multiplier():
    assert draw(plotting.residual_curve([1e-3], [0.1], 0.1, 1e-3, {"bracket": (1e-4, 1e-2)}))


@pytest.mark.parametrize(
    ("eigenvalues", "multiplier", "reason"),
    [([1.0], np.inf, "multiplier must be positive and finite"), ([0.0], 1.0, "a positive one")],
)
def test_shares_need_a_finite_multiplier_and_a_positive_eigenvalue(eigenvalues, multiplier, reason):
    with pytest.raises(ValueError, match=reason):
        plotting.shrink_factors(eigenvalues, multiplier)
