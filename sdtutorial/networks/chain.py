"""One round of a chain of networks: train on targets, predict, measure.

Round 0 trains a network on the true labels. Round t trains a fresh network of the same kind, with
the same recipe, on what the network of round t - 1 predicts for the training images: softmax
probabilities at temperature 1, from clean images, in evaluation mode, in the images' fixed order.
Nothing of the labels is mixed in. The network counts as it is after its last step; no epoch is
chosen, and neither test images nor held-out images take part in any training.

Round 0 of an ensemble trains several networks on the labels, independent of each other, and counts
as one network whose probabilities are the mean of theirs. Round 1 is then a student of them all.
"""

import time
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from sdtutorial.networks.models import Network
from sdtutorial.networks.training import (
    Images,
    Recipe,
    channel_statistics,
    derive_seed,
    predict,
    train,
)

STREAMS = ("initialisation", "order", "augmentation")

# Bins of equal width for the calibration error, the number that is usual since Guo et al. (2017).
CALIBRATION_BINS = 15


@dataclass(frozen=True)
class Setting:
    """What one chain does: data, network and recipe.

    Parameters
    ----------
    name : str
        Its name, which enters the seeds.
    data : str
        A name that `sdtutorial.networks.data.load` knows.
    network : Network
    recipe : Recipe
    images : int or None
        Training images; None takes all that are not held out.
    held_out : int
        Training images that no round trains on.
    same_initialisation : bool
        Start every round from the weights that round 0 started from. A control: otherwise each
        round draws its own.
    label_noise : float
        Part of the training images whose label is replaced by another class, drawn at random (see
        `noisy`). The labels of held-out and of test images stay true.
    seeds_of : str or None
        Derive the seeds from this setting's name instead. A control then shares its chains'
        initial weights and orders with the setting that it is compared to.
    members : int
        Networks of round 0. With more than one it is an ensemble. The first one is the network that
        round 0 consists of otherwise.
    """

    name: str
    data: str
    network: Network
    recipe: Recipe
    images: int | None = None
    held_out: int = 5000
    same_initialisation: bool = False
    seeds_of: str | None = None
    label_noise: float = 0.0
    members: int = 1


@dataclass(frozen=True, eq=False)
class Samples:
    """The images that a setting trains on, holds out and tests on.

    Row i of every target matrix belongs to row i of `training_images`.
    """

    training_images: np.ndarray  # (n, 32, 32, 3) uint8
    training_labels: np.ndarray  # (n,) int64, the true ones
    given_labels: np.ndarray  # (n,) int64, those that round 0 trains on
    held_out_images: np.ndarray
    held_out_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: int  # Q
    fingerprint: str  # of the whole data set


@dataclass(frozen=True, eq=False)
class Round:
    """What one round leaves behind.

    Attributes
    ----------
    targets : ndarray of float32, shape (n, Q)
        Its predictions on the training images, which the next round trains on.
    test_classes : ndarray of int16, shape (m,)
        The class it gives to each test image.
    metrics : dict of str to float
        See `measure`; and "seconds" and "processor_seconds", of the whole round; and with label
        noise "noisy_training_accuracy", that against the labels that round 0 trained on.
    seeds : dict of str to int
        The derived seeds of "split", of the streams of the training (those of the further members
        of an ensemble as "order-1" and so on), and of "label_noise" if there is some.
    """

    targets: np.ndarray
    test_classes: np.ndarray
    metrics: dict
    seeds: dict


def split(dataset, setting, study_seed):
    """Choose training and held-out images by a random order that depends on the study seed alone.

    A sample's id is its row in `dataset`, whose order does not depend on where it came from. The
    ids are shuffled once for each data set; the first ones train, the last ones are held out, and
    both stay in the shuffled order. Fewer training images change nothing of those held out.

    Parameters
    ----------
    dataset : sdtutorial.networks.data.Dataset
    setting : Setting
    study_seed : int

    Returns
    -------
    Samples

    Raises
    ------
    ValueError
        The setting asks for more images than there are, or for label noise outside [0, 1].
    """
    available = len(dataset.train_labels)
    count = available - setting.held_out if setting.images is None else setting.images
    if setting.held_out < 1 or count < 1 or count + setting.held_out > available:
        raise ValueError(
            f"setting {setting.name!r} asks for {count} training images and {setting.held_out} "
            f"held-out ones, both at least 1; {dataset.name} has {available}"
        )
    if not 0 <= setting.label_noise <= 1:
        raise ValueError(
            f"setting {setting.name!r} asks for label noise {setting.label_noise}; it is a part of "
            "the images, between 0 and 1"
        )
    generator = np.random.default_rng(split_seed(setting, study_seed))
    ids = generator.permutation(available)
    training, held_out = ids[:count], ids[available - setting.held_out :]
    labels, classes = dataset.train_labels[training], len(dataset.classes)
    return Samples(
        dataset.train_images[training],
        labels,
        noisy(labels, classes, setting.label_noise, noise_seed(setting, study_seed)),
        dataset.train_images[held_out],
        dataset.train_labels[held_out],
        dataset.test_images,
        dataset.test_labels,
        classes,
        dataset.fingerprint,
    )


def split_seed(setting, study_seed):
    """Seed of the order that `split` shuffles the sample ids into."""
    return derive_seed(study_seed, setting.data, "split")


def noise_seed(setting, study_seed):
    """Seed of the label noise; like the split it is the same for all chains."""
    return derive_seed(study_seed, setting.data, "label noise")


def noisy(labels, classes, part, seed):
    """Replace the labels of a part of the images, chosen at random, by other classes.

    The noise is symmetric: each of the other classes is equally likely. The number of labels that
    are replaced is exact, `round(part * n)`. Of two parts the smaller one replaces a subset of the
    labels that the larger one replaces, and by the same classes.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
    classes : int
    part : float
    seed : int

    Returns
    -------
    ndarray of int, shape (n,)
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(labels))
    steps = generator.integers(1, classes, len(labels))
    chosen = order[: round(part * len(labels))]
    changed = labels.copy()
    changed[chosen] = (labels[chosen] + steps[chosen]) % classes
    return changed


def stream_seeds(setting, study_seed, chain, round_number, member=0):
    """Derive the seeds of one training from (study seed, setting, chain, round, stream).

    Those of a further member of an ensemble are derived from its number, too.

    Parameters
    ----------
    setting : Setting
    study_seed : int
    chain, round_number : int
    member : int

    Returns
    -------
    dict of str to int
        One seed for each of `STREAMS`.
    """
    name, further = setting.seeds_of or setting.name, (member,) if member else ()
    seeds = {}
    for stream in STREAMS:
        fixed = stream == "initialisation" and setting.same_initialisation
        number = 0 if fixed else round_number
        seeds[stream] = derive_seed(study_seed, name, chain, number, stream, *further)
    return seeds


def one_hot(labels, classes):
    """Labels (n,) to (n, Q) float32 with a one at the label."""
    return np.eye(classes, dtype=np.float32)[labels]


def first_targets(labels, classes, smoothing=0.0):
    r"""The targets of round 0: one-hot labels, smoothed if the recipe says so.

    .. math:: (1 - a) \, e_{\mathrm{label}} + a / Q

    with the smoothing a.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
    classes : int
    smoothing : float

    Returns
    -------
    ndarray of float32, shape (n, Q)

    References
    ----------
    Szegedy, Vanhoucke, Ioffe, Shlens, Wojna, "Rethinking the Inception Architecture for Computer
    Vision", CVPR 2016.
    """
    return np.float32(1 - smoothing) * one_hot(labels, classes) + np.float32(smoothing / classes)


def run_round(
    setting, machine, samples, study_seed, chain, round_number, *, targets=None, first_classes=None
):
    """Train one network, or the members of an ensemble, and measure it.

    Parameters
    ----------
    setting : Setting
    machine : Machine
    samples : Samples
        From `split`.
    study_seed, chain, round_number : int
    targets : ndarray of float32, shape (n, Q) or None
        The predictions of the round before; None in round 0, which trains on the
        true labels.
    first_classes : ndarray, shape (m,) or None
        The classes that round 0 gave to the test images; None in round 0.

    Returns
    -------
    Round

    Raises
    ------
    DivergedError
        The loss or a prediction became NaN or infinite.
    ValueError
        Round 0 with targets, or a later one without.
    """
    first = round_number == 0
    if first != (targets is None) or first != (first_classes is None):
        raise ValueError(
            "round 0 takes the true labels; later rounds take those of the round before"
        )
    started, started_processor = time.perf_counter(), time.process_time()
    if first:
        smoothing = setting.recipe.label_smoothing
        targets = first_targets(samples.given_labels, samples.classes, smoothing)
    statistics = channel_statistics(samples.training_images)
    training = Images(samples.training_images, *statistics, machine)
    held_out = Images(samples.held_out_images, *statistics, machine)
    test = Images(samples.test_images, *statistics, machine)

    seeds, predictions = {}, []
    with _reproducible_kernels(machine):
        for member in range(setting.members if first else 1):
            own = stream_seeds(setting, study_seed, chain, round_number, member)
            seeds |= {f"{stream}-{member}" if member else stream: own[stream] for stream in own}
            model = train(setting.network, training, targets, setting.recipe, own)
            predictions.append([predict(model, part) for part in (training, held_out, test)])
    log_training, log_held_out, log_test = map(log_of_mean, zip(*predictions))

    test_classes = log_test.argmax(1).astype(np.int16)
    metrics = measure(
        samples,
        setting.recipe.loss,
        targets,
        log_training,
        log_held_out,
        log_test,
        test_classes if first else first_classes,
    )
    metrics["seconds"] = time.perf_counter() - started
    metrics["processor_seconds"] = time.process_time() - started_processor
    if setting.label_noise:
        noisy_accuracy = _accuracy(log_training, samples.given_labels)
        metrics["noisy_training_accuracy"] = noisy_accuracy
        seeds["label_noise"] = noise_seed(setting, study_seed)
    seeds["split"] = split_seed(setting, study_seed)
    return Round(np.exp(log_training), test_classes, metrics, seeds)


def log_of_mean(log_probabilities):
    """Logarithm of the mean of probabilities, from their logarithms.

    Parameters
    ----------
    log_probabilities : sequence of ndarray, shape (n, Q)
        Of one network each. That of a single network is returned as it is.

    Returns
    -------
    ndarray, shape (n, Q)
    """
    return np.logaddexp.reduce(log_probabilities) - np.float32(np.log(len(log_probabilities)))


@contextmanager
def _reproducible_kernels(machine):
    """The same kernels in every run, the given number of threads, and float32 that is float32."""
    threads = torch.get_num_threads()
    torch.set_num_threads(machine.threads)
    try:
        with torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        ):
            yield
    finally:
        torch.set_num_threads(threads)


def measure(samples, loss, targets, log_training, log_held_out, log_test, first_classes):
    """Compute all metrics of a round from its targets and its predictions.

    Parameters
    ----------
    samples : Samples
    loss : {"cross-entropy", "l2"}
    targets : ndarray, shape (n, Q)
        What the round trained on.
    log_training, log_held_out, log_test : ndarray, shape (n, Q), (h, Q) and (m, Q)
        Natural logarithms of its predicted probabilities.
    first_classes : ndarray, shape (m,)
        Classes that round 0 gave to the test images.

    Returns
    -------
    dict of str to float
        - "test_accuracy", "training_accuracy", "held_out_accuracy": parts of the images whose most
          probable class is their true label, on the training images too.
        - "test_cross_entropy": mean of -log of the probability of the true label, in nats.
        - "test_brier": mean over the images of the sum over classes of
          (probability - one-hot label)^2.
        - "test_calibration_error": see `calibration_error`.
        - "loss_to_targets": the setting's loss between the round's own targets and what the trained
          network predicts, without the factor of `gradient_scale`. For "l2" this is the mean
          squared residual of the theory, summed over the classes.
        - "prediction_entropy", "prediction_maximum": means over the training images of entropy (in
          nats) and largest probability of the predictions, the next round's targets.
        - "prediction_rank": `effective_rank` of the matrix of those predictions.
        - "prediction_diversity": entropy of their mean minus the mean of their entropies, in nats;
          0 if all images get the same prediction.
        - "agreement": part of the test images to which round 0 gave the same class.
    """
    probabilities, test_probabilities = np.exp(log_training), np.exp(log_test)
    test_labels = samples.test_labels
    rows = np.arange(len(test_labels))
    if loss == "l2":
        loss_to_targets = _mean(np.square(probabilities - targets).sum(1))
    else:
        loss_to_targets = _mean(-(targets * log_training).sum(1))
    residual = test_probabilities - one_hot(test_labels, samples.classes)
    return {
        "test_accuracy": _accuracy(log_test, test_labels),
        "training_accuracy": _accuracy(log_training, samples.training_labels),
        "held_out_accuracy": _accuracy(log_held_out, samples.held_out_labels),
        "test_cross_entropy": _mean(-log_test[rows, test_labels]),
        "test_brier": _mean(np.square(residual).sum(1)),
        "test_calibration_error": calibration_error(test_probabilities, test_labels),
        "loss_to_targets": loss_to_targets,
        "prediction_entropy": _mean(-(probabilities * log_training).sum(1)),
        "prediction_maximum": _mean(probabilities.max(1)),
        "prediction_rank": effective_rank(probabilities),
        "prediction_diversity": _entropy(probabilities.mean(0, dtype=np.float64))
        - _entropy(probabilities.astype(np.float64)),
        "agreement": _mean(log_test.argmax(1) == first_classes),
    }


def _mean(values):
    return float(np.mean(values, dtype=np.float64))


def _entropy(probabilities):
    """Mean over the rows of the entropy, in nats."""
    logs = np.log(np.where(probabilities > 0, probabilities, 1.0))
    return float(-(probabilities * logs).sum(-1).mean())


def _accuracy(log_probabilities, labels):
    return _mean(log_probabilities.argmax(1) == labels)


def calibration_error(probabilities, labels):
    r"""Expected calibration error with 15 bins of equal width.

    .. math:: \sum_b \frac{n_b}{n} \left| \mathrm{accuracy}_b - \mathrm{confidence}_b \right|

    where bin b holds the images whose largest probability lies in ((b-1)/15, b/15].

    Parameters
    ----------
    probabilities : ndarray, shape (n, Q)
    labels : ndarray, shape (n,)

    Returns
    -------
    float

    References
    ----------
    Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
    """
    confidence = probabilities.max(1).astype(np.float64)
    correct = probabilities.argmax(1) == labels
    bins = np.ceil(confidence * CALIBRATION_BINS).astype(int)
    bins = np.clip(bins, 1, CALIBRATION_BINS) - 1
    gaps = np.bincount(bins, weights=correct - confidence, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def effective_rank(matrix):
    r"""Exponential of the entropy of the singular values, normalised to sum to one.

    .. math:: \exp\Big(-\sum_k p_k \log p_k\Big), \qquad p_k = \sigma_k \Big/ \sum_j \sigma_j

    It lies between 1 and the rank, and equals the rank if all singular values that are not zero are
    the same. The matrix is not centred.

    Parameters
    ----------
    matrix : ndarray, shape (n, Q)
        Not zero.

    Returns
    -------
    float

    References
    ----------
    Roy, Vetterli, "The effective rank: a measure of effective dimensionality", EUSIPCO 2007.
    """
    matrix = matrix.astype(np.float64)
    values = np.sqrt(np.maximum(np.linalg.eigvalsh(matrix.T @ matrix), 0.0))
    parts = values / values.sum()
    parts = parts[parts > 0]
    return float(np.exp(-(parts * np.log(parts)).sum()))
