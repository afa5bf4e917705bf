"""The records that the book shows are whole, fit together, and bear out what the chapter says."""

import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from pages import text_of

from sdtutorial.networks import analysis, chain, data, presets, records, rivals

FOLDER = records.RECORDED
CHAPTER, RUNNING = (
    Path(__file__).parents[1] / "book" / f"{name}.md" for name in ("cifar_chains", "running_chains")
)

READING = records.read([FOLDER])
SETTINGS = analysis.recorded()
GROUPS = list(SETTINGS.values())
SHOWN = SETTINGS["cifar100-cross-entropy-resnet"]
SQUARED = SETTINGS["cifar100-l2-resnet"]
CONTROLS = analysis.controls_of(SHOWN, GROUPS)
shown = SHOWN.common_values


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


def test_no_setting_has_chains_of_two_configurations():
    assert len(analysis.group(READING.records)) == len(SETTINGS)


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
        setting = presets.find_preset(record.preset).setting(record.setting)
        plan = presets.make_plan(
            presets.find_preset(record.preset),
            settings=[record.setting],
            seed=record.configuration["study_seed"],
            precision=record.configuration["machine"]["precision"],
        )
        assert records.differences(record.configuration, plan.configuration(setting)) == []
        where = setting, plan.study_seed, record.chain, record.round
        seeds = chain.stream_seeds(*where)
        for member in range(1, setting.members if record.round == 0 else 1):
            further = chain.stream_seeds(*where, member)
            seeds |= {f"{stream}-{member}": seed for stream, seed in further.items()}
        seeds["split"] = chain.split_seed(setting, plan.study_seed)
        assert record.seeds == seeds


def test_no_two_trainings_came_to_the_same_predictions():
    digests = [record.targets for record in READING.records if record.complete]
    assert len(set(digests)) == len(digests)


def test_every_round_was_made_by_code_that_computes_what_today_s_code_does():
    assert [record.key for record in READING.records if record.stale] == []


def test_the_chains_on_cifar10_nearly_fit_in_round_0_and_go_through_the_rounds_of_the_others():
    for loss, lowest in (("cross-entropy", 0.985), ("l2", 0.96)):
        chains = SETTINGS[f"cifar10-{loss}-resnet"]
        assert (len(chains.records), chains.rounds) == (3, 8)
        training = chains.common_values("training_accuracy")[:, 0]
        assert np.all((lowest < training) & (training < 0.995))


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
    last = shown("test_accuracy")[:, -1]
    fall = analysis.mean_interval(last - analysis.at_peak(SHOWN, "test_accuracy"))
    assert analysis.peak_gain(SHOWN).low > 0
    assert fall.high < 0
    for name in ("test_accuracy", "held_out_accuracy"):
        difference = analysis.paired_differences(SHOWN, name)
        assert np.all(difference.low[1:3] > 0), name
        assert difference.mean[SHOWN.rounds - 1] < difference.mean[1:3].min(), name


def test_the_chains_are_far_from_collapse():
    classes = len(data.CLASSES[SHOWN.configuration["setting"]["data"]])
    assert np.all(shown("prediction_rank") > 10)
    assert np.all(shown("prediction_entropy") < 0.9 * np.log(classes))


def test_calibration_is_worse_after_round_zero_and_test_loss_better_before_it_becomes_worse():
    calibration = shown("test_calibration_error").mean(0)
    assert np.all(calibration[1:] > calibration[0])
    assert 0 < calibration.argmax() < len(calibration) - 1
    timid = shown("prediction_maximum").mean(0) < shown("test_accuracy").mean(0)
    assert not timid[0] and np.all(timid[timid.argmax() :])
    loss = shown("test_cross_entropy").mean(0)
    assert 0 < loss.argmin() < len(loss) - 1


def test_the_test_images_would_choose_the_same_rounds():
    assert np.array_equal(shown("test_accuracy").argmax(1), analysis.peak_rounds(SHOWN))


def test_most_of_the_rise_comes_in_round_1_and_round_2_adds_nothing_that_is_resolved():
    test = shown("test_accuracy")
    assert (test[:, 1] - test[:, 0]).mean() > 0.8 * analysis.peak_gain(SHOWN).mean
    second = analysis.mean_interval(test[:, 2] - test[:, 1])
    assert second.low < 0 < second.high


def test_every_control_is_compared_with_all_chains():
    for members in CONTROLS.values():
        assert len(members) >= 4
        for _, control in members:
            assert [chain[0].chain for chain in control.records] == list(range(5))


@pytest.mark.parametrize("smooth", [False, True])
def test_rounds_are_ahead_at_equal_training_accuracy_wherever_they_can_be_compared(smooth):
    for members in CONTROLS.values():
        leads = analysis.lead_at_equal_training(SHOWN, members, smooth=smooth)[:, 1:]
        compared = np.isfinite(leads).all(0)
        assert compared[:2].all()
        assert np.all(analysis.mean_interval(leads[:, compared]).low > 0)


def test_rounds_are_ahead_of_shorter_trainings_in_every_chain():
    leads = analysis.lead_at_equal_training(SHOWN, CONTROLS["epochs"], smooth=True)[:, 1:]
    assert np.all(leads > 0)
    assert np.all(analysis.mean_interval(leads).low > 0)


def test_only_more_weight_decay_helps_a_single_training_and_much_of_it_does_harm():
    first = shown("test_accuracy")[:, 0]

    def gains(kind):
        members = dict(CONTROLS[kind]).items()
        return {
            value: analysis.mean_interval(control.values("test_accuracy")[:, 0] - first)
            for value, control in members
            if control is not SHOWN
        }

    assert all(gain.low < 0 for gain in gains("epochs").values())
    decays = gains("weight_decay")
    best = max(decays, key=lambda value: decays[value].mean)
    assert decays[best].low > 0
    assert decays[max(decays)].mean < decays[best].mean


def test_a_chain_is_ahead_of_the_best_weight_decay_which_lies_within_the_grid():
    decay, gain = analysis.gain_over_tuning(SHOWN, GROUPS)
    grid = [value for value, _ in CONTROLS["weight_decay"]]
    assert grid[0] < decay < grid[-1]
    assert gain.low > 0
    # Little enough for "only just", and for "after a correction for their number": four of them.
    tuned = dict(CONTROLS["weight_decay"])[decay]
    assert analysis.gain_over_tuning(SHOWN, GROUPS, 1 - 0.05 / 4)[1].low < 0
    assert tuned.values("test_calibration_error")[:, 0].mean() < (
        analysis.at_peak(SHOWN, "test_calibration_error").mean()
    )


def test_a_chain_with_more_weight_decay_gains_less_and_loses_more_in_round_2():
    stronger = SETTINGS["cifar100-cross-entropy-resnet-decay-0.0075"]
    first, second = analysis.paired_differences(stronger, "test_accuracy").mean[1:3]
    assert first > 0 and second < -2 * first
    assert analysis.peak_gain(stronger).mean < analysis.peak_gain(SHOWN).low
    gentle, strong = (analysis.at_peak(group, "test_accuracy") for group in (SHOWN, stronger))
    assert gentle.mean() > strong.mean()


def test_with_the_squared_distance_the_accuracy_rises_while_fit_and_miss_fall():
    training, test, miss = (
        SQUARED.common_values(metric)
        for metric in ("training_accuracy", "test_accuracy", "loss_to_targets")
    )
    assert np.all(np.diff(training, axis=1) < 0)
    assert np.all(np.diff(miss, axis=1) < 0)
    assert np.all(np.diff(test, axis=1) > 0)
    assert np.all(np.diff(SQUARED.common_values("test_calibration_error").mean(0)) < 0)
    one_round = shown("training_accuracy")[:, 1].mean()
    assert training[:, -1].mean() == pytest.approx(one_round, abs=0.01)
    assert training[:, 0].max() < 0.95


@pytest.mark.parametrize(("loss", "rounds"), [("cross-entropy", range(2, 7)), ("l2", range(3, 8))])
def test_on_cifar_10_the_accuracy_rises_and_its_fall_is_not_resolved(loss, rounds):
    group = SETTINGS[f"cifar10-{loss}-resnet"]
    low = analysis.paired_differences(group, "test_accuracy").low
    assert [t for t in range(1, group.rounds) if low[t] > 0] == list(rounds)
    last = group.common_values("test_accuracy")[:, -1]
    fall = analysis.mean_interval(last - analysis.at_peak(group, "test_accuracy"))
    assert fall.mean < 0 and fall.low < 0 < fall.high
    assert np.all(np.diff(group.common_values("training_accuracy"), axis=1) < 0)
    assert np.all(np.diff(group.common_values("prediction_entropy"), axis=1) > 0)


def test_the_rise_remains_with_the_same_initial_weights_in_every_round():
    same = SETTINGS["cifar100-cross-entropy-resnet-same-initialisation"]
    assert len(same.records) == 3
    assert same.configuration["setting"]["same_initialisation"] is True
    assert same.configuration["machine"]["precision"] == "float32"
    for rounds in same.records:
        assert len({record.seeds["initialisation"] for record in rounds}) == 1
        assert len({record.seeds["order"] for record in rounds}) == len(rounds)
    assert np.all(analysis.paired_differences(same, "test_accuracy").low[1:3] > 0)


# What the rivals of the chain have to show for it: is their gain over one training resolved, and
# are they ahead (+1) or behind (-1) of the chain for as much compute, or is that not resolved (0)?
# A rival that comes on record needs its line here, and its sentence in the chapter.
VERDICTS = {
    "weight_decay": (True, +1),
}


def test_each_rival_on_record_has_its_verdict_and_the_records_bear_it_out():
    found = [one for one in rivals.alternatives(SHOWN, GROUPS) if one.kind != "rounds"]
    assert {one.kind for one in found} == VERDICTS.keys()
    for one in found:
        gained, ahead = VERDICTS[one.kind]
        assert bool(one.gain.low > 0) == gained, one.name
        assert int(one.lead.low > 0) - int(one.lead.high < 0) == ahead, one.name


def test_the_first_three_rounds_gain_and_the_second_one_more_than_tuning_on_average():
    found = {(one.kind, one.value): one for one in rivals.alternatives(SHOWN, GROUPS)}
    assert all(found["rounds", t].gain.low > 0 for t in (1, 2, 3))
    (tuned,) = (one for one in found.values() if one.kind == "weight_decay")
    assert 0 < tuned.gain.mean < found["rounds", 2].gain.mean


# Settings of Figure 3 that have several rounds: is their rise resolved, and is their fall?
RESOLVED = {
    "cifar10-l2-resnet": (True, False),
    "cifar100-l2-resnet": (True, False),
    "cifar100-l2-vgg": (False, False),
    "cifar10-cross-entropy-resnet": (True, False),
    "cifar100-cross-entropy-resnet": (True, True),
}


def test_each_setting_of_figure_3_rises_and_falls_as_far_as_the_chapter_says():
    several = [chains for chains in analysis.of_figure_three(GROUPS) if chains.rounds > 1]
    found = {
        chains.setting: (
            bool(analysis.peak_gain(chains).low > 0),
            bool(analysis.peak_fall(chains).high < 0),
        )
        for chains in several
    }
    assert found == RESOLVED
    for chains in several:
        assert np.all(np.diff(chains.common_values("training_accuracy")) < 0)


def test_the_exercise_shows_two_numbers_that_differ():
    """The round of one chain on CIFAR-10 is another one on the test images."""
    ten = SETTINGS["cifar10-cross-entropy-resnet"]
    chosen_by_test = ten.common_values("test_accuracy").argmax(1)
    assert sum(chosen_by_test != analysis.peak_rounds(ten)) == 1


def test_what_the_page_says_is_missing_has_no_records():
    said = text_of(CHAPTER).split("### What has not been run")[1]
    for words, part in (
        ("VGG network with cross-entropy", "cross-entropy-vgg"),
        ("Augmentation", "augmented"),
    ):
        assert (words in said) and not any(part in setting for setting in SETTINGS), words


def test_no_round_was_trained_on_a_gpu_as_the_page_says():
    assert {record.configuration["machine"]["device"] for record in READING.records} == {"cpu"}
    assert "have not been run on a GPU" in text_of(RUNNING)
    assert "everything on a GPU" in text_of(CHAPTER).split("### What has not been run")[1]


def test_commands_on_the_page_name_presets_and_settings_that_exist():
    text = text_of(RUNNING)
    assert set(re.findall(r"--preset (\w+)", text)) <= set(presets.PRESETS)
    assert set(re.findall(r"^\| `(\w+)` \|", text, flags=re.M)) >= set(presets.PRESETS)
    assert asdict(presets.find_preset("cpu").setting(SHOWN.setting))["name"] == SHOWN.setting
