"""The filters of real chains are as sparse as the bounds say, and the bounds survive extremes."""

import math

import mpmath
import numpy as np
import pytest
from drawn_chains import ROUNDING, Problem, least_slack

from sdtutorial import bounds, distill, solve_multiplier, spline


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


@pytest.mark.statement("thm-sparsity-product")
def test_the_power_mean_of_the_labels_sharpens_the_product(problems):
    for problem in problems:
        d, z, t, r = problem.d, problem.z, problem.chain.rounds, problem.r
        known = np.sqrt(r[0] ** 2 - np.arange(t))
        extreme = bounds.sparsity_ratio_product(d, known, log=True)[problem.pairs]
        labels = bounds.sparsity_ratio_product(d, known, coordinates=z, log=True)[problem.pairs]
        assert np.all(labels <= problem.log_ratios[problem.pairs] * (1 + ROUNDING))
        assert np.all(extreme <= labels * (1 + ROUNDING))


@pytest.mark.statement("thm-sparsity-product")
def test_every_multiplier_is_above_the_first_power_mean_over_its_own_excess(problems):
    for problem in problems:
        d, z, r = problem.d, problem.z, problem.r[:-1]
        mean = (r[0] - 1) * exact_lower_end(d, z, r[0])
        assert np.all(mean / (r - 1) <= problem.chain.multipliers * (1 + ROUNDING))


def exact_lower_end(d, z, r):
    """M_{-q}/(r - 1) from its formula, with 30 digits; 0 where labels are out of reach."""
    if z[d == 0].any():
        return 0.0
    with mpmath.workdps(30):
        q = 2 - 2 / mpmath.mpf(r)
        shares = [mpmath.mpf(v) ** 2 / mpmath.fsum(mpmath.mpf(u) ** 2 for u in z) for v in z]
        powers = [w * mpmath.mpf(k) ** -q for w, k in zip(shares, d, strict=True) if w]
        return float(mpmath.fsum(powers) ** (-1 / q) / (mpmath.mpf(r) - 1))


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
        c = [solve_multiplier(d, z, tolerance, zero_below=0) for tolerance in tolerances]
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
        assert 0 < missing < t * math.log1p(2 * depth / problem.chain.multipliers[0])


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
def test_sparsity_grows_with_the_rate_delta_over_two():
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


# --- The spline example, and attacks --------------------------------------------------------------


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


@pytest.mark.statement("thm-sparsity-power", "thm-sparsity-product")
def test_spline_bottom_pair_after_four_rounds(spline_chain):
    d, r, logs = spline_chain.eigenvalues, spline_chain.norm_ratios, spline_chain.log_filters[-1]
    known = np.sqrt(r[0] ** 2 - np.arange(4))
    numbers = [
        math.exp(logs[1] - logs[0]),
        bounds.sparsity_ratio_power(d, spline_chain.multipliers[0], 4)[1, 0],
        bounds.sparsity_ratio_product(d, known, coordinates=spline_chain.coordinates)[1, 0],
        bounds.sparsity_ratio_product(d, known)[1, 0],
        bounds.sparsity_ratio_bound(d, r[0], 4)[1, 0],
    ]
    assert np.round(numbers, 2).tolist() == [2.97, 2.86, 2.51, 1.30, 1.28]


def slack_of_growth(problem, end):
    rho = abs(problem.z[-1]) / math.sqrt(problem.d.size * problem.tolerance)
    lower, upper = bounds.collapse_sparsity(problem.d, rho, problem.r[0])
    true = problem.log_ratios
    slack = true - lower if end == "lower" else upper - true
    return np.min(slack[problem.pairs] / true[problem.pairs])


@pytest.mark.statement("thm-sparsity-growth")
@pytest.mark.parametrize("end", ["lower", "upper"])
def test_hill_climbing_finds_no_sparsity_outside_the_integral_and_the_power_law(end):
    assert least_slack(lambda problem: slack_of_growth(problem, end)) >= -1e-9


def slack_of_power_and_product(problem):
    d, t, r = problem.d, problem.chain.rounds, problem.r
    power = bounds.sparsity_ratio_power(d, problem.chain.multipliers[0], t, log=True)
    product = bounds.sparsity_ratio_product(d, r[:-1], log=True)
    true = problem.log_ratios
    return np.min((true - np.maximum(power, product))[problem.pairs] / true[problem.pairs])


@pytest.mark.parametrize(
    ("eigenvalues", "multiplier", "ratio"),
    [
        ([1e-210, 1e-200], 1e200, 1e10),
        ([1e-10, 1e-9], 1e299, 10.0),
        ([1.0, 2.0], 1.7e308, 2.0),
        ([1e308, 1.7e308], 1e308, 2 / (1 + 1 / 1.7)),
        ([5e-324, 1e-300], 1.0, 1e-300 / 5e-324),
    ],
)
def test_ratios_are_right_where_parts_of_the_formula_are_not(eigenvalues, multiplier, ratio):
    bound = bounds.sparsity_ratio_power(eigenvalues, multiplier, 1)
    np.testing.assert_allclose(bound, [[1, 1 / ratio], [ratio, 1]], rtol=1e-14)


def test_logarithms_go_on_where_the_ratios_leave_the_range():
    d, c = [1.8e-111, 9e295], 3.6e215
    with mpmath.workdps(60):
        exact = mpmath.log((1 + mpmath.mpf(c) / d[0]) / (1 + mpmath.mpf(c) / d[1]))
    found = bounds.sparsity_ratio_power(d, c, 37, log=True)
    assert found[1, 0] == pytest.approx(37 * float(exact), rel=1e-13) == -found[0, 1]


def test_the_largest_number_of_rounds_gives_numbers_without_a_warning():
    d, t = [1e-5, 1.0], 1e308
    for bound in (bounds.sparsity_ratio_power, bounds.sparsity_ratio_bound):
        assert bound(d, 1.001, t)[1, 0] == pytest.approx(np.exp(709))
        assert np.isfinite(bound(d, 1.001, t, log=True)).all()
    assert bounds.sparsity_index(d, 1.001, t=t) == pytest.approx(np.exp(709))


@pytest.mark.statement("thm-sparsity-power")
def test_hill_climbing_finds_no_filter_less_sparse_than_its_bounds():
    assert least_slack(slack_of_power_and_product) >= -1e-9
