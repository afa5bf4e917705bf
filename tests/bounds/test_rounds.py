"""The number of rounds of real chains lies between the bounds, and reaches them."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from drawn_chains import ROUNDING, Problem, least_slack

from sdtutorial import bounds, distill_spectrum


@pytest.mark.statement("prp-norm-bound")
def test_targets_stay_above_the_norm_bound_also_after_collapse(problems):
    for problem in problems:
        r = np.append(problem.r, [0.0, 0.0])
        bound = bounds.norm_ratio_bound(np.arange(r.size), r[0], problem.condition_number)
        assert np.all(r >= bound - ROUNDING * r[0])


@pytest.mark.statement("prp-norm-bound")
def test_norm_bound_is_the_formula_of_the_paper():
    rng = np.random.default_rng(1)
    for _ in range(200):
        t, r = int(rng.integers(0, 200)), 1 + 10 ** rng.uniform(-6, 8)
        kappa = 1 + math.exp(rng.uniform(-30, 40))
        with mpmath.workdps(80):
            r_, kappa_ = mpmath.mpf(r), mpmath.mpf(kappa)
            a = ((r_ - 1) ** 2 + kappa_ * (2 * r_ - 1)) / (r_ - 1 + kappa_) ** 2
            b = r_**2 * kappa_ / (r_ - 1 + kappa_) ** 2
            exact = a**t * r_ - b * (a**t - 1) / (a - 1)
            scale = a**t * r_ + abs(b * (a**t - 1) / (a - 1))
        assert abs(bounds.norm_ratio_bound(t, r, kappa) - float(exact)) <= 1e-12 * float(scale)


@pytest.mark.statement("prp-norm-bound")
def test_norm_bound_is_attained_by_equal_eigenvalues():
    chain = distill_spectrum([2.0, 2.0], [3.0, 4.0], 25 / 2 / 7.3**2)
    t = np.arange(chain.rounds + 1)
    np.testing.assert_allclose(chain.norm_ratios, bounds.norm_ratio_bound(t, 7.3, 1.0), rtol=1e-12)
    nearly = bounds.norm_ratio_bound(t, 7.3, 1 + 1e-12)
    np.testing.assert_allclose(nearly, 7.3 - t, rtol=1e-9)


def test_norm_bound_at_the_edges():
    assert bounds.norm_ratio_bound([0, 1, 2], 0.7, 5.0).tolist() == [0.7, 0.0, 0.0]
    assert bounds.norm_ratio_bound([0, 1, 2], 9.0, np.inf).tolist() == [9.0, 0.0, 0.0]
    assert bounds.norm_ratio_bound(1, 1e8, 1.0) == 1e8 - 1
    assert np.isfinite(bounds.norm_ratio_bound(np.arange(5), 1e150, math.exp(40))).all()
    assert bounds.norm_ratio_bound(np.arange(3), [[2.0], [3.0]], 4.0).shape == (2, 3)


@pytest.mark.parametrize(("r", "kappa"), [(1e308, 1e308), (3.0, 1.7e308), (1.7e308, 2.0)])
def test_norm_bound_of_one_round_at_the_ends_of_the_range(r, kappa):
    with mpmath.workdps(40):
        exact = mpmath.mpf(r) * (r - 1) / (mpmath.mpf(r) - 1 + kappa)
    assert bounds.norm_ratio_bound(1, r, kappa) == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.statement("prp-guaranteed-rounds")
def test_chains_last_at_least_the_guaranteed_rounds(problems):
    for problem in problems:
        guaranteed = bounds.guaranteed_rounds(problem.r[0], problem.condition_number)
        assert problem.chain.rounds >= guaranteed - ROUNDING
    assert bounds.guaranteed_rounds([0.5, 1.0, 3.0], 2.0).tolist() == [0.0, 0.0, 1.0]


@pytest.mark.statement("prp-guaranteed-rounds")
def test_the_guarantee_follows_from_the_norm_bound():
    rng = np.random.default_rng(2)
    for _ in range(500):
        r, kappa = 1 + 10 ** rng.uniform(-2, 5), 1 + 10 ** rng.uniform(-9, 3)
        last = math.floor(bounds.guaranteed_rounds(r, kappa))
        for t in {0, last // 2, last}:
            bound = bounds.norm_ratio_bound(t, r, kappa)
            assert bound >= r - kappa * t - 1e-12 * r
            assert bound >= 1 - 1e-12 * r


@pytest.mark.statement("thm-rounds-interval")
def test_rounds_lie_in_the_interval_and_never_exceed_the_path_length(problems):
    for problem in problems:
        lower, upper = bounds.rounds_interval(problem.r[0])
        longest = bounds.rounds_upper_bound(problem.d, problem.z, problem.tolerance)
        assert lower <= problem.chain.rounds <= min(upper, longest)


@pytest.mark.statement("thm-rounds-interval")
def test_equal_eigenvalues_attain_the_lower_end():
    for r in (1.001, 1.5, 2.0, 3.0, 4.2, 17.9, 250.5):
        problem = Problem([3.0] * 4, [1.0, -2.0, 0.5, 1.0], r)
        assert problem.chain.rounds == bounds.rounds_interval(r)[0] == math.ceil(r - 1)
    assert bounds.rounds_upper_bound([3.0, 3.0], [1.0, -2.0], 5 / 2 / 4.2**2) == 4


@pytest.mark.statement("thm-rounds-interval")
@pytest.mark.parametrize("size", [2, 3, 5, 8, 12])
def test_eigenvalues_far_apart_attain_the_upper_end(size):
    energy = (1 + 1 / (2 * size)) * size  # of every direction, at tolerance 1
    d, z = 1e4 ** np.arange(size), np.full(size, math.sqrt(energy))
    chain = distill_spectrum(d, z, 1.0, zero_below=0)
    assert chain.rounds == size == bounds.rounds_interval(chain.norm_ratios[0])[1]
    assert size <= bounds.rounds_upper_bound(d, z, 1.0)


def test_rounds_interval_is_exact_up_to_its_stated_allowance():
    rng = np.random.default_rng(3)
    whole = [float(n) for n in range(1, 60)] + [math.sqrt(n) for n in range(1, 60)]
    numbers = whole + [np.nextafter(n, s * np.inf) for n in whole for s in (-1, 1)]
    numbers += (10 ** rng.uniform(0, 9, 500)).tolist()
    for r in map(float, numbers):
        lower, upper = bounds.rounds_interval(r)
        if r <= 1:
            assert (lower, upper) == (0, 0)
            continue
        assert upper == math.ceil(Fraction(r) ** 2 - 1)
        lowered = Fraction(r) * (1 - Fraction(5 * np.finfo(float).eps))
        assert math.ceil(lowered - 1) <= lower <= math.ceil(Fraction(r) - 1)
    assert bounds.rounds_interval(3.0) == (2, 8)
    assert bounds.rounds_interval(np.nextafter(3.0, 4.0)) == (2, 9)
    assert bounds.rounds_interval(1e8) == (10**8 - 1, 10**16 - 1)
    assert all(type(end) is int for end in bounds.rounds_interval(np.float64(2.5)))


def test_path_length_bound_counts_whole_numbers_and_eigenspaces():
    assert bounds.rounds_upper_bound([5.0], [3.0], 1.0) == 2  # ell = 3
    assert bounds.rounds_upper_bound([5.0], [np.nextafter(3.0, 4.0)], 1.0) == 3
    assert bounds.rounds_upper_bound([5.0], [1.0], 1.0) == 0
    z, tolerance = [3.0, 4.0], 0.5  # step 1: one eigenspace gives 5, two give 3 + 4
    assert bounds.rounds_upper_bound([1.0, 1.0], z, tolerance) == 4
    assert bounds.rounds_upper_bound([1.0, 1.0 + 1e-12], z, tolerance) == 5  # a length above 5
    assert bounds.rounds_upper_bound([1.0 + 1e-3, 1.0], z, tolerance) == 6
    assert bounds.rounds_upper_bound([0.0, 1.0], z, tolerance) == 6
    assert bounds.rounds_upper_bound([1.0, 2.0], [3e200, 4e200], 1e-200) > 10**300


# --- The spline example, and attacks --------------------------------------------------------------


@pytest.mark.statement("thm-rounds-interval")
def test_spline_rounds_and_their_bounds(spline_chain):
    d, z, r = spline_chain.eigenvalues, spline_chain.coordinates, spline_chain.norm_ratios[0]
    assert spline_chain.rounds == 4
    assert bounds.rounds_interval(r)[0] == 4
    assert bounds.rounds_upper_bound(d, z, 0.04) == 8
    assert bounds.rounds_curve_bound(d, z, 0.04) == 5
    assert bounds.guaranteed_rounds(r, d[-1] / d[0]) == pytest.approx(0.00068, abs=5e-6)
    assert bounds.rounds_limit(d, z) == pytest.approx(1.3621, abs=5e-5)


def slack_of_rounds(problem):
    """How far the unrounded ends of the rounds interval are from being passed by T."""
    norms = [
        np.linalg.norm(problem.z[problem.d == value]) for value in np.unique(problem.d)
    ]
    step = math.sqrt(problem.d.size * problem.tolerance)
    rounds, r = problem.chain.rounds, problem.r[0]
    return min(rounds - (r - 1), r**2 - rounds, sum(norms) / step - rounds)


@pytest.mark.statement("thm-rounds-interval")
def test_hill_climbing_finds_no_number_of_rounds_outside_the_interval():
    assert least_slack(slack_of_rounds) >= -1e-9
