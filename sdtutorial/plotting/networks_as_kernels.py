"""The figures of the chapter on wide networks, whose kernel predicts their chains."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from sdtutorial.plotting._labels import label_ends
from sdtutorial.plotting._parts import grid_points, looks, whole_ticks
from sdtutorial.plotting._style import BLUE, INK, MUTED, book_figure, new_figure, round_colors


@book_figure
def chains_of_networks(example, predicted, learned):
    """Draw the fits of chains of networks over those of the kernel chain that predicts them.

    Parameters
    ----------
    example : Example
    predicted : array_like, shape (T, m)
        Fits of the kernel chain at m equidistant points of [0, 1].
    learned : array_like, shape (T', S, m)
        What S networks have learned in each round, at the same points; rounds beyond T are left
        out.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(4.0)
    axes = figure.subplots()
    predicted = np.asarray(predicted)
    points = grid_points(count=predicted.shape[1])
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.plot(example.x, example.y, "o", color=INK, zorder=3)
    colors = round_colors(len(predicted))
    for fit, copies, color in zip(predicted, learned, colors):
        axes.plot(points, fit, color=color, linewidth=2.6)
        axes.plot(points, np.transpose(copies), color=color, linewidth=0.8, alpha=0.8)
    handles = [Line2D([], [], color=color) for color in colors]
    names = [f"round {t}" for t in range(len(colors))]
    handles += [
        Line2D([], [], color=MUTED, linewidth=2.6),
        Line2D([], [], color=MUTED, linewidth=0.8),
    ]
    axes.legend(handles, [*names, "kernel", "networks"], loc="upper right", ncols=2)
    axes.set_xlim(0, 1)
    axes.set_xlabel("input $x$")
    axes.set_ylabel("fit")
    return figure


@book_figure
def tangent_kernels(points, at, exact, finite):
    """Draw tangent kernels of networks of a few widths and the kernel that they tend to.

    Parameters
    ----------
    points : array_like, shape (m,)
        Of [0, 1].
    at : float
        The point that all others are paired with.
    exact : array_like, shape (m,)
        The kernel of infinite width.
    finite : mapping of int to array_like, shape (S, m)
        For each width, at most three, the tangent kernels of S networks.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.2)
    panels = figure.subplots(1, len(finite), sharey=True, squeeze=False)[0]
    for axes, (width, values) in zip(panels, finite.items()):
        axes.plot(points, np.transpose(values), color=BLUE, linewidth=1)
        axes.plot(points, exact, color=INK, linewidth=2.4)
        axes.axvline(at, color=MUTED, linewidth=1, linestyle=(0, (1.5, 1.5)))
        axes.set_title(f"width {width}")
        axes.set_xlabel("input $x$")
    panels[0].set_ylabel("kernel")
    handles = [Line2D([], [], color=color) for color in (INK, BLUE)]
    panels[-1].legend(handles, ["infinite width", "networks"], loc="best")
    return figure


@book_figure
def distance_by_width(widths, series):
    """Draw how far networks are from what predicts them, against their width.

    Parameters
    ----------
    widths : array_like, shape (N,)
        Ascending.
    series : mapping of str to array_like, shape (N, S)
        At most three names, each with the distances of S networks or chains of each width.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.9)
    axes = figure.subplots()
    widths = np.asarray(widths, dtype=float)
    labels = []
    for (name, values), (color, marker, dashes) in zip(series.items(), looks(len(series))):
        values = np.asarray(values)
        axes.plot(widths, values, marker, color=color, markersize=3.5, alpha=0.6)
        (line,) = axes.plot(widths, values.mean(axis=1), dashes, color=color, marker=marker)
        labels.append((line, name))
    highest = max(np.mean(values, axis=1)[0] for values in series.values())
    (guide,) = axes.plot(
        widths, 1.5 * highest * np.sqrt(widths[0] / widths), color=MUTED, linestyle=(0, (5, 2))
    )
    labels.append((guide, r"$n^{-1/2}$"))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(FixedLocator(widths))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{width:g}" for width in widths])
    axes.set_xlabel("width $n$")
    axes.set_ylabel("relative distance")
    label_ends(axes, labels)
    return figure


@book_figure
def accuracy_by_round(test, training, title="tolerance"):
    """Draw test and training accuracy of a few chains.

    Parameters
    ----------
    test, training : mapping of str to array_like
        At most three names, each with the accuracies of a chain by round, in per cent.
    title : str, optional
        What the names are.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.6)
    panels = figure.subplots(1, 2)
    for axes, accuracies, heading in zip(
        panels, (test, training), ("test accuracy (%)", "training accuracy (%)")
    ):
        for (name, values), look in zip(accuracies.items(), looks(len(accuracies))):
            color, marker, dashes = look
            axes.plot(values, dashes, marker=marker, color=color, markersize=4.5, label=name)
        axes.set_title(heading, loc="left")
        axes.set_ylim(bottom=0)
        axes.set_xlabel("round $t$")
        whole_ticks(axes.xaxis, 6)
    panels[0].legend(title=title, loc="best")
    return figure
