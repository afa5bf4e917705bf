"""The figure of the first page."""

import matplotlib

from sdtutorial.plotting._parts import (
    draw_errors,
    draw_fits,
    draw_samples,
    label_rounds,
    note,
    whole_ticks,
)
from sdtutorial.plotting._style import MUTED, book_figure, new_figure


@book_figure
def overview(example, chain, errors):
    """Draw the book in one picture: the fits of all rounds, and their error.

    Parameters
    ----------
    example : Example
    chain : Chain
        Of that example.
    errors : array_like, shape (T + 1,)
        Squared distance of each fit from the truth, integrated over [0, 1]; the last entry
        belongs to the zero function, with which the chain ends.

    Returns
    -------
    BookFigure
    """
    with matplotlib.rc_context(
        # Two panels side by side: on a telephone the figure is shown at less than half its size.
        {
            name: 14
            for name in (
                "font.size", "axes.labelsize", "axes.titlesize", "xtick.labelsize",
                "ytick.labelsize", "legend.fontsize",
            )
        }
    ):  # fmt: skip
        figure = new_figure(3.7, width=7.4)
        left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
        draw_samples(left, example)
        draw_fits(left, example, chain)
        left.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        left.set_yticks([-1, 0, 1])
        left.set_title("fits $f_t$ of each round")
        label_rounds(figure, left, chain.rounds, loc="upper right", borderpad=0, labelspacing=0.2)
        draw_errors(right, errors)
        whole_ticks(right.xaxis)
        right.set_yticks([0, 0.25, 0.5], ["0", "0.25", "0.5"])
        right.set_xlabel("round $t$")
        right.set_title("error to the truth")
        end = (len(errors) - 1, errors[-1])
        note(right, "zero function", end, (9, 10), ha="right", color=MUTED)
    return figure
