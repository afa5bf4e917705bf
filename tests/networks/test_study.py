"""Studies: workers, kills, and what stands in the way."""

import errno
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_study import SETTING, only_files_of_rounds, published, results

from sdtutorial.networks import store, study
from sdtutorial.networks.chain import stream_seeds
from sdtutorial.networks.presets import StudyError, Unit, ensemble, make_plan, with_label_noise
from sdtutorial.networks.provenance import code_fingerprint
from sdtutorial.networks.records import read
from sdtutorial.networks.store import Store, targets_digest
from sdtutorial.networks.study import work
from sdtutorial.networks.training import DivergedError


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
        assert targets_digest(store.targets(unit)) == record.targets
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


def test_an_interrupted_training_leaves_neither_lock_nor_half_a_round(
    plan, tmp_path, monkeypatch
):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(study, "run_round", interrupt)
        with pytest.raises(KeyboardInterrupt):
            work(plan, tmp_path)
    assert not published(tmp_path)
    assert not list((tmp_path / ".locks").iterdir())


def test_label_noise_is_on_record_and_settings_of_other_noise_do_not_share_their_labels(
    plan, tmp_path
):
    noise = with_label_noise(SETTING, 0.4)
    both = replace(plan, chains=1, settings=((SETTING, 1), (noise, 1)))
    work(both, tmp_path / "both")
    work(replace(both, settings=((noise, 1),)), tmp_path / "alone")
    clean, noisy = read([tmp_path / "both"]).records
    (alone,) = read([tmp_path / "alone"]).records
    assert noisy.configuration["setting"]["label_noise"] == 0.4
    assert "label_noise" not in clean.configuration["setting"]
    assert noisy.targets == alone.targets
    assert noisy.seeds["label_noise"] == alone.seeds["label_noise"]
    assert noisy.seeds["order"] == clean.seeds["order"]


def test_an_ensemble_and_its_student_are_two_rounds_that_may_be_interrupted_between(
    plan, tmp_path, undisturbed
):
    """The record of round 0 has the seeds of all members; the chains of one network stay theirs."""
    pair = ensemble(SETTING, 2)
    work(replace(plan, chains=1, settings=((pair, 1),)), tmp_path)
    both = replace(plan, chains=1, settings=((SETTING, 1), (pair, 2)))
    assert work(both, tmp_path).finished
    single, first, student = read([tmp_path]).records
    assert (single.setting, first.round, student.round) == (SETTING.name, 0, 1)
    assert first.configuration["setting"]["members"] == 2
    assert "members" not in single.configuration["setting"]
    assert first.seeds.keys() - single.seeds.keys() == {
        f"{stream}-1" for stream in ("initialisation", "order", "augmentation")
    }
    assert single.seeds.items() <= first.seeds.items()
    assert first.targets != single.targets
    assert student.seeds.keys() == single.seeds.keys()
    assert single.targets == Store(undisturbed, plan).record(Unit(SETTING, 0, 0)).targets


def test_chains_of_another_seed_are_others(plan, tmp_path, undisturbed):
    work(replace(plan, study_seed=1, chains=1, settings=((SETTING, 1),)), tmp_path)
    (one,) = read([tmp_path]).records
    other = Store(undisturbed, plan).record(Unit(SETTING, 0, 0))
    assert one.targets != other.targets
    assert one.key != other.key


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
        assert list((out / ".locks").iterdir())
        reading = read([out])
        assert len(reading.records) == int(survives)
        assert not reading.problems
        work(replace(plan, chains=1, settings=((SETTING, 1),)), out)
        assert len(read([out]).records) == 1
        assert only_files_of_rounds(out)


def test_a_full_disk_costs_the_round_under_way_and_says_so(plan, tmp_path, monkeypatch):
    work(replace(plan, chains=1, settings=((SETTING, 1),)), tmp_path)

    def full(file, array, **_):
        file.write(b"half a file")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(store.np, "save", full)
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
    assert not list((tmp_path / ".locks").iterdir())
