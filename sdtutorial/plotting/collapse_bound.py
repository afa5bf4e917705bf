"""The figures of the chapter on collapse: how many rounds there are."""

import numpy as np
from matplotlib.patches import Circle

from sdtutorial.plotting._labels import label_ends, label_lines, note
from sdtutorial.plotting._parts import (
    descending,
    draw_bounds,
    draw_curve,
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
    book_figure,
    new_figure,
    round_colors,
)


@book_figure
def norm_walk(norm_ratios, bounds, paper_bounds=None):
    """Draw the norm of the targets by round, and bounds on it.

    Parameters
    ----------
    norm_ratios : array_like, shape (T + 1,)
        r_0 ... r_T.
    bounds : dict of str to array_like, shape (T + 1,)
        Label of each bound, and its value at each round; NaN where it says nothing.
    paper_bounds : dict of str to array_like, shape (T + 1,), optional
        The same for the bounds that the paper states.

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
    bounds, paper_bounds = (
        {name: _until_nothing(values) for name, values in (some or {}).items()}
        for some in (bounds, paper_bounds)
    )
    named = draw_bounds(axes, rounds, bounds, paper_bounds)
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


def _until_nothing(values):
    """Leave out what follows the first value that is not positive: no norm is below it."""
    values = np.array(values, dtype=float)
    values[1:][np.logical_or.accumulate(values <= 0)[:-1]] = np.nan
    return values


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
def rounds_against_tolerance(tolerances, rounds, bounds, paper_bounds=None):
    """Draw how many rounds there are before collapse against the tolerance, and bounds on it.

    Above on a logarithmic axis, below as multiples of the number of rounds, where bounds that are
    close to it can be told apart.

    Parameters
    ----------
    tolerances : array_like, shape (n,)
    rounds : array_like, shape (n,)
        T for each tolerance.
    bounds : dict of str to array_like, shape (n,)
        Label of each bound, and its value for each tolerance; NaN where it says nothing.
    paper_bounds : dict of str to array_like, shape (n,), optional
        The same for the bounds that the paper states.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(6.0)
    axes, close = figure.subplots(2, 1, sharex=True, height_ratios=(1.7, 1))
    arrays = [rounds, *bounds.values(), *(paper_bounds or {}).values()]
    tolerances, rounds, *heights = descending(tolerances, *arrays)
    bounds = dict(zip(bounds, heights))
    paper_bounds = dict(zip(paper_bounds or {}, heights[len(bounds) :]))
    named = draw_bounds(axes, tolerances, bounds, paper_bounds)
    named.append((draw_curve(axes, tolerances, rounds, color=BLUE), "rounds $T$"))
    axes.set_yscale("log")
    axes.set_ylabel("rounds before collapse")
    mark_level(axes, 1, "one round", (4, -4), share=0, ha="left", va="top")

    times = np.where(rounds > 0, rounds, np.nan)
    named_below = draw_bounds(
        close,
        tolerances,
        {name: height / times for name, height in bounds.items()},
        {name: height / times for name, height in paper_bounds.items()},
    )
    draw_curve(close, tolerances, rounds / times, color=BLUE)
    close.set_ylim(0, 2)
    close.set_ylabel("as multiples of $T$")
    towards_interpolation(close, tolerances)
    label_ends(axes, named)
    label_lines(close, [(line, name) for line, name in named_below if _is_close(line)])
    return figure


def _is_close(line):
    """Whether most of a line of multiples can be seen: it then gets its name a second time."""
    return np.mean(np.abs(line.get_ydata() - 1.05) < 0.9) > 0.5


@book_figure
def rounds_limit(tolerances, ratios, limit):
    """Draw the rounds relative to the norm, T/r_0, which tend to an arc length as eps falls.

    Parameters
    ----------
    tolerances : array_like, shape (n,)
    ratios : array_like, shape (n,)
        T/r_0 for each tolerance.
    limit : float
        The arc length of the path divided by the norm of the labels.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.6)
    axes = figure.subplots()
    tolerances, ratios = descending(tolerances, ratios)
    axes.axhline(limit, color=BLUE, linestyle="--", linewidth=1.6)
    axes.plot(tolerances, ratios, "o-", color=BLUE, clip_on=False)
    towards_interpolation(axes, tolerances)
    axes.margins(y=0.15)
    axes.set_ylabel("rounds over norm $T / r_0$")
    note(
        axes, f"arc length over norm: {limit:.4f}", (0, limit), (4, 6),
        xycoords=("axes fraction", "data"), ha="left", color=BLUE,
    )  # fmt: skip
    return figure
