"""The figures of the chapter on rounds, and on what else could be done in them."""

import numpy as np

from sdtutorial import _checks
from sdtutorial.plotting._parts import (
    LOOKS,
    cross,
    draw_fits,
    draw_samples,
    grid_points,
    label_rounds,
    mark_level,
    note,
    whole_ticks,
)
from sdtutorial.plotting._style import (
    BLUE,
    GRID,
    INK,
    MUTED,
    book_figure,
    new_figure,
    round_colors,
)


@book_figure
def multipliers_and_norms(chain):
    """Draw what grows along a chain, the multiplier, beside what falls, the norm of the targets.

    Parameters
    ----------
    chain : Chain
        For one label vector, with at least one round.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.4)
    left, right = figure.subplots(1, 2)
    colors = round_colors(chain.rounds)
    left.plot(chain.multipliers, color=MUTED, linewidth=1, zorder=1)
    left.scatter(range(chain.rounds), chain.multipliers, 60, color=colors)
    left.set_yscale("log")
    left.set_ylabel("multiplier $c_t$")
    right.plot(chain.norm_ratios, color=MUTED, linewidth=1, zorder=1)
    right.scatter(range(chain.rounds), chain.norm_ratios[:-1], 60, color=colors)
    right.plot(
        chain.rounds, chain.norm_ratios[-1], "o", color=MUTED, markersize=8,
        markerfacecolor="white",
    )  # fmt: skip
    mark_level(right, 1, "below: collapse", (2, -5), share=0, ha="left", va="top")
    right.set_ylim(0, 1.1 * chain.norm_ratios[0])
    right.set_ylabel(r"norm of the targets, $r_t$")
    for axes in (left, right):
        axes.set_xlim(-0.5, chain.rounds + 0.5)
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
    points = grid_points()
    fits = chain.predict(cross(example, points))[:rounds]
    colors = round_colors(chain.rounds)
    dot_colors = [INK, *colors]
    room = 1.15 * np.abs(example.y).max()
    for t, (above, below) in enumerate(panels.T):
        above.plot(example.x, chain.targets[t], "o", color=dot_colors[t], markersize=5)
        below.plot(example.x, chain.targets[t], "o", color=dot_colors[t], markersize=5, alpha=0.35)
        below.plot(points, fits[t], color=colors[t])
        above.set_title("labels $y_0$" if t == 0 else f"targets $y_{t}$", color=dot_colors[t])
        below.set_xlabel(f"fit $f_{t}$", color=colors[t], labelpad=6)
        for panel in (above, below):
            panel.set(xticks=[], yticks=[], xlim=(-0.04, 1.04), ylim=(-room, room))
            panel.axhline(0, color=GRID, linewidth=0.8, zorder=0)
            panel.spines[:].set_visible(True)
            panel.spines[:].set_color("#b5b5b5")
    engine = figure.get_layout_engine()
    engine.set(wspace=0.45, hspace=0.4)
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
                below, "its\nvalues", (1, 1), (27, 10), xycoords="axes fraction", va="center",
                color=colors[t], linespacing=1,
            )  # fmt: skip
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
    chain : Chain
        Of that example.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.9)
    axes = figure.subplots()
    truth, samples = draw_samples(axes, example)
    fits = draw_fits(axes, example, chain)
    axes.set_ylabel("function value $f_t(x)$")
    if len(fits) <= 6:
        handles = [samples, truth, *fits]
        axes.legend(handles, [h.get_label() for h in handles], loc="upper right", borderpad=0)
    else:
        axes.legend(loc="upper right", handles=[samples, truth], borderpad=0)
        label_rounds(figure, axes, len(fits))
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
    """
    points = grid_points()
    # An eigenvector has no sign of its own: all of them start upwards here.
    vectors = chain.eigenvectors * np.sign(chain.eigenvectors[0])
    curves = cross(example, points) @ vectors / chain.eigenvalues
    figure = new_figure(3.4)
    panels = figure.subplots(1, len(directions), squeeze=False, sharey=True)[0]
    for axes, k in zip(panels, directions):
        axes.axhline(0, color=GRID, linewidth=0.8, zorder=0)
        axes.plot(points, curves[:, k], color=BLUE)
        axes.plot(example.x, vectors[:, k], "o", color=INK, markersize=5)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 1])
        axes.set_xlabel("input $x$")
        axes.set_title(f"$k = {k + 1}$")
    panels[0].set_ylabel("basis function $p_x[k]$")
    return figure


@book_figure
def compare_by_round(series, label, threshold=None):
    """Draw the course of one quantity over the rounds of several iterations.

    Parameters
    ----------
    series : dict of str to array_like, shape (n,)
        Name of each iteration, and its values at rounds 0, 1, ...
    label : str
        What is drawn, for the vertical axis.
    threshold : (str, float), optional
        Name and height of a level to mark.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.6)
    axes = figure.subplots()
    lines = [
        (axes.plot(values, marker + "-", color=color, linewidth=1.4, markersize=5)[0], name)
        for (name, values), (color, marker) in zip(series.items(), LOOKS)
    ]
    if threshold is not None:
        name, height = threshold
        mark_level(axes, height, name)
    axes.set_ylim(0, None)
    axes.set_xlabel("round $t$")
    axes.set_ylabel(label)
    whole_ticks(axes.xaxis)
    axes.legend(*zip(*lines), loc="best", borderpad=0)
    return figure
