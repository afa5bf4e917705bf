"""Kernel matrices that are too large to hold: products and predictions, a block of rows at a time.

A Krylov space asks for products with G only, and a prediction for products with the coefficients of
the fits. Both can be had from blocks of a kernel matrix that are forgotten again.
"""

import numpy as np

from sdtutorial import _checks
from sdtutorial.kernels import cross_matrix

__all__ = ["gram_operator", "predict"]

_MEMORY = 2**25  # bytes: larger blocks leave the cache, and are slower
_ARRAYS = 4  # of the size of a block, while a kernel is evaluated, divided and checked
_LOOKED_AT = 16  # points at which a kernel is asked both ways


def gram_operator(kernel, x, *, memory=_MEMORY):
    """Return G as an operator whose products are computed from blocks of the kernel matrix.

    It is what :func:`sdtutorial.gram_matrix` returns, but never a matrix: every product evaluates
    half of the kernel's values anew, for G is symmetric. ``distill(..., method="krylov")`` takes
    it (Self-distillation, ``prp-krylov-error``).

    Parameters
    ----------
    kernel : callable
        As for :func:`sdtutorial.gram_matrix`: ``kernel(x, t)`` returns an (n, m) matrix.
    x : array_like, shape (K,) or (K, p)
        The points.
    memory : int
        Bytes that a product may take beside the vectors that it multiplies and returns; a kernel
        of your own may take more for itself.

    Returns
    -------
    scipy.sparse.linalg.LinearOperator
        Of shape (K, K).

    Raises
    ------
    TypeError, ValueError
        If the kernel is not such a function or not symmetric, if the points are not finite real
        numbers, or if the memory is not a whole number of at least 1.
    """
    from scipy.sparse.linalg import LinearOperator  # here: the package should not wait for it

    x = _checks.real_array("x", x, ndim=(1, 2))
    height = _height(memory, len(x))
    some = x[:_LOOKED_AT], x[-_LOOKED_AT:]
    there, back = cross_matrix(kernel, *some), cross_matrix(kernel, *some[::-1])
    largest = np.abs(there).max()
    _checks.symmetric("kernel(x, t)", np.abs(there - back.T).max(), largest, np.float32)

    def product(vectors):
        result = np.zeros((len(x), vectors.shape[1]))
        for first in range(0, len(x), height):
            last = first + height
            # the upper half of these rows, and its mirror image below the diagonal
            values = cross_matrix(kernel, x[first:last], x[first:])
            share = (len(x) - first) / len(x)  # they are divided by the number of these points
            result[first:last] += share * (values @ vectors[first:])
            result[last:] += share * (values[:, height:].T @ vectors[first:last])
        return result

    return LinearOperator(
        (len(x), len(x)),
        matvec=lambda vector: product(vector.reshape(-1, 1))[:, 0],
        matmat=product,
        dtype=float,
    )


def predict(chain, kernel, x_new, x, *, memory=_MEMORY):
    """Return the fit of every round at many new points, a block of them at a time.

    The same as ``chain.predict(cross_matrix(kernel, x_new, x))``, without a cross matrix of all
    points: a million new points need no more than a thousand do, beside the predictions.

    Parameters
    ----------
    chain : Chain
        Made from the Gram matrix of ``kernel`` and ``x``.
    kernel : callable
    x_new : array_like, shape (m,) or (m, p)
        New points.
    x : array_like, shape (K,) or (K, p)
        The training points.
    memory : int
        Bytes that a block may take; a kernel of your own may take more for itself.

    Returns
    -------
    ndarray, shape (T, m) or (T, m, Q)

    Raises
    ------
    TypeError, ValueError
        If an argument is not of that kind or its shape does not fit, or as ``chain.predict``.
    """
    _checks.offers("chain", chain, ("coefficients",), "a Chain")
    x_new, x = (_checks.real_array(n, v, ndim=(1, 2)) for n, v in (("x_new", x_new), ("x", x)))
    coefficients = chain.coefficients  # (T, K) or (T, K, Q)
    height = _height(memory, len(x))
    values = np.empty((len(coefficients), len(x_new), *coefficients.shape[2:]))
    for first in range(0, len(x_new), height):
        block = slice(first, first + height)
        cross = _checks.cross(cross_matrix(kernel, x_new[block], x), coefficients.shape[1])
        with np.errstate(over="ignore", invalid="ignore"):  # refused below
            values[:, block] = (
                coefficients @ cross.T if coefficients.ndim == 2 else cross @ coefficients
            )
    return _checks.predictions(values)


def _height(memory, size):
    """Return how many rows of length ``size`` a block may have."""
    memory = _checks.whole_number("memory", memory, minimum=1)
    return max(1, memory // (8 * _ARRAYS * max(1, size)))
