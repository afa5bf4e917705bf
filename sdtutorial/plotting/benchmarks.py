"""The figures of the page on cost: times against sizes, and errors against the size of a space."""

import numpy as np
from matplotlib.ticker import NullFormatter

from sdtutorial.plotting._labels import label_ends, label_lines
from sdtutorial.plotting._style import BLUE, GREEN, INK, MUTED, PURPLE, book_figure, new_figure

_COLORS = (BLUE, PURPLE, INK, GREEN, MUTED)
_ROUNDING = 1e-12  # below this an error shows the rounding of what it is compared with
_MARKERS = "os^Dvx"


@book_figure
def times_by_size(times, size_label):
    """Draw how times grow with a size, both on logarithmic axes.

    Parameters
    ----------
    times : dict of str to (sizes, seconds)
        One line for each way.
    size_label : str
        What the size is.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(4.2)
    axes = figure.add_subplot()
    lines = []
    for i, (way, (sizes, seconds)) in enumerate(times.items()):
        look = {"color": _COLORS[i % len(_COLORS)], "marker": _MARKERS[i % len(_MARKERS)]}
        (line,) = axes.loglog(sizes, seconds, "--" if i >= len(_COLORS) else "-", **look)
        lines.append((line, way))
    ticks = sorted({size for sizes, _ in times.values() for size in sizes})
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.yaxis.set_minor_formatter(NullFormatter())
    seconds = np.concatenate([seconds for _, seconds in times.values()])
    powers = np.floor(np.log10(seconds.min())), np.ceil(np.log10(seconds.max()))
    axes.set_ylim(*np.power(10.0, powers))  # whole decades: one of them at least has a number
    axes.set_xlabel(size_label)
    axes.set_ylabel("seconds of one processor")
    label_ends(axes, lines)
    return figure


@book_figure
def krylov_convergence(spaces):
    """Draw what a chain in a Krylov space is wrong by, and what it says of it.

    Parameters
    ----------
    spaces : dict of str to (vectors, errors, estimates)
        For each kernel: dimensions of the space, errors of the last fit relative to the labels,
        and what the chain estimates.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.8)
    axes = figure.add_subplot()
    lines = []
    for color, (kernel, (vectors, errors, estimates)) in zip(_COLORS, spaces.items()):
        (line,) = axes.semilogy(vectors, errors, "o-", color=color)
        axes.semilogy(vectors, estimates, "--", color=color)
        lines.append((line, kernel))
    axes.set_xlabel("vectors in the space, $m$")
    axes.set_ylabel("relative error of the last fit")
    axes.set_ylim(bottom=_ROUNDING)
    label_lines(axes, lines)
    return figure
