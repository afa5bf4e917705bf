"""One constrained fit: it is optimal, its residual is the tolerance, and bad input is named."""

import re
from contextlib import nullcontext

import mpmath
import numpy as np
import pytest
from oracle import (
    exact_eigenpairs,
    exact_multiplier,
    random_matrix,
    random_problem,
    relative_error,
)

from sdtutorial import (
    RBF,
    CubicSpline,
    InfeasibleToleranceError,
    InputWarning,
    fit,
    fit_with_multiplier,
    gram_matrix,
    mean_squared_residual,
    solve_multiplier,
    spline,
)

EPSILON = np.finfo(float).eps


def kernel_on_more_points(rng):
    """The kernel matrix, divided by K = 7, over 13 points, and which of them are for training.

    Functions in the span of all 13 kernels stand for functions of the whole space."""
    x = (np.arange(1, 14) + rng.uniform(-0.3, 0.3, 13)) / 14
    return CubicSpline()(x, x) / 7, rng.permutation(13)[:7]


# The problem


@pytest.mark.statement("def-constrained-problem")
@pytest.mark.parametrize("seed", range(20))
def test_no_function_within_the_tolerance_has_a_smaller_regulariser(seed):
    """Competitors are built from kernels at the training points and elsewhere, as close to the
    labels as allowed. With f = sum over points of a_k g(., x_k)/K, R(f) = a^T G a / K."""
    rng = np.random.default_rng(seed)
    whole, train = kernel_on_more_points(rng)
    size = 7
    gram = whole[np.ix_(train, train)]
    y = rng.standard_normal(size)
    tolerance = rng.uniform(0.05, 0.9) * np.mean(y**2)
    solution = fit(gram, y, tolerance)
    regulariser = solution.coefficients @ gram @ solution.coefficients / size
    assert np.mean((solution.fitted - y) ** 2) == pytest.approx(tolerance, rel=1e-9)

    def residual(a):
        return np.mean((whole[train] @ a - y) ** 2)

    exact = np.zeros(len(whole))
    exact[train] = np.linalg.lstsq(gram, y, rcond=None)[0]
    optimum = np.zeros(len(whole))
    optimum[train] = solution.coefficients
    for _ in range(200):
        a = optimum + 10 ** rng.uniform(-4, 0) * rng.standard_normal(len(whole))
        share = 1.0
        while residual(exact + share * (a - exact)) > tolerance:
            share *= 0.97
        a = exact + share * (a - exact)
        assert a @ whole @ a / size >= regulariser * (1 - 1e-9)


@pytest.mark.statement("thm-representer")
@pytest.mark.parametrize("seed", range(20))
def test_the_ridge_solution_satisfies_the_first_order_condition_and_no_function_is_better(seed):
    rng = np.random.default_rng(seed)
    whole, train = kernel_on_more_points(rng)
    size = 7
    gram = whole[np.ix_(train, train)]
    y = rng.standard_normal(size)
    c = 10 ** rng.uniform(-4, 1)
    solution = fit_with_multiplier(gram, y, c)
    np.testing.assert_allclose(
        c * solution.coefficients + gram @ solution.coefficients, y, rtol=0, atol=1e-10
    )

    def objective(a):
        return np.mean((whole[train] @ a - y) ** 2) + c * (a @ whole @ a) / size

    optimum = np.zeros(len(whole))
    optimum[train] = solution.coefficients
    for scale in (1e-6, 1e-3, 1.0):
        for _ in range(30):
            other = optimum + scale * rng.standard_normal(len(whole))
            assert objective(other) > objective(optimum) - 1e-14
    # moving out of the span of the training points changes no training value, and costs
    outside = rng.standard_normal(len(whole))
    outside[train] = 0
    on_train = np.zeros(len(whole))
    on_train[train] = np.linalg.solve(gram, whole[train] @ outside)
    off_span = outside - on_train
    np.testing.assert_allclose(whole[train] @ off_span, 0, atol=1e-12)
    moved = optimum + off_span
    assert moved @ whole @ moved > optimum @ whole @ optimum


@pytest.mark.statement("thm-representer")
def test_predictions_at_new_points_are_g_x_times_the_inverse_applied_to_the_labels():
    example = spline()
    new = np.linspace(0, 1, 33)
    cross = example.kernel(new, example.x) / 9
    solution = fit(example.gram, example.y, example.tolerance)
    inverse = np.linalg.inv(solution.multiplier * np.eye(9) + example.gram)
    np.testing.assert_allclose(solution.predict(cross), cross @ inverse @ example.y, rtol=1e-10)
    np.testing.assert_allclose(solution.predict(example.gram), solution.fitted, rtol=1e-10)


@pytest.mark.statement("prp-collapse-regime")
@pytest.mark.parametrize("seed", range(50))
def test_the_fit_is_zero_exactly_when_the_labels_are_within_the_tolerance(seed):
    rng = np.random.default_rng(seed)
    gram = gram_matrix(CubicSpline(), np.sort(rng.random(6)))
    y = rng.standard_normal(6)
    energy = np.mean(y**2)
    for tolerance in energy * np.array([1e-3, 0.5, 1 - 1e-14, 1 + 1e-14, 2.0]):
        zero = tolerance > energy
        with pytest.warns(InputWarning, match="fit is zero") if zero else nullcontext():
            solution = fit(gram, y, tolerance)
        assert (solution.multiplier == np.inf) == zero
        assert (not solution.fitted.any()) == (not solution.predict(gram).any()) == zero


# The equation for the multiplier


@pytest.mark.statement("prp-residual")
@pytest.mark.parametrize("columns", [(), (3,)])
def test_the_residual_of_a_fit_is_the_sum_in_the_eigenbasis(columns):
    rng = np.random.default_rng(0)
    gram = gram_matrix(RBF(0.2), rng.random(8))
    d, vectors = np.linalg.eigh(gram)
    y = rng.standard_normal((8, *columns))
    for c in (1e-6, 1e-2, 3.0):
        expected = np.mean((fit_with_multiplier(gram, y, c).fitted - y) ** 2, axis=0)
        np.testing.assert_allclose(
            mean_squared_residual(d, vectors.T @ y, c), expected, rtol=1e-9, atol=1e-15
        )


def test_residuals_for_many_multipliers_come_from_one_call():
    rng = np.random.default_rng(1)
    d, z = np.sort(rng.random(5)), rng.standard_normal((5, 3))
    c = np.array([[0.0], [0.1], [7.0], [np.inf]])
    table = mean_squared_residual(d, z, c)
    assert table.shape == (4, 3)
    for i, q in np.ndindex(4, 3):
        assert table[i, q] == mean_squared_residual(d, z[:, q], c[i, 0])
    assert mean_squared_residual(d, z[:, 0], c).shape == (4, 1)
    np.testing.assert_array_equal(table[0], 0)
    np.testing.assert_allclose(table[-1], np.mean(z**2, axis=0), rtol=1e-15)
    assert isinstance(mean_squared_residual(d, z[:, 0], 0.1), float)


@pytest.mark.filterwarnings("ignore::sdtutorial.AccuracyWarning")
@pytest.mark.parametrize("condition", [1.0, 1e3, 1e6, 1e9, 1e12])
@pytest.mark.parametrize("relative_tolerance", [1e-12, 1e-3, 0.5, 0.999999])
def test_the_multiplier_from_a_dense_matrix_is_as_good_as_its_eigenvalues(
    condition, relative_tolerance
):
    rng = np.random.default_rng(7)
    d, z, _ = random_problem(rng, size=6, condition=condition)
    gram, y = random_matrix(rng, d, z)
    tolerance = relative_tolerance * np.mean(y**2)
    exact_d, exact_z, _ = exact_eigenpairs(gram, y)
    with mpmath.workdps(60):
        exact = exact_multiplier(exact_d, exact_z, 6 * mpmath.mpf(float(tolerance)))
    allowed = max(1e-9, 50 * EPSILON * condition)
    assert relative_error([fit(gram, y, tolerance).multiplier], [exact]) < allowed


# Scale, type and shape


@pytest.mark.parametrize(
    ("label_scale", "gram_scale"),
    [(s, g) for s in (2.0**-500, 1e-150, 1.0, 1e150) for g in (1e-200, 2.0**-600, 1.0, 1e200)
     if s / g < 1e300],  # beyond, the coefficients of the fit are no longer floats
)  # fmt: skip
def test_units_of_labels_and_kernel_do_not_matter(label_scale, gram_scale):
    example = spline()
    reference = fit(example.gram, example.y, example.tolerance)
    tolerance = example.tolerance * label_scale * label_scale
    scaled = fit(gram_scale * example.gram, label_scale * example.y, tolerance)
    assert scaled.multiplier / gram_scale == pytest.approx(reference.multiplier, rel=1e-9)
    np.testing.assert_allclose(scaled.fitted / label_scale, reference.fitted, rtol=1e-9)
    d, z = np.array([1e-9, 1e-3, 1.0]), np.array([1.0, -2.0, 0.5])
    scaled = solve_multiplier(gram_scale * d, label_scale * z, 0.1 * label_scale**2)
    assert scaled / gram_scale == pytest.approx(solve_multiplier(d, z, 0.1), rel=1e-13)


def test_arguments_may_be_read_only_lists_integers_or_single_precision_and_stay_as_they_are():
    gram = np.array([[2, 1, 0], [1, 2, 1], [0, 1, 2]])
    y = np.array([3, -1, 2])
    reference = fit(gram.astype(float), y.astype(float), 0.5)
    for kind in (np.int8, np.int64, np.float32, np.float64, np.longdouble):
        arguments = gram.astype(kind), y.astype(kind)
        for array in arguments:
            array.flags.writeable = False
        result = fit(*arguments, 0.5)
        assert result.multiplier == reference.multiplier
        assert result.fitted.dtype == np.float64
        assert np.array_equal(arguments[0], gram) and np.array_equal(arguments[1], y)
    assert fit(gram.tolist(), y.tolist(), 0.5).multiplier == reference.multiplier
    strided = np.repeat(np.repeat(gram, 2, axis=0), 2, axis=1)[::2, ::2]
    assert fit(strided, y, np.float32(0.5)).multiplier == reference.multiplier


def test_shapes_of_a_fit_follow_the_labels():
    example = spline()
    cross = example.kernel([0.5, 0.6], example.x) / 9
    for columns in ((), (1,), (4,), (0,)):
        y = np.zeros((9, *columns)) + example.y.reshape((9,) + (1,) * len(columns))
        solution = fit(example.gram, y, 0.04)
        assert np.shape(solution.multiplier) == columns
        assert solution.fitted.shape == solution.coefficients.shape == (9, *columns)
        assert solution.predict(cross).shape == (2, *columns)
        assert "points=9" in repr(solution)
    assert "4.88523e-05" in repr(fit(example.gram, example.y, 0.04))


def test_a_fit_survives_the_way_through_its_multiplier():
    example = spline(endpoints=True)
    y = np.stack([example.y, 0.01 * example.y, 3 * example.y], axis=1)
    solution = fit(example.gram, y, 0.5)
    again = fit_with_multiplier(example.gram, y, solution.multiplier)
    assert np.array_equal(again.fitted, solution.fitted)
    assert not fit_with_multiplier(example.gram, y, np.inf).fitted.any()


def test_the_zero_multiplier_interpolates_as_far_as_the_kernel_reaches():
    example = spline(endpoints=True)
    solution = fit_with_multiplier(example.gram, example.y, 0)
    np.testing.assert_allclose(solution.fitted[1:-1], example.y[1:-1], rtol=1e-10)
    np.testing.assert_allclose(solution.fitted[[0, -1]], 0, atol=1e-12)
    assert np.isfinite(solution.coefficients).all()


# What cannot be solved


def test_an_infeasible_tolerance_is_refused_with_the_floor_and_its_reason():
    example = spline(endpoints=True)
    floor = (example.y[0] ** 2 + example.y[-1] ** 2) / 11
    with pytest.raises(InfeasibleToleranceError) as caught:
        fit(example.gram, example.y, example.tolerance)
    assert "2 of the 11" in str(caught.value) and "points 0, 10" in str(caught.value)
    assert caught.value.floor == pytest.approx(floor, rel=1e-9)
    assert isinstance(caught.value, ValueError)
    assert fit(example.gram, example.y, floor * 1.001).multiplier > 0
    y = np.stack([0 * example.y, example.y, 0.1 * example.y], axis=1)
    with pytest.raises(InfeasibleToleranceError, match="in column 1"):
        fit(example.gram, y, example.tolerance)


@pytest.mark.parametrize("scale", [1.0, 1.1, 1.2, 1.3, 30.0, 1e-5])
def test_the_floor_that_is_written_is_a_feasible_tolerance(scale):
    example = spline(endpoints=True)
    with pytest.raises(InfeasibleToleranceError) as caught:
        fit(example.gram, scale * example.y, 0.04 * scale**2)
    written = float(re.search(r"residual is (\S+),", str(caught.value)).group(1))
    assert caught.value.floor <= written < 1.00001 * caught.value.floor
    assert fit(example.gram, scale * example.y, written).multiplier > 0


def test_a_zero_gram_matrix_reaches_nothing():
    with pytest.warns(InputWarning):
        assert fit(np.zeros((2, 2)), [1.0, 1.0], 1.0).multiplier == np.inf
    with pytest.raises(InfeasibleToleranceError) as caught:
        fit(np.zeros((2, 2)), [1.0, 1.0], 0.9)
    assert caught.value.floor == pytest.approx(1, rel=1e-15)


GOOD = np.array([[2.0, 1.0], [1.0, 2.0]])


@pytest.mark.parametrize(
    ("gram", "y", "tolerance", "error", "message"),
    [
        (GOOD, [1.0, np.nan], 0.1, ValueError, "y must be finite"),
        (GOOD, [1.0, np.inf], 0.1, ValueError, "y must be finite"),
        (GOOD, [1.0, 1j], 0.1, TypeError, "y must be an array of real numbers, not of complex"),
        (GOOD, ["a", "b"], 0.1, TypeError, "y must be an array of real"),
        (GOOD, [None, 1.0], 0.1, TypeError, "object"),
        (GOOD, [1.0, 1.0, 1.0], 0.1, ValueError, r"y must have shape \(2,\) or \(2, Q\)"),
        (GOOD, np.ones((1, 2)), 0.1, ValueError, "one row a point"),
        (GOOD, 1.0, 0.1, ValueError, "dimensions"),
        (GOOD, np.ones((2, 1, 1)), 0.1, ValueError, "dimensions"),
        (GOOD * np.nan, [1.0, 1.0], 0.1, ValueError, "gram must be finite"),
        ([[1.0, np.inf], [np.inf, 1.0]], [1.0, 1.0], 0.1, ValueError, "gram must be finite"),
        (GOOD * 1j, [1.0, 1.0], 0.1, TypeError, "gram must be an array of real"),
        (np.eye(3) * np.finfo(float).max, np.ones(3), 0.1, ValueError, "gram must not exceed 1e"),
        (GOOD * np.longdouble("1e4000"), [1.0, 1.0], 0.1, ValueError, "gram must be finite"),
        (GOOD, [1.3e308, 1.3e308], 1e308, ValueError, "y must not exceed 1e"),
        (GOOD * 1e-305, [10.0, -1e9], 1e17, ValueError, "coefficients of the fit leave the range"),
        (GOOD.astype(np.float16), [1.0, 1.0], 0.1, TypeError, "gram must .*single precision"),
        ([[1e308, 1e308], [-1e308, 1e308]], [1.0, 1.0], 0.1, ValueError, "gram must be symmetric"),
        (np.ma.masked_less(GOOD, 1.5), [1.0, 1.0], 0.1, ValueError, "gram must have no masked"),
        (GOOD, [[1.0], [1.0, 2.0]], 0.1, ValueError, "y must be .*rows of equal length"),
        (GOOD.astype(object), [1.0, 1.0], 0.1, TypeError, "object"),
        (GOOD[:1], [1.0], 0.1, ValueError, r"gram must have shape \(K, K\)"),
        (np.ones(4), [1.0], 0.1, ValueError, r"gram must have shape \(K, K\)"),
        (np.ones((0, 0)), [], 0.1, ValueError, "K at least 1"),
        ([[2.0, 1.0], [1.001, 2.0]], [1.0, 1.0], 0.1, ValueError, "gram must be symmetric"),
        (-GOOD, [1.0, 1.0], 0.1, ValueError, "positive semidefinite"),
        ([[1.0, 2.0], [2.0, 1.0]], [1.0, 1.0], 0.1, ValueError, "an eigenvalue of -1"),
        (GOOD, [1.0, 1.0], 0.0, ValueError, "tolerance must be positive"),
        (GOOD, [1.0, 1.0], -1, ValueError, "tolerance must be positive"),
        (GOOD, [1.0, 1.0], np.nan, ValueError, "tolerance must be positive"),
        (GOOD, [1.0, 1.0], np.inf, ValueError, "tolerance must be positive and finite"),
        (GOOD, [1.0, 1.0], "0.1", TypeError, "tolerance must be one real number"),
        (GOOD, [1.0, 1.0], 1j, TypeError, "tolerance"),
        (GOOD, [1.0, 1.0], [0.1], TypeError, "tolerance must be one real number"),
        (GOOD, [1.0, 1.0], None, TypeError, "tolerance"),
        (GOOD, [1e150, 1.0], 1e-300, ValueError, "too small for labels"),
    ],
)
def test_bad_input_is_named(gram, y, tolerance, error, message):
    with pytest.raises(error, match=message):
        fit(gram, y, tolerance)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fit_with_multiplier(GOOD, [1.0, 1.0], -1), ValueError, r"\[0, inf\]"),
        (lambda: fit_with_multiplier(GOOD, [1.0, 1.0], np.nan), ValueError, "NaN"),
        (lambda: fit_with_multiplier(GOOD, [1.0, 1.0], [1.0, 1.0]), ValueError, "one number"),
        (lambda: fit_with_multiplier(GOOD, [1.0, 1.0], 1j), TypeError, "multiplier"),
        (lambda: solve_multiplier([], [], 0.1), ValueError, "at least one"),
        (lambda: solve_multiplier([-1.0, 1.0], [1.0, 1.0], 0.1), ValueError, "negative"),
        (lambda: solve_multiplier([[1.0]], [1.0], 0.1), ValueError, "have 1 dimension,"),
        (lambda: solve_multiplier([1.0, 2.0], [1.0], 0.1), ValueError, "shape"),
        (lambda: mean_squared_residual([1.0], [1e200], 1), ValueError, "mean square leaves"),
        (lambda: mean_squared_residual([1e308], [1.0], 1), ValueError, "eigenvalues must not exc"),
        (lambda: mean_squared_residual([1.0], [1.0], 1e308), ValueError, "multiplier must not exc"),
        (lambda: solve_multiplier([1.0], [1e308], 1.0), ValueError, "coordinates must not exceed"),
        (lambda: mean_squared_residual([1.0], [1.0], -1), ValueError, "multiplier"),
        (lambda: fit(GOOD, [1.0, 1.0], 0.1).predict([1.0, 1.0]), ValueError, "dimensions"),
        (lambda: fit(GOOD, [1.0, 1.0], 0.1).predict([[1.0]]), ValueError, r"shape \(m, 2\)"),
        (lambda: fit(GOOD, [1.0, 1.0], 0.1).predict([[1.0, np.nan]]), ValueError, "finite"),
    ],
)
def test_bad_input_to_the_other_functions_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
