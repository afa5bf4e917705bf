"""Data that readers know, split again and again: what rounds do to new points, beside a ridge fit.

The handwritten digits and the diabetes patients come with scikit-learn. A split draws training
points, noise on their labels, and new points on which predictions are judged. Three methods are
tuned by cross-validation on the training points alone: one ridge fit by its penalty, one fit by its
tolerance, and a chain by tolerance and round.
"""

from dataclasses import dataclass

import numpy as np

from sdtutorial import _checks, examples
from sdtutorial.distillation import distill
from sdtutorial.generalization import validation_errors
from sdtutorial.kernels import cross_matrix, gram_matrix
from sdtutorial.regression import fit_with_multiplier

__all__ = [
    "Split",
    "Study",
    "diabetes_split",
    "digits",
    "digits_split",
    "study",
    "tuned_predictions",
]


@dataclass(frozen=True)
class Split:
    """Training points with noisy labels, and new points.

    Attributes
    ----------
    x : ndarray, shape (K, p)
    labels : ndarray, shape (K, Q)
    new : ndarray, shape (m, p)
    truth : ndarray, shape (m, Q)
        What predictions at the new points are compared with.
    classes : ndarray of int, shape (m,), or None
        Of the new points.
    """

    x: np.ndarray
    labels: np.ndarray
    new: np.ndarray
    truth: np.ndarray
    classes: np.ndarray | None = None


@dataclass(frozen=True)
class Study:
    """What a chain and its tuned rivals come to at the new points of several splits.

    Attributes
    ----------
    risk, accuracy : ndarray, shape (S, T)
        Of the chain with the tolerance that was given, by split and round: the mean over the new
        points of the squared distance from the truth, and the share of the classes that the largest
        output names. The accuracy is NaN where there are no classes.
    tuned_risk, tuned_accuracy : dict of str to ndarray, shape (S,)
        Of "ridge", "one fit" and "chain", as of :func:`tuned_predictions`.
    """

    risk: np.ndarray
    accuracy: np.ndarray
    tuned_risk: dict
    tuned_accuracy: dict


def digits():
    """Return the 1797 handwritten digits of scikit-learn: 8 x 8 pixels in [0, 1], and classes.

    Returns
    -------
    x : ndarray, shape (1797, 64)
    classes : ndarray of int, shape (1797,)

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    """
    from sklearn.datasets import load_digits

    pixels, classes = load_digits(return_X_y=True)
    return pixels / 16, classes


def digits_split(seed, label_noise=0.0, size=300):
    """Draw training digits, and replace the class of some of them by another one at random.

    Labels are a column a class, of zeros and ones. The truth is their expectation given the right
    class, 1 - a and a / 9 for a label noise a, so that it says what a perfect method would predict.

    Parameters
    ----------
    seed : int or numpy.random.Generator
    label_noise : float
        The probability a that a class is replaced, in [0, 1].
    size : int
        K, at least 1 and less than 1797. All others are new points.

    Returns
    -------
    Split

    Raises
    ------
    TypeError, ValueError
        If an argument is not such a number.
    """
    rng = _checks.generator(seed)
    x, classes = digits()
    size = _size(size, len(x))
    if not 0 <= _checks.real_number("label_noise", label_noise) <= 1:
        raise ValueError(f"label_noise must be in [0, 1], not {label_noise}")
    train, test = np.split(rng.permutation(len(x)), [size])
    replaced = rng.random(size) < label_noise
    noisy = (classes[train] + replaced * rng.integers(1, 10, size)) % 10
    unit = np.eye(10)
    truth = label_noise / 9 + (1 - label_noise * 10 / 9) * unit[classes[test]]
    return Split(x[train], unit[noisy], x[test], truth, classes[test])


def diabetes_split(seed, noise=0.0, size=300):
    """Draw patients to train on, and add Gaussian noise to their labels.

    Parameters
    ----------
    seed : int or numpy.random.Generator
    noise : float
        Standard deviation of the noise that is added, at least 0; that of the labels is 1.
    size : int
        K, at least 1 and less than 442. All others are new points; their own labels are the truth.

    Returns
    -------
    Split

    Raises
    ------
    TypeError, ValueError
        If an argument is not such a number.
    """
    rng = _checks.generator(seed)
    x, y = examples.diabetes()
    size = _size(size, len(x))
    if not 0 <= _checks.real_number("noise", noise) < np.inf:
        raise ValueError(f"noise must be finite and at least 0, not {noise}")
    train, test = np.split(rng.permutation(len(x)), [size])
    labels = y[train] + noise * rng.standard_normal(size)
    return Split(x[train], labels[:, None], x[test], y[test, None])


def _size(value, available):
    size = _checks.whole_number("size", value, minimum=1)
    if size >= available:
        raise ValueError(f"size must be less than {available}, so that some are new, not {size}")
    return size


def tuned_predictions(split, kernel, tolerances, penalties, *, rounds=12, folds=5):
    """Return predictions at the new points of three methods, each tuned by cross-validation.

    Parameters
    ----------
    split : Split
    kernel : callable
        ``kernel(x, t)`` returns a matrix (n, m).
    tolerances : array_like, shape (n,)
        To choose from, as shares of the variance of the labels of each column.
    penalties : array_like, shape (n,)
        To choose from, values of alpha of scikit-learn's ``KernelRidge``.
    rounds : int
        The largest number of rounds to choose.
    folds : int
        Into which the training points are cut, at least 2.

    Returns
    -------
    dict of str to ndarray, shape (m, Q)
        "ridge": one ridge fit with the best penalty; "one fit": a single round with the best
        tolerance; "chain": the best tolerance and number of rounds.

    Raises
    ------
    InfeasibleToleranceError, TypeError, ValueError
        As :func:`sdtutorial.generalization.validation_errors`.
    """
    from sdtutorial.estimator import SelfDistilledKernelRidge

    _check_split(split)
    _check_kernel(kernel)
    rounds = _checks.whole_number("rounds", rounds, minimum=1)
    folds = _checks.whole_number("folds", folds, minimum=2)
    if folds > len(split.labels):
        raise ValueError(f"folds must be at most the number of points, {len(split.labels)}")
    tolerances = _grid("tolerances", tolerances)
    multipliers = _grid("penalties", penalties) / len(split.x)
    mean = split.labels.mean(axis=0)
    labels = split.labels - mean
    gram, cut = gram_matrix(kernel, split.x), np.arange(len(labels)) % folds

    penalised = _ridge_errors(gram, labels, multipliers, cut)
    best = fit_with_multiplier(gram, labels, multipliers[penalised.argmin()])
    predictions = {"ridge": best.predict(cross_matrix(kernel, split.new, split.x)) + mean}

    # Every tolerance is a set of columns, so that one eigendecomposition a fold serves all.
    allowed = np.multiply.outer(tolerances, labels.var(axis=0))  # (n, Q)
    columns = np.tile(labels, len(tolerances))
    errors = validation_errors(gram, columns, allowed.ravel(), cut, rounds=rounds)
    errors = errors.reshape(rounds, *allowed.shape).sum(axis=2).T  # (n, rounds)
    one = int(errors[:, 0].argmin()), 0
    for name, (i, t) in (("one fit", one), ("chain", divmod(int(errors.argmin()), rounds))):
        model = SelfDistilledKernelRidge(kernel, tolerance=tolerances[i], rounds=t + 1)
        predictions[name] = model.fit(split.x, split.labels).predict(split.new)
    return predictions


def _ridge_errors(gram, labels, multipliers, cut):
    """Return the sum of squared errors of ridge fits on points held out, by multiplier, (n,)."""
    columns = np.tile(labels, len(multipliers))
    given = np.repeat(multipliers, labels.shape[1])
    errors = np.zeros(len(given))
    for fold in np.unique(cut):
        out = cut == fold
        part = gram[:, ~out]  # divided by K, as the multipliers are
        chain = distill(part[~out], columns[~out], multiplier=given, max_rounds=1)
        errors += np.sum((chain.predict(part[out])[0] - columns[out]) ** 2, axis=0)
    return errors.reshape(len(multipliers), -1).sum(axis=1)


def study(splits, kernel, tolerance, tolerances, penalties, *, rounds=12):
    """Follow a chain through its rounds on several splits, and tune its rivals on each.

    Parameters
    ----------
    splits : iterable of Split
    kernel : callable
        ``kernel(x, t)`` returns a matrix (n, m).
    tolerance : float
        Of the chain that is followed, a share of the variance of the labels of each column.
    tolerances, penalties, rounds
        As for :func:`tuned_predictions`.

    Returns
    -------
    Study

    Raises
    ------
    InfeasibleToleranceError, TypeError, ValueError
        As :func:`tuned_predictions`.
    """
    from sdtutorial.estimator import SelfDistilledKernelRidge

    _check_kernel(kernel)
    followed, tuned = [], []
    for split in _list_of(splits):
        model = SelfDistilledKernelRidge(kernel, tolerance=tolerance, rounds=rounds)
        model.fit(split.x, split.labels)
        stages = (stage.reshape(split.truth.shape) for stage in model.staged_predict(split.new))
        followed.append([_judge(split, stage) for stage in stages])
        rivals = tuned_predictions(split, kernel, tolerances, penalties, rounds=rounds)
        tuned.append({name: _judge(split, values) for name, values in rivals.items()})
    risk, accuracy = np.moveaxis(np.array(followed), 2, 0)
    judged = {name: np.array([entry[name] for entry in tuned]).T for name in tuned[0]}
    return Study(
        risk,
        accuracy,
        {name: values[0] for name, values in judged.items()},
        {name: values[1] for name, values in judged.items()},
    )


def _list_of(splits):
    if not hasattr(splits, "__iter__"):
        raise TypeError(f"splits must be several Splits, not {splits!r}")
    splits = list(splits)
    if not splits:
        raise ValueError("splits must hold at least one Split")
    for split in splits:
        _check_split(split)
    return splits


def _check_split(split):
    _checks.offers("split", split, ["x", "labels", "new", "truth"], "a Split")


def _check_kernel(kernel):
    if not callable(kernel):
        raise TypeError(f"kernel must be a function of two sets of points, not {kernel!r}")


def _grid(name, value):
    array = _checks.real_array(name, value, ndim=1)
    if not array.size or not (array > 0).all():
        raise ValueError(f"{name} must hold at least one number, all positive")
    return array


def _judge(split, predictions):
    predictions = predictions.reshape(split.truth.shape)
    risk = np.mean(np.sum((predictions - split.truth) ** 2, axis=1))
    if split.classes is None:
        return risk, np.nan
    return risk, np.mean(predictions.argmax(axis=1) == split.classes)
