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
    eigenvalues : (K,) array_like
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

    With the energy shares w_k = z_k^2 / ||z||^2, their arithmetic mean eigenvalue
    dbar = sum_k w_k d_k and their harmonic mean dtilde = 1 / sum_k (w_k / d_k),

    .. math:: c \le \frac{\bar d}{r - 1}, \qquad
              c \ge \frac{\tilde d}{r - 1} \ (r \le 2), \qquad
              c \ge \frac{4 \tilde d}{r^2} \ (r \ge 2).

    Sharper than equation (12) of the paper: the upper end always, the lower end always for r <= 2
    and otherwise where dtilde > d_min r^2 / (4 (r - 1)). Proved in the book's ``collapse_bound``,
    ``thm-label-bracket``. It holds for every round, with that round's own coordinates and ratio.

    Parameters
    ----------
    eigenvalues : (K,) array_like
        Eigenvalues of the Gram matrix divided by K, in any order, not negative.
    coordinates : (K,) or (K, Q) array_like
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
    (3.885, 3.97)
    """
    d = _arguments.spectrum(eigenvalues)
    z = _checks.coordinates(coordinates, d.size)
    r = _arguments.norm_ratios("norm_ratio", norm_ratio)
    if z.ndim == 2 and r.shape not in [(), z.shape[1:]]:
        raise ValueError(
            f"norm_ratio must be one number or have shape {z.shape[1:]}, not {r.shape}"
        )
    scale = np.abs(z).max(axis=0)
    if np.any((scale == 0) & (r > 1)):
        raise ValueError("coordinates must not all be zero where the norm ratio is above 1")
    with np.errstate(all="ignore"):  # zero eigenvalues and columns of zeros are dealt with below
        energy = (z / np.where(scale > 0, scale, 1.0)) ** 2
        share = energy / energy.sum(axis=0)
        arithmetic = np.tensordot(d, share, axes=1)
        inverse = np.where(share.T > 0, share.T / d, 0.0).sum(axis=-1)
        harmonic = 1.0 / inverse
        factor = np.where(r <= 2, 1.0, 4.0 * (r - 1.0) / r / np.maximum(r, 1.0))
        lower = np.where(r > 1, harmonic * factor / (r - 1.0), np.inf)
        upper = np.where(r > 1, arithmetic / (r - 1.0), np.inf)
    return _arguments.plain(lower), _arguments.plain(upper)


def _over_excess(numerator, r):
    """Return numerator/(r - 1), infinite where r <= 1."""
    with np.errstate(all="ignore"):
        return _arguments.plain(np.where(r > 1, numerator / (r - 1.0), np.inf))
