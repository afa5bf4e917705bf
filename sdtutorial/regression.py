"""One constrained fit: from a tolerance to the multiplier c and the function it selects.

The problem of every round is

    minimise R(f) subject to (1/K) sum_k (f(x_k) - y_k)^2 <= tolerance.

Its solution is f(x) = g_x^T (c I + G)^{-1} y (the paper's Proposition 1), where c > 0 is the one
number at which the constraint holds with equality (Proposition 2), or f = 0 where
||y||^2 <= K tolerance. With the eigenvalues d of G and the coordinates z = V y of the labels, the
equation for c needs no matrix:

    (1/K) sum_k (z_k c / (c + d_k))^2 = tolerance.
"""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from sdtutorial import _checks

__all__ = [
    "Fit",
    "InfeasibleToleranceError",
    "fit",
    "fit_with_multiplier",
    "mean_squared_residual",
    "solve_multiplier",
]

_TILE = 256  # rows and columns of the tiles in which a matrix is checked: they fit in the cache
_STEP = 1e-8  # relative Newton step after which the error is below 2 * _STEP^2: rounding


class InfeasibleToleranceError(ValueError):
    """No fit reaches the tolerance: the labels have too much energy where the kernel is zero.

    Attributes
    ----------
    floor : float
        The smallest tolerance that can be reached.
    """

    def __init__(self, message, floor):
        super().__init__(message)
        self.floor = floor

    def __reduce__(self):
        # By default an exception is copied and pickled by its message alone.
        return type(self), (*self.args, self.floor), self.__dict__


def mean_squared_residual(eigenvalues, coordinates, multiplier):
    """Return (1/K) sum_k (f(x_k) - y_k)^2 of the fit with the given multiplier.

    It is (1/K) sum_k (z_k c / (c + d_k))^2, the paper's Proposition 2 (Closed form,
    ``prp-residual``).

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues d of G, not negative.
    coordinates : array_like, shape (K,) or (K, Q)
        Labels in the eigenbasis, z = V y; column q is a problem of its own.
    multiplier : array_like
        Values of c in [0, inf], of any shape for coordinates (K,); a shape that broadcasts
        against (Q,) for coordinates (K, Q). Infinity stands for the zero function, 0 for
        interpolation as far as the kernel reaches.

    Returns
    -------
    float or ndarray
        In squared units of the labels; the shape of ``multiplier``, broadcast against (Q,).

    Raises
    ------
    TypeError, ValueError
        If an argument is not real, or its shape or sign does not fit.
    """
    d, z = _checks.spectrum(eigenvalues, coordinates)
    c = _multiplier(multiplier)
    columns = z.shape[1:]
    axes = max(c.ndim, len(columns))
    d = d.reshape((-1,) + (1,) * axes)
    z = z.reshape((len(d),) + (1,) * (axes - len(columns)) + columns)
    with np.errstate(invalid="ignore"):
        share = np.where((d > 0) & np.isfinite(c), c / (c + d), 1.0)
    with np.errstate(over="ignore"):
        residual = np.mean((share * z) ** 2, axis=0)
    if not np.isfinite(residual).all():
        raise ValueError(
            "coordinates are too large: their mean square leaves the range of double precision"
        )
    return residual[()]


def solve_multiplier(eigenvalues, coordinates, tolerance):
    """Return the multiplier c at which the residual of the fit equals the tolerance.

    c is the only root of (1/K) sum_k (z_k c / (c + d_k))^2 = tolerance (the paper's Proposition 2;
    Closed form, ``prp-unique-multiplier``). In mu = 1/c the reciprocal norm
    1 / ||(I + mu D)^{-1} z|| is concave, so Newton's method on it rises to the root from every
    point on its left, and never leaves that side. All columns are solved at once.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues d of G in any order, not negative; zeros are directions no fit can reach.
    coordinates : array_like, shape (K,) or (K, Q)
        Labels in the eigenbasis, z = V y; column q is a problem of its own.
    tolerance : float
        The mean squared residual allowed, in squared units of the labels; one for all columns.

    Returns
    -------
    float or ndarray, shape (Q,)
        c, in units of the eigenvalues: infinite where ||z||^2 <= K tolerance (f = 0), and 0 where
        the tolerance is exactly what the zero eigenvalues leave.

    Raises
    ------
    InfeasibleToleranceError
        If the coordinates at zero eigenvalues alone exceed K tolerance in some column.
    TypeError, ValueError
        If an argument is not real, or its shape or sign does not fit, or if a number or the
        multiplier leaves the range of double precision.
    """
    d, z = _checks.spectrum(eigenvalues, coordinates)
    return Problem(d, z, tolerance).first_multipliers().reshape(z.shape[1:])[()]


def fit(gram, y, tolerance):
    """Solve: minimise R(f) subject to (1/K) sum_k (f(x_k) - y_k)^2 <= tolerance.

    The solution is f(x) = g_x^T (c I + G)^{-1} y (the paper's Proposition 1; Closed form,
    ``thm-representer``), with c from :func:`solve_multiplier`.

    Parameters
    ----------
    gram : array_like, shape (K, K)
        G, the kernel matrix divided by K (:func:`sdtutorial.gram_matrix`).
    y : array_like, shape (K,) or (K, Q)
        Labels; column q is a problem of its own.
    tolerance : float
        The mean squared residual allowed, in squared units of the labels; one for all columns.

    Returns
    -------
    Fit

    Raises
    ------
    InfeasibleToleranceError
        If no function comes that close to the labels.
    TypeError, ValueError
        If an argument is not real or its shape does not fit, if the Gram matrix is not symmetric
        or has a negative eigenvalue, if the tolerance is not positive, or if the multiplier or the
        coefficients leave the range of double precision.
    """
    spectrum = Spectrum(gram, y)
    problem = Problem(spectrum.eigenvalues, spectrum.coordinates, tolerance, spectrum.y)
    return spectrum.fit(problem.first_multipliers().reshape(spectrum.y.shape[1:]))


def fit_with_multiplier(gram, y, multiplier):
    """Solve: minimise (1/K) sum_k (f(x_k) - y_k)^2 + c R(f), with c given.

    This is the paper's problem (9), kernel ridge regression; its solution is
    f(x) = g_x^T (c I + G)^{-1} y (Closed form, ``thm-representer``).

    Parameters
    ----------
    gram : array_like, shape (K, K)
        G, the kernel matrix divided by K.
    y : array_like, shape (K,) or (K, Q)
        Labels; column q is a problem of its own.
    multiplier : float or array_like, shape (Q,)
        c in [0, inf], in units of the eigenvalues of G. Infinity gives f = 0, and 0 its limit:
        the smoothest function among those that come closest to the labels.

    Returns
    -------
    Fit

    Raises
    ------
    TypeError, ValueError
        If an argument is not real or its shape does not fit, if the Gram matrix is not symmetric
        or has a negative eigenvalue, or if a multiplier is negative.
    """
    spectrum = Spectrum(gram, y)
    c = _multiplier(multiplier)
    columns = spectrum.y.shape[1:]
    if c.shape not in ((), columns):
        raise ValueError(f"multiplier must be one number or have shape {columns}, not {c.shape}")
    return spectrum.fit(np.broadcast_to(c, columns))


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """One fitted function per label column, f(x) = g_x^T coefficients.

    Attributes
    ----------
    multiplier : float or ndarray, shape (Q,)
        c, infinite for the zero function.
    coefficients : ndarray, shape (K,) or (K, Q)
        (c I + G)^{-1} y, without its part in the null space of G: a null vector of G is a
        function that is zero everywhere.
    fitted : ndarray, shape (K,) or (K, Q)
        f at the training points, G (c I + G)^{-1} y.
    """

    multiplier: float | np.ndarray
    coefficients: np.ndarray
    fitted: np.ndarray

    def predict(self, cross):
        """Return f at new points.

        Parameters
        ----------
        cross : array_like, shape (m, K)
            ``kernel(x_new, x) / K``: divided by the number of training points, as G is.

        Returns
        -------
        ndarray, shape (m,) or (m, Q)

        Raises
        ------
        TypeError, ValueError
            If ``cross`` is not a finite real (m, K) matrix.
        """
        return check_cross(cross, len(self.coefficients)) @ self.coefficients

    def __repr__(self):
        columns = "" if self.fitted.ndim == 1 else f", columns={self.fitted.shape[1]}"
        multiplier = f"{self.multiplier:.6g}" if self.fitted.ndim == 1 else "(...)"
        return f"Fit(points={len(self.fitted)}{columns}, multiplier={multiplier})"


# What follows is shared with sdtutorial.distillation and is not part of the public interface.


def check_cross(cross, size):
    """Return ``kernel(x_new, x) / K`` as a float64 (m, K) matrix."""
    cross = _checks.real_array("cross", cross, ndim=2)
    if cross.shape[1] != size:
        raise ValueError(
            f"cross must have shape (m, {size}), one column a training point, not {cross.shape}"
        )
    return cross


def shares_kept(eigenvalues, multiplier):
    """Return d / (c + d), the diagonal of A; zero where d is zero or c is infinite."""
    with np.errstate(invalid="ignore"):
        return np.where(eigenvalues > 0, eigenvalues / (multiplier + eigenvalues), 0.0)


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

    def fit(self, multiplier):
        """Return the Fit with the given multipliers, () or (Q,)."""
        d = self.eigenvalues.reshape((-1,) + (1,) * (self.y.ndim - 1))
        fitted = shares_kept(d, multiplier) * self.coordinates
        with np.errstate(over="ignore", invalid="ignore"):
            coefficients = self.eigenvectors @ (fitted / np.where(d > 0, d, 1.0))
        if not np.isfinite(coefficients).all():
            raise ValueError(
                "gram is too small for these labels: the coefficients of the fit leave the range "
                "of double precision (expected: a Gram matrix on a larger scale)"
            )
        return Fit(multiplier[()], coefficients, self.eigenvectors @ fitted)


def _symmetric_copy(gram):
    """Return a square matrix as a new, exactly symmetric float64 array.

    One pass over tiles checks and copies: for large K, expressions on the whole matrix would take
    a noticeable part of the time of the eigendecomposition.
    """
    size = len(gram)
    copy = np.empty((size, size), order="F")
    largest = asymmetry = 0.0
    for i in range(0, size, _TILE):
        for j in range(0, i + 1, _TILE):
            with np.errstate(over="ignore"):  # a long double beyond the range turns into inf
                lower = gram[i : i + _TILE, j : j + _TILE].astype(np.float64)
                upper = gram[j : j + _TILE, i : i + _TILE].T.astype(np.float64)
            entry = np.max([lower.max(), -lower.min(), upper.max(), -upper.min()])  # NaN stays NaN
            if not entry < np.inf:
                raise ValueError("gram must be finite, but it holds NaN or infinity")
            largest = max(largest, entry)
            with np.errstate(over="ignore"):  # an infinite asymmetry is refused like any other
                upper -= lower
            asymmetry = max(asymmetry, upper.max(), -upper.min())
            lower += upper / 2
            copy[i : i + _TILE, j : j + _TILE] = lower
            copy[j : j + _TILE, i : i + _TILE] = lower.T
    _checks.symmetric("gram", asymmetry, largest, gram.dtype)
    _checks.within_range("gram", largest)
    return copy


class Problem:
    """The constrained problems of all columns in the eigenbasis, scaled so that nothing overflows.

    Eigenvalues and labels are divided by powers of two, which costs no digit.

    Attributes
    ----------
    tolerance : float
        As given.
    d : ndarray, shape (K,)
        Scaled eigenvalues, below 1.
    z : ndarray, shape (K, Q)
        Scaled coordinates of the labels.
    radius : float
        sqrt(K tolerance) in the scale of ``z``: what a fit may leave.
    norm_ratios : ndarray, shape (Q,)
        r_0 = ||y|| / sqrt(K tolerance).
    excess : ndarray, shape (Q,)
        What Newton's method asks for: r - 1, where r counts only directions that a fit can reach,
        and the part of the tolerance that the others leave. Infinite where they leave nothing; not
        positive where the labels are within the tolerance, so that no fit is needed.
    """

    def __init__(self, eigenvalues, coordinates, tolerance, labels=None):
        """``labels`` are the labels themselves, if their norm is known better than from z."""
        self.tolerance = _checks.positive_number("tolerance", tolerance)
        labels = coordinates if labels is None else labels
        size = len(eigenvalues)
        self._exponent = int(np.frexp(eigenvalues.max())[1])
        self._power = int(np.frexp(np.sqrt(size) * np.sqrt(self.tolerance))[1])
        largest = np.abs(labels).max(initial=0.0)
        if int(np.frexp(largest)[1]) - self._power > _LARGEST_POWER:
            raise ValueError(
                f"tolerance {self.tolerance:.3g} is too small for labels of size {largest:.3g}: "
                "their ratio leaves the range of double precision"
            )
        self.d = self.scaled(eigenvalues)
        self.z = np.ldexp(coordinates.reshape(size, -1), -self._power)
        tolerance = np.ldexp(self.tolerance, -2 * self._power)
        self.radius = np.sqrt(size * tolerance)
        budget = self._budget(self.tolerance)
        over = _sum_of_squares(np.ldexp(labels.reshape(size, -1), -self._power), budget)
        self.norm_ratios = 1 + _root_excess(over / (size * tolerance))

        # What lies in the null space takes its part of the tolerance and keeps it. It leaves room
        # for the rest, and r^2 - 1 of the rest is over / room.
        self._reach = eigenvalues > 0  # an eigenvalue may be zero in the scale of d alone
        null = ~self._reach
        room = 0.0 - _sum_of_squares(self.z[null], budget)  # never -0.0
        if room.min(initial=np.inf) < 0:
            raise self._infeasible(null, int(np.argmin(room)))
        unreachable = np.sum(self.z[~null] ** 2, axis=0) == 0
        over[unreachable] = np.minimum(over[unreachable], 0.0)  # above zero by rounding only
        with np.errstate(divide="ignore", invalid="ignore"):
            self.excess = np.where(over > 0, _root_excess(over / room), -1.0)

    def _budget(self, tolerance):
        """Return -K tolerance in the scale of the squares of ``z``, as (high, low)."""
        return _two_product(float(len(self.d)), -np.ldexp(tolerance, -2 * self._power))

    def _infeasible(self, null, column):
        z = self.z[null][:, [column]]
        with np.errstate(over="ignore"):
            floor = np.ldexp(np.sum(z**2) / len(null), 2 * self._power)
        # Rounding may have put the mean square a little below what is feasible.
        while floor < np.inf and _sum_of_squares(z, self._budget(floor)) > 0:
            floor = np.nextafter(floor, np.inf)
        floor = float(floor)
        return InfeasibleToleranceError(
            f"no fit reaches a tolerance of {self.tolerance:.6g}: the smallest possible mean "
            f"squared residual is {floor}"
            + (f" in column {column}" if self.z.shape[1] > 1 else "")
            + f", because {np.count_nonzero(null)} of the {len(null)} eigenvalues of the Gram "
            "matrix are zero to machine precision, and no fit can change what the labels have in "
            "those directions. A smooth kernel on many points has many such eigenvalues, so that "
            "this floor then holds most of the noise. Choose a larger tolerance or a rougher "
            "kernel.",
            floor,
        )

    def scaled(self, eigenvalues):
        """Return eigenvalues or multipliers in the scale of ``d``."""
        return np.ldexp(eigenvalues, -self._exponent)

    def multipliers(self, z, excess):
        """Return c (Q,) in the units of the eigenvalues, for scaled z (K, Q) and r - 1 (Q,) > 0.

        A c that double precision cannot hold with all its digits is a ValueError.
        """
        c = np.zeros(z.shape[1])
        finite = excess < np.inf  # otherwise only interpolation is close enough: c = 0
        if finite.any():
            d, z = self.d[self._reach], z[np.ix_(self._reach, finite)]
            with np.errstate(all="ignore"):  # what leaves the range is found below
                scaled = 1 / _reciprocal_multipliers(d, z, excess[finite])
                c[finite] = np.ldexp(scaled, self._exponent)
            smallest = np.finfo(float).tiny
            if not (np.minimum(scaled, c[finite]) >= smallest).all() or c.max() > _checks.LARGEST:
                raise ValueError(
                    f"at the tolerance {self.tolerance:.3g} the multiplier leaves the range of "
                    "double precision: choose another tolerance, or another scale for the "
                    "eigenvalues (the Gram matrix)"
                )
        return c

    def first_multipliers(self):
        """Return c_0 (Q,), infinite where no fit is needed."""
        c = np.full(self.z.shape[1], np.inf)
        needed = self.excess > 0
        c[needed] = self.multipliers(self.z[:, needed], self.excess[needed])
        return c


_LARGEST_POWER = 480  # labels up to 2^480 radii: their squares stay in the range of float64


def _root_excess(square_excess):
    """Return r - 1 from r^2 - 1, without cancellation near r = 1."""
    square_excess = np.maximum(square_excess, -1.0)
    with np.errstate(invalid="ignore"):
        root = square_excess / (1 + np.sqrt(1 + square_excess))
    return np.where(square_excess < np.inf, root, np.inf)


def _reciprocal_multipliers(d, z, excess):
    """Return mu (Q,) with ||(I + mu D)^{-1} z|| = ||z|| / r for every column, r = 1 + excess.

    Newton's method on the concave phi(mu) = ||z|| / ||(I + mu D)^{-1} z||, which must equal r. From
    the left it never passes the root; from mu = 0 its first step is excess / (weighted mean of d),
    the end of the label-aware bracket. With P = 1 / (1 + mu d) and weights w that sum to 1, the
    deviation phi^-2 - r^-2 = sum w (P - 1/r)(P + 1/r) is summed in the form
    P - 1/r = (excess - mu d) P / r, so that neither r near 1 nor a tiny 1/r costs digits. Powers of
    r P rather than of P are summed: those of a tiny P would underflow. Columns leave when they have
    converged.
    """
    weights = (z / np.abs(z).max(axis=0)) ** 2
    weights /= weights.sum(axis=0)
    weighted = weights * d[:, None]
    mu = excess / weighted.sum(axis=0)
    found = np.empty_like(mu)
    live = np.arange(len(mu))
    while live.size:
        r = 1 + excess
        share = r / (1 + mu * d[:, None])
        square = share * share
        product = weighted * share
        t1 = product.sum(axis=0)  # t_n = sum w d (r P)^n
        t2 = np.einsum("kq,kq->q", product, share)
        t3 = np.einsum("kq,kq->q", product, square)
        s2 = np.einsum("kq,kq->q", weights, square)  # sum w (r P)^2
        s1 = s2 + mu * t2  # r sum w (r P)
        deviation = ((excess * s2 - mu * t2) + (excess * s1 - mu * t1 * r) / r) / r
        ratio = 1 / np.sqrt(s2)  # phi / r
        # (r - phi) / phi', with r - phi = deviation (phi / r)^2 r^2 / (r + phi), and
        # phi' = (phi / r)^3 t3
        step = deviation * r / ((1 + ratio) * ratio * t3)
        mu = mu + step
        found[live] = mu
        # In exact arithmetic no step is negative: in a negative one rounding has taken over.
        moving = step > _STEP * mu
        if not moving.all():
            live, mu, excess = live[moving], mu[moving], excess[moving]
            weights, weighted = weights[:, moving], weighted[:, moving]
    return found


def _sum_of_squares(z, start):
    """Return start + sum over axis 0 of z^2, with twice the digits of float64 on the way.

    ``start`` is an unevaluated sum (high, low). Near ||z||^2 = K tolerance hardly a digit of the
    difference would be left otherwise, and the multiplier is inversely proportional to it.
    """
    high, low = _two_product(z, z)
    while len(high) > 1:
        if len(high) % 2:
            high, low = (np.concatenate([part, np.zeros_like(part[:1])]) for part in (high, low))
        high, error = _two_sum(high[::2], high[1::2])
        low = low[::2] + low[1::2] + error
    high, error = _two_sum(high.sum(axis=0), start[0])
    return high + (error + low.sum(axis=0) + start[1])


def _two_product(a, b):
    """Return a * b as an unevaluated sum (high, low), exact unless it underflows (Dekker 1971)."""
    product = a * b
    a_high, b_high = (134217729.0 * f - (134217729.0 * f - f) for f in (a, b))  # 2^27 + 1
    a_low, b_low = a - a_high, b - b_high
    low = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, low


def _two_sum(a, b):
    """Return a + b rounded, and the rounding error (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _multiplier(value):
    array = _checks.real_array("multiplier", value, finite=False)
    if not (array >= 0).all():
        raise ValueError("multiplier must lie in [0, inf], without NaN")
    _checks.within_range("multiplier", array[array < np.inf])
    return array
