"""The norm of the targets, and the number of rounds before collapse."""

import decimal
import math
from fractions import Fraction

import numpy as np

from sdtutorial import _checks
from sdtutorial.bounds import _arguments

# Eigenvalues within this relative distance are treated as one eigenspace, see rounds_upper_bound.
SAME_EIGENSPACE = 1e-8


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
    t = _arguments.norm_ratios("t", t)
    r = _arguments.norm_ratios("norm_ratio", norm_ratio)
    kappa = _arguments.condition_numbers(condition_number)
    try:
        t, r, kappa = np.broadcast_arrays(t, r, kappa)
    except ValueError:
        raise ValueError(
            "t, norm_ratio and condition_number must have shapes that broadcast together, not "
            f"{t.shape}, {r.shape} and {kappa.shape}"
        ) from None
    with np.errstate(all="ignore"):  # r_0 <= 1 and an infinite kappa are replaced at the end
        n = (r - 1.0) / 2 + kappa / 2  # half of it, as its parts below: the whole may overflow
        q = kappa / 2 / n
        one_minus_a = q * ((kappa - 1.0) / 2) / n
        a = ((r - 1.0) / 2 / n) ** 2 + q * ((r - 0.5) / n)
        log_a = np.where(one_minus_a < 0.5, np.log1p(-one_minus_a), np.log(a))
        # (a^t - 1)/(a - 1) = (1 - a^t)/(1 - a) and b/(1 - a) = r_0^2/(kappa - 1)
        fallen = -np.expm1(t * log_a)
        bound = r * np.exp(t * log_a) - r * (r * (fallen / (kappa - 1.0)))
        bound = np.where(kappa == 1, r - t, bound)
        bound = np.where((r <= 1) | np.isinf(kappa), 0.0, bound)
        bound = np.where(t == 0, r, bound)
    return _arguments.plain(bound)


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
    r = _arguments.norm_ratios("norm_ratio", norm_ratio)
    kappa = _arguments.condition_numbers(condition_number)
    return _arguments.plain(np.maximum(r - 1.0, 0.0) / kappa)


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
    r = _arguments.norm_ratio("norm_ratio", norm_ratio)
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
    round is a step of length sqrt(K epsilon), and within an eigenspace the steps lead straight to
    zero. Since ell <= sqrt(K) r_0, T grows no faster than 1/sqrt(epsilon). The curve of the book's
    ``collapse_bound``, ``thm-arc-length``, is never longer than ell.

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
        The bound; 0 where ||z_0||^2 <= K epsilon. ``rounds_curve_bound`` is sharper; the upper end
        of ``rounds_interval`` can be smaller than both.

    Raises
    ------
    TypeError, ValueError
        The eigenvalues are not a vector of finite numbers >= 0 with a positive one among them, the
        coordinates are not a vector of the same length, or the tolerance is not positive.

    Notes
    -----
    Eigenvalues within a relative 1e-8 count as one eigenspace. This is safe: where eigenvalues
    differ by a factor q, so do the shares c/(c + d) that a round removes, and the norm of this part
    of the targets falls by at least 1/q times the length of its step. So the norm of the labels
    there is multiplied by q. ell is computed with 60 digits from the numbers given, so an ell that
    is a whole number is seen as one.

    Examples
    --------
    >>> rounds_upper_bound([1.0, 2.0, 4.0], [1.0, -2.0, 1.5], 0.1)
    8
    """
    d = _arguments.spectrum(eigenvalues)
    z = _arguments.one_label_vector(coordinates, d.size)
    tolerance = _checks.positive_number("tolerance", tolerance)
    with decimal.localcontext(decimal.Context(prec=60)):
        energy = [decimal.Decimal(coordinate) ** 2 for coordinate in z.tolist()]
        allowed = d.size * decimal.Decimal(tolerance)
        if sum(energy) <= allowed:
            return 0
        length = decimal.Decimal(0)
        for members in eigenspaces(d):
            smallest, largest = (decimal.Decimal(float(d[i])) for i in members[[0, -1]])
            stretch = largest / smallest if smallest > 0 else 1
            length += stretch * sum(energy[i] for i in members).sqrt()
        return math.ceil(length / allowed.sqrt()) - 1


def eigenspaces(d):
    """Yield the indices of each eigenspace in ascending order of the eigenvalues."""
    order = np.argsort(d, kind="stable")
    first = 0
    for last in range(1, d.size + 1):
        if last == d.size or d[order[last]] > d[order[first]] * (1.0 + SAME_EIGENSPACE):
            yield order[first:last]
            first = last
