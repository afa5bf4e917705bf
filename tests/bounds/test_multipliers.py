"""The multipliers of real chains lie in the brackets, and fill them where the book says so."""

import math

import mpmath
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
        z = problem.z[problem.z != 0]
        lower, upper = bounds.multiplier_interval(problem.carrying, problem.r[0])
        ends = bounds.label_multiplier_interval(problem.carrying, z, problem.r[0])
        assert lower * (1 - ROUNDING) <= ends[0] <= ends[1] * (1 + ROUNDING)
        assert ends[1] <= upper * (1 + ROUNDING)


def exact_ends(d, z, r, order=1):
    """The ends with 40 digits, their orders multiplied by ``order``, and without the tangent."""
    d, energy, r = map(mpmath.mpf, d), [mpmath.mpf(v) ** 2 for v in z], mpmath.mpf(r)
    pairs = [(value, share / sum(energy)) for value, share in zip(d, energy, strict=True)]
    orders = -order * (2 - 2 / r), order * 2 / (r * (r + 1))
    return [sum(w * v**s for v, w in pairs) ** (1 / s) / (r - 1) for s in orders]


@pytest.mark.statement("thm-label-bracket")
def test_label_bracket_is_made_of_power_means():
    rng = np.random.default_rng(16)
    for _ in range(100):
        d, z = np.exp(rng.choice([1.0, 40.0]) * rng.random(5)), rng.standard_normal(5)
        r = 1 + 10 ** rng.uniform(-6, 3)
        with mpmath.workdps(40):
            lower, upper = exact_ends(d, z, r)
            harmonic_mean = sum(v**2 for v in z) / sum(v**2 / k for k, v in zip(d, z, strict=True))
            lower = max(lower, 4 * harmonic_mean / mpmath.mpf(r) ** 2) if r > 2 else lower
        ends = bounds.label_multiplier_interval(d, z, r)
        assert ends == pytest.approx((float(lower), float(upper)), rel=1e-12)


@pytest.mark.statement("thm-label-bracket")
def test_no_smaller_orders_of_the_means_would_do():
    for far, end in [(mpmath.mpf(10) ** 30, 0), (mpmath.mpf(10) ** -30, 1)]:
        for c in (0.3, 1.0, 5.0):
            with mpmath.workdps(60):
                d, z = (mpmath.mpf(1), far), (mpmath.mpf(1), mpmath.mpf("0.01"))
                share = [v**2 / sum(v**2 for v in z) for v in z]
                r = 1 / mpmath.sqrt(sum(w * (c / (c + k)) ** 2 for w, k in zip(share, d)))
                beyond = [exact_ends(d, z, r, order)[end] > c for order in (1, 0.98)]
            assert beyond == ([False, True] if end == 0 else [True, False])


@pytest.mark.statement("thm-label-bracket")
def test_label_bracket_of_the_spline_example(spline_chain):
    d, r = spline_chain.eigenvalues, spline_chain.norm_ratios[:-1]
    targets = spline_chain.target_coordinates[:-1].T
    lower, upper = bounds.label_multiplier_interval(d, targets, r)
    assert (lower[0], upper[0]) == pytest.approx((2.258e-5, 1.406e-4), rel=5e-4)
    assert (lower[3], upper[3]) == pytest.approx((1.039e-3, 1.477e-3), rel=5e-4)


@pytest.mark.statement("thm-label-bracket")
def test_both_brackets_are_one_point_where_one_eigenvalue_carries_the_labels():
    c = solve_multiplier([1.0, 3.0, 9.0], [0.0, 2.0, 0.0], 1.0)
    r = 2 / math.sqrt(3)
    assert bounds.multiplier_interval([3.0], r) == pytest.approx((c, c), rel=1e-13)
    label = bounds.label_multiplier_interval([1.0, 3.0, 9.0], [0.0, 2.0, 0.0], r)
    assert label == pytest.approx((c, c), rel=1e-13)


@pytest.mark.parametrize(
    ("d", "z", "r"),
    [
        ([1e-4, 0.06, 0.13], [9e2, 0.3, 0.1], 2.8e216),  # the order of the upper mean underflows
        ([1.8e-111, 9e295], [2.8e-191, 3.9e186], 3e3),  # and here energies do, which count
        ([3.6e-208, 1e-197, 2e205, 2e248], [1e-31, 8e159, 7e-16, 1e-166], 1.0338),
    ],
)
def test_the_label_bracket_is_right_at_the_ends_of_the_range(d, z, r):
    with mpmath.workdps(900):
        energy = [mpmath.mpf(number) ** 2 for number in z]
        r = mpmath.mpf(r)

        def mean(order):
            terms = (w / sum(energy) * mpmath.mpf(x) ** order for w, x in zip(energy, d))
            return sum(terms) ** (1 / order)

        ends = [mean(2 / r - 2) / (r - 1), mean(2 / r / (r + 1)) / (r - 1)]
        if r > 2:
            ends[0] = max(ends[0], 4 * mean(mpmath.mpf(-1)) / r**2)
        expected = list(map(float, ends))
    found = bounds.label_multiplier_interval(d, z, float(r))
    assert found == pytest.approx(expected, rel=1e-10, abs=0)


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
