"""The figures of the chapter on collapse: how many rounds there are."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from sdtutorial.plotting._parts import (
    descending,
    draw_bound,
    label_ends,
    mark_level,
    note,
    towards_interpolation,
    whole_ticks,
)
from sdtutorial.plotting._style import (
    BLUE,
    INK,
    MUTED,
    ROUNDS,
    VERMILLION,
    book_figure,
    new_figure,
    round_colors,
)


@book_figure
def norm_walk(norm_ratios, bounds, paper):
    """Draw the norm of the targets by round, and bounds on it.

    Parameters
    ----------
    norm_ratios : array_like, shape (T + 1,)
        r_0 ... r_T.
    bounds : dict of str to array_like, shape (T + 1,)
        Label of each bound, and its value at each round; NaN where it says nothing.
    paper : array_like, shape (T + 1,)
        The paper's lower bound, drawn in another colour down to where it says nothing more.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.8)
    axes = figure.subplots()
    rounds = np.arange(len(norm_ratios))
    axes.axhspan(-1, 1, color=MUTED, alpha=0.13, linewidth=0)
    middle = (0.5 * rounds[-1], 0.5)
    axes.text(*middle, "collapsed: $r_t \\leq 1$", color=MUTED, ha="center", va="center")
    labels = [(draw_bound(axes, rounds, values), label) for label, values in bounds.items()]
    paper = np.asarray(paper, dtype=float)
    said = rounds <= np.argmax(np.append(paper, 0.0) <= 1)
    labels.append((draw_bound(axes, rounds[said], paper[said], VERMILLION), "paper: at least"))
    (walk,) = axes.plot(rounds, norm_ratios, "o-", color=BLUE, clip_on=False, zorder=3)
    labels.append((walk, "$r_t$"))
    axes.set_xlim(0, rounds[-1])
    axes.set_ylim(-0.1 * max(norm_ratios), 1.08 * max(norm_ratios))
    axes.margins(x=0)
    whole_ticks(axes.xaxis)
    axes.set_xlabel("round $t$")
    axes.set_ylabel("norm of the targets $r_t$")
    label_ends(axes, labels)
    return figure


@book_figure
def walk_plane(chain):
    """Draw a chain in two directions as a walk with steps of one length along a smooth path.

    Each circle has the radius of a step and the targets of a round as its centre; the next targets
    lie on it. The thin line is the path exp(-s D^{-1}) z_0 that the walk follows as the tolerance
    falls. The chain ends inside the grey disc.

    Parameters
    ----------
    chain : Chain
        With two eigenvalues, both positive, and one label vector.

    Returns
    -------
    BookFigure

    Raises
    ------
    ValueError
        If the chain has not exactly two coordinates, or a zero eigenvalue.
    """
    if chain.coordinates.shape != (2,) or not (chain.eigenvalues > 0).all():
        raise ValueError(
            "walk_plane takes a chain with two positive eigenvalues and one label vector, not "
            f"coordinates of shape {chain.coordinates.shape} and eigenvalues {chain.eigenvalues}"
        )
    figure = new_figure(4.6)
    axes = figure.subplots()
    step = np.sqrt(2 * chain.tolerance)
    # Each coordinate has its own time scale; enough points on both.
    times = np.sort(np.outer(np.geomspace(1e-4, 30, 300), chain.eigenvalues), axis=None)
    path = np.exp(-times[:, None] / chain.eigenvalues) * chain.coordinates
    (smooth,) = axes.plot(*path.T, color=INK, linewidth=1.1)
    axes.add_patch(Circle((0, 0), step, color=MUTED, alpha=0.18, linewidth=0))
    walk = chain.target_coordinates
    for t, color in enumerate(round_colors(chain.rounds)):
        axes.add_patch(Circle(walk[t], step, fill=False, color=color, alpha=0.35, linewidth=1))
        axes.annotate(
            "",
            walk[t + 1],
            walk[t],
            arrowprops={
                "arrowstyle": "-|>,head_length=0.5,head_width=0.25",
                "color": color,
                "linewidth": 2,
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )
        axes.plot(*walk[t], "o", color=color)
    axes.plot(*walk[-1], "o", color=MUTED)
    note(axes, "$z_0$", walk[0], (8, 0), va="center")
    axes.set_aspect("equal")
    axes.autoscale_view()
    figure.legend(
        [Line2D([], [], color=ROUNDS(0.4), marker="o"), smooth, Circle((0, 0), color="#d0d0d0")],
        ["rounds, equal steps", r"path as $\varepsilon$ falls", "collapsed"],
        loc="outside right center",
    )
    axes.set_xlabel("$z[1]$, smaller eigenvalue")
    axes.set_ylabel("$z[2]$, larger eigenvalue")
    return figure


@book_figure
def rounds_limit(tolerances, ratios, limit, bounds):
    """Draw the rounds relative to the norm, T/r_0, which tend to an arc length as eps falls.

    Parameters
    ----------
    tolerances : array_like, shape (n,)
    ratios : array_like, shape (n,)
        T/r_0 for each tolerance.
    limit : float
        The arc length of the path divided by the norm of the labels.
    bounds : dict of str to array_like, shape (n,)
        Label of each bound on T/r_0, and its value for each tolerance; NaN where it says nothing.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.8)
    axes = figure.subplots()
    tolerances, ratios, *heights = descending(tolerances, ratios, *bounds.values())
    mark_level(axes, limit, f"arc length over norm: {limit:.4f}", share=0.62)
    labels = [(draw_bound(axes, tolerances, h), name) for name, h in zip(bounds, heights)]
    (dots,) = axes.plot(tolerances, ratios, "o", color=BLUE, markersize=4, clip_on=False)
    labels.append((dots, "$T / r_0$"))
    towards_interpolation(axes, tolerances)
    axes.margins(y=0.12)
    axes.set_ylabel("rounds over norm $T / r_0$")
    label_ends(axes, labels)
    return figure
