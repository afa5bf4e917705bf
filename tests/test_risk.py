"""Integrated errors and risk studies: equal to quadrature, and to their draws one by one."""

import dataclasses

import numpy as np
import pytest
import scipy.integrate

from sdtutorial import InfeasibleToleranceError, distill, fit, fit_with_multiplier, spline
from sdtutorial.risk import integrated_squared_error, risk_study


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
        assert risk(lambda y: fit_with_multiplier(example.gram, y, c)) >= study.best_multiplier_risk


def test_the_risk_study_depends_on_its_seed_alone():
    one, two = (risk_study(spline(), draws=50, seed=7) for _ in range(2))
    other = risk_study(spline(), draws=50, seed=8)
    np.testing.assert_array_equal(one.risk, two.risk)
    assert (one.risk != other.risk).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
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
