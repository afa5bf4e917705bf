"""Spectral filters side by side: what a method keeps of the labels in each eigendirection of G.

All methods here are linear in the labels and work in the eigenbasis of G: the coordinate of the
labels in the direction of the eigenvalue d is multiplied by a number, the filter of that direction.
With s = d / (c + d), the share that one ridge fit with multiplier c keeps, the methods differ in
what they do with s (Filters; After the paper).

Eigenvalues have shape (K,). Parameters may be arrays: those of shape (...) give filters of shape
(..., K). A direction with d = 0 is out of reach, and every filter is zero there.
"""

import numpy as np

from sdtutorial import _checks
from sdtutorial._powers import geometric_sum, one_minus_power, power
from sdtutorial._search import least
from sdtutorial.secular import shares_kept, shares_left

_EXHAUSTED = 1e-12  # relative size of what is left of a power of s that brings nothing new
_TUNING_GRID = 97


# --- One fit, and fits of fits ----------------------------------------------------------------


def ridge(eigenvalues, multiplier):
    """Return s = d / (c + d), what one ridge fit with multiplier c keeps.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues d of G, not negative.
    multiplier : array_like, shape (...)
        c in [0, inf], in the units of the eigenvalues: 0 interpolates, infinity is the zero fit.

    Returns
    -------
    ndarray, shape (..., K)

    Raises
    ------
    TypeError, ValueError
        If an argument is not real, or its sign or shape does not fit. So in all this module.
    """
    return _kept_and_left(eigenvalues, multiplier)[0]


def _kept_and_left(eigenvalues, multiplier):
    """Return s and 1 - s, (..., K), the second not by subtraction, which costs digits."""
    d, c = _checks.eigenvalues(eigenvalues), _parameter("multiplier", multiplier)
    _checks.within_range("eigenvalues", d)
    return shares_kept(d, c), shares_left(d, c)


def self_distillation(eigenvalues, multiplier, fits):
    """Return s^n, what n fits with one multiplier keep if each fits the fit before it.

    It only ever removes: it falls with n, towards zero (Filters, ``prp-mirror-images``). With a
    fixed tolerance in the place of a fixed multiplier it is ``Chain.filters``.

    Parameters
    ----------
    eigenvalues, multiplier
        As in :func:`ridge`.
    fits : array_like, shape (...)
        n > 0; n = 1 is one ridge fit, n - 1 the number of rounds after it. A fraction is allowed.

    Returns
    -------
    ndarray, shape (..., K)
    """
    return power(*_kept_and_left(eigenvalues, multiplier), _fits(fits))


def boosting(eigenvalues, multiplier, fits):
    """Return 1 - (1 - s)^n, what n fits keep if each fits the residual of the sum before it.

    It only ever adds: it rises with n, towards one (Filters, ``prp-mirror-images``). For n = 2 it
    is Tukey's twicing; in inverse problems it is iterated Tikhonov regularisation.

    Parameters
    ----------
    eigenvalues, multiplier, fits
        As in :func:`self_distillation`.

    Returns
    -------
    ndarray, shape (..., K)
    """
    s, left = _kept_and_left(eigenvalues, multiplier)
    return one_minus_power(left, s, _fits(fits))


def gradient_flow(eigenvalues, time):
    """Return 1 - exp(-d time): gradient descent on the residual, in small steps, from zero.

    The limit of :func:`boosting` for n fits with multiplier n / time (Filters,
    ``prp-flow-limits``).

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
    time : array_like, shape (...)
        At least 0, in units of one over the eigenvalues.

    Returns
    -------
    ndarray, shape (..., K)
    """
    time = _parameter("time", time, finite=True)
    with np.errstate(over="ignore"):
        return -np.expm1(-time * _checks.eigenvalues(eigenvalues))


def self_distillation_flow(eigenvalues, time):
    """Return exp(-time / d): self-distillation in many rounds, each of which does little.

    The limit of :func:`self_distillation` for n fits with multiplier time / n (Filters,
    ``prp-flow-limits``), and the curve that a chain with a small tolerance follows (The collapse
    bound, ``thm-arc-length``).

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
    time : array_like, shape (...)
        At least 0, in units of the eigenvalues.

    Returns
    -------
    ndarray, shape (..., K)
    """
    d = _checks.eigenvalues(eigenvalues)
    time = _parameter("time", time, finite=True)
    with np.errstate(all="ignore"):
        return np.where(d > 0, np.exp(-time / d), 0.0)


def truncation(eigenvalues, threshold):
    """Return 1 where d is at least the threshold and 0 elsewhere: principal components.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
    threshold : array_like, shape (...)
        At least 0, in the units of the eigenvalues.

    Returns
    -------
    ndarray, shape (..., K)
    """
    d = _checks.eigenvalues(eigenvalues)
    return ((d >= _parameter("threshold", threshold)) & (d > 0)).astype(float)


# --- Labels kept in the mixture ---------------------------------------------------------------


@_checks.finite_result
def label_mixing(eigenvalues, multiplier, label_weight, fits):
    """Return b_n, what n fits keep whose targets mix the labels with the fit before.

    b_1 = s and b_n = s (a + (1 - a) b_{n-1}), a the label weight: each fit after the first has the
    targets a y + (1 - a) f. Borup and Andersen (2021) call the weight alpha. For 0 < a <= 1 the
    limit is one ridge fit with multiplier c / a, so nothing collapses (Filters,
    ``prp-label-mixing``).

    Parameters
    ----------
    eigenvalues, multiplier
        As in :func:`ridge`.
    label_weight : array_like, shape (...)
        a: 0 is self-distillation, 1 one ridge fit, again and again. Other numbers are allowed for
        finitely many fits.
    fits : array_like, shape (...)
        Whole numbers n of at least 1, or infinity for the limit.

    Returns
    -------
    ndarray, shape (..., K)
    """
    s, left = _kept_and_left(eigenvalues, multiplier)
    a = _checks.real_array("label_weight", label_weight)[..., None]
    n = _whole_fits(fits)
    if np.any(np.isinf(n) & ((a < 0) | (a > 1))):
        raise ValueError("label_weight must lie in [0, 1] where fits is infinite")
    q, lost = (1 - a) * s, left + a * s
    with np.errstate(invalid="ignore"):  # infinitely many fits without a label
        mixed = np.where(a == 0, 0.0, a * geometric_sum(q, lost, n - 1))
    return s * (mixed + power(q, lost, n - 1))


@_checks.finite_result
def teacher_mixing(eigenvalues, multiplier, teacher_weight):
    """Return s (1 - w (1 - s)), one round in which the teacher has the weight w.

    The targets of the second fit are (1 - w) y + w f: label mixing with two fits and the label
    weight 1 - w. Das and Sanghavi (2023) call the weight xi; Dang, Patil and Rinaldo (2026) let it
    be any real number.

    Parameters
    ----------
    eigenvalues, multiplier
        As in :func:`ridge`.
    teacher_weight : array_like, shape (...)
        w, any real number.

    Returns
    -------
    ndarray, shape (..., K)
    """
    w = _checks.real_array("teacher_weight", teacher_weight)[..., None]
    s, left = _kept_and_left(eigenvalues, multiplier)
    return s * (1 - w * left)


@_checks.finite_result
def weighted_fits(eigenvalues, multiplier, weights):
    """Return sum_j w_j s^j, the mixture of the first n fits of self-distillation.

    With weights that sum to 1 these are the filters of n - 1 rounds whose targets are free mixtures
    of the labels and the fits before (Pareek, Du and Oh 2024).

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
    multiplier : float
    weights : array_like, shape (..., n)
        w_1 ... w_n.

    Returns
    -------
    ndarray, shape (..., K)
    """
    weights = np.atleast_1d(_checks.real_array("weights", weights))
    s = ridge(eigenvalues, _checks.real_number("multiplier", multiplier))
    return weights @ s ** np.arange(1, weights.shape[-1] + 1)[:, None]


@_checks.finite_result
def generation_noise(eigenvalues, multiplier, label_weight, fits):
    """Return the share of fresh noise in the variance of fit n, if each generation adds its own.

    b_n as in :func:`label_mixing`, but each fit hands on its values plus new noise: the targets are
    a y + (1 - a)(f + noise). With q = (1 - a) s the noises of all generations add
    q^2 + q^4 + ... + q^(2(n-1)) times the variance of one (After the paper,
    ``prp-generations``).

    Parameters
    ----------
    eigenvalues, multiplier, label_weight
        As in :func:`label_mixing`.
    fits : array_like, shape (...)
        Whole numbers n of at least 1.

    Returns
    -------
    ndarray, shape (..., K)
    """
    s, left = _kept_and_left(eigenvalues, multiplier)
    a = _checks.real_array("label_weight", label_weight)[..., None]
    n = _whole_fits(fits)
    if np.isinf(n).any():
        raise ValueError("fits must be finite")
    square, lost = ((1 - a) * s) ** 2, (left + a * s) * (left + (2 - a) * s)  # 1 - q^2
    return square * geometric_sum(square, lost, n - 1)


# --- Risk, and what is best -------------------------------------------------------------------


@_checks.finite_result
def expected_risk(filters, signal, noise_variance):
    """Return the mean squared error at the training points that a filter has on average.

    (1/K) sum_k ((1 - phi_k)^2 theta_k^2 + phi_k^2 v_k): what the filter phi takes from the signal,
    and what it leaves of the noise. The filter must not depend on the noise, so this is not the
    risk of a chain with a fixed tolerance.

    Parameters
    ----------
    filters : array_like, shape (..., K)
    signal : array_like, shape (K,)
        theta, the values without noise in the eigenbasis of G, in units of the labels.
    noise_variance : float or array_like, shape (K,)
        v, in squared units of the labels.

    Returns
    -------
    float or ndarray, shape (...)
        In squared units of the labels.
    """
    theta, v = _signal_and_noise(signal, noise_variance)
    phi = _checks.real_array("filters", filters)
    if phi.ndim == 0 or phi.shape[-1] != theta.size:
        raise ValueError(f"filters must have shape (..., {theta.size}), not {phi.shape}")
    return np.mean(((1 - phi) * theta) ** 2 + phi**2 * v, axis=-1)[()]


@_checks.finite_result
def wiener(signal, noise_variance, eigenvalues=None):
    """Return theta^2 / (theta^2 + v), the filter with the least expected risk of all.

    Parameters
    ----------
    signal, noise_variance
        As in :func:`expected_risk`.
    eigenvalues : array_like, shape (K,), optional
        If given, the best among functions of the eigenvalue: theta^2 and v are summed over equal
        eigenvalues, and eigenvalue zero is out of reach.

    Returns
    -------
    ndarray, shape (K,)
        Zero where there is neither signal nor noise.
    """
    theta, v = _signal_and_noise(signal, noise_variance)
    square = theta**2
    v = np.broadcast_to(v, square.shape)
    if eigenvalues is not None:
        d = _eigenvalues_of(theta, eigenvalues)
        _, space = np.unique(d, return_inverse=True)
        square, v = (np.bincount(space, part)[space] for part in (square * (d > 0), v))
    return _divide(square, square + v)


@_checks.finite_result
def best_teacher_weight(eigenvalues, multiplier, signal, noise_variance):
    """Return the weight of the teacher with which one round has the least expected risk.

    With g = s (1 - s) it is sum g (v s - theta^2 (1 - s)) / sum g^2 (theta^2 + v); its sign is
    opposite to that of the derivative of the teacher's risk by its multiplier (After the paper,
    ``prp-teacher-weight``).

    Parameters
    ----------
    eigenvalues, multiplier
        As in :func:`ridge`.
    signal, noise_variance
        As in :func:`expected_risk`.

    Returns
    -------
    float or ndarray, shape (...)
        Zero where the weight makes no difference.
    """
    theta, v = _signal_and_noise(signal, noise_variance)
    s, left = _kept_and_left(_eigenvalues_of(theta, eigenvalues), multiplier)
    g = s * left
    gain = np.sum(g * (v * s - theta**2 * left), axis=-1)
    return _divide(gain, np.sum(g**2 * (theta**2 + v), axis=-1))[()]


@_checks.finite_result
def best_weighted_fits(eigenvalues, multiplier, signal, noise_variance, fits):
    """Return the mixtures sum_j w_j s^j, sum w = 1, of least expected risk for 1 ... n fits.

    Such a filter is s - s (1 - s) p(s) with any polynomial p of degree n - 2, so the best one is a
    least-squares projection (After the paper, ``thm-free-weights``). The powers of s are nearly
    dependent, and the k x k equations for the weights square that: after a few rounds they lose
    most digits of double precision. Here the polynomials are made orthogonal one after the other
    instead, which costs the filters no digit.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
    multiplier : float
    signal, noise_variance
        As in :func:`expected_risk`.
    fits : int
        n, at least 1.

    Returns
    -------
    filters : ndarray, shape (n, K)
        Row j - 1 is the best filter with j fits; the first is :func:`ridge`. With one fit more than
        there are eigenvalues it is :func:`wiener`.
    weights : ndarray, shape (n, n)
        Row j - 1 holds its w_1 ... w_j, then zeros. They grow fast and have both signs, so
        :func:`weighted_fits` gives the filter back with fewer digits.
    """
    theta, v = _signal_and_noise(signal, noise_variance)
    n = _checks.whole_number("fits", fits, minimum=1)
    c = _checks.real_number("multiplier", multiplier)
    s, left = _kept_and_left(_eigenvalues_of(theta, eigenvalues), c)
    energy = theta**2 + v
    filters, weights = np.tile(s, (n, 1)), np.zeros((n, n))
    weights[:, 0] = 1.0
    for j, (p, coefficients) in enumerate(_orthogonal_polynomials(s, left, energy, n), 1):
        amount = np.sum(p * (energy * filters[j] - theta**2))
        filters[j:] -= amount * p
        weights[j:] -= amount * coefficients
    return filters, weights


def _orthogonal_polynomials(s, left, energy, fits):
    """Yield s (1 - s) times polynomials in s of degree 0, 1, ..., orthonormal with weight energy.

    Values at s, and the coefficients of s^1 ... s^n. Each is s times the one before, made
    orthogonal to all before (Arnoldi); the end is where nothing new is left.
    """
    found = []
    unit = np.max(s * left) or 1.0
    p, coefficients = s * left, np.eye(fits)[0] - np.eye(fits)[min(1, fits - 1)]
    p, coefficients = p / unit, coefficients / unit
    for _ in range(fits - 1):
        before = np.sqrt(np.sum(energy * p**2))
        for _ in range(2):  # once more, for the digits that the first time has lost
            for q, of_q in found:
                share = np.sum(energy * q * p)
                p, coefficients = p - share * q, coefficients - share * of_q
        norm = np.sqrt(np.sum(energy * p**2))
        if not norm > _EXHAUSTED * before:
            return
        found.append((p / norm, coefficients / norm))
        yield found[-1]
        p, coefficients = s * found[-1][0], np.roll(found[-1][1], 1)


def tune(filter_of, signal, noise_variance, interval):
    """Return the parameter in an interval whose filter has the least expected risk, and that risk.

    Parameters
    ----------
    filter_of : callable
        From parameters (n,) to filters (n, K), for instance
        ``lambda c: boosting(eigenvalues, c, 2)``.
    signal, noise_variance
        As in :func:`expected_risk`.
    interval : (float, float)
        Positive numbers; the search is on a logarithmic scale.

    Returns
    -------
    parameter, risk : float
    """
    if not callable(filter_of):
        raise TypeError(f"filter_of must be a function of parameters, not {filter_of!r}")
    interval = _checks.real_array("interval", interval)
    if interval.shape != (2,) or not 0 < interval[0] < interval[1]:
        raise ValueError("interval must be two positive, rising numbers")
    low, high = interval

    def risks(parameters):
        return expected_risk(filter_of(parameters), signal, noise_variance)

    return least(risks, np.log(low), np.log(high), points=_TUNING_GRID, accuracy=1e-9)


# --- Arguments --------------------------------------------------------------------------------


def _parameter(name, value, finite=False):
    """Return an array (..., 1) of numbers in [0, inf]."""
    array = _checks.real_array(name, value, finite=finite)
    if not (array >= 0).all():
        raise ValueError(f"{name} must not be negative, nor NaN")
    _checks.within_range(name, array[array < np.inf])
    return array[..., None]


def _fits(value):
    array = _checks.real_array("fits", value)
    if not (array > 0).all():
        raise ValueError("fits must be positive")
    return array[..., None]


def _whole_fits(value):
    array = _checks.real_array("fits", value, finite=False)
    if not ((array >= 1) & ((array == np.floor(array)) | np.isinf(array))).all():
        raise ValueError("fits must be whole numbers of at least 1")
    return array[..., None]


def _signal_and_noise(signal, noise_variance):
    theta = _checks.real_array("signal", signal, ndim=1)
    v = _checks.real_array("noise_variance", noise_variance, ndim=(0, 1))
    if v.ndim and v.shape != theta.shape:
        raise ValueError(f"noise_variance must be a number or have shape {theta.shape}")
    if not (v >= 0).all():
        raise ValueError("noise_variance must not be negative")
    return theta, v


def _eigenvalues_of(signal, eigenvalues):
    d = _checks.eigenvalues(eigenvalues)
    if d.shape != signal.shape:
        raise ValueError(f"eigenvalues must have the shape of the signal, {signal.shape}")
    return d


def _divide(numerator, denominator):
    """Return the quotient, and zero where the numerator is zero or the denominator infinite."""
    quotient = np.zeros(np.broadcast_shapes(np.shape(numerator), np.shape(denominator)))
    return np.divide(numerator, denominator, out=quotient, where=np.not_equal(numerator, 0))
