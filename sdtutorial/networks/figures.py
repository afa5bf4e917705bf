"""The figures of a study, from its records, finished or not."""

import numpy as np

from sdtutorial.networks import analysis
from sdtutorial.plotting import (
    BLUE,
    GREEN,
    MUTED,
    VERMILLION,
    book_figure,
    new_figure,
    round_colors,
)
from sdtutorial.plotting._parts import LOOKS, whole_ticks

# The metrics of which the theory says where they go, or that show what a gain is made of.
PANELS = {
    "prediction_entropy": "entropy of predictions (nats)",
    "prediction_maximum": "largest probability",
    "prediction_rank": "effective rank of predictions",
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
    figure = new_figure(0.6 + 2.4 * len(groups))
    grid = figure.subplots(len(groups), 2, squeeze=False)
    for row, chains in zip(grid, groups):
        for axes, metric, color, name in (
            (row[0], "test_accuracy", BLUE, "test accuracy (%)"),
            (row[1], "training_accuracy", VERMILLION, "training accuracy (%)"),
        ):
            _draw_by_round(axes, 100 * chains.values(metric), chains.rounds, color)
            axes.set_ylabel(name)
        row[0].set_title(chains.setting, loc="left")
    return figure


@book_figure
def metrics(chains):
    """Draw what the theory predicts to move in one direction, and how test loss and calibration go.

    Entropy, largest probability and rank are of the predictions for the training images, which are
    the next round's targets.

    Parameters
    ----------
    chains : sdtutorial.networks.analysis.Chains

    Returns
    -------
    BookFigure
    """
    figure = new_figure(6.6)
    for axes, (metric, label) in zip(figure.subplots(3, 2).flat, PANELS.items()):
        _draw_by_round(axes, chains.values(metric), chains.rounds, BLUE)
        axes.set_title(label, loc="left")
    return figure


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
    figure = new_figure(5.0)
    axes = figure.subplots()
    train, test = (
        100 * chains.common_values(metric).mean(0)
        for metric in ("training_accuracy", "test_accuracy")
    )
    axes.plot(train, test, "-", color=MUTED, linewidth=1.4, zorder=1)
    for t, color in enumerate(round_colors(len(train))):
        label = "rounds" if t == 0 else None
        axes.plot(train[t], test[t], "o", color=color, markersize=8, label=label)
        axes.annotate(f"{t}", (train[t], test[t]), (0, 8), textcoords="offset points", ha="center")
    # Weight decays in thousandths: their labels have to fit beside each other.
    styles = {
        "epochs": ("single training, epochs", "s--", VERMILLION, 1),
        "weight_decay": ("single training, weight decay ($10^{-3}$)", "^:", GREEN, 1000),
    }
    for entry, members in analysis.controls_of(chains, groups).items():
        if len(members) < 2:
            continue
        label, mark, color, scale = styles[entry]
        points = np.array(
            [
                [
                    100 * member.values(metric)[:, 0].mean()
                    for metric in ("training_accuracy", "test_accuracy")
                ]
                for _, member in members
            ]
        )
        axes.plot(*points.T, mark, color=color, linewidth=1.4, label=label)
        for (value, member), point in zip(members, points):
            if member is not chains:
                axes.annotate(
                    f"{scale * value:g}", point, (0, -15), textcoords="offset points", ha="center",
                    color=color,
                )  # fmt: skip
    axes.set_xlabel("training accuracy (%)")
    axes.set_ylabel("test accuracy (%)")
    axes.margins(0.08, 0.12)
    axes.legend(loc="best")
    return figure


@book_figure
def differences_by_round(series, label):
    """Draw mean differences to round 0 by round, with their confidence intervals.

    Parameters
    ----------
    series : mapping of str to (array_like, array_like, array_like)
        Two names, each with means and lower and upper ends, (rounds,) each, from round 1 on.
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
    for (name, values), (color, marker), shift in zip(series.items(), LOOKS, (-0.06, 0.06)):
        mean, low, high = map(np.asarray, values)
        axes.errorbar(
            np.arange(1, len(mean) + 1) + shift,
            mean,
            [mean - low, high - mean],
            color=color,
            marker=marker,
            capsize=3,
            elinewidth=1.2,
            linewidth=1.2,
            label=name,
        )
    whole_ticks(axes.xaxis)
    axes.set_xlabel("round $t$")
    axes.set_ylabel(label)
    axes.legend()
    return figure


def _draw_by_round(axes, values, balanced, color):
    """Every chain thin; the mean thick and one standard deviation as a band.

    Mean and band end with the rounds that all chains have, the first `balanced` ones: a mean over
    other chains than in the round before would show a step that no chain has made.
    """
    for chain in values:
        axes.plot(np.arange(len(chain)), chain, color=color, linewidth=0.7, alpha=0.45)
    rounds, values = np.arange(balanced), values[:, :balanced]
    mean = values.mean(0)
    if len(values) > 1:
        deviation = values.std(0, ddof=1)
        axes.fill_between(rounds, mean - deviation, mean + deviation, color=color, alpha=0.15, lw=0)
    axes.plot(rounds, mean, "o-", color=color, markersize=4)
    axes.set_xlabel("round $t$")
    axes.xaxis.get_major_locator().set_params(integer=True)
