"""The figure of the chapter on the constrained problem."""

import numpy as np

from sdtutorial import regression
from sdtutorial.plotting._parts import cross, draw_samples, grid_points
from sdtutorial.plotting._style import BLUE, VERMILLION, book_figure, new_figure


@book_figure
def noisy_samples(example, tolerance=None):
    """Draw the data, the truth and the function that passes through every sample (Fig. 2b).

    Parameters
    ----------
    example : Example
    tolerance : float, optional
        Also draw the constrained fit with this mean squared residual.

    Returns
    -------
    BookFigure

    Raises
    ------
    InfeasibleToleranceError, TypeError, ValueError
        As `sdtutorial.regression.fit`.
    """
    figure = new_figure(3.7)
    axes = figure.subplots()
    draw_samples(axes, example)
    to_points = cross(example, grid_points())
    # Least squares, since an end point gives the Gram matrix a row of zeros.
    weights = np.linalg.lstsq(example.gram, example.y, rcond=None)[0]
    axes.plot(grid_points(), to_points @ weights, color=VERMILLION, label="no residual allowed")
    if tolerance is not None:
        fit = regression.fit(example.gram, example.y, tolerance)
        axes.plot(
            grid_points(),
            fit.predict(to_points),
            color=BLUE,
            label=f"mean square {tolerance:g} allowed",
        )
    axes.set_ylabel("function value")
    axes.legend(loc="upper right", borderpad=0)
    return figure
