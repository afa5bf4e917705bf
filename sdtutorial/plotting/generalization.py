"""The figures of the chapter on the equivalent kernel and on generalization."""

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from sdtutorial.plotting._labels import label_ends
from sdtutorial.plotting._parts import looks, whole_ticks
from sdtutorial.plotting._style import book_figure, new_figure, round_colors


@book_figure
def equivalent_kernel(eigenvalues, courses):
    """Draw the spectrum of the kernel that repeats each round by one fit, beside what follows.

    Parameters
    ----------
    eigenvalues : array_like, shape (T, K)
        d+ of every round, in ascending order, for few rounds.
    courses : dict of str to array_like, shape (T,)
        Name of each quantity, and its value in every round; drawn relative to round 0.

    Returns
    -------
    BookFigure
    """
    eigenvalues = np.asarray(eigenvalues, dtype=float)
    rounds, size = eigenvalues.shape
    figure = new_figure(3.9)
    left, right = figure.subplots(1, 2, width_ratios=[1.1, 1])
    for t, (spectrum, color) in enumerate(zip(eigenvalues, round_colors(rounds))):
        left.plot(range(1, size + 1), spectrum, "o-", color=color, markersize=4, label=f"round {t}")
    left.set_yscale("log")
    left.set_xlabel("direction $k$, smallest first")
    left.set_ylabel(r"eigenvalue $d_k^\dagger$")
    whole_ticks(left.xaxis, 5)
    left.legend(loc="lower right", borderpad=0.2, labelspacing=0.2)
    labels = []
    for (name, values), (color, marker, dashes) in zip(courses.items(), looks(len(courses))):
        values = np.asarray(values, dtype=float)
        (line,) = right.plot(values / values[0], marker + dashes, color=color, markersize=5)
        labels.append((line, name))
    right.set_yscale("log")
    right.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    right.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    right.yaxis.set_minor_formatter(NullFormatter())
    right.set_xlabel("round $t$")
    right.set_ylabel("relative to round 0")
    whole_ticks(right.xaxis)
    label_ends(right, labels)
    return figure
