"""The spline example: the published numbers, its eigenvectors, and its risks."""

import dataclasses

import numpy as np
import pytest
import scipy.integrate

from sdtutorial import (
    CubicSpline,
    InfeasibleToleranceError,
    distill,
    fit,
    fit_with_multiplier,
    gram_matrix,
    spline,
)
from sdtutorial.examples import (
    diabetes,
    integrated_squared_error,
    risk_study,
    spline_eigenvalues,
)


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
    for c in (0, 1e-12, 1e-6, 1e-3):
        fitted = fit_with_multiplier(example.gram, example.y, c).fitted
        assert np.mean((fitted - example.y) ** 2) >= floor * (1 - 1e-12)
        np.testing.assert_allclose(fitted[[0, -1]], 0, atol=1e-12)
    interpolant = fit_with_multiplier(example.gram, example.y, 0).fitted
    assert np.mean((interpolant - example.y) ** 2) == pytest.approx(floor, rel=1e-12)
    with pytest.raises(InfeasibleToleranceError) as caught:
        distill(example.gram, example.y, floor * (1 - 1e-9))
    assert caught.value.floor == pytest.approx(floor, rel=1e-12)
    assert distill(example.gram, example.y, floor * (1 + 1e-9)).rounds > 0


def test_independent_noise_makes_the_tolerance_infeasible_in_41_percent_of_draws():
    noise = 0.5 * np.random.default_rng(0).standard_normal((2, 200_000))
    share = np.mean(np.sum(noise**2, axis=0) / 11 > 0.04)
    assert share == pytest.approx(np.exp(-0.88), abs=0.005)


def test_distillation_helps_once_and_then_hurts_as_published():
    example = spline()
    chain = distill(example.gram, example.y, example.tolerance)
    errors = integrated_squared_error(chain, example)
    np.testing.assert_allclose(errors, [0.0882, 0.0725, 0.1660, 0.3468], atol=5e-5)
    zero = fit_with_multiplier(example.gram, example.y, np.inf)
    assert integrated_squared_error(zero, example) == pytest.approx(0.5, rel=1e-14)


def test_integrated_errors_agree_with_adaptive_quadrature_for_fits_chains_and_batches():
    example = spline()
    y = np.stack([example.y, -example.y, 0.001 * example.y], axis=1)
    chain, one = distill(example.gram, y, 0.04), fit(example.gram, y[:, 0], 0.04)
    errors = integrated_squared_error(chain, example)
    assert errors.shape == (4, 3)

    def error(t, q):
        def integrand(x):
            cross = example.kernel([x], example.x) / 9
            return (chain.predict(cross)[t, 0, q] - example.target(x)) ** 2

        return scipy.integrate.quad(integrand, 0, 1, points=example.x, epsabs=1e-9, limit=60)[0]

    for t, q in [(0, 0), (3, 1), (2, 2)]:
        assert errors[t, q] == pytest.approx(error(t, q), rel=1e-7)
    assert integrated_squared_error(one, example) == pytest.approx(errors[0, 0], rel=1e-9)
    assert integrated_squared_error(fit(example.gram, y, 0.04), example).shape == (3,)


def test_the_risk_study_tells_all_three_stories():
    """Known from an independent computation, each with a standard error of 0.001 to 0.002:
    means over other draws agree within a few of them."""
    example = spline()
    study = risk_study(example, seed=1)
    allowed = 5 * study.standard_error
    known = [[0.118, 0.082, 0.123, 0.236, 0.372], [0.140, 0.097, 0.081, 0.103, 0.164]]
    assert (np.abs(study.risk - known) < allowed).all()
    assert study.best_tolerance_risk == pytest.approx(0.088, abs=0.005)
    assert study.best_multiplier_risk == pytest.approx(0.062, abs=0.004)
    assert study.zero_risk == pytest.approx(0.5, rel=1e-12)
    # tuning c beats everything; tuning the tolerance does not beat two extra rounds
    assert study.best_multiplier_risk < study.risk.min() < study.best_tolerance_risk

    first = risk_study(dataclasses.replace(example, target=lambda x: np.sin(np.pi * x)), seed=1)
    known = [0.142, 0.095, 0.063, 0.058, 0.091]
    assert (np.abs(first.risk[1] - known) < 5 * first.standard_error[1]).all()
    assert first.best_tolerance_risk == pytest.approx(0.068, abs=0.004)
    assert first.best_multiplier_risk == pytest.approx(0.029, abs=0.003)


def test_the_risk_study_is_the_mean_of_its_draws_one_by_one():
    example, draws = spline(), 6
    study = risk_study(example, tolerances=[0.1], rounds=9, draws=draws, seed=4)
    noise = np.random.default_rng(4).standard_normal((9, draws))
    y = example.target(example.x)[:, None] + 0.5 * noise
    table = np.full((9, draws), 0.5)
    for q in range(draws):
        errors = integrated_squared_error(distill(example.gram, y[:, q], 0.1), example)
        table[: len(errors), q] = errors[:9]
    np.testing.assert_allclose(study.risk[0], table.mean(axis=1), rtol=1e-9)
    np.testing.assert_allclose(
        study.standard_error[0], table.std(axis=1, ddof=1) / np.sqrt(draws), rtol=1e-9, atol=1e-16
    )

    def risk(make):
        return np.mean([integrated_squared_error(make(column), example) for column in y.T])

    best = risk(lambda column: fit(example.gram, column, study.best_tolerance))
    assert study.best_tolerance_risk == pytest.approx(best, rel=1e-9)
    best = risk(lambda column: fit_with_multiplier(example.gram, column, study.best_multiplier))
    assert study.best_multiplier_risk == pytest.approx(best, rel=1e-9)
    for factor in (0.5, 0.9, 1.1, 2.0):
        tolerance, c = factor * study.best_tolerance, factor * study.best_multiplier
        assert risk(lambda y: fit(example.gram, y, tolerance)) >= study.best_tolerance_risk
        assert (
            risk(lambda y: fit_with_multiplier(example.gram, y, c)) >= study.best_multiplier_risk
        )


def test_the_risk_study_depends_on_its_seed_alone():
    one, two = (risk_study(spline(), draws=50, seed=7) for _ in range(2))
    other = risk_study(spline(), draws=50, seed=8)
    np.testing.assert_array_equal(one.risk, two.risk)
    assert (one.risk != other.risk).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: spline_eigenvalues(0), ValueError, "size must be at least 1"),
        (lambda: spline_eigenvalues(9.0), TypeError, "whole number"),
        (lambda: spline(endpoints="no"), TypeError, "endpoints must be True or False"),
        (lambda: risk_study(spline(), seed="a"), TypeError, "seed must be a whole number.*'a'"),
        (lambda: risk_study(spline(), seed=-1), TypeError, "seed must be .*at least 0"),
        (lambda: risk_study(spline(), draws=1), ValueError, "draws"),
        (lambda: risk_study(spline(), rounds=0), ValueError, "rounds"),
        (lambda: risk_study(spline(), tolerances=0.04), ValueError, "tolerances"),
        (lambda: risk_study(spline(), tolerances=[0.0]), ValueError, "tolerance"),
        (lambda: risk_study(spline(endpoints=True)), InfeasibleToleranceError, "no fit reaches"),
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
