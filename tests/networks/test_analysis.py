"""What records say: chains, intervals, and comparisons with controls."""

import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_records import make, shuffled_study
from scipy import stats

from sdtutorial.networks import analysis
from sdtutorial.networks.analysis import (
    controls_of,
    gain_over_tuning,
    group,
    lead_at_equal_training,
    mean_interval,
    paired_differences,
    peak_fall,
    peak_gain,
    peak_rounds,
    recorded,
)
from sdtutorial.networks.records import RECORDED, read


@pytest.fixture
def study():
    return shuffled_study()


def test_the_recorded_study_comes_with_the_package_by_setting():
    chains = recorded()
    assert all(name == group.setting for name, group in chains.items())
    assert sum(len(c) for g in chains.values() for c in g.records) == len(read([RECORDED]).records)


@pytest.mark.parametrize("left", ["folder", "nothing"])
def test_where_the_records_are_missing_a_sentence_says_so(left, tmp_path, monkeypatch):
    folder = tmp_path if left == "folder" else tmp_path / "recorded"
    monkeypatch.setattr(analysis, "RECORDED", folder)
    with pytest.raises(FileNotFoundError, match=f"are missing: they belong into {folder}"):
        recorded()


def test_reading_what_is_recorded_needs_no_torch():
    code = """
        import sys
        from sdtutorial.networks import analysis
        analysis.recorded()
        sys.exit("torch" in sys.modules or "matplotlib" in sys.modules)
    """
    root = Path(analysis.__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=root).returncode == 0


def test_a_metric_that_came_later_is_missing_in_old_records_and_one_that_never_came_an_error():
    (chains,) = group([make(0), make(1, prediction_diversity=2.0)])
    assert np.isnan(chains.values("prediction_diversity")).tolist() == [[True], [False]]
    with pytest.raises(KeyError):
        chains.values("prediction_university")


def test_groups_hold_the_chains_of_one_setting_and_configuration(study):
    other = [replace(r, setting="b") for r in study]
    (a, b) = group(study + other)
    assert (a.setting, b.setting) == ("a", "b")
    table = {(r.chain, r.round): r.metrics["test_accuracy"] for r in study}
    values = a.values("test_accuracy")
    assert values.shape == (3, 4) and a.rounds == 4
    assert all(values[chain, number] == table[chain, number] for chain, number in table)
    changed = replace(
        make(), configuration={**make().configuration, "study_seed": 1}, targets="other"
    )
    assert [len(chains.records) for chains in group([*study, changed])] in ([3, 1], [1, 3])


def test_a_chain_ends_before_its_first_missing_round(study):
    (chains,) = group([r for r in study if (r.chain, r.round) not in {(1, 2), (2, 0)}])
    assert [len(chain) for chain in chains.records] == [4, 2]
    assert chains.rounds == 2
    values = chains.values("test_accuracy")
    assert np.isnan(values).tolist() == [[False] * 4, [False, False, True, True]]


def test_a_stopped_chain_keeps_its_rounds_and_is_listed(study):
    stop = replace(make(1, 2), outcome="the loss became nan", metrics={})
    (chains,) = group([r for r in study if r.chain != 1 or r.round < 2] + [stop])
    assert [len(chain) for chain in chains.records] == [4, 2, 4]
    assert chains.stopped == [stop]


@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_the_interval_is_that_of_the_paired_t_test(study, confidence):
    (chains,) = group(study)
    values = chains.values("test_accuracy")
    ours = paired_differences(chains, "test_accuracy", confidence)
    assert ours.mean[0] == ours.low[0] == ours.high[0] == 0
    for t in range(1, 4):
        expected = stats.ttest_rel(values[:, t], values[:, 0]).confidence_interval(confidence)
        assert (ours.low[t], ours.high[t]) == pytest.approx(tuple(expected))
        assert ours.mean[t] == pytest.approx((values[:, t] - values[:, 0]).mean())
        assert ours.count[t] == 3


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    interval = mean_interval(rng.normal(size=(5, 4000)))
    covered = (interval.low < 0) & (interval.high > 0)
    assert covered.mean() == pytest.approx(0.95, abs=0.015)


def test_chains_that_lack_a_round_do_not_count_in_it():
    values = np.array([[0.0, 1.0, 3.0], [0.0, 2.0, np.nan], [0.0, 4.0, np.nan]])
    interval = mean_interval(values)
    assert interval.count.tolist() == [3, 3, 1]
    assert interval.mean == pytest.approx([0, 7 / 3, 3])
    assert np.isnan(interval.low).tolist() == [False, False, True]
    assert np.isnan(mean_interval(np.full((2, 1), np.nan)).mean[0])


def test_the_peak_is_chosen_on_held_out_images_alone(study):
    (chains,) = group(study)
    held = chains.values("held_out_accuracy")
    assert peak_rounds(chains).tolist() == [int(np.argmax(row)) for row in held]
    blind = [replace(r, metrics=r.metrics | {"test_accuracy": 0.1 * r.round}) for r in study]
    (blind,) = group(blind)
    assert peak_rounds(blind).tolist() == peak_rounds(chains).tolist()
    assert peak_gain(blind).mean == pytest.approx(0.1 * peak_rounds(chains).mean())


def test_the_fall_goes_from_the_chosen_round_to_the_last_one_of_all_chains(study):
    (chains,) = group(study)
    test = chains.values("test_accuracy")
    expected = test[:, -1] - test[np.arange(3), peak_rounds(chains)]
    assert peak_fall(chains) == mean_interval(expected)


def test_the_peak_is_sought_among_rounds_that_all_chains_have(study):
    best_last = [
        replace(r, metrics=r.metrics | {"held_out_accuracy": r.round / 4}) for r in study
    ]
    (chains,) = group([r for r in best_last if (r.chain, r.round) != (0, 3)])
    assert peak_rounds(chains).tolist() == [2, 2, 2]


def test_controls_are_those_that_differ_in_one_entry_of_the_recipe(study):
    extra = [
        make(setting="a-epochs-5", epochs=5, seeds_of="a"),
        make(setting="a-epochs-10", epochs=10, seeds_of="a"),
        make(setting="a-decay-1", weight_decay=1.0, seeds_of="a"),
        make(setting="a-both", weight_decay=1.0, epochs=5, seeds_of="a"),
        make(setting="b", epochs=7),
    ]
    groups = group(study + extra)
    found = controls_of(groups[0], groups)
    assert [value for value, _ in found["epochs"]] == [5, 10, 20]
    assert [value for value, _ in found["weight_decay"]] == [0.1, 1.0]
    assert found["epochs"][2][1].setting == "a"


def test_controls_may_vary_an_entry_that_the_setting_leaves_out(study):
    smoothed = make(setting="a-smoothing-0.1", seeds_of="a", held_out_accuracy=0.1)
    recipe = smoothed.configuration["setting"]["recipe"]
    recipe["label_smoothing"] = 0.1
    groups = group([*study, smoothed])
    found = controls_of(groups[0], groups, ["label_smoothing"])["label_smoothing"]
    assert [value for value, _ in found] == [0, 0.1]
    assert found[1][1].setting == smoothed.setting
    assert all(len(members) == 1 for members in controls_of(groups[0], groups).values())
    assert gain_over_tuning(groups[0], groups, entry="label_smoothing")[0] == 0


def test_the_gain_over_tuning_compares_with_the_decay_that_held_out_images_choose(study):
    def control(decay, held_out, test):
        return [
            make(
                chain,
                setting=f"a-decay-{decay}",
                weight_decay=decay,
                seeds_of="a",
                held_out_accuracy=held_out,
                test_accuracy=test + chain / 100,
            )
            for chain in range(3)
        ]

    groups = group(study + control(1.0, 2.0, 0.3) + control(2.0, 1.5, 0.9))
    base = next(chains for chains in groups if chains.setting == "a")
    decay, gain = gain_over_tuning(base, groups)
    assert decay == 1.0
    test = base.values("test_accuracy")[np.arange(3), peak_rounds(base)]
    assert gain.mean == pytest.approx((test - 0.3 - np.arange(3) / 100).mean())
    assert gain.count == 3


def test_the_lead_compares_with_the_line_through_the_controls_of_the_same_chain():
    rounds = [
        make(chain, number, training_accuracy=training, test_accuracy=0.5 + chain / 10)
        for chain in range(2)
        for number, training in enumerate((0.9, 0.7, 0.5, 0.2))
    ]
    shorter = [
        make(
            chain,
            setting=f"a-epochs-{epochs}",
            epochs=epochs,
            seeds_of="a",
            training_accuracy=training,
            test_accuracy=test - chain / 10,
        )
        for chain in range(2)
        for epochs, training, test in ((10, 0.6, 0.2), (5, 0.4, 0.1))
    ]
    groups = group(rounds + shorter)
    base = next(chains for chains in groups if chains.setting == "a")
    lead = lead_at_equal_training(base, controls_of(base, groups)["epochs"])
    # At 0.7 a third of the way from (0.6, 0.2) to the own round 0, (0.9, 0.5); at 0.5 half way.
    assert lead[0] == pytest.approx([0, 0.2, 0.35, np.nan], nan_ok=True)
    # In chain 1 from (0.6, 0.1) to (0.9, 0.6), and from (0.4, 0) to (0.6, 0.1).
    assert lead[1] == pytest.approx([0, 0.6 - 0.8 / 3, 0.55, np.nan], nan_ok=True)


def test_a_smooth_curve_meets_the_controls_and_runs_above_lines_where_it_is_bent_downwards():
    def at(training, test, number=0, setting="a", **control):
        return make(
            0, number, setting=setting, training_accuracy=training, test_accuracy=test, **control
        )

    rounds = [at(0.9, 0.5), at(0.6, 0.4, 1), at(0.5, 0.4, 2)]
    shorter = [
        at(0.6, 0.4, setting="b", epochs=10, seeds_of="a"),
        at(0.3, 0.1, setting="c", epochs=5, seeds_of="a"),
    ]
    groups = group(rounds + shorter)
    controls = controls_of(groups[0], groups)["epochs"]
    straight, smooth = (
        lead_at_equal_training(groups[0], controls, smooth=smooth)[0] for smooth in (False, True)
    )
    assert straight == pytest.approx([0, 0, 0.1])
    assert smooth[:2] == pytest.approx([0, 0])
    assert 0 < smooth[2] < straight[2]


def test_an_interval_of_several_rounds_gives_that_of_one():
    values = np.random.default_rng(0).uniform(size=(4, 3))
    assert mean_interval(values)[1] == mean_interval(values[:, 1])


def test_a_chain_without_controls_has_no_lead(study):
    (base,) = group(study)
    assert np.isnan(lead_at_equal_training(base, [])).all()
