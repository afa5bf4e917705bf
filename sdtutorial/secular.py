"""The equation for the multiplier c, and its solver.

With the eigenvalues d of G and the coordinates z = V y of the labels, c is the only root of

    (1/K) sum_k (z_k c / (c + d_k))^2 = tolerance

(the paper's Proposition 2). No matrix appears in it: whatever yields eigenvalues and coordinates
can be solved here. Equations of this kind are called secular.
"""

import math

import numpy as np

from sdtutorial import _checks

_LARGEST_POWER = 480  # labels up to 2^480 radii: their squares stay in the range of float64
_FEW_DIGITS = 2.0**-70  # what is so small a part of a sum, twice the digits of float64 do not give
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


def shares_kept(eigenvalues, multiplier):
    """Return d / (c + d), the diagonal of A; zero where d is zero or c is infinite."""
    with np.errstate(invalid="ignore"):
        return np.where(eigenvalues > 0, eigenvalues / (multiplier + eigenvalues), 0.0)


def shares_left(eigenvalues, multiplier):
    """Return c / (c + d), what A leaves in the residual; one where d is zero or c is infinite."""
    with np.errstate(invalid="ignore"):
        left = multiplier / (multiplier + eigenvalues)
    return np.where((eigenvalues > 0) & np.isfinite(multiplier), left, 1.0)


def over_eigenvalues(values, eigenvalues):
    """Return values divided by d, to whose shape they broadcast; zero where d is zero."""
    positive = eigenvalues > 0
    return np.where(positive, values, 0.0) / np.where(positive, eigenvalues, 1.0)


class Problem:
    """The constrained problems of all columns in the eigenbasis, scaled so that nothing overflows.

    Eigenvalues and labels are divided by powers of two, which costs no digit.

    Attributes
    ----------
    tolerance : float or ndarray, shape (Q,)
        As given.
    d : ndarray, shape (K,)
        Scaled eigenvalues, below 1 where labels have energy.
    z : ndarray, shape (K, Q)
        Scaled coordinates of the labels.
    radius : ndarray, shape (Q,)
        sqrt(K tolerance) in the scale of ``z``: what a fit may leave.
    norm_ratios : ndarray, shape (Q,)
        r_0 = ||y|| / sqrt(K tolerance).
    excess : ndarray, shape (Q,)
        What Newton's method asks for: r - 1, where r counts only directions that a fit can reach,
        and the part of the tolerance that the others leave. Infinite where they leave nothing; not
        positive where the labels are within the tolerance, so that no fit is needed.
    """

    def __init__(self, eigenvalues, coordinates, tolerance, labels=None, cause_of_floor=None):
        """Take eigenvalues (K,), coordinates (K,) or (K, Q), all checked, and a tolerance.

        ``labels`` are the labels themselves, if their norm is known better than from z, or if
        eigenvalues and coordinates are only those that the labels see, (m,) and (m, Q);
        ``cause_of_floor(column, tolerance)`` says why a tolerance is infeasible, if anyone
        knows more than the eigenvalues tell.
        """
        self.tolerance = _checks.tolerance(tolerance, coordinates.shape[1:])
        labels = coordinates if labels is None else labels
        labels = labels.reshape(len(labels), -1)
        size, columns = labels.shape
        self._points, self._seen = size, len(eigenvalues)
        self._tolerances = np.broadcast_to(self.tolerance, columns)
        live = coordinates.reshape(self._seen, -1).any(axis=1) & (eigenvalues > 0)
        self._exponent = int(np.frexp(eigenvalues.max(where=live, initial=0.0))[1])
        self._powers = np.frexp(np.sqrt(size) * np.sqrt(self._tolerances))[1]  # one a column
        self._check_range(np.abs(labels).max(axis=0, initial=0.0))
        with np.errstate(over="ignore"):  # far above all energy
            self.d = np.minimum(self.scaled(eigenvalues), _checks.LARGEST)
        self.z = np.ldexp(coordinates.reshape(self._seen, -1), -self._powers)
        tolerances = np.ldexp(self._tolerances, -2 * self._powers)
        self.radius = np.sqrt(size * tolerances)
        budget = self._budget(self._tolerances)
        over = _sum_of_squares(np.ldexp(labels, -self._powers), budget)
        self.norm_ratios = 1 + _root_excess(over / (size * tolerances))

        # What lies in the null space takes its part of the tolerance and keeps it. It leaves room
        # for the rest, and r^2 - 1 of the rest is over / room.
        self._reach = eigenvalues > 0  # an eigenvalue may be zero in the scale of d alone
        null = ~self._reach
        room = 0.0 - _sum_of_squares(self.z[null], budget)  # never -0.0
        if room.min(initial=np.inf) < 0:
            raise self._infeasible(null, int(np.argmin(room)), cause_of_floor)
        unreachable = np.sum(self.z[~null] ** 2, axis=0) == 0
        over[unreachable] = np.minimum(over[unreachable], 0.0)  # above zero by rounding only
        with np.errstate(divide="ignore", invalid="ignore"):
            self.excess = np.where(over > 0, _root_excess(over / room), -1.0)

    def _check_range(self, largest):
        """Refuse labels (Q,) beyond what squares can hold, in units of the radius."""
        beyond = np.frexp(largest)[1] - self._powers > _LARGEST_POWER
        if beyond.any():
            column = int(np.argmax(beyond))
            raise ValueError(
                f"tolerance {self._tolerances[column]:.3g} is too small for labels of size "
                f"{largest[column]:.3g}: their ratio leaves the range of double precision"
            )

    def _budget(self, tolerances):
        """Return -K tolerance in the scale of the squares of ``z``, as (high, low), each (Q,)."""
        return _two_product(float(self._points), -np.ldexp(tolerances, -2 * self._powers))

    def _floor(self, null, column):
        """Return the smallest tolerance that a column allows."""
        squares = np.sum(self.z[null, column] ** 2)
        with np.errstate(over="ignore"):
            floor = np.ldexp(squares / self._points, 2 * self._powers[column])
        # Rounding may have put the mean square a little below what is feasible.
        z = self.z[null]
        while floor < np.inf and _sum_of_squares(z, self._budget(floor))[column] > 0:
            floor = np.nextafter(floor, np.inf)
        return float(floor)

    def _infeasible(self, null, column, cause_of_floor):
        floor, tolerance = self._floor(null, column), float(self._tolerances[column])
        cause = (
            cause_of_floor(column, tolerance)
            if cause_of_floor
            else "Choose a larger tolerance, or ask fit or distill for the cause: they see the "
            "Gram matrix."
        )
        return InfeasibleToleranceError(
            f"no fit reaches a tolerance of {tolerance:.6g}: the smallest possible mean "
            f"squared residual is {_rounded_up(floor)}"
            + (f" in column {column}" if self.z.shape[1] > 1 else "")
            + f", because {self._null_eigenvalues(null)} zero to machine precision, and no fit "
            f"can change what the labels have in those directions. {cause}",
            floor,
        )

    def _null_eigenvalues(self, null):
        if self._seen < self._points:
            return "eigenvalues of the Gram matrix are"
        return f"{np.count_nonzero(null)} of the {len(null)} eigenvalues of the Gram matrix are"

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
                    f"at the tolerance {self._tolerances.min():.3g} the multiplier leaves the "
                    "range of double precision: choose another tolerance, or another scale for the "
                    "eigenvalues (the Gram matrix)"
                )
        return c

    def first_multipliers(self):
        """Return c_0 (Q,), infinite where no fit is needed."""
        c = np.full(self.z.shape[1], np.inf)
        needed = self.excess > 0
        c[needed] = self.multipliers(self.z[:, needed], self.excess[needed])
        return c


def _rounded_up(floor):
    """Return a floor as text of six digits that is itself a feasible tolerance."""
    text = f"{floor:.6g}"
    if float(text) >= floor:
        return text
    digits = int(f"{floor:e}".split("e")[1]) - 5  # where the sixth digit stands
    return f"{floor + float(f'1e{digits}'):.6g}"


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
    difference would be left otherwise, and the multiplier is inversely proportional to it. Where
    twice the digits are too few, all are summed.
    """
    high, low = squares = _two_product(z, z)
    while len(high) > 1:
        if len(high) % 2:
            high, low = (np.concatenate([part, np.zeros_like(part[:1])]) for part in (high, low))
        high, error = _two_sum(high[::2], high[1::2])
        low = low[::2] + low[1::2] + error
    high, error = _two_sum(high.sum(axis=0), start[0])
    total = high + (error + low.sum(axis=0) + start[1])
    first, second = (np.broadcast_to(part, total.shape) for part in start)
    for q in np.flatnonzero(np.abs(total) < _FEW_DIGITS * np.abs(first)):
        total[q] = math.fsum([*squares[0][:, q], *squares[1][:, q], first[q], second[q]])
    return total


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
