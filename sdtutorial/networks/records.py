"""Records of rounds: one JSON line each, and how they are checked, read, merged and written.

A record says what was trained, with which seeds, by which code, on which device and data, and what
was measured. This module needs no torch.
"""

import hashlib
import json
import os
import re
from dataclasses import dataclass, field, fields
from pathlib import Path

from sdtutorial.networks import interrupts, provenance

# The records of the book's own study, which come with the package.
RECORDED = Path(__file__).parent / "recorded"

# The metrics that every record of a complete round has.
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

# Metrics that came later than the first records, or that not every setting has.
OPTIONAL_METRICS = ("prediction_diversity", "noisy_training_accuracy")


# What is read out of every configuration, and its kinds.
CONFIGURATION = {
    "setting": {"name": str, "recipe": {"epochs": int, "weight_decay": float}},
    "machine": {"device": str, "precision": str},
    "study_seed": int,
}


# What is read where it is there, and not null.
OPTIONAL_CONFIGURATION = {
    "setting": {
        "data": str,
        "members": int,
        "seeds_of": str,
        "network": {"family": str},
        "recipe": {"loss": str, "label_smoothing": float},
    },
}

ENTRIES = {"seeds": int, "code": str, "versions": str, "arrays": str}  # kinds of what they hold


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
        `provenance.code_fingerprint` of the modules that computed it.
    versions : dict of str to str
        Of Python, torch and numpy.
    device : str
        The processor's or GPU's own name.
    data : str
        Fingerprint of the data set.
    preset : str
    finished : str
        Date and time (UTC).
    arrays : dict of str to str
        SHA-256 of the other arrays that the round stores; empty in the first records.
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
    arrays: dict = field(default_factory=dict)

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
        """Modules that decide what a training computes, and may compute something else today."""
        return provenance.compare(self.code)[0]

    @property
    def vouched(self):
        """Such modules whose code differs from today's, but computes the same, as a test shows."""
        return provenance.compare(self.code)[1]

    def to_line(self):
        """Write the record as one line of JSON, ended by a line break."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        if not self.arrays:
            del values["arrays"]
        return json.dumps(values, sort_keys=True, allow_nan=False) + "\n"

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
            configuration_digest(values)  # which it takes to compare it with others
        except (ValueError, RecursionError) as error:
            raise RecordError(f"not JSON, or not of this kind ({error})") from None
        if not isinstance(values, dict):
            raise RecordError("not a JSON object")
        expected = {item.name: item.type for item in fields(cls)}
        for difference, kind in (
            (expected.keys() - values.keys() - {"arrays"}, "missing"),
            (values.keys() - expected.keys(), "unknown"),
        ):
            if difference:
                raise RecordError(f"{kind}: {', '.join(sorted(difference))}")
        values.setdefault("arrays", {})
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
        # It becomes part of file names and titles.
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", self.setting):
            raise RecordError("the name of its setting has other letters than A-Z a-z 0-9 . _ + -")
        _check_kinds("configuration", self.configuration, CONFIGURATION)
        _check_kinds("configuration", self.configuration, OPTIONAL_CONFIGURATION, optional=True)
        for name, kind in ENTRIES.items():
            for value in getattr(self, name).values():
                _check_kinds(f"an entry of {name}", value, kind)
        if not all(value.isprintable() for value in vars(self).values() if isinstance(value, str)):
            raise RecordError("a word in it has letters that cannot be printed")
        if not self.complete:
            return
        missing = [name for name in METRICS if name not in self.metrics]
        if missing:
            raise RecordError(f"metrics missing: {', '.join(missing)}")
        for name, value in self.metrics.items():
            if not _is_number(value):
                raise RecordError(f"metric {name} is not a finite number below 1e12")


def _is_number(value):
    number = isinstance(value, float | int) and not isinstance(value, bool)
    return number and -1e12 < value < 1e12


def _check_kinds(name, value, kind, optional=False):
    """Raise RecordError unless a value is of a kind, or a dict with entries of such kinds.

    If they are optional, they may be missing or None.
    """
    if optional and value is None:
        return
    if not isinstance(kind, dict):
        good = _is_number(value) if kind is float else type(value) is kind
        if not good:
            raise RecordError(f"{name} is not of type {kind.__name__}")
        return
    if not isinstance(value, dict) or not (optional or kind.keys() <= value.keys()):
        raise RecordError(f"the {name} lacks its {' or '.join(kind)}")
    for entry, inner in kind.items():
        _check_kinds(entry, value.get(entry), inner, optional)


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


@dataclass(frozen=True)
class Reading:
    """What was found in some files and folders.

    Attributes
    ----------
    records : list of Record
        Each training once, sorted by setting, chain and round.
    problems : list of str
        Sentences about lines that are no records and about records found more than once.
    unreadable : list of path
        Files and folders that could not be read. There is a problem about each.
    """

    records: list
    problems: list = field(default_factory=list)
    unreadable: list = field(default_factory=list)


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
    found, problems, repeated, unreadable = {}, [], {}, []

    def leave_out(path, reason):
        problems.append(f"{path} cannot be read ({reason}); it is left out.")
        unreadable.append(path)

    for path in _files(paths, leave_out):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            leave_out(path, getattr(error, "strerror", None) or error)
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
    return Reading(records, problems, unreadable)


def _files(paths, leave_out):
    """The files with records, each once, although it may be named twice or be inside a folder."""
    found = {}
    for path in map(Path, paths):
        if not os.path.lexists(path):
            raise FileNotFoundError(f"there is no file or folder {path}")
        for file in _in_folder(path, leave_out) if path.is_dir() else [path]:
            if file.is_file():
                found.setdefault(file.resolve(), file)
            else:
                leave_out(file, "it is no file")
    return list(found.values())


def _in_folder(path, leave_out):
    """The `.jsonl` files in a folder, however deep, but not in hidden folders."""
    found = []

    def refused(error):
        leave_out(error.filename, error.strerror)

    for folder, folders, names in os.walk(path, onerror=refused):
        folders[:] = [name for name in folders if not name.startswith(".")]
        names = [name for name in names if name.endswith(".jsonl") and not name.startswith(".")]
        found += [Path(folder, name) for name in names]
    return sorted(found)


def write(records, path):
    """Write records into one `.jsonl` file, in the order of `read`, whole or not at all.

    Parameters
    ----------
    records : iterable of Record
    path : path
    """
    write_lines([record.to_line() for record in records], path)


def write_lines(lines, path):
    """Write lines, each with its line break, into a file that appears whole or not at all."""
    path = Path(path)
    partial = path.with_name(path.name + ".part")
    with interrupts.tidied(lambda: partial.unlink(missing_ok=True)):
        partial.write_text("".join(lines), encoding="utf-8")
        partial.replace(path)


