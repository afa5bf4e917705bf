"""Kernels: the Green's functions that turn a regulariser into a finite problem.

The paper writes its regulariser R(f) as a double integral of f against a kernel u. The Green's
function g of the operator that u defines is the kernel in which every solution is written
(its Proposition 1). A kernel here is a callable: ``kernel(x, t)`` gives the matrix of g(x_j, t_k).
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from sdtutorial import _checks

_BLOCK = 2**16  # entries of a kernel matrix that are worked on at a time: they stay in the cache
_MANY = 64  # coordinates from which a matrix product is worth more than sums of differences


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


def _by_rows(entries, rows, columns):
    """Return the (rows, columns) matrix with entries(slice of rows), computed a block at a time.

    A formula of many steps then needs room for the matrix and a few blocks, not for a matrix a
    step.
    """
    matrix = np.empty((rows, columns))
    height = max(1, _BLOCK // max(1, columns))
    for first in range(0, rows, height):
        block = slice(first, min(first + height, rows))
        matrix[block] = entries(block)
    return matrix


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
        return _by_rows(lambda rows: self._entries(x[rows], t.T), len(x), len(t))

    @staticmethod
    def _entries(x, t):
        low, high = np.minimum(x, t), np.maximum(x, t)
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
        x, t = _point_pair(x, t)
        return _by_rows(lambda rows: self._values(cdist(x[rows], t)), len(x), len(t))

    def _values(self, distances):
        return np.exp(-((distances / self.length_scale) ** 2) / 2)


@dataclass(frozen=True)
class Matern:
    """The Matern kernel: as smooth as is asked for, for points of any dimension.

    With z = sqrt(2 nu) |x - t| / length_scale and the modified Bessel function K_nu::

        g(x, t) = 2^(1 - nu) / Gamma(nu) z^nu K_nu(z)

    (Rasmussen and Williams 2006, equation (4.14)). For nu = 1/2 it is exp(-|x - t| /
    length_scale); as nu grows it tends to ``RBF(length_scale)``. Its functions have fewer than
    nu + p/2 derivatives in p dimensions. The eigenvalues of its Gram matrix fall off slowly, so a
    rough kernel reaches label vectors of which a smooth one leaves most of the noise out of reach.

    ``kernel(x, t)`` takes points (n,) or (n, p) and (m,) or (m, p) and returns (n, m).

    Parameters
    ----------
    length_scale : float
        The distance, in the units of the points, over which the kernel falls off.
    nu : float
        The smoothness, above 0 and at most 50; 1/2, 3/2 and 5/2 are usual.

    Raises
    ------
    TypeError, ValueError
        If the length scale or nu is not such a number, or the points do not fit together.
    """

    length_scale: float
    nu: float

    def __post_init__(self):
        _checks.positive_number("length_scale", self.length_scale)
        if _checks.positive_number("nu", self.nu) > 50:
            raise ValueError(
                f"nu must be at most 50, not {self.nu}: RBF(length_scale) is the limit for large nu"
            )

    def __call__(self, x, t):
        x, t = _point_pair(x, t)
        return _by_rows(lambda rows: self._values(cdist(x[rows], t)), len(x), len(t))

    def _values(self, distances):
        from scipy import special  # here: importing the package should not wait for it

        # Beyond 2000 the kernel is zero in double precision, and K_nu is lost still farther out.
        z = np.minimum(np.sqrt(2 * self.nu) * (distances / self.length_scale), 2000)
        if self.nu == 0.5:
            return np.exp(-z)
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = special.kve(self.nu, z)  # exp(z) K_nu(z): K_nu alone underflows
            factor = (1 - self.nu) * np.log(2) - special.gammaln(self.nu)
            values = np.exp(factor + self.nu * np.log(z) - z) * scaled
        # Where K_nu overflows, z is so small that two terms of the series are exact.
        near = ~np.isfinite(scaled)
        values[near] = 1 - (z[near] ** 2 / (4 * (self.nu - 1)) if self.nu > 2 else 0)
        return np.minimum(values, 1.0)


@dataclass(frozen=True)
class NTK:
    """The neural tangent kernel of a ReLU network of infinite width.

    With ``depth`` hidden layers, weights and biases drawn from N(0, 1), biases scaled by
    b = ``bias``, activations by sqrt(2 / width) and inputs by 1 / sqrt(p) (the parametrisation of
    Jacot, Gabriel and Hongler 2018, with the factor 2 that keeps the variance of ReLU layers), let
    S_0 = x.t / p + b^2 and, for each hidden layer, with u = S_{l-1}(x, t) / q the cosine of the
    angle between the two images and q = sqrt(S_{l-1}(x, x) S_{l-1}(t, t)) the product of their
    lengths::

        S_l = q (sqrt(1 - u^2) + u (pi - arccos u)) / pi + b^2,
        S'_l = (pi - arccos u) / pi,
        N_0 = S_0,  N_l = S_l + N_{l-1} S'_l

    (the arc-cosine kernels of Cho and Saul 2009; Wide networks as kernels, ``thm-tangent-limit``).
    The kernel is N_depth: the Gram matrix of the gradients of the output with respect to all
    weights and biases, at initialisation.

    ``kernel(x, t)`` takes points (n,) or (n, p) and (m,) or (m, p) and returns (n, m). Without
    biases it is homogeneous: a point scaled by s >= 0 scales its row by s. On the line it then has
    rank two (``prp-tangent-line``), so a network for points on the line needs biases.

    Parameters
    ----------
    depth : int
        The number of hidden layers, at least 1.
    bias : float
        The factor b of the biases, in the units of the inputs; 0 is a network without biases.

    Raises
    ------
    TypeError, ValueError
        If the depth is not a whole number of at least 1, the bias not a finite number of at least
        0, or the points do not fit together.
    """

    depth: int
    bias: float = 0.0

    def __post_init__(self):
        _checks.whole_number("depth", self.depth, minimum=1)
        if not 0 <= _checks.real_number("bias", self.bias) < np.inf:
            raise ValueError(f"bias must be finite and at least 0, not {self.bias}")

    def __call__(self, x, t):
        x, t = _point_pair(x, t)
        coordinates = x.shape[1]
        if self.bias:  # S_0 with biases is S_0 without, of points with one more coordinate
            b = self.bias * np.sqrt(coordinates)
            x, t = (np.column_stack([points, np.full(len(points), b)]) for points in (x, t))
        with np.errstate(over="ignore"):
            length_x, length_t = (np.linalg.norm(points, axis=1) for points in (x, t))
            longest = length_x.max(initial=0.0) * length_t.max(initial=0.0)
        if not longest <= _checks.LARGEST:
            raise ValueError(
                "x and t must be small enough for products of their norms to stay below "
                f"{_checks.LARGEST:g}"
            )
        unit_x = x / np.where(length_x > 0, length_x, 1)[:, None]
        unit_t = t / np.where(length_t > 0, length_t, 1)[:, None]

        def entries(rows):
            angle = _angles(unit_x[rows], unit_t)
            return self._entries(angle, length_x[rows, None], length_t, coordinates)

        return _by_rows(entries, len(x), len(t))

    def _entries(self, angle, length_x, length_t, coordinates):
        """N_depth of inputs at these angles, of lengths that still lack the factor 1/sqrt(p)."""
        b = self.bias * np.sqrt(coordinates)
        lengths = length_x * length_t
        tangent = np.cos(angle)  # N_l / q
        for _ in range(self.depth):
            slope = (np.pi - angle) / np.pi
            sine, cosine = np.sin(angle), np.cos(angle)
            # 1 - u, the next cosine: 1 - cos(angle) is 2 sin(angle / 2)^2
            gap = 2 * np.sin(angle / 2) ** 2 - (sine - angle * cosine) / np.pi
            tangent = 1 - gap + tangent * slope
            if b:
                difference = b * (length_x - length_t)
                length_x, length_t = np.hypot(length_x, b), np.hypot(length_t, b)
                longer = length_x * length_t
                # longer - lengths - b^2, without cancellation
                growth = difference**2 / (longer + lengths + b**2)
                gap = (growth + lengths * gap) / longer
                tangent = (lengths * tangent + b**2) / longer
                lengths = longer
            angle = 2 * np.arcsin(np.sqrt(np.maximum(gap, 0) / 2))
        return lengths / coordinates * tangent


def _angles(x, t):
    """Angles between unit vectors (n, p) and (m, p), exact where they are nearly parallel too.

    Not the arccos of their cosine: that loses half of the digits there, and on the diagonal of a
    Gram matrix they always are. For many coordinates the cosine is a matrix product and ten times
    faster: then only vectors within 26 degrees of parallel are looked at again.
    """
    if x.shape[1] < _MANY:
        return 2 * np.arctan2(cdist(x, t), cdist(x, -t))
    cosine = x @ t.T
    angle = np.arccos(np.clip(cosine, -1, 1))
    near = np.abs(cosine) > 0.9
    for row in np.flatnonzero(near.any(axis=1)):
        others = t[near[row]]
        sides = cdist(x[row, None], others), cdist(x[row, None], -others)
        angle[row, near[row]] = 2 * np.arctan2(*sides)
    return angle


def gram_matrix(kernel, x):
    """Return G with G[j, k] = kernel(x_j, x_k) / K, the matrix of the paper's equation (10).

    Parameters
    ----------
    kernel : callable
        ``kernel(x, t)`` returns the (n, m) matrix of a symmetric kernel, for instance
        ``CubicSpline()`` or a kernel of scikit-learn. It is given the points as (K, p), those on
        the line as a column (K, 1). More axes, of length one, are dropped, so a formula for
        vectors of points, such as ``np.minimum.outer``, will do as well.
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
    points = x[:, None] if x.ndim == 1 else x
    given = kernel(points, points)
    values = _checks.real_array("kernel(x, x)", given)
    if values.ndim > 2 and [n for n in values.shape if n > 1] == [size, size]:
        values = values.reshape(size, size)
    if values.shape != (size, size):
        raise ValueError(
            f"kernel(x, x) must have shape {(size, size)}, not {values.shape}; x is given to it "
            f"as {points.shape}"
        )
    dtype = np.asarray(given).dtype
    if dtype == values.dtype:
        values = values.copy()  # the kernel may have kept what it returned
    del given
    _symmetrise(values, dtype)
    values /= size
    return values


def _symmetrise(values, dtype):
    """Replace a matrix by the mean of it and its transpose, if they differ by rounding only."""
    tiles = [slice(first, first + 256) for first in range(0, len(values), 256)]
    pairs = [(rows, columns) for i, rows in enumerate(tiles) for columns in tiles[i:]]
    with np.errstate(over="ignore"):  # an infinite asymmetry is refused like any other
        asymmetry = max(
            np.abs(values[rows, columns] - values[columns, rows].T).max() for rows, columns in pairs
        )
    largest = max(values.max(), -values.min())
    _checks.symmetric("kernel(x, x)", asymmetry, largest, dtype)
    for rows, columns in pairs:
        mean = values[rows, columns] / 2 + values[columns, rows].T / 2
        values[rows, columns] = mean
        values[columns, rows] = mean.T
