"""The figures of a study, from its records, finished or not."""

import numpy as np

from sdtutorial.networks import analysis
from sdtutorial.networks.data import CLASSES
from sdtutorial.plotting import (
    BLUE,
    GREEN,
    MUTED,
    PURPLE,
    book_figure,
    label_lines,
    new_figure,
    round_colors,
)
from sdtutorial.plotting._labels import label_points
from sdtutorial.plotting._parts import looks, mark_level, whole_ticks

# Where the theory says which way a metric of the predictions goes, and where it says nothing.
PREDICTED = {
    "prediction_entropy": "entropy of predictions (nats)",
    "prediction_maximum": "largest probability",
    "prediction_rank": "effective rank of predictions",
}
NOT_PREDICTED = {
    "loss_to_targets": "loss to own targets",
    "test_cross_entropy": "test cross-entropy (nats)",
    "test_calibration_error": "test calibration error",
}

def draw(reading):
    """Draw all figures for which the records suffice.

    Parameters
    ----------
    reading : sdtutorial.networks.records.Reading

    Returns
    -------
    dict of str to sdtutorial.plotting.BookFigure
        "accuracy", and for each setting of several rounds "metrics-<setting>" and, where it has
        controls, "trade-off-<setting>".
    """
    groups = analysis.group(reading.records)
    several = [chains for chains in groups if chains.values("test_accuracy").shape[1] > 1]
    if not several:
        return {}
    figures = {"accuracy": accuracy(several)}
    for chains in several:
        figures[f"metrics-{chains.setting}"] = metrics(chains)
        if any(len(members) > 1 for members in analysis.controls_of(chains, groups).values()):
            figures[f"trade-off-{chains.setting}"] = trade_off(chains, groups)
    return figures


@book_figure
def accuracy(groups):
    """Draw test and training accuracy by round, as Figure 3 of the paper does.

    A row for each setting, test accuracy left, training accuracy against the true labels right.
    Thin lines are single chains. The thick line is their mean, and the band one standard deviation,
    as far as all chains have come.

    Parameters
    ----------
    groups : sequence of sdtutorial.networks.analysis.Chains

    Returns
    -------
    BookFigure
    """
    figure = new_figure(0.6 + 2.6 * len(groups))
    grid = figure.subplots(len(groups), 2, squeeze=False)
    for row, chains in zip(grid, groups):
        for axes, metric, name in (
            (row[0], "test_accuracy", "test accuracy (%)"),
            (row[1], "training_accuracy", "training accuracy (%)"),
        ):
            _draw_by_round(axes, 100 * chains.values(metric), chains.rounds)
            axes.set_ylabel(name)
            axes.set_xlabel("round $t$")
        row[0].set_title(analysis.title(chains), loc="left", parse_math=False)
        _mark_highest(row[0])
    return figure


@book_figure
def figure_three(groups):
    """Draw all settings of Figure 3 of the paper and of its appendix, as far as they are on record.

    A row for each data set, loss and network; test accuracy left, training accuracy right. Thin
    lines are single chains, the thick line is their mean. A setting without records is an empty row
    that says so.

    Parameters
    ----------
    groups : iterable of sdtutorial.networks.analysis.Chains
        Variants of a setting, such as controls, are left out.

    Returns
    -------
    BookFigure
    """
    there = {analysis.parts(chains): chains for chains in analysis.of_figure_three(groups)}
    figure = new_figure(0.8 + 1.9 * len(analysis.FIGURE_THREE))
    grid = figure.subplots(len(analysis.FIGURE_THREE), 2, sharex=True)
    for row, keys in zip(grid, analysis.FIGURE_THREE):
        name = ", ".join(analysis.WORDS[key] for key in keys)
        row[0].set_title(name, loc="left", parse_math=False)
        for axes, part in zip(row, ("test", "training")):
            if keys in there:
                values, rounds = there[keys].values(f"{part}_accuracy"), there[keys].rounds
                _draw_by_round(axes, 100 * values, rounds, band=False)
                axes.set_ylabel(f"{part} (%)")
            else:
                axes.grid(False)
                axes.set_yticks([])
                middle = {"transform": axes.transAxes, "ha": "center", "va": "center"}
                axes.text(0.5, 0.5, "not on record", color=MUTED, **middle)
    for axes in grid[-1]:
        axes.set_xlabel("round $t$")
    figure.align_ylabels()
    return figure


def _mark_highest(axes):
    """Name the round in which the mean, the last line, has its summit, if it has one."""
    means = axes.lines[-1].get_ydata()
    axes.margins(y=0.18)
    best = int(np.argmax(means))
    if 0 < best < len(means) - 1:
        label_points(axes, [(best, means[best])], [f"round {best}"], [BLUE])


@book_figure
def metrics(chains):
    """Draw what the theory predicts to move in one direction, and how test loss and calibration go.

    Left what the theory predicts: entropy, largest probability and rank of the predictions for the
    training images, which are the next round's targets. A grey level is the value of predictions
    that are the same for all images and all classes, with which a chain would end. Right what it
    does not predict.

    Parameters
    ----------
    chains : sdtutorial.networks.analysis.Chains

    Returns
    -------
    BookFigure
    """
    figure = new_figure(7.2)
    columns = figure.subplots(3, 2, sharex=True).T
    for column, panels in zip(columns, (PREDICTED, NOT_PREDICTED)):
        for axes, (metric, label) in zip(column, panels.items()):
            _draw_by_round(axes, chains.values(metric), chains.rounds)
            axes.set_title(label, loc="left")
            axes.yaxis.get_major_locator().set_params(nbins=5)
        axes.set_xlabel("round $t$")
    classes = len(CLASSES.get(chains.configuration["setting"].get("data"), ()))
    if classes:
        levels = (
            (np.log(classes), f"$\\ln {classes}$"),
            (1 / classes, f"1/{classes}"),
            (1, "rank 1"),
        )
        for axes, (height, text) in zip(columns[0], levels):
            offset = (0, -4) if height > 1 else (0, 4)
            mark_level(axes, height, text, offset, va="top" if height > 1 else "baseline")
            axes.set_ylim(*_with_zero(axes.get_ylim()))
    return figure


def _with_zero(limits):
    return min(limits[0], 0), limits[1]


@book_figure
def trade_off(chains, groups):
    """Draw test against training accuracy: one curve for rounds, one for each kind of control.

    A point is a mean over chains, for rounds as far as all chains have come. The setting's own
    round 0 is on all curves. Where the curve of the rounds is above another one, the chain is
    better on test images at equal training accuracy than a single round that was stopped early, or
    decayed more.

    Parameters
    ----------
    chains : sdtutorial.networks.analysis.Chains
    groups : iterable of sdtutorial.networks.analysis.Chains
        Among them the controls.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(6.4)
    axes = figure.subplots()
    metrics_of_point = ("training_accuracy", "test_accuracy")
    train, test = (100 * chains.common_values(metric) for metric in metrics_of_point)
    rounds = np.array([train.mean(0), test.mean(0)])
    axes.plot(*rounds, "-", color=MUTED, linewidth=1.4, zorder=1)
    for t, color in enumerate(round_colors(rounds.shape[1])):
        _draw_point(axes, rounds[:, t], test[:, t], "o", color, 8)
    names = [f"round {t}" for t in range(rounds.shape[1])]
    named = [(rounds.T, names, round_colors(len(names)))]
    curves = []
    styles = {
        "epochs": ("single trainings,\nfewer epochs", "s", "--", PURPLE, "{:g} epochs"),
        "weight_decay": ("single trainings,\nother weight decay", "^", ":", GREEN, "{:g}"),
    }
    for entry, members in analysis.controls_of(chains, groups).items():
        if len(members) < 2:
            continue
        label, marker, dash, color, words = styles[entry]
        single = [
            [100 * member.values(metric)[:, 0] for metric in metrics_of_point]
            for _, member in members
        ]
        points = np.array([[train.mean(), test.mean()] for train, test in single])
        (curve,) = axes.plot(*points.T, dash, color=color, linewidth=1.4)
        curves.append((curve, label))
        others = [i for i, (_, member) in enumerate(members) if member is not chains]
        for i in others:
            _draw_point(axes, points[i], single[i][1], marker, color, 6)
        texts = [words.format(members[i][0]) for i in others]
        named.insert(0, (points[others], texts, [color] * len(others)))  # these have least room
    axes.set_xlabel("training accuracy (%)")
    axes.set_ylabel("test accuracy (%)")
    axes.margins(0.12, 0.12)
    for points, texts, colors in named:
        label_points(axes, points, texts, colors)
    label_lines(axes, curves)
    return figure


def _draw_point(axes, point, test, marker, color, size):
    """Draw a mean over chains with its standard error, which needs two of them."""
    error = np.std(test, ddof=1) / np.sqrt(len(test)) if len(test) > 1 else 0
    axes.errorbar(
        *point, error, fmt=marker, color=color, markersize=size, elinewidth=1.2, capsize=0
    )


@book_figure
def differences_by_round(series, label):
    """Draw mean differences to round 0 by round, with their confidence intervals.

    Parameters
    ----------
    series : mapping of str to (array_like, array_like, array_like)
        Name of each curve, with means and lower and upper ends, (rounds,) each, from round 1 on.
    label : str
        Of the vertical axis.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.6)
    axes = figure.subplots()
    axes.axhline(0, color=MUTED, linewidth=1.4)
    # Side by side: bars of the same round would hide each other.
    shifts = 0.12 * (np.arange(len(series)) - (len(series) - 1) / 2)
    lines = []
    for values, look, shift in zip(series.values(), looks(len(series)), shifts):
        mean, low, high = (np.asarray(part, dtype=float) for part in values)
        color, marker, dash = look
        lines += axes.errorbar(
            np.arange(1, len(mean) + 1) + shift,
            mean,
            [mean - low, high - mean],
            color=color,
            marker=marker,
            linestyle=dash,
            capsize=3,
            elinewidth=1.2,
            linewidth=1.2,
        )[:1]
    whole_ticks(axes.xaxis)
    axes.set_xlabel("round $t$")
    axes.set_ylabel(label)
    label_lines(axes, list(zip(lines, series)))
    return figure


def _draw_by_round(axes, values, balanced, *, band=True):
    """Every chain thin; the mean thick and one standard deviation as a band, if one is asked for.

    Mean and band end with the rounds that all chains have, the first `balanced` ones: a mean over
    other chains than in the round before would show a step that no chain has made.
    """
    for chain in values:
        axes.plot(np.arange(len(chain)), chain, color=BLUE, linewidth=0.7, alpha=0.45)
    rounds, values = np.arange(balanced), values[:, :balanced]
    mean = values.mean(0)
    if band and len(values) > 1:
        deviation = values.std(0, ddof=1)
        axes.fill_between(rounds, mean - deviation, mean + deviation, color=BLUE, alpha=0.15, lw=0)
    axes.plot(rounds, mean, "o-", color=BLUE, markersize=4)
    axes.xaxis.get_major_locator().set_params(integer=True)
