"""The records that the book shows are whole, fit together, and bear out what the chapter says."""

import re
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from test_book import text_of

from sdtutorial.networks import chain, data, records, study

FOLDER = Path(__file__).parents[1] / "book" / "records"
CHAPTER = FOLDER.parent / "cifar_chains.md"

READING = records.read([FOLDER])
GROUPS = records.group(READING.records)
SHOWN = next(group for group in GROUPS if group.setting == "cifar100-cross-entropy-resnet")


def shown(metric):
    return SHOWN.values(metric)[:, : SHOWN.rounds]


def test_every_line_is_a_record_and_no_training_is_there_twice():
    assert READING.problems == []
    assert READING.records


def test_the_folder_holds_one_small_file_of_lines_for_each_setting():
    names = {f"{record.setting}.jsonl" for record in READING.records}
    assert {path.name for path in FOLDER.iterdir()} == names
    for path in FOLDER.iterdir():
        found = records.read([path]).records
        assert {f"{record.setting}.jsonl" for record in found} == {path.name}
        assert path.stat().st_size < 1e6


def test_the_package_brings_the_same_records():
    assert records.read([files("sdtutorial.networks") / "recorded"]).records == READING.records


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.setting)
def test_no_round_of_a_chain_is_missing(group):
    trained = [record for record in READING.records if record.setting == group.setting]
    assert sum(map(len, group.records)) + len(group.stopped) == len(trained)


def test_records_are_of_the_images_that_the_package_knows():
    for record in READING.records:
        name = record.configuration["setting"]["data"]
        assert record.data == data.FINGERPRINTS[name]


def test_the_command_on_the_page_trains_what_was_recorded():
    for record in READING.records:
        setting = study.find_preset(record.preset).setting(record.setting)
        plan = study.make_plan(
            study.find_preset(record.preset),
            settings=[record.setting],
            seed=record.configuration["study_seed"],
            precision=record.configuration["machine"]["precision"],
        )
        assert records.differences(record.configuration, plan.configuration(setting)) == []
        seeds = chain.stream_seeds(setting, plan.study_seed, record.chain, record.round)
        seeds["split"] = chain.split_seed(setting, plan.study_seed)
        assert record.seeds == seeds


def test_no_two_trainings_came_to_the_same_predictions():
    digests = [record.targets for record in READING.records if record.complete]
    assert len(set(digests)) == len(digests)


def test_the_page_says_how_many_rounds_other_code_has_made():
    stale = [record for record in READING.records if record.stale]
    notebook = CHAPTER.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert re.search(r"made by other code than today's: (\d+)", notebook)[1] == str(len(stale))


# What the chapter says in words ---------------------------------------------------------------


def test_all_chains_that_are_shown_have_come_as_far_and_none_has_stopped():
    assert len(SHOWN.records) >= 5
    assert SHOWN.rounds >= 4
    assert SHOWN.stopped == []


@pytest.mark.parametrize(
    "metric, sign",
    [
        ("training_accuracy", -1),
        ("prediction_maximum", -1),
        ("prediction_rank", -1),
        ("prediction_entropy", +1),
    ],
)
def test_what_the_theory_lets_guess_moves_in_one_direction_in_every_chain(metric, sign):
    assert np.all(sign * np.diff(shown(metric), axis=1) > 0)


def test_the_loss_to_the_own_targets_grows_and_what_is_unexplained_falls():
    loss, entropy = shown("loss_to_targets"), shown("prediction_entropy")
    unexplained = np.column_stack([loss[:, 0], loss[:, 1:] - entropy[:, :-1]])
    assert np.all(np.diff(loss, axis=1) > 0)
    assert np.all(np.diff(unexplained, axis=1) < 0)
    assert np.all(unexplained > 0)


def test_round_zero_nearly_fits_its_labels():
    training = shown("training_accuracy")[:, 0]
    assert np.all((0.95 <= training) & (training < 1))


def test_test_accuracy_rises_and_then_falls_by_more_than_chance():
    test, peaks = shown("test_accuracy"), records.peak_rounds(SHOWN)
    fall = records.mean_interval(test[:, -1] - test[np.arange(len(test)), peaks])
    assert records.peak_gain(SHOWN).low > 0
    assert fall.high < 0
    for name in ("test_accuracy", "held_out_accuracy"):
        difference = records.paired_differences(SHOWN, name)
        assert np.all(difference.low[1:3] > 0), name
        assert difference.mean[SHOWN.rounds - 1] < difference.mean[1:3].min(), name


def test_the_chains_are_far_from_collapse():
    classes = len(data.CLASSES[SHOWN.configuration["setting"]["data"]])
    assert np.all(shown("prediction_rank") > 10)
    assert np.all(shown("prediction_entropy") < 0.9 * np.log(classes))


def test_calibration_is_worse_after_round_zero_and_test_loss_better_before_it_becomes_worse():
    calibration = shown("test_calibration_error").mean(0)
    assert np.all(calibration[1:] > calibration[0])
    loss = shown("test_cross_entropy").mean(0)
    assert 0 < loss.argmin() < len(loss) - 1


def test_a_peak_chosen_on_the_test_images_is_hardly_better():
    test = shown("test_accuracy")
    by_luck = (test.max(1) - test[:, 0]).mean()
    assert 0 <= by_luck - records.peak_gain(SHOWN).mean < 0.003


def test_the_page_says_that_controls_have_not_been_run_as_long_as_there_are_none():
    assert (len(GROUPS) == 1) == ("They have not been run for this page" in text_of(CHAPTER))


def test_no_round_was_trained_on_a_gpu_as_the_page_says():
    assert {record.configuration["machine"]["device"] for record in READING.records} == {"cpu"}
    assert "have not been run on a GPU" in text_of(CHAPTER)


def test_commands_on_the_page_name_presets_and_settings_that_exist():
    text = text_of(CHAPTER)
    assert set(re.findall(r"--preset (\w+)", text)) <= set(study.PRESETS)
    assert set(re.findall(r"^\| `(\w+)` \|", text, flags=re.M)) >= set(study.PRESETS)
    assert asdict(study.find_preset("cpu").setting(SHOWN.setting))["name"] == SHOWN.setting
