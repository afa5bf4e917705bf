"""The data sets by name."""

import subprocess
import sys

import numpy as np
import pytest
from made_images import random_arrays

from sdtutorial.networks import archive, data


@pytest.mark.parametrize("name", ["mnist", "CIFAR10", "", None, ["cifar10"]])
def test_an_unknown_name_is_refused_with_the_known_ones(name):
    with pytest.raises(ValueError, match="unknown data set.*cifar10, cifar100, digits"):
        data.load(name)


def test_the_digits_are_scikit_learns_enlarged_four_times():
    from sklearn.datasets import load_digits

    digits = data.load("digits")
    assert digits.train_images.shape == (1437, 32, 32, 3)
    assert digits.test_images.shape == (360, 32, 32, 3)
    assert digits.train_images.dtype == np.uint8 and digits.train_labels.dtype == np.int64
    images = np.concatenate([digits.train_images, digits.test_images])
    labels = np.concatenate([digits.train_labels, digits.test_labels])
    blocks = images.reshape(-1, 8, 4, 8, 4, 3)
    assert (blocks == blocks[:, :, :1, :, :1, :1]).all()  # squares of one grey
    small = blocks[:, :, 0, :, 0, 0] / 255 * 16
    raw = load_digits()
    assert abs(small - np.rint(small)).max() < 0.04  # rounding to 1/255
    assert sorted((x.tobytes(), n) for x, n in zip(np.rint(small), labels)) == sorted(
        (x.tobytes(), n) for x, n in zip(raw.images, raw.target)
    )


def test_the_digits_are_the_same_in_every_call_and_their_split_holds_every_class():
    one, other = data.load("digits"), data.load("digits")
    for key in archive.ARRAYS:
        np.testing.assert_array_equal(getattr(one, key), getattr(other, key))
    assert one.fingerprint == archive.fingerprint(*(getattr(one, key) for key in archive.ARRAYS))
    assert np.bincount(one.train_labels, minlength=10).min() > 100
    assert np.bincount(one.test_labels, minlength=10).min() > 20


def test_loading_an_archive_imports_neither_torchvision_nor_scikit_learn_nor_pooch(tmp_path):
    arrays = random_arrays()
    found = archive.fingerprint(*arrays)
    code = (
        "import sys\n"
        "from sdtutorial.networks import data\n"
        f"data.FINGERPRINTS['cifar10'] = {found!r}\n"
        f"data.load('cifar10', folder={str(tmp_path)!r})\n"
        "assert not {'torchvision', 'sklearn', 'pooch', 'tqdm'} & set(sys.modules)\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(archive.FINGERPRINTS, "cifar10", found)
        archive.write("cifar10", *arrays, folder=tmp_path)
    subprocess.run([sys.executable, "-c", code], check=True)
