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

_BLOCK = 256  # rows and columns of the tiles in which a matrix is checked: they fit in the cache
_ASYMMETRY = 1000  # machine epsilons of the largest entry: rounding in a kernel stays far below


class InfeasibleToleranceError(ValueError):
    """No fit reaches the tolerance: the labels have too much energy where the kernel is zero.

    Attributes
    ----------
    floor : float
        The smallest mean squared residual that a fit can reach.
    """

    def __init__(self, message, floor):
        super().__init__(message)
        self.floor = floor


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
    d = _checks.eigenvalues(eigenvalues)
    z = _checks.coordinates(coordinates, d.size)
    c = _multiplier("multiplier", multiplier)
    # c / (c + d) is 1 for d = 0, even at c = 0, and for c = inf
    with np.errstate(divide="ignore"):
        reciprocal = 1 / c
        shares = [1 / (1 + np.where(k > 0, reciprocal * k, 0.0)) for k in d]
    terms = [(share * row) ** 2 for share, row in zip(shares, z)]
    return np.mean(terms, axis=0)[()]


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
        If an argument is not real, or its shape or sign does not fit.
    """
    d = _checks.eigenvalues(eigenvalues)
    z = _checks.coordinates(coordinates, d.size)
    problem = Problem(d, z, tolerance)
    return problem.first_multiplier().reshape(z.shape[1:])[()]


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
        or has a negative eigenvalue, or if the tolerance is not positive.
    """
    spectrum = Spectrum(gram, y)
    problem = Problem(spectrum.eigenvalues, spectrum.coordinates, tolerance, spectrum.y)
    return spectrum.fit(problem.first_multiplier())


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
    c = _multiplier("multiplier", multiplier)
    columns = spectrum.coordinates.shape[1:]
    if c.shape not in ((), columns):
        raise ValueError(f"multiplier must be one number or have shape {columns}, not {c.shape}")
    return spectrum.fit(np.broadcast_to(c, columns).reshape(-1))


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
        raise ValueError(f"cross must have shape (m, {size}), one column a training point, "
                         f"not {cross.shape}")
    return cross


def _multiplier(name, value):
    array = _checks.real_array(name, value, finite=False)
    if not (array >= 0).all():
        raise ValueError(f"{name} must lie in [0, inf], without NaN")
    return array


def shares_kept(eigenvalues, multiplier):
    """Return d / (c + d), the diagonal of A; zero where d is zero, or c infinite."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(eigenvalues > 0, eigenvalues / (multiplier + eigenvalues), 0.0)


def symmetric_copy(gram):
    """Return a (K, K) matrix as a new, exactly symmetric float64 array, or say what it lacks.

    One pass over tiles checks and copies: for large K whole-matrix expressions would cost a
    noticeable part of the eigendecomposition.
    """
    gram = np.asarray(gram)
    if gram.dtype.kind not in "iuf":
        raise TypeError(f"gram must be an array of real numbers, not of {gram.dtype}")
    if gram.ndim != 2 or gram.shape[0] != gram.shape[1] or gram.shape[0] == 0:
        raise ValueError(f"gram must have shape (K, K) with K at least 1, not {gram.shape}")
    size = len(gram)
    copy = np.empty((size, size), order="F")
    largest = asymmetry = 0.0
    for i in range(0, size, _BLOCK):
        for j in range(0, i + 1, _BLOCK):
            lower = gram[i:i + _BLOCK, j:j + _BLOCK].astype(np.float64)
            upper = gram[j:j + _BLOCK, i:i + _BLOCK].astype(np.float64).T
            largest = max(largest, lower.max(), -lower.min(), upper.max(), -upper.min())
            if not largest < np.inf:  # NaN fails every comparison
                raise ValueError("gram must be finite, but it holds NaN or infinity")
            asymmetry = max(asymmetry, np.abs(lower - upper).max())
            lower += (upper - lower) / 2
            copy[i:i + _BLOCK, j:j + _BLOCK] = lower
            copy[j:j + _BLOCK, i:i + _BLOCK] = lower.T
    epsilon = _checks.zero_threshold(1.0, 1, gram.dtype)
    if asymmetry > _ASYMMETRY * epsilon * largest:
        raise ValueError(
            f"gram must be symmetric, but gram - gram.T has an entry of size {asymmetry:.3g}"
        )
    return copy


class Spectrum:
    """Eigenpairs of a Gram matrix, and labels in its eigenbasis.

    ``eigenvalues`` (K,) ascend; those that count as zero are zero. ``eigenvectors`` is (K, K),
    ``coordinates`` is z = V y with the shape of ``y``.
    """

    def __init__(self, gram, y):
        self.y = _checks.coordinates(y, np.shape(gram)[0] if np.ndim(gram) else 1, name="y")
        copy = symmetric_copy(gram)
        self.eigenvalues, self.eigenvectors = scipy.linalg.eigh(
            copy, overwrite_a=True, check_finite=False
        )
        threshold = _checks.zero_threshold(
            self.eigenvalues[-1], len(self.eigenvalues), np.asarray(gram).dtype
        )
        if self.eigenvalues[0] < -threshold:
            raise ValueError(
                "gram must be positive semidefinite, but its smallest eigenvalue is "
                f"{self.eigenvalues[0]:.6g} (the largest is {self.eigenvalues[-1]:.6g})"
            )
        self.eigenvalues[self.eigenvalues <= threshold] = 0.0
        self.coordinates = self.eigenvectors.T @ self.y

    def fit(self, multiplier):
        """Return the Fit with the given multipliers (Q,)."""
        d = self.eigenvalues[:, None]
        z = self.coordinates.reshape(len(d), -1)
        kept = shares_kept(d, multiplier)
        coefficients = kept * z / np.where(d > 0, d, 1.0)
        shape = self.coordinates.shape
        return Fit(
            multiplier.reshape(shape[1:])[()],
            self.eigenvectors @ coefficients.reshape(shape),
            self.eigenvectors @ (kept * z).reshape(shape),
        )


class Problem:
    """The constrained problem of round zero in the eigenbasis, scaled so that nothing overflows.

    Attributes
    ----------
    scale : float
        Power of two by which the eigenvalues were divided.
    d : ndarray, shape (K,)
        Scaled eigenvalues, the largest in [1/2, 1); 0 where all are zero.
    z : ndarray, shape (K, Q)
        Coordinates divided by a power of two near the radius.
    radius : float
        sqrt(K tolerance), divided by the same power of two.
    norm_ratios : ndarray, shape (Q,)
        r_0 = ||y|| / sqrt(K tolerance).
    excess : ndarray, shape (Q,)
        r_0 - 1 to full relative accuracy, also where r_0 is close to 1; not positive where the
        labels are within the tolerance.
    """

    def __init__(self, eigenvalues, coordinates, tolerance, labels=None):
        self.tolerance = _checks.positive_number("tolerance", tolerance)
        size = len(eigenvalues)
        exponent = np.frexp(eigenvalues.max())[1]
        self.scale = exponent
        self.d = np.ldexp(eigenvalues, -exponent)
        power = np.frexp(np.sqrt(size) * np.sqrt(self.tolerance))[1]
        labels = coordinates if labels is None else labels
        self.power = power
        largest = np.abs(labels).max(initial=0.0)
        if largest and np.frexp(largest)[1] - power > 480:
            raise ValueError(
                f"tolerance {self.tolerance:.3g} is too small for labels of size {largest:.3g}: "
                "the ratio of norms leaves the range of double precision"
            )
        self.z = np.ldexp(coordinates.reshape(size, -1), -power)
        labels = np.ldexp(labels.reshape(size, -1), -power)
        scaled_tolerance = np.ldexp(self.tolerance, -2 * power)
        self.radius = np.sqrt(size * scaled_tolerance)
        budget = _two_product(float(size), -scaled_tolerance)
        over = _sum_of_squares(labels, budget) / self.radius**2  # r_0^2 - 1
        self.excess = over / (1 + np.sqrt(1 + over))
        self.norm_ratios = 1 + self.excess
        null = self.d == 0
        room = -_sum_of_squares(self.z[null], budget)
        self._check_feasible(room, null)
        # Directions that no fit can reach leave a smaller budget for the others. The numerator of
        # r^2 - 1 does not change: what they take is taken from the labels and from the budget.
        with np.errstate(divide="ignore", invalid="ignore"):
            over = over * self.radius**2 / room
            self.reachable_excess = np.where(over < np.inf, over / (1 + np.sqrt(1 + over)), np.inf)

    def _check_feasible(self, room, null):
        if room.size == 0 or room.min() >= 0:
            return
        column = int(np.argmin(room))
        floor = float(np.ldexp(np.mean(np.where(null, self.z[:, column] ** 2, 0)), 2 * self.power))
        where = "" if self.z.shape[1] == 1 else f" in column {column}"
        raise InfeasibleToleranceError(
            f"no fit reaches a tolerance of {self.tolerance:.6g}: the smallest possible mean "
            f"squared residual is {floor:.6g}{where}, because {int(null.sum())} of the {null.size} "
            "eigenvalues of the Gram matrix are zero to machine precision, and what the labels "
            "have in those directions no fit can change. A smooth kernel on many points has many "
            "such eigenvalues, so that this floor holds most of the noise. Choose a larger "
            "tolerance, or a rougher kernel.",
            floor,
        )

    def first_multiplier(self):
        """Return c_0 (Q,)."""
        c = np.full(self.z.shape[1], np.inf)
        active = self.excess > 0
        c[active] = self.multiplier(self.z[:, active], self.reachable_excess[active])
        return c

    def multiplier(self, z, excess):
        """Return c (Q,) in units of the eigenvalues, for coordinates (K, Q) and r - 1 (Q,) > 0."""
        reach = self.d > 0
        c = np.zeros(z.shape[1])
        finite = excess < np.inf
        if finite.any():
            z = z[np.ix_(reach, finite)]
            mu = _reciprocal_multiplier(self.d[reach], z, excess[finite])
            c[finite] = np.ldexp(1 / mu, self.scale)
        return c


def _two_product(a, b):
    """Return a * b as an unevaluated sum (high, low), exact unless it underflows."""
    split = 134217729.0  # 2^27 + 1
    product = a * b
    a_high = split * a - (split * a - a)
    b_high = split * b - (split * b - b)
    a_low, b_low = a - a_high, b - b_high
    low = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, low


def _sum_of_squares(z, start):
    """Return start + sum over axis 0 of z^2, with twice the digits of float64 on the way.

    ``start`` is an unevaluated sum (high, low). Near ||z||^2 = K tolerance the difference keeps
    hardly any digit otherwise, and the multiplier is inversely proportional to it.
    """
    high, low = _two_product(z, z)
    while len(high) > 1:
        if len(high) % 2:
            high, low = (np.vstack([part, np.zeros_like(part[:1])]) for part in (high, low))
        total, error = _two_sum(high[::2], high[1::2])
        high, low = total, low[::2] + low[1::2] + error
    high, low = high.sum(axis=0), low.sum(axis=0)
    total, error = _two_sum(high, start[0])
    return total + (error + (low + start[1]))


def _two_sum(a, b):
    """Return a + b rounded, and the rounding error."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _reciprocal_multiplier(d, z, excess):
    """Return mu > 0 (Q,) with ||(I + mu D)^{-1} z|| = ||z|| / r for each column, r = 1 + excess.

    Newton's method on the concave function phi(mu) = ||z|| / ||(I + mu D)^{-1} z|| = r, from the
    left: from mu = 0 its first step is excess / (weighted mean of d), the end of the label-aware
    bracket. With P = 1 / (1 + mu d) and weights w, the deviation
    phi^-2 - r^-2 = sum w (P - 1/r) (P + 1/r) is summed from P - 1/r = (excess - mu d) P / r, so
    that neither r near 1 nor a tiny residual costs digits.
    """
    weights = z**2 / np.sum(z**2, axis=0)
    weighted = weights * d[:, None]
    mu = excess / weighted.sum(axis=0)
    r = 1 + excess
    for _ in range(200):
        share = 1 / (1 + mu * d[:, None])
        square = share * share
        s2 = (weights * square).sum(axis=0)
        t1 = (weighted * share).sum(axis=0)
        t2 = (weighted * square).sum(axis=0)
        t3 = (weighted * square * share).sum(axis=0)
        s1 = s2 + mu * t2
        deviation = ((excess * s2 - mu * t2) + (excess * s1 - mu * t1) / r) / r
        step = deviation * r**2 * np.sqrt(s2) / ((r + 1 / np.sqrt(s2)) * t3)
        mu = mu + step
        if (np.abs(step) <= 1e-9 * mu).all():
            return mu
    raise RuntimeError("Newton's method on the reciprocal norm did not converge")
