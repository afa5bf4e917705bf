"""A Gram matrix seen from its eigenbasis: eigenpairs, and the labels in them."""

import numpy as np
import scipy.linalg

from sdtutorial import _checks


class Spectrum:
    """Eigenpairs of a Gram matrix, and labels in its eigenbasis.

    Attributes
    ----------
    eigenvalues : ndarray, shape (K,)
        Ascending; those that count as zero are zero.
    eigenvectors : ndarray, shape (K, K)
    y, coordinates : ndarray, shape (K,) or (K, Q)
        The labels, and z = V y.
    """

    def __init__(self, gram, y):
        gram = _checks.square_matrix("gram", gram)
        self.y = _checks.coordinates(y, len(gram), name="y")
        _checks.within_range("y", self.y)
        # Divide and conquer is as accurate as SciPy's default driver, and faster.
        self.eigenvalues, self.eigenvectors = scipy.linalg.eigh(
            _symmetric_copy(gram), driver="evd", overwrite_a=True, check_finite=False
        )
        smallest, largest = self.eigenvalues[[0, -1]]
        threshold = _checks.zero_threshold(largest, len(gram), gram.dtype)
        if smallest < -threshold:
            raise ValueError(
                "gram must be positive semidefinite, but its smallest eigenvalue is "
                f"{smallest:.6g} (its largest is {largest:.6g})"
            )
        self.eigenvalues[self.eigenvalues <= threshold] = 0.0
        self.coordinates = self.eigenvectors.T @ self.y


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
