"""The figures of the chapter on the paper's own example."""

import numpy as np

from sdtutorial import notebook
from sdtutorial.plotting._labels import label_ends, label_points
from sdtutorial.plotting._parts import (
    colour_bar,
    draw_errors,
    grid_points,
    looks,
    powers_of_ten,
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
def risk_by_round(study, same_scale_as=None):
    """Draw the mean risk by round for a few tolerances against the best that one fit can do.

    Parameters
    ----------
    study : RiskStudy
        Of `sdtutorial.examples.risk_study`.
    same_scale_as : RiskStudy, optional
        Another study, whose figure has the same vertical axis.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(4.2)
    axes = figure.subplots()
    rounds = np.arange(study.risk.shape[1])
    labels = []
    for tolerance, risk, error, (color, marker, dash) in zip(
        study.tolerances, study.risk, study.standard_error, looks(len(study.risk))
    ):
        line = axes.errorbar(
            rounds, risk, error, color=color, marker=marker, linestyle=dash, capsize=3,
            elinewidth=1.2,
        )[0]  # fmt: skip
        labels.append((line, rf"rounds, $\varepsilon = {tolerance:g}$"))
    ends = [-0.2, rounds[-1] + 0.1]
    for text, risk, dashes in (
        ("one fit, best $\\varepsilon$", study.best_tolerance_risk, (0, (5, 2))),
        ("one fit, best $c$", study.best_multiplier_risk, (0, (1.5, 1.5))),
    ):
        (line,) = axes.plot(ends, [risk, risk], color=MUTED, linewidth=1.6, linestyle=dashes)
        labels.append((line, text))
    axes.set_xlim(ends)
    both = [study] if same_scale_as is None else [study, same_scale_as]
    axes.set_ylim(0, 1.06 * max(np.max(some.risk) for some in both))
    whole_ticks(axes.xaxis)
    axes.set_xlabel("round $t$")
    axes.set_ylabel("mean squared error to the truth")
    label_ends(axes, labels)
    return figure
