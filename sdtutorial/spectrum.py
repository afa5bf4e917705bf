"""A Gram matrix seen from its eigenbasis: eigenpairs, and the labels in them."""

import numpy as np

from sdtutorial import _checks, diagnosis
from sdtutorial.accuracy import alarm, solver_errors
from sdtutorial.secular import Problem, over_eigenvalues

_LIGHT = 1e-8  # a weight against the mean: divided by its root, values lose half their digits


class Eigenpairs:
    """What a whole spectrum of a Gram matrix and a part of it have in common.

    Both have the attributes of :class:`Spectrum` that are named here, a method `cause_of_floor`,
    and `gram_rows(vectors, rows)`: what G makes of vectors (K, p) at some points.
    """

    def problem(self, tolerance):
        """Return the constrained problems of all columns."""
        return Problem(
            self.eigenvalues,
            self.coordinates,
            tolerance,
            self.weighted_y,
            self.cause_of_floor,
        )

    def sample_basis(self):
        """Return the values at the points of what has the coordinates 1 in each direction, (K, K).

        These are W^(-1/2) times the eigenvectors. Where a point has no weight, or too little for
        that division, they are those of the functions with these values elsewhere.
        """
        if self.weights is None:
            return self.eigenvectors
        light = self.weights < _LIGHT
        with np.errstate(divide="ignore", invalid="ignore"):
            basis = self.eigenvectors / np.sqrt(self.weights)[:, None]
        if light.any():
            values = self.gram_rows(self.dual_basis(), light)
            basis[light] = over_eigenvalues(values, self.eigenvalues)
        return basis

    def dual_basis(self):
        """Return W^(1/2) times the eigenvectors, (K, K): what rows of a cross matrix meet."""
        if self.weights is None:
            return self.eigenvectors
        return np.sqrt(self.weights)[:, None] * self.eigenvectors


class Spectrum(Eigenpairs):
    """Eigenpairs of a Gram matrix, and labels in its eigenbasis.

    Attributes
    ----------
    eigenvalues : ndarray, shape (K,)
        Ascending; those that count as zero are zero.
    eigenvectors : ndarray, shape (K, K)
    eigenvalue_errors : ndarray, shape (K,)
        How wrong rounding may have made each eigenvalue.
    alarm : float
        The relative error that is worth a warning, with a G of this type.
    gram : ndarray, shape (K, K)
        G as it was given.
    y : ndarray, shape (K,) or (K, Q)
        The labels.
    weights : ndarray, shape (K,), or None
        Weights of the points, of mean 1. With W = diag(weights) the eigenpairs are those of
        W^(1/2) G W^(1/2).
    weighted_y : ndarray, shape (K,) or (K, Q)
        W^(1/2) y.
    coordinates : ndarray, shape (K,) or (K, Q)
        z = V W^(1/2) y.
    """

    def __init__(self, gram, y, weights=None):
        self.gram = gram = _checks.square_matrix("gram", gram)
        self.y = _checks.coordinates(y, len(gram), name="y")
        _checks.within_range("y", self.y)
        self.weights = _checks.weights(weights, len(gram))
        symmetric = _symmetric_copy(gram)
        self.weighted_y = self.y
        if self.weights is not None:
            root = np.sqrt(self.weights)
            symmetric *= root[:, None] * root
            self.weighted_y = root.reshape((-1,) + (1,) * (self.y.ndim - 1)) * self.y
        # NumPy's, although SciPy's would save a copy: both are divide and conquer, and SciPy takes
        # longer to load than most chains to run.
        self.eigenvalues, self.eigenvectors = np.linalg.eigh(symmetric)
        smallest, largest = self.eigenvalues[[0, -1]]
        _checks.semidefinite("gram", smallest, largest, len(gram), gram.dtype)
        zero = self.eigenvalues <= _checks.zero_threshold(largest, len(gram), gram.dtype)
        self.eigenvalue_errors = solver_errors(self.eigenvalues, zero, gram.dtype)
        self.eigenvalues[zero] = 0.0
        self.alarm = alarm(gram.dtype)
        self.coordinates = self.eigenvectors.T @ self.weighted_y

    def gram_rows(self, vectors, rows):
        return np.asarray(self.gram, dtype=float)[rows] @ vectors

    def cause_of_floor(self, column, tolerance):
        """Return sentences that say why ``tolerance`` is infeasible in a column, and what helps."""
        y = self.y.reshape(len(self.y), -1)[:, column]
        return diagnosis.cause_of_floor(
            self.gram, y, self.eigenvalues, self.eigenvectors, tolerance, self.weights
        )


def _symmetric_copy(gram):
    """Return a square matrix as a new, symmetric float64 array, laid out as LAPACK wants it."""
    with np.errstate(over="ignore", invalid="ignore"):  # what leaves the range is refused below
        copy = np.array(gram, dtype=np.float64, order="F")
        half_difference = (copy.T - copy) / 2
    largest = np.abs(copy).max()
    if not largest < np.inf:  # NaN is not less either
        raise ValueError("gram must be finite, but it holds NaN or infinity")
    _checks.symmetric("gram", 2 * np.abs(half_difference).max(), largest, gram.dtype)
    _checks.within_range("gram", largest)
    copy += half_difference
    return copy
