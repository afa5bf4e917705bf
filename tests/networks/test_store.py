"""The folder of a study: who may train a round, how it is published, and its second copy."""

import errno
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from tiny_study import SETTING, only_files_of_rounds, results

from sdtutorial.networks import store as store_module
from sdtutorial.networks.locks import lock
from sdtutorial.networks.presets import PRESETS, StudyError, Unit
from sdtutorial.networks.records import read
from sdtutorial.networks.store import (
    Mirror,
    Store,
    array_digest,
    default_mirror,
    prepare_folder,
)
from sdtutorial.networks.study import work


@pytest.fixture
def store(tmp_path, plan):
    return Store(tmp_path, plan)


@pytest.fixture
def record(undisturbed, plan):
    return Store(undisturbed, plan).record(Unit(SETTING, 0, 0))


def test_a_unit_is_given_to_one_worker_at_a_time(store):
    unit = Unit(SETTING, 0, 0)
    with store.lock(unit) as mine, store.lock(unit) as other:
        assert mine and not other
        with store.lock(replace(unit, chain=1)) as third:
            assert third
    with store.lock(unit) as again:
        assert again


def test_a_unit_published_in_the_meantime_is_not_given_to_anybody(undisturbed, plan):
    with Store(undisturbed, plan).lock(Unit(SETTING, 0, 0)) as mine:
        assert not mine


def test_the_second_of_two_equal_rounds_is_dropped(store, record):
    unit = Unit(SETTING, 0, 0)
    assert store.publish(unit, record, {"targets": np.zeros((2, 3), np.float32)})
    assert not store.publish(unit, record, {"targets": np.ones((2, 3), np.float32)})
    assert np.load(store.folder(unit) / "targets.npy").max() == 0
    assert not list((store.out / ".partial").iterdir())


def test_leftovers_are_removed_unless_a_worker_is_at_them(store, tmp_path):
    mine, dead = Unit(SETTING, 0, 0), Unit(SETTING, 1, 0)
    for unit in (mine, dead):
        (tmp_path / ".partial" / unit.slug / "abc").mkdir(parents=True)
    (tmp_path / ".locks").mkdir()
    (tmp_path / ".locks" / dead.slug).write_text("")
    with lock(tmp_path / ".locks" / mine.slug):
        store.remove_leftovers()
        assert [path.name for path in (tmp_path / ".partial").iterdir()] == [mine.slug]
        assert [path.name for path in (tmp_path / ".locks").iterdir()] == [mine.slug]
    store.remove_leftovers()
    assert only_files_of_rounds(tmp_path)


def test_an_error_while_a_unit_is_trained_is_not_taken_for_one_of_its_lock(store):
    with pytest.raises(OSError, match="of the training"), store.lock(Unit(SETTING, 0, 0)):
        raise OSError("of the training")
    assert only_files_of_rounds(store.out)


@pytest.fixture
def copy(undisturbed, tmp_path, plan):
    """A copy of the whole study, for doing harm to it."""
    shutil.copytree(undisturbed, tmp_path / "copy")
    return Store(tmp_path / "copy", plan)


def test_every_array_that_a_round_stores_has_its_digest_in_the_record(copy):
    unit = Unit(SETTING, 0, 1)
    stored = {path.stem for path in copy.folder(unit).glob("*.npy")}
    record = copy.record(unit)
    assert stored == {"targets", *record.arrays}
    for name, digest in record.arrays.items():
        assert array_digest(np.load(copy.folder(unit) / f"{name}.npy")) == digest


@pytest.mark.parametrize("name", ["targets", "test_classes"])
@pytest.mark.parametrize("harm", ["values", "shape", "type", "length", "header"])
def test_an_array_that_is_damaged_in_any_way_is_found_out(copy, name, harm):
    unit = Unit(SETTING, 0, 0)
    path = copy.folder(unit) / f"{name}.npy"
    array = np.load(path)
    if harm == "values":
        np.save(path, array[::-1])
    elif harm == "shape":
        np.save(path, array[1:])
    elif harm == "type":
        np.save(path, array.astype("float64") + 1e-3)
    elif harm == "length":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        start = path.read_bytes()
        shape = str(array.shape).encode()
        path.write_bytes(start.replace(shape, b"(10000000000000,)", 1))
    with pytest.raises(StudyError, match=f"{name}.npy .*Delete the folder"):
        getattr(copy, name)(unit)


def test_records_of_before_say_nothing_of_other_arrays_and_are_taken(copy):
    unit = Unit(SETTING, 0, 0)
    path = copy.folder(unit) / "record.jsonl"
    path.write_text(replace(copy.record(unit), arrays={}).to_line())
    assert len(copy.test_classes(unit)) == 40


def test_a_folder_that_cannot_be_made_durable_costs_nothing(store, record, monkeypatch):
    fsync = store_module.os.fsync

    def refusing(handle):
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(handle)

    monkeypatch.setattr(store_module.os, "fsync", refusing)
    unit = Unit(SETTING, 0, 0)
    assert store.publish(unit, record, {"targets": np.zeros((2, 3), np.float32)})
    assert store.exists(unit)


def test_a_folder_that_may_not_be_looked_into_is_a_sentence(store, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(type(store.out), "is_dir", refuse)
    with pytest.raises(StudyError, match="cannot look into .*round-00: Permission denied"):
        store.exists(Unit(SETTING, 0, 0))


def test_a_file_system_without_locks_is_a_sentence(store, monkeypatch):
    import fcntl

    def refuse(*_):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StudyError, match="cannot lock .*whose file system has locks"):
        with store.lock(Unit(SETTING, 0, 0)):
            pytest.fail("there was no lock")


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path):
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(StudyError, match="cannot write to"):
        prepare_folder(file / "out")


def test_more_chains_rounds_or_settings_are_no_other_configuration(undisturbed, plan):
    wider = replace(plan, chains=9, settings=((SETTING, 9),))
    assert len(Store(undisturbed, wider).check()) == 6


def test_a_mirror_holds_every_round_and_gives_them_back(undisturbed, tmp_path):
    complaints = []
    mirror = Mirror(tmp_path / "drive", complaints.append)
    mirror.save(undisturbed)
    mirror.save(undisturbed)
    mirror.restore(tmp_path / "new runtime")
    assert results(tmp_path / "drive") == results(undisturbed)
    assert results(tmp_path / "new runtime") == results(undisturbed)
    assert not complaints


def test_a_mirror_that_changes_a_file_is_found_out(undisturbed, tmp_path, monkeypatch):
    complaints = []
    copytree = store_module.shutil.copytree

    def corrupting(source, target):
        copytree(source, target)
        (target / "targets.npy").write_bytes(b"zeros")

    monkeypatch.setattr(store_module.shutil, "copytree", corrupting)
    Mirror(tmp_path / "drive", complaints.append).save(undisturbed)
    assert "came back changed" in complaints[0]
    assert not list((tmp_path / "drive").glob("*/chain-*/round-*"))


def test_a_mirror_that_is_gone_costs_a_sentence_and_not_the_study(undisturbed, tmp_path):
    complaints = []
    place = tmp_path / "drive"
    place.write_text("Transport endpoint is not connected")
    mirror = Mirror(place, complaints.append)
    mirror.save(undisturbed)
    mirror.restore(tmp_path / "out")
    assert len(complaints) == 1
    assert "is kept in" in complaints[0]


@pytest.mark.parametrize("file", ["record.jsonl", "targets.npy", "test_classes.npy"])
def test_a_second_copy_does_not_give_back_a_damaged_round(copy, plan, tmp_path, undisturbed, file):
    """Nor does it keep it: the round that is trained in its place is saved there."""
    place, complaints = copy.out, []
    mirror = Mirror(place, complaints.append)
    path = copy.folder(Unit(SETTING, 0, 1)) / file
    path.write_bytes(path.read_bytes()[:-7])
    mirror.restore(tmp_path / "out")
    assert len(read([tmp_path / "out"]).records) == 5
    (complaint,) = complaints
    assert str(path) in complaint and "put aside" in complaint and "Delete" not in complaint
    work(plan, tmp_path / "out")
    mirror.save(tmp_path / "out")
    assert results(place) == results(tmp_path / "out") == results(undisturbed)
    mirror.restore(tmp_path / "again")
    assert len(complaints) == 1


def test_a_place_that_cannot_be_read_for_a_moment_loses_no_round(copy, tmp_path, monkeypatch):
    complaints = []

    def failing(path):
        raise OSError(errno.EIO, "Input/output error", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(type(copy.out), "read_bytes", failing)
        Mirror(copy.out, complaints.append).restore(tmp_path / "out")
    assert "going on without it" in complaints[0]
    assert len(read([copy.out]).records) == 6


def test_only_colab_with_a_mounted_drive_has_a_mirror_by_default(tmp_path):
    assert default_mirror(PRESETS["cpu"], tmp_path) is None
    assert default_mirror(PRESETS["colab"], tmp_path) is None
