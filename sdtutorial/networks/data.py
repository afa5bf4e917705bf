"""The images that the chains of networks are trained on: CIFAR-10, CIFAR-100 and small digits.

References
----------
A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009 (CIFAR).
E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
Repository, 1998 (the digits, as shipped with scikit-learn).
"""

from __future__ import annotations

import os

import numpy as np

from sdtutorial.networks import archive, download
from sdtutorial.networks.archive import CLASSES, FINGERPRINTS, DataError, Dataset

DIGITS_TRAINING_IMAGES = 1437  # of 1797, four in five


def load(name: str, *, folder: str | os.PathLike | None = None) -> Dataset:
    """Return a data set; fetch and convert it first if its archive is not in the folder.

    Parameters
    ----------
    name : {"cifar10", "cifar100", "digits"}
        The digits need no file and no network: scikit-learn brings them. Each of their 8 x 8
        pixels becomes a square of 4 x 4, the grey values 0 to 16 become 0 to 255 in all three
        colours, and the first 1,437 images in canonical order are for training, the other 360
        for testing.
    folder : path, optional
        Where the archives are, see `archive.path_of`.

    Returns
    -------
    Dataset
        With arrays of its own, which the caller may change.

    Raises
    ------
    ValueError
        If the name is unknown.
    DataError
        If the archive is damaged, or there is none and the data set can neither be found in
        the folder nor be fetched. The message says which file to delete or to put where.
    """
    archive.check_name(name)
    if name == "digits":
        return _digits()
    path = archive.path_of(name, folder=folder)
    if not path.exists():
        download.obtain(name, folder=path.parent)
    return archive.read(name, path)


def _digits() -> Dataset:
    from sklearn.datasets import load_digits

    raw = load_digits()
    grey = (raw.images.astype(np.int64) * 255 + 8) // 16  # 0..16 to 0..255, rounded
    grey = grey.astype(np.uint8).repeat(4, axis=1).repeat(4, axis=2)  # (1797, 32, 32)
    colours = grey[..., None].repeat(3, axis=3)
    images, labels = archive.canonical("digits", "digit", colours, raw.target)
    n = DIGITS_TRAINING_IMAGES
    arrays = images[:n], labels[:n], images[n:], labels[n:]
    found = archive.fingerprint_of_sorted(*arrays)
    if found != FINGERPRINTS["digits"]:
        raise DataError(
            f"scikit-learn's digits are not those this package knows: their fingerprint is "
            f"{found}, expected {FINGERPRINTS['digits']}"
        )
    return Dataset("digits", *arrays, CLASSES["digits"], found)
