"""Products and predictions from blocks of a kernel matrix, against the whole matrix."""

import tracemalloc

import numpy as np
import pytest

from sdtutorial import NTK, RBF, Matern, blocks, cross_matrix, distill, gram_matrix

X = np.linspace(0, 1, 90)
Y = np.sin(5 * X) + 0.1 * np.random.default_rng(0).standard_normal(90)
KERNEL = Matern(0.3, 0.5)


def peak_bytes(function):
    tracemalloc.start()
    try:
        result = function()
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("memory", [1, 10_000, 60_000, 2**30])
@pytest.mark.parametrize("kernel", [RBF(0.2), NTK(2, 1.0)])
def test_products_are_those_of_the_matrix(kernel, memory):
    operator, gram = blocks.gram_operator(kernel, X, memory=memory), gram_matrix(kernel, X)
    vectors = np.random.default_rng(0).standard_normal((90, 3))
    assert operator.shape == (90, 90)
    np.testing.assert_allclose(operator @ vectors, gram @ vectors, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(operator @ Y, gram @ Y, rtol=1e-12, atol=1e-13)


def test_a_chain_from_blocks_is_the_chain_of_the_matrix():
    operator = blocks.gram_operator(KERNEL, X, memory=10_000)
    chain, dense = distill(operator, Y, 0.01, method="krylov"), distill(gram_matrix(KERNEL, X), Y, 0.01)
    np.testing.assert_allclose(chain.multipliers, dense.multipliers, rtol=1e-9)


@pytest.mark.parametrize("memory", [1, 10_000, 2**30])
@pytest.mark.parametrize("columns", [(), (2,)])
@pytest.mark.parametrize("method", ["eigh", "krylov"])
def test_predictions_are_those_of_the_cross_matrix(method, columns, memory):
    y = Y.reshape(-1, *[1 for _ in columns]) * np.ones(columns)
    weights = 1.0 + np.arange(90) % 3
    chain = distill(gram_matrix(KERNEL, X), y, 0.02, weights=weights, method=method)
    new = np.linspace(0, 1, 37)
    expected = chain.predict(cross_matrix(KERNEL, new, X))
    found = blocks.predict(chain, KERNEL, new, X, memory=memory)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.slow
def test_a_million_points_need_the_memory_of_a_block():
    chain = distill(gram_matrix(RBF(0.2), X), Y, 0.02)
    new, memory = np.linspace(0, 1, 10**6), 2**24
    peak, found = peak_bytes(lambda: blocks.predict(chain, RBF(0.2), new, X, memory=memory))
    assert found.shape == (chain.rounds, 10**6)
    assert peak < found.nbytes + memory


def test_a_product_needs_the_memory_of_a_block():
    x = np.linspace(0, 1, 3000)
    operator, memory = blocks.gram_operator(RBF(0.2), x, memory=2**22), 2**22
    peak, _ = peak_bytes(lambda: operator @ x)
    assert peak < memory + 2**20


def test_null_directions_have_no_part_in_a_prediction():
    chain = distill(np.diag([1.0, 2.0, 0.0]), [1.0, 1.0, 0.1], 0.1)
    assert (chain.coefficients[:, 2] == 0).all()


def test_a_kernel_that_is_not_symmetric_is_refused():
    with pytest.raises(ValueError, match="symmetric"):
        blocks.gram_operator(lambda x, t: x + 2 * t.T, X)


def test_points_that_do_not_belong_to_the_chain_are_refused():
    chain = distill(gram_matrix(KERNEL, X), Y, 0.01)
    with pytest.raises(ValueError, match="cross must have shape"):
        blocks.predict(chain, KERNEL, X, X[:5])
    with pytest.raises(ValueError, match="memory"):
        blocks.predict(chain, KERNEL, X, X, memory=0)
    with pytest.raises(TypeError, match="Chain"):
        blocks.predict(Y, KERNEL, X, X)
