"""The curve is as long as the book says, and its length is the number of rounds, up to a few."""

import math
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from drawn_chains import ROUNDING, Problem, least_slack, random_walk_back

from sdtutorial import bounds, distill_spectrum

# --- The length of the curve ----------------------------------------------------------------------


def polyline_length(d, z):
    """Sum the chords of s -> exp(-s/d) z on a fine grid: an independent arc length."""
    x = np.linspace(0.0, math.log1p(60 * d.max() / d.min()), 400_001)
    s = d.min() * np.expm1(x)
    chords = np.diff(np.exp(-s[:, None] / d) * z, axis=0)
    return np.sqrt(np.sum(chords**2, axis=1)).sum()


@pytest.mark.statement("thm-arc-length")
def test_limit_is_the_length_of_the_path():
    rng = np.random.default_rng(4)
    for spread in (0.1, 1.0, 3.0, 10.0, 20.0, 40.0):
        d = np.exp(spread * np.append(rng.random(3), [0.0, 1.0]))
        z = rng.standard_normal(5) * np.exp(rng.standard_normal(5) * rng.choice([0, 3]))
        expected = polyline_length(d, z) / np.linalg.norm(z)
        assert bounds.rounds_limit(d, z) == pytest.approx(expected, rel=2e-9)


@pytest.mark.statement("thm-arc-length")
def test_limit_agrees_with_high_precision_quadrature():
    problems = ([1.0, 2.0], [1.0, 1.0]), ([1.0, 30.0], [5.0, 1e-3]), ([1.0, 7.0, 9.0], [1, 1, 2])
    for d, z in problems:
        with mpmath.workdps(30):
            speed = lambda s: mpmath.sqrt(  # noqa: E731
                sum((v / k * mpmath.exp(-s / k)) ** 2 for k, v in zip(d, z, strict=True))
            )
            path = mpmath.quad(speed, [0, 0.3, 1, 3, 5, 7, 9, 11, 15, 20, 30, 60, 150, 600, 3000])
            expected = path / mpmath.sqrt(sum(v**2 for v in z))
        assert bounds.rounds_limit(d, z) == pytest.approx(float(expected), rel=1e-10)


@pytest.mark.statement("thm-arc-length")
def test_rounds_over_norm_ratio_tend_to_the_limit():
    rng = np.random.default_rng(5)
    for _ in range(8):
        d, z = np.sort(np.exp(6 * rng.random(4))), rng.standard_normal(4)
        limit = bounds.rounds_limit(d, z)
        errors = [abs(Problem(d, z, r).chain.rounds / r - limit) for r in (20.5, 100.5, 800.5)]
        assert errors[2] < 0.01
        assert errors[2] < errors[1] / 3 < errors[0] / 3


def test_curve_bound_is_that_of_the_path_where_the_curve_is_straight():
    assert bounds.rounds_curve_bound([5.0, 5.0], [3.0, 4.0], 0.5) == 4  # five steps, r_0 = 5
    assert bounds.rounds_curve_bound([5.0], [1.0], 1.0) == 0
    extreme = [1.0, 2.0], [3e200, 4e200], 1e-300
    assert bounds.rounds_curve_bound(*extreme) <= bounds.rounds_upper_bound(*extreme)


@pytest.mark.statement("thm-arc-length")
def test_limit_is_one_for_one_eigenspace_and_a_sum_of_legs_for_eigenvalues_far_apart():
    assert bounds.rounds_limit([2.0, 2.0, 2.0], [1.0, 5.0, -3.0]) == pytest.approx(1, rel=1e-12)
    assert bounds.rounds_limit([1.0, 5.0, 7.0], [0.0, 1e-300, 0.0]) == pytest.approx(1, rel=1e-12)
    for far in (np.exp([-40.0, 0.0]), [5e-324, 1.0], [1e-300, 1e300]):
        assert bounds.rounds_limit(far, [3.0, 4.0]) == pytest.approx(7 / 5, rel=1e-9)
    assert bounds.rounds_limit([0.0, 1.0], [3.0, 4.0]) == pytest.approx(7 / 5, rel=1e-12)
    assert bounds.rounds_limit([0.0, 1.0], [3.0, 0.0]) == 1.0
    nearly = bounds.rounds_limit([1.0, 1.0 + 1e-12], [3.0, 4.0])
    assert nearly == pytest.approx(1, rel=1e-10)


@pytest.mark.statement("thm-arc-length")
def test_limit_is_at_least_one_and_at_most_the_sum_of_the_legs():
    rng = np.random.default_rng(11)
    for _ in range(150):
        d = np.exp(rng.choice([0.0, 1.0, 40.0]) * rng.random(rng.integers(1, 6)))
        z = np.exp(rng.choice([1.0, 30.0, 200.0]) * rng.standard_normal(d.size))
        legs = math.fsum(z / z.max()) / math.hypot(*(z / z.max()))
        assert 1.0 <= bounds.rounds_limit(d, z) <= legs


# --- Rounds from both sides -----------------------------------------------------------------------


def corners(d, z):
    """1 + sum_e (p_e / ||p_{f >= e}|| - p_e / ||p||), with the formula as it is stated."""
    spaces = np.unique(d)
    p = np.array([np.linalg.norm(z[d == value]) / value for value in spaces])
    rest = np.sqrt(np.cumsum(p[::-1] ** 2)[::-1])
    return 1 + np.sum(p / rest - p / rest[0])


@pytest.mark.statement("lem-round-backwards")
def test_a_chain_walked_back_is_the_chain_that_is_run():
    rng = np.random.default_rng(12)
    for _ in range(150):
        d, targets = random_walk_back(rng)
        chain = distill_spectrum(d, targets[0], 1 / d.size, zero_below=0)
        assert chain.rounds == len(targets) - 1
        c = 1 / np.linalg.norm(targets[1:] / d, axis=1)
        np.testing.assert_allclose(chain.multipliers, c, rtol=1e-9)
        np.testing.assert_allclose(chain.target_coordinates, targets, rtol=1e-8)


@pytest.mark.statement("thm-arc-length")
def test_the_curve_is_longer_than_the_walk_by_less_than_a_step_a_corner():
    rng = np.random.default_rng(13)
    for _ in range(300):
        d, targets = random_walk_back(rng)
        rounds, last = len(targets) - 1, np.linalg.norm(targets[-1])
        curve = bounds.rounds_limit(d, targets[0]) * np.linalg.norm(targets[0])
        shortcut = corners(d, targets[0])
        rounding = ROUNDING * curve
        assert rounds < curve + rounding
        assert curve <= rounds + last - 1 + shortcut + rounding
        assert shortcut <= np.unique(d).size + ROUNDING
        low, high = bounds.rounds_curve_interval(d, targets[0], 1 / d.size)
        assert low <= rounds <= high
        straight, _ = bounds.rounds_interval(np.linalg.norm(targets[0]))
        assert low == max(math.ceil(curve - shortcut - 1e-5), straight)


@pytest.mark.statement("thm-arc-length")
@pytest.mark.slow
def test_the_rounds_of_all_problems_lie_in_the_interval_of_the_curve(problems):
    attained = 0
    for problem in problems:
        low, high = bounds.rounds_curve_interval(problem.d, problem.z, problem.tolerance)
        assert low <= problem.chain.rounds <= high
        assert high == bounds.rounds_curve_bound(problem.d, problem.z, problem.tolerance)
        assert low >= bounds.rounds_interval(problem.r[0])[0]
        assert high <= bounds.rounds_upper_bound(problem.d, problem.z, problem.tolerance)
        attained += low == high
    assert attained > len(problems) / 4  # the interval alone tells the number of rounds


@pytest.mark.statement("thm-arc-length")
def test_every_coordinate_of_the_direction_first_rises_and_then_falls():
    rng = np.random.default_rng(14)
    for _ in range(150):
        d, targets = random_walk_back(rng)
        speeds = targets / d
        direction = speeds / np.linalg.norm(speeds, axis=1)[:, None]
        direction = np.vstack([direction, targets[-1] / np.linalg.norm(targets[-1])])
        for coordinate in np.diff(direction, axis=0).T:
            signs = np.sign(coordinate[np.abs(coordinate) > 1e-12])
            assert not any(before < after for before, after in pairwise(signs))


@pytest.mark.statement("thm-arc-length")
def test_with_one_eigenvalue_the_curve_tells_the_number_of_rounds():
    for r in (1.001, 1.5, 3.0, 4.2, 250.5):
        tolerance = 25 / 3 / r**2
        rounds = distill_spectrum([2.0, 2.0, 2.0], [0.0, 3.0, 4.0], tolerance).rounds
        interval = bounds.rounds_curve_interval([2.0, 2.0, 2.0], [0.0, 3.0, 4.0], tolerance)
        assert interval == (rounds, rounds)


def test_eigenvalues_that_rounding_has_split_count_once():
    z, tolerance = np.ones(40), 1 / 60**2
    together = bounds.rounds_curve_interval(np.repeat([1.0, 50.0], 20), z, tolerance)
    split = np.repeat([1.0, 50.0], 20) * (1 + 1e-14 * np.arange(40))
    assert bounds.rounds_curve_interval(split, z, tolerance) == together
    assert together[0] <= distill_spectrum(split, z, tolerance).rounds <= together[1]
    assert together[1] - together[0] <= 1


def test_curve_interval_with_labels_out_of_reach():
    rng = np.random.default_rng(15)
    for _ in range(100):
        d = np.append(0.0, np.sort(np.exp(5 * rng.random(4))))
        z, tolerance = np.append(rng.random(), rng.uniform(0, 9, 4)), 0.21
        low, high = bounds.rounds_curve_interval(d, z, tolerance)
        assert low <= distill_spectrum(d, z, tolerance, zero_below=0).rounds <= high


def test_curve_interval_at_the_edges():
    assert bounds.rounds_curve_interval([5.0], [1.0], 1.0) == (0, 0)
    assert bounds.rounds_curve_interval([1.0, 2.0], [0.0, 0.0], 1.0) == (0, 0)
    assert bounds.rounds_curve_interval([5.0], [3.0], 1.0) == (2, 2)
    low, high = bounds.rounds_curve_interval([1e-300, 2.0], [3e200, 4e200], 1e-300)
    assert 10**350 < low <= high == bounds.rounds_curve_bound([1e-300, 2.0], [3e200, 4e200], 1e-300)
    assert all(type(end) is int for end in (low, high))


# --- The condition number -------------------------------------------------------------------------


@pytest.mark.statement("thm-condition")
def test_no_curve_is_longer_than_its_condition_number_allows(problems):
    for problem in problems[::4]:
        detour = bounds.rounds_limit(problem.carrying, problem.z[problem.z != 0])
        assert detour <= bounds.rounds_limit_bound(problem.condition_number) * (1 + ROUNDING)
        longest = bounds.rounds_condition_bound(problem.r[0], problem.condition_number)
        assert problem.chain.rounds <= longest <= bounds.rounds_interval(problem.r[0])[1]


@pytest.mark.statement("thm-condition")
def test_spectra_on_a_logarithmic_scale_come_close_to_what_the_condition_number_allows():
    for decades, size in [(4, 20), (8, 40), (16, 80)]:
        d = np.logspace(-decades, 0, size)
        detour = bounds.rounds_limit(d, np.ones(size))
        assert 0.8 < detour / bounds.rounds_limit_bound(10.0**decades) < 1


@pytest.mark.statement("thm-condition")
def test_the_condition_bound_is_the_least_value_of_the_formula():
    m, x = np.meshgrid(np.linspace(1.5, 12, 400), np.logspace(-4, 0.5, 400))
    for kappa in (1.0, 2.0, 10.0, 100.0, 4470.7, 1e8, 1e16, 1e150):
        values = np.sqrt((0.25 + x / 2) * np.log1p(m * kappa / x)) / -np.expm1(-m)
        least = min(values.min(), (1 + kappa) / (2 * math.sqrt(kappa)))
        assert bounds.rounds_limit_bound(kappa) == pytest.approx(least, rel=1e-4)
        assert bounds.rounds_limit_bound(kappa) <= least * (1 + 1e-15)


@pytest.mark.statement("thm-condition")
def test_the_condition_bound_in_numbers():
    numbers = [bounds.rounds_limit_bound(kappa) for kappa in (10, 100, 4470.7, 1e8, 1e12, 1e16)]
    assert np.round(numbers, 3).tolist() == [1.366, 1.598, 1.903, 2.510, 2.950, 3.328]
    assert bounds.rounds_limit_bound(1) == 1.0
    assert bounds.rounds_limit_bound(np.inf) == np.inf
    assert bounds.rounds_condition_bound(50, 1e12) == 147
    assert bounds.rounds_condition_bound(7.3, 1.0) == 7
    assert bounds.rounds_condition_bound(3.0, np.inf) == bounds.rounds_interval(3.0)[1] == 8
    assert bounds.rounds_condition_bound(1.0, 1e9) == bounds.rounds_condition_bound(0.0, 2.0) == 0
    assert type(bounds.rounds_condition_bound(1e6, 1e16)) is int


# --- The spline example, and attacks --------------------------------------------------------------


@pytest.mark.statement("thm-arc-length")
@pytest.mark.parametrize(
    ("tolerance", "coarse", "low", "rounds", "high"),
    [
        (4e-2, -3, 4, 4, 5),
        (4e-3, 9, 12, 16, 17),
        (4e-4, 46, 50, 54, 54),
        (4e-5, 165, 168, 172, 173),
        (4e-6, 541, 544, 548, 549),
    ],
)
def test_spline_rounds_from_both_sides(spline_chain, tolerance, coarse, low, rounds, high):
    d, z = spline_chain.eigenvalues, spline_chain.coordinates
    chain = distill_spectrum(d, z, tolerance, zero_below=0)
    assert chain.rounds == rounds
    assert bounds.rounds_curve_interval(d, z, tolerance) == (low, high)
    curve = bounds.rounds_limit(d, z) * chain.norm_ratios[0]
    assert math.ceil(curve - d.size) == coarse


def slack_of_the_curve(problem):
    """How far the unrounded ends of the curve's interval are from being passed by T."""
    carrying = problem.z != 0
    curve = bounds.rounds_limit(problem.d, problem.z) * problem.r[0]
    excess = curve - problem.chain.rounds
    shortcut = corners(problem.d[carrying], problem.z[carrying]) - 1 + problem.r[-1]
    return min(excess, shortcut - excess)


@pytest.mark.statement("thm-arc-length")
def test_hill_climbing_finds_no_number_of_rounds_off_the_curve():
    assert least_slack(slack_of_the_curve) >= -1e-9


def slack_of_the_condition(problem):
    detour = bounds.rounds_limit(problem.d, problem.z)
    return bounds.rounds_limit_bound(problem.condition_number) / detour - 1


@pytest.mark.statement("thm-condition")
def test_hill_climbing_finds_no_curve_too_long_for_its_condition_number():
    assert least_slack(slack_of_the_condition) >= -1e-9
