"""Kernels: the Green's functions that turn a regulariser into a finite problem.

The paper writes its regulariser R(f) as a double integral of f against a kernel u. The Green's
function g of the operator that u defines is the kernel in which every solution is written
(its Proposition 1). A kernel here is a callable: ``kernel(x, t)`` gives the matrix of g(x_j, t_k).
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from sdtutorial import _checks, diagnosis

_ROUNDING = 8 * np.finfo(float).eps  # how far outside [0, 1] a scaled point may lie


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


def _in_unit_interval(name, points):
    """Return points in [0, 1]; those outside by rounding alone are moved to the end."""
    inside = np.clip(points, 0.0, 1.0)
    outside = np.abs(points - inside)
    if outside.max(initial=0.0) > _ROUNDING:
        worst = float(points.flat[np.argmax(outside)])
        raise ValueError(f"{name} must lie in [0, 1], but one point is {worst!r}")
    return inside


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
    It raises ValueError for points outside [0, 1] or with more than one coordinate. Points that
    rounding has put beside an end, as scaling to [0, 1] does, are taken for the end.
    """

    def __call__(self, x, t):
        x, t = _point_pair(x, t)
        if x.shape[1] != 1:
            raise ValueError(
                f"CubicSpline takes points on the line, not with {x.shape[1]} coordinates"
            )
        x, t = _in_unit_interval("x", x), _in_unit_interval("t", t)
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
        x, t = _point_pair(x, t)
        # In units of about the length scale no square overflows that matters. Powers of two cost no
        # digit, and where points are too many of these units apart, the unit has to be larger.
        largest = max(np.abs(points).max(initial=0.0) for points in (x, t))
        power = max(_power(self.length_scale), _power(largest) - 1000)
        # cdist sums squared differences: |x|^2 + |t|^2 - 2 x.t would cancel for close points
        distance = cdist(np.ldexp(x, -power), np.ldexp(t, -power))
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # exp(-inf) is meant
            ratio = distance / np.ldexp(float(self.length_scale), -power)
            return np.exp(-(np.where(distance > 0, ratio, 0.0) ** 2) / 2)


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
        unit_x, length_x, power_x = _direction_and_length(x)
        unit_t, length_t, power_t = _direction_and_length(t)
        with np.errstate(over="ignore"):
            powers = np.add.outer(power_x, power_t)
            lengths = np.ldexp(np.multiply.outer(length_x, length_t), powers)
        if not lengths.max(initial=0.0) <= _checks.LARGEST:
            raise ValueError(
                "x and t must be small enough for products of their norms to stay below "
                f"{_checks.LARGEST:g}"
            )
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


def _power(number):
    """Return the least power of two above a number, or above each number of an array."""
    return np.frexp(number)[1]


def _direction_and_length(points):
    """Return unit vectors (n, p), and lengths (n,) as numbers times powers of two: (n,) and (n,).

    A length may then lie beyond the range of floats, as may products of two.
    """
    power = _power(np.abs(points).max(axis=1))
    scaled = np.ldexp(points, -power[:, None])
    length = np.linalg.norm(scaled, axis=1)
    return scaled / np.where(length > 0, length, 1)[:, None], length, power


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
        Symmetric to the last bit. In single precision where the kernel returns that, so that
        :func:`sdtutorial.distill` knows what is rounding in it.

    Raises
    ------
    TypeError, ValueError
        If the kernel is not such a function, if the points are not finite real numbers, or if the
        kernel does not return a symmetric (K, K) matrix of finite real numbers.

    Warns
    -----
    InputWarning
        If the matrix is a multiple of the identity: to such a kernel no two points are related.
    """
    x = _training_points(kernel, x)
    size = len(x)
    given = kernel(x, x)
    values = _checks.real_array("kernel(x, x)", given, ndim=2)
    if values.shape != (size, size):
        raise ValueError(f"kernel(x, x) must have shape {(size, size)}, not {values.shape}")
    precision = np.asarray(given).dtype
    with np.errstate(over="ignore"):  # an infinite asymmetry is refused like any other
        asymmetry = np.abs(values - values.T).max()
    _checks.symmetric("kernel(x, x)", asymmetry, np.abs(values).max(), precision)
    # halves of the smallest floats would be rounded
    mean = np.where(values == values.T, values, values / 2 + values.T / 2)
    single = precision == np.float32
    gram = (mean / size).astype(np.float32 if single else np.float64, copy=False)
    diagnosis.warn_of_unrelated_points(gram)
    return gram


def cross_matrix(kernel, x_new, x):
    """Return the matrix of kernel(x_new_j, x_k) / K, whose rows are the g_x of equation (10).

    This is what ``Chain.predict`` and ``Fit.predict`` want: new points first, one row each, and
    divided by the number of training points, as the Gram matrix is.

    Parameters
    ----------
    kernel : callable
        The kernel of the Gram matrix.
    x_new : array_like, shape (m,) or (m, p)
        New points.
    x : array_like, shape (K,) or (K, p)
        The training points.

    Returns
    -------
    ndarray, shape (m, K)

    Raises
    ------
    TypeError, ValueError
        If the kernel is not such a function, if the points are not finite real numbers, or if the
        kernel does not return an (m, K) matrix of finite real numbers.
    """
    x = _training_points(kernel, x)
    x_new = _checks.real_array("x_new", x_new, ndim=(1, 2))
    values = _checks.real_array("kernel(x_new, x)", kernel(x_new, x), ndim=2)
    if values.shape != (len(x_new), len(x)):
        raise ValueError(
            f"kernel(x_new, x) must have shape {(len(x_new), len(x))}, not {values.shape}"
        )
    return values / len(x)


def _training_points(kernel, x):
    """Return x as (K,) or (K, p) with K at least 1, after a look at the kernel."""
    if not callable(kernel) or isinstance(kernel, type):
        raise TypeError(
            "kernel must be a function kernel(x, t) that returns a matrix, such as CubicSpline() "
            f"or RBF(0.1), not {kernel!r}"
        )
    x = _checks.real_array("x", x, ndim=(1, 2))
    if len(x) == 0:
        raise ValueError("x must hold at least one point")
    return x
