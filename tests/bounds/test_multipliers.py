"""The multipliers of real chains lie in the brackets, and fill them where the book says so."""

import math

import numpy as np
import pytest
from drawn_chains import ROUNDING, least_slack

from sdtutorial import bounds, solve_multiplier


@pytest.mark.statement("prp-multiplier-bracket")
def test_multipliers_lie_between_the_extreme_eigenvalues_over_r_minus_one(problems):
    for problem in problems:
        c = problem.chain.multipliers
        lower, upper = bounds.multiplier_interval(problem.carrying, problem.r[:-1])
        assert np.all(lower <= c * (1 + ROUNDING))
        assert np.all(c <= upper * (1 + ROUNDING))


@pytest.mark.statement("thm-label-bracket")
def test_multipliers_lie_in_the_bracket_that_looks_at_the_labels(problems):
    for problem in problems:
        c = problem.chain.multipliers
        targets = problem.chain.target_coordinates[:-1].T
        lower, upper = bounds.label_multiplier_interval(problem.d, targets, problem.r[:-1])
        assert np.all(lower <= c * (1 + ROUNDING))
        assert np.all(c <= upper * (1 + ROUNDING))


@pytest.mark.statement("thm-label-bracket")
def test_label_bracket_improves_on_the_extreme_eigenvalues(problems):
    for problem in problems:
        r, d = problem.r[0], problem.carrying
        z = problem.z[problem.z != 0]
        lower, upper = bounds.multiplier_interval(d, r)
        label_lower, label_upper = bounds.label_multiplier_interval(d, z, r)
        assert label_upper <= upper * (1 + ROUNDING)
        if d[0] > 0:
            harmonic_mean = np.sum(z**2) / np.sum(z**2 / d)
            if r <= 2 or harmonic_mean >= d[0] * r**2 / (4 * (r - 1)):
                assert label_lower >= lower * (1 - ROUNDING)


@pytest.mark.statement("thm-label-bracket")
def test_both_brackets_are_one_point_where_one_eigenvalue_carries_the_labels():
    c = solve_multiplier([1.0, 3.0, 9.0], [0.0, 2.0, 0.0], 1.0)
    r = 2 / math.sqrt(3)
    assert bounds.multiplier_interval([3.0], r) == pytest.approx((c, c), rel=1e-13)
    label = bounds.label_multiplier_interval([1.0, 3.0, 9.0], [0.0, 2.0, 0.0], r)
    assert label == pytest.approx((c, c), rel=1e-13)


def test_columns_of_the_label_bracket_are_problems_of_their_own():
    rng = np.random.default_rng(0)
    d, z, r = np.arange(5.0), rng.standard_normal((5, 4)), np.array([0.5, 1.5, 2.0, 30.0])
    lower, upper = bounds.label_multiplier_interval(d, z, r)
    assert lower.shape == upper.shape == (4,)
    for q in range(4):
        one = bounds.label_multiplier_interval(d, 1e200 * z[:, q], r[q])
        assert one == pytest.approx((lower[q], upper[q]), rel=1e-13)
    assert lower[0] == upper[0] == np.inf
    assert np.all(lower[1:] == 0)  # the direction of eigenvalue zero carries energy
    spread, _ = bounds.label_multiplier_interval(d[1:], z[1:, 3], r)
    assert spread.shape == (4,)
    assert np.all(spread > 0)


def test_brackets_of_a_collapsed_round_are_infinite():
    assert bounds.multiplier_interval([1.0, 2.0], 1.0) == (np.inf, np.inf)
    assert bounds.label_multiplier_interval([1.0, 2.0], [0.0, 0.0], 0.0) == (np.inf, np.inf)
    lower, upper = bounds.multiplier_interval([0.0, 2.0], [0.3, 1.0, 3.0])
    assert lower.tolist() == [np.inf, np.inf, 0.0]
    assert upper.tolist() == [np.inf, np.inf, 1.0]


@pytest.mark.statement("lem-multipliers-grow")
def test_multipliers_grow_from_round_to_round(problems):
    for problem in problems:
        assert np.all(np.diff(problem.chain.multipliers) > 0)


def slack_of_label_bracket(problem):
    targets = problem.chain.target_coordinates[:-1].T
    lower, upper = bounds.label_multiplier_interval(problem.d, targets, problem.r[:-1])
    c = problem.chain.multipliers
    return np.log(np.minimum(c / lower, upper / c)).min()


@pytest.mark.statement("thm-label-bracket")
def test_hill_climbing_finds_no_multiplier_outside_the_label_bracket():
    assert least_slack(slack_of_label_bracket) >= -1e-9
