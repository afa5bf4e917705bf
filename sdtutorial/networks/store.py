"""The folder of a study: rounds that appear whole or not at all, and one worker at each of them.

    OUT/<setting>/chain-00/round-00/record.jsonl       what was done and measured
    OUT/<setting>/chain-00/round-00/targets.npy        predictions on the training images
    OUT/<setting>/chain-00/round-00/test_classes.npy   predicted classes of the test images

Beside them, hidden, are what workers are writing and a lock for each round that is being trained.
"""

import errno
import hashlib
import os
import shutil
import uuid
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np

from sdtutorial.networks import interrupts
from sdtutorial.networks.locks import LockError, lock
from sdtutorial.networks.presets import StudyError
from sdtutorial.networks.records import Record, RecordError, differences


def prepare_folder(out):
    """Make the study's folder, and see that it can be written to.

    Raises
    ------
    StudyError
        It cannot.
    """
    probe = Path(out) / f".probe-{uuid.uuid4().hex}"
    try:
        with interrupts.tidied(lambda: shutil.rmtree(probe, ignore_errors=True)):
            probe.mkdir(parents=True)
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
        """Whether the round has been published.

        Raises
        ------
        StudyError
            The folder cannot be looked into.
        """
        try:
            return self.folder(unit).is_dir()
        except OSError as error:
            raise StudyError(f"cannot look into {error.filename}: {error.strerror}.") from None

    def record(self, unit):
        """Read a published round's record and see that it belongs to this study.

        Raises
        ------
        StudyError
            It cannot be read, or it is of another configuration.
        """
        folder = self.folder(unit)
        record = read_record(folder)
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
            raise StudyError(f"{folder} holds the record of another round. {_remedy(folder)}.")
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
        return read_array(self.folder(unit), self.record(unit), "targets")

    def test_classes(self, unit):
        """Load the classes that a published round gave to the test images, verified likewise.

        Raises
        ------
        StudyError
            They are missing or not the ones that the record names.
        """
        return read_array(self.folder(unit), self.record(unit), "test_classes")

    def publish(self, unit, record, arrays):
        """Put a round in its place, whole or not at all.

        Parameters
        ----------
        unit : Unit
        record : Record
        arrays : dict of str to ndarray
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
        partial = self._partial(unit)
        shutil.rmtree(partial, ignore_errors=True)  # of a worker that was killed
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
        """Remove what killed workers had begun to write, and their locks."""
        for unit in self.plan.units():
            if self._lock_file(unit).exists() or self._partial(unit).exists():
                with self.lock(unit):
                    pass

    def _tidy_up(self, unit):
        """What the worker that has the unit leaves of its own."""
        shutil.rmtree(self._partial(unit), ignore_errors=True)
        self._lock_file(unit).unlink(missing_ok=True)

    def _partial(self, unit):
        return self.out / ".partial" / unit.slug

    def _lock_file(self, unit):
        return self.out / ".locks" / unit.slug

    @contextmanager
    def lock(self, unit):
        """Reserve a unit for this worker while the block runs.

        Yields
        ------
        bool
            Whether the unit is this worker's: no other worker has it, and it is not published.

        Raises
        ------
        StudyError
            The folder cannot be written to, or its file system has no locks.
        """
        try:
            with ExitStack() as stack:
                with interrupts.postponed():  # or a file would remain
                    held = stack.enter_context(lock(self._lock_file(unit)))
                    if held:
                        stack.enter_context(interrupts.tidied(lambda: self._tidy_up(unit)))
                # It may have been published between the look at the folder and the lock.
                yield held and not self.exists(unit)
        except LockError as error:
            raise StudyError(f"{error}.") from None


def targets_digest(targets):
    """SHA-256 of a target matrix: of its shape and its float32 values."""
    digest = hashlib.sha256(str(targets.shape).encode())
    digest.update(np.ascontiguousarray(targets, dtype="<f4").tobytes())
    return digest.hexdigest()


def array_digest(array):
    """SHA-256 of any other array: of its shape, its type and its values."""
    digest = hashlib.sha256(f"{array.shape} {array.dtype.str}".encode())
    digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def read_record(folder):
    """Read the record of a round's folder.

    Raises
    ------
    StudyError
        It cannot be read.
    """
    path = folder / "record.jsonl"
    try:
        return Record.from_line(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, RecordError) as error:
        raise StudyError(f"{path} is no record: {error}. {_remedy(folder)}.") from None


def read_array(folder, record, name):
    """Read an array of a round's folder, verified against its record.

    The first records say nothing of other arrays than the targets; those are not verified.

    Raises
    ------
    StudyError
        It is missing, cannot be read, or is not what the record describes.
    """
    path = folder / f"{name}.npy"
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise StudyError(f"{path} cannot be read: {error}. {_remedy(folder)}.") from None
    if name == "targets":
        intact = targets_digest(array) == record.targets
    else:
        intact = record.arrays.get(name) in (None, array_digest(array))
    if not intact:
        raise StudyError(
            f"{path} is damaged: it is not what its record describes. {_remedy(folder)}."
        )
    return array


def verify(folder):
    """Raise StudyError unless a round's folder holds a record and the arrays that it describes."""
    record = read_record(folder)
    for name in ("targets", "test_classes") if record.complete else ():
        read_array(folder, record, name)


def _remedy(folder):
    return f"Delete the folder {folder}, and the round is trained again"


def _flush(file):
    file.flush()
    os.fsync(file.fileno())


def _flush_folder(folder):
    """Make a rename durable where the file system can; where it refuses, the round is there too."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


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
        """Copy the rounds that are here and not in `out` to `out`.

        A damaged one is not copied, but put aside here under a hidden name, so that the round which
        is trained in its place can be saved.
        """
        try:
            for folder in sorted(self.place.glob("*/chain-*/round-*")):
                target = Path(out) / folder.relative_to(self.place)
                if not target.is_dir() and self._is_intact(folder):
                    self._copy(folder, target)
        except OSError as error:
            self.notify(f"{self.place} cannot be read ({error}); going on without it.")

    def save(self, out):
        """Copy the rounds that are in `out` and not here to here."""
        try:
            for folder in sorted(Path(out).glob("*/chain-*/round-*")):
                self._copy(folder, self.place / folder.relative_to(out))
        except OSError as error:
            self.notify(f"{self.place} cannot be written ({error}); the round is kept in {out}.")

    def _is_intact(self, folder):
        for file in folder.iterdir():
            file.read_bytes()  # an error of the place is no damage of the round
        try:
            verify(folder)
        except StudyError as error:
            aside = folder.with_name(f".damaged-{folder.name}-{uuid.uuid4().hex}")
            folder.rename(aside)
            reason = str(error).partition(f". {_remedy(folder)}")[0]
            self.notify(f"{reason}. It is put aside as {aside}, and the round is trained again.")
            return False
        return True

    def _copy(self, source, target):
        if target.is_dir():
            return
        partial = target.with_name(f".{target.name}-{uuid.uuid4().hex}")
        with interrupts.tidied(lambda: shutil.rmtree(partial, ignore_errors=True)):
            try:
                shutil.copytree(source, partial)
                for file in source.iterdir():
                    if (partial / file.name).read_bytes() != file.read_bytes():
                        raise OSError(errno.EIO, f"{file.name} came back changed")
                os.rename(partial, target)
            except OSError:
                if not target.is_dir():
                    raise


def default_mirror(preset, out):
    """Where `colab` keeps a study's rounds when Google Drive is mounted; None otherwise."""
    drive = Path("/content/drive/MyDrive")
    if preset.name == "colab" and drive.is_dir():
        return drive / "sdtutorial" / Path(out).name
    return None
