"""Small data sets on which the theory can be seen: above all the paper's cubic-spline example."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sdtutorial import _checks
from sdtutorial.kernels import CubicSpline, gram_matrix
from sdtutorial.risk import RiskStudy, integrated_squared_error, risk_study

__all__ = [
    "Example",
    "RiskStudy",
    "diabetes",
    "integrated_squared_error",
    "risk_study",
    "spline",
    "spline_eigenvalues",
]

# sin(2 pi x) plus noise of standard deviation 0.5 at x = 0, 0.1, ..., 1, as published by Borup and
# Andersen (2021), who state that they are the values of Mobahi, Farajtabar and Bartlett.
_SPLINE_LABELS = (
    0.38476636465198066, 1.2333967683416893, 1.33232242218057, 0.6920159488889518,
    -0.29756145531871736, -0.24189291901377769, -0.7964485769175675, -0.9616480167034174,
    -0.49672509509916934, -0.3469066003991437, 0.5589512650600734,
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Example:
    """A data set with all that a chain needs.

    Attributes
    ----------
    x, y : ndarray, shape (K,)
        Points and noisy labels.
    target : callable
        The function without noise, on arrays of points.
    tolerance : float
        The mean squared residual that the paper allows.
    noise_level : float
        Standard deviation of the noise in the labels.
    kernel : callable
    gram : ndarray, shape (K, K)
        ``gram_matrix(kernel, x)``.
    """

    x: np.ndarray
    y: np.ndarray
    target: Callable
    tolerance: float
    noise_level: float
    kernel: Callable
    gram: np.ndarray


def _sine(x):
    """sin(2 pi x), the truth of the paper's Section 4."""
    return np.sin(2 * np.pi * np.asarray(x))


def spline(*, endpoints=False):
    """Return the paper's example: a cubic spline through noisy values of sin(2 pi x).

    Section 4 of the paper samples sin(2 pi x) at 0, 0.1, ..., 1, adds noise of standard deviation
    0.5 and allows a mean squared residual of 0.04. The values are those that K. Borup and
    L. N. Andersen give as the paper's own, in the code for "Even your teacher needs guidance"
    (NeurIPS 2021).

    Parameters
    ----------
    endpoints : bool
        Whether to keep x = 0 and x = 1. The kernel is zero there, so the Gram matrix is singular
        and no fit comes closer to these labels than 0.041861, which is above the tolerance
        (Spline example, ``prp-endpoint-floor``). By default the nine interior points are returned.

    Returns
    -------
    Example

    Raises
    ------
    TypeError
        If ``endpoints`` is neither True nor False.
    """
    _checks.flag("endpoints", endpoints)
    x = np.arange(11) / 10
    y = np.array(_SPLINE_LABELS)
    if not endpoints:
        x, y = x[1:-1], y[1:-1]
    kernel = CubicSpline()
    return Example(x, y, _sine, 0.04, 0.5, kernel, gram_matrix(kernel, x))


def spline_eigenvalues(size):
    """Return the eigenvalues of G for the cubic spline on ``size`` equally spaced interior points.

    With n = size + 1 and points j/n, the eigenvectors of G are the sampled sines
    sin(m pi j / n), m = 1 ... size, and their eigenvalues are

        d_m = (csc^4 u - (2/3) csc^2 u) / (16 n^3 size), u = m pi / (2 n)

    (Spline example, ``prp-sine-eigenvectors``). The largest belongs to m = 1.

    Parameters
    ----------
    size : int
        K, the number of points, at least 1.

    Returns
    -------
    ndarray, shape (K,)
        Ascending: entry k belongs to m = K - k.

    Raises
    ------
    TypeError, ValueError
        If ``size`` is not a whole number of at least 1.
    """
    size = _checks.whole_number("size", size, minimum=1)
    n = size + 1
    u = np.arange(size, 0, -1) * np.pi / (2 * n)
    squared_cosecant = 1 / np.sin(u) ** 2
    return squared_cosecant * (squared_cosecant - 2 / 3) / (16 * n**3 * size)


def diabetes():
    """Return 442 patients: ten measurements of each, and how far diabetes advanced in a year.

    The data of Efron, Hastie, Johnstone and Tibshirani (2004, "Least angle regression"), as they
    come with scikit-learn. Every column and the labels have mean 0 and standard deviation 1.

    Returns
    -------
    x : ndarray, shape (442, 10)
    y : ndarray, shape (442,)

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    """
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    return (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()
