"""Small data sets on which the theory can be seen: above all the paper's cubic-spline example."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sdtutorial.kernels import CubicSpline, gram_matrix

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
    0.5 and allows a mean squared residual of 0.04. The values are those that K. H. B. Borup and
    L. N. Andersen (Even your teacher needs guidance, NeurIPS 2021) give as the paper's own.

    Parameters
    ----------
    endpoints : bool
        Whether to keep x = 0 and x = 1. The kernel is zero there, so the Gram matrix is singular
        and no fit comes closer to these labels than 0.041861, which is above the tolerance
        (Spline example, ``prp-endpoint-floor``). By default the nine interior points are returned.

    Returns
    -------
    Example
    """
    x = np.arange(11) / 10
    y = np.array(_SPLINE_LABELS)
    if not endpoints:
        x, y = x[1:-1], y[1:-1]
    kernel = CubicSpline()
    return Example(x, y, _sine, 0.04, 0.5, kernel, gram_matrix(kernel, x))
