"""The ratios of the filters: how much sparser the directions become."""

import math

import numpy as np

from sdtutorial import _checks
from sdtutorial.bounds import _arguments
from sdtutorial.bounds.multipliers import log_energy_shares, lower_order, power_mean
from sdtutorial.bounds.rounds import guaranteed_rounds

# Beyond these exponents a ratio leaves the range of normal double precision numbers.
_LARGEST_EXPONENT = 709.0
_SMALLEST_EXPONENT = -708.0
_LARGEST = np.finfo(float).max

# The panels of the quadrature in collapse_sparsity are at most 4 wide on a logarithmic axis, and
# the nearest singularity is pi away from the axis: 20 nodes leave an error below 1e-20.
_PANEL_WIDTH = 4.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)

# exp(-40) is below machine epsilon: what the quadrature leaves out beyond this depth is rounding.
_DEPTH = 40.0


def sparsity_ratio_power(eigenvalues, multiplier, t, *, log=False):
    r"""Return bounds on the ratios of the filters after t rounds, from the first multiplier alone.

    .. math:: \frac{B_{t-1}[k]}{B_{t-1}[j]} \ge \left( \frac{A_0[k]}{A_0[j]} \right)^t
              = \left( \frac{1 + c_0 / d_j}{1 + c_0 / d_k} \right)^t \qquad (d_k > d_j)

    Sharper than Theorem 5 of the paper, equation (20), and without its condition on t: it holds for
    every t <= T, because the multipliers grow from round to round. Proved in the book's
    ``sparsification``, ``thm-sparsity-power``.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues of the Gram matrix divided by K, in any order, not negative.
    multiplier : float
        c_0, the multiplier of the first round, in units of the eigenvalues; or any lower bound of
        it.
    t : float
        Number of rounds, at least 0.
    log : bool
        Whether to return natural logarithms of the bounds, which never leave the range of floats.

    Returns
    -------
    ndarray, shape (K, K)
        Entry [k, j] bounds B_{t-1}[k]/B_{t-1}[j]: from below where d_k > d_j, from above, by the
        reciprocal, where d_k < d_j; 1 where d_k = d_j. A finite value beyond the range of floats is
        replaced by e^709, its reciprocal by e^-708: still a bound. Against an eigenvalue of zero
        the ratio is truly infinite.

    Raises
    ------
    TypeError, ValueError
        The eigenvalues are not a vector of finite numbers >= 0 with a positive one among them, the
        multiplier is not positive and finite, or t is not a finite number >= 0.

    Examples
    --------
    >>> sparsity_ratio_power([1.0, 4.0], 2.0, 2).tolist()
    [[1.0, 0.25], [4.0, 1.0]]
    """
    d = _arguments.spectrum(eigenvalues)
    c = _checks.positive_number("multiplier", multiplier)
    return _ratios(_times(_arguments.rounds(t), _log_filter_ratios(d, c)), log)


def sparsity_ratio_product(eigenvalues, norm_ratios, *, coordinates=None, log=False):
    r"""Return bounds on the ratios of the filters after t rounds, with one factor for each round.

    .. math:: \frac{B_{t-1}[k]}{B_{t-1}[j]} \ge
              \prod_{i=0}^{t-1} \frac{s_i - 1 + d_{\min}/d_j}{s_i - 1 + d_{\min}/d_k}
              \qquad (d_k > d_j, \ s_i \ge r_i)

    Theorem 5 of the paper round by round: its equation (20) is s_i = r_0. Known beforehand is
    s_i = sqrt(r_0^2 - i). With the coordinates of the labels the power mean M_{-q} of
    ``label_multiplier_interval``, q = 2 - 2/s_0, replaces d_min, and the bounds are sharper. Proved
    in the book's ``sparsification``, ``thm-sparsity-product``.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues of the Gram matrix divided by K, in any order, not negative.
    norm_ratios : array_like, shape (t,)
        s_0, ..., s_{t-1}, upper bounds of the norm ratios of the rounds, each above 1: a round
        exists only while r_i > 1.
    coordinates : array_like, shape (K,), optional
        z_0, one label vector in the eigenbasis, not zero; only its direction matters.
    log : bool
        Whether to return natural logarithms of the bounds, which never leave the range of floats.

    Returns
    -------
    ndarray, shape (K, K)
        As ``sparsity_ratio_power``. Where d_min = 0 nothing is known but 1 for pairs of positive
        eigenvalues; with coordinates only where such a direction carries label energy.

    Raises
    ------
    TypeError, ValueError
        The eigenvalues are not a vector of finite numbers >= 0 with a positive one among them,
        the norm ratios are not a vector of finite numbers above 1, or the coordinates are not a
        vector of the same length with a number other than 0.

    Examples
    --------
    >>> sparsity_ratio_product([1.0, 4.0], [3.0, 2.0]).round(3).tolist()
    [[1.0, 0.469], [2.133, 1.0]]
    >>> sparsity_ratio_product([1.0, 4.0], [3.0, 2.0], coordinates=[1.0, 3.0]).round(3).tolist()
    [[1.0, 0.246], [4.066, 1.0]]
    """
    d = _arguments.spectrum(eigenvalues)
    s = _checks.real_array("norm_ratios", norm_ratios, ndim=1)
    if np.any(s <= 1):
        raise ValueError(f"norm_ratios must all be above 1, but the smallest is {s.min()}")
    mean = d.min() if coordinates is None else _label_mean(d, coordinates, s.max(initial=1.0))
    logs = np.zeros((d.size, d.size))
    for excess in s - 1.0:
        logs = logs + _log_filter_ratios(d, mean / excess)
    return _ratios(logs, log)


def sparsity_ratio_bound(eigenvalues, norm_ratio, t, *, log=False):
    r"""Return the paper's bounds on the ratios of the filters after t rounds.

    .. math:: \frac{B_{t-1}[k]}{B_{t-1}[j]} \ge
              \left( \frac{r_0 - 1 + d_{\min}/d_j}{r_0 - 1 + d_{\min}/d_k} \right)^t
              \qquad (d_k > d_j)

    Theorem 5 and equation (20) of the paper. Its condition t <= (r_0 - 1)/kappa is not needed: it
    holds for every t <= T, and follows from the sharper ``thm-sparsity-power`` of the book's
    ``sparsification``.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues of the Gram matrix divided by K, in any order, not negative.
    norm_ratio : float
        r_0 = ||y_0|| / sqrt(K epsilon), without unit.
    t : float
        Number of rounds, at least 0.
    log : bool
        Whether to return natural logarithms of the bounds, which never leave the range of floats.

    Returns
    -------
    ndarray, shape (K, K)
        As ``sparsity_ratio_power``. Where d_min = 0 nothing is known but 1 for pairs of positive
        eigenvalues.

    Raises
    ------
    TypeError, ValueError
        The eigenvalues are not a vector of finite numbers >= 0 with a positive one among them, the
        norm ratio is negative or not finite, t is not a finite number >= 0, or t is positive
        although r_0 <= 1: then there is no round.

    Examples
    --------
    >>> sparsity_ratio_bound([1.0, 4.0], 3.0, 2).round(3).tolist()
    [[1.0, 0.562], [1.778, 1.0]]
    """
    d = _arguments.spectrum(eigenvalues)
    c = _smallest_multiplier(d, norm_ratio, t)
    return _ratios(_times(_arguments.rounds(t), _log_filter_ratios(d, c)), log)


def sparsity_index(eigenvalues, norm_ratio, t=None):
    r"""Return the paper's sparsity index: the least bound between neighbouring eigenvalues.

    .. math:: S = \min_{k < K} \left(
              \frac{r_0 - 1 + d_{\min}/d_k}{r_0 - 1 + d_{\min}/d_{k+1}} \right)^t
              \qquad (d_1 \le \dots \le d_K)

    Equation (23) of the paper; (24) with t = (r_0 - 1)/kappa, the number of rounds guaranteed by
    Proposition 4, which is the default. In this form it grows as the tolerance falls, towards
    ``sparsity_index_limit``: Theorem 6 of the paper, proved in the book's ``sparsification``,
    ``thm-sparsity-index``. It is an index of a bound, not of the filter itself: the filter has no
    such limit (``collapse_sparsity``).

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues of the Gram matrix divided by K, in any order, not negative; at least two.
    norm_ratio : float
        r_0 = ||y_0|| / sqrt(K epsilon), without unit.
    t : float, optional
        Number of rounds, at least 0.

    Returns
    -------
    float
        The index, at least 1; exactly 1 where two eigenvalues are equal. Beyond the range of floats
        it is e^709.

    Raises
    ------
    TypeError, ValueError
        As ``sparsity_ratio_bound``, or fewer than two eigenvalues.

    Examples
    --------
    >>> round(sparsity_index([1.0, 2.0, 4.0], 5.0), 4)
    1.0588
    """
    d = np.sort(_arguments.at_least_two(eigenvalues))
    if t is None:
        with np.errstate(divide="ignore", over="ignore"):  # a singular matrix guarantees nothing
            t = guaranteed_rounds(_checks.real_number("norm_ratio", norm_ratio), d[-1] / d[0])
    c = _smallest_multiplier(d, norm_ratio, t)
    least = _log_filter_ratio(d[1:], d[:-1], c).min()
    return math.exp(min(_times(_arguments.rounds(t), least), _LARGEST_EXPONENT))


def sparsity_index_limit(eigenvalues):
    r"""Return the limit of the paper's sparsity index as the tolerance falls to zero.

    .. math:: \lim_{\epsilon \to 0} S = \exp\left( \frac{d_{\min}}{\kappa}
              \min_{k < K} \left( \frac{1}{d_k} - \frac{1}{d_{k+1}} \right) \right)

    Theorem 6 of the paper; proved in the book's ``sparsification``, ``thm-sparsity-index``.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues of the Gram matrix divided by K, in any order, not negative; at least two.

    Returns
    -------
    float
        The limit, between 1 and e; exactly 1 where two eigenvalues are equal or the smallest is 0.

    Raises
    ------
    TypeError, ValueError
        The eigenvalues are not a vector of at least two finite numbers >= 0 with a positive one
        among them.

    Examples
    --------
    >>> round(sparsity_index_limit([1.0, 2.0, 4.0]), 4)
    1.0645
    """
    d = np.sort(_arguments.at_least_two(eigenvalues))
    if d[0] == 0:
        return 1.0
    with np.errstate(under="ignore"):
        gaps = d[0] / d[:-1] * ((d[1:] - d[:-1]) / d[1:])
        return math.exp(d[0] / d[-1] * gaps.min())


def collapse_sparsity(eigenvalues, top_ratio, norm_ratio):
    r"""Return bounds on the sparsity that a chain has reached at its last round before collapse.

    With d_m the largest eigenvalue, h_0 = ||z_{0,m}|| / sqrt(K epsilon) for the part of the labels
    in its eigenspace, mu_j = d_m/d_j, mu_k = d_m/d_k and Delta = mu_j - mu_k, for d_k > d_j:

    .. math:: \int_1^{h_0} \frac{\ln\frac{h - 1 + \mu_j}{h - 1 + \mu_k}}{\ln\frac{h}{h - 1}}
              \frac{dh}{h} \le \ln \frac{B_{T-1}[k]}{B_{T-1}[j]}
              \le \Delta \ln r_0 + \ln \frac{d_k}{d_j}

    As the tolerance falls both ends are (Delta/2) ln(1/epsilon) plus a bounded term: the sparsity
    of the pair grows like epsilon^(-Delta/2), while Theorem 6 of the paper ends at a finite number.
    Proved in the book's ``sparsification``, ``thm-sparsity-growth``, for r_0 > 1.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues of the Gram matrix divided by K, in any order, not negative. The largest one
        given is d_m: leave out those above the last direction with label energy.
    top_ratio : float
        h_0 of this d_m, without unit, at least 0 and at most r_0; or any lower bound of it, such as
        the part in one direction of the eigenspace.
    norm_ratio : float
        r_0 = ||z_0|| / sqrt(K epsilon), without unit.

    Returns
    -------
    lower, upper : ndarray, shape (K, K)
        Natural logarithms: lower[k, j] <= ln(B_{T-1}[k]/B_{T-1}[j]) <= upper[k, j] for every pair.
        Where d_k > d_j these are the two ends above, and the lower one is 0 for h_0 <= 1; where
        d_k < d_j they change places and sign; where d_k = d_j both are 0. Against an eigenvalue of
        zero both are infinite. For r_0 <= 1 there is no round, and all are 0.

    Raises
    ------
    TypeError, ValueError
        The eigenvalues are not a vector of finite numbers >= 0 with a positive one among them, a
        ratio is not one finite number >= 0, or top_ratio exceeds norm_ratio by more than rounding.

    Notes
    -----
    The integral is computed by a fixed Gauss rule in ln(h - 1), to a relative 1e-10.

    Examples
    --------
    >>> lower, upper = collapse_sparsity([1.0, 2.0], top_ratio=100.0, norm_ratio=150.0)
    >>> print(f"{lower[1, 0]:.3f} {upper[1, 0]:.3f}")
    3.759 5.704
    """
    d = _arguments.spectrum(eigenvalues)
    height = _arguments.norm_ratio("top_ratio", top_ratio)
    r = _arguments.norm_ratio("norm_ratio", norm_ratio)
    if height > r * (1.0 + 1e-9):
        raise ValueError(f"top_ratio must not exceed norm_ratio, but {height} > {r}")
    lower, upper = np.zeros((2, d.size, d.size))
    if r <= 1:
        return lower, upper
    k, j = np.nonzero(np.greater.outer(d, d))
    with np.errstate(divide="ignore", over="ignore"):  # d_j = 0 is a ratio that is infinite
        gap = (d[k] - d[j]) / d[j]  # d_k/d_j - 1
        mu = d.max() / d[k]
        delta = mu * gap
        growth = _growth_integral(delta, mu, height)
        growth[d[j] == 0] = np.inf
        ceiling = delta * math.log(r) + np.log1p(gap)
    lower[k, j], upper[k, j] = growth, ceiling
    lower[j, k], upper[j, k] = -ceiling, -growth
    return lower, upper


def _growth_integral(delta, mu, height):
    """Integrate ln(1 + delta/(w + mu)) / ln(1 + 1/w) dw/(1 + w) up to height - 1, w = h - 1."""
    total = np.zeros_like(delta)
    if height <= 1:
        return total
    # In x = ln w the integrand is analytic within pi of the axis and falls like e^x on the left.
    end = math.log(height - 1.0)
    start = min(end, 0.0) - _DEPTH
    edges = np.linspace(start, end, math.ceil((end - start) / _PANEL_WIDTH) + 1)
    half = (edges[1] - edges[0]) / 2
    # An overflowing delta would turn a lower bound into infinity.
    delta = np.minimum(delta, np.finfo(float).max)
    for middle in (edges[1:] + edges[:-1]) / 2:
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            w = math.exp(middle + half * node)
            scale = half * weight * w / ((1.0 + w) * math.log1p(1.0 / w))
            total += scale * np.log1p(delta / (w + mu))
    return total


def _log_filter_ratio(d_k, d_j, c):
    """Return ln(A[k]/A[j]) = ln((1 + c/d_j)/(1 + c/d_k)) for d_k >= d_j at the multiplier c."""
    with np.errstate(all="ignore"):  # d_j = 0 and overflow are replaced below
        excess = (d_k - d_j) / (d_k + c) * (c / d_j)
        large = (d_k - d_j) / d_j / (1 + d_k / c)
        excess = np.where(np.isfinite(d_k + c) & np.isfinite(c / d_j), excess, large)
        beyond = np.log(d_k - d_j) - np.log(d_j) - np.logaddexp(0.0, np.log(d_k) - np.log(c))
        logarithm = np.where(excess < _checks.LARGEST, np.log1p(excess), beyond)
    return np.where(d_k == d_j, 0.0, np.where(d_j > 0, logarithm, np.inf))


def _log_filter_ratios(d, c):
    """Return the (K, K) logarithms of A[k]/A[j] at the multiplier c, antisymmetric."""
    size = _log_filter_ratio(np.maximum.outer(d, d), np.minimum.outer(d, d), c)
    return np.where(np.greater_equal.outer(d, d), size, -size)


def _times(t, logs):
    """Multiply logarithms by the number of rounds; no round at all makes every ratio 1."""
    if t == 0:
        return np.zeros_like(logs)
    with np.errstate(over="ignore"):
        return np.where(np.isinf(logs), logs, np.clip(t * logs, -_LARGEST, _LARGEST))


def _ratios(logs, log):
    """Turn logarithms into ratios that stay bounds where they leave the range of floats."""
    if log:
        return logs
    return np.exp(
        np.where(np.isinf(logs), logs, np.clip(logs, _SMALLEST_EXPONENT, _LARGEST_EXPONENT))
    )


def _label_mean(d, coordinates, largest_ratio):
    """Return the power mean M_{-q}, q = 2 - 2/s: c_i >= M_{-q}/(r_i - 1) while r_i <= s."""
    z = _arguments.one_label_vector(coordinates, d.size)
    if not z.any():
        raise ValueError("coordinates must not all be zero")
    return power_mean(d, log_energy_shares(z), lower_order(largest_ratio))


def _smallest_multiplier(d, norm_ratio, t):
    """Return d_min/(r_0 - 1), which no multiplier of the chain falls below."""
    r = _arguments.norm_ratio("norm_ratio", norm_ratio)
    if r > 1:
        return d.min() / (r - 1.0)
    if _arguments.rounds(t) > 0:
        raise ValueError(f"norm_ratio must be above 1 where there is a round, not {r}")
    return 0.0
