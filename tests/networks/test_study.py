"""Studies: plans, presets, the shared folder, workers, kills, and what stands in the way."""

import errno
import json
import os
import time
from dataclasses import asdict, replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from tiny_study import PRESET, SETTING, results

from sdtutorial.networks import study
from sdtutorial.networks.chain import stream_seeds
from sdtutorial.networks.records import code_fingerprint, read
from sdtutorial.networks.study import (
    PRESETS,
    Mirror,
    Store,
    StudyError,
    Unit,
    controls,
    find_preset,
    make_plan,
    prepare_folder,
    work,
)
from sdtutorial.networks.training import DivergedError


@pytest.fixture
def plan(tiny_preset):
    return make_plan(tiny_preset)


@pytest.fixture
def store(tmp_path, plan):
    return Store(tmp_path, plan)


@pytest.fixture
def record(undisturbed, plan):
    return Store(undisturbed, plan).record(Unit(SETTING, 0, 0))


def published(out):
    return sorted(path.parent.relative_to(out) for path in out.rglob("record.jsonl"))


def only_files_of_rounds(out):
    """Whether no lease and no half-written round is left."""
    return not list((out / ".leases").iterdir()) and not list((out / ".partial").iterdir())


# Presets and plans ------------------------------------------------------------------------------


def test_presets_have_distinct_settings_whose_networks_and_losses_exist():
    assert set(PRESETS) == {"digits", "cpu", "colab", "gpu", "paper"}
    for preset in PRESETS.values():
        settings = preset.settings + preset.single_rounds
        assert len({setting.name for setting in settings}) == len(settings)
        assert set(preset.default) <= {setting.name for setting in preset.settings}
        for setting in settings:
            with torch.device("meta"):
                setting.network.build(10)
            assert setting.recipe.loss in ("cross-entropy", "l2")
            assert setting.recipe.loss in setting.name


def test_cifar_presets_hold_the_settings_of_figure_3_in_their_order():
    for name in ("cpu", "colab", "gpu", "paper"):
        assert [setting.name for setting in PRESETS[name].settings[:5]] == [
            "cifar100-cross-entropy-resnet",
            "cifar100-l2-resnet",
            "cifar10-cross-entropy-resnet",
            "cifar10-l2-resnet",
            "cifar100-l2-vgg",
        ]
        assert all(setting.held_out == 5000 for setting in PRESETS[name].settings)


def test_the_paper_preset_has_the_full_networks():
    sizes = {}
    for setting in PRESETS["paper"].settings:
        with torch.device("meta"):
            sizes[setting.name] = sum(p.numel() for p in setting.network.build(10).parameters())
    assert sizes["cifar10-l2-resnet"] == pytest.approx(23.5e6, rel=0.01)
    assert sizes["cifar100-l2-vgg"] == pytest.approx(14.7e6, rel=0.01)


def test_controls_change_one_entry_and_share_the_seeds():
    stopped, decayed = controls(SETTING, epochs=(2,), weight_decays=(0.1,))
    assert replace(stopped.recipe, epochs=SETTING.recipe.epochs) == SETTING.recipe
    assert replace(decayed.recipe, weight_decay=SETTING.recipe.weight_decay) == SETTING.recipe
    for control in (stopped, decayed):
        assert stream_seeds(control, 0, 1, 0) == stream_seeds(SETTING, 0, 1, 0)


def test_units_go_widest_first():
    plan = make_plan(PRESET, settings=["all"], chains=2, rounds=2)
    assert [(u.setting.name, u.round, u.chain) for u in plan.units()] == [
        (SETTING.name, 0, 0),
        (SETTING.name, 0, 1),
        (SETTING.name, 1, 0),
        (SETTING.name, 1, 1),
        (f"{SETTING.name}-epochs-2", 0, 0),
        (f"{SETTING.name}-epochs-2", 0, 1),
        (f"{SETTING.name}-decay-0.01", 0, 0),
        (f"{SETTING.name}-decay-0.01", 0, 1),
    ]


def test_a_plan_takes_the_preset_s_numbers_unless_told_otherwise():
    plan = make_plan(PRESET)
    assert (plan.chains, plan.settings, plan.study_seed) == (2, ((SETTING, 3),), 0)
    plan = make_plan(PRESET, chains=5, rounds=7, seed=3, precision="bfloat16")
    assert (plan.chains, plan.settings, plan.study_seed) == (5, ((SETTING, 7),), 3)
    assert plan.machine.precision == "bfloat16"


def test_the_precision_is_the_device_s_own_unless_the_preset_fixes_it(monkeypatch):
    monkeypatch.setattr(study, "native_precision", lambda device: "bfloat16")
    assert make_plan(PRESETS["cpu"]).machine.precision == "bfloat16"
    assert make_plan(PRESETS["digits"]).machine.precision == "float32"


def test_what_does_not_exist_is_refused_with_what_does():
    with pytest.raises(StudyError, match="no preset 'huge'; there are digits, cpu"):
        find_preset("huge")
    with pytest.raises(StudyError, match="no setting 'x'; it has digits-cross-entropy-resnet"):
        make_plan(PRESETS["digits"], settings=["x"])
    for number in ({"chains": 0}, {"rounds": -1}):
        with pytest.raises(StudyError, match="at least 1"):
            make_plan(PRESET, **number)


def test_a_gpu_preset_without_a_gpu_names_the_presets_for_a_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for name in ("colab", "gpu", "paper"):
        with pytest.raises(StudyError, match="needs a CUDA GPU.*digits and cpu"):
            make_plan(PRESETS[name])


# One worker -------------------------------------------------------------------------------------


def test_a_study_runs_every_round_of_every_chain(undisturbed):
    assert [str(path) for path in published(undisturbed)] == [
        f"{SETTING.name}/chain-{chain:02}/round-{number:02}"
        for chain in range(2)
        for number in range(3)
    ]
    assert only_files_of_rounds(undisturbed)


def test_a_round_s_targets_are_those_its_record_names(undisturbed, plan):
    store = Store(undisturbed, plan)
    for unit in plan.units():
        record = store.record(unit)
        assert study.targets_digest(store.targets(unit)) == record.targets
        assert record.code == code_fingerprint()
        assert record.configuration == plan.configuration(SETTING)
        seeds = dict(record.seeds)
        seeds.pop("split")
        assert seeds == stream_seeds(SETTING, 0, unit.chain, unit.round)
        assert record.metrics["agreement"] == np.mean(
            store.test_classes(unit) == store.test_classes(replace(unit, round=0))
        )


def test_a_resumed_study_equals_an_undisturbed_one_bit_for_bit(undisturbed, plan, tmp_path):
    work(replace(plan, chains=1, settings=((SETTING, 1),)), tmp_path)
    work(replace(plan, chains=2, settings=((SETTING, 2),)), tmp_path)
    assert len(published(tmp_path)) == 4
    assert work(plan, tmp_path).finished
    assert results(tmp_path) == results(undisturbed)


def test_a_finished_study_trains_nothing_more(undisturbed, plan, monkeypatch):
    monkeypatch.setattr(study, "run_round", lambda *_, **__: pytest.fail("trained again"))
    outcome = work(plan, undisturbed)
    assert outcome.finished and not outcome.stopped


def test_a_deleted_round_is_made_again_as_it_was(undisturbed, plan, tmp_path):
    import shutil

    out = tmp_path / "copy"
    shutil.copytree(undisturbed, out)
    shutil.rmtree(out / SETTING.name / "chain-01" / "round-01")
    work(plan, out)
    assert results(out) == results(undisturbed)


def test_progress_counts_rounds_and_estimates_the_time_left(plan, tmp_path):
    seen = []
    work(plan, tmp_path, notify=seen.append)
    assert [(p.done, p.total) for p in seen] == [(n, 6) for n in range(1, 7)]
    assert [(p.record.round, p.record.chain) for p in seen] == [
        (number, chain) for number in range(3) for chain in range(2)
    ]
    assert seen[0].seconds_left > 0
    assert seen[-1].seconds_left == 0


def test_no_training_starts_that_would_end_after_the_time_is_up(plan, tmp_path):
    outcome = work(plan, tmp_path, minutes=0)
    assert not outcome.finished
    assert not published(tmp_path)
    assert work(plan, tmp_path, minutes=5).finished


def test_an_interrupted_training_leaves_neither_lease_nor_half_a_round(
    plan, tmp_path, monkeypatch
):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(study, "run_round", interrupt)
        with pytest.raises(KeyboardInterrupt):
            work(plan, tmp_path)
    assert not published(tmp_path)
    assert not list((tmp_path / ".leases").iterdir())


def test_chains_of_another_seed_are_others(plan, tmp_path, undisturbed):
    work(replace(plan, study_seed=1, chains=1, settings=((SETTING, 1),)), tmp_path)
    (one,) = read([tmp_path]).records
    other = Store(undisturbed, plan).record(Unit(SETTING, 0, 0))
    assert one.targets != other.targets
    assert one.key != other.key


# Several workers, and kills ---------------------------------------------------------------------


def test_two_workers_of_torchrun_give_what_one_gives_and_do_nothing_twice(
    undisturbed, tmp_path, run_script
):
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
    arguments = ("run", "--preset", "tiny", "--out", tmp_path, "--chains", "4")
    result = run_script(*arguments, launcher=launcher)
    assert result.returncode == 0, result.stderr
    two = results(tmp_path)
    for key, value in results(undisturbed).items():
        assert two[key] == value
    lines = [line for line in result.stdout.splitlines() if "rounds done" in line]
    assert len({line.partition(":")[0] for line in lines}) == len(lines) == len(two) == 12
    assert only_files_of_rounds(tmp_path)


def test_twenty_kills_at_random_moments_change_nothing(undisturbed, tmp_path, run_script):
    result = run_script("kill", tmp_path, 0)
    assert result.returncode == 0, result.stderr
    assert results(tmp_path) == results(undisturbed)
    assert only_files_of_rounds(tmp_path)


def test_a_kill_at_any_step_of_a_write_leaves_a_whole_round_or_none(tmp_path, plan, run_script):
    """Before each of three files is flushed, before the rename, and after it."""
    run_script("kill-at", tmp_path, 5)
    for step, survives in enumerate((False, False, False, False, True)):
        out = tmp_path / str(step)
        assert list((out / ".partial").iterdir()) or survives
        assert list((out / ".leases").iterdir())
        reading = read([out])
        assert len(reading.records) == int(survives)
        assert not reading.problems
        work(replace(plan, chains=1, settings=((SETTING, 1),)), out)
        assert len(read([out]).records) == 1
        assert only_files_of_rounds(out)


def test_a_unit_is_leased_to_one_worker_at_a_time(store):
    unit = Unit(SETTING, 0, 0)
    with store.lease(unit) as mine, store.lease(unit) as other:
        assert mine and not other
        with store.lease(replace(unit, chain=1)) as third:
            assert third
    with store.lease(unit) as again:
        assert again


def test_a_lease_of_a_worker_that_is_gone_is_overruled_by_one_other(store, tmp_path, monkeypatch):
    """The process number is reused by this very process, but it started at another time."""
    unit = Unit(SETTING, 0, 0)
    (tmp_path / ".leases").mkdir()
    lease = tmp_path / ".leases" / f"{SETTING.name}-0-0.0"
    lease.write_text(f"{study._host()}-{os.getpid()}-1")
    with store.lease(unit) as mine, store.lease(unit) as other:
        assert mine and not other
    assert lease.exists()


def test_a_lease_from_another_machine_holds_until_nobody_renews_it(store, tmp_path):
    unit = Unit(SETTING, 0, 0)
    (tmp_path / ".leases").mkdir()
    lease = tmp_path / ".leases" / f"{SETTING.name}-0-0.0"
    lease.write_text("elsewhere-1-1")
    with store.lease(unit) as mine:
        assert not mine
    long_ago = time.time() - study.LEASE_SECONDS - 1
    os.utime(lease, (long_ago, long_ago))
    with store.lease(unit) as mine:
        assert mine


def test_a_lease_is_renewed_while_it_is_held(store, tmp_path, monkeypatch):
    monkeypatch.setattr(study, "LEASE_SECONDS", 0.2)
    with store.lease(Unit(SETTING, 0, 0)):
        (lease,) = (tmp_path / ".leases").iterdir()
        times = set()
        for _ in range(12):
            times.add(lease.stat().st_mtime_ns)
            time.sleep(0.03)
    assert len(times) > 2
    ordered = sorted(times)
    assert all(b - a < 0.2e9 for a, b in pairwise(ordered))


def test_a_unit_published_in_the_meantime_is_not_leased(undisturbed, plan):
    with Store(undisturbed, plan).lease(Unit(SETTING, 0, 0)) as mine:
        assert not mine


def test_the_second_of_two_equal_rounds_is_dropped(store, record):
    unit = Unit(SETTING, 0, 0)
    assert store.publish(unit, record, {"targets": np.zeros((2, 3), np.float32)})
    assert not store.publish(unit, record, {"targets": np.ones((2, 3), np.float32)})
    assert np.load(store.folder(unit) / "targets.npy").max() == 0
    assert not list((store.out / ".partial").iterdir())


def test_what_a_running_worker_is_writing_is_not_taken_for_a_leftover(store, tmp_path):
    mine = tmp_path / ".partial" / f"{study._worker_name()}-abc"
    dead = tmp_path / ".partial" / f"{study._host()}-{os.getpid()}-1-abc"
    for folder in (mine, dead):
        folder.mkdir(parents=True)
    store.remove_leftovers()
    assert mine.exists() and not dead.exists()


# What stands in the way -------------------------------------------------------------------------


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path):
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(StudyError, match="cannot write to"):
        prepare_folder(file / "out")


def test_a_full_disk_costs_the_round_under_way_and_says_so(plan, tmp_path, monkeypatch):
    work(replace(plan, chains=1, settings=((SETTING, 1),)), tmp_path)

    def full(file, array, **_):
        file.write(b"half a file")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(study.np, "save", full)
        with pytest.raises(StudyError, match="disk is full.*the same command goes on"):
            work(plan, tmp_path)
    assert len(published(tmp_path)) == 1
    assert only_files_of_rounds(tmp_path)
    assert work(plan, tmp_path).finished


def test_another_precision_is_refused_with_both_named(undisturbed, tiny_preset):
    with pytest.raises(StudyError, match=r"machine\.precision \(float32, not bfloat16\)"):
        work(make_plan(tiny_preset, precision="bfloat16"), undisturbed)


@pytest.mark.parametrize(
    "change, named",
    [
        ({"study_seed": 5}, r"study_seed \(0, not 5\)"),
        (
            {"settings": ((replace(SETTING, images=60), 3),)},
            r"setting\.images \(70, not 60\)",
        ),
        (
            {"settings": ((replace(SETTING, recipe=replace(SETTING.recipe, epochs=9)), 3),)},
            r"setting\.recipe\.epochs \(3, not 9\)",
        ),
    ],
)
def test_another_configuration_is_refused_with_what_differs(undisturbed, plan, change, named):
    with pytest.raises(StudyError, match=named):
        work(replace(plan, **change), undisturbed)


def test_more_chains_rounds_or_settings_are_no_other_configuration(undisturbed, plan):
    wider = replace(plan, chains=9, settings=((SETTING, 9),))
    assert len(Store(undisturbed, wider).check()) == 6


def test_a_corrupt_record_names_the_folder_to_delete(plan, tmp_path):
    work(replace(plan, chains=1, settings=((SETTING, 1),)), tmp_path)
    (path,) = tmp_path.rglob("record.jsonl")
    whole = path.read_text()
    for damaged in ("", whole[:100], whole.replace('"chain": 0', '"chain": 1')):
        path.write_text(damaged)
        with pytest.raises(StudyError, match="Delete the folder .*chain-00/round-00"):
            work(plan, tmp_path)
    path.parent.joinpath("record.jsonl").unlink()
    with pytest.raises(StudyError, match="Delete the folder .*chain-00/round-00"):
        work(plan, tmp_path)


def test_damaged_targets_are_found_before_a_round_trains_on_them(plan, tmp_path):
    work(replace(plan, chains=1, settings=((SETTING, 1),)), tmp_path)
    (path,) = tmp_path.rglob("targets.npy")
    targets = np.load(path)
    targets[3, 1] += 1e-6
    np.save(path, targets)
    with pytest.raises(StudyError, match="damaged.*Delete the folder"):
        work(plan, tmp_path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(StudyError, match="cannot be read.*Delete the folder"):
        work(plan, tmp_path)


def test_no_pickle_is_loaded_from_a_results_folder(plan, tmp_path, monkeypatch):
    work(replace(plan, chains=1, settings=((SETTING, 1),)), tmp_path)
    (path,) = tmp_path.rglob("targets.npy")

    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    np.save(path, np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(StudyError, match="cannot be read"):
        work(plan, tmp_path)
    assert not (tmp_path / "sprung").exists()


def test_other_images_of_the_same_name_are_refused(plan, tmp_path, tiny_dataset):
    work(replace(plan, chains=1, settings=((SETTING, 1),)), tmp_path)
    tiny_dataset_fingerprint = tiny_dataset.fingerprint
    try:
        tiny_dataset.fingerprint = "0" * 64
        with pytest.raises(StudyError, match="fingerprints differ"):
            work(replace(plan, chains=1), tmp_path)
    finally:
        tiny_dataset.fingerprint = tiny_dataset_fingerprint


def test_a_chain_with_a_nan_loss_stops_and_the_others_go_on(
    plan, tmp_path, monkeypatch, undisturbed
):
    run_round = study.run_round

    def diverging(setting, machine, samples, seed, chain, number, **others):
        if (chain, number) == (0, 1):
            raise DivergedError("the loss became nan in epoch 2")
        return run_round(setting, machine, samples, seed, chain, number, **others)

    monkeypatch.setattr(study, "run_round", diverging)
    outcome = work(plan, tmp_path)
    assert outcome.finished
    assert [(r.chain, r.round, r.outcome) for r in outcome.stopped] == [
        (0, 1, "the loss became nan in epoch 2")
    ]
    expected = {key: value for key, value in results(undisturbed).items() if key[2] == 1}
    whole = {key: value for key, value in results(tmp_path).items() if key[2] == 1}
    assert whole == expected
    assert [str(path.name) for path in published(tmp_path)] == [
        "round-00", "round-01", "round-00", "round-01", "round-02"
    ]  # fmt: skip
    # It stays stopped, and is known to be so.
    assert work(plan, tmp_path).stopped == outcome.stopped


def test_a_recipe_that_diverges_stops_by_itself(plan, tmp_path):
    wild = replace(SETTING, recipe=replace(SETTING.recipe, learning_rate=1e30))
    outcome = work(replace(plan, chains=1, settings=((wild, 3),)), tmp_path)
    assert [record.round for record in outcome.stopped] == [0]
    assert not list(tmp_path.rglob("targets.npy"))


def test_too_little_gpu_memory_is_said_in_a_sentence(plan, tmp_path, monkeypatch):
    def exhausted(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(study, "run_round", exhausted)
    with pytest.raises(StudyError, match="too little memory.*smaller"):
        work(plan, tmp_path)
    assert not list((tmp_path / ".leases").iterdir())


def test_a_configuration_survives_json(plan):
    configuration = plan.configuration(SETTING)
    assert json.loads(json.dumps(configuration)) == configuration
    assert configuration["machine"] == asdict(plan.machine)


# A second place for the rounds ------------------------------------------------------------------


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
    copytree = study.shutil.copytree

    def corrupting(source, target):
        copytree(source, target)
        (target / "targets.npy").write_bytes(b"zeros")

    monkeypatch.setattr(study.shutil, "copytree", corrupting)
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
    assert study.default_mirror(PRESETS["cpu"], tmp_path) is None
    assert study.default_mirror(PRESETS["colab"], tmp_path) is None
