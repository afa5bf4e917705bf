"""Figures from the records of finished and unfinished studies."""

from dataclasses import replace

import numpy as np
import pytest
from drawings import draw, drawn, texts
from made_records import make

from sdtutorial.networks import analysis, figures
from sdtutorial.networks.analysis import group
from sdtutorial.networks.records import METRICS, Reading


def test_each_chain_is_a_thin_line_and_the_mean_of_common_rounds_a_thick_one(study):
    (chains,) = group(study)
    figure = figures.accuracy([chains])
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
    axes = figures.accuracy([chains]).axes[0]
    (band,) = axes.collections
    heights = np.unique(band.get_paths()[0].vertices[:, 1])
    values = 100 * chains.values("test_accuracy")
    for sign in (-1, 1):
        for t in range(2):
            edge = values[:, t].mean() + sign * values[:, t].std(ddof=1)
            assert np.abs(heights - edge).min() < 1e-9


def test_the_metrics_figure_draws_what_its_panels_say(study):
    (chains,) = group(study)
    figure = figures.metrics(chains)
    titles = {axes.get_title(loc="left") for axes in figure.axes}
    panels = figures.PREDICTED | figures.NOT_PREDICTED
    assert titles == set(panels.values())
    assert set(panels) < set(METRICS)


def test_the_values_with_which_a_chain_would_end_are_marked(study):
    ten = [
        replace(record, configuration=nested(record.configuration, data="cifar10"))
        for record in study
    ]
    (chains,) = group(ten)
    left = figures.metrics(chains).axes[::2]
    for axes, height in zip(left, (np.log(10), 0.1, 1)):
        assert any((line[:, 1] == height).all() for line in drawn(axes) if len(line))
        assert axes.get_ylim()[0] <= height <= axes.get_ylim()[1] or height > 1


def nested(configuration, **setting):
    """The configuration with other entries in its setting."""
    return {**configuration, "setting": {**configuration["setting"], **setting}}


def test_a_title_is_for_people(study):
    record = make()
    full = nested(
        record.configuration,
        data="cifar100",
        network={"family": "vgg"},
        recipe={**record.configuration["setting"]["recipe"], "loss": "l2"},
    )
    variant = nested(full, seeds_of="a")
    cases = [("a", full), ("a-decay-1", variant), ("a$_{$", record.configuration)]
    titles = [
        analysis.title(group([replace(record, setting=name, configuration=configuration)])[0])
        for name, configuration in cases
    ]
    base = "CIFAR-100, VGG, squared distance"
    assert titles == [base, f"{base}, decay 1", "a$_{$"]


def test_a_name_is_no_formula(study):
    (chains,) = group([replace(record, setting="a$_{$") for record in study])
    assert draw(figures.accuracy([chains]))


def test_every_series_of_differences_is_drawn():
    ends = np.array([2.0, 3.0]), np.array([1.0, 2.0]), np.array([3.0, np.nan])
    figure = figures.differences_by_round({name: ends for name in "abcde"}, "difference")
    assert len(figure.axes[0].collections) == 5
    assert draw(figure)


def test_the_trade_off_figure_has_a_curve_for_rounds_and_each_kind_of_control(study, controls):
    groups = group(study + controls)
    base = groups[0]
    figure = figures.trade_off(base, groups)
    said = {text.get_text() for text in figure.axes[0].texts}
    assert {"5 epochs", "1", "round 0", "round 1"} <= said
    assert any("fewer epochs" in text for text in said)
    assert any("weight decay" in text for text in said)
    curve = figure.axes[0].lines[0]
    expected = [
        100 * base.values(name)[:, :2].mean(0)
        for name in ("training_accuracy", "test_accuracy")
    ]
    assert np.array(curve.get_data()) == pytest.approx(np.array(expected))
    epochs = next(line for line in figure.axes[0].lines if line.get_linestyle() == "--")
    assert epochs.get_ydata()[0] == pytest.approx(20)


def test_figures_are_drawn_for_what_is_there(study, controls):
    assert set(figures.draw(Reading(study))) == {"accuracy", "metrics-a"}
    assert set(figures.draw(Reading(study + controls))) == {
        "accuracy",
        "metrics-a",
        "trade-off-a",
    }


@pytest.mark.parametrize("records", [[], [make()]])
def test_nothing_is_drawn_before_a_second_round(records):
    assert figures.draw(Reading(records)) == {}


def test_two_rounds_of_one_chain_are_drawn():
    reading = Reading([make(), make(0, 1, test_accuracy=0.6, held_out_accuracy=0.6)])
    assert set(figures.draw(reading)) == {"accuracy", "metrics-a"}


def test_differences_by_round_show_means_between_the_ends_of_their_intervals():
    mean, low, high = np.array([2.0, 3.0, -1.0]), np.array([1.0, 2.5, -3.0]), np.array([3, 4, 0.5])
    series = {"test": (mean, low, high), "held out": (mean + 1, low + 1, high + 1)}
    (axes,) = figures.differences_by_round(series, "difference").axes
    bars = [bar.get_segments() for bar in axes.collections]
    for (_, (centre, lower, upper)), segments in zip(series.items(), bars, strict=True):
        assert any(np.array_equal(line[:, 1], centre) for line in drawn(axes)[1:])
        for t, segment in enumerate(segments, 1):
            assert segment[:, 0] == pytest.approx(t, abs=0.2)
            assert segment[:, 1] == pytest.approx([lower[t - 1], upper[t - 1]])
    assert "test" in texts(axes.figure) and "held out" in texts(axes.figure)
    assert draw(axes.figure)


def test_figure_3_has_a_row_for_each_of_its_settings_and_says_which_are_missing(study):
    """Chains as thin lines, their mean as a thick one, in the row of their setting."""
    recipe = {**study[0].configuration["setting"]["recipe"], "loss": "l2"}
    entries = {"data": "cifar100", "network": {"family": "vgg"}, "recipe": recipe}
    there = [
        replace(record, configuration=nested(record.configuration, **entries)) for record in study
    ]
    figure = figures.figure_three(group(there))
    rows = [figure.axes[i : i + 2] for i in range(0, len(figure.axes), 2)]
    assert [row[0].get_title(loc="left") for row in rows] == [
        "CIFAR-10, ResNet, squared distance",
        "CIFAR-100, ResNet, squared distance",
        "CIFAR-10, ResNet, cross-entropy",
        "CIFAR-100, ResNet, cross-entropy",
        "CIFAR-100, VGG, squared distance",
    ]
    for axes in sum(rows[:-1], []):
        assert not axes.lines and "not on record" in texts(axes)
    (chains,) = group(there)
    for axes, metric in zip(rows[-1], ("test_accuracy", "training_accuracy")):
        assert "not on record" not in texts(axes)
        *thin, thick = axes.lines
        for line, values in zip(thin, 100 * chains.values(metric), strict=True):
            assert np.array_equal(line.get_ydata(), values, equal_nan=True)
        assert thick.get_ydata() == pytest.approx(100 * chains.values(metric)[:, :2].mean(0))


def test_figure_3_leaves_out_variants_of_its_settings(study):
    there = {"data": "cifar10", "network": {"family": "resnet"}}
    recipe = {**study[0].configuration["setting"]["recipe"], "loss": "l2"}
    drawn_rows = []
    for origin in (None, "b"):
        setting = nested(study[0].configuration, **there, recipe=recipe, seeds_of=origin)
        records = [replace(record, configuration=setting) for record in study]
        figure = figures.figure_three(group(records))
        drawn_rows.append([bool(axes.lines) for axes in figure.axes[::2]])
    assert drawn_rows == [[True, False, False, False, False], [False] * 5]
