"""The bounds hold on real chains, are attained where the book says so, and survive the extremes."""

import math
from fractions import Fraction
from functools import cached_property

import mpmath
import numpy as np
import pytest

from sdtutorial import bounds, distill, distill_spectrum, solve_multiplier, spline

# Multipliers and filters carry a relative error of some 1e-13; no statement may fail by more.
ROUNDING = 1e-10


class Problem:
    """A spectrum, labels in its eigenbasis and a tolerance, with the chain that they give."""

    def __init__(self, eigenvalues, coordinates, norm_ratio):
        self.d = np.sort(np.asarray(eigenvalues, dtype=float))
        self.z = np.asarray(coordinates, dtype=float)
        self.tolerance = np.sum(self.z**2) / norm_ratio**2 / self.d.size
        self.chain = distill_spectrum(self.d, self.z, self.tolerance)
        self.r = self.chain.norm_ratios
        self.carrying = self.d[self.z != 0]

    @property
    def condition_number(self):
        smallest, largest = self.carrying[[0, -1]]
        return largest / smallest if smallest > 0 else np.inf

    @cached_property
    def log_ratios(self):
        """ln(B_{T-1}[k]/B_{T-1}[j]) in entry [k, j], summed without the cancellation of logarithms.

        One round adds ln((1 + c/d_j)/(1 + c/d_k)) = ln(1 + c (d_k - d_j)/(d_j (c + d_k))).
        """
        logs, (k, j) = np.zeros(self.pairs.shape), np.nonzero(self.pairs)
        c, d_k, d_j = self.chain.multipliers[:, None], self.d[k], self.d[j]
        with np.errstate(divide="ignore"):  # out of reach: infinitely sparser
            logs[k, j] = np.log1p(c * (d_k - d_j) / (d_j * (c + d_k))).sum(axis=0)
        return logs - logs.T

    @property
    def pairs(self):
        return np.greater.outer(self.d, self.d)


def random_problem(rng):
    """Draw a problem: ties, zero coordinates, singular matrices, labels along or against d."""
    size = rng.integers(1, 13)
    spread = rng.choice([0.0, 1e-3, 1.0, 5.0, 15.0, 40.0])
    d = np.exp(-spread * rng.random(size)) * 10.0 ** rng.uniform(-3, 3)
    if rng.random() < 0.2:
        d[rng.integers(0, size, size // 2)] = d[0]
    d = np.sort(d)
    z = rng.standard_normal(size)
    z *= [1.0, np.sqrt(d / d[-1]), np.sqrt(d[0] / d), d / d[-1], 1 / np.abs(z)][rng.integers(5)]
    if rng.random() < 0.2:
        z[rng.integers(0, size, size // 3)] = 0.0
    if size > 2 and rng.random() < 0.15:
        d[0] = 0.0
        z[0] *= rng.choice([0.0, 1e-3])
    return d, z, 1.0 + 10.0 ** rng.uniform(-3, 1.5)


def is_feasible(d, z, norm_ratio):
    """Whether a chain exists: energy in reach, and little of it out of reach."""
    unreachable = np.sum(z[d == 0] ** 2)
    return np.any(z[d > 0]) and unreachable < 0.9 * np.sum(z**2) / norm_ratio**2


@pytest.fixture(scope="module")
def problems():
    rng = np.random.default_rng(20)
    drawn = (random_problem(rng) for _ in range(1000))
    return [Problem(*numbers) for numbers in drawn if is_feasible(*numbers)]


@pytest.fixture(scope="module")
def spline_chain():
    example = spline()
    return distill(example.gram, example.y, example.tolerance)


# --- The multiplier of a round --------------------------------------------------------------------


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


# --- The norm of the targets and the number of rounds ---------------------------------------------


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
    chain = distill_spectrum(d, z, 1.0)
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


# --- The limit of the number of rounds ------------------------------------------------------------


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


@pytest.mark.statement("thm-arc-length")
def test_rounds_never_exceed_the_length_of_the_curve(problems):
    attained = 0
    for problem in problems:
        longest = bounds.rounds_curve_bound(problem.d, problem.z, problem.tolerance)
        assert problem.chain.rounds <= longest
        assert longest <= bounds.rounds_upper_bound(problem.d, problem.z, problem.tolerance)
        attained += problem.chain.rounds == longest
    assert attained > len(problems) / 4  # one round less would not be a bound


@pytest.mark.statement("thm-arc-length")
def test_a_round_shortens_the_curve_by_its_own_length_or_a_little_more(problems):
    regular = [p for p in problems if p.carrying[0] > 0 and p.chain.rounds < 20][:150]
    for problem in regular:
        d, targets = problem.carrying, problem.chain.target_coordinates[:, problem.z != 0]
        step = np.sqrt(problem.d.size * problem.tolerance)
        left = [bounds.rounds_limit(d, z) * np.linalg.norm(z) for z in targets]
        shortened = -np.diff(left)
        most = problem.chain.multipliers * np.linalg.norm(targets[:-1] / d, axis=1)
        assert np.all(shortened >= step - ROUNDING * left[0])
        assert np.all(shortened <= most * (1 + ROUNDING) + ROUNDING * left[0])


@pytest.mark.statement("thm-arc-length")
def test_the_curve_exceeds_the_rounds_by_a_logarithm_at_most(problems):
    for problem in problems:
        if problem.carrying[0] == 0:
            continue
        steps = bounds.rounds_limit(problem.d, problem.z) * problem.r[0]
        root, rounds = np.sqrt(problem.d.size), problem.chain.rounds
        excess = 2 * root * (1 + problem.condition_number * (1 + np.log(rounds)))
        assert steps <= (rounds + excess) * (1 + ROUNDING)


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


# --- Sparsity during the chain --------------------------------------------------------------------


def test_the_log_ratios_of_these_tests_are_those_of_the_filters(problems):
    for problem in problems:
        logs = problem.chain.log_filters[-1]
        reached = np.isfinite(logs)
        expected = logs[reached, None] - logs[reached]
        actual = problem.log_ratios[np.ix_(reached, reached)]
        np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=1e-11 * problem.r[0])


@pytest.mark.statement("thm-sparsity-power")
def test_first_round_to_the_power_t_bounds_the_sparsity_and_implies_the_papers_bound(problems):
    for problem in problems:
        d, t, chain = problem.d, problem.chain.rounds, problem.chain
        true = problem.log_ratios[problem.pairs]
        power = bounds.sparsity_ratio_power(d, chain.multipliers[0], t, log=True)[problem.pairs]
        paper = bounds.sparsity_ratio_bound(d, problem.r[0], t, log=True)[problem.pairs]
        assert np.all(power <= true * (1 + ROUNDING))
        assert np.all(paper <= power * (1 + ROUNDING))


@pytest.mark.statement("thm-sparsity-product")
def test_product_over_rounds_bounds_the_sparsity_and_implies_the_papers_bound(problems):
    for problem in problems:
        d, t, r = problem.d, problem.chain.rounds, problem.r
        true = problem.log_ratios[problem.pairs]
        known = np.sqrt(r[0] ** 2 - np.arange(t))
        afterwards, beforehand, paper = (
            logs[problem.pairs]
            for logs in (
                bounds.sparsity_ratio_product(d, r[:-1], log=True),
                bounds.sparsity_ratio_product(d, known, log=True),
                bounds.sparsity_ratio_bound(d, r[0], t, log=True),
            )
        )
        assert np.all(afterwards <= true * (1 + ROUNDING))
        assert np.all(beforehand <= afterwards * (1 + ROUNDING))
        assert np.all(paper <= beforehand * (1 + ROUNDING))


def test_the_three_sparsity_bounds_are_the_formulas_stated():
    d, r, c, t = np.array([0.5, 1.0, 4.0]), 3.0, 0.7, 5
    j, k = d[None, :], d[:, None]
    power = ((1 + c / j) / (1 + c / k)) ** t
    paper = ((r - 1 + d[0] / j) / (r - 1 + d[0] / k)) ** t
    np.testing.assert_allclose(bounds.sparsity_ratio_power(d, c, t), power, rtol=1e-13)
    np.testing.assert_allclose(bounds.sparsity_ratio_bound(d, r, t), paper, rtol=1e-13)
    product = bounds.sparsity_ratio_product(d, [3.0] * t)
    np.testing.assert_allclose(product, paper, rtol=1e-13)
    s = [2.9, 2.0, 1.5]
    expected = np.prod([(v - 1 + d[0] / j) / (v - 1 + d[0] / k) for v in s], axis=0)
    np.testing.assert_allclose(bounds.sparsity_ratio_product(d, s), expected, rtol=1e-13)


def test_sparsity_bounds_keep_their_precision_for_close_eigenvalues():
    d = [1.0, 1.0 + 1e-12]
    with mpmath.workdps(40):
        low, high = (mpmath.mpf(v) for v in d)
        expected = float(3 * mpmath.log((1 + 2 / low) / (1 + 2 / high)))
    logs = bounds.sparsity_ratio_power(d, 2.0, 3, log=True)
    assert logs[1, 0] == pytest.approx(expected, rel=1e-12)
    assert logs[0, 1] == -logs[1, 0]


def test_sparsity_bounds_never_round_to_infinity_or_zero():
    d = np.exp([-40.0, 0.0])
    ratio = bounds.sparsity_ratio_power(d, 1.0, 1000)
    logs = bounds.sparsity_ratio_power(d, 1.0, 1000, log=True)
    assert 1e300 < ratio[1, 0] < np.inf
    assert 0 < ratio[0, 1] < 1e-300
    assert logs[1, 0] == pytest.approx(1000 * (40 - math.log(2)), rel=1e-12)
    assert bounds.sparsity_index([1.0, 1e9], 1.5, 1e9) < np.inf


def test_a_direction_out_of_reach_is_infinitely_sparser():
    d = [0.0, 0.0, 1.0, 2.0]
    for result in (
        bounds.sparsity_ratio_power(d, 1.0, 2),
        bounds.sparsity_ratio_bound(d, 3.0, 2),
        bounds.sparsity_ratio_product(d, [3.0, 2.0]),
    ):
        assert np.all(result[2:, :2] == np.inf)
        assert np.all(result[:2, 2:] == 0)
        assert np.all(result[:2, :2] == 1)
        assert np.all(result[[2, 3], [2, 3]] == 1)
    for end in bounds.collapse_sparsity(d, 2.0, 3.0):
        assert np.all(end[2:, :2] == np.inf)
        assert np.all(end[:2, 2:] == -np.inf)
        assert np.all(end[:2, :2] == 0)


def test_no_round_makes_every_ratio_one():
    d = [0.0, 1.0, 4.0]
    for result in (
        bounds.sparsity_ratio_power(d, 1.0, 0),
        bounds.sparsity_ratio_bound(d, 0.5, 0),
        bounds.sparsity_ratio_product(d, np.empty(0)),
    ):
        assert np.all(result == 1)
    lower, upper = bounds.collapse_sparsity(d, 0.5, 1.0)
    assert not lower.any() and not upper.any()


@pytest.mark.statement("thm-sparsity-index")
def test_index_grows_with_the_norm_ratio_towards_its_limit():
    rng = np.random.default_rng(6)
    for _ in range(200):
        d = np.sort(np.exp(rng.uniform(0, 3) * rng.random(rng.integers(2, 9))))
        index = [bounds.sparsity_index(d, r) for r in (1.0, 1.1, 2.0, 10.0, 1e3, 1e10)]
        limit = bounds.sparsity_index_limit(d)
        assert index[0] == 1
        assert np.all(np.diff(np.log(index)) >= -1e-15)
        assert index[-1] <= limit * (1 + 1e-15)
        assert index[-1] == pytest.approx(limit, rel=1e-9)
        assert index[1] < index[3]
        formula = math.exp(d[0] ** 2 / d[-1] * np.min(1 / d[:-1] - 1 / d[1:]))
        assert limit == pytest.approx(formula, rel=1e-12)


@pytest.mark.statement("thm-sparsity-index")
def test_index_is_the_least_bound_between_neighbours():
    d = np.array([0.3, 1.0, 1.1, 7.0])
    for r, t in [(1.4, 2), (9.0, None)]:
        rounds = bounds.guaranteed_rounds(r, d[-1] / d[0]) if t is None else t
        ratios = bounds.sparsity_ratio_bound(d, r, rounds)
        least = min(ratios[k + 1, k] for k in range(3))
        assert bounds.sparsity_index(d[::-1], r, t) == pytest.approx(least, rel=1e-14)
    assert bounds.sparsity_index([1.0, 2.0, 2.0], 5.0) == 1.0
    assert bounds.sparsity_index_limit([1.0, 2.0, 2.0]) == 1.0
    assert bounds.sparsity_index([0.0, 1.0, 2.0], 5.0) == 1.0
    assert bounds.sparsity_index_limit([0.0, 1.0, 2.0]) == 1.0


@pytest.mark.statement("prp-early-stopping")
def test_one_looser_fit_sparsifies_but_never_beyond_the_ratio_of_eigenvalues():
    rng = np.random.default_rng(7)
    for _ in range(100):
        d, z = np.sort(np.exp(5 * rng.random(4))), rng.standard_normal(4)
        tolerances = np.sum(z**2) / 4 * np.array([1e-6, 1e-3, 0.1, 0.5, 0.9, 0.999])
        c = [solve_multiplier(d, z, tolerance) for tolerance in tolerances]
        ratios = np.array([bounds.sparsity_ratio_power(d, multiplier, 1) for multiplier in c])
        k, j = np.tril_indices(4, -1)
        assert np.all(np.diff(ratios[:, k, j], axis=0) > 0)
        assert np.all(ratios[:, k, j] < d[k] / d[j])
        np.testing.assert_allclose(ratios[-1][k, j], d[k] / d[j], rtol=0.1)


@pytest.mark.statement("prp-early-stopping")
def test_rounds_come_close_to_a_power_of_the_ratio_far_below_the_labels():
    for depth in (1e-2, 1e-4, 1e-6):
        problem = Problem([depth, 2 * depth, 1.0, 2.0], [0.0, 0.0, 1.0, -1.0], 4.3)
        t = problem.chain.rounds
        missing = t * math.log(2) - problem.log_ratios[1, 0]
        smallest = bounds.multiplier_interval(problem.carrying, problem.r[0])[0]
        assert 0 < missing < t * math.log1p(2 * depth / smallest)


# --- Sparsity at collapse -------------------------------------------------------------------------


@pytest.mark.statement("thm-sparsity-growth")
def test_sparsity_at_collapse_lies_between_the_integral_and_the_power_law(problems):
    for problem in problems:
        top = np.flatnonzero(problem.z)[-1]
        energy = np.sum(problem.z[problem.d == problem.d[top]] ** 2)
        rho = math.sqrt(energy / (problem.d.size * problem.tolerance))
        d, true = problem.d[: top + 1], problem.log_ratios[: top + 1, : top + 1]
        lower, upper = bounds.collapse_sparsity(d, rho, problem.r[0])
        assert np.array_equal(lower, -upper.T)
        out_of_reach = np.isinf(true)
        assert np.array_equal(lower[out_of_reach], true[out_of_reach])
        lower, upper, true = (logs[~out_of_reach] for logs in (lower, upper, true))
        slack = ROUNDING * np.abs(true)
        assert np.all(lower <= true + slack)
        assert np.all(true <= upper + slack)


@pytest.mark.statement("thm-sparsity-growth")
def test_growth_integral_agrees_with_high_precision_quadrature():
    rng = np.random.default_rng(8)
    for number in range(12):
        low, high = np.sort(rng.uniform(0, 40, 2)) if number else (0.0, 40.0)
        rho = 1 + 10.0 ** (rng.uniform(-9, 6) if number else 6.0)
        d = np.exp([-high, -low, 0.0])
        lower, _ = bounds.collapse_sparsity(d, rho, rho)
        with mpmath.workdps(25):
            a, b = (mpmath.mpf(d[2]) / mpmath.mpf(v) for v in d[:2])

            def integrand(x, a=a, b=b):
                w = mpmath.exp(x)
                return mpmath.log((w + a) / (w + b)) / mpmath.log1p(1 / w) * w / (1 + w)

            end = mpmath.log(mpmath.mpf(rho) - 1)
            expected = mpmath.quad(integrand, mpmath.linspace(min(end, 0) - 50, end, 16))
        assert lower[1, 0] == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.statement("thm-sparsity-growth")
def test_lower_end_is_above_its_closed_form():
    rng = np.random.default_rng(9)
    for _ in range(200):
        d = np.exp(-np.sort(rng.uniform(0, rng.choice([1.0, 5.0, 20.0]), 2))[::-1])
        d, rho = np.append(d, 1.0), 1 + 10 ** rng.uniform(-3, 6)
        a, b = 1 / d[0], 1 / d[1]
        lower, _ = bounds.collapse_sparsity(d, rho, rho)
        closed = (a - b) / (a - 1) * (a * math.log1p((rho - 1) / a) - math.log(rho))
        assert lower[1, 0] >= closed - 1e-12 * abs(a * math.log(rho))
        assert closed >= (a - b) * (math.log(rho) - a * math.log(a) / (a - 1)) - 1e-9 * abs(closed)


@pytest.mark.statement("thm-sparsity-growth")
def test_sparsity_grows_with_the_rate_theta_over_two():
    d, z = np.array([1.0, 1.6, 2.0]), np.array([1.0, -1.0, 2.0])
    theta = 2 / d[0] - 2 / d[1]
    epsilons = 10.0 ** -np.arange(2, 15)
    ends = []
    for epsilon in epsilons:
        step = math.sqrt(3 * epsilon)
        lower, upper = bounds.collapse_sparsity(d, 2 / step, np.linalg.norm(z) / step)
        ends.append([lower[1, 0], upper[1, 0]])
    remainder = np.array(ends) - theta / 2 * np.log(1 / epsilons)[:, None]
    np.testing.assert_allclose(remainder[-1], remainder[-2], atol=1e-5)
    assert np.ptp(remainder, axis=0).max() < 1.0
    true = [Problem(d, z, r).log_ratios[1, 0] for r in (40.5, 4000.5)]
    assert (true[1] - true[0]) / math.log(4000.5 / 40.5) == pytest.approx(theta, rel=0.02)


def test_lower_end_is_zero_without_energy_above_the_tolerance_and_grows_from_there():
    d = [1.0, 2.0]
    for rho in (0.0, 0.5, 1.0):
        lower, upper = bounds.collapse_sparsity(d, rho, 3.0)
        assert lower[1, 0] == 0 < upper[1, 0]
    ends = [bounds.collapse_sparsity(d, rho, 1e9)[0][1, 0] for rho in (1 + 1e-15, 1.1, 2.0, 1e8)]
    assert 0 < ends[0] < 1e-14
    assert np.all(np.diff(ends) > 0)


# --- The spline example ---------------------------------------------------------------------------


@pytest.mark.statement("thm-sparsity-growth")
@pytest.mark.parametrize(
    ("tolerance", "norm_ratio", "rounds", "least_ratio", "lower", "true", "upper"),
    [
        (4e-2, 4.03, 4, 2.97, 0.0, 1.49, 23.7),
        (4e-3, 12.75, 16, 59.2, 0.95, 4.88, 40.9),
        (4e-4, 40.31, 54, 1.43e5, 6.17, 11.87, 58.2),
        (4e-6, 403.1, 548, 7.11e14, 29.8, 34.2, 92.7),
        (4e-8, 4031, 5489, 5.51e28, 62.5, 66.2, 127.3),
    ],
)
def test_spline_sparsity_from_tolerance_to_tolerance(
    tolerance, norm_ratio, rounds, least_ratio, lower, true, upper
):
    example = spline()
    chain = distill(example.gram, example.y, tolerance)
    d, r, logs = chain.eigenvalues, chain.norm_ratios[0], chain.log_filters[-1]
    rho = abs(chain.coordinates[-1]) / math.sqrt(9 * tolerance)
    lowest, highest = bounds.collapse_sparsity(d, rho, r)
    assert r == pytest.approx(norm_ratio, rel=1e-3)
    assert chain.rounds == rounds
    assert math.exp(np.diff(logs).min()) == pytest.approx(least_ratio, rel=2e-3)
    assert lowest[8, 7] == pytest.approx(lower, rel=2e-3)
    assert logs[8] - logs[7] == pytest.approx(true, rel=2e-3)
    assert highest[8, 7] == pytest.approx(upper, rel=2e-3)
    low, high = bounds.rounds_interval(r)
    assert low <= rounds <= min(high, bounds.rounds_upper_bound(d, chain.coordinates, tolerance))
    assert bounds.sparsity_index(d, r) < bounds.sparsity_index_limit(d) < 1.000001


@pytest.mark.statement("thm-sparsity-power")
def test_spline_bottom_pair_after_four_rounds(spline_chain):
    d, r, logs = spline_chain.eigenvalues, spline_chain.norm_ratios, spline_chain.log_filters[-1]
    known = np.sqrt(r[0] ** 2 - np.arange(4))
    numbers = [
        math.exp(logs[1] - logs[0]),
        bounds.sparsity_ratio_power(d, spline_chain.multipliers[0], 4)[1, 0],
        bounds.sparsity_ratio_product(d, known)[1, 0],
        bounds.sparsity_ratio_bound(d, r[0], 4)[1, 0],
    ]
    assert np.round(numbers, 2).tolist() == [2.97, 2.86, 1.30, 1.28]


@pytest.mark.statement("thm-rounds-interval")
def test_spline_rounds_and_their_bounds(spline_chain):
    d, z, r = spline_chain.eigenvalues, spline_chain.coordinates, spline_chain.norm_ratios[0]
    assert spline_chain.rounds == 4
    assert bounds.rounds_interval(r)[0] == 4
    assert bounds.rounds_upper_bound(d, z, 0.04) == 8
    assert bounds.rounds_curve_bound(d, z, 0.04) == 5
    assert bounds.guaranteed_rounds(r, d[-1] / d[0]) == pytest.approx(0.00068, abs=5e-6)
    assert bounds.rounds_limit(d, z) == pytest.approx(1.3621, abs=5e-5)


# --- Attacks --------------------------------------------------------------------------------------


def slack_of_rounds(problem):
    """How far the unrounded ends of the rounds interval are from being passed by T."""
    norms = [
        np.linalg.norm(problem.z[problem.d == value]) for value in np.unique(problem.d)
    ]
    step = math.sqrt(problem.d.size * problem.tolerance)
    rounds, r = problem.chain.rounds, problem.r[0]
    return min(rounds - (r - 1), r**2 - rounds, sum(norms) / step - rounds)


def slack_of_label_bracket(problem):
    targets = problem.chain.target_coordinates[:-1].T
    lower, upper = bounds.label_multiplier_interval(problem.d, targets, problem.r[:-1])
    c = problem.chain.multipliers
    return np.log(np.minimum(c / lower, upper / c)).min()


def slack_of_growth(problem):
    rho = abs(problem.z[-1]) / math.sqrt(problem.d.size * problem.tolerance)
    lower, upper = bounds.collapse_sparsity(problem.d, rho, problem.r[0])
    true = problem.log_ratios
    return np.min(np.minimum(true - lower, upper - true)[problem.pairs] / true[problem.pairs])


def slack_of_power_and_product(problem):
    d, t, r = problem.d, problem.chain.rounds, problem.r
    power = bounds.sparsity_ratio_power(d, problem.chain.multipliers[0], t, log=True)
    product = bounds.sparsity_ratio_product(d, r[:-1], log=True)
    true = problem.log_ratios
    return np.min((true - np.maximum(power, product))[problem.pairs] / true[problem.pairs])


@pytest.mark.parametrize(
    "slack",
    [
        pytest.param(slack_of_rounds, marks=pytest.mark.statement("thm-rounds-interval")),
        pytest.param(slack_of_label_bracket, marks=pytest.mark.statement("thm-label-bracket")),
        pytest.param(slack_of_growth, marks=pytest.mark.statement("thm-sparsity-growth")),
        pytest.param(slack_of_power_and_product, marks=pytest.mark.statement("thm-sparsity-power")),
    ],
)
def test_hill_climbing_finds_no_violation(slack):
    rng = np.random.default_rng(10)
    for _ in range(4):
        size = rng.integers(2, 6)
        logs = np.sort(rng.uniform(-rng.choice([1.0, 10.0]), 0.0, size))
        z, excess = rng.standard_normal(size), 10 ** rng.uniform(-1, 1)
        best = slack(Problem(np.exp(logs), z, 1 + excess))
        for _ in range(120):
            width = 10 ** rng.uniform(-3, 0)
            trial = (
                np.sort(logs + width * rng.standard_normal(size)),
                z * np.exp(width * rng.standard_normal(size)),
                min(excess * math.exp(width * rng.standard_normal()), 30.0),
            )
            value = slack(Problem(np.exp(trial[0]), trial[1], 1 + trial[2]))
            if value < best:
                (logs, z, excess), best = trial, value
        assert best >= -1e-9


# --- What the functions ask for -------------------------------------------------------------------

D, Z = [1.0, 2.0], [1.0, 1.0]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: bounds.multiplier_interval([-1.0, 2.0], 2.0), ValueError),
        (lambda: bounds.multiplier_interval([0.0, 0.0], 2.0), ValueError),
        (lambda: bounds.multiplier_interval([], 2.0), ValueError),
        (lambda: bounds.multiplier_interval([[1.0]], 2.0), ValueError),
        (lambda: bounds.multiplier_interval([1.0, np.nan], 2.0), ValueError),
        (lambda: bounds.multiplier_interval([1.0 + 1j], 2.0), TypeError),
        (lambda: bounds.multiplier_interval(D, -0.1), ValueError),
        (lambda: bounds.multiplier_interval(D, np.inf), ValueError),
        (lambda: bounds.multiplier_interval(D, "2"), TypeError),
        (lambda: bounds.label_multiplier_interval(D, [1.0], 2.0), ValueError),
        (lambda: bounds.label_multiplier_interval(D, [0.0, 0.0], 2.0), ValueError),
        (lambda: bounds.label_multiplier_interval(D, np.ones((2, 3)), [2.0, 2.0]), ValueError),
        (lambda: bounds.norm_ratio_bound(-1, 2.0, 3.0), ValueError),
        (lambda: bounds.norm_ratio_bound(1, 2.0, 0.9), ValueError),
        (lambda: bounds.norm_ratio_bound(1, 2.0, np.nan), ValueError),
        (lambda: bounds.norm_ratio_bound([1, 2], [2.0, 3.0, 4.0], 2.0), ValueError),
        (lambda: bounds.guaranteed_rounds(2.0, 0.0), ValueError),
        (lambda: bounds.guaranteed_rounds(1j, 2.0), TypeError),
        (lambda: bounds.rounds_interval([2.0, 3.0]), TypeError),
        (lambda: bounds.rounds_interval(np.nan), ValueError),
        (lambda: bounds.rounds_interval(-1.0), ValueError),
        (lambda: bounds.rounds_upper_bound(D, Z, 0.0), ValueError),
        (lambda: bounds.rounds_upper_bound(D, Z, None), TypeError),
        (lambda: bounds.rounds_upper_bound(D, np.ones((2, 2)), 1.0), ValueError),
        (lambda: bounds.rounds_limit(D, [0.0, 0.0]), ValueError),
        (lambda: bounds.rounds_limit(D, [1.0, 1.0, 1.0]), ValueError),
        (lambda: bounds.sparsity_ratio_power(D, 0.0, 2), ValueError),
        (lambda: bounds.sparsity_ratio_power(D, np.inf, 2), ValueError),
        (lambda: bounds.sparsity_ratio_power(D, 1.0, -1), ValueError),
        (lambda: bounds.sparsity_ratio_power(D, 1.0, [1, 2]), TypeError),
        (lambda: bounds.sparsity_ratio_product(D, [2.0, 1.0]), ValueError),
        (lambda: bounds.sparsity_ratio_product(D, 2.0), ValueError),
        (lambda: bounds.sparsity_ratio_bound(D, 1.0, 1), ValueError),
        (lambda: bounds.sparsity_ratio_bound(D, 2.0, np.inf), ValueError),
        (lambda: bounds.sparsity_index([1.0], 2.0), ValueError),
        (lambda: bounds.sparsity_index(D, 1.0, 2), ValueError),
        (lambda: bounds.sparsity_index(D, [2.0]), TypeError),
        (lambda: bounds.sparsity_index_limit([1.0]), ValueError),
        (lambda: bounds.collapse_sparsity(D, 3.0, 2.0), ValueError),
        (lambda: bounds.collapse_sparsity(D, -1.0, 2.0), ValueError),
        (lambda: bounds.collapse_sparsity(D, 1.0, np.nan), ValueError),
    ],
)
def test_bad_input_is_refused(call, error):
    with pytest.raises(error):
        call()


def test_single_results_are_plain_python_numbers():
    d, z, r = np.array([1.0, 4.0]), np.array([1.0, 2.0]), np.float64(3.0)
    results = [
        *bounds.multiplier_interval(d, r),
        *bounds.label_multiplier_interval(d, z, r),
        bounds.norm_ratio_bound(np.int64(1), r, np.float64(4.0)),
        bounds.guaranteed_rounds(r, np.float64(4.0)),
        bounds.rounds_limit(d, z),
        bounds.sparsity_index(d, r),
        bounds.sparsity_index_limit(d),
    ]
    assert {type(result) for result in results} == {float}
    assert type(bounds.rounds_upper_bound(d, z, np.float64(0.1))) is int


def test_arguments_are_not_changed_and_lists_will_do():
    d, z, r = np.array([2.0, 1.0, 4.0]), np.array([1.0, 0.0, 2.0]), np.array([3.0, 2.0])
    copies = [d.copy(), z.copy(), r.copy()]
    for array in (d, z, r):
        array.flags.writeable = False
    results = [
        bounds.multiplier_interval(d, r),
        bounds.label_multiplier_interval(d, z, r),
        bounds.rounds_upper_bound(d, z, 0.1),
        bounds.rounds_limit(d, z),
        bounds.sparsity_ratio_product(d, r),
        bounds.sparsity_index(d, 3.0),
        bounds.collapse_sparsity(d, 2.0, 3.0),
    ]
    assert all(np.array_equal(*pair) for pair in zip((d, z, r), copies, strict=True))
    again = bounds.label_multiplier_interval(d.tolist(), z.tolist(), r.tolist())
    np.testing.assert_array_equal(results[1], again)


def test_order_of_the_eigenvalues_does_not_matter():
    d, z = np.array([4.0, 1.0, 2.0]), np.array([1.0, -2.0, 0.5])
    order = np.argsort(d)
    for function, *rest in [
        (bounds.rounds_limit,),
        (bounds.rounds_upper_bound, 0.1),
        (bounds.label_multiplier_interval, 3.0),
    ]:
        sorted_first = function(d[order], z[order], *rest)
        assert function(d, z, *rest) == pytest.approx(sorted_first, rel=1e-13)
    lower, upper = bounds.collapse_sparsity(d, 5.0, 6.0)
    again = bounds.collapse_sparsity(d[order], 5.0, 6.0)
    np.testing.assert_allclose(lower[np.ix_(order, order)], again[0], rtol=1e-13)
    np.testing.assert_allclose(upper[np.ix_(order, order)], again[1], rtol=1e-13)


def test_shapes_that_do_not_fit_together_are_named():
    with pytest.raises(ValueError, match=r"t, norm_ratio and condition_number .*\(3,\), \(2,\)"):
        bounds.norm_ratio_bound([0, 1, 2], [4.0, 5.0], 2.0)
