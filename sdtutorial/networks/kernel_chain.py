"""The kernel chain on images: self-distillation with the neural tangent kernel, class by class.

Images become vectors, labels become a column a class, and every column is a chain of its own with
its own multipliers (the paper's Section 3.6). `python -m sdtutorial.networks kernel` runs it and
leaves one JSON line for each tolerance. What needs torch is imported where it is used: reading the
records needs none.
"""

import json
import time
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import scipy

from sdtutorial.distillation import distill_spectrum
from sdtutorial.kernels import NTK, gram_matrix
from sdtutorial.networks import provenance
from sdtutorial.networks.records import write_lines

# The records of the book's own runs, which come with the package.
RECORDED = Path(__file__).parent / "recorded_kernels"

_BLOCK = 1000  # new images at a time


@dataclass(frozen=True)
class Plan:
    """What one kernel chain is run on.

    Parameters
    ----------
    data : str
        A name that `sdtutorial.networks.data.load` knows.
    images, held_out : int
        Training images, and training images that the chain does not see. They are the ones that a
        chain of networks with these numbers and this seed has.
    depth : int
    bias : float
        Of the kernel, ``sdtutorial.NTK(depth, bias)``.
    tolerance : float
        Mean squared residual of every round, as a share of the mean square of the centred labels.
    seed : int
        Study seed, which chooses the images.
    """

    data: str
    images: int
    held_out: int
    depth: int
    bias: float
    tolerance: float
    seed: int


@dataclass(frozen=True)
class KernelRecord:
    """One kernel chain. Lists by round have an entry for each round of the longest column.

    Attributes
    ----------
    configuration : dict
        The `Plan`.
    eigenvalues : dict of str to float
        "smallest" and "largest" of the Gram matrix.
    rounds : list of int
        Rounds before collapse, by class.
    multipliers : dict of str to list of float
        "smallest", "median" and "largest" over the classes that have not collapsed, by round.
    metrics : dict of str to list of float
        "test_accuracy", "held_out_accuracy", "training_accuracy", by round.
    seconds : dict of str to float
        "kernel", "eigendecomposition", "prediction" and "chain", by the clock on the wall. The
        book's own records were made on a busy machine: their times say little.
    code : dict of str to str
        Fingerprints of the modules that computed it.
    versions : dict of str to str
    device : str
    data : str
        Fingerprint of the data set.
    finished : str
        Date and time (UTC).
    """

    configuration: dict
    eigenvalues: dict
    rounds: list
    multipliers: dict
    metrics: dict
    seconds: dict
    code: dict
    versions: dict
    device: str
    data: str
    finished: str


@dataclass
class _Clock:
    seconds: dict = field(default_factory=dict)

    def time(self, name, function, *arguments):
        start = time.perf_counter()
        result = function(*arguments)
        self.seconds[name] = self.seconds.get(name, 0) + time.perf_counter() - start
        return result


def run(plans, notify=lambda sentence: None):
    """Run kernel chains that differ in their tolerance only; one eigendecomposition serves all.

    Images are standardised channel by channel with the mean and deviation of the training images.
    The columns of the one-hot labels are centred by their means, the class frequencies; these are
    added to the fits before the largest is taken.

    Parameters
    ----------
    plans : list of Plan
    notify : callable, optional
        Told in a sentence what begins.

    Yields
    ------
    KernelRecord

    Raises
    ------
    ValueError
        If the plan asks for images that do not exist, or for no number of them.
    sdtutorial.InfeasibleToleranceError
        If the kernel cannot reach some class's labels within the tolerance.
    """
    from sdtutorial.networks import study
    from sdtutorial.networks.training import Machine

    plan, clock = plans[0], _Clock()
    samples = _samples(plan)
    images = _vectors(samples)
    kernel = NTK(plan.depth, plan.bias)
    notify(f"The kernel of {plan.images} training images.")
    gram = clock.time("kernel", gram_matrix, kernel, images["training"])
    notify("Its eigendecomposition.")
    d, vectors = clock.time("eigendecomposition", np.linalg.eigh, gram)
    del gram
    labels = np.eye(samples.classes)[samples.training_labels]  # (K, Q)
    means = labels.mean(axis=0)
    z = vectors.T @ (labels - means)
    energy = np.mean((labels - means) ** 2)
    chains = [
        clock.time("chain", distill_spectrum, d, z, each.tolerance * energy) for each in plans
    ]
    d = chains[0].eigenvalues  # those that count as zero are zero
    notify("The fits at the other images.")
    bases = {
        name: clock.time("prediction", _basis, kernel, images[name], images["training"], vectors)
        for name in ("held_out", "test")
    }
    bases["training"] = vectors * d  # the same formula for the training images
    for each, chain in zip(plans, chains):
        metrics = {
            f"{name}_accuracy": [
                float(np.mean(np.argmax(fit + means, axis=1) == getattr(samples, f"{name}_labels")))
                for fit in _fits(basis, chain)
            ]
            for name, basis in bases.items()
        }
        yield KernelRecord(
            configuration=asdict(each),
            eigenvalues={"smallest": float(d[0]), "largest": float(d[-1])},
            rounds=chain.rounds.tolist(),
            multipliers=_summary(chain.multipliers),
            metrics=metrics,
            seconds={name: round(value, 1) for name, value in clock.seconds.items()},
            code=code(),
            versions=provenance.versions(np, scipy),
            device=study.describe_device(Machine("cpu", "float64", 1)),
            data=samples.fingerprint,
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
        )


def _samples(plan):
    """The images that a study of networks with this seed trains on, holds out and tests on."""
    from sdtutorial.networks import chain, data

    setting = chain.Setting(
        "kernel", plan.data, network=None, recipe=None, images=plan.images, held_out=plan.held_out
    )
    return chain.split(data.load(plan.data), setting, plan.seed)


def _vectors(samples):
    """The images as standardised vectors, (n, 3072): "training", "held_out" and "test"."""
    pixels = samples.training_images / 255
    mean, deviation = pixels.mean(axis=(0, 1, 2)), pixels.std(axis=(0, 1, 2))
    return {
        name: ((getattr(samples, f"{name}_images") / 255 - mean) / deviation).reshape(
            len(getattr(samples, f"{name}_images")), -1
        )
        for name in ("training", "held_out", "test")
    }


def _basis(kernel, new, training, vectors):
    """G's eigenfunctions at new images, times their eigenvalues: (m, K)."""
    blocks = [
        kernel(new[first : first + _BLOCK], training) @ vectors
        for first in range(0, len(new), _BLOCK)
    ]
    return np.concatenate(blocks) / len(training)


def _fits(basis, chain):
    """The fit of each round in turn, (m, Q): the paper's (21)."""
    d = chain.eigenvalues[:, None]
    for kept in chain.filters:
        yield basis @ np.divide(kept * chain.coordinates, d, out=np.zeros_like(kept), where=d > 0)


def _summary(multipliers):
    finite = np.where(np.isfinite(multipliers), multipliers, np.nan)
    return {
        "smallest": np.nanmin(finite, axis=1).tolist(),
        "median": np.nanmedian(finite, axis=1).tolist(),
        "largest": np.nanmax(finite, axis=1).tolist(),
    }


def code():
    """Fingerprint the modules that decide what a kernel chain computes.

    Returns
    -------
    dict of str to str
    """
    here = Path(__file__)
    files = {"kernel_chain": here, "kernels": here.parents[1] / "kernels.py"}
    return {
        name: provenance.source_fingerprint(path.read_text(encoding="utf-8"))
        for name, path in files.items()
    }


def changed(record):
    """Name the modules whose code is another today than when a record was made.

    A test repeats a small chain that the code of the book's records has computed: its numbers are
    those of today.

    Parameters
    ----------
    record : KernelRecord

    Returns
    -------
    list of str
    """
    return [name for name, fingerprint in code().items() if record.code.get(name) != fingerprint]


def table(record):
    """Describe a kernel chain in plain text, round by round.

    Parameters
    ----------
    record : KernelRecord

    Returns
    -------
    str
    """
    plan = record.configuration
    lines = [
        f"{plan['data']}, {plan['images']} images, NTK of depth {plan['depth']} with bias "
        f"{plan['bias']:g}, tolerance {plan['tolerance']:g} of the labels' mean square",
        "round  test %  held %  train %  classes left  multiplier (median)",
    ]
    columns = (f"{name}_accuracy" for name in ("test", "held_out", "training"))
    accuracies = 100 * np.transpose([record.metrics[name] for name in columns])
    for t, (row, c) in enumerate(zip(accuracies, record.multipliers["median"])):
        left = sum(rounds > t for rounds in record.rounds)
        lines.append(f"{t:5d}  {row[0]:6.2f}  {row[1]:6.2f}  {row[2]:7.2f}  {left:12d}  {c:.3e}")
    return "\n".join(lines)


def write(records, path):
    """Write records into one `.jsonl` file, whole or not at all.

    Parameters
    ----------
    records : iterable of KernelRecord
    path : path
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(asdict(record), sort_keys=True, allow_nan=False) for record in records)
    write_lines([f"{line}\n" for line in lines], path)


def read(path):
    """Read the records of a `.jsonl` file.

    Parameters
    ----------
    path : path

    Returns
    -------
    list of KernelRecord

    Raises
    ------
    ValueError
        If a line is no such record.
    """
    names = {item.name for item in fields(KernelRecord)}
    found = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        values = json.loads(line)
        if not isinstance(values, dict) or values.keys() != names:
            raise ValueError(f"{path}, line {number} is no record of a kernel chain")
        found.append(KernelRecord(**values))
    return found


def recorded(name):
    """Read one of the book's own runs, for instance "cifar10-4000".

    Parameters
    ----------
    name : str
        Data set and number of training images.

    Returns
    -------
    list of KernelRecord
    """
    return read(RECORDED / f"{name}.jsonl")
