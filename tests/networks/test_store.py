"""The folder of a study: who may train a round, how it is published, and its second copy."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_study import SETTING, only_files_of_rounds, results

from sdtutorial.networks import store as store_module
from sdtutorial.networks.locks import lock
from sdtutorial.networks.presets import PRESETS, StudyError, Unit
from sdtutorial.networks.store import Mirror, Store, default_mirror, prepare_folder


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


def test_only_colab_with_a_mounted_drive_has_a_mirror_by_default(tmp_path):
    assert default_mirror(PRESETS["cpu"], tmp_path) is None
    assert default_mirror(PRESETS["colab"], tmp_path) is None
