"""The figures of the chapter on the filters, which become sparse."""

import numpy as np
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from sdtutorial.plotting._labels import label_ends, label_points, note
from sdtutorial.plotting._parts import (
    descending,
    draw_bounds,
    draw_curve,
    draw_rounds,
    label_rounds,
    powers_of_ten,
    towards_interpolation,
)
from sdtutorial.plotting._style import BLUE, book_figure, new_figure, round_colors


@book_figure
def filters_by_round(chain, rounds=None):
    """Draw the filters of a chain against the eigenvalues, as powers of ten, however deep.

    Parameters
    ----------
    chain : Chain
        For one label vector.
    rounds : sequence of int, optional
        The rounds to draw; without it, all.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.9)
    axes = figure.subplots()
    shown = range(chain.rounds) if rounds is None else rounds
    colors = round_colors(chain.rounds)
    reached = chain.eigenvalues > 0
    lines = [
        axes.plot(
            chain.eigenvalues[reached],
            chain.log_filters[t][reached] / np.log(10),
            "o-",
            color=colors[t],
            linewidth=1.6,
            markersize=4.5 if len(shown) <= 12 else 0,
        )[0]
        for t in shown
    ]
    axes.set_xscale("log")
    axes.set_xlabel("eigenvalue $d_k$")
    axes.set_ylabel("filter $B_t[k]$")
    powers_of_ten(axes.yaxis)
    label_rounds(figure, axes, lines, shown, chain.rounds)
    return figure


@book_figure
def sparsity_growth(tolerances, log_ratios, lower, upper, index_limit):
    """Draw how far one direction outlives another at the last round, as the tolerance falls.

    Parameters
    ----------
    tolerances : array_like, shape (n,)
    log_ratios : array_like, shape (n,)
        Natural logarithm of B_{T-1}[k]/B_{T-1}[j] for each tolerance.
    lower, upper : array_like, shape (n,)
        Bounds on it; NaN where there is none.
    index_limit : float
        Natural logarithm of the limit of the paper's sparsity index (Theorem 6).

    Returns
    -------
    BookFigure
    """
    figure = new_figure(4.0)
    axes = figure.subplots()
    tolerances, log_ratios, lower, upper = descending(tolerances, log_ratios, lower, upper)
    axes.fill_between(tolerances, lower, upper, color=BLUE, alpha=0.1, linewidth=0)
    bounds = {"upper bound": upper, "lower bound": lower}
    limit = {"limit of the\npaper's index": np.full(len(tolerances), index_limit)}
    high, low, index = draw_bounds(axes, tolerances, bounds, limit)
    line = draw_curve(axes, tolerances, log_ratios, color=BLUE)
    towards_interpolation(axes, tolerances)
    axes.set_ylabel(r"log-ratio $\ln(B_{T-1}[k] \,/\, B_{T-1}[j])$")
    label_ends(axes, [high, (line, "the chain"), low, index])
    return figure


@book_figure
def early_stopping(residuals, ratios, round_residuals, round_ratios, limit):
    """Draw the sparsity of one looser fit, which has a limit, and of rounds, which has none.

    Parameters
    ----------
    residuals : array_like, shape (n,)
        Mean squared residuals of single fits, that is, their tolerances.
    ratios : array_like, shape (n,)
        B_0[k]/B_0[j] of each.
    round_residuals : array_like, shape (T,)
        Mean squared distance of each round's fit from the labels y_0.
    round_ratios : array_like, shape (T,)
        B_t[k]/B_t[j] of each round.
    limit : float
        d_k/d_j, which no single fit exceeds.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.9)
    axes = figure.subplots()
    axes.set_yscale("log")
    draw_curve(axes, residuals, ratios, color=BLUE)
    axes.axhline(limit, color=BLUE, linestyle="--", linewidth=1.6)
    for text, height, offset in (
        ("limit of one fit, $d_k / d_j$", limit, 6),
        ("one looser fit", ratios[-1], -17),
    ):
        note(
            axes, text, (1, height), (-2, offset), xycoords=("axes fraction", "data"),
            color=BLUE, ha="right",
        )  # fmt: skip
    draw_rounds(axes, round_residuals, round_ratios, len(round_ratios))
    axes.set_ylim(bottom=min(0.97, axes.get_ylim()[0]))  # one: no direction outlives the other
    _plain_ticks(axes.yaxis, *axes.get_ylim())
    axes.set_xlabel("mean squared distance from the labels $y_0$")
    axes.set_ylabel("ratio $B_t[k] \\,/\\, B_t[j]$ (log scale)")
    names = [f"round {t}" for t in range(len(round_ratios))]
    label_points(axes, list(zip(round_residuals, round_ratios)), names, round_colors(len(names)))
    return figure


def _plain_ticks(axis, low, high):
    """Write round numbers on a logarithmic axis, at most seven of them."""
    numbers = [digit * 10.0**power for power in range(-9, 10) for digit in (1, 1.5, 2, 3, 5)]
    inside = [number for number in numbers if low <= number <= high]
    axis.set_major_locator(FixedLocator(inside[:: 1 + len(inside) // 8]))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_locator(NullLocator())
