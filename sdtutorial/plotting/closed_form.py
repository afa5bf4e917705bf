"""The figures of the chapter on the closed form of one fit."""

import numpy as np

from sdtutorial import _checks, regression
from sdtutorial.plotting._labels import label_lines, note
from sdtutorial.plotting._parts import grid_points, mark_level, spread
from sdtutorial.plotting._style import BLUE, INK, MUTED, book_figure, new_figure


@book_figure
def green_function(kernel, centres=(0.2, 0.5, 0.8)):
    """Draw the Green's function of a kernel on [0, 1] around a few points (Fig. 2a).

    Parameters
    ----------
    kernel : callable
        ``kernel(x, t)`` for points (n,) and (m,) returns (n, m).
    centres : sequence of float
        The points t at which the functions x -> g(x, t) are centred.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.4)
    axes = figure.subplots()
    points = grid_points()
    values = kernel(points, np.asarray(centres, dtype=float))
    named = []
    dashes = ["-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1, 1.5))]
    for column, (centre, curve) in enumerate(zip(centres, values.T)):
        dash = dashes[column % len(dashes)]
        (line,) = axes.plot(points, curve, color=BLUE, linestyle=dash)
        axes.plot(centre, kernel(np.array([centre]), np.array([centre]))[0], "o", color=BLUE)
        named.append((line, f"$t = {centre:g}$"))
    axes.set_xlim(0, 1)
    axes.set_ylim(min(0, 1.1 * values.min()), 1.15 * values.max())
    axes.set_xlabel("input $x$")
    axes.set_ylabel("Green's function $g(x, t)$")
    label_lines(axes, named)
    return figure


@book_figure
def shrink_factors(eigenvalues, multiplier):
    """Draw what one fit keeps of each direction, d/(c + d), against the eigenvalue d.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Not negative. Zeros cannot stand on a logarithmic axis, and are left out.
    multiplier : float
        c, where the factor is one half.

    Returns
    -------
    BookFigure

    Raises
    ------
    TypeError, ValueError
        If c is not a positive, finite number, or no eigenvalue is positive.
    """
    multiplier = _checks.positive_number("multiplier", multiplier)
    eigenvalues = np.asarray(eigenvalues, dtype=float)
    eigenvalues = eigenvalues[eigenvalues > 0]
    if not eigenvalues.size:
        raise ValueError("eigenvalues must hold a positive one")
    figure = new_figure(3.6)
    axes = figure.subplots()
    ends = min(eigenvalues.min(), multiplier) / 2, max(eigenvalues.max(), multiplier) * 2
    between = np.geomspace(*ends, 200)
    axes.plot(between, regression.shares_kept(between, multiplier), color=BLUE, linewidth=1.2)
    axes.plot(eigenvalues, regression.shares_kept(eigenvalues, multiplier), "o", color=BLUE)
    axes.axvline(multiplier, color=MUTED, linewidth=1.2)
    for text, side, height, color in (
        ("multiplier $c$", -6, 0.97, MUTED),
        ("mostly lost", -6, 0.6, INK),
        ("mostly kept", 6, 0.3, INK),
    ):
        note(
            axes, text, (multiplier, height), (side, 0), xycoords=("data", "axes fraction"),
            ha="right" if side < 0 else "left", va="top", color=color,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(*ends)
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("eigenvalue $d_k$")
    axes.set_ylabel("share kept, $d_k / (c + d_k)$")
    return figure


@book_figure
def residual_curve(multipliers, residuals, tolerance, root, brackets):
    """Draw the residual against the multiplier, its root, and brackets that hold the root.

    Parameters
    ----------
    multipliers : array_like, shape (n,)
        Increasing values of c.
    residuals : array_like, shape (n,)
        (1/K) ||f_c - y||^2 for each.
    tolerance : float
        The residual wanted.
    root : float
        The multiplier that has it.
    brackets : dict of str to (float, float)
        Label of each bracket, and its two ends.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(4.0)
    axes, strip = figure.subplots(
        2, 1, sharex=True, height_ratios=(3.2, 0.5 + 0.45 * len(brackets))
    )
    axes.plot(multipliers, residuals, color=BLUE)
    mark_level(axes, tolerance, r"tolerance $\varepsilon$", share=0.985)
    axes.plot(root, tolerance, "o", color=INK, markersize=8, zorder=4)
    note(axes, "root", (root, tolerance), (-8, 7), ha="right")
    axes.set_xscale("log")
    axes.set_xlim(*spread(np.min(multipliers), np.max(multipliers)))
    axes.set_ylim(0, 1.08 * max(np.nanmax(residuals), tolerance))
    axes.set_ylabel(r"residual $\|f_c - y\|^2 / K$")
    for height, (lower, upper) in enumerate(reversed(brackets.values())):
        strip.plot([lower, upper], [height, height], "|-", color=BLUE, markersize=12)
    strip.set_yticks(range(len(brackets)), list(reversed(brackets)))
    strip.set_ylim(-0.7, len(brackets) - 0.3)
    strip.grid(axis="y", visible=False)
    strip.spines["left"].set_visible(False)
    strip.tick_params(axis="y", length=0)
    strip.set_xlabel("multiplier $c$")
    for panel in (axes, strip):
        panel.axvline(root, color=INK, linewidth=0.9, linestyle=(0, (2, 2)))
    return figure
