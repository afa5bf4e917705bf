"""The table and the figures, from finished and unfinished studies."""

from dataclasses import replace

import numpy as np
import pytest
from test_records import make

from sdtutorial.networks import report
from sdtutorial.networks.records import METRICS, Reading, group, mean_interval, peak_rounds


@pytest.fixture
def study():
    """Four chains of three rounds, the last chain one round behind."""
    rng = np.random.default_rng(1)
    return [
        make(
            chain,
            number,
            test_accuracy=rng.uniform(0.3, 0.4),
            held_out_accuracy=rng.uniform(0.3, 0.4),
            training_accuracy=0.9 - 0.1 * number,
        )
        for chain in range(4)
        for number in range(3)
        if (chain, number) != (3, 2)
    ]


@pytest.fixture
def controls():
    return [
        make(0, setting="a-epochs-5", epochs=5, seeds_of="a", test_accuracy=0.2),
        make(0, setting="a-decay-1", weight_decay=1.0, seeds_of="a", held_out_accuracy=0.9),
    ]


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
    assert report.draw(Reading([])) == {}
    assert "left out" in report.table(Reading([], ["x is left out."]))


def test_the_first_round_of_one_chain_has_a_report_too():
    reading = Reading([make()])
    assert "a: 1 chain, 1 round in each;" in report.table(reading)
    assert "chosen" not in report.table(reading)
    assert report.draw(reading) == {}


def test_two_rounds_of_one_chain_have_a_report_without_an_interval():
    reading = Reading([make(), make(0, 1, test_accuracy=0.6, held_out_accuracy=0.6)])
    assert "is +10.00 points (too few chains for an interval)" in report.table(reading)
    assert set(report.draw(reading)) == {"accuracy", "metrics-a"}


def test_problems_stops_and_other_code_are_said(study):
    stop = replace(make(3, 2), outcome="the loss became nan in epoch 2", metrics={})
    stale = [replace(study[0], code={**study[0].code, "models": "0" * 16}), *study[1:], stop]
    text = report.table(Reading(stale, ["file, line 3 is no record."]))
    assert "Chain 3 stopped in round 2: the loss became nan in epoch 2." in text
    assert "1 of 11 rounds made by other code than today's (models changed" in text
    assert text.endswith("file, line 3 is no record.")
    assert "other code" not in report.table(Reading(study))


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


def test_each_chain_is_a_thin_line_and_the_mean_of_common_rounds_a_thick_one(study):
    (chains,) = group(study)
    figure = report.accuracy([chains])
    for axes, metric in zip(figure.axes, ("test_accuracy", "training_accuracy")):
        values = 100 * chains.values(metric)
        thin = [line for line in axes.lines if line.get_linewidth() < 1]
        (thick,) = [line for line in axes.lines if line.get_linewidth() > 1]
        assert len(thin) == 4
        for line, row in zip(thin, values):
            assert np.array_equal(line.get_ydata(), row, equal_nan=True)
        assert thick.get_ydata() == pytest.approx(values[:, :2].mean(0))


def test_the_band_is_one_standard_deviation(study):
    (chains,) = group(study)
    axes = report.accuracy([chains]).axes[0]
    (band,) = axes.collections
    heights = np.unique(band.get_paths()[0].vertices[:, 1])
    values = 100 * chains.values("test_accuracy")
    for sign in (-1, 1):
        for t in range(2):
            edge = values[:, t].mean() + sign * values[:, t].std(ddof=1)
            assert np.abs(heights - edge).min() < 1e-9


def test_the_metrics_figure_draws_what_its_panels_say(study):
    (chains,) = group(study)
    figure = report.metrics(chains)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == list(report.PANELS.values())
    assert set(report.PANELS) < set(METRICS)


def test_the_trade_off_figure_has_a_curve_for_rounds_and_each_kind_of_control(study, controls):
    groups = group(study + controls)
    base = groups[0]
    figure = report.trade_off(base, groups)
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["rounds", "single training, epochs", "single training, weight decay ($10^{-3}$)"]
    assert {"5", "1000"} <= {text.get_text() for text in figure.axes[0].texts}
    curve = figure.axes[0].lines[0]
    expected = [
        100 * base.values(name)[:, :2].mean(0)
        for name in ("training_accuracy", "test_accuracy")
    ]
    assert np.array(curve.get_data()) == pytest.approx(np.array(expected))
    epochs = next(line for line in figure.axes[0].lines if line.get_label().endswith("epochs"))
    assert epochs.get_ydata()[0] == pytest.approx(20)


def test_figures_are_drawn_for_what_is_there(study, controls):
    assert set(report.draw(Reading(study))) == {"accuracy", "metrics-a"}
    assert set(report.draw(Reading(study + controls))) == {
        "accuracy",
        "metrics-a",
        "trade-off-a",
    }
