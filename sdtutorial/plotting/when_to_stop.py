"""The figures of the chapter on stopping: estimates of the risk, and degrees of freedom."""

import numpy as np

from sdtutorial.plotting._labels import label_ends, note
from sdtutorial.plotting._parts import draw_bound, whole_ticks
from sdtutorial.plotting._style import (
    BLUE,
    INK,
    MUTED,
    PURPLE,
    book_figure,
    new_figure,
    round_colors,
)


@book_figure
def risk_estimates(cases):
    """Draw the risk of every round among its estimates from single draws of the noise.

    Parameters
    ----------
    cases : dict of str to (risk, estimates)
        Title of each panel, the mean risk (T,), and the estimates of Q draws (T, Q).

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.7)
    panels = figure.subplots(1, len(cases), squeeze=False)[0]
    for axes, (title, (risk, estimates)) in zip(panels, cases.items()):
        rounds = np.arange(len(risk))
        low, high = np.quantile(estimates, [0.05, 0.95], axis=1)
        axes.fill_between(rounds, low, high, color=BLUE, alpha=0.18, linewidth=0)
        for estimate in np.transpose(estimates)[:6]:
            axes.plot(rounds, estimate, color=BLUE, linewidth=0.8, alpha=0.8)
            best = np.argmin(estimate)
            axes.plot(best, estimate[best], "v", color=BLUE, markersize=6)
        axes.plot(rounds, risk, color=INK, linewidth=2.2)
        best = np.argmin(risk)
        axes.plot(best, risk[best], "o", color=INK, markersize=9, zorder=4)
        axes.set_title(title)
        axes.set_xlabel("round $t$")
        whole_ticks(axes.xaxis)
    panels[0].set_ylabel("in-sample risk")
    return figure


@book_figure
def walkers(places, left):
    """Draw coupled walkers, one from every direction: who has met stays together.

    Parameters
    ----------
    places : array_like of int, shape (T + 1, K)
        Where each walker stands; row 0 is 0 ... K - 1, smallest eigenvalue first.
    left : array_like of bool, shape (T, K)
        Whether it left in the round, both as of `sdtutorial.generalization.coupled_walkers`.

    Returns
    -------
    BookFigure
    """
    places, left = np.asarray(places), np.asarray(left)
    rounds, size = left.shape
    back = (places[-1] == places[0]) & left.any(axis=0)
    figure = new_figure(4.2)
    axes = figure.subplots()
    for t in range(rounds):
        if left[t].any():
            top = places[t][left[t]].max() + 0.5
            axes.fill_between([t, t + 1], -0.5, top, color=MUTED, alpha=0.13, linewidth=0)
    for walker in [*np.flatnonzero(~back), *np.flatnonzero(back)]:
        color = PURPLE if back[walker] else BLUE
        width = 3 if back[walker] else 1.4
        axes.plot(places[:, walker], color=color, linewidth=width, zorder=2 + back[walker])
    for t in range(rounds + 1):
        spots = np.unique(places[t])
        axes.plot(np.full(len(spots), t), spots, "o", color=BLUE, markersize=5, zorder=4)
    for walker in np.flatnonzero(back):
        ends = [walker, walker]
        axes.plot([0, rounds], ends, "o", color=PURPLE, markersize=9, zorder=5)
    axes.set_xticks(range(rounds + 1), ["start", *(f"after {t}" for t in range(rounds))])
    axes.set_yticks(range(size), range(1, size + 1))
    axes.set_xlim(-0.15, rounds + 0.15)
    axes.set_ylim(-0.5, size - 0.5)
    axes.set_xlabel("round")
    axes.set_ylabel("direction $k$, smallest eigenvalue first")
    return figure


@book_figure
def freedom_by_round(freedom, bounds):
    """Draw the degrees of freedom of every round between bounds on them.

    Parameters
    ----------
    freedom : array_like, shape (T,)
    bounds : dict of str to array_like, shape (T,)
        Label of each bound, and its value in every round.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.8)
    axes = figure.subplots()
    rounds = np.arange(len(freedom))
    labels = [(draw_bound(axes, rounds, values), name) for name, values in bounds.items()]
    (line,) = axes.plot(rounds, freedom, color=BLUE, linewidth=1.6)
    axes.scatter(rounds, freedom, 60, color=round_colors(len(rounds)), zorder=3)
    labels.append((line, r"$\mathrm{df}_t$"))
    axes.set_ylim(0, None)
    axes.set_xlabel("round $t$")
    axes.set_ylabel("degrees of freedom")
    whole_ticks(axes.xaxis)
    label_ends(axes, labels)
    return figure


@book_figure
def freedom_that_rises(times, freedom):
    """Draw the degrees of freedom along a path, and its dip and rise enlarged.

    Parameters
    ----------
    times : array_like, shape (n,)
        Ascending.
    freedom : array_like, shape (n,)
        With an inner minimum, after which it rises.

    Returns
    -------
    BookFigure

    Raises
    ------
    ValueError
        If it never rises.
    """
    times, freedom = np.asarray(times, dtype=float), np.asarray(freedom, dtype=float)
    if not (np.diff(freedom) > 0).any():
        raise ValueError("freedom must rise somewhere: what is enlarged is its dip")
    figure = new_figure(3.4)
    whole, dip = figure.subplots(1, 2)
    lowest = int(np.argmax(np.diff(freedom) > 0))
    around = (times > 0.9 * times[lowest]) & (times < 1.25 * times[lowest])
    for axes in (whole, dip):
        axes.plot(times, freedom, color=BLUE)
        axes.plot(times[lowest], freedom[lowest], "o", color=PURPLE)
        axes.set_xlabel("time $s$ along the path")
    whole.set_ylabel("degrees of freedom")
    whole.set_ylim(0, None)
    dip.set_xlim(times[around][[0, -1]])
    span = np.ptp(freedom[around])
    dip.set_ylim(freedom[lowest] - 0.1 * span, freedom[around].max() + 0.1 * span)
    dip.ticklabel_format(useOffset=False)
    note(dip, "enlarged", (0.5, 1), (0, -14), xycoords="axes fraction", ha="center", color=MUTED)
    return figure
