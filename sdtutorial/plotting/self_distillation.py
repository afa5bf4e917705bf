"""The figures of the chapter on rounds, and on what else could be done in them."""

import numpy as np

from sdtutorial import _checks
from sdtutorial.plotting._labels import label_lines, note
from sdtutorial.plotting._parts import (
    cross,
    draw_fits,
    draw_rounds,
    draw_samples,
    grid_points,
    label_rounds,
    looks,
    mark_level,
    whole_ticks,
)
from sdtutorial.plotting._style import (
    BLUE,
    GRID,
    INK,
    book_figure,
    new_figure,
    refuse_given_multiplier,
    round_colors,
)


@book_figure
def multipliers_and_norms(chain):
    """Draw what grows along a chain, the multiplier, beside what falls, the norm of the targets.

    Parameters
    ----------
    chain : Chain
        For one label vector, with at least one round and a tolerance.

    Returns
    -------
    BookFigure

    Raises
    ------
    ValueError
        If the multiplier of the chain was given: it does not grow, and norms have no unit.
    """
    refuse_given_multiplier("multipliers_and_norms", chain)
    figure = new_figure(3.4)
    left, right = figure.subplots(1, 2)
    draw_rounds(left, np.arange(chain.rounds), chain.multipliers, chain.rounds)
    left.set_yscale("log")
    left.set_xlim(-0.5, chain.rounds - 0.5)
    left.set_title("multiplier $c_t$", loc="left")
    mark_level(right, 1, "below:\ncollapse", (4, -5), share=0, ha="left", va="top")
    draw_rounds(right, np.arange(chain.rounds + 1), chain.norm_ratios, chain.rounds)
    right.set_xlim(-0.5, chain.rounds + 0.5)
    right.set_ylim(0, 1.1 * chain.norm_ratios[0])
    right.set_title(r"norm $r_t$, in $\sqrt{K\varepsilon}$", loc="left")
    for axes in (left, right):
        axes.set_xlabel("round $t$")
        whole_ticks(axes.xaxis, 6)
    return figure


@book_figure
def schematic(example, chain, rounds=3):
    """Draw what self-distillation does: fit, take the fit's values as targets, fit again (Fig. 1).

    Parameters
    ----------
    example : Example
    chain : Chain
        Of that example, with at least as many rounds.
    rounds : int
        How many rounds to show, at least 2.

    Returns
    -------
    BookFigure

    Raises
    ------
    TypeError, ValueError
        If `rounds` is not a whole number between 2 and the rounds of the chain.
    """
    rounds = _checks.whole_number("rounds", rounds, minimum=2)
    if rounds > chain.rounds:
        raise ValueError(f"the chain has {chain.rounds} rounds, fewer than {rounds}")
    figure = new_figure(4.1)
    panels = figure.subplots(2, rounds, sharex=True, sharey=True)
    points = grid_points(example)
    fits = chain.predict(cross(example, points))[:rounds]
    colors = round_colors(chain.rounds)
    dot_colors = [INK, *colors]
    room = 1.15 * np.abs(example.y).max()
    x, edge = np.ravel(example.x), 0.04 * np.ptp(points)
    limits = points[0] - edge, points[-1] + edge
    for t, (above, below) in enumerate(panels.T):
        for panel, alpha in ((above, 1), (below, 0.35)):
            panel.plot(x, chain.targets[t], "o", color=dot_colors[t], markersize=5, alpha=alpha)
        below.plot(points, fits[t], color=colors[t])
        above.set_title("labels $y_0$" if t == 0 else f"targets $y_{t}$", color=dot_colors[t])
        below.set_xlabel(f"fit $f_{t}$", color=colors[t], labelpad=6)
        for panel in (above, below):
            panel.set(xticks=[], yticks=[], xlim=limits, ylim=(-room, room))
            panel.axhline(0, color=GRID, linewidth=0.8, zorder=0)
            panel.spines[:].set_visible(True)
            panel.spines[:].set_color("#b5b5b5")
    engine = figure.get_layout_engine()
    engine.set(wspace=0.45, hspace=0.4, rect=(0, 0, 0.95 if rounds < chain.rounds else 1, 1))
    arrow = {"arrowstyle": "-|>,head_length=0.5,head_width=0.25", "color": INK, "linewidth": 1.5}
    for t, (above, below) in enumerate(panels.T):
        below.annotate(
            "", (0.5, 1), (0.5, 0), xycoords=below.transAxes, textcoords=above.transAxes,
            arrowprops={**arrow, "shrinkA": 2, "shrinkB": 2},
        )  # fmt: skip
        note(below, "fit", (0.5, 1), (8, 24), xycoords="axes fraction", va="center")
        if t + 1 < rounds:
            panels[0, t + 1].annotate(
                "", (0, 0.12), (1, 0.88),
                xycoords=panels[0, t + 1].transAxes, textcoords=below.transAxes,
                arrowprops={**arrow, "shrinkA": 1, "shrinkB": 1, "color": colors[t]},
            )  # fmt: skip
            note(
                below, "its\nvalues", (1, 1), (20, 4), xycoords="axes fraction", va="center",
                color=colors[t], linespacing=1,
            )  # fmt: skip
    if rounds < chain.rounds:
        note(below, "…", (1, 1), (5, 24), xycoords="axes fraction", va="center", fontsize=18)
    for panel in panels.flat:
        for annotation in panel.texts:
            annotation.set_in_layout(False)  # they stand between panels, and need no room there
    return figure


@book_figure
def chain_fits(example, chain):
    """Draw the data, the truth and the fit of every round (Fig. 2c).

    Parameters
    ----------
    example : Example
        Without a known truth (`target` None) the truth is left out.
    chain : Chain
        Of that example.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.9)
    axes = figure.subplots()
    named = draw_samples(axes, example)
    fits = draw_fits(axes, example, chain)
    axes.set_ylabel("function value $f_t(x)$")
    label_rounds(figure, axes, fits)
    label_lines(axes, named)
    return figure


@book_figure
def basis_functions(example, chain, directions):
    """Draw basis functions x -> p_x[k] of the paper's (21), with the eigenvectors as dots.

    Parameters
    ----------
    example : Example
    chain : Chain
        Of that example.
    directions : sequence of int
        The indices k to draw, from 0 in the order of the eigenvalues; one panel each.

    Returns
    -------
    BookFigure

    Raises
    ------
    ValueError
        If the eigenvalue of a direction is zero: no function of the space takes its values.
    """
    directions = list(directions)
    points = grid_points(example)
    vectors, eigenvalues = chain.sample_basis[:, directions], chain.eigenvalues[directions]
    if not (eigenvalues > 0).all():
        raise ValueError(
            "basis functions belong to positive eigenvalues, and those of the directions "
            f"{directions} are {eigenvalues}"
        )
    signs = _signs(vectors)
    vectors = vectors * signs
    curves = chain.basis(cross(example, points))[:, directions] * signs
    figure = new_figure(3.4)
    panels = figure.subplots(1, len(directions), squeeze=False, sharey=True)[0]
    for axes, k, curve, vector in zip(panels, directions, curves.T, vectors.T):
        axes.axhline(0, color=GRID, linewidth=0.8, zorder=0)
        axes.plot(points, curve, color=BLUE)
        axes.plot(np.ravel(example.x), vector, "o", color=INK, markersize=5)
        axes.set_xlim(points[0], points[-1])
        axes.set_xticks([points[0], points[-1]])
        axes.set_xlabel("input $x$")
        axes.set_title(f"$k = {k % len(chain.eigenvalues) + 1}$")
    panels[0].set_ylabel("basis function $p_x[k]$")
    return figure


def _signs(vectors):
    """Return signs with which all columns start upwards: an eigenvector has none of its own."""
    first = np.argmax(np.abs(vectors) > 1e-6, axis=0)  # at a point that the kernel reaches
    return np.sign(vectors[first, np.arange(vectors.shape[1])])


@book_figure
def compare_by_round(series, label, threshold=None):
    """Draw the course of one quantity over the rounds of several iterations.

    Parameters
    ----------
    series : dict of str to array_like, shape (n,)
        Name of each iteration, and its values at rounds 0, 1, ...; NaN leaves a gap.
    label : str
        What is drawn, for the vertical axis.
    threshold : (str, float), optional
        Name and height of a level to mark.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.8)
    axes = figure.subplots()
    lines = [
        axes.plot(values, marker + dash, color=color, linewidth=1.4, markersize=5)[0]
        for values, (color, marker, dash) in zip(series.values(), looks(len(series)))
    ]
    if threshold is not None:
        name, height = threshold
        mark_level(axes, height, name)
    axes.set_ylim(min(0, axes.get_ylim()[0]), None)
    axes.set_xlabel("round $t$")
    axes.set_ylabel(label)
    whole_ticks(axes.xaxis)
    if len(lines) <= 4:
        label_lines(axes, list(zip(lines, series)))
    else:
        axes.legend(lines, series, loc="upper left", bbox_to_anchor=(1, 1), borderpad=0)
    return figure
