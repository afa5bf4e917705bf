"""The figure of the chapter on later results: risks on one axis."""

import numpy as np

from sdtutorial.plotting._labels import label_ends
from sdtutorial.plotting._parts import looks, whole_ticks
from sdtutorial.plotting._style import MUTED, book_figure, new_figure

_DASHES = ["-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (5, 1.5, 1.5, 1.5))]


@book_figure
def risk_curves(x, curves, label, references=None, *, top=0.3):
    """Draw risks on the axis that all figures of the chapter share.

    Parameters
    ----------
    x : array_like, shape (n,)
        Numbers of fits, or parameters; over more than two decades the axis is logarithmic.
    curves : dict of str to array_like, shape (m,)
        Each over the first m <= n places. What lies above `top` is left out.
    label : str
        What x is.
    references : dict of str to float, optional
        Risks to compare with, drawn as levels.
    top : float
        The upper end of the axis.

    Returns
    -------
    BookFigure
    """
    x = np.asarray(x)
    figure = new_figure(3.7)
    axes = figure.subplots()
    counts = np.issubdtype(x.dtype, np.integer)
    if x[-1] > 100 * x[0] > 0 and not counts:
        axes.set_xscale("log")
    labels = []
    for i, (name, values) in enumerate(curves.items()):
        color, marker, _ = looks(len(curves))[i]
        dashes = _DASHES[(i + i // 4) % 4]  # colours come again with other dashes
        values = np.asarray(values, dtype=float)
        values = np.where(values <= top, values, np.nan)
        (line,) = axes.plot(
            x[: len(values)], values, color=color, linestyle=dashes,
            marker=marker if counts else None, markersize=5,
        )  # fmt: skip
        labels.append((line, name))
    ends = [x[0], x[-1]]
    for name, value in (references or {}).items():
        (line,) = axes.plot(ends, [value, value], color=MUTED, linewidth=1.2, zorder=1)
        labels.append((line, name))
    if counts:
        whole_ticks(axes.xaxis)
    axes.set_ylim(0, top)
    axes.set_xlabel(label)
    axes.set_ylabel("expected risk")
    label_ends(axes, labels)
    return figure
