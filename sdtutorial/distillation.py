"""The chain of rounds: fit, let the fit replace the labels, fit again.

Round t fits the targets y_t under the same tolerance, and its fit at the training points is
y_{t+1}. In the eigenbasis of G every round multiplies the coordinates by
A_t = D (c_t I + D)^{-1} (the paper's equations (13) to (15)), so after one eigendecomposition a
round costs O(K) for each label vector, and no matrix is ever formed again.
"""

import math

import numpy as np

from sdtutorial import _checks, diagnosis
from sdtutorial.accuracy import may_exceed, rounding_errors, solver_errors
from sdtutorial.chains import Chain, refuse_beyond_memory
from sdtutorial.krylov import AccuracyNotReachedError, KrylovSpace
from sdtutorial.secular import InfeasibleToleranceError, Problem, shares_kept
from sdtutorial.spectrum import Spectrum

__all__ = ["distill", "distill_spectrum"]

_ENDLESS = 1e6  # rounds that a call starts on only if it says that it means them: two minutes
_ACCURACY = 1e-9  # relative, of what a Krylov space leaves out
_BLOCK = 2**17  # coordinates that are worked on at a time: they stay in the cache


def distill(
    gram,
    y,
    tolerance=None,
    *,
    multiplier=None,
    label_weight=0.0,
    weights=None,
    max_rounds=None,
    progress=None,
    method="eigh",
    accuracy=None,
    max_vectors=None,
):
    """Fit the labels, then the fit, and so on, until the targets are within the tolerance of zero.

    z_{t+1} = A_t z_t with A_t = D (c_t I + D)^{-1} and c_t the multiplier of round t: the paper's
    equations (13) to (15) (Self-distillation, ``prp-recurrence``). With ``multiplier`` in the place
    of ``tolerance`` every round has that c, and the targets may mix the fit with the labels:
    y_{t+1} = a y_0 + (1 - a) f_t, with a the label weight (Filters, ``prp-label-mixing``).

    Parameters
    ----------
    gram : array_like, shape (K, K), or LinearOperator
        G, the kernel matrix divided by K (:func:`sdtutorial.gram_matrix`): symmetric and positive
        semidefinite. Eigenvalues below K times machine epsilon (of this array's type) times the
        largest count as zero. With the method "krylov" also an operator of SciPy, or a sparse
        matrix: all that is asked for are products ``gram @ vectors`` with vectors (K, p).
    y : array_like, shape (K,) or (K, Q)
        Labels. Every column is a problem of its own, with its own multipliers and rounds.
    tolerance : float or array_like, shape (Q,)
        The mean squared residual allowed in every round, in squared units of the labels; one
        number for all columns, or one for each.
    multiplier : float or array_like, shape (Q,), optional
        c > 0, in units of the eigenvalues of G: the penalty of every round, instead of a tolerance.
        Such a chain never collapses, so it needs ``max_rounds``.
    label_weight : float
        a in [0, 1], with a multiplier only: under a tolerance what is mixed in would keep the chain
        from its collapse. 0 is self-distillation, 1 one ridge fit again and again.
    weights : array_like, shape (K,), optional
        Weights of the points, positive or zero: 2 counts a point twice, 0 leaves it out, though its
        targets and fits are still returned. Only their ratios matter: the mean squared residual
        is sum_k w_k (f(x_k) - y_k)^2 / sum_k w_k. G stays the matrix of all K points, divided by K.
    max_rounds : int, optional
        Stop after so many rounds; without it the chain runs until every column has collapsed.
    progress : callable, optional
        Called after every round as ``progress(rounds, at_least)``: the rounds done, and how many
        there will be at least, ceil(r_t - 1) more. (Many columns are worked on a block at a time;
        each starts anew.) If it raises StopIteration, the chain ends as if ``max_rounds`` were the
        rounds done; other exceptions pass through. Not called where the multiplier is given: there
        is nothing to wait for.
    method : {"eigh", "krylov"}
        How the eigenpairs are found. "eigh" decomposes the dense matrix. "krylov" multiplies the
        labels by G until the space of the products holds the chain (Self-distillation,
        ``prp-krylov-error``): the chain then has the m Ritz pairs of that space in the place of
        the K eigenpairs, and what needs the whole spectrum refuses it.
    accuracy : float, optional
        For the method "krylov", 1e-9 by default: the largest estimated relative error, of a
        multiplier or of a fit, that leaving out the rest of the spectrum may make. Rounding comes
        on top of it.
    max_vectors : int, optional
        For the method "krylov": the most vectors that the space may hold; by default as many as
        take two gigabytes.

    Returns
    -------
    Chain

    Raises
    ------
    InfeasibleToleranceError
        If no function comes that close to some column of the labels.
    AccuracyNotReachedError
        If the Krylov space has as many vectors as it may, and the estimated error is above the
        accuracy still. It is a ValueError that says how far it got.
    TypeError, ValueError
        If an argument is not real or its shape does not fit, if the Gram matrix is not symmetric
        or has a negative eigenvalue, if not one of tolerance and multiplier is given and positive,
        if there is a label weight without a multiplier, or if max_rounds is not a whole number of
        at least 0. If there is neither max_rounds nor progress and r_0 exceeds a million, so that
        the chain would take at least about as many rounds. All of this is decided before the first
        round. Also if the multipliers of all rounds and columns would fill more than two
        gigabytes; or if one leaves the range of double precision: one that is too small for it is
        the first.

    Warns
    -----
    InputWarning
        If rounds are asked for but the first labels are within the tolerance of zero in every
        column; or if a column spends at least ten rounds on little but shrinking its mean.
    AccuracyWarning
        If rounding in the eigenvalues makes an estimated relative error above 1e-6 (with a Gram
        matrix in single precision, 1e-2) in the first multiplier or fit.
    """
    rule = _Rule(tolerance, multiplier, label_weight, max_rounds, progress)
    spectrum = _spectrum(gram, y, weights, method, rule, accuracy, max_vectors)
    shape = spectrum.y.shape[1:]
    parts = {
        "eigenvalues": spectrum.eigenvalues,
        "coordinates": spectrum.coordinates,
        "eigenvalue_errors": spectrum.eigenvalue_errors,
        "eigenvectors": spectrum.eigenvectors,
        "labels": np.array(spectrum.y),
        "weights": spectrum.weights,
        "sample_basis": spectrum.sample_basis(),
        "left_out": getattr(spectrum, "left_out", None),
    }
    if rule.tolerance is None:
        chain = _with_multiplier(rule, shape, parts)
    else:
        problem = spectrum.problem(rule.tolerance)
        if max_rounds != 0:
            diagnosis.warn_of_zero_fit(problem.norm_ratios, problem.tolerance)
            if max_rounds != 1:
                diagnosis.warn_of_offset(spectrum.y, problem.norm_ratios, spectrum.weights)
        chain = _with_tolerance(rule, shape, parts, problem)
    if may_exceed(spectrum.alarm, chain.eigenvalues, chain.eigenvalue_errors):
        # the first round has the smallest c, and with it the largest errors, or nearly so
        first = rounding_errors(
            chain.eigenvalues,
            chain.coordinates,
            chain.multipliers[:1],
            chain.eigenvalue_errors,
            given=chain.tolerance is None,
        )
        diagnosis.warn_of_rounding(*first, spectrum.alarm)
    return chain


def distill_spectrum(
    eigenvalues,
    coordinates,
    tolerance=None,
    *,
    multiplier=None,
    label_weight=0.0,
    max_rounds=None,
    progress=None,
    zero_below=None,
):
    """Run the chain on eigenvalues and label coordinates alone, without any matrix.

    The same recurrence as :func:`distill` (Self-distillation, ``prp-recurrence``).

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues of G, ascending and not negative.
    coordinates : array_like, shape (K,) or (K, Q)
        Labels in the eigenbasis, z_0 = V y_0.
    tolerance, multiplier, label_weight, max_rounds, progress
        As in :func:`distill`.
    zero_below : float, optional
        Eigenvalues up to this count as zero. By default it is K times machine epsilon times the
        largest, as in :func:`distill`: below that an eigensolver returns rounding. For eigenvalues
        that are known exactly, 0 takes all of them at their word.

    Returns
    -------
    Chain
        Without eigenvectors: its ``targets`` and ``predict`` raise ValueError. Its estimates of
        errors take the eigenvalues for those of an eigensolver, or for exact if ``zero_below`` is
        0. Nothing here warns.

    Raises
    ------
    InfeasibleToleranceError, TypeError, ValueError
        As :func:`distill`; also if the eigenvalues do not ascend.
    """
    d, z = _checks.eigenvalues_and_coordinates(eigenvalues, coordinates, zero_below)
    if (np.diff(d) < 0).any():
        raise ValueError("eigenvalues must ascend")
    rule = _Rule(tolerance, multiplier, label_weight, max_rounds, progress)
    given = np.asarray(eigenvalues)
    errors = solver_errors(given, d == 0, given.dtype) if zero_below != 0 else np.zeros(len(d))
    parts = {"eigenvalues": d, "coordinates": z.copy(), "eigenvalue_errors": errors}
    if rule.tolerance is None:
        return _with_multiplier(rule, z.shape[1:], parts)
    return _with_tolerance(rule, z.shape[1:], parts, Problem(d, z, rule.tolerance))


def _spectrum(gram, y, weights, method, rule, accuracy, max_vectors):
    """Return the spectrum of G, or as much of it as the rounds need."""
    if method == "krylov":
        return _grown(gram, y, weights, rule, accuracy, max_vectors)
    if method != "eigh":
        raise ValueError(f'method must be "eigh" or "krylov", not {method!r}')
    if accuracy is not None or max_vectors is not None:
        raise TypeError('accuracy and max_vectors are arguments of the method "krylov"')
    return Spectrum(gram, y, weights)


def _grown(gram, y, weights, rule, accuracy, max_vectors):
    """Return the Ritz pairs of a Krylov space that has grown until the chain in it is accurate."""
    accuracy = _checks.positive_number("accuracy", _ACCURACY if accuracy is None else accuracy)
    if rule.progress is not None:
        raise ValueError(
            'progress needs method="eigh": a Krylov space grows by running chains to their end'
        )
    space = KrylovSpace(gram, y, weights, max_vectors)
    while True:
        spectrum = space.spectrum()
        spectrum.left_out = _left_out(spectrum, rule, accuracy)
        error = spectrum.left_out.max(initial=0.0)
        if error <= accuracy:
            return spectrum
        if not space.grow():
            raise AccuracyNotReachedError.after(space.size, error, accuracy)


def _left_out(spectrum, rule, accuracy):
    """Return the errors that the rest of the spectrum may make: of a chain, or of its first round.

    The first round alone tells if it is not accurate enough. Infinite where nothing is known.
    """
    shape = spectrum.y.shape[1:]
    if rule.tolerance is None:
        c = _checks.per_column("multiplier", rule.multiplier, shape)
        c = np.broadcast_to(c, (rule.max_rounds, *shape))
        return spectrum.errors(c, given=True, label_weight=rule.label_weight)
    try:
        problem = spectrum.problem(rule.tolerance)
    except InfeasibleToleranceError:
        if spectrum.null_is_settled:
            raise
        return np.array(np.inf)
    _refuse_endless(problem, rule, spectrum)
    try:
        first = problem.first_multipliers()
    except ValueError:
        if spectrum.residuals.size == 0:  # nothing is left out
            raise
        return np.array(np.inf)
    errors = spectrum.errors(first.reshape(1, *shape))
    if errors.max(initial=0.0) > accuracy:
        return errors
    parts = {"coordinates": spectrum.coordinates}
    parts |= {"eigenvalues": spectrum.eigenvalues, "eigenvalue_errors": spectrum.eigenvalue_errors}
    return spectrum.errors(_with_tolerance(rule, shape, parts, problem).multipliers)


class _Rule:
    """By what the rounds are made and when they end: the arguments of a call, checked."""

    def __init__(self, tolerance, multiplier, label_weight, max_rounds, progress):
        if (tolerance is None) == (multiplier is None):
            raise TypeError("give a tolerance or a multiplier, and not both")
        if max_rounds is not None:
            max_rounds = _checks.whole_number("max_rounds", max_rounds)
        elif tolerance is None:
            raise ValueError(
                "a chain with a given multiplier never collapses: give max_rounds, the number of "
                "its rounds"
            )
        label_weight = _checks.real_number("label_weight", label_weight)
        if not 0 <= label_weight <= 1:
            raise ValueError(f"label_weight must lie in [0, 1], not {label_weight}")
        if label_weight and multiplier is None:
            raise ValueError(
                "label_weight needs a multiplier: under a tolerance, labels that are mixed in "
                "would keep the chain from its collapse"
            )
        if progress is not None and not callable(progress):
            raise TypeError(f"progress must be a function of two numbers, not {progress!r}")
        self.tolerance, self.multiplier = tolerance, multiplier
        self.label_weight, self.max_rounds, self.progress = label_weight, max_rounds, progress


def _with_multiplier(rule, shape, parts):
    """Return the chain of rounds with one c, for columns of the given shape."""
    c = _checks.per_column("multiplier", rule.multiplier, shape)
    _checks.within_range("multiplier", c)
    if np.min(c, initial=np.inf) < np.finfo(float).tiny:
        raise ValueError(
            f"multiplier {np.min(c):.3g} is too small for double precision to hold all its digits"
        )
    refuse_beyond_memory("the multipliers", rule.max_rounds, *shape)
    return Chain(
        **parts,
        tolerance=None,
        multipliers=np.broadcast_to(c, (rule.max_rounds, *shape)).copy(),
        norm_ratios=None,
        rounds=np.full(shape, rule.max_rounds) if shape else rule.max_rounds,
        label_weight=rule.label_weight,
    )


def _with_tolerance(rule, shape, parts, problem):
    """Return the chain of a problem, computed a block of columns at a time."""
    _refuse_endless(problem, rule)
    longest = problem.norm_ratios.max(initial=0.0)
    max_rounds = rule.max_rounds
    size, columns = problem.z.shape
    least = np.ceil(min(longest - 1, np.inf if max_rounds is None else max_rounds))
    refuse_beyond_memory("the multipliers", int(max(least, 0)), columns)
    width = max(1, _BLOCK // size)
    blocks = [slice(first, first + width) for first in range(0, columns, width)]
    parts_of_blocks = []
    for block in blocks:
        part, max_rounds = _rounds(problem, block, max_rounds, rule.progress)
        parts_of_blocks.append(part)
    length = max((len(part[:max_rounds]) for part in parts_of_blocks), default=0)
    multipliers = np.full((length, columns), np.inf)
    norm_ratios = np.zeros((length + 1, columns))
    norm_ratios[0] = problem.norm_ratios
    for block, part in zip(blocks, parts_of_blocks):
        for t, (active, c, r) in enumerate(part[:max_rounds]):
            multipliers[t, block][active] = c
            norm_ratios[t + 1, block][active] = r
    rounds = np.sum(multipliers < np.inf, axis=0)
    return Chain(
        **parts,
        tolerance=problem.tolerance,
        multipliers=multipliers.reshape(length, *shape),
        norm_ratios=norm_ratios.reshape(length + 1, *shape),
        rounds=rounds if shape else int(rounds[0]),
    )


def _refuse_endless(problem, rule, spectrum=None):
    """Raise ValueError for what takes too long; with a spectrum, see whether its labels are why."""
    longest = problem.norm_ratios.max(initial=0.0)
    if rule.max_rounds is None and rule.progress is None and longest > _ENDLESS:
        offset = spectrum and diagnosis.offset_in_rounds(
            spectrum.y, problem.norm_ratios, spectrum.weights
        )
        raise ValueError(
            f"the chain would take at least {longest - 1:.3g} rounds: "
            + (
                offset
                or "choose a larger tolerance, or say with max_rounds or progress that they are "
                "meant"
            )
        )


def _rounds(problem, block, max_rounds, progress):
    """Return for each round of a block of columns: the columns in it, their c_t and r_{t+1}.

    A column leaves the loop when its targets are within the tolerance of zero. Also return
    max_rounds, which is smaller if ``progress`` has ended the chain.
    """
    d = problem.d[:, None]
    start, radius = problem.norm_ratios[block], problem.radius[block]
    active = np.flatnonzero(problem.excess[block] > 0)
    z, excess = problem.z[:, block][:, active], problem.excess[block][active]
    rounds = []
    while active.size and len(rounds) != max_rounds:
        c = problem.multipliers(z, excess)
        z = z * shares_kept(d, problem.scaled(c))
        r = np.sqrt(np.sum(z * z, axis=0)) / radius[active]
        # A round adds an error of about an epsilon of at most r_0 to r, of either sign. What is so
        # close to 1 is 1: otherwise chance decides whether a chain that ends there goes on.
        slack = 4 * np.finfo(float).eps * np.sqrt(len(rounds) + 1) * start[active]
        collapsed = r <= 1 + slack
        r[collapsed] = np.minimum(r[collapsed], 1.0)
        rounds.append((active, c, r))
        z, excess, active = z[:, ~collapsed], r[~collapsed] - 1, active[~collapsed]
        refuse_beyond_memory("the multipliers", len(rounds), len(problem.radius))
        try:
            if progress is not None:
                progress(len(rounds), len(rounds) + math.ceil(excess.max(initial=0.0)))
        except StopIteration:
            return rounds, len(rounds)
    return rounds, max_rounds
