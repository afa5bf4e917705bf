"""Chains from a Krylov space, against the dense chain and against 60 digits.

Diagonal matrices have a spectrum that is known exactly, and Lanczos' method does not know that they
are diagonal: clusters, gaps and condition numbers are as hard there as in any basis.
"""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse
from oracle import exact_chain, random_problem
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from sdtutorial import (
    RBF,
    AccuracyNotReachedError,
    InfeasibleToleranceError,
    Matern,
    cross_matrix,
    distill,
    distill_spectrum,
    generalization,
    gram_matrix,
)
from sdtutorial.krylov import KrylovSpace

quiet = pytest.mark.filterwarnings("ignore::sdtutorial.AccuracyWarning")
NEW = np.linspace(0, 1, 23)


def sine(size, noise=0.5, columns=(), seed=0):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.random(size))
    truth = np.sin(2 * np.pi * x).reshape(-1, *[1 for _ in columns])
    return x, truth + noise * rng.standard_normal((size, *columns))


def krylov(gram, y, tolerance=None, **options):
    return distill(gram, y, tolerance, method="krylov", **options)


def error_of(fitted, exact, labels):
    """Errors of fits of all rounds, and columns, relative to the labels."""
    return np.linalg.norm(fitted - exact, axis=1) / np.linalg.norm(labels, axis=0)


# Against the dense chain


@pytest.mark.parametrize("columns", [(), (1,), (4,)])
@pytest.mark.parametrize(
    ("kernel", "tolerance"), [(RBF(0.2), 0.3), (Matern(0.3, 0.5), 0.05), (Matern(0.1, 1.5), 0.1)]
)
def test_the_chain_is_the_dense_one(kernel, tolerance, columns):
    x, y = sine(200, columns=columns)
    gram = gram_matrix(kernel, x)
    dense, chain = distill(gram, y, tolerance), krylov(gram, y, tolerance)
    np.testing.assert_array_equal(chain.rounds, dense.rounds)
    np.testing.assert_allclose(chain.multipliers, dense.multipliers, rtol=1e-9)
    np.testing.assert_allclose(chain.norm_ratios, dense.norm_ratios, rtol=1e-9)
    np.testing.assert_allclose(chain.targets, dense.targets, rtol=0, atol=1e-8)
    cross = cross_matrix(kernel, NEW, x)
    np.testing.assert_allclose(chain.predict(cross), dense.predict(cross), rtol=0, atol=1e-7)
    assert chain.eigenvectors.shape == (200, len(chain.eigenvalues))
    assert chain.multiplier_errors.max() < 1e-8


def test_a_smooth_kernel_needs_few_vectors():
    x, y = sine(1000)
    assert len(krylov(gram_matrix(RBF(0.2), x), y, 0.3).eigenvalues) <= 20


@pytest.mark.parametrize("columns", [(), (3,)])
def test_weights_and_a_given_multiplier_are_those_of_the_dense_chain(columns):
    x, y = sine(150, columns=columns)
    gram, weights = gram_matrix(Matern(0.3, 0.5), x), np.arange(150.0) % 4
    for options in (
        {"tolerance": 0.1, "weights": weights},
        {"tolerance": 0.1, "max_rounds": 2},
        {"multiplier": 1e-3, "max_rounds": 4},
        {"multiplier": 1e-3, "max_rounds": 4, "label_weight": 0.3, "weights": weights},
    ):
        dense, chain = distill(gram, y, **options), krylov(gram, y, **options)
        np.testing.assert_array_equal(chain.rounds, dense.rounds)
        np.testing.assert_allclose(chain.multipliers, dense.multipliers, rtol=1e-9)
        np.testing.assert_allclose(chain.targets, dense.targets, rtol=0, atol=1e-8)


def test_a_tolerance_for_each_column():
    x, y = sine(150, columns=(3,))
    gram, tolerance = gram_matrix(Matern(0.3, 0.5), x), np.array([0.05, 0.1, 0.2])
    dense, chain = distill(gram, y, tolerance), krylov(gram, y, tolerance)
    np.testing.assert_allclose(chain.multipliers, dense.multipliers, rtol=1e-9)


@pytest.mark.parametrize("columns", [(), (2,)])
def test_any_kind_of_operator_gives_the_same(columns):
    x, y = sine(120, columns=columns)
    gram = gram_matrix(Matern(0.3, 0.5), x)
    expected = krylov(gram, y, 0.1)
    by_vector = LinearOperator(gram.shape, matvec=lambda v: gram @ v, dtype=float)
    for operator in (aslinearoperator(gram), by_vector, scipy.sparse.csr_array(gram)):
        chain = krylov(operator, y, 0.1)
        np.testing.assert_allclose(chain.multipliers, expected.multipliers, rtol=1e-10)
        np.testing.assert_allclose(chain.targets, expected.targets, rtol=0, atol=1e-9)


@pytest.mark.parametrize("scale", [1e-200, 1e150])
def test_scales_do_not_matter(scale):
    x, y = sine(60)
    gram = gram_matrix(Matern(0.3, 0.5), x)
    expected = krylov(gram, y, 0.1)
    scaled = krylov(gram * scale, y, 0.1)
    np.testing.assert_allclose(scaled.multipliers, expected.multipliers * scale, rtol=1e-9)
    labels = krylov(gram, y * 1e100, 0.1e200)
    np.testing.assert_allclose(labels.multipliers, expected.multipliers, rtol=1e-9)


def test_columns_of_different_size_and_zero_columns():
    x, y = sine(80, columns=(4,))
    y = y * [1.0, 1e-9, 0.0, 3.0]
    y[:, 3] = 2 * y[:, 0]  # two columns, one direction
    gram = gram_matrix(Matern(0.3, 0.5), x)
    dense, chain = distill(gram, y, 0.1), krylov(gram, y, 0.1)
    np.testing.assert_array_equal(chain.rounds, dense.rounds)
    np.testing.assert_allclose(chain.targets, dense.targets, rtol=0, atol=1e-8)


# What it says about its own accuracy


def hard_spectrum(kind, size, condition):
    """Eigenvalues from 1/condition to 1: spread, in clusters, with a gap, in pairs."""
    rng = np.random.default_rng(size)
    log = np.log(condition)
    if kind == "spread":
        d = np.exp(-log * np.linspace(0, 1, size))
    elif kind == "clusters":
        d = np.exp(-log * np.linspace(0, 1, 5))[np.arange(size) % 5]
        d = d * (1 + 1e-4 * rng.standard_normal(size))
    elif kind == "gap":
        d = np.where(np.arange(size) % 2, 1.0, 1 / condition) * rng.uniform(0.5, 1, size)
    else:
        d = np.exp(-log * (np.arange(size) // 2) / size) * (1 - 1e-9 * (np.arange(size) % 2))
    return np.sort(d)


@quiet
@pytest.mark.statement("prp-krylov-error")
@pytest.mark.parametrize("accuracy", [1e-3, 1e-9])
@pytest.mark.parametrize("condition", [1e2, 1e6, 1e12])
@pytest.mark.parametrize("kind", ["spread", "clusters", "gap", "pairs"])
def test_errors_are_at_most_three_times_those_it_reports(kind, condition, accuracy):
    size, rng = 40, np.random.default_rng(1)
    d = hard_spectrum(kind, size, condition)
    z = rng.standard_normal(size) * d**0.25
    tolerance = 0.02 * np.mean(z**2)
    chain = krylov(np.diag(d), z, tolerance, accuracy=accuracy)
    multipliers, targets, _ = exact_chain(d, z, tolerance)
    assert chain.left_out.max() <= accuracy
    assert chain.rounds == len(multipliers)
    exact = np.array(targets[1:], dtype=float)
    fit_errors = error_of(chain.fitted, exact, z)
    assert (fit_errors <= 3 * chain.fit_errors + 1e-13).all()
    errors = np.abs(chain.multipliers / np.array(multipliers, dtype=float) - 1)
    assert (errors <= 3 * chain.multiplier_errors + 1e-12).all()


@quiet
@pytest.mark.statement("prp-krylov-error")
@pytest.mark.parametrize("condition", [1e2, 1e6, 1e12])
@pytest.mark.parametrize("kind", ["spread", "clusters", "gap", "pairs"])
def test_with_the_same_multipliers_fits_are_wrong_by_at_most_the_sum_of_what_is_left_out(
    kind, condition
):
    size, rounds = 40, 4
    d = hard_spectrum(kind, size, condition)
    z = np.random.default_rng(0).standard_normal(size) * d**0.25
    for multiplier in d[-1] * np.array([1e-4, 1e-2, 1.0]):
        chain = krylov(np.diag(d), z, multiplier=multiplier, accuracy=0.1, max_rounds=rounds)
        exact = (d / (multiplier + d)) ** np.arange(1, rounds + 1)[:, None] * z
        share = error_of(chain.fitted, exact, z) / chain.fit_errors
        assert (share <= 1 + 1e-9).all()


@quiet
@pytest.mark.parametrize("seed", range(60))
def test_no_random_problem_finds_it_too_sure(seed):
    """As above, with accuracies so low that rounding cannot be what is seen."""
    rng = np.random.default_rng(seed)
    d, z, tolerance = random_problem(rng, relative_tolerance=10 ** rng.uniform(-3, -0.05))
    expected = distill_spectrum(d, z, tolerance)
    chain = krylov(np.diag(d), z, tolerance, accuracy=10 ** rng.uniform(-6, -0.5))
    assert chain.rounds == expected.rounds
    errors = np.abs(chain.multipliers / expected.multipliers - 1)
    allowed = chain.multiplier_errors + expected.multiplier_errors + 1e-12
    assert (errors <= 3 * allowed).all()
    fits = error_of(chain.fitted, expected.fitted_coordinates, z)
    assert (fits <= 3 * (chain.fit_errors + expected.fit_errors + 1e-12)).all()


def test_a_space_that_may_not_grow_is_an_error_that_says_how_far_it_got():
    x, y = sine(300)
    gram = gram_matrix(Matern(0.3, 0.5), x)
    with pytest.raises(AccuracyNotReachedError, match="holds 60 vectors.*max_vectors") as caught:
        krylov(gram, y, 0.02, max_vectors=60)
    assert caught.value.vectors == 60
    assert 1e-9 < caught.value.error < 1
    for again in (copy.copy(caught.value), pickle.loads(pickle.dumps(caught.value))):
        assert (str(again), again.error) == (str(caught.value), caught.value.error)


# Spaces with an end


def test_labels_along_an_eigenvector_span_one_dimension():
    d = np.array([0.1, 0.5, 1.0, 2.0])
    chain = krylov(np.diag(d), [0.0, 3.0, 0.0, 0.0], 0.2)
    assert chain.eigenvalues == pytest.approx([0.5], rel=1e-14)
    expected = distill_spectrum(d, [0.0, 3.0, 0.0, 0.0], 0.2)
    np.testing.assert_allclose(chain.multipliers, expected.multipliers, rtol=1e-12)


def test_zero_labels_have_no_rounds():
    for y in (np.zeros(5), np.zeros((5, 2)), np.zeros((5, 0))):
        chain = krylov(np.diag([1.0, 2, 3, 4, 5]), y, 0.1)
        assert np.max(chain.rounds, initial=0) == 0
        assert chain.targets.shape == (1, *y.shape)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_an_exhausted_space_is_the_whole_spectrum(size):
    rng = np.random.default_rng(size)
    d, z = np.sort(rng.random(size)) + 0.1, rng.standard_normal(size)
    tolerance = 0.1 * np.mean(z**2)
    chain, expected = krylov(np.diag(d), z, tolerance), distill_spectrum(d, z, tolerance)
    np.testing.assert_allclose(chain.eigenvalues, d, rtol=1e-12)
    np.testing.assert_allclose(chain.multipliers, expected.multipliers, rtol=1e-11)
    assert (chain.left_out == 0).all()


# Null directions


@pytest.mark.parametrize("columns", [(), (2,)])
def test_an_infeasible_tolerance_has_the_floor_of_the_dense_chain(columns):
    x, y = sine(200, columns=columns)
    gram = gram_matrix(RBF(0.2), x)
    with pytest.raises(InfeasibleToleranceError) as dense:
        distill(gram, y, 0.1)
    for matrix in (gram, aslinearoperator(gram)):
        with pytest.raises(InfeasibleToleranceError, match="matrix of some of the") as caught:
            krylov(matrix, y, 0.1)
        assert caught.value.floor == pytest.approx(dense.value.floor, rel=5e-3)


@pytest.mark.parametrize("columns", [1, 3, 7])
@pytest.mark.parametrize("kernel", [RBF(0.2), RBF(1.0), Matern(1.0, 5.5)], ids=repr)
@pytest.mark.filterwarnings("ignore::sdtutorial.AccuracyWarning")
def test_a_space_that_reaches_rounding_stays_orthonormal(kernel, columns):
    x = np.sort(np.random.default_rng(0).random(60))
    gram, y = gram_matrix(kernel, x), np.random.default_rng(1).standard_normal((60, columns))
    space = KrylovSpace(gram, y)
    while space.grow():
        pass
    vectors = space.spectrum().eigenvectors
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(space.size), atol=1e-12)
    with pytest.raises(InfeasibleToleranceError) as dense:
        distill(gram, y, 1e-3)
    with pytest.raises(InfeasibleToleranceError) as caught:
        krylov(gram, y, 1e-3)
    assert caught.value.floor == pytest.approx(dense.value.floor, rel=0.02)


def test_causes_of_a_floor_are_named():
    gram = np.diag([1.0, 2.0, 0.0])
    with pytest.raises(InfeasibleToleranceError, match="kernel is zero at point 2") as caught:
        krylov(gram, [1.0, 1.0, 1.0], 0.1)
    assert caught.value.floor == pytest.approx(1 / 3)
    equal = np.array([[1.0, 1.0, 0.2], [1.0, 1.0, 0.2], [0.2, 0.2, 1.0]])
    with pytest.raises(InfeasibleToleranceError, match="cannot tell apart points 0, 1"):
        krylov(equal, [1.0, -1.0, 1.0], 0.1)


def test_a_low_rank_operator_has_the_floor_of_its_matrix():
    rng = np.random.default_rng(0)
    factor, y = rng.standard_normal((300, 12)), rng.standard_normal(300)
    operator = aslinearoperator(factor) @ aslinearoperator(factor.T)
    left = y - factor @ np.linalg.lstsq(factor, y)[0]
    floor = np.mean(left**2)
    with pytest.raises(InfeasibleToleranceError) as caught:
        krylov(operator, y, 0.5 * floor)
    assert caught.value.floor == pytest.approx(floor, rel=1e-9)
    chain = krylov(operator, y, 1.001 * floor)
    expected = distill(factor @ factor.T, y, 1.001 * floor)
    assert chain.rounds == expected.rounds
    np.testing.assert_allclose(chain.multipliers, expected.multipliers, rtol=1e-8)


# What needs the whole spectrum


@pytest.mark.parametrize(
    "function",
    [
        generalization.degrees_of_freedom,
        generalization.generalized_cross_validation,
        generalization.equivalent_squared_radius,
        lambda chain: generalization.risk_estimate(chain, 0.1),
    ],
)
def test_what_needs_the_whole_spectrum_says_so(function):
    x, y = sine(100)
    chain = krylov(gram_matrix(RBF(0.2), x), y, 0.3)
    with pytest.raises(ValueError, match='whole spectrum.*method="eigh"'):
        function(chain)


# Bad input


def operator(product, size=4, dtype=float):
    return LinearOperator((size, size), matvec=product, dtype=dtype)


class Product:
    """What SciPy takes for an operator: something with a shape, and a product with a vector."""

    def __init__(self, **attributes):
        vars(self).update({"shape": (4, 4), **attributes})

    def matvec(self, vector):
        return POSITIVE @ vector


def test_what_scipy_takes_for_an_operator_is_one():
    chain = krylov(Product(), ONES, 0.1)
    np.testing.assert_allclose(chain.multipliers, krylov(POSITIVE, ONES, 0.1).multipliers)


ONES = np.ones(4)
POSITIVE = np.diag([1.0, 2.0, 3.0, 4.0])
SKEW = POSITIVE + np.triu(np.ones((4, 4)), 1)


@pytest.mark.parametrize(
    ("gram", "error", "match"),
    [
        (SKEW, ValueError, "symmetric"),
        (aslinearoperator(SKEW), ValueError, "symmetric"),
        (aslinearoperator(POSITIVE + 1j), TypeError, "real numbers"),
        (operator(lambda v: v * 1j), TypeError, "real numbers"),
        (aslinearoperator(np.ones((4, 3))), ValueError, r"shape \(K, K\)"),
        (operator(lambda v: v, size=5), ValueError, r"shape \(5,\)"),
        (operator(lambda v: v * np.nan), ValueError, "finite"),
        (POSITIVE * np.nan, ValueError, "finite"),
        (operator(lambda v: v, dtype=np.float16), TypeError, "at least single precision"),
        (Product(shape=None), TypeError, "must be a LinearOperator of SciPy"),
        (Product(dtype="banana"), TypeError, "must be a LinearOperator of SciPy"),
        (aslinearoperator(POSITIVE - 2 * np.eye(4)), ValueError, "semidefinite"),
        (POSITIVE - 2 * np.eye(4), ValueError, "semidefinite"),
        (np.ones((3, 4)), ValueError, r"shape \(K, K\)"),
    ],
)
def test_what_is_no_gram_matrix_is_refused(gram, error, match):
    with pytest.raises(error, match=match):
        krylov(gram, ONES, 0.1)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"accuracy": 0}, ValueError, "accuracy"),
        ({"accuracy": "high"}, TypeError, "accuracy"),
        ({"max_vectors": 0}, ValueError, "max_vectors"),
        ({"max_vectors": 2.5}, TypeError, "max_vectors"),
        ({"progress": print}, ValueError, "progress"),
        ({"weights": [1, 2]}, ValueError, "weights"),
        ({"tolerance": -1.0}, ValueError, "tolerance"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(options, error, match):
    with pytest.raises(error, match=match):
        krylov(POSITIVE, ONES, **{"tolerance": 0.1, **options})


def test_the_dense_chain_takes_no_operator_and_no_accuracy():
    with pytest.raises(TypeError):
        distill(aslinearoperator(POSITIVE), ONES, 0.1)
    with pytest.raises(TypeError, match='method "krylov"'):
        distill(POSITIVE, ONES, 0.1, accuracy=1e-9)
    with pytest.raises(ValueError, match="krylov"):
        distill(POSITIVE, ONES, 0.1, method="lanczos")


def test_arguments_are_not_changed():
    x, y = sine(50)
    gram = gram_matrix(RBF(0.2), x)
    before = gram.copy(), y.copy()
    krylov(gram, y, 0.3)
    assert (gram == before[0]).all() and (y == before[1]).all()
