"""The curve that a chain follows: its length is the number of rounds, up to a few."""

import decimal
import math

import numpy as np

from sdtutorial import _checks
from sdtutorial.bounds import _arguments
from sdtutorial.bounds.rounds import eigenspaces, rounds_interval, rounds_upper_bound

# rounds_limit is good to a relative 1e-10; this much is allowed for where it must be a bound.
_LENGTH_ALLOWANCE = 1e-9

# Merging eigenvalues within a relative 1e-8 shifts the lower end of rounds_curve_interval by a
# small multiple of 1e-8 ln(r_0) a direction; this much is allowed for.
_MERGING_ALLOWANCE = 1e-6

# exp(-40) is below machine epsilon: what a quadrature leaves out beyond this depth is rounding.
_DEPTH = 40.0


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
    eigenvalues : array_like, shape (K,)
        Eigenvalues of the Gram matrix divided by K, in any order, not negative.
    coordinates : array_like, shape (K,)
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
    d = _arguments.spectrum(eigenvalues)
    z = _arguments.one_label_vector(coordinates, d.size)
    if not z.any():
        raise ValueError("coordinates must not all be zero")
    z = np.abs(z) / np.abs(z).max()
    return float((math.hypot(*z[d == 0]) + _path_length(d, z)) / math.hypot(*z))


def rounds_limit_bound(condition_number):
    r"""Return an upper bound on ``rounds_limit`` for all labels and all numbers of points.

    .. math:: \ell(\kappa) = \min\left( \frac{1 + \kappa}{2 \sqrt\kappa}, \
              \min_{\tau, \beta > 0} \frac{1}{1 - e^{-\tau}} \sqrt{\left( \frac14
              + \frac\beta2 \right) \ln\left( 1 + \frac{\tau \kappa}{\beta} \right)} \right)

    A curve along which a direction decays at most kappa times as fast as another is at most
    ell(kappa) times as long as the straight way: about sqrt(ln kappa)/2. Proved in the book's
    ``collapse_bound``, ``thm-condition``.

    Parameters
    ----------
    condition_number : float
        kappa = d_max / d_min over the directions that carry label energy, at least 1.

    Returns
    -------
    float
        ell(kappa), without unit, at least 1: exactly 1 at kappa = 1, infinite at kappa = infinity.

    Raises
    ------
    TypeError, ValueError
        The condition number is not one real number, or it is below 1.

    Notes
    -----
    The minimum is searched for numerically. Any tau and beta give a bound, so one that is not found
    to the last digit costs sharpness only.

    Examples
    --------
    >>> round(rounds_limit_bound(1e16), 3)
    3.328
    """
    from scipy.optimize import minimize  # here: importing the module should not wait for it

    number = _checks.real_number("condition_number", condition_number)
    kappa = float(_arguments.condition_numbers(number))
    if math.isinf(kappa):
        return math.inf

    def log_bound(point):
        log_tau, log_beta = point
        log_weight = math.log(np.logaddexp(0.0, log_tau - log_beta + math.log(kappa)))
        later = -math.log(-math.expm1(-math.exp(log_tau)))
        return later + (math.log(0.25 + math.exp(log_beta) / 2) + log_weight) / 2

    options = {"xatol": 1e-9, "fatol": 1e-15}
    found = minimize(log_bound, [1.5, -3.0], method="Nelder-Mead", options=options)
    return min((1.0 / math.sqrt(kappa) + math.sqrt(kappa)) / 2, math.exp(found.fun))


def rounds_condition_bound(norm_ratio, condition_number):
    r"""Return an upper bound on the number of rounds from the condition number alone.

    .. math:: T \le \lceil r_0 \ell(\kappa) \rceil - 1

    with ell(kappa) from ``rounds_limit_bound``. However many directions there are, the condition
    number costs no more than the root of its logarithm: at most 3.33 r_0 rounds at kappa = 1e16.
    Proved in the book's ``collapse_bound``, ``thm-condition``.

    Parameters
    ----------
    norm_ratio : float
        r_0 = ||y_0|| / sqrt(K epsilon), without unit.
    condition_number : float
        kappa = d_max / d_min over the directions that carry label energy, at least 1; infinity
        stands for a singular Gram matrix.

    Returns
    -------
    int
        The bound, or the upper end of ``rounds_interval`` where that is smaller; 0 for r_0 <= 1.

    Raises
    ------
    TypeError, ValueError
        An argument is not one real number, r_0 is negative or not finite, or kappa is below 1.

    Examples
    --------
    >>> rounds_condition_bound(4.030601, 4470.698)  # the spline example, where T = 4
    7
    """
    _, by_angle = rounds_interval(norm_ratio)
    rounding = 1.0 + 4.0 * np.finfo(float).eps
    longest = float(norm_ratio) * rounds_limit_bound(condition_number) * rounding
    return by_angle if math.isinf(longest) else min(by_angle, max(math.ceil(longest) - 1, 0))


def rounds_curve_interval(eigenvalues, coordinates, tolerance):
    r"""Return the interval in which the number of rounds lies, from the curve that they follow.

    With the length L = Lambda(z_0) / sqrt(K epsilon) of the curve in steps and its speeds
    p_e = ||z_{0,e}|| / d_e in the m distinct eigenspaces that carry the labels,

    .. math:: L - m \le L - 1 - \sum_e \left( \frac{p_e}{\sqrt{\sum_{d_f \ge d_e} p_f^2}}
              - \frac{p_e}{\sqrt{\sum_f p_f^2}} \right) \le T < L, \qquad
              \Lambda(z_0) = \int_0^\infty \lVert D^{-1} e^{-s D^{-1}} z_0 \rVert ds

    Every round shortens what is left of the curve by its own length sqrt(K epsilon) or a little
    more, and the excess of all rounds together is less than one step a corner. Proved in the book's
    ``collapse_bound``, ``thm-arc-length``.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues of the Gram matrix divided by K, in any order, not negative.
    coordinates : array_like, shape (K,)
        z_0, one label vector in the eigenbasis.
    tolerance : float
        epsilon, the mean squared residual of every round, in squared units of the labels.

    Returns
    -------
    low, high : int
        The two ends; (0, 0) where ||z_0||^2 <= K epsilon. The lower end is at least that of
        ``rounds_interval``, the upper end at most ``rounds_upper_bound``.

    Raises
    ------
    TypeError, ValueError
        As ``rounds_upper_bound``.

    Notes
    -----
    The length is that of ``rounds_limit``; a relative 1e-9 of it is allowed for its rounding, so
    that this costs no round. Eigenvalues within a relative 1e-8 count as one eigenspace.

    Examples
    --------
    >>> rounds_curve_interval([1.0, 2.0, 4.0], [1.0, -2.0, 1.5], 0.001)
    (51, 52)
    """
    tolerance = _checks.positive_number("tolerance", tolerance)
    longest = rounds_upper_bound(eigenvalues, coordinates, tolerance)
    if longest == 0:
        return 0, 0
    d, z = np.asarray(eigenvalues, dtype=float), np.abs(np.asarray(coordinates, dtype=float))
    scale = float(z.max())
    z = z / scale
    path, out_of_reach, straight = _path_length(d, z), math.hypot(*z[d == 0]), math.hypot(*z)
    reach = (d > 0) & (z > 0)
    corners = _corners(d[reach], z[reach]) + _MERGING_ALLOWANCE * d.size
    with decimal.localcontext(decimal.Context(prec=60)):
        unit = decimal.Decimal(scale) / (d.size * decimal.Decimal(tolerance)).sqrt()
        low = max(
            math.ceil(unit * decimal.Decimal(straight * (1.0 - 4.0 * np.finfo(float).eps))) - 1,
            math.ceil(
                unit * decimal.Decimal(path * (1.0 - _LENGTH_ALLOWANCE)) - decimal.Decimal(corners)
            ),
        )
        high = math.ceil(unit * decimal.Decimal((path + out_of_reach) * (1.0 + _LENGTH_ALLOWANCE)))
    return low, min(longest, high - 1)


def rounds_curve_bound(eigenvalues, coordinates, tolerance):
    r"""Return an upper bound on the number of rounds: the length of the curve that they follow.

    .. math:: T \le \left\lceil \frac{\Lambda(z_0)}{\sqrt{K \epsilon}} \right\rceil - 1, \qquad
              \Lambda(z_0) = \int_0^\infty \lVert D^{-1} e^{-s D^{-1}} z_0 \rVert ds

    The upper end of ``rounds_curve_interval``. Proved in the book's ``collapse_bound``,
    ``thm-arc-length``.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues of the Gram matrix divided by K, in any order, not negative.
    coordinates : array_like, shape (K,)
        z_0, one label vector in the eigenbasis.
    tolerance : float
        epsilon, the mean squared residual of every round, in squared units of the labels.

    Returns
    -------
    int
        The bound; 0 where ||z_0||^2 <= K epsilon. Never above ``rounds_upper_bound``.

    Raises
    ------
    TypeError, ValueError
        As ``rounds_upper_bound``.

    Examples
    --------
    >>> rounds_curve_bound([1.0, 2.0, 4.0], [1.0, -2.0, 1.5], 0.1)  # rounds_upper_bound gives 8
    5
    """
    return rounds_curve_interval(eigenvalues, coordinates, tolerance)[1]


def _path_length(d, z):
    """Return the length of s -> exp(-s/d) z, z >= 0, over the directions with d > 0."""
    from scipy.integrate import quad_vec  # here: importing the module should not wait for it

    reachable = (d > 0) & (z > 0)
    d, z = d[reachable], z[reachable]
    if d.size == 0:
        return 0.0
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
    return min(max(path, math.hypot(*z)), math.fsum(z))


def _corners(d, z):
    """Return 1 + sum_e (p_e / ||p_{f >= e}|| - p_e / ||p||): the steps that a walk may cut off."""
    if d.size == 0:
        return 1.0
    spaces = list(eigenspaces(d))
    log_speed = np.array([math.log(math.hypot(*z[e])) - math.log(d[e[0]]) for e in spaces])
    log_rest = np.logaddexp.accumulate(2.0 * log_speed[::-1])[::-1] / 2.0  # of e and all above
    return 1.0 + np.sum(np.exp(log_speed - log_rest) - np.exp(log_speed - log_rest[0]))
