"""Records: reading and merging, the code fingerprint, and the statistics over chains."""

import json
import re
import subprocess
import sys
import textwrap
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from made_records import make
from scipy import stats

from sdtutorial.networks import records
from sdtutorial.networks.records import (
    METRICS,
    Record,
    RecordError,
    code_fingerprint,
    configuration_digest,
    controls_of,
    differences,
    gain_over_tuning,
    group,
    lead_at_equal_training,
    mean_interval,
    paired_differences,
    peak_gain,
    peak_rounds,
    read,
    source_fingerprint,
    write,
)


@pytest.fixture
def study():
    """Three chains of four rounds whose accuracies are random, in a random order."""
    rng = np.random.default_rng(0)
    found = [
        make(
            chain,
            number,
            test_accuracy=rng.uniform(),
            held_out_accuracy=rng.uniform(),
            training_accuracy=rng.uniform(),
        )
        for chain in range(3)
        for number in range(4)
    ]
    return [found[i] for i in rng.permutation(12)]


# Lines and files --------------------------------------------------------------------------------


def test_a_record_survives_its_line():
    record = make(1, 2, test_accuracy=1 / 3)
    assert record.to_line().count("\n") == 1
    assert Record.from_line(record.to_line()) == record


def test_a_record_cannot_hold_what_is_no_json_number():
    with pytest.raises(ValueError):
        make(test_accuracy=float("nan")).to_line()


@pytest.mark.parametrize(
    "change, reason",
    [
        (lambda values: values.pop("seeds"), "missing: seeds"),
        (lambda values: values.update(extra=1), "unknown: extra"),
        (lambda values: values.update(chain="0"), "chain is not of type int"),
        (lambda values: values.update(chain=True), "chain is not of type int"),
        (lambda values: values.update(round=-1), "must not be negative"),
        (lambda values: values["configuration"].pop("machine"), "configuration lacks"),
        (lambda values: values["metrics"].pop("agreement"), "metrics missing: agreement"),
        (lambda values: values["metrics"].update(agreement="1"), "agreement is not a finite"),
        (lambda values: values["metrics"].update(agreement=float("inf")), "not a finite"),
    ],
)
def test_what_is_no_record_is_refused_with_the_reason(change, reason):
    values = asdict(make())
    change(values)
    with pytest.raises(RecordError, match=reason):
        Record.from_line(json.dumps(values))


@pytest.mark.parametrize("line", ["", "{", "[]", "1", "\x00\x01"])
def test_a_line_that_is_no_json_object_is_refused(line):
    with pytest.raises(RecordError):
        Record.from_line(line)


def test_writing_and_reading_gives_the_records_in_order(study, tmp_path):
    write(study, tmp_path / "all.jsonl")
    reading = read([tmp_path / "all.jsonl"])
    assert [(r.chain, r.round) for r in reading.records] == [
        (chain, number) for chain in range(3) for number in range(4)
    ]
    assert {r.key: r for r in reading.records} == {r.key: r for r in study}
    assert not reading.problems


def test_files_and_folders_merge(study, tmp_path):
    (tmp_path / "one" / "deep").mkdir(parents=True)
    write(study[:5], tmp_path / "one" / "deep" / "part.jsonl")
    write(study[5:], tmp_path / "other.jsonl")
    whole = read([tmp_path])
    assert read([tmp_path / "one", tmp_path / "other.jsonl"]) == whole
    assert len(whole.records) == 12 and not whole.problems


def test_a_truncated_last_line_is_reported_and_the_rest_is_read(study, tmp_path):
    path = tmp_path / "all.jsonl"
    write(study, path)
    path.write_text(path.read_text()[:-200])
    reading = read([path])
    assert len(reading.records) == 11
    assert re.search("line 12 is truncated", reading.problems[0])


def test_a_corrupt_line_is_reported_and_the_rest_is_read(study, tmp_path):
    path = tmp_path / "all.jsonl"
    lines = [record.to_line() for record in study]
    lines[3] = lines[3].replace('"chain"', '"chian"')
    path.write_text("".join(lines))
    reading = read([path])
    assert len(reading.records) == 11
    assert re.search("line 4 is no record: missing: chain", reading.problems[0])


def test_a_file_of_other_bytes_is_reported(study, tmp_path):
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe\x00")
    write(study, tmp_path / "all.jsonl")
    reading = read([tmp_path])
    assert len(reading.records) == 12
    assert "cannot be read" in reading.problems[0]


def test_a_record_that_is_there_twice_counts_once_and_is_reported(study, tmp_path):
    write(study, tmp_path / "a.jsonl")
    write(study[:3], tmp_path / "b.jsonl")
    reading = read([tmp_path])
    assert len(reading.records) == 12
    assert re.fullmatch(r".*b\.jsonl repeats 3 records .*each counts once\.", reading.problems[0])


def test_two_results_of_one_training_are_reported_one_by_one(study, tmp_path):
    write(study, tmp_path / "a.jsonl")
    write([replace(study[0], targets="other")], tmp_path / "b.jsonl")
    reading = read([tmp_path])
    assert len(reading.records) == 12
    assert study[0] in reading.records
    assert "with another result" in reading.problems[0]
    assert f"chain {study[0].chain}, round {study[0].round}" in reading.problems[0]


def test_a_file_named_twice_is_one_file(study, tmp_path):
    write(study, tmp_path / "a.jsonl")
    reading = read([tmp_path, tmp_path / "a.jsonl", tmp_path])
    assert len(reading.records) == 12 and not reading.problems


def test_hidden_folders_are_left_out(study, tmp_path):
    for folder in (".partial", "visible"):
        (tmp_path / folder).mkdir()
        write(study[:1], tmp_path / folder / "record.jsonl")
    assert len(read([tmp_path]).records) == 1
    assert not read([tmp_path]).problems


def test_hidden_folders_above_do_not_matter(study, tmp_path):
    (tmp_path / ".cache").mkdir()
    write(study, tmp_path / ".cache" / "all.jsonl")
    assert len(read([tmp_path / ".cache"]).records) == 12


def test_a_path_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read([tmp_path / "nowhere"])


def test_differences_name_the_entry_and_both_values():
    one = {"a": {"b": 1, "c": 2}, "d": 3}
    other = {"a": {"b": 1, "c": 4}, "e": 5}
    assert differences(one, other) == ["a.c (2, not 4)", "d (3, not None)", "e (None, not 5)"]
    assert differences(one, one) == []


def test_the_digest_of_a_configuration_ignores_its_order():
    assert configuration_digest({"a": 1, "b": 2}) == configuration_digest({"b": 2, "a": 1})
    assert configuration_digest({"a": 1}) != configuration_digest({"a": 2})


# The code fingerprint ---------------------------------------------------------------------------

SOURCE = '''
"""A module."""
import math

def area(radius, *, scale=1.0):
    """Area of a circle."""
    # scaled
    return scale * math.pi * radius**2

class Box:
    """A box."""
    side: float = 1.0
'''


@pytest.mark.parametrize(
    "change",
    [
        ("# scaled", "# scaled by a factor"),
        ('"""Area of a circle."""', '"""Another\n    explanation."""'),
        ('"""A module."""', ""),
        ('    """A box."""\n', ""),
        ("scale * math.pi * radius**2", "(scale * math.pi\n        * radius ** 2)"),
        ("\n\ndef", "\n\n\n\ndef"),
    ],
)
def test_comments_docstrings_and_layout_do_not_change_the_fingerprint(change):
    assert change[0] in SOURCE
    assert source_fingerprint(SOURCE.replace(*change)) == source_fingerprint(SOURCE)


@pytest.mark.parametrize(
    "change",
    [
        ("radius**2", "radius**3"),
        ("scale=1.0", "scale=2.0"),
        ("scale=1.0", "scale=1"),
        ("*, scale", "scale"),
        ("math.pi * radius", "math.pi / radius"),
        ("side: float", "edge: float"),
        ("def area", "@staticmethod\ndef area"),
        ("import math", "import cmath as math"),
    ],
)
def test_every_other_change_changes_the_fingerprint(change):
    assert change[0] in SOURCE
    assert source_fingerprint(SOURCE.replace(*change)) != source_fingerprint(SOURCE)


def test_a_string_that_is_no_docstring_counts():
    one, other = ("def f():\n    x = 1\n    return 'a'", "def f():\n    x = 1\n    return 'b'")
    assert source_fingerprint(one) != source_fingerprint(other)


def test_the_code_fingerprint_covers_the_four_modules_that_decide_a_training():
    folder = Path(records.__file__).parent
    assert code_fingerprint() == {
        name: source_fingerprint((folder / f"{name}.py").read_text())
        for name in ("data", "models", "training", "chain")
    }


def test_a_record_made_by_other_code_names_the_modules():
    record = make()
    assert record.stale == []
    other = replace(record, code={**record.code, "chain": "0" * 16, "models": "1" * 16})
    assert other.stale == ["models", "chain"]
    assert replace(record, code={}).stale == ["data", "models", "training", "chain"]


def test_reading_records_needs_no_torch(tmp_path):
    write([make()], tmp_path / "a.jsonl")
    code = f"""
        import sys
        from sdtutorial.networks import records
        records.group(records.read([{str(tmp_path)!r}]).records)
        sys.exit("torch" in sys.modules or "matplotlib" in sys.modules)
    """
    root = Path(records.__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=root).returncode == 0


# Chains and statistics --------------------------------------------------------------------------


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
