"""The figures of the chapter on collapse: how many rounds there are."""

import numpy as np
from matplotlib.patches import Circle

from sdtutorial.plotting._labels import label_ends, label_lines, note
from sdtutorial.plotting._parts import (
    descending,
    draw_bound,
    draw_bounds,
    draw_rounds,
    mark_level,
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
    refuse_given_multiplier,
    round_colors,
)


@book_figure
def norm_walk(norm_ratios, bounds, paper=None):
    """Draw the norm of the targets by round, and bounds on it.

    Parameters
    ----------
    norm_ratios : array_like, shape (T + 1,)
        r_0 ... r_T.
    bounds : dict of str to array_like, shape (T + 1,)
        Label of each bound, and its value at each round; NaN where it says nothing.
    paper : array_like, shape (T + 1,), optional
        The paper's lower bound, drawn in another colour down to where it says nothing more.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(4.0)
    axes = figure.subplots()
    norm_ratios = np.asarray(norm_ratios, dtype=float)
    rounds = np.arange(len(norm_ratios))
    last = max(rounds[-1], 0.5)
    axes.axhspan(-1, 1, color=MUTED, alpha=0.13, linewidth=0)
    named = draw_bounds(axes, rounds, bounds, None)
    if paper is not None:
        paper = np.asarray(paper, dtype=float)
        said = rounds <= np.argmax(np.append(paper, 0.0) <= 1)  # no chain comes below one
        bound = draw_bound(axes, rounds[said], paper[said], VERMILLION)
        named.append((bound, "the paper:\nat least"))
    draw_rounds(axes, rounds, norm_ratios, rounds[-1])
    axes.set_xlim(-0.03 * last, 1.03 * last)
    axes.set_ylim(0, 1.08 * np.nanmax(norm_ratios))
    whole_ticks(axes.xaxis)
    axes.set_xlabel("round $t$")
    axes.set_ylabel("norm of the targets $r_t$")
    middle = (0.5 * last, 0.5)
    note(axes, "collapsed: $r_t \\leq 1$", middle, ha="center", va="center", color=MUTED)
    label_lines(axes, named)
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
        If the chain has not exactly two coordinates, a zero eigenvalue or no tolerance.
    """
    refuse_given_multiplier("walk_plane", chain)
    if chain.coordinates.shape != (2,) or not (chain.eigenvalues > 0).all():
        raise ValueError(
            "walk_plane takes a chain with two positive eigenvalues and one label vector, not "
            f"coordinates of shape {chain.coordinates.shape} and eigenvalues {chain.eigenvalues}"
        )
    figure = new_figure(5.2)
    axes = figure.subplots()
    step = np.sqrt(2 * chain.tolerance)
    # Each coordinate has its own time scale; enough points on both.
    times = np.sort(np.outer(np.geomspace(1e-4, 30, 300), chain.eigenvalues), axis=None)
    path = np.exp(-times[:, None] / chain.eigenvalues) * chain.coordinates
    axes.plot(*path.T, color=INK, linewidth=1.1)
    axes.add_patch(Circle((0, 0), step, color=MUTED, alpha=0.18, linewidth=0))
    walk = chain.target_coordinates
    (polygon,) = axes.plot(*walk.T, linewidth=0, color=ROUNDS(0.4))  # arrows are no line to label
    arrow = {"arrowstyle": "-|>,head_length=0.5,head_width=0.25", "linewidth": 2}
    for t, color in enumerate(round_colors(chain.rounds)):
        axes.add_patch(Circle(walk[t], step, fill=False, color=color, alpha=0.35, linewidth=1))
        arrow |= {"color": color, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", walk[t + 1], walk[t], arrowprops=arrow)
        axes.plot(*walk[t], "o", color=color)
    axes.plot(*walk[-1], "o", color=MUTED)
    axes.set_aspect("equal")
    axes.autoscale_view()
    axes.set_xlim(left=axes.get_xlim()[0] - step)  # room for the name of the path
    axes.set_xlabel("$z[1]$, smaller eigenvalue")
    axes.set_ylabel("$z[2]$, larger eigenvalue")
    note(axes, "$z_0$", walk[0], (8, 0), va="center")
    note(axes, "collapsed", (step, 0), (6, 0), va="center", color=MUTED)
    bend = path[np.argmax(path / chain.coordinates @ (-1, 1))]
    note(axes, "the path\nas $\\varepsilon$ falls", bend, (-8, 4), ha="right")
    label_lines(axes, [(polygon, "one arrow a round")])
    return figure


@book_figure
def rounds_limit(tolerances, ratios, limit, bounds=None):
    """Draw the rounds relative to the norm, T/r_0, which tend to an arc length as eps falls.

    Parameters
    ----------
    tolerances : array_like, shape (n,)
    ratios : array_like, shape (n,)
        T/r_0 for each tolerance.
    limit : float
        The arc length of the path divided by the norm of the labels.
    bounds : dict of str to array_like, shape (n,), optional
        Label of each bound on T/r_0, and its value for each tolerance; NaN where it says nothing.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(4.2)
    axes = figure.subplots()
    tolerances, ratios, *heights = descending(tolerances, ratios, *(bounds or {}).values())
    mark_level(axes, limit, f"arc length over norm: {limit:.4f}", share=0.62)
    named = draw_bounds(axes, tolerances, dict(zip(bounds or {}, heights)), None)
    (dots,) = axes.plot(tolerances, ratios, "o", color=BLUE, markersize=4, clip_on=False)
    towards_interpolation(axes, tolerances)
    axes.margins(y=0.12)
    axes.set_ylabel("rounds over norm $T / r_0$")
    label_ends(axes, [*named, (dots, "$T / r_0$")])
    return figure
