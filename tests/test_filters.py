"""Filters are what iterating the fits gives, meet each other where they must, and have their risk.

Each curve of a later paper is checked against a number that its formula has not made: the loop that
the paper describes, a limit, an optimality condition, or digits computed with 60 places.
"""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sdtutorial as sd
from sdtutorial import filters

CLOSE = {"rtol": 1e-12, "atol": 1e-15}

spectra = st.lists(st.floats(-6, 3), min_size=1, max_size=12).map(
    lambda powers: 10.0 ** np.sort(powers)
)
multipliers = st.floats(-6, 3).map(lambda power: 10.0**power)
some_fits = st.integers(1, 30)
weights = st.floats(0.0, 1.0)


@st.composite
def problems(draw):
    """Eigenvalues, signal and noise variance, and a multiplier."""
    d = draw(spectra)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    theta = rng.standard_normal(d.size) * 10.0 ** rng.uniform(-2, 1, d.size)
    return d, theta, float(10.0 ** rng.uniform(-3, 1)), draw(multipliers)


@pytest.fixture(scope="module")
def example():
    """The running example in its eigenbasis: eigenvalues, signal and noise variance."""
    spline = sd.spline()
    d, vectors = np.linalg.eigh(spline.gram)
    return d, vectors.T @ spline.target(spline.x), spline.noise_level**2


# --- One fit, and fits of fits ----------------------------------------------------------------


def test_ridge_is_the_fit_in_the_eigenbasis():
    example = sd.spline()
    d, vectors = np.linalg.eigh(example.gram)
    for c in (1e-6, 1e-4, 1.0):
        fitted = sd.fit_with_multiplier(example.gram, example.y, c).fitted
        by_filter = vectors @ (filters.ridge(d, c) * (vectors.T @ example.y))
        np.testing.assert_allclose(by_filter, fitted, rtol=1e-10)


# c next to nothing, many fits, hardly a label: (d, c, a, n)
NEXT_TO_ONE = [(1.0, 1e-12, 1e-12, 10**12), (3.0, 1e-9, 1e-10, 10**8), (0.7, 1e-15, 1e-3, 50)]


@pytest.mark.parametrize(("d", "c", "a", "n"), NEXT_TO_ONE)
def test_what_a_tiny_multiplier_takes_has_all_its_digits(d, c, a, n):
    with mpmath.workdps(60):
        s = mpmath.mpf(d) / (mpmath.mpf(c) + mpmath.mpf(d))
        q = (1 - mpmath.mpf(a)) * s
        expected = {
            "self_distillation": (s**n, (n,)),
            "boosting": (1 - (1 - s) ** (1 / mpmath.mpf(n)), (1 / n,)),
            "label_mixing": (s * (a * (1 - q ** (n - 1)) / (1 - q) + q ** (n - 1)), (a, n)),
            "generation_noise": (q**2 * (1 - q ** (2 * n - 2)) / (1 - q**2), (a, n)),
            "teacher_mixing": (s * (1 + (1 - s) / c), (-1 / c,)),
        }
        limit = float(s * a / (1 - q))
    for name, (number, arguments) in expected.items():
        value = getattr(filters, name)([d], c, *arguments)[0]
        assert value == pytest.approx(float(number), rel=1e-12), name
    assert filters.label_mixing([d], c, a, np.inf)[0] == pytest.approx(limit, rel=1e-12)
    ratio = filters.best_teacher_weight([d, 2 * d], c, [1, 1], 1) * c / d  # tends to 3/5
    assert ratio == pytest.approx(3 / 5, rel=1e-8)


def test_numbers_beyond_the_range_of_sums_are_refused():
    with pytest.raises(ValueError, match="multiplier must not exceed 1e\\+300"):
        filters.ridge([1e300], 1.7e308)
    with pytest.raises(ValueError, match="eigenvalues must not exceed 1e\\+300"):
        filters.boosting([1e308], 1.0, 2)


def test_flows_end_without_a_word_beyond_the_range():
    assert filters.gradient_flow([1e8], 9e299) == 1
    assert filters.self_distillation_flow([1e-100], 9e299) == 0


def test_ridge_interpolates_at_zero_vanishes_at_infinity_and_reaches_no_null_direction():
    kept = filters.ridge([0.0, 1.0, 2.0], [0.0, 1.0, np.inf])
    np.testing.assert_array_equal(kept, [[0, 1, 1], [0, 0.5, 2 / 3], [0, 0, 0]])


@given(spectra, multipliers, some_fits)
def test_self_distillation_and_boosting_are_what_the_loops_do(d, c, n):
    s = d / (c + d)
    targets, total = np.ones(d.size), np.zeros(d.size)
    for _ in range(n):
        targets = s * targets  # fit the fit
        total = total + s * (1 - total)  # fit the residual, and add
    np.testing.assert_allclose(filters.self_distillation(d, c, n), targets, **CLOSE)
    np.testing.assert_allclose(filters.boosting(d, c, n), total, rtol=1e-10)


@pytest.mark.statement("prp-mirror-images")
@given(spectra, multipliers, some_fits)
def test_refitting_the_residual_is_refitting_the_fit_seen_in_a_mirror(d, c, n):
    mirrored = 1 - filters.self_distillation(c**2 / d, c, n)
    np.testing.assert_allclose(filters.boosting(d, c, n), mirrored, rtol=1e-9, atol=1e-13)


@pytest.mark.statement("prp-mirror-images")
@given(spectra, multipliers, some_fits)
def test_one_only_ever_removes_and_the_other_only_ever_adds(d, c, n):
    s = filters.ridge(d, c)
    fewer, more = (filters.self_distillation(d, c, m) for m in (n, n + 1))
    assert (more <= fewer).all()
    assert (fewer <= s * (1 + 1e-15)).all()
    fewer, more = (filters.boosting(d, c, m) for m in (n, n + 1))
    slack = 1e-14
    assert (more >= fewer - slack).all()
    assert (fewer >= s - slack).all()
    assert (more <= 1).all()
    inner = (s > 1e-3) & (s < 1 - 1e-3)
    np.testing.assert_allclose(filters.self_distillation(d, c, 10**6)[inner], 0, atol=1e-200)
    np.testing.assert_allclose(filters.boosting(d, c, 10**6)[inner], 1, rtol=1e-12)


@pytest.mark.statement("prp-flow-limits")
@given(spectra, multipliers, some_fits)
def test_flows_are_the_limits_and_are_approached_from_one_side(d, time, n):
    few, many = (filters.self_distillation(d, time / m, m) for m in (n, 2 * n))
    flow = filters.self_distillation_flow(d, time)
    slack = 1e-12
    assert (few >= many - slack).all()
    assert (many >= flow - slack).all()
    assert (few - flow <= 2 / n + slack).all()
    few, many = (filters.boosting(d, m / time, m) for m in (n, 2 * n))
    flow = filters.gradient_flow(d, time)
    assert (few <= many + slack).all()
    assert (many <= flow + slack).all()
    assert (flow - few <= 2 / n + slack).all()


def test_flows_at_the_ends():
    np.testing.assert_array_equal(filters.gradient_flow([0.0, 2.0], [0.0, 1e9]), [[0, 0], [0, 1]])
    np.testing.assert_array_equal(
        filters.self_distillation_flow([0.0, 2.0], [0.0, 1e9]), [[0, 1], [0, 0]]
    )
    small = filters.gradient_flow([1e-20], 1.0)
    np.testing.assert_allclose(small, 1e-20, rtol=1e-15)


def test_gradient_flow_solves_its_differential_equation():
    d, time, step = np.array([0.1, 1.0, 3.0]), 0.7, 1e-5
    ends = filters.gradient_flow(d, [time - step, time + step])
    slope = (ends[1] - ends[0]) / (2 * step)
    np.testing.assert_allclose(slope, d * (1 - filters.gradient_flow(d, time)), rtol=1e-8)


@given(spectra, st.floats(0.1, 8), multipliers, some_fits)
@pytest.mark.statement("thm-saturation")
def test_more_fits_of_the_residual_use_more_smoothness(d, smoothness, c, n):
    order = min(smoothness, n)
    missing = (1 - filters.boosting(d, c, n)) * d**order
    assert (missing <= c**order * (1 + 1e-9) + 1e-14 * d**order).all()
    left = np.exp(-d / c) * d**smoothness  # gradient flow of time 1 / c
    assert (left <= (smoothness * c / math.e) ** smoothness * (1 + 1e-12)).all()


@given(spectra, multipliers, some_fits)
@pytest.mark.statement("thm-saturation")
def test_fits_of_the_fit_never_miss_less_than_one_fit(d, c, n):
    missing = 1 - filters.self_distillation(d, c, n)
    assert (missing >= c / (c + d) - 1e-15).all()


@pytest.mark.statement("thm-saturation")
def test_the_order_of_saturation_is_attained():
    d, smooth = np.array([1.0]), 3
    for n, order in ((1, 1), (2, 2), (3, 3)):
        misses = [1 - filters.boosting(d, c, n)[0] * 1.0 for c in (1e-2, 1e-3)]
        assert math.log10(misses[0] / misses[1]) == pytest.approx(min(order, smooth), abs=0.05)
        misses = [1 - filters.self_distillation(d, c, n)[0] for c in (1e-2, 1e-3)]
        assert math.log10(misses[0] / misses[1]) == pytest.approx(1, abs=0.05)


def test_truncation_is_all_or_nothing():
    np.testing.assert_array_equal(
        filters.truncation([0.0, 1.0, 2.0], [0.0, 1.5, 2.0]), [[0, 1, 1], [0, 0, 1], [0, 0, 1]]
    )


# --- Labels kept in the mixture ---------------------------------------------------------------


@pytest.mark.statement("prp-label-mixing")
@given(spectra, multipliers, st.floats(-2, 2), some_fits)
def test_label_mixing_is_the_loop_of_borup_and_andersen(d, c, alpha, n):
    with mpmath.workdps(60):  # for alpha < 0 rounding grows in the loop
        b = s = np.array([mpmath.mpf(value) / (mpmath.mpf(c) + value) for value in d])
        for _ in range(n - 1):
            b = s * (alpha + (1 - mpmath.mpf(alpha)) * b)
    b = b.astype(float)
    scale = np.abs(b).max() + 1
    np.testing.assert_allclose(
        filters.label_mixing(d, c, alpha, n), b, rtol=1e-9, atol=1e-11 * scale
    )


@pytest.mark.statement("prp-label-mixing")
@given(spectra, multipliers, st.floats(0.01, 1))
def test_the_limit_of_label_mixing_is_one_ridge_fit_with_a_larger_multiplier(d, c, alpha):
    limit = filters.label_mixing(d, c, alpha, np.inf)
    np.testing.assert_allclose(limit, filters.ridge(d, c / alpha), rtol=1e-10)
    late = filters.label_mixing(d, c, alpha, 10**5)
    np.testing.assert_allclose(late, limit, rtol=1e-9)


@pytest.mark.statement("prp-label-mixing")
@given(spectra, multipliers, weights, some_fits)
def test_label_mixing_falls_but_never_below_its_limit(d, c, alpha, n):
    sooner, later = (filters.label_mixing(d, c, alpha, m) for m in (n, n + 1))
    slack = 1e-13
    assert (later <= sooner + slack).all()
    assert (later >= filters.label_mixing(d, c, alpha, np.inf) - slack).all()


@given(spectra, multipliers, some_fits)
def test_label_mixing_has_its_two_neighbours_at_its_ends(d, c, n):
    s = filters.ridge(d, c)
    np.testing.assert_allclose(filters.label_mixing(d, c, 1.0, n), s, **CLOSE)
    none = filters.label_mixing(d, c, 0.0, n)
    np.testing.assert_allclose(none, filters.self_distillation(d, c, n), **CLOSE)
    np.testing.assert_array_equal(filters.label_mixing(d, c, 0.0, np.inf), 0)


def test_label_mixing_that_interpolates_keeps_everything_with_any_weight():
    for n in (1, 7, np.inf):
        for alpha in (0.0, 0.4, 1.0):
            np.testing.assert_array_equal(filters.label_mixing([0.0, 2.0], 0, alpha, n), [0, 1])


@given(spectra, multipliers, st.floats(0.05, 1))
def test_the_limit_is_an_infinite_mixture_of_repeated_smoothings(d, c, alpha):
    rounds = np.arange(2000)
    mixture = alpha * (1 - alpha) ** rounds
    fits = filters.self_distillation(d, c, rounds + 1)
    np.testing.assert_allclose(mixture @ fits, filters.ridge(d, c / alpha), rtol=1e-9)


@given(spectra, multipliers, st.floats(-3, 3))
def test_one_round_with_a_weighted_teacher_is_label_mixing_with_two_fits(d, c, weight):
    np.testing.assert_allclose(
        filters.teacher_mixing(d, c, weight),
        filters.label_mixing(d, c, 1 - weight, 2),
        rtol=1e-9,
        atol=1e-12,
    )


def test_pure_distillation_minus_the_teacher_is_a_derivative():
    d, c, step = np.array([0.2, 1.0, 5.0]), 0.6, 1e-5
    gain = filters.self_distillation(d, c, 2) - filters.ridge(d, c)
    ends = filters.ridge(d, [c * (1 - step), c * (1 + step)])
    np.testing.assert_allclose(gain, (ends[1] - ends[0]) / (2 * step), rtol=1e-8)


@given(spectra, multipliers, some_fits)
def test_weighted_fits_hold_self_distillation_boosting_and_mixing(d, c, n):
    mixture = np.zeros((2, n))
    mixture[0, -1] = 1
    mixture[1] = [math.comb(n, j) * (-1) ** (j - 1) for j in range(1, n + 1)]
    alone, boosted = filters.weighted_fits(d, c, mixture)
    np.testing.assert_allclose(alone, filters.self_distillation(d, c, n), rtol=1e-9)
    if n <= 10:
        np.testing.assert_allclose(boosted, filters.boosting(d, c, n), rtol=1e-9, atol=1e-12)


@pytest.mark.statement("prp-generations")
@given(problems(), weights, st.integers(1, 6))
def test_each_generation_adds_its_noise(problem, alpha, n):
    d, theta, v, c = problem
    s = filters.ridge(d, c)
    # One coefficient for each independent noise: that of the labels, then one a generation.
    noises = np.eye(n + 1)[:, :, None] * np.ones(d.size)
    fit = s * noises[0]
    for j in range(1, n):
        fit = s * (alpha * noises[0] + (1 - alpha) * (fit + noises[j]))
    np.testing.assert_allclose(fit[0], filters.label_mixing(d, c, alpha, n), rtol=1e-9, atol=1e-12)
    fresh = filters.generation_noise(d, c, alpha, n)
    np.testing.assert_allclose(np.sum(fit[1:] ** 2, axis=0), fresh, rtol=1e-9, atol=1e-12)


@pytest.mark.statement("prp-generations")
def test_without_regularisation_noise_adds_up_for_ever_and_with_labels_it_does_not():
    n = np.arange(1, 8)
    np.testing.assert_array_equal(filters.generation_noise([2.0], 0.0, 0.0, n)[:, 0], n - 1)
    late = filters.generation_noise([2.0], 0.0, 0.5, 10**6)
    np.testing.assert_allclose(late, 0.25 / (1 - 0.25))


# --- Risk, and what is best -------------------------------------------------------------------


def test_expected_risk_is_the_mean_over_draws(example):
    d, theta, v = example
    kept = filters.self_distillation(d, 1e-4, [1, 3])
    noise = np.sqrt(v) * np.random.default_rng(0).standard_normal((200_000, 1, d.size))
    errors = np.mean((kept * (theta + noise) - theta) ** 2, axis=-1)
    standard_error = errors.std(axis=0) / np.sqrt(len(errors))
    difference = errors.mean(axis=0) - filters.expected_risk(kept, theta, v)
    assert (np.abs(difference) < 4 * standard_error).all()


def test_expected_risk_at_its_ends():
    theta = np.array([3.0, 4.0])
    assert filters.expected_risk([0.0, 0.0], theta, 1.0) == 12.5
    assert filters.expected_risk([1.0, 1.0], theta, [1.0, 3.0]) == 2.0


@given(problems())
def test_no_filter_has_less_risk_than_the_wiener_filter(problem):
    d, theta, v, _ = problem
    best = filters.wiener(theta, v)
    least = filters.expected_risk(best, theta, v)
    assert least == pytest.approx(np.mean(best * v), rel=1e-12)
    for step in (-1e-3, 1e-3):
        assert (filters.expected_risk(best + step * np.eye(d.size), theta, v) >= least).all()


def test_wiener_pools_equal_eigenvalues_and_knows_what_is_out_of_reach():
    kept = filters.wiener([3.0, 1.0, 2.0, 5.0], 1.0, eigenvalues=[1.0, 1.0, 4.0, 0.0])
    np.testing.assert_allclose(kept, [10 / 12, 10 / 12, 4 / 5, 0])
    np.testing.assert_array_equal(filters.wiener([0.0, 1.0], 0.0), [0, 1])
    alone = filters.wiener([3.0, 1.0], 1.0)
    np.testing.assert_allclose(alone, filters.wiener([3.0, 1.0], 1.0, eigenvalues=[1.0, 2.0]))


@pytest.mark.statement("prp-teacher-weight")
@given(problems())
def test_the_best_teacher_weight_is_stationary_and_has_the_sign_of_the_falling_risk(problem):
    d, theta, v, c = problem
    best = filters.best_teacher_weight(d, c, theta, v)

    def risk(weight):
        return filters.expected_risk(filters.teacher_mixing(d, c, weight), theta, v)

    s = filters.ridge(d, c)
    slope = np.mean(-2 * s * (1 - s) / c * (v * s - theta**2 * (1 - s)))  # of the teacher's risk
    curvature = np.mean((s * (1 - s)) ** 2 * (theta**2 + v))
    assert best == pytest.approx(-c * slope / (2 * curvature), rel=1e-6, abs=1e-9)
    gain = (c * slope) ** 2 / (4 * curvature)
    assert risk(0.0) - risk(best) == pytest.approx(gain, rel=1e-6, abs=1e-12 * risk(0.0))


@pytest.mark.statement("prp-teacher-weight")
def test_the_slope_of_the_teachers_risk_is_that_of_the_proof(example):
    d, theta, v = example
    for c in (1e-5, 1e-3):
        low, high = filters.expected_risk(filters.ridge(d, [c * 0.9999, c * 1.0001]), theta, v)
        s = filters.ridge(d, c)
        curvature = np.mean((s * (1 - s)) ** 2 * (theta**2 + v))
        expected = -(high - low) / 2e-4 / (2 * curvature)
        assert filters.best_teacher_weight(d, c, theta, v) == pytest.approx(expected, rel=1e-6)


def test_at_the_best_multiplier_the_teacher_gets_no_weight(example):
    d, theta, v = example
    c, _ = filters.tune(lambda c: filters.ridge(d, c), theta, v, (1e-9, 1.0))
    assert abs(filters.best_teacher_weight(d, c, theta, v)) < 1e-5
    assert filters.best_teacher_weight(d, 1e-5, theta, v) > 1
    assert filters.best_teacher_weight(d, 1e-3, theta, v) < 0
    assert filters.best_teacher_weight(d, [0.0, np.inf], theta, v).tolist() == [0, 0]


@pytest.mark.statement("thm-free-weights")
def test_free_weights_have_the_risks_of_a_computation_with_sixty_digits(example):
    d, theta, v = example
    kept, mixture = filters.best_weighted_fits(d, 1e-4, theta, v, 11)
    risks = filters.expected_risk(kept, theta, v)
    known = [0.0702, 0.0698, 0.0609, 0.0559, 0.0556, 0.0504, 0.0267, 0.02646]
    np.testing.assert_allclose(risks[:8], known, atol=5e-5)
    for n in (1, 4, 7, 9):
        exact_filter, exact_weights = with_sixty_digits(d, 1e-4, theta, v, n)
        np.testing.assert_allclose(kept[n - 1], exact_filter, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(mixture[n - 1, :n], exact_weights, rtol=1e-6)
    np.testing.assert_allclose(kept[9], filters.wiener(theta, v), rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(kept[9], kept[10])


def with_sixty_digits(d, c, theta, v, fits):
    """The normal equations of the best weights, which double precision cannot solve."""
    with mpmath.workdps(60):
        s = [mpmath.mpf(x) / (mpmath.mpf(c) + mpmath.mpf(x)) for x in d]
        energy = [mpmath.mpf(t) ** 2 + mpmath.mpf(v) for t in theta]
        # One row a fit, and the sum of the weights with its Lagrange multiplier.
        matrix, right = mpmath.matrix(fits + 1), mpmath.matrix(fits + 1, 1)
        for i in range(fits):
            for j in range(fits):
                matrix[i, j] = sum(e * x ** (i + j + 2) for e, x in zip(energy, s))
            matrix[i, fits] = matrix[fits, i] = 1
            right[i] = sum(mpmath.mpf(t) ** 2 * x ** (i + 1) for t, x in zip(theta, s))
        right[fits] = 1
        w = list(mpmath.lu_solve(matrix, right))[:fits]
        kept = [sum(w[j] * x ** (j + 1) for j in range(fits)) for x in s]
        return np.array(kept, dtype=float), np.array(w, dtype=float)


@pytest.mark.statement("thm-free-weights")
@given(problems(), st.integers(1, 14))
def test_free_weights_are_optimal_sum_to_one_and_reach_the_wiener_filter(problem, n):
    d, theta, v, c = problem
    kept, mixture = filters.best_weighted_fits(d, c, theta, v, n)
    risks = filters.expected_risk(kept, theta, v)
    least = filters.expected_risk(filters.wiener(theta, v, d), theta, v)
    slack = 1e-9 * risks[0]
    assert (np.diff(risks) <= slack).all()
    assert (risks >= least - slack).all()
    np.testing.assert_allclose(mixture.sum(axis=1), 1, atol=1e-9 * np.abs(mixture).max())
    # Optimal: the risk has no slope along any difference of two fits.
    slope = theta**2 * (kept[-1] - 1) + v * kept[-1]
    differences = filters.self_distillation(d, c, np.arange(1, n + 1))
    differences = differences - differences[0]
    scale = np.sqrt(np.sum((theta**2 + v) * differences**2, axis=1) * risks[0] * d.size)
    assert (np.abs(differences @ slope) <= 1e-7 * scale + 1e-12).all()


@pytest.mark.statement("thm-free-weights")
def test_sixty_eigenvalues_over_eight_decades_still_reach_the_wiener_filter():
    rng = np.random.default_rng(0)
    d = np.sort(10.0 ** rng.uniform(-8, 0, 60))
    theta = rng.standard_normal(60) * d**0.3
    kept, _ = filters.best_weighted_fits(d, 1e-3, theta, 0.01, 61)
    np.testing.assert_allclose(kept[-1], filters.wiener(theta, 0.01), atol=1e-13)
    assert np.abs(kept[-2] - kept[-1]).max() > 1e-3  # the last fit is needed


@pytest.mark.statement("thm-free-weights")
def test_every_fixed_choice_of_weights_has_at_least_the_risk_of_the_best(example):
    d, theta, v = example
    kept, mixture = filters.best_weighted_fits(d, 1e-4, theta, v, 5)
    best = filters.expected_risk(kept[-1], theta, v)
    np.testing.assert_allclose(filters.weighted_fits(d, 1e-4, mixture), kept, rtol=1e-11)
    rng = np.random.default_rng(1)
    other = mixture[-1] + rng.standard_normal((200, 5))
    other += (1 - other.sum(axis=1, keepdims=True)) / 5
    assert (filters.expected_risk(filters.weighted_fits(d, 1e-4, other), theta, v) > best).all()


@pytest.mark.statement("thm-free-weights")
def test_equal_eigenvalues_are_pooled_and_then_fewer_fits_suffice():
    d, theta = np.array([1.0, 1.0, 1.0, 3.0, 3.0]), np.array([2.0, 0.1, 1.0, 0.5, 0.2])
    kept, _ = filters.best_weighted_fits(d, 0.7, theta, 0.3, 5)
    pooled = filters.wiener(theta, 0.3, d)
    np.testing.assert_allclose(kept[2:], np.tile(pooled, (3, 1)), rtol=1e-12)
    assert np.abs(kept[1] - pooled).max() > 1e-3


def test_tuning_finds_the_best_filter_of_a_family(example):
    d, theta, v = example
    best = {
        name: filters.tune(family, theta, v, (1e-9, 1e7))[1]
        for name, family in {
            "one fit": lambda c: filters.ridge(d, c),
            "fit of a fit": lambda c: filters.self_distillation(d, c, 2),
            "five fits": lambda c: filters.self_distillation(d, c, 5),
            "flow of fits": lambda time: filters.self_distillation_flow(d, time),
            "twicing": lambda c: filters.boosting(d, c, 2),
            "three boosted": lambda c: filters.boosting(d, c, 3),
            "gradient flow": lambda time: filters.gradient_flow(d, time),
        }.items()
    }
    # Over the interval these are 0.0629, 0.0604, 0.0591, 0.0584, 0.0582, 0.0567 and 0.0539: the
    # curves between the points have nearly the coordinates at the points, and the weight 1/10.
    known = [0.0629, 0.0604, 0.0591, 0.0584, 0.0582, 0.0567, 0.0539]
    np.testing.assert_allclose(np.array(list(best.values())) * 9 / 10, known, atol=7e-5)
    assert list(best.values()) == sorted(best.values(), reverse=True)


def test_a_student_repairs_a_teacher_that_regularises_too_little(example):
    d, theta, v = example
    c, single = filters.tune(lambda c: filters.ridge(d, c), theta, v, (1e-9, 1.0))
    results = {}
    for factor in (0.1, 10):
        teacher = filters.ridge(d, factor * c)
        _, student = filters.tune(lambda c: teacher * filters.ridge(d, c), theta, v, (1e-12, 1.0))
        results[factor] = filters.expected_risk(teacher, theta, v), student
    assert single == pytest.approx(0.0699, abs=5e-5)
    assert results[0.1] == pytest.approx((0.1172, 0.0684), abs=1e-4)
    assert results[10][1] == pytest.approx(results[10][0], rel=1e-6)  # best not to shrink at all


@pytest.mark.statement("prp-hard-labels")
def test_hard_labels_stop_the_chain_at_once():
    rng = np.random.default_rng(3)
    for _ in range(200):
        size = int(rng.integers(1, 20))
        d = 10.0 ** rng.uniform(-6, 0, size)
        vectors, _ = np.linalg.qr(rng.standard_normal((size, size)))
        gram = (vectors * d) @ vectors.T
        hard = rng.choice([-1.0, 1.0], size)
        energy = rng.uniform(0.01, 0.999)
        fit = sd.fit((gram + gram.T) / 2, hard, energy / size)
        np.testing.assert_array_equal(np.sign(fit.fitted), hard)
        assert np.abs(fit.fitted - hard).max() <= np.sqrt(energy) * (1 + 1e-9)  # so below one


# --- Shapes and refusals ----------------------------------------------------------------------


def test_parameters_broadcast_before_the_axis_of_the_eigenvalues():
    d = np.array([0.5, 1.0, 2.0])
    grid = np.ones((4, 1)), np.arange(1, 6)
    assert filters.self_distillation(d, *grid).shape == (4, 5, 3)
    assert filters.boosting(d, 1.0, grid[1]).shape == (5, 3)
    assert filters.label_mixing(d, grid[0], 0.5, grid[1]).shape == (4, 5, 3)
    assert filters.teacher_mixing(d, 1.0, [0.1, 0.2]).shape == (2, 3)
    assert filters.generation_noise(d, 1.0, 0.5, grid[1]).shape == (5, 3)
    assert filters.ridge(d, 1.0).shape == (3,)
    assert filters.expected_risk(np.ones((4, 5, 3)), d, 1.0).shape == (4, 5)
    assert filters.best_teacher_weight(d, [1.0, 2.0], d, 1.0).shape == (2,)
    assert isinstance(filters.best_teacher_weight(d, 1.0, d, 1.0), float)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: filters.ridge([1.0], -1.0), "multiplier must not be negative"),
        (lambda: filters.ridge([1.0], np.nan), "multiplier must not be negative, nor NaN"),
        (lambda: filters.ridge([-1.0, 1.0], 1.0), "eigenvalues must not be negative"),
        (lambda: filters.boosting([1.0], 1.0, 0), "fits must be positive"),
        (lambda: filters.label_mixing([1.0], 1.0, 0.5, 1.5), "fits must be whole numbers"),
        (lambda: filters.label_mixing([1.0], 1.0, 1.5, np.inf), "label_weight must lie in"),
        (lambda: filters.generation_noise([1.0], 1.0, 0.5, np.inf), "fits must be finite"),
        (lambda: filters.gradient_flow([1.0], np.inf), "time must be finite"),
        (lambda: filters.expected_risk([1.0], [1.0, 2.0], 1.0), r"shape \(..., 2\)"),
        (lambda: filters.expected_risk([1.0], [1.0], -1.0), "noise_variance must not be negative"),
        (lambda: filters.expected_risk([1.0], [1.0], [1.0, 2.0]), "must be a number or have shape"),
        (lambda: filters.wiener([1.0], 1.0, [1.0, 2.0]), "shape of the signal"),
        (lambda: filters.tune(lambda c: c, [1.0], 1.0, (2.0, 1.0)), "rising numbers"),
    ],
)
def test_what_does_not_fit_is_refused(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
