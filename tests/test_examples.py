"""The spline example: the published numbers, its eigenvectors, and its floor."""

import numpy as np
import pytest

from sdtutorial import (
    CubicSpline,
    InfeasibleToleranceError,
    distill,
    fit_with_multiplier,
    gram_matrix,
    spline,
)
from sdtutorial.examples import diabetes, integrated_squared_error, spline_eigenvalues


def test_the_example_has_the_published_labels_on_the_interior_of_their_grid():
    example, whole = spline(), spline(endpoints=True)
    np.testing.assert_allclose(example.x, np.linspace(0.1, 0.9, 9), rtol=1e-15)
    np.testing.assert_allclose(whole.x, np.linspace(0, 1, 11), rtol=1e-15)
    np.testing.assert_array_equal(whole.y[1:-1], example.y)
    assert (whole.y[0], example.y[0], example.y[-1], whole.y[-1]) == (
        0.38476636465198066, 1.2333967683416893, -0.3469066003991437, 0.5589512650600734,
    )  # fmt: skip
    np.testing.assert_allclose(example.target(example.x), np.sin(2 * np.pi * example.x))
    assert example.tolerance == 0.04 and example.noise_level == 0.5
    assert example.gram.shape == (9, 9) and whole.gram.shape == (11, 11)
    assert np.linalg.norm(example.y) / np.sqrt(9 * 0.04) == pytest.approx(4.030601, rel=1e-6)
    assert np.linalg.cond(example.gram) == pytest.approx(4470.698, rel=1e-6)


@pytest.mark.statement("prp-sine-eigenvectors")
@pytest.mark.parametrize("size", [1, 2, 9, 60])
def test_sampled_sines_are_the_eigenvectors_of_the_gram_matrix(size):
    x = np.arange(1, size + 1) / (size + 1)
    gram, d = gram_matrix(CubicSpline(), x), spline_eigenvalues(size)
    assert (np.diff(d) > 0).all()
    for k, m in enumerate(range(size, 0, -1)):
        sine = np.sin(m * np.pi * x)
        np.testing.assert_allclose(gram @ sine, d[k] * sine, rtol=0, atol=1e-14 * d[-1])
    # each is as exact as its own size allows: traces are sums of positive terms
    assert np.trace(gram) == pytest.approx(np.sum(d), rel=1e-13)
    inverse_trace = np.trace(np.linalg.inv(gram))
    assert inverse_trace == pytest.approx(np.sum(1 / d), rel=1e-13 * d[-1] / d[0] + 1e-12)


@pytest.mark.statement("prp-sine-eigenvectors")
def test_the_eigenvalues_of_nine_points_follow_the_formula_and_its_limit():
    u = np.arange(9, 0, -1) * np.pi / 20
    formula = (1 / np.sin(u) ** 4 - 2 / 3 / np.sin(u) ** 2) / 144000
    np.testing.assert_allclose(spline_eigenvalues(9), formula, rtol=1e-14)
    m = np.arange(9, 0, -1)
    off = formula * 9 * (m * np.pi) ** 4 / 10 - 1
    assert off[-1] < 1e-4 and off[4] == pytest.approx(0.015, abs=5e-4)
    assert off[0] == pytest.approx(0.47, abs=5e-3)
    limit = spline_eigenvalues(4000)[-3:] * (np.arange(3, 0, -1) * np.pi) ** 4
    np.testing.assert_allclose(limit, 1, rtol=3e-4)  # the operator's own eigenvalues


@pytest.mark.statement("prp-endpoint-floor")
def test_no_fit_of_the_eleven_points_comes_closer_than_its_end_labels():
    example = spline(endpoints=True)
    floor = (example.y[0] ** 2 + example.y[-1] ** 2) / 11
    assert floor == pytest.approx(0.041861, rel=1e-5) and floor > example.tolerance
    for c in (0, 1e-10, 1e-6, 1e-3):
        fitted = fit_with_multiplier(example.gram, example.y, c).fitted
        assert np.mean((fitted - example.y) ** 2) >= floor * (1 - 1e-12)
        np.testing.assert_allclose(fitted[[0, -1]], 0, atol=1e-12)
    interpolant = fit_with_multiplier(example.gram, example.y, 0).fitted
    assert np.mean((interpolant - example.y) ** 2) == pytest.approx(floor, rel=1e-12)
    with pytest.raises(InfeasibleToleranceError) as caught:
        distill(example.gram, example.y, floor * (1 - 1e-9))
    assert caught.value.floor == pytest.approx(floor, rel=1e-12)
    assert distill(example.gram, example.y, floor * (1 + 1e-5)).rounds > 0


def test_independent_noise_makes_the_tolerance_infeasible_in_41_percent_of_draws():
    noise = 0.5 * np.random.default_rng(0).standard_normal((2, 200_000))
    share = np.mean(np.sum(noise**2, axis=0) / 11 > 0.04)
    assert share == pytest.approx(np.exp(-0.88), abs=0.005)


def test_the_published_labels_lie_around_the_sine_and_not_around_the_line():
    example = spline()
    sine, line = (np.std(example.y - around) for around in (example.target(example.x), example.x))
    assert sine < 1.2 * example.noise_level < line


def test_distillation_helps_once_and_then_hurts_as_published():
    example = spline()
    chain = distill(example.gram, example.y, example.tolerance)
    errors = integrated_squared_error(chain, example)
    np.testing.assert_allclose(errors, [0.0882, 0.0725, 0.1660, 0.3468], atol=5e-5)
    zero = fit_with_multiplier(example.gram, example.y, np.inf)
    assert integrated_squared_error(zero, example) == pytest.approx(0.5, rel=1e-14)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: spline_eigenvalues(0), ValueError, "size must be at least 1"),
        (lambda: spline_eigenvalues(9.0), TypeError, "whole number"),
        (lambda: spline(endpoints="no"), TypeError, "endpoints must be True or False"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_patients_are_measured_in_standard_deviations():
    x, y = diabetes()
    assert x.shape == (442, 10) and y.shape == (442,)
    for values in (x, y):
        np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(values.std(axis=0), 1, rtol=1e-12)
    assert np.corrcoef(x[:, 2], y)[0, 1] == pytest.approx(0.586, abs=1e-3)  # the body mass index
