"""What a chain of rounds is worth beyond its labels: the equivalent kernel, and when to stop.

The first part replaces a chain by one ridge fit with another kernel, and bounds the complexity of
that fit (the paper's Section 3.7). The second part counts how strongly the fit of every round
follows the labels: its degrees of freedom,

    df_t = sum_k d y_{t+1}[k] / d y_0[k] = trace(M_t ... M_0),

where the matrix M_i = diag(A_i) + r_i r_i^T of a round is diagonal plus rank one, and positive
(When to stop, ``prp-round-jacobian``). Their product is kept as diag(B_t) + left right^T, so that a
round costs O(K t) and no digit is lost: after the signs of the labels are taken out, every number
in it is at least zero. Where the degrees of freedom are known, so is an unbiased estimate of the
risk.
"""

import numpy as np

from sdtutorial import _checks
from sdtutorial._sensitivity import freedom, points, products, root_of_rank_one, shares
from sdtutorial.distillation import distill

__all__ = [
    "coupled_walkers",
    "degrees_of_freedom",
    "degrees_of_freedom_limit",
    "equivalent_eigenvalues",
    "equivalent_squared_radius",
    "generalized_cross_validation",
    "jacobians",
    "rademacher_bound",
    "risk_estimate",
    "tail_bound",
    "validation_errors",
]

# The equivalent kernel


def equivalent_eigenvalues(eigenvalues, multipliers):
    """Return the eigenvalues of the kernel with which one ridge fit repeats each round.

    Ridge regression with the multiplier c_0 and a kernel whose Gram matrix has the eigenvectors
    of G and the eigenvalues

        d+_k = c_0 / (prod_{i <= t} (1 + c_i / d_k) - 1)

    gives the function of round t (the paper's (25); Generalization, ``prp-equivalent-kernel``).
    This is so where every round fits the fit before it: not where labels are mixed in.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues d of G in any order, not negative; a zero stays zero.
    multipliers : array_like, shape (T,) or (T, Q)
        c_0 ... c_{T-1}, positive; infinite for a column that has collapsed, whose d+ is zero.

    Returns
    -------
    ndarray, shape (T, K) or (T, K, Q)
        In the units of the eigenvalues; row 0 is d.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real, or its shape or sign does not fit.
    """
    d = _checks.eigenvalues(eigenvalues)
    c = _checks.real_array("multipliers", multipliers, ndim=(1, 2), finite=False)
    if not (c > 0).all():
        raise ValueError("multipliers must be positive")
    d, c = d.reshape((-1,) + (1,) * (c.ndim - 1)), c[:, None]
    with np.errstate(all="ignore"):  # a zero eigenvalue and an infinite c give zero
        ratio = c / d
        taken = np.where(ratio < np.inf, np.log1p(ratio), np.log(c) - np.log(d)).cumsum(axis=0)
        spread = np.where(taken < 700, c[:1] / np.expm1(taken), np.exp(np.log(c[:1]) - taken))
        spread = np.where(taken < 1e-200, d * (c[:1] / np.cumsum(c, axis=0)), spread)
        return np.where(taken < np.inf, spread, 0.0)


@_checks.finite_result
def equivalent_squared_radius(chain):
    """Return the squared norm of each round's fit in the function space of its equivalent kernel.

    It is (1/K) sum_k z_{t+1}[k]^2 / d+_k = (1 / (K c_0)) sum_k z_0[k]^2 B_t[k] (1 - B_t[k])
    (Generalization, ``prp-equivalent-radius``). It can grow from round to round.

    Parameters
    ----------
    chain : Chain
        With the whole spectrum: a part of it is a ValueError.

    Returns
    -------
    ndarray, shape (T,) or (T, Q)
    """
    _whole(chain)
    if len(chain.multipliers) == 0:
        return np.zeros(chain.multipliers.shape)
    kept, lost = chain.filters, -np.expm1(chain.log_filters)
    scale = len(chain.eigenvalues) * chain.multipliers[0]
    return np.sum(chain.coordinates**2 * kept * lost, axis=1) / scale


def rademacher_bound(eigenvalues, squared_radius=1.0):
    """Return the trace bound on the empirical Rademacher complexity of a ball of functions.

    It is sqrt(R^2 sum_k d_k / K) for the functions of norm at most R in the space of a kernel that
    is fixed before the labels are seen (Bartlett and Mendelson 2002, Lemma 22; Generalization,
    ``lem-trace-bound``).

    Parameters
    ----------
    eigenvalues : array_like, shape (T, K) or (T, K, Q)
        Eigenvalues of the Gram matrix of every round, as :func:`equivalent_eigenvalues` returns.
    squared_radius : array_like, shape (), (T,) or (T, Q)

    Returns
    -------
    ndarray, shape (T,) or (T, Q)
        In the units of the labels.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real, or its shape or sign does not fit.
    """
    d, radius = _spectra(eigenvalues, squared_radius)
    return np.sqrt(radius * d.sum(axis=1) / d.shape[1])


def tail_bound(eigenvalues, squared_radius=1.0):
    """Return min over h of h/K + sqrt(R^2 / K times the sum of all but the h largest eigenvalues).

    Up to constants the generalization error of the ball is at most this, for a kernel that is
    fixed before the labels are seen and a loss between 0 and 1 (Bartlett, Bousquet and Mendelson
    2005, Corollary 6.7, in the form of the paper's Section 3.7).

    Parameters
    ----------
    eigenvalues, squared_radius
        As for :func:`rademacher_bound`.

    Returns
    -------
    ndarray, shape (T,) or (T, Q)

    Raises
    ------
    TypeError, ValueError
        As :func:`rademacher_bound`.
    """
    d, radius = _spectra(eigenvalues, squared_radius)
    tails = np.zeros((d.shape[0], d.shape[1] + 1, *d.shape[2:]))
    tails[:, 1:] = np.cumsum(np.sort(d, axis=1), axis=1)  # tails[:, n]: the n smallest
    size = d.shape[1]
    share = (size - np.arange(size + 1)) / size
    share = share.reshape((-1,) + (1,) * (d.ndim - 2))
    return np.min(share + np.sqrt(radius[:, None] * tails / size), axis=1)


def _spectra(eigenvalues, squared_radius):
    d = _checks.real_array("eigenvalues", eigenvalues, ndim=(2, 3))
    radius = _checks.real_array("squared_radius", squared_radius)
    columns = d.shape[:1] + d.shape[2:]
    if d.shape[1] == 0 or radius.shape not in ((), columns):
        raise ValueError(
            f"eigenvalues must have shape (T, K) or (T, K, Q) and squared_radius () or {columns}, "
            f"not {d.shape} and {radius.shape}"
        )
    if min(d.min(initial=0), radius.min(initial=0)) < 0:
        raise ValueError("eigenvalues and squared_radius must not be negative")
    return d, np.broadcast_to(radius, columns)


# Degrees of freedom


def degrees_of_freedom(chain):
    """Return how many degrees of freedom the fit of every round has.

    df_t = sum_k d y_{t+1}[k] / d y_0[k], and the derivative counts that the multipliers of all
    rounds follow the labels. It is the trace of M_t ... M_0, and

        sum_k B_t[k] < df_t < sum_k B_t[k] + 1

    (When to stop, ``thm-degrees-of-freedom``). Where G has null directions, it is that of the
    other directions: nothing of the labels comes through the null ones. Multipliers that were given
    follow no labels, and df_t = sum_k B_t[k].

    Parameters
    ----------
    chain : Chain
        With the whole spectrum: a part of it is a ValueError. A round costs O(K min(t, K)) a
        column.

    Returns
    -------
    ndarray, shape (T,) or (T, Q)
        Zero for a column that has collapsed.
    """
    return freedom(_whole(chain))[0]


def risk_estimate(chain, noise_variance, *, count=None):
    """Return an unbiased estimate of the risk of every round, from the labels and their noise.

    For labels y_0 = f + noise, Gaussian, independent and of variance s^2, the estimate::

        |y_{t+1} - y_0|^2 / K - s^2 + 2 s^2 df_t / K

    has the expectation of the in-sample risk ``|y_{t+1} - f|^2 / K`` (Stein's identity; When to
    stop, ``thm-risk-estimate``). With weights the squares are weighted, the noise of a point has a
    variance inversely proportional to its weight, and K in the last term is the number of points
    with a weight. This holds where every eigenvalue of G is positive. With null
    directions a tolerance can be infeasible, and where draws are refused for that, the estimate
    is too low for the others, by the same amount in every round (``prp-null-directions``): for
    RBF(0.2) on 200 points, s = 0.5 and a tolerance of 1.1 s^2, 192 of 8,000 draws were refused,
    and the estimate of the risk of round 0, 0.0462, was 0.0019 too low (standard error 0.0003).

    Parameters
    ----------
    chain : Chain
        With the whole spectrum: a part of it is a ValueError.
    noise_variance : float or array_like, shape (Q,)
        s^2, in squared units of the labels; one number for all columns, or one for each. With
        weights, the mean over the points, each with its weight.
    count : float, optional
        The K beside df_t, for weights that say how often each point was observed: their sum.

    Returns
    -------
    ndarray, shape (T,) or (T, Q)
        In squared units of the labels; it can be negative. A column that has collapsed counts as
        the zero function.

    Raises
    ------
    TypeError, ValueError
        If a variance or the count is not a positive number, if there is not one variance for each
        column, or if the chain holds a part of the spectrum.
    """
    df, _ = freedom(_whole(chain))
    variance = _checks.per_column("noise_variance", noise_variance, chain.coordinates.shape[1:])
    size = _count(chain, count)
    return _training_errors(chain) - variance + 2 * variance * df / size


def _count(chain, count):
    return points(chain) if count is None else _checks.positive_number("count", count)


def generalized_cross_validation(chain, *, count=None):
    """Return the score of every round by generalised cross-validation.

    It is ``(|y_{t+1} - y_0|^2 / K) / (1 - df_t / K)^2``, which needs no noise variance (Craven and
    Wahba 1979, with the degrees of freedom of the whole chain). It is meant for comparison: its
    level is not that of the risk (When to stop, ``prp-gcv-identity``). With weights the squares are
    weighted, and K beside df_t is the number of points with a weight.

    Parameters
    ----------
    chain : Chain
        With the whole spectrum: a part of it is a ValueError.
    count : float, optional
        As for :func:`risk_estimate`.

    Returns
    -------
    ndarray, shape (T,) or (T, Q)
        In squared units of the labels; infinite where df_t is not below K, as for a single point.
    """
    _, lost = freedom(_whole(chain))
    size = _count(chain, count)
    if size == 1 and chain.tolerance is not None:
        # one degree of freedom in every round: nothing is left but rounding
        return np.where(chain.multipliers < np.inf, np.inf, _training_errors(chain))
    left = np.maximum(lost + (size - points(chain)), 0.0) / size
    with np.errstate(divide="ignore"):
        return _training_errors(chain) / left**2


def jacobians(chain):
    """Return the derivative of every round's fit with respect to the labels, in the eigenbasis.

    Entry [t, k, l] is d z_{t+1}[k] / d z_0[l]. The map of one round has the Jacobian
    (I + c (I - e e^T) D^{-1})^{-1} with the unit residual e, and those of several rounds are
    multiplied (When to stop, ``prp-round-jacobian``). With a given multiplier it is diag(B_t).

    Parameters
    ----------
    chain : Chain
        Of one label vector, with the whole spectrum: anything else is a ValueError.

    Returns
    -------
    ndarray, shape (T, K, K)
    """
    _whole(chain)
    if chain.coordinates.ndim != 1:
        raise ValueError(f"jacobians takes a chain of one label vector, not {chain!r}")
    d, z, c = chain.eigenvalues, chain.coordinates, chain.multipliers
    if chain.tolerance is None:
        return chain.filters[:, :, None] * np.eye(len(d))
    result = np.empty((len(c), len(d), len(d)))
    for t, product in enumerate(products(d, z[:, None], c[:, None])):
        result[t] = product.dense(0)
    root, sign = np.sqrt(d), np.where(z < 0, -1.0, 1.0)
    result *= np.divide.outer(sign * root, np.where(d > 0, sign * root, np.inf))
    if len(c) and not d.all():
        # The null part of the labels uses up tolerance, so it moves the other directions too.
        residual = z * shares(d, c[0])[1]
        reach, null = np.where(d > 0, residual, 0), np.where(d > 0, 0, residual)
        if reach.any():
            result += (result @ reach)[:, :, None] * (null / (reach @ reach))
    return result


def degrees_of_freedom_limit(eigenvalues, coordinates, times):
    """Return the limit of the degrees of freedom as the tolerance falls: a curve in flow time.

    In the limit the targets follow z(s) = exp(-s/D) z_0, with e(s) the direction of -z'(s), and

        df(s) = sum_k e^{-s/d_k} + sum_k e_k(s) integral_0^s e_k(u) e^{-u/d_k} du / d_k

    (When to stop, "What random testing does not see").

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Positive.
    coordinates : array_like, shape (K,)
        Labels in the eigenbasis, not all zero.
    times : array_like, shape (n,)
        s > 0, in the units of the eigenvalues.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    TypeError, ValueError
        If an argument is not real, or its shape or sign does not fit.
    """
    from scipy.integrate import quad_vec  # here: importing the module should not wait for it

    d, z = _checks.eigenvalues_and_coordinates(eigenvalues, coordinates)
    times = _checks.real_array("times", times, ndim=1)
    if z.ndim != 1 or not z.any() or not d.all() or not (times > 0).all():
        raise ValueError(
            "eigenvalues and times must be positive, and coordinates one vector that is not zero"
        )
    with np.errstate(divide="ignore"):
        logarithms = np.log(np.abs(z)) - np.log(d)

    def direction(s):  # (K,)
        exponent = logarithms - s / d
        e = np.exp(exponent - exponent.max())
        return e / np.linalg.norm(e)

    def past(u):  # (K,)
        return direction(u) * np.exp(-u / d) / d

    def freedom(s):
        corners = d[d < s]  # on these scales the integrand changes
        integral = quad_vec(past, 0, s, epsabs=1e-13, epsrel=1e-13, points=corners)[0]
        return np.sum(np.exp(-s / d)) + direction(s) @ integral

    return np.array([freedom(s) for s in times])


def coupled_walkers(chain, seed):
    """Return where one walker from every direction stands after each round, all driven together.

    In round i a walker at k stays with probability A_i[k]; if it leaves, it goes to a place drawn
    with the weights w_i. All walkers use the same two random numbers, so that when one leaves, all
    at places of smaller or equal eigenvalue leave with it, to the same place. At most one of them
    is back where it started after having left: the proof of ``thm-degrees-of-freedom`` (When to
    stop) in motion.

    Parameters
    ----------
    chain : Chain
        Of one label vector, with a tolerance.
    seed : int or numpy.random.Generator

    Raises
    ------
    TypeError
        If the seed is neither.
    ValueError
        If the chain has several columns, or a given multiplier: nothing is drawn there.

    Returns
    -------
    places : ndarray of int, shape (T + 1, K)
        Row 0 is 0 ... K - 1.
    left : ndarray of bool, shape (T, K)
        Whether the walker left in the round, be it for the place where it stood.
    """
    rng = _checks.generator(seed)
    _whole(chain)
    if chain.coordinates.ndim != 1 or chain.tolerance is None:
        raise ValueError(
            f"coupled_walkers takes a chain of one label vector with a tolerance, not {chain!r}"
        )
    size = len(chain.eigenvalues)
    places, left = [np.arange(size)], []
    for c, z in zip(chain.multipliers, chain.target_coordinates):
        stays, leaves = shares(chain.eigenvalues, c)
        weights = root_of_rank_one(np.abs(z)[None], stays, leaves)[0] ** 2 / leaves
        goal = rng.choice(size, p=weights / weights.sum())
        left.append(rng.random() >= stays[places[-1]])
        places.append(np.where(left[-1], goal, places[-1]))
    return np.array(places), np.array(left).reshape(-1, size)


def _training_errors(chain):
    """Return |y_{t+1} - y_0|^2 / K, (T,) or (T, Q): small differences keep their digits."""
    z = chain.coordinates
    scale = np.maximum(np.abs(z).max(axis=0), np.finfo(float).tiny)
    moved = z / scale * np.expm1(chain.log_filters)
    with np.errstate(over="ignore"):
        errors = (scale * np.sqrt(np.mean(moved**2, axis=1))) ** 2
    if not np.isfinite(errors).all():
        raise ValueError(
            "the labels are too large: their mean square leaves the range of double precision"
        )
    return errors


def _whole(chain):
    """Return a chain as it is, if it holds the whole spectrum."""
    _checks.offers("chain", chain, ["multipliers", "coordinates"], "a Chain")
    vectors = chain.eigenvectors
    if vectors is not None and vectors.shape[0] != vectors.shape[1]:
        raise ValueError(
            f"this needs the whole spectrum, but the chain holds {vectors.shape[1]} of "
            f'{vectors.shape[0]} eigenvalues: run it with method="eigh"'
        )
    return chain


# A rival that holds labels out


def validation_errors(gram, y, tolerance, folds, *, rounds):
    """Return the mean squared error of every round on points that its chain did not see.

    Each fold in turn is kept from a chain on all other points, which runs under the same
    tolerance. With one fold this is a held-out set, with several it is cross-validation.

    Parameters
    ----------
    gram : array_like, shape (K, K)
        G of all points, the kernel matrix divided by K.
    y : array_like, shape (K,) or (K, Q)
        Labels of all points.
    tolerance : float or array_like, shape (Q,)
        The mean squared residual allowed in every round.
    folds : array_like of int, shape (K,)
        The fold of each point: points with the same number are held out together, and a point
        with a negative number never is.
    rounds : int
        How many rounds to follow, at least 1; after its collapse a fit is zero.

    Returns
    -------
    ndarray, shape (rounds,) or (rounds, Q)
        In squared units of the labels.

    Raises
    ------
    InfeasibleToleranceError
        If the labels that a chain sees cannot be fitted within the tolerance.
    TypeError, ValueError
        If an argument is not real or its shape does not fit, if no point is held out, or if a
        fold holds all points.
    """
    gram = _checks.square_matrix("gram", gram)
    y = _checks.coordinates(y, len(gram), name="y")
    rounds = _checks.whole_number("rounds", rounds, minimum=1)
    folds = _checks.real_array("folds", folds, ndim=1)
    numbers = np.unique(folds[folds >= 0])
    if len(folds) != len(gram) or len(numbers) == 0 or (folds == numbers[0]).all():
        raise ValueError(
            f"folds must hold out some of the {len(gram)} points at a time, and not all of them"
        )
    errors = [_squared_errors(gram, y, tolerance, folds == fold, rounds) for fold in numbers]
    return np.sum(errors, axis=0) / np.count_nonzero(folds >= 0)


def _squared_errors(gram, y, tolerance, held_out, rounds):
    """Return the sum over the points held out of squared errors, (rounds,) or (rounds, Q)."""
    part = gram[:, ~held_out]  # divided by K, not by the points that stay: no fit depends on it
    chain = distill(part[~held_out], y[~held_out], tolerance, max_rounds=rounds)
    errors = np.broadcast_to(np.sum(y[held_out] ** 2, axis=0), (rounds, *y.shape[1:])).copy()
    fits = chain.predict(part[held_out])
    errors[: len(fits)] = np.sum((fits - y[held_out]) ** 2, axis=1)
    return errors
