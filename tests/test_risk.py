"""Integrated errors and risk studies: equal to quadrature, and to their draws one by one."""

import dataclasses

import numpy as np
import pytest
import scipy.integrate

from sdtutorial import InfeasibleToleranceError, distill, fit, fit_with_multiplier, spline
from sdtutorial.examples import spline_eigenvalues
from sdtutorial.risk import (
    best_penalty,
    expected_error,
    integrated_squared_error,
    mean_and_error,
    risk_study,
)


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


TOLERANCES, MULTIPLIERS = np.geomspace(0.002, 1, 41), np.geomspace(1e-6, 1e-1, 41)


def study_of(example, **changes):
    settings = {"multipliers": [1e-4], "rounds": 5, "draws": 4000, "seed": 1}
    return risk_study(example, **{"tolerances": [0.04, 0.02], **settings, **changes})


def test_the_risk_of_fixed_tolerances_falls_and_rises_as_known():
    """Known from an independent computation, each with a standard error of 0.001 to 0.002:
    means over other draws agree within a few of them."""
    study = study_of(spline())
    known = [[0.118, 0.082, 0.123, 0.236, 0.372], [0.140, 0.097, 0.081, 0.103, 0.164]]
    _, error = mean_and_error(study.chain_errors)
    assert (np.abs(study.risk - known) < 5 * error).all()
    first = study_of(dataclasses.replace(spline(), target=lambda x: np.sin(np.pi * x)))
    known = [0.142, 0.095, 0.063, 0.058, 0.091]
    assert (np.abs(first.risk[1] - known) < 5 * mean_and_error(first.chain_errors[1])[1]).all()


def test_tuned_rounds_beat_the_tuned_tolerance_and_lose_to_the_tuned_penalty():
    for waves, single, penalty in [(1, 0.068, 0.029), (2, 0.089, 0.063), (3, 0.113, 0.095)]:
        example = dataclasses.replace(spline(), target=lambda x, m=waves: np.sin(m * np.pi * x))
        study = study_of(example, tolerances=TOLERANCES, multipliers=MULTIPLIERS)
        errors = study.best_chain_errors
        assert errors[0].mean() == pytest.approx(single, abs=0.005)
        assert study.best_penalty_errors.mean() == pytest.approx(penalty, abs=0.004)
        assert (np.diff(study.best_tolerances) < 0).all()  # more rounds, each of them smaller
        for t in range(1, 5):
            gain, error = mean_and_error(errors[t] - errors[0])
            assert gain < -10 * error
            loss, error = mean_and_error(errors[t] - study.best_penalty_errors)
            assert loss > 10 * error


def test_the_risk_study_is_made_of_its_draws_one_by_one():
    example, draws = spline(), 6
    study = study_of(example, tolerances=[0.1], rounds=9, draws=draws, seed=4)
    noise = np.random.default_rng(4).standard_normal((9, draws))
    y = example.target(example.x)[:, None] + 0.5 * noise
    table = np.full((9, draws), 0.5)  # the zero function, after collapse
    for q in range(draws):
        errors = integrated_squared_error(distill(example.gram, y[:, q], 0.1), example)
        table[: len(errors), q] = errors[:9]
        ridge = fit_with_multiplier(example.gram, y[:, q], 1e-4)
        error = integrated_squared_error(ridge, example)
        assert study.penalty_errors[0, q] == pytest.approx(error, rel=1e-9)
    np.testing.assert_allclose(study.chain_errors[0], table, rtol=1e-9)
    mean, error = mean_and_error(study.chain_errors[0])
    np.testing.assert_allclose(mean, table.mean(axis=1), rtol=1e-9)
    expected = table.std(axis=1, ddof=1) / np.sqrt(draws)
    np.testing.assert_allclose(error, expected, rtol=1e-9, atol=1e-16)


def test_best_is_the_least_mean_on_the_grid():
    study = study_of(spline(), tolerances=[0.3, 0.02, 0.1], multipliers=[1e-2, 1e-4, 1e-6])
    for t, tolerance in enumerate(study.best_tolerances):
        alone = study_of(spline(), tolerances=[tolerance])
        np.testing.assert_array_equal(study.best_chain_errors[t], alone.chain_errors[0, t])
        assert study.best_chain_errors[t].mean() == study.risk[:, t].min()
    assert study.best_multiplier == 1e-4
    assert study.best_penalty_errors.mean() == study.penalty_errors.mean(axis=1).min()


def test_the_risk_study_depends_on_its_seed_alone():
    one, two, other = (study_of(spline(), draws=50, seed=seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one.chain_errors, two.chain_errors)
    assert (one.risk != other.risk).all()


def test_expected_errors_are_what_many_draws_come_to():
    example, c = spline(), 2e-4
    d = spline_eigenvalues(9)
    study = study_of(example, multipliers=[c], draws=20_000)
    mean, error = mean_and_error(study.penalty_errors[0])
    assert expected_error(example, d / (c + d)) == pytest.approx(mean, abs=4 * error)
    both = expected_error(example, [np.zeros(9), d / (c + d)])
    assert both == pytest.approx([0.5, expected_error(example, d / (c + d))])


@pytest.mark.parametrize(
    ("family", "risk"),
    [
        (lambda d, c: d / (c + d), 0.0629),
        (lambda d, c: (d / (c + d)) ** 2, 0.0604),
        (lambda d, c: (d / (c + d)) ** 5, 0.0591),
        (lambda d, c: np.exp(-c / d), 0.0584),
        (lambda d, c: 1 - (c / (c + d)) ** 3, 0.0567),
        (lambda d, c: 1 - np.exp(-d / c), 0.0539),
    ],
)
def test_families_of_filters_with_their_best_penalty(family, risk):
    example, d = spline(), spline_eigenvalues(9)
    c, least = best_penalty(example, family)
    assert least == pytest.approx(risk, abs=6e-5)
    around = expected_error(example, [family(d, factor * c) for factor in (0.5, 0.99, 1.01, 2)])
    assert (around > least).all()


ZERO = fit_with_multiplier(spline().gram, spline().y, np.inf)
OUTSIDE = dataclasses.replace(spline(), x=spline().x + 0.2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: study_of(spline(), seed="a"), TypeError, "seed must be a whole number.*'a'"),
        (lambda: study_of(spline(), seed=-1), TypeError, "seed must be .*at least 0"),
        (lambda: study_of(spline(), seed=[[1], 2]), TypeError, "seed must be a whole number"),
        (lambda: study_of(spline(), seed=np.eye(2)), TypeError, "seed must be a whole number"),
        (lambda: study_of("spline"), TypeError, "example must be an Example.*not 'spline'"),
        (lambda: integrated_squared_error(ZERO, ZERO), TypeError, "example must be an Example"),
        (lambda: integrated_squared_error(spline(), spline()), TypeError, "model must be a Chain"),
        (lambda: integrated_squared_error(ZERO, spline(endpoints=True)), ValueError, "shape"),
        (lambda: integrated_squared_error(ZERO, OUTSIDE), ValueError, r"must lie in \[0, 1\]"),
        (lambda: study_of(spline(), draws=1), ValueError, "draws"),
        (lambda: study_of(spline(), rounds=0), ValueError, "rounds"),
        (lambda: study_of(spline(), tolerances=0.04), ValueError, "tolerances"),
        (lambda: study_of(spline(), tolerances=[0.0]), ValueError, "tolerances"),
        (lambda: study_of(spline(), multipliers=[]), ValueError, "multipliers"),
        (lambda: study_of(spline(endpoints=True)), InfeasibleToleranceError, "no fit reaches"),
        (lambda: mean_and_error([1.0]), ValueError, "two or more"),
        (lambda: expected_error(spline(), [1.0, 2.0]), ValueError, "filters must have shape"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
