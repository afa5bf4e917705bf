"""The figures of the chapter on the paper's own example."""

import numpy as np

from sdtutorial import notebook
from sdtutorial.plotting._labels import label_points
from sdtutorial.plotting._parts import (
    colour_bar,
    descending,
    draw_curve,
    draw_errors,
    grid_points,
    label_rounds,
    mark_level,
    powers_of_ten,
    towards_interpolation,
    whole_ticks,
)
from sdtutorial.plotting._style import (
    BLUE,
    GRID,
    INK,
    book_figure,
    new_figure,
    round_colors,
)


@book_figure
def error_by_round(errors):
    """Draw the error of each round: it falls, rises, and ends at that of the zero function.

    Parameters
    ----------
    errors : array_like, shape (T + 1,)
        Squared distance of each fit from the truth, integrated over [0, 1]; the last entry
        belongs to the zero function, with which the chain ends.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.5)
    axes = figure.subplots()
    draw_errors(axes, errors)
    last = len(errors) - 1
    if last <= 8:
        axes.set_xticks(range(last + 1), [*range(last), "zero\nfunction"])
    else:
        whole_ticks(axes.xaxis)
    axes.set_xlabel("round $t$")
    axes.set_ylabel("squared error to the truth")
    if last <= 8:
        numbers = [f"{error:.3f}" for error in errors]
        label_points(axes, list(enumerate(errors)), numbers, [INK] * len(numbers))
    return figure


@book_figure
def filter_bars(chain, log=True):
    """Draw the diagonal of B_t for every round, side by side (Fig. 2d).

    On the logarithmic axis the bars hang from one, where nothing is lost: the length of a bar is
    the number of powers of ten that a direction has lost.

    Parameters
    ----------
    chain : Chain
        For one label vector, with few enough rounds to tell bars apart.
    log : bool
        Whether the axis is logarithmic. On a linear one the small entries cannot be seen.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.9)
    axes = figure.subplots()
    filters = chain.log_filters / np.log(10) if log else chain.filters
    rounds, size = filters.shape
    width = 0.84 / rounds
    for t, color in enumerate(round_colors(rounds)):
        middles = np.arange(1, size + 1) + width * (t - (rounds - 1) / 2)
        reached = chain.eigenvalues > 0
        axes.bar(
            middles[reached], filters[t][reached], 0.9 * width, color=color, label=f"round {t}"
        )
    if log:
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_ylim(top=0.02 * np.ptp(axes.get_ylim()))
        powers_of_ten(axes.yaxis)
    axes.set_xlim(0.4, size + 0.6)
    if size <= 12:
        axes.set_xticks(range(1, size + 1))
    axes.grid(axis="x", visible=False)
    axes.set_xlabel("direction $k$, smallest eigenvalue first")
    axes.set_ylabel("filter $B_t[k]$")
    if rounds <= 6:
        axes.legend(
            loc="lower left", bbox_to_anchor=(-0.02, 1), ncols=4, borderpad=0.2, columnspacing=1
        )
    else:
        colour_bar(figure, axes, rounds)
    return figure


@book_figure
def sine_eigenvectors(points, eigenvectors, eigenvalues, truth=None):
    """Draw the eigenvectors of G over the sampled sines that they are.

    Parameters
    ----------
    points : array_like, shape (K,)
        Inside (0, 1), evenly spaced.
    eigenvectors : array_like, shape (K, K)
        One a column.
    eigenvalues : array_like, shape (K,)
        Ascending; the largest is drawn first.
    truth : int, optional
        The number m of the sine that is the truth, counted from the largest eigenvalue, from 1.

    Returns
    -------
    BookFigure
    """
    eigenvectors = np.asarray(eigenvectors, dtype=float)
    size = len(points)
    columns = int(np.ceil(np.sqrt(size)))
    rows = -(-size // columns)
    figure = new_figure(0.5 + 1.35 * rows)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    fine = grid_points()
    height = np.sqrt(2 / (size + 1))  # the norm of the sampled sine is 1 / height
    for m, panel in enumerate(panels.flat, start=1):
        if m > size:
            panel.set_visible(False)
            continue
        vector = eigenvectors[:, size - m]
        # An eigenvector has no sign of its own: take the one of the sine.
        sign = 1 if vector @ np.sin(m * np.pi * np.asarray(points)) >= 0 else -1
        panel.axhline(0, color=GRID, linewidth=0.8)
        panel.plot(fine, height * np.sin(m * np.pi * fine), color=INK, linewidth=1.1)
        panel.plot(points, sign * vector, "o", color=BLUE, markersize=4.5)
        value = notebook.scientific(eigenvalues[size - m], 2, tex=True)
        panel.set_title(f"$m = {m},\\ d = {value}$", fontsize="medium" if size < 5 else 11.5)
        if m == truth:
            panel.set_title(f"$m = {m}$, the truth", color=BLUE, fontsize=11.5)
            panel.spines[:].set(visible=True, color=BLUE, linewidth=2)
        panel.grid(visible=False)
        panel.set_xticks([0, 1])
        panel.set_yticks([])
    figure.supxlabel("input $x$", fontsize=12)
    return figure


@book_figure
def risk_by_tolerance(study):
    """Draw the mean risk of each round against the tolerance, and the best that one penalty can do.

    Parameters
    ----------
    study : RiskStudy
        Of `sdtutorial.risk.risk_study`.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(4.2)
    axes = figure.subplots()
    tolerances, *curves = descending(study.tolerances, *study.risk.T)
    colors = round_colors(len(curves))
    lines = [draw_curve(axes, tolerances, risk, color=c) for risk, c in zip(curves, colors)]
    for risk, color in zip(curves, colors):
        axes.plot(tolerances[risk.argmin()], risk.min(), "o", color=color)
    mark_level(axes, study.best_penalty_errors.mean(), "one fit, best $c$", (0, -16))
    towards_interpolation(axes, tolerances)
    axes.set_ylim(0, 2.5 * study.risk.min())
    axes.set_ylabel("risk")
    label_rounds(figure, axes, lines)
    return figure
