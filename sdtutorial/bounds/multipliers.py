"""The interval in which the multiplier of a round lies."""

import numpy as np

from sdtutorial import _checks
from sdtutorial.bounds import _arguments


def multiplier_interval(eigenvalues, norm_ratio):
    r"""Return the interval in which the multiplier of a round lies, from the extreme eigenvalues.

    .. math:: \frac{d_{\min}}{r - 1} \le c \le \frac{d_{\max}}{r - 1}

    Equation (12) of the paper; proved in the book's ``closed_form``, ``prp-multiplier-bracket``. It
    holds for every round, with the norm ratio r of that round's targets. An eigenvalue of zero
    makes the lower end 0; the upper end stays true.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues of the Gram matrix divided by K, in any order, not negative.
    norm_ratio : float or array_like
        r = ||y|| / sqrt(K epsilon), without unit; any shape.

    Returns
    -------
    lower, upper : float or ndarray
        The ends, in units of the eigenvalues, of the shape of ``norm_ratio``. Both are infinite
        where r <= 1: there the round has collapsed.

    Raises
    ------
    TypeError, ValueError
        The eigenvalues are not a vector of finite numbers >= 0 with a positive one among them, or a
        norm ratio is not a finite number >= 0.

    Notes
    -----
    With a single eigenvalue the interval is one point, and rounding may put a computed multiplier
    beside it by a few units in the last place.

    Examples
    --------
    >>> lower, upper = multiplier_interval([1.0, 4.0], 3.0)
    >>> lower, upper
    (0.5, 2.0)
    """
    d = _arguments.spectrum(eigenvalues)
    r = _arguments.norm_ratios("norm_ratio", norm_ratio)
    return _over_excess(d.min(), r), _over_excess(d.max(), r)


def label_multiplier_interval(eigenvalues, coordinates, norm_ratio):
    r"""Return the interval in which the multiplier lies, from where the labels have their energy.

    With the energy shares w_k = z_k^2 / ||z||^2 and the power means
    M_s = (sum_k w_k d_k^s)^(1/s) of the eigenvalues,

    .. math:: \frac{M_{-q}}{r - 1} \le c \le \frac{M_p}{r - 1}, \qquad
              q = 2 - \frac{2}{r}, \quad p = \frac{2}{r (r + 1)}, \qquad
              \frac{4 M_{-1}}{r^2} \le c \ (r \ge 2).

    Sharper than equation (12) of the paper at both ends: a mean lies between the extreme
    eigenvalues. No smaller order than q or p will do. Where r > 2 the larger of the two lower ends
    is returned. Proved in the book's ``collapse_bound``, ``thm-label-bracket``. It holds for every
    round, with that round's own coordinates and ratio.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues of the Gram matrix divided by K, in any order, not negative.
    coordinates : array_like, shape (K,) or (K, Q)
        The targets of the round in the eigenbasis; each column is a problem of its own. Only the
        shares of the energy matter, not the scale. Zeros are allowed.
    norm_ratio : float or array_like
        r = ||y|| / sqrt(K epsilon), without unit. With (K, Q) coordinates one number or Q of them.

    Returns
    -------
    lower, upper : float or ndarray
        The ends, in units of the eigenvalues; a float for one vector and one ratio, otherwise the
        shape of ``norm_ratio`` or (Q,). Both are infinite where r <= 1: collapse. The lower end is
        0 where a direction of eigenvalue zero carries energy.

    Raises
    ------
    TypeError, ValueError
        As ``multiplier_interval``; the coordinates do not fit the eigenvalues or are not finite; a
        column is zero although its norm ratio is above 1.

    Examples
    --------
    Almost all of the energy is in the second direction, and the interval closes on its eigenvalue
    divided by r - 1:

    >>> lower, upper = label_multiplier_interval([1.0, 4.0], [0.1, 1.0], 2.0)
    >>> round(lower, 3), round(upper, 3)
    (3.885, 3.956)
    """
    d = _arguments.spectrum(eigenvalues)
    z = _checks.coordinates(coordinates, d.size)
    r = _arguments.norm_ratios("norm_ratio", norm_ratio)
    if z.ndim == 2 and r.shape not in [(), z.shape[1:]]:
        raise ValueError(
            f"norm_ratio must be one number or have shape {z.shape[1:]}, not {r.shape}"
        )
    share = log_energy_shares(z)
    if np.any((share.max(axis=0) == -np.inf) & (r > 1)):
        raise ValueError("coordinates must not all be zero where the norm ratio is above 1")
    s = np.maximum(r, 1.0 + np.finfo(float).eps)  # collapsed rounds are replaced at the end
    with np.errstate(all="ignore"):
        lower = power_mean(d, share, lower_order(s)) / (s - 1.0)
        tangent = 4.0 * power_mean(d, share, -1.0) / s / s
        lower = np.where(s > 2, np.maximum(lower, tangent), lower)
        upper = power_mean(d, share, np.maximum(2.0 / s / (s + 1.0), 1e-300)) / (s - 1.0)
    ends = (np.where(r > 1, end, np.inf) for end in (lower, upper))
    return tuple(map(_arguments.plain, ends))


def log_energy_shares(z):
    """Return ln(z^2 / ||z||^2) for each column; -inf for zeros, and for a column of them."""
    with np.errstate(all="ignore"):
        size, largest = np.abs(z), np.abs(z).max(axis=0)
        part = size / largest  # which may underflow
        energy = 2 * np.where(part > 1e-300, np.log(part), np.log(size) - np.log(largest))
        shares = energy - np.log(np.exp(energy).sum(axis=0))
    return np.where(size > 0, shares, -np.inf)


def lower_order(r):
    """Return -q = 2/r - 2, the order of the mean in the lower end of the bracket."""
    return -2.0 * ((r - 1.0) / r)


def power_mean(d, log_share, order):
    """Return (sum_k w_k d_k^s)^(1/s) for the order s != 0, without leaving the range of floats.

    The weights, whose logarithms are given, are (K,), with orders of any shape, or (K, Q), with one
    order or (Q,) of them.
    """
    shape = np.broadcast_shapes(log_share.shape[1:], np.shape(order))
    log_weight = log_share.reshape(log_share.shape + (1,) * (len(shape) + 1 - log_share.ndim))
    with np.errstate(all="ignore"):  # a power of zero is infinite or zero
        log_d = np.log(d).reshape(d.shape + (1,) * len(shape))
        power = np.where(log_weight > -np.inf, order * log_d, 0.0)
        term = log_weight + power
        largest = np.clip(term.max(axis=0), -np.finfo(float).max, np.finfo(float).max)
        # Near order zero the sum is close to one, and a plain logarithm would cancel.
        small = np.log1p((np.exp(log_weight) * np.expm1(power)).sum(axis=0))
        large = largest + np.log(np.exp(term - largest).sum(axis=0))
        near = np.abs(power).max(axis=0) < 1.0
        return np.exp(np.where(near, small, large) / order)


def _over_excess(numerator, r):
    """Return numerator/(r - 1), infinite where r <= 1."""
    with np.errstate(all="ignore"):
        return _arguments.plain(np.where(r > 1, numerator / (r - 1.0), np.inf))
