"""The table, from the records of finished and unfinished studies."""

from dataclasses import replace

import numpy as np
from made_records import make

from sdtutorial.networks import __main__ as command
from sdtutorial.networks import provenance, report
from sdtutorial.networks.analysis import (
    group,
    mean_interval,
    peak_fall,
    peak_gain,
    peak_rounds,
)
from sdtutorial.networks.records import Reading, read


def test_the_table_gives_each_round_s_mean_and_paired_interval(study):
    text = report.table(Reading(study))
    (chains,) = group(study)
    test = 100 * chains.values("test_accuracy")
    difference = mean_interval(test - test[:, :1])
    rows = {row.split()[0]: row for row in text.splitlines() if row.strip()[:1].isdigit()}
    for t in range(3):
        assert f"{np.nanmean(test[:, t]):.2f}" in rows[str(t)]
        if t:
            expected = (
                f"{difference.mean[t]:+.2f} [{difference.low[t]:+.2f}, {difference.high[t]:+.2f}]"
            )
            assert expected in rows[str(t)]
    assert rows["2"].split()[1] == "3"
    assert ", ".join(str(peak) for peak in peak_rounds(chains)) in text
    assert "4 chains, 2 rounds in each;" in text


def test_an_empty_folder_has_a_report_too():
    assert report.table(Reading([])) == "No round is finished yet."
    assert "left out" in report.table(Reading([], ["x is left out."]))


def test_a_folder_that_may_not_be_read_is_no_empty_one():
    text = report.table(Reading([], ["x cannot be read; it is left out."], ["x"]))
    assert text == "No round could be read.\nx cannot be read; it is left out."


def test_the_first_round_of_one_chain_has_a_report_too():
    reading = Reading([make()])
    assert "a: 1 chain, 1 round in each;" in report.table(reading)
    assert "chosen" not in report.table(reading)


def test_two_rounds_of_one_chain_have_a_report_without_an_interval():
    reading = Reading([make(), make(0, 1, test_accuracy=0.6, held_out_accuracy=0.6)])
    assert "is +10.00 points (too few chains for an interval)" in report.table(reading)


def test_problems_stops_and_other_code_are_said(study):
    stop = replace(make(3, 2), outcome="the loss became nan in epoch 2", metrics={})
    stale = [replace(study[0], code={**study[0].code, "models": "0" * 16}), *study[1:], stop]
    text = report.table(Reading(stale, ["file, line 3 is no record."]))
    assert "Chain 3 stopped in round 2: the loss became nan in epoch 2." in text
    assert "1 of 11 rounds made by other code than today's (models changed" in text
    assert text.endswith("file, line 3 is no record.")
    assert "other code" not in report.table(Reading(study))


def test_a_metric_that_came_later_shows_a_dash_where_no_record_has_it(study):
    old = report.table(Reading(study))
    new = [replace(r, metrics={**r.metrics, "prediction_diversity": 0.125}) for r in study]
    rows = [
        [row.split() for row in text.splitlines() if row.strip()[:1].isdigit()]
        for text in (old, report.table(Reading(new)))
    ]
    assert all(row[-2] == "-" for row in rows[0])
    assert all(row[-2] == "0.125" for row in rows[1])


def test_records_that_are_vouched_for_are_said_to_be_so(study, monkeypatch):
    code = study[0].code
    same = ("chain", ("0" * 16, code["chain"]), "a test")
    monkeypatch.setattr(provenance, "EQUIVALENT", [same])
    old = [replace(study[0], code={**code, "chain": "0" * 16}), *study[1:]]
    text = report.table(Reading(old))
    assert "1 of 11 rounds made by other code than today's (chain vouched for by a test)." in text
    assert "changed since" not in text


def test_a_study_whose_first_round_stopped_has_a_report(study):
    stop = replace(make(0, 0), outcome="nan", metrics={})
    assert "Chain 0 stopped in round 0: nan." in report.table(Reading([stop]))


def test_two_configurations_of_one_setting_are_told_apart(study):
    other = [
        replace(
            record,
            configuration={
                **record.configuration,
                "machine": {**record.configuration["machine"], "precision": "bfloat16"},
            },
        )
        for record in study
    ]
    text = report.table(Reading(study + other))
    assert "Differs from the group above of this name in machine.precision" in text


def test_tuning_is_compared_where_there_are_controls(study, controls):
    assert "best on the held-out images, 1:" in report.table(Reading(study + controls))
    assert "best on the held-out images" not in report.table(Reading(study))


def test_the_commands_of_some_chains_train_them(undisturbed):
    """The parser understands them as what is on record; settings that are alike share one."""
    reading = read([undisturbed])
    (chains,) = group(reading.records)
    alike, other = (replace(chains, setting=name) for name in ("alike", "other"))
    other = replace(other, configuration={**chains.configuration, "study_seed": 7})
    found = report.commands([chains, other, alike])
    parsed = []
    for text in found:
        words = text.replace("\\\n", " ").split()
        assert words[:3] == ["python", "-m", "sdtutorial.networks"]
        assert all(len(line) <= 76 for line in text.splitlines())
        parsed.append(command._parser().parse_args(words[3:]))
    assert [options.settings for options in parsed] == [[chains.setting, "alike"], ["other"]]
    assert [options.seed for options in parsed] == [0, 7]
    for options in parsed:
        assert options.preset == reading.records[0].preset
        assert (options.chains, options.rounds, options.precision) == (2, 3, "float32")


def test_costs_are_those_of_all_trainings_in_core_hours(study):
    trio = make(setting="trio", processor_seconds=7200.0)
    trio.configuration["setting"]["members"] = 3
    records = [replace(one, metrics=one.metrics | {"processor_seconds": 360.0}) for one in study]
    student = make(0, 1, setting="trio", processor_seconds=3600.0)
    student.configuration["setting"]["members"] = 3
    lines = report.costs(group([*records, trio, student])).splitlines()
    assert lines[1].split() == ["11", "1.1", "a", "processor", "a"]
    assert lines[2].split() == ["4", "3.0", "a", "processor", "trio"]
    assert lines[3].split() == ["15", "4.1", "all"]


def test_rise_and_fall_are_told_of_each_setting_that_has_several_rounds(study):
    single = make(setting="b")
    text = report.gains(group([*study, single]))
    (chains, _) = group([*study, single])
    assert text.splitlines() == [
        "a: 4 chains, 2 rounds",
        f"    chosen round minus round 0:  {report.points(peak_gain(chains))}",
        f"    last round minus the chosen: {report.points(peak_fall(chains))}",
        "b: 1 chain, 1 round",
    ]
