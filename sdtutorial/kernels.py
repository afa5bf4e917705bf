"""Kernels: the Green's functions that turn a regulariser into a finite problem.

The paper writes its regulariser R(f) as a double integral of f against a kernel u. The Green's
function g of the operator that u defines is the kernel in which every solution is written
(its Proposition 1). A kernel here is a callable: ``kernel(x, t)`` gives the matrix of g(x_j, t_k).
"""

from dataclasses import dataclass

import numpy as np

from sdtutorial import _checks, diagnosis

_ROUNDING = 8 * np.finfo(float).eps  # how far outside [0, 1] a scaled point may lie
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


def _distances(x, t):
    """Return the Euclidean distances (n, m) of points (n, p) and (m, p).

    They are sums of squared differences: ``|x|^2 + |t|^2 - 2 x.t`` would cancel for close points.
    """
    from scipy.spatial.distance import cdist  # here: importing the package should not wait for it

    return cdist(x, t)


def _of_distances(values, x, t, length):
    """Return the (n, m) matrix of values(distances), with distances in units of a length."""
    x, t = _point_pair(x, t)
    # In units of about that length no square overflows that matters. Powers of two cost no digit,
    # and where points are too many of these units apart, the unit has to be larger.
    largest = max(np.abs(points).max(initial=0.0) for points in (x, t))
    power = max(_power(length), _power(largest) - 1000)
    x, t, unit = np.ldexp(x, -power), np.ldexp(t, -power), np.ldexp(float(length), -power)

    def entries(rows):
        distances = _distances(x[rows], t)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # zero far out is meant
            return values(np.where(distances > 0, distances / unit, 0.0))

    return _by_rows(entries, len(x), len(t))


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
        return _of_distances(self._values, x, t, self.length_scale)

    @staticmethod
    def _values(distances):
        return np.exp(-(distances**2) / 2)


@dataclass(frozen=True)
class Matern:
    """The Matern kernel: as smooth as is asked for, for points of any dimension.

    With ``z = sqrt(2 nu) |x - t| / length_scale`` and the modified Bessel function K_nu::

        g(x, t) = 2^(1 - nu) / Gamma(nu) z^nu K_nu(z)

    (Rasmussen and Williams 2006, equation (4.14)). For nu = 1/2 it is
    ``exp(-|x - t| / length_scale)``; as nu grows it tends to ``RBF(length_scale)``. Its functions
    have fewer than nu + p/2 derivatives in p dimensions. The eigenvalues of its Gram matrix fall
    off slowly, so a rough kernel reaches label vectors of which a smooth one leaves most of the
    noise out of reach.

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
        return _of_distances(self._values, x, t, self.length_scale)

    def _values(self, distances):
        from scipy import special

        # Beyond 2000 the kernel is zero in double precision, and K_nu is lost still farther out.
        z = np.minimum(np.sqrt(2 * self.nu) * distances, 2000)
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
        unit_x, length_x, power_x = _direction_and_length(x)
        unit_t, length_t, power_t = _direction_and_length(t)
        with np.errstate(divide="ignore", over="ignore"):
            longest = sum(
                (np.log2(length) + power).max(initial=-np.inf)
                for length, power in ((length_x, power_x), (length_t, power_t))
            )
            whole_x, whole_t = np.ldexp(length_x, power_x), np.ldexp(length_t, power_t)
        alone = max(whole_x.max(initial=0.0), whole_t.max(initial=0.0)) if self.bias else 0.0
        if not (longest <= np.log2(_checks.LARGEST) and alone <= _checks.LARGEST):
            raise ValueError(
                "x and t must be small enough for products of their norms to stay below "
                f"{_checks.LARGEST:g}"
            )

        def entries(rows):
            angle = _angles(unit_x[rows], unit_t)
            lengths = np.multiply.outer(length_x[rows], length_t)
            lengths = np.ldexp(lengths, np.add.outer(power_x[rows], power_t))
            return self._entries(angle, lengths, whole_x[rows, None], whole_t, coordinates)

        return _by_rows(entries, len(x), len(t))

    def _entries(self, angle, lengths, length_x, length_t, coordinates):
        """N_depth of inputs at these angles, of lengths that still lack the factor 1/sqrt(p).

        ``lengths`` are the products of both lengths, which may be numbers where a length is none.
        """
        b = self.bias * np.sqrt(coordinates)
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
        return 2 * np.arctan2(_distances(x, t), _distances(x, -t))
    cosine = x @ t.T
    angle = np.arccos(np.clip(cosine, -1, 1))
    near = np.abs(cosine) > 0.9
    for row in np.flatnonzero(near.any(axis=1)):
        others = t[near[row]]
        sides = _distances(x[row, None], others), _distances(x[row, None], -others)
        angle[row, near[row]] = 2 * np.arctan2(*sides)
    return angle


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
        ``CubicSpline()`` or a kernel of scikit-learn. It is given the points as (K, p), those on
        the line as a column (K, 1). More axes, of length one, are dropped, so a formula for
        vectors of points, such as ``np.minimum.outer``, will do as well.
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
    given, values = _evaluate("kernel(x, x)", kernel, x, x)
    precision = np.asarray(given).dtype
    if precision == values.dtype:
        values = values.copy()  # the kernel may have kept what it returned
    del given
    _symmetrise(values, precision)
    values /= len(x)
    gram = values.astype(np.float32) if precision == np.float32 else values
    diagnosis.warn_of_unrelated_points(gram)
    return gram


def _symmetrise(values, dtype):
    """Replace a matrix by the mean of it and its transpose, if they differ by rounding only."""
    largest = max(values.max(), -values.min())
    _checks.symmetric("kernel(x, x)", _checks.asymmetry(values), largest, dtype)
    for rows, columns in _checks.mirrored_tiles(len(values)):
        upper, lower = values[rows, columns], values[columns, rows].T
        # halves of the smallest floats would be rounded
        mean = np.where(upper == lower, upper, upper / 2 + lower / 2)
        values[rows, columns] = mean
        values[columns, rows] = mean.T


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
    _, values = _evaluate("kernel(x_new, x)", kernel, x_new, x)
    return values / len(x)


def _evaluate(name, kernel, x, t):
    """Return kernel(x, t) as it came and as a float64 (n, m) matrix.

    The kernel is given points on the line as columns. Axes of length one that it has added are
    dropped.
    """
    x, t = (points[:, None] if points.ndim == 1 else points for points in (x, t))
    given = kernel(x, t)
    values, shape = _checks.real_array(name, given), (len(x), len(t))
    if values.ndim > 2 and [n for n in values.shape if n > 1] == [n for n in shape if n > 1]:
        values = values.reshape(shape)
    if values.shape != shape:
        raise ValueError(
            f"{name} must have shape {shape}, not {values.shape}; the points are given to it as "
            f"{x.shape} and {t.shape}"
        )
    return given, values


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
