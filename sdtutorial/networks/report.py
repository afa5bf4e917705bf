"""The table and the figures of a study, drawn from its records, finished or not."""

import numpy as np

from sdtutorial import plotting
from sdtutorial.networks import records
from sdtutorial.plotting import book_figure, new_figure

# The metrics of which the theory says where they go, or that show what a gain is made of.
PANELS = {
    "prediction_entropy": "entropy of predictions (nats)",
    "prediction_maximum": "largest probability",
    "prediction_rank": "effective rank of predictions",
    "loss_to_targets": "loss to own targets",
    "test_cross_entropy": "test cross-entropy (nats)",
    "test_calibration_error": "test calibration error",
}


def table(reading):
    """Describe a study in plain text: every setting round by round, and all that is amiss.

    Parameters
    ----------
    reading : sdtutorial.networks.records.Reading

    Returns
    -------
    str
    """
    if not reading.records:
        return "\n".join(["No round is finished yet.", *reading.problems])
    groups = records.group(reading.records)
    parts = []
    for place, chains in enumerate(groups):
        parts.append(_title(chains, groups[:place]))
        if chains.records:
            parts.append(_rounds_table(chains))
            if chains.rounds > 1:
                parts.append(_peak_sentence(chains))
            parts += _tuning_sentence(chains, groups)
        parts += [
            f"Chain {record.chain} stopped in round {record.round}: {record.outcome}."
            for record in chains.stopped
        ]
        parts += _stale_sentence(chains)
        parts.append("")
    return "\n".join(parts + reading.problems).rstrip()


def _title(chains, earlier):
    machine = chains.configuration["machine"]
    title = (
        f"{chains.setting}: {_count(len(chains.records), 'chain')}, "
        f"{_count(chains.rounds, 'round')} in each; "
        f"{machine['precision']} on {machine['device']}, "
        f"study seed {chains.configuration['study_seed']}"
    )
    for other in earlier:
        if other.setting == chains.setting:
            changes = records.differences(chains.configuration, other.configuration)
            title += f"\nDiffers from the group above of this name in {'; '.join(changes)}"
    return title


def _count(number, what):
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _rounds_table(chains):
    test = 100 * chains.values("test_accuracy")
    difference = records.mean_interval(test - test[:, :1])
    columns = ("training_accuracy", "held_out_accuracy", "agreement")
    others = [100 * records.mean_interval(chains.values(name)).mean for name in columns]
    entropy, rank, seconds = (
        records.mean_interval(chains.values(name)).mean
        for name in ("prediction_entropy", "prediction_rank", "seconds")
    )
    lines = [
        "round chains   test %    sd   to round 0 [95 % interval]  train %  held %  agree %"
        "  entropy   rank  seconds"
    ]
    for t in range(test.shape[1]):
        column = test[np.isfinite(test[:, t]), t]
        deviation = f"{column.std(ddof=1):5.2f}" if len(column) > 1 else "    -"
        if t == 0 or len(column) < 2:
            change = "" if t == 0 else f"{difference.mean[t]:+.2f}"
        else:
            mean, low, high = difference.mean[t], difference.low[t], difference.high[t]
            change = f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]"
        lines.append(
            f"{t:5d} {len(column):6d} {column.mean():8.2f} {deviation}   {change:26s}  "
            f"{others[0][t]:7.2f} {others[1][t]:7.2f} {others[2][t]:8.2f} "
            f"{entropy[t]:8.3f} {rank[t]:6.1f} {seconds[t]:8.1f}"
        )
    return "\n".join(lines)


def points(interval):
    """Describe a difference of accuracies in percentage points.

    Parameters
    ----------
    interval : sdtutorial.networks.records.Interval
        A fraction, of shape ().

    Returns
    -------
    str
    """
    low, mean, high = (100 * value for value in (interval.low, interval.mean, interval.high))
    if not np.isfinite(low):
        return f"{mean:+.2f} points (too few chains for an interval)"
    return f"{mean:+.2f} points [{low:+.2f}, {high:+.2f}]"


def _peak_sentence(chains):
    peaks = ", ".join(str(peak) for peak in records.peak_rounds(chains))
    return (
        f"Rounds chosen on the held-out images, chain by chain: {peaks}; their test accuracy is "
        f"{points(records.peak_gain(chains))} from that of round 0."
    )


def _tuning_sentence(chains, groups):
    if len(records.controls_of(chains, groups)["weight_decay"]) < 2:
        return []
    decay, gain = records.gain_over_tuning(chains, groups)
    return [
        f"Against one round with the weight decay that is best on the held-out images, {decay:g}: "
        f"{points(gain)}."
    ]


def _stale_sentence(chains):
    rounds = [record for chain in chains.records for record in chain]
    stale = [record for record in rounds if record.stale]
    if not stale:
        return []
    modules = sorted({module for record in stale for module in record.stale})
    return [
        f"{len(stale)} of {_count(len(rounds), 'round')} made by other code than today's "
        f"({', '.join(modules)} changed since)."
    ]


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
    groups = records.group(reading.records)
    several = [chains for chains in groups if chains.values("test_accuracy").shape[1] > 1]
    if not several:
        return {}
    figures = {"accuracy": accuracy(several)}
    for chains in several:
        figures[f"metrics-{chains.setting}"] = metrics(chains)
        if any(len(members) > 1 for members in records.controls_of(chains, groups).values()):
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
    groups : sequence of sdtutorial.networks.records.Chains

    Returns
    -------
    BookFigure
    """
    figure = new_figure(0.6 + 2.4 * len(groups))
    grid = figure.subplots(len(groups), 2, squeeze=False)
    for row, chains in zip(grid, groups):
        for axes, metric, color, name in (
            (row[0], "test_accuracy", plotting.BLUE, "test accuracy (%)"),
            (row[1], "training_accuracy", plotting.VERMILLION, "training accuracy (%)"),
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
    chains : sdtutorial.networks.records.Chains

    Returns
    -------
    BookFigure
    """
    figure = new_figure(6.6)
    for axes, (metric, label) in zip(figure.subplots(3, 2).flat, PANELS.items()):
        _draw_by_round(axes, chains.values(metric), chains.rounds, plotting.BLUE)
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
    chains : sdtutorial.networks.records.Chains
    groups : iterable of sdtutorial.networks.records.Chains
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
    axes.plot(train, test, "-", color=plotting.MUTED, linewidth=1.4, zorder=1)
    for t, color in enumerate(plotting.round_colors(len(train))):
        label = "rounds" if t == 0 else None
        axes.plot(train[t], test[t], "o", color=color, markersize=8, label=label)
        axes.annotate(f"{t}", (train[t], test[t]), (0, 8), textcoords="offset points", ha="center")
    # Weight decays in thousandths: their labels have to fit beside each other.
    styles = {
        "epochs": ("single training, epochs", "s--", plotting.VERMILLION, 1),
        "weight_decay": ("single training, weight decay ($10^{-3}$)", "^:", plotting.GREEN, 1000),
    }
    for entry, members in records.controls_of(chains, groups).items():
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
