"""Records of rounds: one JSON line each, how they are read, merged, checked and summarised.

A record says what was trained, with which seeds, by which code, on which device and data, and what
was measured. Everything that a chapter shows of a study it reads from here. This module needs no
torch.
"""

import ast
import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import stdtrit

# The modules that decide what a training computes.
FINGERPRINTED = ("data", "models", "training", "chain")

METRICS = (
    "test_accuracy",
    "training_accuracy",
    "held_out_accuracy",
    "test_cross_entropy",
    "test_brier",
    "test_calibration_error",
    "loss_to_targets",
    "prediction_entropy",
    "prediction_maximum",
    "prediction_rank",
    "agreement",
    "seconds",
    "processor_seconds",
)


class RecordError(ValueError):
    """A line is not a record."""


@dataclass(frozen=True)
class Record:
    """One round of one chain.

    Attributes
    ----------
    setting : str
    chain, round : int
    outcome : str
        "complete", or why the chain stopped in this round.
    configuration : dict
        All that defines the training: "setting", "machine" and "study_seed".
    seeds : dict of str to int
        The derived seeds.
    metrics : dict of str to float
        See `sdtutorial.networks.chain.measure`; empty if the chain stopped.
    targets : str
        SHA-256 of the (n, Q) float32 predictions on the training images; empty if it stopped.
    code : dict of str to str
        `code_fingerprint` of the modules that computed it.
    versions : dict of str to str
        Of Python, torch and numpy.
    device : str
        The processor's or GPU's own name.
    data : str
        Fingerprint of the data set.
    preset : str
    finished : str
        Date and time (UTC).
    """

    setting: str
    chain: int
    round: int
    outcome: str
    configuration: dict
    seeds: dict
    metrics: dict
    targets: str
    code: dict
    versions: dict
    device: str
    data: str
    preset: str
    finished: str

    @property
    def complete(self):
        """Whether the round was trained to its end."""
        return self.outcome == "complete"

    @property
    def key(self):
        """What must be the same for two records to describe the same training."""
        return (configuration_digest(self.configuration), self.setting, self.chain, self.round)

    @property
    def stale(self):
        """Fingerprinted modules whose code differs from today's."""
        today = code_fingerprint()
        return [module for module in FINGERPRINTED if self.code.get(module) != today[module]]

    def to_line(self):
        """Write the record as one line of JSON, ended by a line break."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False) + "\n"

    @classmethod
    def from_line(cls, line):
        """Read a record from a line of JSON.

        Raises
        ------
        RecordError
            The line is not JSON, or something is missing, unknown, or of another type.
        """
        try:
            values = json.loads(line)
        except ValueError as error:
            raise RecordError(f"not JSON ({error})") from None
        if not isinstance(values, dict):
            raise RecordError("not a JSON object")
        expected = {item.name: item.type for item in fields(cls)}
        for difference, kind in (
            (expected.keys() - values.keys(), "missing"),
            (values.keys() - expected.keys(), "unknown"),
        ):
            if difference:
                raise RecordError(f"{kind}: {', '.join(sorted(difference))}")
        for name, kind in expected.items():
            # A bool is an int to Python, but no count.
            if not isinstance(values[name], kind) or isinstance(values[name], bool):
                raise RecordError(f"{name} is not of type {kind.__name__}")
        record = cls(**values)
        record._check_content()
        return record

    def _check_content(self):
        if self.chain < 0 or self.round < 0:
            raise RecordError("chain and round must not be negative")
        if not {"setting", "machine", "study_seed"} <= self.configuration.keys():
            raise RecordError("the configuration lacks its setting, machine or study_seed")
        if not self.complete:
            return
        missing = [name for name in METRICS if name not in self.metrics]
        if missing:
            raise RecordError(f"metrics missing: {', '.join(missing)}")
        for name, value in self.metrics.items():
            if not isinstance(value, float | int) or not np.isfinite(value):
                raise RecordError(f"metric {name} is not a finite number")


def configuration_digest(configuration):
    """The first 12 hexadecimal digits of the SHA-256 of a configuration, whatever its order."""
    text = json.dumps(configuration, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def differences(one, other, prefix=""):
    """Say in which entries two configurations differ.

    Returns
    -------
    list of str
        For instance "machine.precision (bfloat16, not float32)".
    """
    found = []
    for name in sorted(one.keys() | other.keys()):
        a, b = one.get(name), other.get(name)
        if isinstance(a, dict) and isinstance(b, dict):
            found += differences(a, b, f"{prefix}{name}.")
        elif a != b:
            found.append(f"{prefix}{name} ({a}, not {b})")
    return found


@cache
def code_fingerprint():
    """Hash the code that decides what a training computes, as it was when first asked for.

    Comments, docstrings and layout are left out: a better explanation makes no record stale. The
    hash is of the syntax tree, with empty entries left out, because those differ between versions
    of Python.

    Returns
    -------
    dict of str to str
        The first 16 hexadecimal digits of a SHA-256 for each module of `FINGERPRINTED`.
    """
    folder = Path(__file__).parent
    return {
        module: source_fingerprint((folder / f"{module}.py").read_text(encoding="utf-8"))
        for module in FINGERPRINTED
    }


def source_fingerprint(source):
    """The first 16 hexadecimal digits of the SHA-256 of a module's meaning; see above."""
    tree = json.dumps(_plain(ast.parse(source)))
    return hashlib.sha256(tree.encode()).hexdigest()[:16]


def _plain(node):
    """A syntax tree as nested lists, without positions and docstrings."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    content = {name: value for name, value in ast.iter_fields(node) if value not in (None, [])}
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and _has_docstring(node):
        content["body"] = node.body[1:]
    content.pop("kind", None)  # of a constant: only whether a string was written u"..."
    return [type(node).__name__, [[name, _plain(value)] for name, value in content.items()]]


def _has_docstring(node):
    first = node.body[0] if node.body else None
    return (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )


@dataclass(frozen=True)
class Reading:
    """What was found in some files and folders.

    Attributes
    ----------
    records : list of Record
        Each training once, sorted by setting, chain and round.
    problems : list of str
        Sentences about lines that are no records and about records found more than once.
    """

    records: list
    problems: list = field(default_factory=list)


def read(paths):
    """Read records from files and, however deep, from folders.

    Records of several runs and machines merge: the same training (configuration, setting, chain
    and round) counts once.

    Parameters
    ----------
    paths : iterable of path
        `.jsonl` files, or folders with such files. Hidden folders are left out.

    Returns
    -------
    Reading

    Raises
    ------
    FileNotFoundError
        A path does not exist.
    """
    found, problems, repeated = {}, [], {}
    for path in _files(paths):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{path} cannot be read ({error}); it is left out.")
            continue
        lines = text.splitlines(keepends=True)
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = Record.from_line(line)
            except RecordError as error:
                what = "truncated" if not line.endswith("\n") else "no record"
                problems.append(f"{path}, line {number} is {what}: {error}; it is left out.")
                continue
            if record.key not in found:
                found[record.key] = record, path
                continue
            other, first = found[record.key]
            if record.targets == other.targets:
                repeated[path] = repeated.get(path, 0) + 1
            else:
                problems.append(
                    f"{record.setting}, chain {record.chain}, round {record.round} is in {first} "
                    f"and again, with another result, in {path}; the first one counts."
                )
    problems += [
        f"{path} repeats {count} {'record' if count == 1 else 'records'} of other files or lines; "
        "each counts once."
        for path, count in repeated.items()
    ]
    records = [record for record, _ in found.values()]
    records.sort(key=lambda record: (record.setting, record.key[0], record.chain, record.round))
    return Reading(records, problems)


def _files(paths):
    files = []
    for path in map(Path, paths):
        if path.is_dir():
            files += [
                file
                for file in sorted(path.rglob("*.jsonl"))
                if not any(part.startswith(".") for part in file.relative_to(path).parts)
            ]
        elif path.exists():
            files.append(path)
        else:
            raise FileNotFoundError(f"there is no file or folder {path}")
    # The same file named twice, or inside a named folder, is one file.
    return list({file.resolve(): file for file in files}.values())


def write(records, path):
    """Write records into one `.jsonl` file, in the order of `read`, whole or not at all.

    Parameters
    ----------
    records : iterable of Record
    path : path
    """
    path = Path(path)
    partial = path.with_name(path.name + ".part")
    partial.write_text("".join(record.to_line() for record in records), encoding="utf-8")
    partial.replace(path)


@dataclass(frozen=True)
class Chains:
    """The chains of one setting under one configuration.

    Attributes
    ----------
    setting : str
    configuration : dict
    records : list of list of Record
        One list for each chain, its complete rounds 0, 1, 2, ... as far as none is missing.
    stopped : list of Record
        Rounds in which a chain stopped, for instance with a NaN loss.
    """

    setting: str
    configuration: dict
    records: list
    stopped: list

    @property
    def rounds(self):
        """Number of rounds that every chain has."""
        return min((len(chain) for chain in self.records), default=0)

    def values(self, metric):
        """A metric of all rounds that some chain has.

        Parameters
        ----------
        metric : str

        Returns
        -------
        numpy.ndarray
            (chains, rounds), NaN where a chain does not have the round.
        """
        table = np.full((len(self.records), max(map(len, self.records), default=0)), np.nan)
        for row, chain in zip(table, self.records):
            row[: len(chain)] = [record.metrics[metric] for record in chain]
        return table

    def common_values(self, metric):
        """A metric of the rounds that all chains have.

        Parameters
        ----------
        metric : str

        Returns
        -------
        numpy.ndarray
            (chains, rounds)
        """
        return self.values(metric)[:, : self.rounds]


def recorded():
    """Read the records of the book's own study, which come with the package.

    Returns
    -------
    Reading
    """
    return read([Path(__file__).parent / "recorded"])


def group(records):
    """Sort records into the chains of each setting and configuration.

    Parameters
    ----------
    records : iterable of Record

    Returns
    -------
    list of Chains
        Sorted by setting.
    """
    found = {}
    for record in records:
        place = found.setdefault((record.setting, record.key[0]), ({}, [], record.configuration))
        if record.complete:
            place[0].setdefault(record.chain, {})[record.round] = record
        else:
            place[1].append(record)
    groups = []
    for (setting, _), (chains, stopped, configuration) in sorted(found.items(), key=lambda x: x[0]):
        whole = []
        for _, rounds in sorted(chains.items()):
            count = next(number for number in range(len(rounds) + 1) if number not in rounds)
            if count:
                whole.append([rounds[number] for number in range(count)])
        groups.append(Chains(setting, configuration, whole, stopped))
    return groups


@dataclass(frozen=True)
class Interval:
    """A mean over chains with its confidence interval; NaN where too few chains are there.

    Attributes
    ----------
    mean, low, high : numpy.ndarray or float
    count : numpy.ndarray or int
        Number of chains.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    count: np.ndarray

    def __getitem__(self, place):
        """The interval of one round, or of several."""
        return Interval(self.mean[place], self.low[place], self.high[place], self.count[place])


def mean_interval(values, confidence=0.95):
    r"""Mean over the first axis with Student's confidence interval.

    .. math:: \bar d \pm t_{n-1} \, s / \sqrt n

    with the mean and standard deviation s of the n values that are not NaN, and the quantile of the
    t distribution with n - 1 degrees of freedom.

    Parameters
    ----------
    values : numpy.ndarray
        (chains, ...), NaN where a value is missing.
    confidence : float

    Returns
    -------
    Interval
        Of shape (...); NaN means where no chain is there, NaN ends where only one is.
    """
    values = np.asarray(values, dtype=float)
    there = np.isfinite(values)
    count = there.sum(0)
    some = np.where(count > 0, count, np.nan)
    mean = np.where(there, values, 0.0).sum(0) / some
    squares = np.where(there, values - mean, 0.0) ** 2
    freedom = np.where(count > 1, count - 1, np.nan)
    error = np.sqrt(squares.sum(0) / freedom / some)
    half = error * stdtrit(freedom, (1 + confidence) / 2)
    return Interval(mean, mean - half, mean + half, count)


def paired_differences(chains, metric, confidence=0.95):
    """Mean difference of each round to round 0 of the same chain, with its confidence interval.

    Parameters
    ----------
    chains : Chains
    metric : str
    confidence : float

    Returns
    -------
    Interval
        Of shape (rounds,).
    """
    values = chains.values(metric)
    return mean_interval(values - values[:, :1], confidence)


def peak_rounds(chains):
    """The round of each chain with the best accuracy on the held-out images.

    Test images have no part in the choice, so the test accuracy of these rounds is unbiased by it.
    Only rounds that all chains have take part.

    Returns
    -------
    numpy.ndarray
        (chains,) int. Of several equal rounds, the first.
    """
    return chains.common_values("held_out_accuracy").argmax(1)


def at_peak(chains, metric):
    """A metric in the round of each chain that `peak_rounds` chooses.

    Parameters
    ----------
    chains : Chains
    metric : str

    Returns
    -------
    numpy.ndarray
        (chains,)
    """
    return chains.values(metric)[np.arange(len(chains.records)), peak_rounds(chains)]


def peak_gain(chains, confidence=0.95):
    """Test accuracy in the round chosen on the held-out images, minus that of round 0.

    Parameters
    ----------
    chains : Chains
    confidence : float

    Returns
    -------
    Interval
        Of shape ().
    """
    first = chains.values("test_accuracy")[:, 0]
    return mean_interval(at_peak(chains, "test_accuracy") - first, confidence)


def controls_of(base, groups):
    """Single-round controls of a setting, by what they vary.

    Parameters
    ----------
    base : Chains
    groups : iterable of Chains

    Returns
    -------
    dict of str to list of (float, Chains)
        "epochs" and "weight_decay": the value, and the chains trained with it, whose round 0 is the
        control; sorted by value. The setting's own round 0 is among them. A control belongs to the
        setting if it differs from it in that one entry of the recipe alone.
    """
    found = {}
    for entry in ("epochs", "weight_decay"):
        members = [base]
        for chains in groups:
            setting = chains.configuration["setting"]
            if setting.get("seeds_of") != base.setting or not chains.rounds:
                continue
            ours = base.configuration["setting"]
            restored = {
                **setting,
                "name": ours["name"],
                "seeds_of": ours["seeds_of"],
                "recipe": {**setting["recipe"], entry: ours["recipe"][entry]},
            }
            if {**chains.configuration, "setting": restored} == base.configuration:
                members.append(chains)
        values = [(chains.configuration["setting"]["recipe"][entry], chains) for chains in members]
        found[entry] = sorted(values, key=lambda pair: pair[0])
    return found


def gain_over_tuning(base, groups, confidence=0.95):
    """Test accuracy of the chain's best round minus that of the best weight decay for one round.

    Both are chosen on the held-out images: the round for each chain, the weight decay by the mean
    over the chains. Differences are between chains of the same number, which share their seeds in
    round 0.

    Parameters
    ----------
    base : Chains
    groups : iterable of Chains
    confidence : float

    Returns
    -------
    float
        The chosen weight decay.
    Interval
        Of shape ().
    """
    candidates = controls_of(base, groups)["weight_decay"]
    decay, tuned = max(
        candidates, key=lambda pair: pair[1].values("held_out_accuracy")[:, 0].mean()
    )
    of_tuned = {chain[0].chain: chain[0].metrics["test_accuracy"] for chain in tuned.records}
    gains = [
        best - of_tuned[chain[0].chain]
        for chain, best in zip(base.records, at_peak(base, "test_accuracy"))
        if chain[0].chain in of_tuned
    ]
    return decay, mean_interval(np.array(gains), confidence)


def lead_at_equal_training(base, controls, *, smooth=False):
    """Test accuracy of each round minus that of single-round controls at equal training accuracy.

    The controls of a chain are joined in the plane of training and test accuracy. A round is
    compared with the point of the joining line that has its training accuracy.

    Parameters
    ----------
    base : Chains
    controls : list of (float, Chains)
        One of the lists that `controls_of` returns.
    smooth : bool
        Whether to join the controls by a smooth curve that is monotone between them (Fritsch and
        Carlson 1980) instead of straight lines, which run below a curve that is bent downwards.

    Returns
    -------
    numpy.ndarray
        (chains, rounds), a fraction. NaN where a chain does not have the round, or where all its
        controls have a smaller training accuracy than the round, or all a larger one.
    """
    test, training = base.values("test_accuracy"), base.values("training_accuracy")
    lead = np.full_like(test, np.nan)
    for row, chain in enumerate(base.records):
        # Of controls with the same training accuracy one is kept: a curve has one value there.
        points = {
            first.metrics["training_accuracy"]: first.metrics["test_accuracy"]
            for _, members in controls
            for first, *_ in members.records
            if first.chain == chain[0].chain
        }
        if len(points) < 2:
            continue
        points = sorted(points.items())
        if smooth:
            curve = PchipInterpolator(*zip(*points), extrapolate=False)(training[row])
        else:
            curve = np.interp(training[row], *zip(*points), np.nan, np.nan)
        lead[row] = test[row] - curve
    return lead
