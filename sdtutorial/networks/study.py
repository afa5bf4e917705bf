"""Studies: presets, and workers that share the rounds of many chains through one folder.

A unit of work is one round of one chain. A worker takes the next unit that nobody has done or is
doing, trains it, and publishes it as one folder that appears whole or not at all:

    OUT/<setting>/chain-00/round-00/record.jsonl       what was done and measured
    OUT/<setting>/chain-00/round-00/targets.npy        predictions on the training images
    OUT/<setting>/chain-00/round-00/test_classes.npy   predicted classes of the test images

Workers know each other only through the folder: there is no process group, and any number of them
may come and go. A killed worker costs the training it was in. Rounds are taken widest first, all
chains of a setting a round at a time, so that whatever is there is a balanced sample.
"""

import errno
import hashlib
import json
import os
import platform
import shutil
import socket
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import torch

from sdtutorial.networks import data
from sdtutorial.networks.chain import Setting, run_round, split
from sdtutorial.networks.models import Network
from sdtutorial.networks.records import (
    Record,
    RecordError,
    code_fingerprint,
    differences,
)
from sdtutorial.networks.training import (
    DivergedError,
    Machine,
    Recipe,
    native_precision,
)

# A lease that nobody has renewed for this long belongs to a worker that is gone.
LEASE_SECONDS = 120

# How often a worker that waits for others looks whether there is something to do.
POLL_SECONDS = 0.5


class StudyError(RuntimeError):
    """A study cannot start or go on; the message says why and what to do."""


@dataclass(frozen=True)
class Preset:
    """A study of a size that fits some hardware.

    Attributes
    ----------
    name : str
    device : {"cpu", "cuda"}
    settings : tuple of Setting
        Settings of many rounds, in the order in which they are run.
    single_rounds : tuple of Setting
        Controls that need round 0 alone.
    default : tuple of str
        Names of the settings that run if none are asked for.
    chains, rounds : int
        Chains of each setting; rounds of each chain, round 0 included.
    precision : str or None
        None takes what the device computes in at full speed.
    minutes : float or None
        Time after which a run takes no more units; None means no limit.
    """

    name: str
    device: str
    settings: tuple
    single_rounds: tuple
    default: tuple
    chains: int
    rounds: int
    precision: str | None = None
    minutes: float | None = None

    def setting(self, name):
        """Return the setting of this name.

        Raises
        ------
        StudyError
            There is none.
        """
        known = {setting.name: setting for setting in self.settings + self.single_rounds}
        if name not in known:
            raise StudyError(
                f"preset {self.name} has no setting {name!r}; it has {', '.join(known)}"
            )
        return known[name]


def controls(setting, *, epochs=(), weight_decays=()):
    """Copies of a setting with one entry of the recipe changed, on the seeds of the setting.

    Their round 0 is a control of its rounds.

    Parameters
    ----------
    setting : Setting
    epochs : sequence of int
        Early stopping: the whole schedule of each training within so many epochs.
    weight_decays : sequence of float
        One training with another weight decay.

    Returns
    -------
    tuple of Setting
    """
    recipes = {f"epochs-{n}": replace(setting.recipe, epochs=n) for n in epochs}
    recipes |= {f"decay-{w:g}": replace(setting.recipe, weight_decay=w) for w in weight_decays}
    return tuple(
        replace(setting, name=f"{setting.name}-{name}", recipe=recipe, seeds_of=setting.name)
        for name, recipe in recipes.items()
    )


def same_initialisation(setting):
    """The control in which every round starts from the weights that round 0 started from."""
    return replace(
        setting,
        name=f"{setting.name}-same-initialisation",
        same_initialisation=True,
        seeds_of=setting.name,
    )


def augmented(setting):
    """The contrast: images are mirrored and moved, while targets stay those of clean ones."""
    return replace(
        setting,
        name=f"{setting.name}-augmented",
        recipe=replace(setting.recipe, augmentation=True),
        seeds_of=setting.name,
    )


def _cifar_settings(cifar100, cifar10, resnet, vgg, images):
    """The five settings, from the recipes {loss: Recipe} for both data sets."""
    losses = ("cross-entropy", "l2")
    resnets = tuple(
        Setting(f"{name}-{loss}-resnet", name, resnet, recipes[loss], images)
        for name, recipes in (("cifar100", cifar100), ("cifar10", cifar10))
        for loss in losses
    )
    return (*resnets, Setting("cifar100-l2-vgg", "cifar100", vgg, cifar100["l2"], images))


def _presets():
    resnet10, resnet10_wide = (Network("resnet", (1, 1, 1, 1), width) for width in (16, 32))
    vgg11, vgg11_half = (Network("vgg", (1, 1, 2, 2, 2), width) for width in (16, 32))
    digits = Setting(
        "digits-cross-entropy-resnet",
        "digits",
        Network("resnet", (1, 1, 1), 8),
        Recipe("cross-entropy", epochs=15, weight_decay=1e-2, batch=32),
        images=256,
        held_out=500,
    )
    # With the loss L2 round 0 fits 91 to 92 % of the labels with every weight decay from 0.0025 to
    # 0.1 that was tried, and with a learning rate of 3e-3 as well.
    cpu = _cifar_settings(
        cifar100={
            "cross-entropy": Recipe("cross-entropy", epochs=20, weight_decay=5e-3),
            "l2": Recipe(
                "l2", epochs=40, weight_decay=1e-1, optimizer="adamw", learning_rate=1e-2
            ),
        },
        cifar10={
            "cross-entropy": Recipe("cross-entropy", epochs=25, weight_decay=1e-2),
            "l2": Recipe("l2", epochs=25, weight_decay=1e-2),
        },
        resnet=resnet10,
        vgg=vgg11,
        images=10_000,
    )
    # Chosen after the `cpu` preset, to be confirmed on a GPU before a study relies on them.
    gpu_recipes = {
        "cross-entropy": Recipe("cross-entropy", epochs=16, weight_decay=2e-3, batch=512),
        "l2": Recipe(
            "l2", epochs=24, weight_decay=1e-2, optimizer="adamw", learning_rate=1e-2, batch=512
        ),
    }
    gpu = _cifar_settings(gpu_recipes, gpu_recipes, resnet10_wide, vgg11_half, None)
    paper_recipes = {
        "cross-entropy": Recipe("cross-entropy", epochs=50, weight_decay=1e-3, batch=256),
        "l2": Recipe(
            "l2", epochs=75, weight_decay=1e-2, optimizer="adamw", learning_rate=3e-3, batch=256
        ),
    }
    paper = _cifar_settings(
        paper_recipes,
        paper_recipes,
        Network("resnet", (3, 4, 6, 3), 64, bottleneck=True),
        Network("vgg", (2, 2, 3, 3, 3), 64),
        None,
    )
    presets = (
        Preset(
            "digits",
            "cpu",
            (digits,),
            controls(digits, epochs=(5, 8), weight_decays=(2e-2, 4e-2)),
            default=(digits.name,),
            chains=3,
            rounds=6,
            precision="float32",
        ),
        _cifar_preset("cpu", "cpu", cpu, cpu[:1], 10, 10),
        _cifar_preset("colab", "cuda", gpu, gpu[:1], 3, 6, minutes=10),
        _cifar_preset("gpu", "cuda", gpu, gpu, 10, 11),
        _cifar_preset("paper", "cuda", paper, paper, 10, 11),
    )
    return {preset.name: preset for preset in presets}


def _cifar_preset(name, device, settings, default, chains, rounds, minutes=None):
    """A preset of the five CIFAR settings with the controls of the first one.

    Of the weight decays one goes on for several rounds, because it is the best for a single one in
    the `cpu` preset: does a chain gain where the weight decay has been tuned before?
    """
    first = settings[0]
    epochs, decay = first.recipe.epochs, first.recipe.weight_decay
    return Preset(
        name,
        device,
        (
            *settings,
            *controls(first, weight_decays=[1.5 * decay]),
            same_initialisation(first),
            augmented(first),
        ),
        controls(
            first,
            epochs=[round(epochs * part) for part in (0.7, 0.5, 0.35, 0.25)],
            weight_decays=[decay * factor for factor in (0.5, 1.25, 1.75, 2, 3, 4)],
        ),
        default=tuple(setting.name for setting in default),
        chains=chains,
        rounds=rounds,
        minutes=minutes,
    )


PRESETS = _presets()


def find_preset(name):
    """Return the preset of this name.

    Raises
    ------
    StudyError
        There is none.
    """
    if name not in PRESETS:
        raise StudyError(f"there is no preset {name!r}; there are {', '.join(PRESETS)}")
    return PRESETS[name]


@dataclass(frozen=True)
class Unit:
    """One round of one chain of one setting."""

    setting: Setting
    chain: int
    round: int

    def __str__(self):
        return f"{self.setting.name}, chain {self.chain}, round {self.round}"


@dataclass(frozen=True)
class Plan:
    """What is to be done: settings, chains and rounds, and on what.

    Build it with `make_plan`.
    """

    preset: str
    settings: tuple  # of (Setting, number of rounds)
    chains: int
    machine: Machine
    study_seed: int

    def units(self):
        """All units: setting by setting, in each a round of all chains before the next round."""
        return [
            Unit(setting, chain, number)
            for setting, rounds in self.settings
            for number in range(rounds)
            for chain in range(self.chains)
        ]

    def configuration(self, setting):
        """All that defines a setting's trainings, in the form in which records hold it."""
        configuration = {
            "setting": asdict(setting),
            "machine": asdict(self.machine),
            "study_seed": self.study_seed,
        }
        return json.loads(json.dumps(configuration))


def make_plan(preset, *, settings=None, chains=None, rounds=None, seed=0, precision=None):
    """Decide what a study does on this machine.

    Parameters
    ----------
    preset : Preset
    settings : sequence of str or None
        Names of settings; "all" stands for all of the preset. None takes the preset's default.
    chains, rounds : int or None
        None takes those of the preset. Controls of a single round have one round in any case.
    seed : int
        The study seed. Every other seed is derived from it.
    precision : str or None
        None takes the preset's, or else the one that suits the device.

    Returns
    -------
    Plan

    Raises
    ------
    StudyError
        An unknown setting, no chains or rounds, or no such device.
    """
    for name, value in (("chains", chains), ("rounds", rounds)):
        if value is not None and value < 1:
            raise StudyError(f"{name} must be at least 1, got {value}")
    if preset.device == "cuda" and not torch.cuda.is_available():
        raise StudyError(
            f"preset {preset.name} needs a CUDA GPU, and torch sees none here; "
            "the presets for a CPU are digits and cpu"
        )
    names = preset.default if settings is None else tuple(settings)
    if "all" in names:
        names = tuple(setting.name for setting in preset.settings + preset.single_rounds)
    chosen = [preset.setting(name) for name in dict.fromkeys(names)]
    rounds = rounds or preset.rounds
    machine = Machine(
        preset.device, precision or preset.precision or native_precision(preset.device)
    )
    return Plan(
        preset.name,
        tuple((s, 1 if s in preset.single_rounds else rounds) for s in chosen),
        chains or preset.chains,
        machine,
        seed,
    )


def prepare_folder(out):
    """Make the study's folder, and see that it can be written to.

    Raises
    ------
    StudyError
        It cannot.
    """
    probe = Path(out) / f".probe-{uuid.uuid4().hex}"
    try:
        probe.mkdir(parents=True)
        probe.rmdir()
    except OSError as error:
        raise StudyError(f"cannot write to {out}: {error.strerror or error}") from None


class Store:
    """The rounds of a study in its folder.

    Parameters
    ----------
    out : path
        An existing folder; see `prepare_folder`.
    plan : Plan
    """

    def __init__(self, out, plan):
        self.out, self.plan = Path(out), plan

    def folder(self, unit):
        """Where a unit's round is, or will be."""
        return self.out / unit.setting.name / f"chain-{unit.chain:02}" / f"round-{unit.round:02}"

    def exists(self, unit):
        """Whether the round has been published."""
        return self.folder(unit).is_dir()

    def record(self, unit):
        """Read a published round's record and see that it belongs to this study.

        Raises
        ------
        StudyError
            It cannot be read, or it is of another configuration.
        """
        path = self.folder(unit) / "record.jsonl"
        remedy = f"Delete the folder {path.parent}, and the round is trained again"
        try:
            record = Record.from_line(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, RecordError) as error:
            raise StudyError(f"{path} is no record: {error}. {remedy}.") from None
        found = differences(record.configuration, self.plan.configuration(unit.setting))
        if found:
            raise StudyError(
                f"{self.out} holds rounds of {unit.setting.name} with another configuration: "
                f"{'; '.join(found)}. Go on as they were made, or choose another folder."
            )
        if (record.setting, record.chain, record.round) != (
            unit.setting.name,
            unit.chain,
            unit.round,
        ):
            raise StudyError(f"{path} describes another round. {remedy}.")
        return record

    def check(self):
        """Read every published round's record; raise StudyError at the first that does not fit."""
        return [self.record(unit) for unit in self.plan.units() if self.exists(unit)]

    def targets(self, unit):
        """Load a published round's predictions, verified against its record.

        Raises
        ------
        StudyError
            They are missing or not the ones that the record names.
        """
        expected = self.record(unit).targets
        path = self.folder(unit) / "targets.npy"
        targets = _load_array(path)
        if targets_digest(targets) != expected:
            raise StudyError(
                f"{path} is damaged: it is not what its record describes. Delete the folder "
                f"{path.parent}, and the round is trained again."
            )
        return targets

    def test_classes(self, unit):
        """Load the classes that a published round gave to the test images."""
        return _load_array(self.folder(unit) / "test_classes.npy")

    def publish(self, unit, record, arrays):
        """Put a round in its place, whole or not at all.

        Parameters
        ----------
        unit : Unit
        record : Record
        arrays : dict of str to numpy.ndarray
            Stored as `<name>.npy`.

        Returns
        -------
        bool
            False if another worker published it before; then nothing changes.

        Raises
        ------
        StudyError
            The disk is full, or cannot be written to.
        """
        place = self.folder(unit)
        partial = self.out / ".partial" / f"{_worker_name()}-{uuid.uuid4().hex}"
        try:
            partial.mkdir(parents=True)
            for name, array in arrays.items():
                with open(partial / f"{name}.npy", "wb") as file:
                    np.save(file, array, allow_pickle=False)
                    _flush(file)
            with open(partial / "record.jsonl", "w", encoding="utf-8") as file:
                file.write(record.to_line())
                _flush(file)
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.rename(partial, place)
            except OSError:
                if place.is_dir():
                    return False
                raise
            _flush_folder(place.parent)
            return True
        except OSError as error:
            reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
            raise StudyError(
                f"cannot write {place}: {reason}. The round under way is lost, all others are "
                "kept; when there is room, the same command goes on from there."
            ) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def remove_leftovers(self):
        """Remove what killed workers had begun to write, and their leases of published rounds."""
        for partial in (self.out / ".partial").glob("*"):
            if _is_abandoned(partial, partial.name):
                shutil.rmtree(partial, ignore_errors=True)
        for unit in self.plan.units():
            if self.exists(unit):
                self._end_leases(unit)

    def _leases(self, unit):
        name = f"{unit.setting.name}-{unit.chain}-{unit.round}"
        return {int(path.suffix[1:]): path for path in (self.out / ".leases").glob(f"{name}.*")}

    def _end_leases(self, unit):
        # Only of a published round: whoever gets a lease looks for the round once more.
        for path in self._leases(unit).values():
            path.unlink(missing_ok=True)

    @contextmanager
    def lease(self, unit):
        """Reserve a unit for this worker.

        The lease of a unit is the file with the highest number among `<unit>.0`, `<unit>.1`, ...
        It is made by an exclusive create, renewed while the unit is being trained, and removed at
        the end. A lease whose worker is gone is not taken away but overruled by the next number,
        which again only one worker can create.

        Yields
        ------
        bool
            Whether the unit is this worker's.
        """
        (self.out / ".leases").mkdir(exist_ok=True)
        leases = self._leases(unit)
        latest = max(leases, default=-1)
        if leases and not _is_abandoned(leases[latest]):
            yield False
            return
        name = f"{unit.setting.name}-{unit.chain}-{unit.round}.{latest + 1}"
        mine = self.out / ".leases" / name
        try:
            with open(mine, "x", encoding="utf-8") as file:
                file.write(_worker_name())
        except FileExistsError:
            yield False
            return
        finished = threading.Event()
        renewal = threading.Thread(target=_renew, args=(mine, finished), daemon=True)
        renewal.start()
        try:
            # It may have been published between the look at the folder and the lease.
            yield not self.exists(unit)
        finally:
            finished.set()
            renewal.join()
            mine.unlink(missing_ok=True)
            if self.exists(unit):
                self._end_leases(unit)


def targets_digest(targets):
    """SHA-256 of a target matrix: of its shape and its float32 values."""
    digest = hashlib.sha256(str(targets.shape).encode())
    digest.update(np.ascontiguousarray(targets, dtype="<f4").tobytes())
    return digest.hexdigest()


def _load_array(path):
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise StudyError(
            f"{path} cannot be read: {error}. Delete the folder {path.parent}, and the round is "
            "trained again."
        ) from None


def _flush(file):
    file.flush()
    os.fsync(file.fileno())


def _flush_folder(folder):
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _renew(path, finished):
    while not finished.wait(LEASE_SECONDS / 4):
        try:
            os.utime(path)
        except OSError:
            return  # removed: another worker has published the round


def _host():
    """This machine (and container, and boot) in 12 hexadecimal digits."""
    parts = [socket.gethostname()]
    for read in (
        lambda: Path("/proc/sys/kernel/random/boot_id").read_text(),
        lambda: os.readlink("/proc/self/ns/pid"),
    ):
        try:
            parts.append(read())
        except OSError:
            pass
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]


def _process_start(pid):
    """When a process started, as Linux counts it; None if it has ended (or this is no Linux)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *others = stat.rpartition(")")[2].split()
    return None if state == "Z" else others[18]  # Z: killed, but its parent has not noticed yet


def _worker_name():
    pid = os.getpid()
    return f"{_host()}-{pid}-{_process_start(pid)}"


def _is_abandoned(path, owner=None):
    """Whether the worker that wrote a lease or a partial folder is gone.

    At once if it ran on this machine and its process has ended, else when nothing has been heard
    of it for LEASE_SECONDS; the clocks of all machines must agree to well within that time.
    """
    try:
        age = time.time() - path.stat().st_mtime
        if owner is None:
            owner = path.read_text(encoding="utf-8")
    except OSError:
        return False  # it has just been removed
    if age > LEASE_SECONDS:
        return True
    host, pid, start = (*owner.split("-"), "", "")[:3]
    here = host == _host() and _process_start(os.getpid()) is not None
    return here and _process_start(pid) != start


class Mirror:
    """A second place for the published rounds, such as a mounted Google Drive.

    A study writes to a local folder first. Each published round, a few small files, is then copied
    here and read back. A place that stops answering costs the copy, not the study.

    Parameters
    ----------
    place : path
    notify : callable
        Called with a sentence when something could not be copied.
    """

    def __init__(self, place, notify):
        self.place, self.notify = Path(place), notify

    def restore(self, out):
        """Copy the rounds that are here and not in `out` to `out`."""
        try:
            for folder in sorted(self.place.glob("*/chain-*/round-*")):
                self._copy(folder, Path(out) / folder.relative_to(self.place))
        except OSError as error:
            self.notify(f"{self.place} cannot be read ({error}); going on without it.")

    def save(self, out):
        """Copy the rounds that are in `out` and not here to here."""
        try:
            for folder in sorted(Path(out).glob("*/chain-*/round-*")):
                self._copy(folder, self.place / folder.relative_to(out))
        except OSError as error:
            self.notify(f"{self.place} cannot be written ({error}); the round is kept in {out}.")

    def _copy(self, source, target):
        if target.is_dir():
            return
        partial = target.with_name(f".{target.name}-{uuid.uuid4().hex}")
        try:
            shutil.copytree(source, partial)
            for file in source.iterdir():
                if (partial / file.name).read_bytes() != file.read_bytes():
                    raise OSError(errno.EIO, f"{file.name} came back changed")
            os.rename(partial, target)
        except OSError:
            if not target.is_dir():
                raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def default_mirror(preset, out):
    """Where `colab` keeps a study's rounds when Google Drive is mounted; None otherwise."""
    drive = Path("/content/drive/MyDrive")
    if preset.name == "colab" and drive.is_dir():
        return drive / "sdtutorial" / Path(out).name
    return None


def describe_device(machine):
    """The name of the processor or GPU, as it calls itself."""
    if machine.device == "cuda":
        return torch.cuda.get_device_name()
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return capabilities.get("cpu_name") or platform.processor() or platform.machine()


@dataclass(frozen=True)
class Progress:
    """Said after each round that a worker has finished.

    Attributes
    ----------
    record : Record
        The round, complete or stopped.
    done, total : int
        Rounds of the plan that have been published, by whomever, and that there are to be.
    seconds_left : float
        Estimated, for all workers together.
    """

    record: Record
    done: int
    total: int
    seconds_left: float


@dataclass(frozen=True)
class Outcome:
    """How a worker's run ended.

    Attributes
    ----------
    finished : bool
        Whether all rounds are there, those of stopped chains aside; False if the time was up.
    stopped : list of Record
        The rounds in which chains of this plan have stopped, in this run or before.
    """

    finished: bool
    stopped: list


def work(plan, out, *, workers=1, minutes=None, notify=lambda progress: None):
    """Train units of the plan until all are done, chains that stop aside, or the time is up.

    Parameters
    ----------
    plan : Plan
    out : path
        The study's folder, which several workers may share.
    workers : int
        How many there are, for the estimate of the time left.
    minutes : float or None
        Take no unit that would probably end later than this.
    notify : callable
        Called with a `Progress` after each round.

    Returns
    -------
    Outcome

    Raises
    ------
    StudyError
        The folder cannot be used, holds something else, or the memory does not suffice.
    sdtutorial.networks.data.DataError
        A data set cannot be had.
    """
    code_fingerprint()  # of the code that is running, whatever becomes of the files meanwhile
    started, trained = time.monotonic(), []  # seconds of each unit
    store, units = Store(out, plan), plan.units()
    store.check()
    store.remove_leftovers()
    samples, known = _SamplesCache(plan.study_seed), {}
    while True:
        pending = _open_units(store, units, known)
        elapsed, expected = time.monotonic() - started, max(trained, default=0.0)
        late = minutes is not None and elapsed + expected > 60 * minutes
        if late or not pending:
            stopped = [record for record in known.values() if not record.complete]
            return Outcome(not pending, stopped)
        for unit in pending:
            if unit.round > 0 and not store.exists(replace(unit, round=unit.round - 1)):
                continue
            with store.lease(unit) as mine:
                if not mine:
                    continue
                began = time.monotonic()
                record = _train_unit(store, unit, samples.of(unit.setting))
                trained.append(time.monotonic() - began)
            left = len(_open_units(store, units, known))
            seconds = left * sum(trained) / len(trained) / workers
            notify(Progress(record, len(units) - left, len(units), seconds))
            break  # look again from the first unit on: widest first
        else:
            time.sleep(POLL_SECONDS)  # other workers have what is left


def _open_units(store, units, known):
    """Units that are still to be done, without those of chains that have stopped.

    `known` keeps the records of published units, so that each is read once.
    """
    stopped, pending = set(), []
    for unit in units:
        chain = unit.setting.name, unit.chain
        if chain in stopped:
            continue
        if unit not in known and store.exists(unit):
            known[unit] = store.record(unit)
        if unit not in known:
            pending.append(unit)
        elif not known[unit].complete:
            stopped.add(chain)
    return pending


class _SamplesCache:
    """Loads and splits data when a setting asks for them, and keeps those of one setting."""

    def __init__(self, study_seed):
        self.study_seed, self.key, self.samples = study_seed, None, None

    def of(self, setting):
        key = setting.data, setting.images, setting.held_out
        if key != self.key:
            self.samples = None
            self.samples = split(data.load(setting.data), setting, self.study_seed)
            self.key = key
        return self.samples


def _train_unit(store, unit, samples):
    """Train one unit and publish it, or publish that its chain has stopped."""
    plan, targets, first_classes = store.plan, None, None
    if unit.round > 0:
        before = replace(unit, round=unit.round - 1)
        if store.record(before).data != samples.fingerprint:
            raise StudyError(
                f"the rounds in {store.out} were trained on other images than today's "
                f"{unit.setting.data}: the fingerprints differ. Choose another folder."
            )
        targets = store.targets(before)
        first_classes = store.test_classes(replace(unit, round=0))
    outcome, arrays, metrics, seeds, digest = "complete", {}, {}, {}, ""
    try:
        result = run_round(
            unit.setting,
            plan.machine,
            samples,
            plan.study_seed,
            unit.chain,
            unit.round,
            targets=targets,
            first_classes=first_classes,
        )
        arrays = {"targets": result.targets, "test_classes": result.test_classes}
        metrics, seeds = result.metrics, result.seeds
        digest = targets_digest(result.targets)
    except DivergedError as error:
        outcome = str(error)
    except torch.OutOfMemoryError:
        raise StudyError(
            f"the GPU has too little memory for {unit.setting.name}; choose a preset with smaller "
            "networks, or free memory that other programs hold"
        ) from None
    record = Record(
        setting=unit.setting.name,
        chain=unit.chain,
        round=unit.round,
        outcome=outcome,
        configuration=plan.configuration(unit.setting),
        seeds=seeds,
        metrics=metrics,
        targets=digest,
        code=dict(code_fingerprint()),
        versions={
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
        device=describe_device(plan.machine),
        data=samples.fingerprint,
        preset=plan.preset,
        finished=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )
    store.publish(unit, record, arrays)
    return record
