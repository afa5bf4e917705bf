"""Kernels: the Green's functions that turn a regulariser into a finite problem.

The paper writes its regulariser R(f) as a double integral of f against a kernel u. The Green's
function g of the operator that u defines is the kernel in which every solution is written
(its Proposition 1). A kernel here is a callable: ``kernel(x, t)`` gives the matrix of g(x_j, t_k).
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from sdtutorial import _checks


def _points(name, value):
    """Return points as (n, p); a vector of n numbers is n points on the line."""
    array = _checks.real_array(name, value, ndim=(1, 2))
    if array.ndim == 2 and array.shape[1] == 0:
        raise ValueError(f"{name} must have points with at least one coordinate, not {array.shape}")
    return array[:, None] if array.ndim == 1 else array


def _point_pair(x, t):
    x, t = _points("x", x), _points("t", t)
    if x.shape[1] != t.shape[1]:
        raise ValueError(f"x has points with {x.shape[1]} coordinates, t with {t.shape[1]}")
    return x, t


@dataclass(frozen=True)
class CubicSpline:
    """The Green's function of R(f) = integral over [0, 1] of f''(x)^2.

    The functions are pinned: f(0) = f(1) = 0, and f'' vanishes at both ends. The solution of
    g'''' = delta_t under these conditions is, for x <= t,

        g(x, t) = x (1 - t) (2 t - t^2 - x^2) / 6,

    and symmetric in x and t. This is the kernel of the paper's Section 4, which writes it as
    max((x - t)^3, 0)/6 - x (1 - t) (x^2 - 2 t + t^2)/6. It is positive definite on (0, 1) and zero
    where x or t is an end point.

    ``kernel(x, t)`` takes points (n,) or (n, 1) and (m,) or (m, 1) in [0, 1] and returns (n, m).
    It raises ValueError for points outside [0, 1] or with more than one coordinate.
    """

    def __call__(self, x, t):
        x, t = _point_pair(x, t)
        if x.shape[1] != 1:
            raise ValueError(
                f"CubicSpline takes points on the line, not with {x.shape[1]} coordinates"
            )
        for name, points in (("x", x), ("t", t)):
            if points.size and (points.min() < 0 or points.max() > 1):
                raise ValueError(f"{name} must lie in [0, 1]")
        low, high = np.minimum(x, t.T), np.maximum(x, t.T)
        # 2 h - h^2 - l^2 written as a sum of terms that are never negative: nothing cancels
        bracket = 2 * high * (1 - high) + (high - low) * (high + low)
        return low * (1 - high) * bracket / 6


@dataclass(frozen=True)
class RBF:
    """The Gaussian kernel ``exp(-|x - t|^2 / (2 length_scale^2))``.

    ``kernel(x, t)`` takes points (n,) or (n, p) and (m,) or (m, p) and returns (n, m).

    Parameters
    ----------
    length_scale : float
        The distance, in the units of the points, at which the kernel falls to exp(-1/2).

    Raises
    ------
    TypeError, ValueError
        If the length scale is not a positive number, or the points do not fit together.
    """

    length_scale: float

    def __post_init__(self):
        _checks.positive_number("length_scale", self.length_scale)

    def __call__(self, x, t):
        # cdist sums squared differences: |x|^2 + |t|^2 - 2 x.t would cancel for close points
        return np.exp(-((cdist(*_point_pair(x, t)) / self.length_scale) ** 2) / 2)


@dataclass(frozen=True)
class NTK:
    """The neural tangent kernel of a ReLU network of infinite width, without biases.

    With ``depth`` hidden layers, weights drawn from N(0, 1), activations scaled by
    sqrt(2 / width) and inputs by 1 / sqrt(p) (the parametrisation of Jacot, Gabriel and Hongler
    2018, with the factor 2 that keeps the variance of ReLU layers), let S_0 = x.t / p and, for
    each hidden layer, with u the cosine of the angle between the two images::

        S_l = |x| |t| / p * (sqrt(1 - u^2) + u (pi - arccos u)) / pi,
        S'_l = (pi - arccos u) / pi,
        N_0 = S_0,  N_l = S_l + N_{l-1} S'_l

    (the arc-cosine kernels of Cho and Saul 2009). The kernel is N_depth: the Gram matrix of the
    gradients of the output with respect to all weights, at initialisation.

    ``kernel(x, t)`` takes points (n,) or (n, p) and (m,) or (m, p) and returns (n, m). It is
    homogeneous: a point scaled by s >= 0 scales its row by s.

    Parameters
    ----------
    depth : int
        The number of hidden layers, at least 1.

    Raises
    ------
    TypeError, ValueError
        If the depth is not a whole number of at least 1, or the points do not fit together.
    """

    depth: int

    def __post_init__(self):
        _checks.whole_number("depth", self.depth, minimum=1)

    def __call__(self, x, t):
        x, t = _point_pair(x, t)
        with np.errstate(over="ignore"):
            length_x, length_t = (np.linalg.norm(points, axis=1) for points in (x, t))
            lengths = np.multiply.outer(length_x, length_t)
        if not lengths.max(initial=0.0) <= _checks.LARGEST:
            raise ValueError(
                "x and t must be small enough for products of their norms to stay below "
                f"{_checks.LARGEST:g}"
            )
        unit_x = x / np.where(length_x > 0, length_x, 1)[:, None]
        unit_t = t / np.where(length_t > 0, length_t, 1)[:, None]
        # The angle between points, not arccos of their cosine: that loses half of the digits where
        # points are nearly parallel, and on the diagonal they always are.
        angle = 2 * np.arctan2(cdist(unit_x, unit_t), cdist(unit_x, -unit_t))
        tangent = np.cos(angle)
        for _ in range(self.depth):
            slope = (np.pi - angle) / np.pi
            sine, cosine = np.sin(angle), np.cos(angle)
            # 1 - u, the next cosine: 1 - cos(angle) is 2 sin(angle / 2)^2
            gap = 2 * np.sin(angle / 2) ** 2 - (sine - angle * cosine) / np.pi
            tangent = 1 - gap + tangent * slope
            angle = 2 * np.arcsin(np.sqrt(np.maximum(gap, 0) / 2))
        return lengths / x.shape[1] * tangent


def gram_matrix(kernel, x):
    """Return G with G[j, k] = kernel(x_j, x_k) / K, the matrix of the paper's equation (10).

    Parameters
    ----------
    kernel : callable
        ``kernel(x, t)`` returns the (n, m) matrix of a symmetric kernel, for instance
        ``CubicSpline()``.
    x : array_like, shape (K,) or (K, p)
        The points, at least one.

    Returns
    -------
    ndarray, shape (K, K)
        Symmetric to the last bit.

    Raises
    ------
    TypeError, ValueError
        If the kernel is not such a function, if the points are not finite real numbers, or if the
        kernel does not return a symmetric (K, K) matrix of finite real numbers.
    """
    if not callable(kernel) or isinstance(kernel, type):
        raise TypeError(
            "kernel must be a function kernel(x, t) that returns a matrix, such as CubicSpline() "
            f"or RBF(0.1), not {kernel!r}"
        )
    x = _checks.real_array("x", x, ndim=(1, 2))
    size = len(x)
    if size == 0:
        raise ValueError("x must hold at least one point")
    given = kernel(x, x)
    values = _checks.real_array("kernel(x, x)", given, ndim=2)
    if values.shape != (size, size):
        raise ValueError(f"kernel(x, x) must have shape {(size, size)}, not {values.shape}")
    with np.errstate(over="ignore"):  # an infinite asymmetry is refused like any other
        asymmetry = np.abs(values - values.T).max()
    _checks.symmetric("kernel(x, x)", asymmetry, np.abs(values).max(), np.asarray(given).dtype)
    return (values / 2 + values.T / 2) / size
