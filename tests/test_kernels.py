"""Kernels: what makes each one the kernel it claims to be."""

import tracemalloc

import mpmath
import numpy as np
import pytest
import scipy.integrate
from hypothesis import given
from hypothesis import strategies as st

from sdtutorial import (
    NTK,
    RBF,
    CubicSpline,
    InfeasibleToleranceError,
    Matern,
    cross_matrix,
    distill,
    fit,
    gram_matrix,
    spline,
)

KERNELS = [CubicSpline(), RBF(0.3), Matern(0.3, 1.5), Matern(2.0, 0.7), NTK(1), NTK(3), NTK(2, 0.5)]


def points(kernel, n, p, rng):
    return rng.random(n) if isinstance(kernel, CubicSpline) else rng.standard_normal((n, p))


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
def test_a_gram_matrix_is_symmetric_to_the_last_bit_and_positive_semidefinite(kernel):
    x = points(kernel, 40, 3, np.random.default_rng(0))
    gram = gram_matrix(kernel, x)
    assert np.array_equal(gram, gram.T)
    d = np.linalg.eigvalsh(gram)
    assert d[0] >= -40 * np.finfo(float).eps * d[-1]
    np.testing.assert_allclose(gram, kernel(x, x) / 40, rtol=1e-14, atol=1e-18)


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
def test_a_kernel_of_two_point_sets_is_one_block_of_the_kernel_of_their_union(kernel):
    rng = np.random.default_rng(1)
    x, t = points(kernel, 5, 2, rng), points(kernel, 7, 2, rng)
    whole = kernel(np.concatenate([x, t]), np.concatenate([x, t]))
    np.testing.assert_allclose(kernel(x, t), whole[:5, 5:], rtol=1e-13, atol=1e-15)
    assert kernel(x, t).shape == (5, 7)
    assert kernel(x[:0], t).shape == (0, 7)


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
def test_points_on_the_line_may_be_a_vector_or_a_column(kernel):
    x = np.array([0.2, 0.7, 0.1])
    assert np.array_equal(kernel(x, x), kernel(x[:, None], x[:, None]))


@given(x=st.floats(0, 1), t=st.floats(0, 1))
def test_the_spline_kernel_agrees_with_the_formula_of_the_paper(x, t):
    paper = max((x - t) ** 3, 0) / 6 - x * (1 - t) * (x**2 - 2 * t + t**2) / 6
    assert CubicSpline()([x], [t])[0, 0] == pytest.approx(paper, rel=1e-12, abs=1e-16)


@pytest.mark.parametrize("t", [0.2, 0.5, 0.77])
def test_the_spline_kernel_is_a_greens_function_of_the_fourth_derivative(t):
    """Two cubics that meet twice differentiably at t, where the third derivative jumps by 1, and
    zero with their second derivatives at the ends: only one function is all of this."""

    def cubic(low, high):  # through four values, so exact
        x = np.linspace(low, high, 4)
        return np.polynomial.Polynomial.fit(x, CubicSpline()(x, [t])[:, 0], 3)

    left, right = cubic(0, t), cubic(t, 1)
    for order in (0, 2):
        assert left.deriv(order)(0.0) == pytest.approx(0, abs=1e-12)
        assert right.deriv(order)(1.0) == pytest.approx(0, abs=1e-12)
    for order, jump in enumerate([0, 0, 0, 1]):
        assert right.deriv(order)(t) - left.deriv(order)(t) == pytest.approx(jump, abs=1e-11)


def test_the_spline_kernel_is_the_product_of_two_string_kernels():
    """g = integral of s(x, u) s(u, t) du with s(x, t) = min(x, t) (1 - max(x, t)) of -f''."""
    string = lambda x, t: min(x, t) * (1 - max(x, t))  # noqa: E731
    for x, t in [(0.1, 0.1), (0.3, 0.8), (0.9, 0.4), (1e-6, 0.5), (0.999, 0.9995)]:
        exact = scipy.integrate.quad(
            lambda u: string(x, u) * string(u, t), 0, 1, points=[x, t], epsabs=0, epsrel=1e-11
        )[0]
        assert CubicSpline()([x], [t])[0, 0] == pytest.approx(exact, rel=1e-9)


def test_the_spline_kernel_keeps_its_digits_at_the_ends():
    h = 2.0**-30
    value = CubicSpline()([1 - h], [1 - h])[0, 0]  # h^2 / 3 (1 - h)^2 exactly
    assert value == pytest.approx(h**2 * (1 - h) ** 2 / 3, rel=1e-14)
    assert CubicSpline()([0.0, 1.0], [0.0, 0.3, 1.0]).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_points_that_scaling_has_put_one_unit_outside_count_as_the_end():
    above, below = np.nextafter(1, 2), -np.finfo(float).eps
    assert CubicSpline()([above, below, 0.5], [0.5]).tolist() == [[0], [0], [1 / 48]]
    for outside in (1 + 1e-14, -1e-14):
        with pytest.raises(ValueError, match=f"x must lie in .0, 1., but one .* is {outside!r}"):
            CubicSpline()([0.5, outside], [0.5])


def test_the_rbf_kernel_falls_to_the_square_root_of_1_over_e_at_its_length_scale():
    kernel = RBF(2.5)
    x = np.array([[0.0, 0.0], [1.5, 2.0]])  # 2.5 apart
    np.testing.assert_allclose(kernel(x, x), [[1, np.exp(-0.5)], [np.exp(-0.5), 1]], rtol=1e-15)
    far = kernel([1e300], [-1e300, 1e300])
    assert far.tolist() == [[0, 1]]


@pytest.mark.parametrize("nu", [0.3, 0.5, 1.0, 1.5, 2.5, 7.2, 50])
def test_the_matern_kernel_has_the_digits_of_its_formula(nu):
    distances = np.array([0, 1e-300, 1e-9, 1e-4, 0.02, 0.7, 3.0, 40.0, 1e4, 1e300])
    values = Matern(0.5, nu)([0.0], distances)[0]
    with mpmath.workdps(60):
        for distance, value in zip(distances[1:7], values[1:7]):
            z = mpmath.sqrt(2 * mpmath.mpf(nu)) * mpmath.mpf(distance) / mpmath.mpf(0.5)
            exact = mpmath.mpf(2) ** (1 - nu) / mpmath.gamma(nu) * z**nu * mpmath.besselk(nu, z)
            assert value == pytest.approx(float(exact), rel=2e-13), distance
    assert values[0] == 1 and not values[-2:].any() and np.all(np.diff(values) <= 0)


@pytest.mark.parametrize("nu", [0.5, 0.8, 1.5, 2.5])
def test_the_matern_kernel_is_that_of_scikit_learn(nu):
    from sklearn.gaussian_process import kernels

    x, t = np.random.default_rng(5).standard_normal((2, 6, 3))
    theirs = kernels.Matern(length_scale=0.7, nu=nu)(x, t)
    np.testing.assert_allclose(Matern(0.7, nu)(x, t), theirs, rtol=1e-12)


def test_the_matern_kernel_tends_to_the_gaussian_one():
    x = np.random.default_rng(6).standard_normal((8, 2))
    errors = [np.abs(Matern(1.0, nu)(x, x) - RBF(1.0)(x, x)).max() for nu in (10, 20, 40)]
    assert errors[2] < errors[1] < errors[0] < 0.03
    assert errors[2] == pytest.approx(errors[0] / 4, rel=0.1)


def test_a_rough_kernel_reaches_labels_that_a_smooth_one_cannot():
    rng = np.random.default_rng(7)
    x, y = rng.random((200, 2)), rng.standard_normal(200)
    with pytest.raises(InfeasibleToleranceError):
        fit(gram_matrix(RBF(0.5), x), y, 0.1)
    assert fit(gram_matrix(Matern(0.5, 0.5), x), y, 0.1).multiplier > 0


@pytest.mark.parametrize(
    "kernel", [CubicSpline(), RBF(0.3), Matern(0.3, 1.5), NTK(2, 0.5)], ids=repr
)
@pytest.mark.slow
def test_a_kernel_and_its_gram_matrix_hold_at_most_two_matrices(kernel):
    K = 3000
    x = points(kernel, K, 3, np.random.default_rng(8))
    for make, allowed in ((lambda: kernel(x, x), 1.5), (lambda: gram_matrix(kernel, x), 2.1)):
        tracemalloc.start()
        make()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < allowed * 8 * K**2


@pytest.mark.parametrize(
    ("length_scale", "x", "t", "value"),
    [
        (1e200, 1e200, -1e200, np.exp(-2)),
        (1e-200, 1e-200, -1e-200, np.exp(-2)),
        (1e308, 1.7e308, -1.7e308, np.exp(-(3.4**2) / 2)),
        (5e-324, 5e-324, 0.0, np.exp(-1 / 2)),
        (1e-160, 0.0, 1.0, 0.0),
        (1e-300, 0.0, 1e10, 0.0),
        (1e-300, 1e10, 1e10, 1.0),
        (5e-324, 1.7e308, 1.7e308, 1.0),
        (5e-324, 1.7e308, -1.7e308, 0.0),
        (1e300, 1e-300, 0.0, 1.0),
    ],
)
def test_the_rbf_kernel_is_right_at_both_ends_of_the_range(length_scale, x, t, value):
    assert RBF(length_scale)([x], [t])[0, 0] == pytest.approx(value, rel=1e-14)
    assert RBF(length_scale)([[x, x]], [[x, t]])[0, 0] == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-160, 1e160, 1e200, 1e300])
@pytest.mark.parametrize("nu", [0.5, 0.8, 1.5, 2.5])
def test_the_matern_kernel_has_no_scale_of_its_own(scale, nu):
    x = np.array([0.0, -1e-3, 1.0, 5.0])
    there = Matern(scale, nu)(scale * x, scale * x)
    np.testing.assert_allclose(there, Matern(1.0, nu)(x, x), rtol=1e-11)
    assert Matern(1e-300, nu)([0.0], [1e10]) == 0 and Matern(5e-324, nu)([1.7e308], [-1e308]) == 0


@pytest.mark.parametrize(
    ("x", "t", "value"),
    [
        ([1e-170], [1e100], 2e-70),
        ([1e-160, 1e-160], [1e150, 1e150], 2e-10),
        ([1e200], [1e-200], 2.0),
        ([5e-324], [2.0**1000], 2 * 2.0**-74),
        ([0.0], [1e300], 0.0),
    ],
)
def test_the_ntk_is_right_for_points_of_very_different_length(x, t, value):
    assert NTK(1)([x], [t])[0, 0] == pytest.approx(value, rel=1e-14)
    assert NTK(1)([t], [x])[0, 0] == pytest.approx(value, rel=1e-14)


def network_gradient_kernel(x, t, kernel, width, rng):
    """Gradient inner products of one finite ReLU network at initialisation."""
    depth, bias = kernel.depth, kernel.bias

    def gradients(points):
        layers = [points / np.sqrt(points.shape[1])]  # what multiplies the weights
        slopes = []
        for weight, shift in zip(weights[:-1], shifts):
            before = layers[-1] @ weight + bias * shift
            layers.append(np.maximum(before, 0) * np.sqrt(2 / width))
            slopes.append((before > 0) * np.sqrt(2 / width))
        backward = [np.ones((len(points), 1))]
        for weight, slope in zip(weights[:0:-1], slopes[::-1]):
            backward.append(backward[-1] @ weight.T * slope)
        return layers, backward[::-1]

    sizes = [x.shape[1]] + [width] * depth + [1]
    weights = [rng.standard_normal(shape) for shape in zip(sizes[:-1], sizes[1:])]
    shifts = [rng.standard_normal(size) for size in sizes[1:]]
    (layers_x, back_x), (layers_t, back_t) = gradients(x), gradients(t)
    return sum(
        (a @ b.T + bias**2) * (u @ v.T)
        for a, b, u, v in zip(layers_x, layers_t, back_x, back_t, strict=True)
    )


@pytest.mark.parametrize(
    "kernel", [NTK(1), NTK(2), NTK(3), NTK(1, 0.7), NTK(3, bias=1.5)], ids=repr
)
def test_the_ntk_is_the_gradient_kernel_of_a_wide_network(kernel):
    rng = np.random.default_rng(2)
    x, t = rng.standard_normal((4, 3)), rng.standard_normal((3, 3))
    exact = kernel(x, t)
    for width, allowed in ((60, 0.25), (1000, 0.07)):
        draws = [network_gradient_kernel(x, t, kernel, width, rng) for _ in range(10)]
        error = np.linalg.norm(np.mean(draws, axis=0) - exact) / np.linalg.norm(exact)
        assert error < allowed


def mp_ntk(x, t, depth, bias):
    """The recursion of the docstring, in 60 digits."""
    with mpmath.workdps(60):
        x, t = ([mpmath.mpf(float(v)) for v in point] for point in (x, t))
        b2 = mpmath.mpf(bias) ** 2
        product = lambda u, v: sum(a * b for a, b in zip(u, v)) / len(u) + b2  # noqa: E731
        s, qx, qt = product(x, t), product(x, x), product(t, t)
        tangent = s
        for _ in range(depth):
            q = mpmath.sqrt(qx * qt)
            u = min(s / q, mpmath.mpf(1))
            slope = (mpmath.pi - mpmath.acos(u)) / mpmath.pi
            s = q * (mpmath.sqrt(1 - u * u) / mpmath.pi + u * slope) + b2
            tangent = s + tangent * slope
            qx, qt = qx + b2, qt + b2
        return float(tangent)


@pytest.mark.parametrize("bias", [0.0, 1e-3, 1.0, 100.0])
@pytest.mark.parametrize("p", [1, 3, 80])
def test_the_ntk_has_the_digits_of_its_recursion_for_near_and_far_points(bias, p):
    rng = np.random.default_rng(9)
    x = rng.standard_normal((5, p))
    x[1], x[2], x[3] = x[0] * (1 + 1e-9), x[0] + 1e-7 * x[4], -x[0]
    values = NTK(3, bias)(x, x)
    exact = [[mp_ntk(a, b, 3, bias) for b in x] for a in x]
    np.testing.assert_allclose(values, exact, rtol=3e-14, atol=1e-15 * np.max(exact))


@pytest.mark.statement("prp-tangent-line")
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_on_the_line_the_ntk_has_rank_two_without_biases_and_full_rank_with_them(depth):
    x = np.random.default_rng(10).standard_normal(12)
    d = np.linalg.eigvalsh(gram_matrix(NTK(depth), x))
    assert np.sum(d > 1e-13 * d[-1]) == 2
    same = np.multiply.outer(x, x) > 0
    closed = np.abs(np.multiply.outer(x, x)) * (depth + 1)
    np.testing.assert_allclose(NTK(depth)(x, x)[same], closed[same], rtol=1e-13)
    one_sided = gram_matrix(NTK(depth), np.abs(x))
    assert np.sum(np.linalg.eigvalsh(one_sided) > 1e-13 * d[-1]) == 1
    assert np.linalg.eigvalsh(gram_matrix(NTK(depth, bias=1.0), x))[0] > 1e-9


def test_the_ntk_of_one_hidden_layer_has_its_closed_form():
    angle = np.linspace(0, np.pi, 50)
    x, t = np.array([[2.0, 0.0]]), 3 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    closed = 3 * (np.sin(angle) + 2 * (np.pi - angle) * np.cos(angle)) / np.pi
    np.testing.assert_allclose(NTK(1)(x, t)[0], closed, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_the_ntk_keeps_its_digits_for_nearly_parallel_points(depth):
    """On the diagonal it is (depth + 1) |x|^2 / p, and it falls linearly in the angle."""
    x = np.random.default_rng(3).standard_normal((20, 7))
    np.testing.assert_allclose(
        np.diag(NTK(depth)(x, x)), (depth + 1) * np.sum(x**2, axis=1) / 7, rtol=1e-14
    )
    angle = 1e-7
    value = NTK(depth)([[1.0, 0.0]], [[np.cos(angle), np.sin(angle)]])[0, 0]
    fall = angle * depth * (depth + 1) / 2 / np.pi / 2  # sum of l over layers, divided by p = 2
    assert (depth + 1) / 2 - value == pytest.approx(fall, rel=1e-5)


def test_the_ntk_is_homogeneous_and_zero_at_the_origin():
    x = np.random.default_rng(4).standard_normal((5, 2))
    np.testing.assert_allclose(NTK(2)(3 * x, x), 3 * NTK(2)(x, x), rtol=1e-14)
    assert not NTK(2)(0 * x, x).any()


def test_on_its_diagonal_the_ntk_grows_by_the_bias_in_every_layer():
    """S_l(x, x) = |x|^2 / p + (l + 1) b^2, and N_l = S_l + N_{l-1}: a sum of l + 1 of them."""
    x = np.random.default_rng(11).standard_normal((6, 4))
    start = np.sum(x**2, axis=1) / 4
    layers = [start + (layer + 1) * 0.3**2 for layer in range(4)]
    np.testing.assert_allclose(np.diag(NTK(3, 0.3)(x, x)), np.sum(layers, axis=0), rtol=1e-13)


def test_points_on_the_line_reach_a_kernel_of_scikit_learn_as_a_column():
    from sklearn.gaussian_process import kernels
    from sklearn.metrics import pairwise

    x = np.linspace(0, 1, 7)
    ours = gram_matrix(RBF(0.2), x)
    for kernel in (kernels.RBF(0.2), lambda x, t: pairwise.rbf_kernel(x, t, gamma=12.5)):
        np.testing.assert_allclose(gram_matrix(kernel, x), ours, rtol=1e-13)
        np.testing.assert_allclose(gram_matrix(kernel, x[:, None]), ours, rtol=1e-13)


@pytest.mark.parametrize(
    "kernel",
    [
        lambda x, t: np.exp(-np.abs(np.subtract.outer(x, t))),
        lambda x, t: np.exp(-np.abs(x[:, None] - t)),
        lambda x, t: np.exp(-np.abs(x[:, None] - t[None, :])),
        lambda x, t: np.exp(-np.abs(x - t.T)),
    ],
)
def test_a_formula_for_vectors_of_points_is_a_kernel_too(kernel):
    x = np.linspace(0, 1, 5)
    np.testing.assert_allclose(gram_matrix(kernel, x), gram_matrix(Matern(1.0, 0.5), x), rtol=1e-14)


def test_a_matrix_that_the_kernel_keeps_is_not_changed():
    kept = np.array([[4.0, 1.0], [1.0, 4.0]])
    gram_matrix(lambda x, t: kept, [0.0, 1.0])
    assert kept.tolist() == [[4, 1], [1, 4]]


def test_asymmetry_within_rounding_of_the_kernels_own_precision_is_averaged_out():
    for kind, asymmetry in ((np.float64, 1e-15), (np.float32, 1e-6)):
        values = np.array([[1.0, 0.5], [0.5 + asymmetry, 1.0]], kind)
        gram = gram_matrix(lambda x, t: values, [0.0, 1.0])
        mean = np.mean([values[0, 1], values[1, 0]], dtype=float)
        assert gram[0, 1] == gram[1, 0] == kind(mean / 2)


def test_a_kernel_in_single_precision_makes_a_gram_matrix_that_says_so():
    """In double precision its rounding would be taken for negative eigenvalues."""
    x = np.linspace(0, 1, 80)
    gram = gram_matrix(lambda x, t: RBF(0.2)(x, t).astype(np.float32), x)
    assert gram.dtype == np.float32
    y = np.sin(6 * x)
    chain = distill(gram, y, 0.1)
    reference = distill(gram_matrix(RBF(0.2), x), y, 0.1)
    np.testing.assert_allclose(chain.targets, reference.targets, atol=1e-4)


def test_halves_of_the_smallest_floats_are_not_lost():
    smallest = np.finfo(float).smallest_subnormal
    assert gram_matrix(lambda x, t: np.full((1, 1), smallest), [1.0]).tolist() == [[smallest]]


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
def test_a_cross_matrix_is_the_rows_that_new_points_would_have_in_the_gram_matrix(kernel):
    rng = np.random.default_rng(5)
    x, new = points(kernel, 6, 2, rng), points(kernel, 6, 2, rng)
    assert np.array_equal(cross_matrix(kernel, new, x), kernel(new, x) / 6)
    np.testing.assert_allclose(cross_matrix(kernel, x, x), gram_matrix(kernel, x), atol=1e-17)
    assert cross_matrix(kernel, new[:0], x).shape == (0, 6)


def test_a_cross_matrix_is_what_a_chain_predicts_from():
    example = spline()
    chain = distill(example.gram, example.y, example.tolerance)
    cross = cross_matrix(example.kernel, example.x[[5, 2]], example.x)
    np.testing.assert_allclose(chain.predict(cross), chain.targets[1:, [5, 2]], rtol=1e-9)


@pytest.mark.parametrize("value", [1.7e308, np.finfo(float).max])
def test_the_largest_floats_are_averaged_without_overflow(value):
    gram = gram_matrix(lambda x, t: np.full((2, 2), value), [0.0, 1.0])
    assert np.array_equal(gram, np.full((2, 2), value / 2))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: CubicSpline()([0.5, 1.1], [0.5]), ValueError, r"x must lie in \[0, 1\]"),
        (lambda: CubicSpline()([0.5], [-0.1]), ValueError, r"t must lie in \[0, 1\]"),
        (lambda: CubicSpline()([[0.5, 0.5]], [[0.5, 0.5]]), ValueError, "on the line"),
        (lambda: CubicSpline()([np.nan], [0.5]), ValueError, "NaN"),
        (lambda: CubicSpline()(["a"], [0.5]), TypeError, "real numbers"),
        (lambda: RBF(0), ValueError, "length_scale must be positive"),
        (lambda: RBF("1"), TypeError, "length_scale"),
        (lambda: RBF(1)([[1.0, 2.0]], [1.0]), ValueError, "2 coordinates, t with 1"),
        (lambda: NTK(0), ValueError, "depth must be at least 1"),
        (lambda: NTK(1.5), TypeError, "depth must be a whole number"),
        (lambda: NTK(1)([1j], [1.0]), TypeError, "complex"),
        (lambda: NTK(1, bias=-1), ValueError, "bias must be finite and at least 0"),
        (lambda: NTK(1, bias="1"), TypeError, "bias must be one real number"),
        (lambda: Matern(0, 0.5), ValueError, "length_scale must be positive"),
        (lambda: Matern(1.0, 0), ValueError, "nu must be positive"),
        (lambda: Matern(1.0, 51), ValueError, "nu must be at most 50.*RBF"),
        (lambda: gram_matrix(RBF(1), []), ValueError, "at least one point"),
        (lambda: gram_matrix(RBF(1), [[[1.0]]]), ValueError, "dimensions"),
        (lambda: gram_matrix(lambda x, t: np.ones(3), [1.0, 2.0]), ValueError,
         r"\(3,\); the points are given"),
        (lambda: gram_matrix(lambda x, t: np.ones((3, 3)), [1.0]), ValueError, r"\(3, 3\)"),
        (lambda: gram_matrix(lambda x, t: x - t.T, [1.0, 2.0]), ValueError, "must be symmetric"),
        (lambda: gram_matrix(np.subtract.outer, [1.0, 2.0]), ValueError, "must be symmetric"),
        (lambda: NTK(1)([1e200], [1e200]), ValueError, "x and t must be small enough"),
        (lambda: NTK(1)(np.ones((2, 0)), np.ones((2, 0))), ValueError, "at least one coordinate"),
        (lambda: RBF(1)(np.ones((2, 0)), np.ones((2, 0))), ValueError, "at least one coordinate"),
        (lambda: cross_matrix(RBF(1), [1.0], []), ValueError, "x must hold at least one point"),
        (lambda: cross_matrix(RBF, [1.0], [1.0]), TypeError, "kernel must be a function"),
        (lambda: cross_matrix(RBF(1), [np.nan], [1.0]), ValueError, "x_new must be finite"),
        (lambda: cross_matrix(RBF(1), [[1.0, 2.0]], [1.0]), ValueError, "2 coordinates, t with 1"),
        (lambda: cross_matrix(lambda x, t: np.ones(2), [1.0], [1.0]), ValueError, r"not \(2,\)"),
        (lambda: cross_matrix(lambda x, t: np.ones((2, 1)), [1.0], [1.0, 2.0]), ValueError,
         r"kernel\(x_new, x\) must have shape \(1, 2\), not \(2, 1\)"),
        (lambda: gram_matrix(None, [1.0]), TypeError, r"kernel must be .*CubicSpline\(\).*None"),
        (lambda: gram_matrix("rbf", [1.0]), TypeError, "kernel must be a function.*'rbf'"),
        (lambda: gram_matrix(CubicSpline, [1.0]), TypeError, "kernel must be a function.*class"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
