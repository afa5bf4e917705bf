"""The canonical form of the data sets, and the archives that hold it."""

import os
import resource
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_images import permuted, random_arrays

from sdtutorial.networks import archive


@pytest.fixture
def known(monkeypatch):
    """Random arrays that pass for CIFAR-10 during a test."""
    arrays = random_arrays()
    monkeypatch.setitem(archive.FINGERPRINTS, "cifar10", archive.fingerprint(*arrays))
    return arrays


@given(seed=st.integers(0, 2**32 - 1), n_train=st.integers(0, 6), n_test=st.integers(0, 6))
@settings(max_examples=30, deadline=None)
def test_the_fingerprint_does_not_depend_on_the_order_of_the_images(seed, n_train, n_test):
    arrays = random_arrays(seed, n_train, n_test)
    assert archive.fingerprint(*permuted(arrays, seed + 1)) == archive.fingerprint(*arrays)


@given(
    split=st.sampled_from([0, 2]),
    index=st.tuples(*(st.integers(0, n - 1) for n in (5, 32, 32, 3))),
    change=st.integers(1, 255),
)
@settings(max_examples=30, deadline=None)
def test_the_fingerprint_sees_the_change_of_any_one_pixel(split, index, change):
    arrays = random_arrays()
    before = archive.fingerprint(*arrays)
    arrays[split][index] ^= np.uint8(change)
    assert archive.fingerprint(*arrays) != before


def test_the_fingerprint_sees_labels_moved_between_images_and_images_between_splits():
    images, labels, test_images, test_labels = random_arrays(n_train=5, n_test=5)
    labels[:2] = 3, 4
    before = archive.fingerprint(images, labels, test_images, test_labels)
    exchanged = labels[[1, 0, 2, 3, 4]]
    assert archive.fingerprint(images, exchanged, test_images, test_labels) != before
    assert archive.fingerprint(test_images, test_labels, images, labels) != before


def test_the_fingerprint_sees_rows_and_columns_exchanged():
    images, labels, *test = random_arrays()
    transposed = images.transpose(0, 2, 1, 3)
    before = archive.fingerprint(images, labels, *test)
    assert archive.fingerprint(transposed, labels, *test) != before


def test_the_fingerprint_sees_an_image_that_is_there_twice():
    images, labels, *test = random_arrays()
    twice = np.concatenate([images, images[:1]]), np.concatenate([labels, labels[:1]])
    assert archive.fingerprint(*twice, *test) != archive.fingerprint(images, labels, *test)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32 - 1))
def test_arrays_in_any_order_give_the_same_archive(known, tmp_path, seed):
    archive.write("cifar10", *known, folder=tmp_path)
    one = archive.read("cifar10", tmp_path / "cifar10.npz")
    archive.write("cifar10", *permuted(known, seed), folder=tmp_path)
    other = archive.read("cifar10", tmp_path / "cifar10.npz")
    for key in archive.ARRAYS:
        np.testing.assert_array_equal(getattr(one, key), getattr(other, key))
    assert one.fingerprint == other.fingerprint == archive.FINGERPRINTS["cifar10"]


def test_every_image_keeps_its_label(known, tmp_path):
    archive.write("cifar10", *known, folder=tmp_path)
    loaded = archive.read("cifar10", tmp_path / "cifar10.npz")
    for images, labels, split in (
        (known[0], known[1], (loaded.train_images, loaded.train_labels)),
        (known[2], known[3], (loaded.test_images, loaded.test_labels)),
    ):
        assert {(i.tobytes(), int(n)) for i, n in zip(images, labels)} == {
            (i.tobytes(), int(n)) for i, n in zip(*split)
        }


def test_writing_an_archive_leaves_its_arguments_as_they_were(known, tmp_path):
    before = [array.copy() for array in known]
    archive.write("cifar10", *known, folder=tmp_path)
    for array, copy in zip(known, before):
        np.testing.assert_array_equal(array, copy)


def test_the_folder_is_the_argument_else_the_variable_else_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("SDTUTORIAL_DATA", str(tmp_path / "variable"))
    assert archive.path_of("cifar10", folder=tmp_path) == tmp_path / "cifar10.npz"
    assert archive.path_of("cifar10") == tmp_path / "variable" / "cifar10.npz"
    monkeypatch.delenv("SDTUTORIAL_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert archive.path_of("cifar10") == tmp_path / "cache" / "sdtutorial" / "cifar10.npz"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert archive.path_of("cifar10") == tmp_path / ".cache" / "sdtutorial" / "cifar10.npz"


def test_a_folder_that_does_not_exist_is_made(known, tmp_path):
    folder = tmp_path / "a" / "b"
    assert archive.write("cifar10", *known, folder=folder).parent == folder
    assert archive.read("cifar10", folder / "cifar10.npz").classes[3] == "cat"


def test_arrays_of_another_data_set_are_refused_and_nothing_is_written(known, tmp_path):
    with pytest.raises(ValueError, match="these arrays are not cifar10"):
        archive.write("cifar10", *random_arrays(seed=1), folder=tmp_path)
    with pytest.raises(ValueError, match="these arrays are not cifar10"):
        archive.write("cifar10", *known[2:], *known[:2], folder=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "change, error, match",
    [
        (lambda a: a.__setitem__(0, a[0].astype(float)), TypeError, "uint8.*float64"),
        (lambda a: a.__setitem__(1, a[1].astype(float)), TypeError, "labels integers.*float64"),
        (lambda a: a.__setitem__(0, a[0].transpose(0, 3, 1, 2)), ValueError, r"\(n, 32, 32, 3\)"),
        (lambda a: a.__setitem__(1, a[1][:-1]), ValueError, r"\(12, 32, 32, 3\) and \(11,\)"),
        (lambda a: a[3].__setitem__(0, 10), ValueError, r"0 \.\.\. 9"),
        (lambda a: a[3].__setitem__(0, -1), ValueError, r"0 \.\.\. 9"),
    ],
)
def test_arrays_of_another_type_shape_or_range_are_refused(known, tmp_path, change, error, match):
    arrays = [array.copy() for array in known]
    change(arrays)
    with pytest.raises(error, match=match):
        archive.write("cifar10", *arrays, folder=tmp_path)


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.99, -1])
def test_a_truncated_archive_gives_a_sentence_that_names_it(known, tmp_path, kept):
    path = archive.write("cifar10", *known, folder=tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    with pytest.raises(archive.DataError, match=rf"{path} is damaged.*delete it"):
        archive.read("cifar10", tmp_path / "cifar10.npz")


def test_a_flipped_bit_anywhere_never_changes_what_is_loaded(known, tmp_path):
    path = archive.write("cifar10", *known, folder=tmp_path)
    intact = archive.read("cifar10", tmp_path / "cifar10.npz")
    content = bytearray(path.read_bytes())
    refused = 0
    for position in np.random.default_rng(0).integers(0, len(content), 300):
        content[position] ^= 16
        path.write_bytes(content)
        content[position] ^= 16
        try:
            loaded = archive.read("cifar10", tmp_path / "cifar10.npz")
        except archive.DataError as error:
            assert str(path) in str(error) and "elete it" in str(error)
            refused += 1
        else:  # a bit that carries no meaning, such as a date in the zip directory
            for key in archive.ARRAYS:
                np.testing.assert_array_equal(getattr(loaded, key), getattr(intact, key))
    assert refused > 270


def test_a_whole_archive_of_other_images_is_refused(known, tmp_path, monkeypatch):
    path = archive.write("cifar10", *known, folder=tmp_path)
    monkeypatch.setitem(archive.FINGERPRINTS, "cifar10", "0" * 64)
    with pytest.raises(archive.DataError, match=rf"{path} does not hold cifar10.*Delete it"):
        archive.read("cifar10", tmp_path / "cifar10.npz")


def test_an_archive_in_another_order_is_refused(known, tmp_path):
    path = archive.write("cifar10", *known, folder=tmp_path)
    with np.load(path) as file:
        arrays = dict(file)
    arrays["train_images"] = arrays["train_images"][::-1]
    arrays["train_labels"] = arrays["train_labels"][::-1]
    np.savez(path, **arrays)
    with pytest.raises(archive.DataError, match="does not hold cifar10"):
        archive.read("cifar10", tmp_path / "cifar10.npz")


def test_a_pipe_in_the_place_of_an_archive_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "cifar10.npz")
    with pytest.raises(archive.DataError, match="cifar10.npz is no file"):
        archive.read("cifar10", tmp_path / "cifar10.npz")


def test_an_array_that_claims_to_be_larger_than_any_memory_is_a_sentence(tmp_path):
    header = b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (%d,)}"
    content = (header % 10**15).ljust(127) + b"\n"
    with zipfile.ZipFile(tmp_path / "cifar10.npz", "w") as file:
        file.writestr("train_images.npy", content)
    with pytest.raises(archive.DataError, match="cifar10.npz .*delete it"):
        archive.read("cifar10", tmp_path / "cifar10.npz")


def test_no_pickle_in_an_archive_is_loaded(known, tmp_path):
    class Trace:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "trace"),)

    np.savez(tmp_path / "cifar10.npz", train_images=np.array([Trace()], dtype=object))
    with pytest.raises(archive.DataError, match="is damaged"):
        archive.read("cifar10", tmp_path / "cifar10.npz")
    assert not (tmp_path / "trace").exists()


def test_a_full_disk_gives_a_sentence_and_leaves_the_archive_as_it_was(known, tmp_path):
    path = archive.write("cifar10", *known, folder=tmp_path)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))  # no file above 10 kB
    try:
        with pytest.raises(archive.DataError, match=rf"cannot write {path}.*SDTUTORIAL_DATA"):
            archive.write("cifar10", *known, folder=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_gives_a_sentence(known, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(archive.DataError, match="cannot write .*make room or a writable folder"):
        archive.write("cifar10", *known, folder=tmp_path / "file" / "folder")


def test_digits_have_no_archive():
    with pytest.raises(ValueError, match="come with scikit-learn"):
        archive.write("digits", *random_arrays())


def test_the_classes_are_in_alphabetical_order_as_torchvision_numbers_them():
    numbers = {name: len(classes) for name, classes in archive.CLASSES.items()}
    assert numbers == {"cifar10": 10, "cifar100": 100, "digits": 10}
    for names in archive.CLASSES.values():
        assert list(names) == sorted(set(names))
