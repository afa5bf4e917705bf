"""The figures of the chapter on the filters, which become sparse."""

import numpy as np
from matplotlib.ticker import LogFormatter

from sdtutorial.plotting._parts import (
    descending,
    draw_bound,
    draw_rounds,
    label_ends,
    label_rounds,
    note,
    towards_interpolation,
)
from sdtutorial.plotting._style import BLUE, VERMILLION, book_figure, new_figure, round_colors


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
    figure = new_figure(3.8)
    axes = figure.subplots()
    shown = range(chain.rounds) if rounds is None else rounds
    colors = round_colors(chain.rounds)
    reached = chain.eigenvalues > 0
    for t in shown:
        axes.plot(
            chain.eigenvalues[reached],
            chain.log_filters[t][reached] / np.log(10),
            "o-",
            color=colors[t],
            linewidth=1.6,
            markersize=4.5 if len(shown) <= 12 else 0,
        )
    axes.set_xscale("log")
    axes.set_xlabel("eigenvalue $d_k$")
    axes.set_ylabel(r"power of ten of the filter, $\log_{10} B_t[k]$")
    label_rounds(figure, axes, chain.rounds, loc="lower right", borderpad=0)
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
    high = draw_bound(axes, tolerances, upper)
    (line,) = axes.plot(tolerances, log_ratios, color=BLUE)
    low = draw_bound(axes, tolerances, lower)
    (index,) = axes.plot(
        tolerances, np.full(len(tolerances), index_limit), color=VERMILLION, linewidth=1.6
    )
    towards_interpolation(axes, tolerances)
    axes.set_ylabel(r"log-ratio $\ln(B_{T-1}[k] \,/\, B_{T-1}[j])$")
    label_ends(
        axes,
        [
            (high, "upper bound"),
            (line, "the chain"),
            (low, "lower bound"),
            (index, "limit of the\npaper's index"),
        ],
    )
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
    figure = new_figure(3.8)
    axes = figure.subplots()
    axes.set_yscale("log")
    axes.plot(residuals, ratios, color=BLUE)
    axes.axhline(limit, color=BLUE, linestyle="--", linewidth=1.4)
    for text, height, offset in (
        ("limit of one fit, $d_k / d_j$", limit, 6),
        ("one looser fit", ratios[-1], -16),
    ):
        note(
            axes, text, (1, height), (-2, offset), xycoords=("axes fraction", "data"),
            color=BLUE, ha="right",
        )  # fmt: skip
    draw_rounds(axes, round_residuals, round_ratios, len(round_ratios))
    for t, color in enumerate(round_colors(len(round_ratios))):
        note(axes, f"round {t}", (round_residuals[t], round_ratios[t]), (9, -14), color=color)
    for formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        formatter(LogFormatter(minor_thresholds=(1.5, 0.6)))
    axes.set_xlabel("mean squared distance from the labels $y_0$")
    axes.set_ylabel("ratio $B_t[k] \\,/\\, B_t[j]$")
    return figure
