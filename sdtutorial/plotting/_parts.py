"""What several figures share: levels, bounds, axes, data and truth, the course of rounds."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sdtutorial.kernels import cross_matrix
from sdtutorial.plotting._labels import label_lines, note
from sdtutorial.plotting._style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    PURPLE,
    ROUNDS,
    VERMILLION,
    round_colors,
)

# Colour and marker of the first, the second ... of a few curves beside each other.
_LOOKS = [(BLUE, "o"), (PURPLE, "s"), (GREEN, "^"), (INK, "D")]


def looks(count):
    """Return a colour, a marker and a dash pattern for each of many curves, no two alike."""
    markers, dashes = "os^Dv<>ph", ("-", "--", "-.", ":")
    return [(_LOOKS[i % 4][0], markers[i % 9], dashes[i // 4 % 4]) for i in range(count)]


def label_rounds(figure, axes, lines, shown=None, rounds=None, word="round "):
    """Say which line is which round: beside the lines if they are few, else in a colour bar."""
    shown = range(len(lines)) if shown is None else shown
    if len(lines) <= 6:
        label_lines(axes, [(line, f"{word}{t}") for line, t in zip(lines, shown)])
    else:
        colour_bar(figure, axes, len(lines) if rounds is None else rounds)


def colour_bar(figure, axes, rounds):
    """Draw the colours of all rounds beside the axes."""
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
    """Draw a bound, dashed in the colour of what it bounds, the paper's dash-dotted."""
    dashes = "-." if color == VERMILLION else "--"
    return draw_curve(axes, x, values, dashes, color=color, linewidth=1.6)


def draw_bounds(axes, x, bounds, paper_bounds):
    """Draw the bounds of the book and those of the paper; return pairs of line and name."""
    return [
        (draw_bound(axes, x, values, color), name)
        for color, some in ((BLUE, bounds), (VERMILLION, paper_bounds or {}))
        for name, values in some.items()
    ]


def draw_curve(axes, x, y, *style, **options):
    """Draw a curve that can be seen even if it has a single point; return the line."""
    if np.isfinite(np.asarray(y, dtype=float)).sum() == 1:
        options = {"marker": "o", **options}
    return axes.plot(x, np.asarray(y, dtype=float), *style, **options)[0]


# ---------------------------------------------------------------------------------------------
# Axes
# ---------------------------------------------------------------------------------------------


def whole_ticks(axis, count=8):
    """Put ticks at whole numbers only, at most about this many."""
    axis.set_major_locator(MaxNLocator(integer=True, nbins=count))


def powers_of_ten(axis):
    """Write ticks as powers of ten, on an axis that shows exponents."""
    whole_ticks(axis)
    axis.set_major_formatter(FuncFormatter(lambda power, _: f"$10^{{{power:.0f}}}$"))


def descending(tolerances, *values):
    """Return the tolerances from the largest to the smallest, and the values in that order."""
    order = np.argsort(tolerances)[::-1]
    return [np.asarray(array, dtype=float)[order] for array in (tolerances, *values)]


def towards_interpolation(axes, tolerances):
    """Put tolerances on a logarithmic axis that runs towards interpolation."""
    axes.set_xscale("log")
    axes.set_xlim(*spread(np.max(tolerances), np.min(tolerances)))
    axes.set_xlabel(r"tolerance $\varepsilon$ (smaller to the right)")


def spread(start, end):
    """Return the limits of a logarithmic axis; a single point gets some room on both sides."""
    return (2 * start, end / 2) if start == end else (start, end)


# ---------------------------------------------------------------------------------------------
# Data, truth and fits
# ---------------------------------------------------------------------------------------------


def grid_points(example=None, count=401):
    """Return points of [0, 1], or of the span of the data if some of these lie outside."""
    x = [0.0, 1.0] if example is None else np.ravel(example.x)
    if np.ndim(getattr(example, "x", x)) > 1 and np.shape(example.x)[1] > 1:
        raise ValueError(f"only points on a line can be drawn, not {np.shape(example.x)[1]} inputs")
    inside = np.min(x) >= 0 and np.max(x) <= 1
    return np.linspace(0, 1, count) if inside else np.linspace(np.min(x), np.max(x), count)


def cross(example, points):
    """Return what `predict` needs for these points, on a line."""
    points = points.reshape(-1, *np.shape(example.x)[1:])  # (n,) or (n, 1), as the data are
    return cross_matrix(example.kernel, points, example.x)


def draw_samples(axes, example):
    """Draw the noisy samples of an example, and the truth if it is known; return named lines."""
    points = grid_points(example)
    (samples,) = axes.plot(np.ravel(example.x), example.y, "o", color=INK, zorder=3)
    axes.set_xlim(points[0], points[-1])
    axes.set_xlabel("input $x$")
    if example.target is None:
        return [(samples, "data")]
    (truth,) = axes.plot(points, example.target(points), color=INK, linewidth=1.1)
    return [(truth, "truth"), (samples, "data")]


def draw_fits(axes, example, chain):
    """Draw the fit of every round; return the lines."""
    points = grid_points(example)
    fits = chain.predict(cross(example, points))
    return [
        axes.plot(points, fit, color=color)[0] for fit, color in zip(fits, round_colors(len(fits)))
    ]


# ---------------------------------------------------------------------------------------------
# The course of rounds
# ---------------------------------------------------------------------------------------------


def draw_rounds(axes, x, y, rounds):
    """Draw one dot a round, in its colour, on a thin line; hollow what follows the last round."""
    axes.plot(x, y, color=MUTED, linewidth=1, zorder=1)
    for t, color in enumerate(round_colors(rounds) if rounds else []):
        axes.plot(x[t], y[t], "o", color=color, markersize=8, clip_on=False)
    axes.plot(x[rounds:], y[rounds:], "o", color=MUTED, markersize=8, markerfacecolor="white")


def draw_errors(axes, errors):
    """Draw the error of every round, and of the zero function that follows."""
    errors = np.asarray(errors, dtype=float)
    draw_rounds(axes, np.arange(len(errors)), errors, len(errors) - 1)
    axes.set_xlim(-0.4, len(errors) - 0.6)
    axes.set_ylim(0, 1.2 * np.nanmax(errors))
    axes.grid(axis="x", visible=False)
