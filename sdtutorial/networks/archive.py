"""The one form of each data set, and the archives on disk that hold it.

The images of a split are sorted by the SHA-256 of their pixels and label, so the arrays are the
same bytes whatever source they came from, and "sample 17" means the same image on every machine.
The order looks random: it does not depend on the class, and the first n images are as good as a
random sample of n.

The form is kept as one archive a data set, `cifar10.npz` and `cifar100.npz` (184 MB each), and
verified in full each time it is read (about 0.15 s).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sdtutorial.networks import interrupts

CLASSES = {
    "cifar10": tuple("airplane automobile bird cat deer dog frog horse ship truck".split()),
    "cifar100": tuple(
        """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
        butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch
        crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house
        kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle
        mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree
        plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark
        shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table
        tank telephone television tiger tractor train trout tulip turtle wardrobe whale
        willow_tree wolf woman worm""".split()
    ),
    "digits": tuple("0123456789"),
}

# Facts of the data sets, not of a file: every source has to reproduce them.
FINGERPRINTS = {
    "cifar10": "5fbd265ab2cd14b1308847385411b241b3eda0b4b04c995d2fe85a0ecc0137d7",
    "cifar100": "d644cc46c0aa69a27afea216b47302793486e1771ebf57c4c978cb5ace5f6432",
    "digits": "8d81cc356a83ea0db4301e768e145b0811a15c794e91253889126cde490899e4",
}

ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


class DataError(RuntimeError):
    """A data set cannot be had: its archive is damaged, or nothing could be read or written."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and labels in canonical order.

    Attributes
    ----------
    name : str
        "cifar10", "cifar100" or "digits".
    train_images, test_images : ndarray of uint8, shape (n, 32, 32, 3)
        Row, column, colour (red, green, blue), 0 to 255.
    train_labels, test_labels : ndarray of int64, shape (n,)
        Label i is named `classes[i]`.
    classes : tuple of str
        Names of the classes. CIFAR-100 has its 100 fine classes.
    fingerprint : str
        See `fingerprint`.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    fingerprint: str


def path_of(name: str, *, folder: str | os.PathLike | None = None) -> Path:
    """Return the path of a data set's archive, whether it exists or not.

    Parameters
    ----------
    name : {"cifar10", "cifar100"}
    folder : path, optional
        Where the archives are. By default the environment variable SDTUTORIAL_DATA, else
        `~/.cache/sdtutorial`.

    Returns
    -------
    Path
    """
    if folder is None:
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = os.environ.get("SDTUTORIAL_DATA") or Path(cache) / "sdtutorial"
    return Path(folder).expanduser() / f"{name}.npz"


def write(
    name: str,
    train_images: np.ndarray,
    train_labels: np.ndarray,
    test_images: np.ndarray,
    test_labels: np.ndarray,
    *,
    folder: str | os.PathLike | None = None,
) -> Path:
    """Write a data set's archive from arrays in any order, after checking that they are it.

    Parameters
    ----------
    name : {"cifar10", "cifar100"}
    train_images, test_images : array_like of uint8, shape (n, 32, 32, 3)
        Row, column, colour (red, green, blue).
    train_labels, test_labels : array_like of int, shape (n,)
        Numbered as in `CLASSES` (alphabetically, as torchvision does).
    folder : path, optional
        As for `path_of`; made if it does not exist.

    Returns
    -------
    Path
        The archive. It appears whole or not at all.

    Raises
    ------
    TypeError, ValueError
        If the arrays have another type or shape, or are not this data set.
    DataError
        If the archive cannot be written.
    """
    check_name(name)
    if name == "digits":
        raise ValueError("the digits come with scikit-learn and have no archive")
    train = canonical(name, "train", train_images, train_labels)
    test = canonical(name, "test", test_images, test_labels)
    found = fingerprint_of_sorted(*train, *test)
    if found != FINGERPRINTS[name]:
        raise ValueError(
            f"these arrays are not {name}: their fingerprint is {found}, expected "
            f"{FINGERPRINTS[name]} (an image missing or changed, rows and columns or colours "
            "exchanged, labels numbered otherwise, or the splits mixed)"
        )
    archive = path_of(name, folder=folder)
    # The process number keeps two writers apart; whoever is last replaces equal bytes.
    partial = archive.with_name(f"{archive.name}.{os.getpid()}.part")
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        with interrupts.tidied(lambda: partial.unlink(missing_ok=True)):
            with open(partial, "wb") as file:
                np.savez(file, **dict(zip(ARRAYS, (*train, *test))), fingerprint=np.array(found))
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, archive)
    except OSError as error:
        raise DataError(
            f"cannot write {archive}: {error}. It takes 184 MB; make room or a writable folder, "
            "or name another one in the environment variable SDTUTORIAL_DATA"
        ) from error
    return archive


def fingerprint(
    train_images: np.ndarray,
    train_labels: np.ndarray,
    test_images: np.ndarray,
    test_labels: np.ndarray,
) -> str:
    """Return a hash of a data set that does not depend on the order of its images.

    An image's digest is the SHA-256 of its pixels (row, column, colour) followed by its label
    as eight bytes, least significant first. A split's digest is the SHA-256 of its images'
    digests in ascending order. The fingerprint is the SHA-256 of the training split's digest
    followed by the test split's.

    Parameters
    ----------
    train_images, test_images : ndarray of uint8, shape (n, 32, 32, 3)
    train_labels, test_labels : ndarray of int, shape (n,)

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return _combine(sorted(_digests(train_images, train_labels)),
                    sorted(_digests(test_images, test_labels)))


def _digests(images, labels) -> list[bytes]:
    labels = np.asarray(labels).astype("<i8")
    images = np.ascontiguousarray(images)
    digests = []
    for image, label in zip(images, labels):
        digest = hashlib.sha256(image)
        digest.update(label)
        digests.append(digest.digest())
    return digests


def _combine(train_digests, test_digests) -> str:
    splits = (hashlib.sha256(b"".join(digests)) for digests in (train_digests, test_digests))
    return hashlib.sha256(b"".join(split.digest() for split in splits)).hexdigest()


def fingerprint_of_sorted(train_images, train_labels, test_images, test_labels) -> str:
    """As `fingerprint`, but equal to it only if each split is in canonical order."""
    return _combine(_digests(train_images, train_labels), _digests(test_images, test_labels))


def canonical(name, split, images, labels) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels checked, sorted by their digests, as uint8 and int64.

    Raises
    ------
    TypeError, ValueError
        If they have another type or shape, or a label is none of the data set's.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if images.dtype != np.uint8 or labels.dtype.kind not in "iu":
        raise TypeError(
            f"{split} images must be uint8 and labels integers, got {images.dtype} and "
            f"{labels.dtype}"
        )
    if images.shape != (len(labels), 32, 32, 3) or labels.ndim != 1:
        raise ValueError(
            f"{split} images must have shape (n, 32, 32, 3) and labels (n,), got "
            f"{images.shape} and {labels.shape}"
        )
    number = len(CLASSES[name])
    if len(labels) and not 0 <= labels.min() <= labels.max() < number:
        raise ValueError(
            f"{split} labels must lie in 0 ... {number - 1}, got {labels.min()} ... {labels.max()}"
        )
    digests = _digests(images, labels)
    order = sorted(range(len(digests)), key=digests.__getitem__)
    return images[order], labels[order].astype(np.int64)


def read(name: str, archive: Path) -> Dataset:
    """Return the data set of an archive, verified to the last pixel.

    Parameters
    ----------
    name : {"cifar10", "cifar100"}
    archive : Path

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        If the archive cannot be read, is damaged, or holds something else.
    """
    # A damaged archive fails in many ways (zip structure, checksums, array headers), so any
    # failure to read what is there counts as damage; only access and memory are other matters.
    if archive.exists() and not archive.is_file():
        raise DataError(f"{archive} is no file: move it away, and the next load makes one")
    try:
        with open(archive, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = [file[key] for key in ARRAYS]
            stored = str(file["fingerprint"])
        found = fingerprint_of_sorted(*arrays)
    except PermissionError as error:
        raise DataError(f"cannot read {archive}: {error}") from error
    except MemoryError as error:
        raise DataError(
            f"{archive} takes more memory than there is ({error}). It should take 200 MB: if there "
            "are as many it is damaged; delete it, and the next load makes it again"
        ) from error
    except Exception as error:
        raise DataError(
            f"{archive} is damaged or was not written by this package ({error!r}): delete it, "
            "and the next load makes it again"
        ) from error
    if not found == stored == FINGERPRINTS[name]:
        raise DataError(
            f"{archive} does not hold {name} as it should: its images have the fingerprint "
            f"{found}, expected {FINGERPRINTS[name]}. Delete it, and the next load makes it again"
        )
    return Dataset(name, *arrays, CLASSES[name], found)


def check_name(name) -> None:
    """Raise ValueError unless the name is that of a data set."""
    if not isinstance(name, str) or name not in CLASSES:
        raise ValueError(f"unknown data set {name!r}: expected one of {', '.join(CLASSES)}")
