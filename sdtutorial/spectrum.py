"""A Gram matrix seen from its eigenbasis: eigenpairs, and the labels in them."""

import numpy as np

from sdtutorial import _checks, diagnosis
from sdtutorial.accuracy import alarm, solver_errors

_SINGLE = (
    ": that is rounding if the kernel was computed in single precision, and "
    "gram.astype(np.float32) says so"
)


class Spectrum:
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
    y, coordinates : ndarray, shape (K,) or (K, Q)
        The labels, and z = V y.
    """

    def __init__(self, gram, y):
        self.gram = gram = _checks.square_matrix("gram", gram)
        self.y = _checks.coordinates(y, len(gram), name="y")
        _checks.within_range("y", self.y)
        # NumPy's, although SciPy's would save a copy: both are divide and conquer, and SciPy takes
        # longer to load than most chains to run.
        self.eigenvalues, eigenvectors = np.linalg.eigh(_symmetric_copy(gram))
        self.eigenvectors = np.asfortranarray(eigenvectors)
        smallest, largest = self.eigenvalues[[0, -1]]
        threshold = _checks.zero_threshold(largest, len(gram), gram.dtype)
        if smallest < -threshold:
            single = _checks.zero_threshold(largest, len(gram), np.float32)
            raise ValueError(
                "gram must be positive semidefinite, but its smallest eigenvalue is "
                f"{smallest:.6g} (its largest is {largest:.6g})"
                + (_SINGLE if smallest >= -single else "")
            )
        zero = self.eigenvalues <= threshold
        self.eigenvalue_errors = solver_errors(self.eigenvalues, zero, gram.dtype)
        self.eigenvalues[zero] = 0.0
        self.alarm = alarm(gram.dtype)
        self.coordinates = self.eigenvectors.T @ self.y

    def cause_of_floor(self, column, tolerance):
        """Return sentences that say why ``tolerance`` is infeasible in a column, and what helps."""
        y = self.y.reshape(len(self.y), -1)[:, column]
        return diagnosis.cause_of_floor(
            self.gram, y, self.eigenvalues, self.eigenvectors, tolerance
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
