"""What several figures share: labels, levels, bounds, data and truth, the course of rounds."""

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from scipy.optimize import isotonic_regression

from sdtutorial.plotting._style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ROUNDS,
    VERMILLION,
    round_colors,
)

#: Colour and marker of the first, the second ... of several curves beside each other.
LOOKS = [(BLUE, "o"), (VERMILLION, "s"), (GREEN, "^"), (INK, "D")]

# ---------------------------------------------------------------------------------------------
# Words
# ---------------------------------------------------------------------------------------------


def note(axes, text, point, offset=(0, 0), **options):
    """Write a text beside a point of the axes, `offset` typographic points away from it."""
    return axes.annotate(text, point, offset, textcoords="offset points", **options)


def label_ends(axes, labels):
    """Write labels beside the ends of lines, moved apart just enough not to overlap.

    Call it last: it needs the limits of the axes.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    labels : list of (line, str)
        A `matplotlib.lines.Line2D`, labelled in its own colour at its last finite point, and the
        text.
    """
    axes.figure.draw_without_rendering()  # settles the layout, and with it what a point is worth
    size = matplotlib.rcParams["legend.fontsize"]
    ends, wanted = [], []
    for line, _ in labels:
        x, y = (np.asarray(values, dtype=float) for values in line.get_data())
        last = np.flatnonzero(np.isfinite(x) & np.isfinite(y))[-1]
        ends.append((x[last], y[last]))
        wanted.append(axes.transData.transform(ends[-1])[1] * 72 / axes.figure.dpi)
    # The heights nearest to the wanted ones that keep a distance: isotonic regression.
    order = np.argsort(wanted, kind="stable")
    distance = 1.2 * size * np.arange(len(labels))
    heights = np.empty(len(labels))
    heights[order] = isotonic_regression(np.array(wanted)[order] - distance).x + distance
    for (line, text), end, height, want in zip(labels, ends, heights, wanted):
        note(
            axes, text, end, (7, height - want), color=line.get_color(), fontsize=size,
            va="center", annotation_clip=False,
        )  # fmt: skip


def label_rounds(figure, axes, rounds, **legend):
    """Say which colour is which round: a legend for few rounds, a colour bar for many."""
    if rounds <= 6:
        handles = [Line2D([], [], color=color) for color in round_colors(rounds)]
        axes.legend(handles, [f"round {t}" for t in range(rounds)], **legend)
    else:
        scale = ScalarMappable(Normalize(0, rounds - 1), ROUNDS)
        bar = figure.colorbar(scale, ax=axes, label="round $t$", fraction=0.05, pad=0.02)
        bar.locator = MaxNLocator(integer=True, nbins=6)
        bar.outline.set_visible(False)
        bar.update_ticks()


# ---------------------------------------------------------------------------------------------
# Levels and bounds
# ---------------------------------------------------------------------------------------------


def mark_level(axes, height, text=None, offset=(0, 4), *, share=1, **options):
    """Draw a level across the axes; name it at this share of the width."""
    axes.axhline(height, color=MUTED, linewidth=1.2)
    if text is not None:
        options = {"ha": "right", "color": MUTED, **options}
        note(axes, text, (share, height), offset, xycoords=("axes fraction", "data"), **options)


def draw_bound(axes, x, values, color=BLUE):
    """Draw a bound, dashed in the colour of what it bounds; return the line."""
    return axes.plot(x, np.asarray(values, dtype=float), "--", color=color, linewidth=1.4)[0]


# ---------------------------------------------------------------------------------------------
# Axes
# ---------------------------------------------------------------------------------------------


def whole_ticks(axis, count=8):
    """Put ticks at whole numbers only, at most about this many."""
    axis.set_major_locator(MaxNLocator(integer=True, nbins=count))


def descending(tolerances, *values):
    """Return the tolerances from the largest to the smallest, and the values in that order."""
    order = np.argsort(tolerances)[::-1]
    return [np.asarray(array, dtype=float)[order] for array in (tolerances, *values)]


def towards_interpolation(axes, tolerances):
    """Put tolerances on a logarithmic axis that runs towards interpolation."""
    axes.set_xscale("log")
    axes.set_xlim(np.max(tolerances), np.min(tolerances))
    axes.set_xlabel(r"tolerance $\varepsilon$ (smaller to the right)")


# ---------------------------------------------------------------------------------------------
# Data, truth and fits on [0, 1]
# ---------------------------------------------------------------------------------------------


def grid_points(count=401):
    """Return points of [0, 1], both ends included."""
    return np.linspace(0, 1, count)


def cross(example, points):
    """Return what `predict` needs for these points."""
    return example.kernel(points, example.x) / len(example.x)


def draw_samples(axes, example):
    """Draw the truth and the noisy samples of an example; return both."""
    points = grid_points()
    (truth,) = axes.plot(points, example.target(points), color=INK, linewidth=1.1, label="truth")
    (samples,) = axes.plot(example.x, example.y, "o", color=INK, zorder=3, label="data")
    axes.set_xlim(0, 1)
    axes.set_xlabel("input $x$")
    return truth, samples


def draw_fits(axes, example, chain):
    """Draw the fit of every round; return the lines."""
    points = grid_points()
    fits = chain.predict(cross(example, points))
    return [
        axes.plot(points, fit, color=color, label=f"round {t}")[0]
        for t, (fit, color) in enumerate(zip(fits, round_colors(len(fits))))
    ]


# ---------------------------------------------------------------------------------------------
# The course of rounds
# ---------------------------------------------------------------------------------------------


def draw_rounds(axes, x, y, rounds):
    """Draw one dot a round, in its colour, on a thin line; hollow what follows the last round."""
    axes.plot(x, y, color=MUTED, linewidth=1, zorder=1)
    for t, color in enumerate(round_colors(rounds)):
        axes.plot(x[t], y[t], "o", color=color, markersize=9)
    axes.plot(x[rounds:], y[rounds:], "o", color=MUTED, markersize=9, markerfacecolor="white")


def draw_errors(axes, errors):
    """Draw the error of every round, and of the zero function that follows."""
    errors = np.asarray(errors, dtype=float)
    draw_rounds(axes, np.arange(len(errors)), errors, len(errors) - 1)
    axes.set_xlim(-0.4, len(errors) - 0.6)
    axes.set_ylim(0, 1.2 * errors.max())
    axes.grid(axis="x", visible=False)
