"""Figures of the chapter on where the paper and the computation part."""

import numpy as np
from matplotlib.ticker import LogLocator

from sdtutorial.plotting._labels import note
from sdtutorial.plotting._style import BLUE, INK, MUTED, VERMILLION, book_figure, new_figure


@book_figure
def said_and_computed(rows):
    """Draw what a bound promises beside what is there, on one logarithmic axis.

    Parameters
    ----------
    rows : list of (str, float, float)
        A name, the number that is promised and the number that is there; both positive.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(0.9 + 0.75 * len(rows))
    axes = figure.subplots()
    axes.set_xscale("log")
    for height, (name, said, computed) in enumerate(reversed(rows)):
        axes.plot([said, computed], [height, height], color=MUTED, linewidth=1.2, zorder=1)
        axes.plot(
            said, height, "o", color=VERMILLION, markerfacecolor="white", markersize=9,
            label="promised" if height == 0 else None,
        )  # fmt: skip
        axes.plot(
            computed, height, "o", color=BLUE, markersize=9, label="there" if height == 0 else None
        )
        note(
            axes, name, (0, height), (2, 9), xycoords=("axes fraction", "data"), color=INK,
        )  # fmt: skip
    axes.set_ylim(-0.5, len(rows) - 0.3)
    axes.set_yticks([])
    axes.spines.left.set_visible(False)
    axes.xaxis.set_major_locator(LogLocator(numticks=8))
    axes.grid(axis="y", visible=False)
    figure.legend(loc="outside upper right", ncols=2)
    return figure


@book_figure
def least_risks(risks):
    """Draw the risks of several methods as dots, each in its row, from the largest down.

    Parameters
    ----------
    risks : dict of str to float
        In units of the squared labels.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(0.8 + 0.36 * len(risks))
    axes = figure.subplots()
    names = sorted(risks, key=risks.get)
    values = np.array([risks[name] for name in names])
    axes.plot(values, range(len(names)), "o", color=BLUE, markersize=8)
    for height, value in enumerate(values):
        note(axes, f"{value:.4f}", (value, height), (9, 0), color=BLUE, va="center")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, 1.25 * values[-1])
    axes.set_xlabel("least mean squared error")
    return figure
