"""The figures of the chapter on collapse: how many rounds there are."""

import numpy as np

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
    MUTED,
    VERMILLION,
    book_figure,
    new_figure,
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
