"""The figure of the first page."""

import numpy as np

from sdtutorial.plotting._labels import label_lines, note
from sdtutorial.plotting._parts import (
    draw_errors,
    draw_fits,
    draw_samples,
    label_rounds,
    whole_ticks,
)
from sdtutorial.plotting._style import MUTED, book_figure, new_figure


@book_figure
def overview(example, chain, errors=None):
    """Draw the book in one picture: the fits of all rounds, and their error.

    Parameters
    ----------
    example : Example
        Without a known truth (`target` None) the truth is left out.
    chain : Chain
        Of that example.
    errors : array_like, shape (T + 1,), optional
        Squared distance of each fit from the truth, integrated over [0, 1]; the last entry
        belongs to the zero function, with which the chain ends. Without it the fits stand alone.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.9)
    if errors is None:
        _draw_rounds_of_fits(figure, figure.subplots(), example, chain)
        return figure
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    draw_errors(right, errors)
    whole_ticks(right.xaxis)
    right.set_xlabel("round $t$")
    right.set_title("squared error", loc="left")
    end = (len(errors) - 1, errors[-1])
    note(right, "zero\nfunction", end, (-10, 0), ha="right", va="center", color=MUTED)
    best = int(np.nanargmin(errors))
    note(right, "best", (best, errors[best]), (0, -9), ha="center", va="top")
    _draw_rounds_of_fits(figure, left, example, chain)
    return figure


def _draw_rounds_of_fits(figure, axes, example, chain):
    named = draw_samples(axes, example)
    fits = draw_fits(axes, example, chain)
    axes.set_title("fits $f_t$, with their rounds $t$", loc="left")
    label_rounds(figure, axes, fits, word="")
    label_lines(axes, named)
