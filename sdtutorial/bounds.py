r"""Every bound of the paper on the chain of rounds, and the sharper ones, as pure functions.

Notation. A chain fits its own predictions again and again at one fixed tolerance ``epsilon``. It is
described by the eigenvalues d_1, ..., d_K of the Gram matrix divided by K and by the coordinates
z_0 of the labels in the eigenbasis. Round t has the multiplier c_t and the filter
A_t = D (c_t I + D)^{-1}, and z_{t+1} = A_t z_t. The norm ratio r_t = ||z_t|| / sqrt(K epsilon) says
how far the targets are from collapse: while r_t > 1 there is a round t, and T counts these rounds.
B_t = A_0 ... A_t is the filter after t + 1 rounds.

Three conventions hold throughout.

* "The eigenvalues" of a bound are those of the directions that carry label energy, z_0[k] != 0.
  Others may be given too: then d_min is smaller or d_max larger, and the bound holds but says less.
* An eigenvalue of zero is a direction that no fit can reach. Its filter is 0 from the first round
  on, so its ratio to any other is infinite; pairs of such directions have ratio 1.
* A (K, K) result has a bound on B[k]/B[j] in entry [k, j]. Exchanging k and j inverts a bound, so
  the lower bounds, in the entries with d_k > d_j, meet their reciprocals across the diagonal, and
  those are upper bounds. Equal eigenvalues give 1.

Logarithms of ratios are evaluated with ``log1p``: differences of logarithms would cancel. No
function emits a numerical warning.

The paper is Mobahi, Farajtabar and Bartlett, "Self-Distillation Amplifies Regularization in Hilbert
Space", NeurIPS 2020. Names such as ``prp-norm-bound`` are labels in the book.
"""

import decimal
import math
from fractions import Fraction

import numpy as np
from scipy.integrate import quad_vec

from sdtutorial import _checks

# Beyond these exponents a ratio leaves the range of normal double precision numbers.
_LARGEST_EXPONENT = 709.0
_SMALLEST_EXPONENT = -708.0

# Eigenvalues within this relative distance are treated as one eigenspace, see rounds_upper_bound.
_SAME_EIGENSPACE = 1e-8

# rounds_limit is good to a relative 1e-10; this much is added where it must not be too small.
_LENGTH_ALLOWANCE = 1e-9

# The panels of the quadrature in collapse_sparsity are at most 4 wide on a logarithmic axis, and
# the nearest singularity is pi away from the axis: 20 nodes leave an error below 1e-20.
_PANEL_WIDTH = 4.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)

# exp(-40) is below machine epsilon: what a quadrature leaves out beyond this depth is rounding.
_DEPTH = 40.0


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
    d = _spectrum(eigenvalues)
    r = _norm_ratios("norm_ratio", norm_ratio)
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
    d = _spectrum(eigenvalues)
    z = _checks.coordinates(coordinates, d.size)
    r = _norm_ratios("norm_ratio", norm_ratio)
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
    return _plain(lower), _plain(upper)


def norm_ratio_bound(t, norm_ratio, condition_number):
    r"""Return a lower bound on the norm ratio r_t of the targets after t rounds.

    .. math:: r_t \ge a^t r_0 - b \, \frac{a^t - 1}{a - 1}, \quad
              a = \frac{(r_0 - 1)^2 + \kappa (2 r_0 - 1)}{(r_0 - 1 + \kappa)^2}, \quad
              b = \frac{r_0^2 \kappa}{(r_0 - 1 + \kappa)^2}

    Proposition 3 of the paper, divided by sqrt(K epsilon); proved in the book's ``collapse_bound``,
    ``prp-norm-bound``, for every whole number t >= 0, collapse included. It needs r_0 > 1 and
    kappa = d_max / d_min over the directions that carry label energy.

    Parameters
    ----------
    t : int or array_like
        Number of rounds, at least 0; the formula is evaluated for fractions too.
    norm_ratio : float or array_like
        r_0 = ||y_0|| / sqrt(K epsilon), without unit.
    condition_number : float or array_like
        kappa, at least 1; infinity stands for a singular Gram matrix.

    Returns
    -------
    float or ndarray
        The bound, of the shape to which the arguments broadcast. It falls below zero when it has
        nothing more to say. At kappa = 1 it is the limit r_0 - t. For r_0 <= 1 there is no round
        and the value is exact: r_0 at t = 0 and 0 afterwards.

    Raises
    ------
    TypeError, ValueError
        An argument is not real, t or r_0 is negative or not finite, kappa is below 1, or the shapes
        do not fit.

    Examples
    --------
    >>> norm_ratio_bound([0, 1, 2], 4.0, 1.0).tolist()
    [4.0, 3.0, 2.0]
    >>> round(norm_ratio_bound(1, 4.0, 9.0), 6)  # is attained: r_0 (r_0 - 1) / (r_0 - 1 + kappa)
    1.0
    """
    t = _norm_ratios("t", t)
    r = _norm_ratios("norm_ratio", norm_ratio)
    kappa = _condition_numbers(condition_number)
    try:
        t, r, kappa = np.broadcast_arrays(t, r, kappa)
    except ValueError:
        raise ValueError(
            "t, norm_ratio and condition_number must have shapes that broadcast together, not "
            f"{t.shape}, {r.shape} and {kappa.shape}"
        ) from None
    with np.errstate(all="ignore"):  # r_0 <= 1 and an infinite kappa are replaced at the end
        n = r - 1.0 + kappa
        q = kappa / n
        one_minus_a = q * (kappa - 1.0) / n
        a = ((r - 1.0) / n) ** 2 + q * ((2.0 * r - 1.0) / n)
        log_a = np.where(one_minus_a < 0.5, np.log1p(-one_minus_a), np.log(a))
        # (a^t - 1)/(a - 1) = (1 - a^t)/(1 - a) and b/(1 - a) = r_0^2/(kappa - 1)
        fallen = -np.expm1(t * log_a)
        bound = r * np.exp(t * log_a) - r * (r * (fallen / (kappa - 1.0)))
        bound = np.where(kappa == 1, r - t, bound)
        bound = np.where((r <= 1) | np.isinf(kappa), 0.0, bound)
        bound = np.where(t == 0, r, bound)
    return _plain(bound)


def guaranteed_rounds(norm_ratio, condition_number):
    r"""Return a number of rounds for which the paper guarantees that nothing collapses.

    .. math:: T \ge \frac{r_0 - 1}{\kappa}

    Proposition 4 and equation (18) of the paper; proved in the book's ``collapse_bound``,
    ``prp-guaranteed-rounds``. ``rounds_interval`` is sharper: its lower end does not depend on
    kappa.

    Parameters
    ----------
    norm_ratio : float or array_like
        r_0 = ||y_0|| / sqrt(K epsilon), without unit.
    condition_number : float or array_like
        kappa = d_max / d_min, at least 1; infinity stands for a singular Gram matrix.

    Returns
    -------
    float or ndarray
        (r_0 - 1)/kappa, not rounded; 0 for r_0 <= 1.

    Raises
    ------
    TypeError, ValueError
        An argument is not real, r_0 is negative or not finite, kappa is below 1, or the shapes do
        not fit.

    Examples
    --------
    The spline example, where four rounds happen:

    >>> round(guaranteed_rounds(4.030601, 4470.698), 5)
    0.00068
    """
    r = _norm_ratios("norm_ratio", norm_ratio)
    kappa = _condition_numbers(condition_number)
    return _plain(np.maximum(r - 1.0, 0.0) / kappa)


def rounds_interval(norm_ratio):
    r"""Return the interval in which the number of rounds lies, whatever the kernel.

    .. math:: \lceil r_0 - 1 \rceil \le T \le \lceil r_0^2 - 1 \rceil \qquad (r_0 > 1)

    Sharper than Proposition 4 of the paper; proved in the book's ``collapse_bound``,
    ``thm-rounds-interval``. Equal eigenvalues attain the lower end. The upper end is attained with
    label energy (1 + 1/(2K)) K epsilon in each of K directions whose eigenvalues lie far apart.

    Parameters
    ----------
    norm_ratio : float
        r_0 = ||y_0|| / sqrt(K epsilon), without unit.

    Returns
    -------
    lower, upper : int
        The two ends; (0, 0) for r_0 <= 1, where the labels themselves are collapsed.

    Raises
    ------
    TypeError, ValueError
        The norm ratio is not one real number, or it is negative or not finite.

    Notes
    -----
    The upper end is exact for the number given: r_0^2 is not rounded. The lower end is that of a
    number smaller by four machine epsilons, so that an r_0 computed a little above a whole number
    does not promise a round too many. With equal eigenvalues and a whole r_0 the last target has
    r_T = 1, and the rounding of a chain may add one round to T.

    Examples
    --------
    >>> rounds_interval(4.030601)  # the spline example, where T = 4
    (4, 16)
    """
    r = float(_norm_ratios("norm_ratio", _checks.real_number("norm_ratio", norm_ratio)))
    if r <= 1:
        return 0, 0
    lower = math.ceil(r * (1.0 - 4.0 * np.finfo(float).eps)) - 1
    upper = math.ceil(Fraction(r) ** 2) - 1
    return lower, upper


def rounds_upper_bound(eigenvalues, coordinates, tolerance):
    r"""Return an upper bound on the number of rounds: the longest walk that the labels allow.

    .. math:: T \le \lceil \ell \rceil - 1, \qquad
              \ell = \frac{1}{\sqrt{K \epsilon}} \sum_e \lVert z_{0,e} \rVert,

    where e runs over the distinct eigenspaces and z_{0,e} is the part of the labels in e. Every
    round is a step of length sqrt(K epsilon), and no coordinate ever turns back. Since
    ell <= sqrt(K) r_0, T grows no faster than 1/sqrt(epsilon). Proved in the book's
    ``collapse_bound``, ``thm-rounds-interval``.

    Parameters
    ----------
    eigenvalues : (K,) array_like
        Eigenvalues of the Gram matrix divided by K, in any order, not negative.
    coordinates : (K,) array_like
        z_0, one label vector in the eigenbasis.
    tolerance : float
        epsilon, the mean squared residual of every round, in squared units of the labels.

    Returns
    -------
    int
        The bound; 0 where ||z_0||^2 <= K epsilon. ``rounds_curve_bound`` is sharper; the upper end
        of ``rounds_interval`` can be smaller than both.

    Raises
    ------
    TypeError, ValueError
        The eigenvalues are not a vector of finite numbers >= 0 with a positive one among them, the
        coordinates are not a vector of the same length, or the tolerance is not positive.

    Notes
    -----
    Eigenvalues within a relative 1e-8 count as one eigenspace. This is safe: the part of the path
    in directions whose eigenvalues differ by a factor q is at most q times as long as the norm of
    the labels there, and that norm is multiplied by q (proved beside the theorem). ell is computed
    with 60 digits from the numbers given, so an ell that is a whole number is seen as one.

    Examples
    --------
    >>> rounds_upper_bound([1.0, 2.0, 4.0], [1.0, -2.0, 1.5], 0.1)
    8
    """
    d = _spectrum(eigenvalues)
    z = _one_label_vector(coordinates, d.size)
    tolerance = _checks.positive_number("tolerance", tolerance)
    with decimal.localcontext(decimal.Context(prec=60)):
        energy = [decimal.Decimal(coordinate) ** 2 for coordinate in z.tolist()]
        allowed = d.size * decimal.Decimal(tolerance)
        if sum(energy) <= allowed:
            return 0
        length = decimal.Decimal(0)
        for members in _eigenspaces(d):
            smallest, largest = (decimal.Decimal(float(d[i])) for i in members[[0, -1]])
            stretch = largest / smallest if smallest > 0 else 1
            length += stretch * sum(energy[i] for i in members).sqrt()
        return math.ceil(length / allowed.sqrt()) - 1


def rounds_limit(eigenvalues, coordinates):
    r"""Return the limit of T / r_0 as the tolerance falls: an arc length divided by a norm.

    .. math:: \lim_{\epsilon \to 0} \frac{T}{r_0}
              = \frac{1}{\lVert z_0 \rVert} \int_0^\infty \lVert D^{-1} e^{-s D^{-1}} z_0 \rVert ds

    A round is an implicit Euler step, of fixed length sqrt(K epsilon), along the path
    s -> exp(-s D^{-1}) z_0 from the labels to zero. Proved in the book's ``collapse_bound``,
    ``thm-arc-length``. The value lies between 1 (one eigenspace) and
    sum_e ||z_{0,e}|| / ||z_0|| <= sqrt(K) (eigenvalues far apart).

    Parameters
    ----------
    eigenvalues : (K,) array_like
        Eigenvalues of the Gram matrix divided by K, in any order, not negative.
    coordinates : (K,) array_like
        z_0, one label vector in the eigenbasis; only its direction matters. Zeros are allowed.

    Returns
    -------
    float
        The limit, to a relative 1e-10. The part of the labels at eigenvalue zero, which the path
        leaves at once, counts with its length; but where there is such a part no tolerance below
        its mean square is feasible, and the limit belongs to no chain.

    Raises
    ------
    TypeError, ValueError
        The eigenvalues are not a vector of finite numbers >= 0 with a positive one among them, or
        the coordinates are not a vector of the same length with a number other than 0.

    Examples
    --------
    >>> round(rounds_limit([1.0, 1.0], [3.0, 4.0]), 9)
    1.0
    >>> round(rounds_limit([1e-12, 1.0], [3.0, 4.0]), 9)  # one leg after the other: (3 + 4)/5
    1.4
    """
    d = _spectrum(eigenvalues)
    z = _one_label_vector(coordinates, d.size)
    if not z.any():
        raise ValueError("coordinates must not all be zero")
    z = z / np.abs(z).max()
    reachable = (d > 0) & (z != 0)
    unreachable_length = math.hypot(*z[d == 0])
    d, z = d[reachable], np.abs(z[reachable])
    total = math.hypot(unreachable_length, *z)
    if d.size == 0:
        return 1.0
    # s = d_min (e^x - 1) is linear in x near the start and logarithmic far out, so that every scale
    # from d_min to d_max takes a stretch of x of about unit length.
    log_share = np.log(d.min()) - np.log(d)
    share = np.exp(log_share)

    def speed(x):  # ||D^{-1} z(s)|| ds/dx
        grown = x + log_share
        return math.hypot(*(z * np.exp(grown - (np.exp(grown) - share))))  # s/d = e^grown - share

    end = np.logaddexp(0.0, math.log(_DEPTH) - log_share.min())
    with np.errstate(all="ignore"):
        path, _ = quad_vec(speed, 0.0, end, epsabs=0.0, epsrel=1e-11, points=np.arange(1.0, end))
    # A path is at least as long as the straight line, and at most as long as its legs one by one.
    path = min(max(path, math.hypot(*z)), math.fsum(z))
    return float((unreachable_length + path) / total)


def rounds_curve_bound(eigenvalues, coordinates, tolerance):
    r"""Return an upper bound on the number of rounds: the length of the curve that they follow.

    .. math:: T \le \left\lceil \frac{\Lambda(z_0)}{\sqrt{K \epsilon}} \right\rceil - 1, \qquad
              \Lambda(z_0) = \int_0^\infty \lVert D^{-1} e^{-s D^{-1}} z_0 \rVert ds

    Every round shortens what is left of the curve by at least its own length sqrt(K epsilon).
    Proved in the book's ``collapse_bound``, ``thm-arc-length``, where it is also shown that T is
    smaller than this by no more than a multiple of ln T. Never above ``rounds_upper_bound``.

    Parameters
    ----------
    eigenvalues : (K,) array_like
        Eigenvalues of the Gram matrix divided by K, in any order, not negative.
    coordinates : (K,) array_like
        z_0, one label vector in the eigenbasis.
    tolerance : float
        epsilon, the mean squared residual of every round, in squared units of the labels.

    Returns
    -------
    int
        The bound; 0 where ||z_0||^2 <= K epsilon.

    Raises
    ------
    TypeError, ValueError
        As ``rounds_upper_bound``.

    Notes
    -----
    The length is that of ``rounds_limit``, lengthened by a relative 1e-9 so that its rounding does
    not cost a round.

    Examples
    --------
    >>> rounds_curve_bound([1.0, 2.0, 4.0], [1.0, -2.0, 1.5], 0.1)  # rounds_upper_bound gives 8
    5
    """
    longest = rounds_upper_bound(eigenvalues, coordinates, tolerance)
    if longest == 0:
        return 0
    z = np.asarray(coordinates, dtype=float)
    length = rounds_limit(eigenvalues, z) * math.hypot(*z) * (1.0 + _LENGTH_ALLOWANCE)
    steps = length / math.sqrt(z.size) / math.sqrt(tolerance)
    return min(longest, math.ceil(steps) - 1) if math.isfinite(steps) else longest


def sparsity_ratio_power(eigenvalues, multiplier, t, *, log=False):
    r"""Return bounds on the ratios of the filters after t rounds, from the first multiplier alone.

    .. math:: \frac{B_{t-1}[k]}{B_{t-1}[j]} \ge \left( \frac{A_0[k]}{A_0[j]} \right)^t
              = \left( \frac{1 + c_0 / d_j}{1 + c_0 / d_k} \right)^t \qquad (d_k > d_j)

    Sharper than Theorem 5 of the paper, equation (20), and without its condition on t: it holds for
    every t <= T, because the multipliers grow from round to round. Proved in the book's
    ``sparsification``, ``thm-sparsity-power``.

    Parameters
    ----------
    eigenvalues : (K,) array_like
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
    (K, K) ndarray
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
    d = _spectrum(eigenvalues)
    c = _checks.positive_number("multiplier", multiplier)
    return _ratios(_times(_rounds(t), _log_filter_ratios(d, c)), log)


def sparsity_ratio_product(eigenvalues, norm_ratios, *, log=False):
    r"""Return bounds on the ratios of the filters after t rounds, with one factor for each round.

    .. math:: \frac{B_{t-1}[k]}{B_{t-1}[j]} \ge
              \prod_{i=0}^{t-1} \frac{s_i - 1 + d_{\min}/d_j}{s_i - 1 + d_{\min}/d_k}
              \qquad (d_k > d_j, \ s_i \ge r_i)

    Theorem 5 of the paper round by round: its equation (20) is s_i = r_0. Known beforehand is
    s_i = sqrt(r_0^2 - i). Proved in the book's ``sparsification``, ``thm-sparsity-product``.

    Parameters
    ----------
    eigenvalues : (K,) array_like
        Eigenvalues of the Gram matrix divided by K, in any order, not negative.
    norm_ratios : (t,) array_like
        s_0, ..., s_{t-1}, upper bounds of the norm ratios of the rounds, each above 1: a round
        exists only while r_i > 1.
    log : bool
        Whether to return natural logarithms of the bounds, which never leave the range of floats.

    Returns
    -------
    (K, K) ndarray
        As ``sparsity_ratio_power``. Where d_min = 0 nothing is known but 1 for pairs of positive
        eigenvalues.

    Raises
    ------
    TypeError, ValueError
        The eigenvalues are not a vector of finite numbers >= 0 with a positive one among them, or
        the norm ratios are not a vector of finite numbers above 1.

    Examples
    --------
    >>> sparsity_ratio_product([1.0, 4.0], [3.0, 2.0]).round(3).tolist()
    [[1.0, 0.469], [2.133, 1.0]]
    """
    d = _spectrum(eigenvalues)
    s = _checks.real_array("norm_ratios", norm_ratios, ndim=1)
    if np.any(s <= 1):
        raise ValueError(f"norm_ratios must all be above 1, but the smallest is {s.min()}")
    logs = np.zeros((d.size, d.size))
    for excess in s - 1.0:
        logs = logs + _log_filter_ratios(d, d.min() / excess)
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
    eigenvalues : (K,) array_like
        Eigenvalues of the Gram matrix divided by K, in any order, not negative.
    norm_ratio : float
        r_0 = ||y_0|| / sqrt(K epsilon), without unit.
    t : float
        Number of rounds, at least 0.
    log : bool
        Whether to return natural logarithms of the bounds, which never leave the range of floats.

    Returns
    -------
    (K, K) ndarray
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
    d = _spectrum(eigenvalues)
    c = _smallest_multiplier(d, norm_ratio, t)
    return _ratios(_times(_rounds(t), _log_filter_ratios(d, c)), log)


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
    eigenvalues : (K,) array_like
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
    d = np.sort(_at_least_two(eigenvalues))
    if t is None:
        with np.errstate(divide="ignore", over="ignore"):  # a singular matrix guarantees nothing
            t = guaranteed_rounds(_checks.real_number("norm_ratio", norm_ratio), d[-1] / d[0])
    c = _smallest_multiplier(d, norm_ratio, t)
    least = _log_filter_ratio(d[1:], d[:-1], c).min()
    return math.exp(min(_times(_rounds(t), least), _LARGEST_EXPONENT))


def sparsity_index_limit(eigenvalues):
    r"""Return the limit of the paper's sparsity index as the tolerance falls to zero.

    .. math:: \lim_{\epsilon \to 0} S = \exp\left( \frac{d_{\min}}{\kappa}
              \min_{k < K} \left( \frac{1}{d_k} - \frac{1}{d_{k+1}} \right) \right)

    Theorem 6 of the paper; proved in the book's ``sparsification``, ``thm-sparsity-index``.

    Parameters
    ----------
    eigenvalues : (K,) array_like
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
    d = np.sort(_at_least_two(eigenvalues))
    if d[0] == 0:
        return 1.0
    with np.errstate(under="ignore"):
        gaps = d[0] / d[:-1] * ((d[1:] - d[:-1]) / d[1:])
        return math.exp(d[0] / d[-1] * gaps.min())


def collapse_sparsity(eigenvalues, top_ratio, norm_ratio):
    r"""Return bounds on the sparsity that a chain has reached at its last round before collapse.

    With d_m the largest eigenvalue, rho = ||z_{0,m}|| / sqrt(K epsilon) for the part of the labels
    in its eigenspace, a = d_m/d_j, b = d_m/d_k and theta = a - b, for d_k > d_j:

    .. math:: \int_1^\rho \frac{\ln\frac{s - 1 + a}{s - 1 + b}}{\ln\frac{s}{s - 1}} \frac{ds}{s}
              \le \ln \frac{B_{T-1}[k]}{B_{T-1}[j]}
              \le \theta \ln r_0 + \ln \frac{d_k}{d_j}

    As the tolerance falls both ends are (theta/2) ln(1/epsilon) plus a bounded term: the sparsity
    of the pair grows like epsilon^(-theta/2), while Theorem 6 of the paper ends at a finite number.
    Proved in the book's ``sparsification``, ``thm-sparsity-growth``, for r_0 > 1.

    Parameters
    ----------
    eigenvalues : (K,) array_like
        Eigenvalues of the Gram matrix divided by K, in any order, not negative. The largest one
        given is d_m: leave out those above the last direction with label energy.
    top_ratio : float
        rho of this d_m, without unit, at least 0 and at most r_0; or any lower bound of it, such as
        the part in one direction of the eigenspace.
    norm_ratio : float
        r_0 = ||z_0|| / sqrt(K epsilon), without unit.

    Returns
    -------
    lower, upper : (K, K) ndarray
        Natural logarithms: lower[k, j] <= ln(B_{T-1}[k]/B_{T-1}[j]) <= upper[k, j] for every pair.
        Where d_k > d_j these are the two ends above, and the lower one is 0 for rho <= 1; where
        d_k < d_j they change places and sign; where d_k = d_j both are 0. Against an eigenvalue of
        zero both are infinite. For r_0 <= 1 there is no round, and all are 0.

    Raises
    ------
    TypeError, ValueError
        The eigenvalues are not a vector of finite numbers >= 0 with a positive one among them, a
        ratio is not one finite number >= 0, or top_ratio exceeds norm_ratio by more than rounding.

    Notes
    -----
    The integral is computed by a fixed Gauss rule in ln(s - 1), to a relative 1e-10.

    Examples
    --------
    >>> lower, upper = collapse_sparsity([1.0, 2.0], top_ratio=100.0, norm_ratio=150.0)
    >>> print(f"{lower[1, 0]:.3f} {upper[1, 0]:.3f}")
    3.759 5.704
    """
    d = _spectrum(eigenvalues)
    rho = float(_norm_ratios("top_ratio", _checks.real_number("top_ratio", top_ratio)))
    r = float(_norm_ratios("norm_ratio", _checks.real_number("norm_ratio", norm_ratio)))
    if rho > r * (1.0 + 1e-9):
        raise ValueError(f"top_ratio must not exceed norm_ratio, but {rho} > {r}")
    lower, upper = np.zeros((2, d.size, d.size))
    if r <= 1:
        return lower, upper
    k, j = np.nonzero(np.greater.outer(d, d))
    with np.errstate(divide="ignore", over="ignore"):  # d_j = 0 is a ratio that is infinite
        gap = (d[k] - d[j]) / d[j]  # d_k/d_j - 1
        b = d.max() / d[k]
        theta = b * gap
        growth = _growth_integral(theta, b, rho)
        growth[d[j] == 0] = np.inf
        ceiling = theta * math.log(r) + np.log1p(gap)
    lower[k, j], upper[k, j] = growth, ceiling
    lower[j, k], upper[j, k] = -ceiling, -growth
    return lower, upper


def _growth_integral(theta, b, rho):
    """Integrate ln(1 + theta/(w + b)) / ln(1 + 1/w) dw/(1 + w) from w = 0 to rho - 1, w = s - 1."""
    total = np.zeros_like(theta)
    if rho <= 1:
        return total
    # In x = ln w the integrand is analytic within pi of the axis and falls like e^x on the left.
    end = math.log(rho - 1.0)
    start = min(end, 0.0) - _DEPTH
    edges = np.linspace(start, end, math.ceil((end - start) / _PANEL_WIDTH) + 1)
    half = (edges[1] - edges[0]) / 2
    # An overflowing theta would turn a lower bound into infinity.
    theta = np.minimum(theta, np.finfo(float).max)
    for middle in (edges[1:] + edges[:-1]) / 2:
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            w = math.exp(middle + half * node)
            scale = half * weight * w / ((1.0 + w) * math.log1p(1.0 / w))
            total += scale * np.log1p(theta / (w + b))
    return total


def _log_filter_ratio(d_k, d_j, c):
    """Return ln(A[k]/A[j]) = ln((1 + c/d_j)/(1 + c/d_k)) for d_k >= d_j at the multiplier c."""
    with np.errstate(all="ignore"):  # d_j = 0 and overflow are replaced below
        excess = (d_k - d_j) / (d_k + c) * (c / d_j)
    excess = np.where(d_j > 0, np.minimum(excess, np.finfo(float).max), np.inf)
    return np.log1p(np.where(d_k == d_j, 0.0, excess))


def _log_filter_ratios(d, c):
    """Return the (K, K) logarithms of A[k]/A[j] at the multiplier c, antisymmetric."""
    size = _log_filter_ratio(np.maximum.outer(d, d), np.minimum.outer(d, d), c)
    return np.where(np.greater_equal.outer(d, d), size, -size)


def _times(t, logs):
    """Multiply logarithms by the number of rounds; no round at all makes every ratio 1."""
    return t * logs if t > 0 else np.zeros_like(logs)


def _ratios(logs, log):
    """Turn logarithms into ratios that stay bounds where they leave the range of floats."""
    if log:
        return logs
    return np.exp(
        np.where(np.isinf(logs), logs, np.clip(logs, _SMALLEST_EXPONENT, _LARGEST_EXPONENT))
    )


def _over_excess(numerator, r):
    """Return numerator/(r - 1), infinite where r <= 1."""
    with np.errstate(all="ignore"):
        return _plain(np.where(r > 1, numerator / (r - 1.0), np.inf))


def _smallest_multiplier(d, norm_ratio, t):
    """Return d_min/(r_0 - 1), which no multiplier of the chain falls below."""
    r = float(_norm_ratios("norm_ratio", _checks.real_number("norm_ratio", norm_ratio)))
    if r > 1:
        return d.min() / (r - 1.0)
    if _rounds(t) > 0:
        raise ValueError(f"norm_ratio must be above 1 where there is a round, not {r}")
    return 0.0


def _eigenspaces(d):
    """Yield the indices of each eigenspace in ascending order of the eigenvalues."""
    order = np.argsort(d, kind="stable")
    first = 0
    for last in range(1, d.size + 1):
        if last == d.size or d[order[last]] > d[order[first]] * (1.0 + _SAME_EIGENSPACE):
            yield order[first:last]
            first = last


def _spectrum(eigenvalues):
    d = _checks.eigenvalues(eigenvalues)
    if not d.any():
        raise ValueError("eigenvalues must not all be zero")
    return d


def _at_least_two(eigenvalues):
    d = _spectrum(eigenvalues)
    if d.size < 2:
        raise ValueError("eigenvalues must hold at least two numbers: neighbours are compared")
    return d


def _one_label_vector(coordinates, size):
    z = _checks.coordinates(coordinates, size)
    if z.ndim != 1:
        raise ValueError(f"coordinates must be one label vector ({size},), not {z.shape}")
    return z


def _norm_ratios(name, value):
    array = _checks.real_array(name, value)
    if np.any(array < 0):
        raise ValueError(f"{name} must not be negative, but the smallest is {array.min()}")
    return array


def _condition_numbers(value):
    array = _checks.real_array("condition_number", value, finite=False)
    if not np.all(array >= 1):
        raise ValueError("condition_number must be at least 1")
    return array


def _rounds(t):
    number = _checks.real_number("t", t)
    if not 0 <= number < math.inf:
        raise ValueError(f"t must be a finite number of rounds, at least 0, not {number}")
    return number


def _plain(array):
    """Return a Python float for a 0-d array, anything else as it is."""
    return array.item() if np.ndim(array) == 0 else array
