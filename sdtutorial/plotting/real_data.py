"""The figures of the chapter on real data: risks over splits, and classes that collapse."""

import numpy as np

from sdtutorial.plotting._labels import label_lines
from sdtutorial.plotting._parts import draw_bound, looks, whole_ticks
from sdtutorial.plotting._style import BLUE, GREEN, MUTED, book_figure, new_figure, round_colors


@book_figure
def risk_over_splits(cases):
    """Draw the risk of every round on new points, over splits, and that of a tuned ridge fit.

    Parameters
    ----------
    cases : dict of str to (risk, ridge)
        Title of each panel, the risk of every split and round (S, T), and of the ridge fit (S,).

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.7)
    panels = figure.subplots(1, len(cases), squeeze=False)[0]
    for axes, (title, (risk, ridge)) in zip(panels, cases.items()):
        risk, ridge = np.asarray(risk), np.asarray(ridge)
        rounds = np.arange(risk.shape[1])
        axes.fill_between(rounds, risk.min(axis=0), risk.max(axis=0), color=BLUE, alpha=0.2, lw=0)
        (line,) = axes.plot(rounds, risk.mean(axis=0), color=BLUE, linewidth=1.4)
        axes.scatter(rounds, risk.mean(axis=0), 45, color=round_colors(len(rounds)), zorder=3)
        axes.axhspan(ridge.min(), ridge.max(), color=GREEN, alpha=0.2, linewidth=0)
        level = axes.axhline(ridge.mean(), color=GREEN, linestyle="--", linewidth=1.6)
        axes.set_title(title)
        axes.set_ylim(0, 1.05 * risk.max())
        axes.set_xlabel("round $t$")
        whole_ticks(axes.xaxis)
    panels[0].set_ylabel("risk on new points")
    panels[-1].legend([line, level], ["chain", "tuned ridge fit"], loc="upper right")
    return figure


@book_figure
def classes_by_round(sizes, rounds, least, found):
    """Draw how long each class lasts, and what share of some classes each round still finds.

    Parameters
    ----------
    sizes : array_like, shape (Q,)
        Training points of each class.
    rounds : array_like of int, shape (Q,)
        Rounds of each class before its collapse.
    least : array_like of int, shape (Q,)
        A lower bound on these.
    found : dict of str to array_like, shape (T,)
        Name of a class, at most four, and the share of its new points that each round finds.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.6)
    lasting, finding = figure.subplots(1, 2)
    draw_bound(lasting, sizes, least)
    lasting.plot(sizes, rounds, "o", color=BLUE, markersize=8)
    lasting.set_ylim(0, np.max(rounds) + 1)
    lasting.set_xlabel("training points of the class")
    lasting.set_ylabel("rounds before collapse")
    whole_ticks(lasting.yaxis)
    lines = []
    for (name, shares), (color, marker, dashes) in zip(found.items(), looks(len(found))):
        (line,) = finding.plot(shares, marker + dashes, color=color, linewidth=1.4, markersize=5)
        lines.append((line, name))
    finding.axhline(0, color=MUTED, linewidth=0.8)
    finding.set_xlabel("round $t$")
    finding.set_ylabel("share of the class that is found")
    whole_ticks(finding.xaxis)
    label_lines(finding, lines)
    return figure
