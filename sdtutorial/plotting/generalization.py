"""The figures of the chapter on the equivalent kernel and on generalization."""

import numpy as np

from sdtutorial.generalization import equivalent_eigenvalues
from sdtutorial.plotting._parts import LOOKS, cross, grid_points, label_ends, whole_ticks
from sdtutorial.plotting._style import INK, book_figure, new_figure, round_colors


@book_figure
def equivalent_kernel(example, chain, centre, courses):
    """Draw the kernel that repeats each round by one fit, beside quantities relative to round 0.

    The kernel is divided by its value at the centre, so that its shape can be seen.

    Parameters
    ----------
    example : Example
    chain : Chain
        Of that example, with few rounds.
    centre : int
        The kernel is drawn around training point number `centre`, from 0.
    courses : dict of str to array_like, shape (T,)
        Name of each quantity, and its value in every round.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.9)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.15])
    points = grid_points()
    basis = cross(example, points) @ chain.eigenvectors / chain.eigenvalues
    spectra = equivalent_eigenvalues(chain.eigenvalues, chain.multipliers)
    at_centre = len(example.x) * chain.eigenvectors[centre]
    for t, (spectrum, color) in enumerate(zip(spectra, round_colors(chain.rounds))):
        curve = (basis * spectrum) @ at_centre
        height = np.interp(example.x[centre], points, curve)
        left.plot(points, curve / height, color=color, label=f"round {t}")
    left.axvline(example.x[centre], color=INK, linewidth=0.8, linestyle=":")
    left.set_xlim(0, 1)
    left.set_xlabel("input $x$")
    left.set_ylabel(rf"$g^\dagger(x, {example.x[centre]:g})$, relative to $x = {example.x[centre]:g}$")
    left.legend(loc="lower center", borderpad=0.2, labelspacing=0.2)
    labels = []
    for (name, values), (color, marker) in zip(courses.items(), LOOKS):
        values = np.asarray(values, dtype=float)
        (line,) = right.plot(values / values[0], marker + "-", color=color, markersize=5)
        labels.append((line, name))
    right.set_yscale("log")
    right.set_xlabel("round $t$")
    right.set_ylabel("relative to round 0")
    whole_ticks(right.xaxis)
    label_ends(right, labels)
    return figure
