"""What is wrong with a problem that cannot be solved as posed, or is hardly meant as posed.

The causes are looked for in the Gram matrix, the labels and the tolerance alone. Each comes with
its cure, and with the part of the floor that the cure removes: what labels have in the null space
of the Gram matrix no fit can reach, and its mean square is the floor of the tolerance.
"""

import sys
import warnings
from pathlib import Path

import numpy as np

from sdtutorial import _checks

__all__ = ["AccuracyWarning", "InputWarning"]

_PACKAGE = Path(__file__).parent
_SAME = 64  # machine epsilons: kernel values that differ by less are one value, evaluated twice
_GAP = 1e4  # between rounding and the smallest eigenvalue: above it, the rank is not in doubt
_OFFSET = 0.9  # share of the mean square that a mean must have, and
_MANY_LABELS = 10
_MANY_ROUNDS = 11  # the norm ratio that the labels must have, to be worth a warning
_MOSTLY = 0.5  # share of the mean square that a mean must have to be named as a cause
_PART = 0.05  # share of the floor that a cause must explain to be named among others
_ROOM = 1.1  # what the tolerance must be of the floor that is left, so that one cure is enough
_NAMED = 4  # points named in a message
_ALIKE = 1e-2  # spread of kernel values, of the largest, at which a rank is one of a length scale
_SCALES = 30  # what one column has of the others' deviation when these are lost in distances


class AccuracyWarning(UserWarning):
    """The result hangs on eigenvalues of the size of rounding: digits of it are not there."""


class InputWarning(UserWarning):
    """What was asked for has been computed, but it is seldom what is meant."""


# Warnings. Each points at the line that called the package, however deep it arises.


def warn_of_zero_fit(norm_ratios, tolerance):
    """Warn if all labels are within the tolerance of zero, but not all are zero."""
    largest = np.max(norm_ratios, initial=0.0)
    if 0 < largest <= 1:
        tolerance = np.broadcast_to(tolerance, len(norm_ratios))[np.argmax(norm_ratios)]
        _warn(
            InputWarning,
            f"the tolerance {tolerance:.6g} is not below the mean square of the labels, "
            f"{largest**2 * tolerance:.6g}: the fit is zero. The tolerance is a mean of squared "
            "residuals, not their sum.",
        )


def warn_of_offset(y, norm_ratios, weights=None):
    """Warn if many rounds will do nothing but shrink the mean of the labels, in some column."""
    if said := offset_in_rounds(y, norm_ratios, weights):
        _warn(InputWarning, said)


def offset_in_rounds(y, norm_ratios, weights=None):
    """Return sentences about such a mean; "" if there is none. Few labels have one by chance."""
    if np.count_nonzero(_or_ones(weights, y)) < _MANY_LABELS:
        return ""
    y = y.reshape(len(y), -1)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        mean, share = _mean_and_share(y, weights)
    varies = np.ptp(y, axis=0) > _SAME * np.finfo(float).eps * np.abs(mean)
    offset = (share > _OFFSET) & varies & (norm_ratios > _MANY_ROUNDS)
    if not offset.any():
        return ""
    column = int(np.argmax(offset))
    return (
        f"the mean of the labels, {mean[column]:.6g}, makes {_percent(share[column])} "
        f"of their mean square, so that a chain spends {norm_ratios[column] - 1:.3g} rounds "
        "or more on shrinking it. Subtract the mean from the labels, and add it to the "
        "predictions."
    )


def warn_of_unrelated_points(gram):
    """Warn if a Gram matrix is a multiple of the identity, to rounding, but for equal points."""
    diagonal = np.diag(gram)
    allowed = _checks.zero_threshold(diagonal.min(), 1, gram.dtype)
    if not (allowed > 0 and np.ptp(diagonal) <= allowed and np.abs(gram[0]).min() <= allowed):
        return
    # row by row: the first one nearly always settles it, and no second matrix is held
    related = any(
        ((np.abs(row) > allowed) & (np.abs(row - diagonal[0]) > allowed)).any() for row in gram
    )
    if not related:
        _warn(
            InputWarning,
            "to this kernel no two points that differ are related: the Gram matrix is a multiple "
            "of the identity, but for equal points, and fits are zero between the points. Is the "
            "length scale far below all distances, or do the coordinates have very different "
            "scales?",
        )


def warn_of_scales(points):
    """Warn if one column of points (K, p) is so large that distances see no other one.

    Constant columns have no part in distances, and count for nothing. Many small columns beside
    several large ones, such as the pixels at the border of an image, are as they should be.
    """
    largest = np.abs(points).max(initial=np.finfo(float).tiny)
    scaled = points / largest
    deviations = scaled.std(axis=0)
    others = deviations > _SAME * np.finfo(float).eps * np.abs(scaled).max(axis=0)
    large = np.argmax(deviations)
    others[large] = False
    together = np.linalg.norm(deviations[others])
    if others.any() and deviations[large] / _SCALES > together:
        _warn(
            InputWarning,
            "the columns of X have very different scales: the standard deviation of column "
            f"{large} is {largest * deviations[large]:.2g}, and that of all others together is "
            f"{largest * together:.2g}. To the kernel only this column counts. Put a StandardScaler before it.",
        )


def warn_of_offset_in_share(y, tolerance, weights=None):
    """Warn if a tolerance that is a share of mean squares is, in some column, mostly of a mean."""
    y = y.reshape(len(y), -1) / (np.abs(y).max() or 1.0)  # a share has no unit
    mean_square = np.average(y**2, axis=0, weights=weights)
    variance = np.maximum(mean_square - np.average(y, axis=0, weights=weights) ** 2, 0.0)
    tolerance = np.broadcast_to(tolerance, variance.shape) * mean_square
    swallowed = (variance > 0) & (variance < (1 - _OFFSET) * mean_square) & (tolerance > variance)
    if swallowed.any():
        column = int(np.argmax(swallowed))
        _warn(
            InputWarning,
            f"the tolerance is a share of the mean square of the targets, most of which is their "
            f"mean: it is {tolerance[column] / variance[column]:.3g} times their variance, so that "
            "a fit may miss them by more than a constant does. Use fit_intercept=True, or "
            "relative=False with a tolerance in squared units of the targets.",
        )


def warn_of_constant_predictions(outputs):
    """Warn that by the estimate no round is better than the mean of the targets, in these outputs.

    ``outputs`` are indices, or None where there is one output.
    """
    where = "" if outputs is None else f" in output {', '.join(map(str, outputs[:_NAMED]))}"
    _warn(
        InputWarning,
        'rounds="auto" chose the mean of the targets' + where + ": by the estimate of the risk no "
        "round predicts better, and predictions are constant. Try another scale of the kernel, "
        "another tolerance, or a number of rounds.",
    )


def warn_of_rounding(multiplier_errors, fit_errors, alarm):
    """Warn if an estimated relative error is above ``alarm``."""
    c, fitted = (np.max(errors, initial=0.0) for errors in (multiplier_errors, fit_errors))
    if max(c, fitted) > alarm:
        _warn(
            AccuracyWarning,
            "the result hangs on eigenvalues of the size of rounding: the estimated relative "
            f"errors are {c:.1g} in the multiplier and {fitted:.1g} in the fit. Choose a larger "
            "tolerance or a rougher kernel.",
        )


def _or_ones(weights, y):
    return np.ones(len(y)) if weights is None else weights


def _mean_and_share(y, weights):
    """Return the mean of labels, and its share of their mean square: of each column, if several."""
    mean = np.average(y, axis=0, weights=weights)
    return mean, mean**2 / np.average(y**2, axis=0, weights=weights)


def _warn(category, message):
    level, frame = 1, sys._getframe()
    while frame.f_back and Path(frame.f_code.co_filename).is_relative_to(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


# Why no fit comes closer


def cause_of_floor(gram, y, eigenvalues, eigenvectors, tolerance, weights=None):
    """Return sentences that say why a tolerance is below the floor, and what helps.

    Parameters
    ----------
    gram : ndarray, shape (K, K)
        G, in the type in which it was given.
    y : ndarray, shape (K,)
        The labels.
    eigenvalues, eigenvectors : ndarray, shape (K,) and (K, K)
        Of G; eigenvalues that count as zero are zero. With W = diag(weights) those of
        W^(1/2) G W^(1/2).
    tolerance : float
        The mean squared residual asked for.
    weights : ndarray, shape (K,), optional
        Weights of the points, of mean 1.

    Returns
    -------
    str
    """
    weights = _or_ones(weights, y)
    scale = np.abs(y[weights > 0]).max()  # squares of scaled labels stay in the range of floats
    labels, tolerance = y / scale, (np.sqrt(tolerance) / scale) ** 2
    null = np.sqrt(weights)[:, None] * eigenvectors[:, eigenvalues == 0]
    floor = _mean_square_in(null, labels)
    causes, points = _causes_at_points(gram, labels, weights)
    offset = (
        _explained_by_offset(null, labels, floor, weights),
        _say_offset(labels, scale, weights),
    )
    return _most_of(
        floor,
        tolerance,
        [*causes, offset],
        causes,
        _say_kernel(eigenvalues, points, gram, tolerance, floor),
    )


def cause_of_floor_seen(gram, y, floor, tolerance, weights=None):
    """Return the same from a floor that is known, where the null space itself is not.

    ``gram`` may be None: then the points cannot be looked at. Of what the whole spectrum would
    tell, nothing is guessed.
    """
    weights = _or_ones(weights, y)
    scale = np.abs(y[weights > 0]).max()
    floor, tolerance = ((np.sqrt(number) / scale) ** 2 for number in (floor, tolerance))
    causes = [] if gram is None else _causes_at_points(gram, y / scale, weights)[0]
    unknown = (
        'Choose a larger tolerance, or ask for the cause with method="eigh" and the Gram matrix of '
        "some of the points."
    )
    return _most_of(floor, tolerance, causes, causes, unknown)


def _causes_at_points(gram, labels, weights):
    """Return what points of no value or of equal ones explain, and how many points are left."""
    counted = weights > 0
    pinned, dwarfed = _pinned_points(gram) & counted, _dwarfed_points(gram) & counted
    group = _groups(gram, pinned | ~counted)
    variances = _variances_within(group, labels, weights)
    square = weights * labels**2 / len(labels)
    causes = [
        (square[pinned].sum(), _say_pinned(pinned)),
        (square[dwarfed].sum(), _say_dwarfed(gram, dwarfed)),
        (variances.sum(), _say_equal(gram, group, variances)),
    ]
    return causes, len(np.unique(group[counted & ~pinned]))


def _most_of(floor, tolerance, causes, named, otherwise):
    """Return the sentence of the first cause that explains enough; else all that explain a part.

    Enough leaves the tolerance some room: just above the floor the next thing is a lack of digits.
    """
    for explained, sentence in causes:
        if explained > 0 and _ROOM * (floor - explained) <= tolerance:
            return sentence
    parts = [
        f"For {_percent(explained / floor)} of that: {sentence}"
        for explained, sentence in named
        if explained > _PART * floor
    ]
    return " ".join([*parts, otherwise])


def _mean_square_in(null, y):
    """Return the mean square of what labels have in the null space."""
    return np.sum((null.T @ y) ** 2) / len(y)


def _pinned_points(gram):
    """Return which points have a row of zeros, (K,) of bool: to rounding in the usual rows."""
    size = np.abs(gram).max(axis=1)
    return size <= _checks.zero_threshold(np.median(size), len(gram), gram.dtype)


def _dwarfed_points(gram):
    """Return which points have no row of zeros, but are rounding beside the largest, (K,)."""
    diagonal = np.diag(gram)
    threshold = _checks.zero_threshold(diagonal.max(), len(gram), gram.dtype)
    return (diagonal <= threshold) & ~_pinned_points(gram)


def _groups(gram, left_out):
    """Return for each point the first point that the kernel cannot tell from it, (K,) of int.

    Points that are left out are alone. The functions of two points are the same if their distance
    g(x, x) - 2 g(x, t) + g(t, t) is that of rounding.
    """
    values = np.asarray(gram, dtype=float)
    diagonal = np.diag(values)
    squared_distance = np.add.outer(diagonal, diagonal) - 2 * values
    rounding = _SAME * _checks.zero_threshold(1.0, 1, gram.dtype)
    same = squared_distance <= rounding * np.maximum.outer(diagonal, diagonal)
    same[left_out] = same[:, left_out] = False
    np.fill_diagonal(same, True)
    return np.argmax(same, axis=1)


def _variances_within(group, y, weights):
    """Return what each group has in the mean square by which labels differ from its mean, (K,)."""
    total = np.bincount(group, weights=weights, minlength=len(y))
    sums = np.bincount(group, weights=weights * y, minlength=len(y))
    mean = sums / np.where(total > 0, total, 1.0)
    squares = weights * (y - mean[group]) ** 2
    return np.bincount(group, weights=squares, minlength=len(y)) / len(y)


def _explained_by_offset(null, y, floor, weights):
    """Return what subtracting the mean of the labels takes from the floor."""
    mean, share = _mean_and_share(y, weights)
    if share < _MOSTLY:
        return 0.0
    return floor - _mean_square_in(null, y - mean)


def _say_pinned(pinned):
    points = np.flatnonzero(pinned)
    return (
        f"The kernel is zero at {_points(points)}: every function is zero there, whatever the "
        "label. Leave out the points with a row of zeros."
    )


def _say_dwarfed(gram, dwarfed):
    largest, points = int(np.argmax(np.diag(gram))), np.flatnonzero(dwarfed)
    return (
        f"Beside the kernel's value at point {largest} those at {_points(points)} are rounding. "
        "Leave out what is so far from the rest, or bring the points to one scale."
    )


def _say_equal(gram, group, variances):
    members = np.flatnonzero(group == np.argmax(variances))
    others = np.count_nonzero(variances > 0) - 1
    more = f" (nor those of {others} other groups)" if others > 0 else ""
    length = (
        " All values of the kernel are nearly the same: if the points are not, its length scale is "
        "far too long."
    )
    return (
        f"The kernel cannot tell apart {_points(members)}{more}, but their labels differ. Put one "
        "point with the mean of their labels in the place of such points."
        + (length if _nearly_constant(gram) else "")
    )


def _nearly_constant(gram):
    return np.ptp(gram) <= _ALIKE * gram.max()


def _points(indices):
    named = ", ".join(str(i) for i in indices[:_NAMED])
    return f"point {named}" if len(indices) == 1 else (
        f"points {named}" + (f" and {len(indices) - _NAMED} more" if len(indices) > _NAMED else "")
    )  # fmt: skip


def _say_offset(y, scale, weights):
    mean, share = _mean_and_share(y, weights)
    return (
        f"The mean of the labels, {scale * mean:.6g}, makes {_percent(share)} of their mean "
        "square, and this kernel comes close to constants only. Subtract the mean from the labels, "
        "and add it to the predictions."
    )


def _percent(share):
    return f"{100 * share:.2g} %" if share < 0.995 else "100 %"


def _say_kernel(eigenvalues, points, gram, tolerance, floor):
    rank = np.count_nonzero(eigenvalues)
    rounding = _checks.zero_threshold(eigenvalues[-1], len(eigenvalues), gram.dtype)
    no_doubt = rank == 0 or eigenvalues[-rank] > _GAP * rounding
    if rank < points and no_doubt and not _nearly_constant(gram):
        return (
            f"On these points the kernel has rank {rank}: all its functions are combinations of "
            f"{rank}. Choose a larger tolerance or a richer kernel: in the place of a linear or "
            "polynomial one the Gaussian kernel, or exp(-|x - t| / length). A network's kernel "
            "without biases has rank 2 on the line, and full rank once a constant coordinate is "
            "appended, np.column_stack([x, np.ones(len(x))])."
        )
    return _say_smooth(tolerance, floor)


def _say_smooth(tolerance, floor):
    if floor < 1.2 * tolerance:
        factor = 1.1 if floor < 1.1 * tolerance else 1.2
        return (
            "If the tolerance is the variance of the noise, it is refused by chance, on some data "
            "and not on others, for a smooth kernel leaves nearly all of the noise: 1.1 times the "
            f"variance seldom is (here {factor} times the tolerance is enough)."
        )
    return (
        "A smooth kernel on many points has many such eigenvalues, so that this floor then holds "
        "most of the noise. Choose a larger tolerance, a rougher kernel such as exp(-|x - t| / "
        "length), or a shorter length scale."
    )
