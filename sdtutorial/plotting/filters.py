"""Figures of the chapter on filters: what a method keeps, as a function of the eigenvalue."""

import numpy as np
from matplotlib.lines import Line2D

from sdtutorial.plotting._labels import note
from sdtutorial.plotting._parts import spread
from sdtutorial.plotting._style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    PURPLE,
    book_figure,
    new_figure,
    round_colors,
)

# Colour and dashes of up to five methods, apart without colour too.
_METHODS = [
    (MUTED, "-"),
    (GREEN, (0, (6, 2))),
    (PURPLE, (0, (1.5, 1.5))),
    (INK, "-"),
    (BLUE, (0, (5, 1.5, 1.5, 1.5))),
]
_MISSED = [(BLUE, "-"), (PURPLE, "-"), (GREEN, (0, (5, 2))), (INK, (0, (1.5, 1.5)))]


def _with_looks(curves, looks):
    """Yield name, values and look of each curve; none is left out in silence."""
    if len(curves) > len(looks):
        raise ValueError(f"at most {len(looks)} curves can be told apart here, not {len(curves)}")
    for (name, values), look in zip(curves.items(), looks):
        yield name, values, look


def _share_axes(figure, axis, eigenvalues=None):
    """Return axes for shares kept over a logarithmic axis, with ticks where eigenvalues lie."""
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_xlim(*spread(axis[0], axis[-1]))
    axes.set_ylim(-0.04, 1.04)
    axes.set_yticks([0, 0.5, 1])
    axes.set_ylabel(r"share kept, $\varphi(d)$")
    axes.set_xlabel("eigenvalue $d$")
    if eigenvalues is not None:
        axes.plot(eigenvalues, np.full(len(eigenvalues), -0.04), "|", color=INK, markersize=14)
    return axes


@book_figure
def filter_curves(axis, curves, multiplier, eigenvalues=None):
    """Draw the filters of several methods on one axis.

    Parameters
    ----------
    axis : array_like, shape (n,)
        Eigenvalues, rising.
    curves : dict of str to array_like, shape (n,)
        At most five filters.
    multiplier : float
        c, where one ridge fit keeps one half; marked by a vertical line.
    eigenvalues : array_like, shape (K,), optional
        Those of an example, marked at the bottom.

    Returns
    -------
    BookFigure

    Raises
    ------
    ValueError
        If there are more curves.
    """
    figure = new_figure(4.4)
    axes = _share_axes(figure, axis, eigenvalues)
    axes.axvline(multiplier, color=MUTED, linewidth=0.8)
    note(axes, "$d = c$", (multiplier, 0), (5, 6), color=MUTED)
    for name, kept, (color, dashes) in _with_looks(curves, _METHODS):
        axes.plot(axis, kept, color=color, linestyle=dashes, label=name)
    figure.legend(loc="outside upper left", ncols=2)
    return figure


@book_figure
def two_families(axis, solid, dashed, names, eigenvalues=None, limit=None):
    """Draw two families of filters, from one fit to several: solid and dashed, later is darker.

    Parameters
    ----------
    axis : array_like, shape (n,)
        Eigenvalues, rising.
    solid, dashed : array_like, shape (fits, n)
        Filters after 1, 2, ... fits.
    names : (str, str)
        Of the two families.
    eigenvalues : array_like, shape (K,), optional
        Those of an example, marked at the bottom.
    limit : array_like, shape (n,), optional
        A filter that the solid family approaches, dotted.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.9)
    axes = _share_axes(figure, axis, eigenvalues)
    _draw_families(axes, axis, solid, dashed, names, limit)
    return figure


@book_figure
def mirror_images(axis, removed, added, fits):
    """Draw refitted fits and refitted residuals around the centre of their half turn.

    Parameters
    ----------
    axis : array_like, shape (n,)
        Eigenvalues divided by the multiplier, rising.
    removed, added : array_like, shape (m, n)
        Filters of self-distillation and of boosting.
    fits : array_like, shape (m,)
        Number of fits of each row.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.9)
    axes = _share_axes(figure, axis)
    _draw_families(axes, axis, removed, added, ("fit of the fit", "fit of the residual"), None)
    for family, side in ((removed, 1), (added, -1)):
        for count, kept, color in zip(fits, family, round_colors(len(fits))):
            if count > 1:
                where = int(np.argmin(np.abs(np.asarray(kept) - 0.5 - side * 0.22)))
                offset = (side * 4, -4 - side * 6)
                note(
                    axes, f"{count}", (axis[where], kept[where]), offset,
                    color=color, ha="left" if side > 0 else "right",
                )  # fmt: skip
    axes.plot(1, 0.5, "o", color=INK, markersize=8, zorder=4)
    axes.set_xlabel("eigenvalue over multiplier, $d / c$")
    return figure


def _draw_families(axes, axis, solid, dashed, names, limit):
    handles = []
    for family, dashes, name in zip((solid, dashed), ("-", (0, (4, 2))), names):
        for kept, color in zip(family, round_colors(len(family))):
            axes.plot(axis, kept, color=color, linestyle=dashes, linewidth=1.8)
        handles.append(Line2D([], [], color=INK, linestyle=dashes, label=name))
    if limit is not None:
        axes.plot(axis, limit, color=PURPLE, linestyle=(0, (1, 1)), zorder=5)
        handles.append(Line2D([], [], color=PURPLE, linestyle=(0, (1, 1)), label="limit"))
    axes.legend(handles=handles, loc="upper left", borderpad=0)


@book_figure
def missed_signal(multipliers, missed):
    """Draw the share of a signal that methods miss without noise, on logarithmic axes.

    Parameters
    ----------
    multipliers : array_like, shape (n,)
        Rising.
    missed : dict of str to array_like, shape (n,)
        At most four methods. What lies below 1e-9 is left out.

    Returns
    -------
    BookFigure

    Raises
    ------
    ValueError
        If there are more.
    """
    figure = new_figure(3.9)
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_yscale("log")
    labels = []
    for name, values, (color, dashes) in _with_looks(missed, _MISSED):
        (line,) = axes.plot(multipliers, values, color=color, linestyle=dashes)
        labels.append((line, name))
    axes.set_xlim(multipliers[0], multipliers[-1])
    axes.set_ylim(1e-9, 1.5)
    axes.set_xlabel("multiplier $c$")
    axes.set_ylabel("share of the signal missed")
    axes.legend([line for line, _ in labels], [name for _, name in labels], loc="lower right")
    return figure
