"""The figure of the chapter on the constrained problem."""

import numpy as np

from sdtutorial import regression
from sdtutorial.plotting._labels import label_lines
from sdtutorial.plotting._parts import cross, draw_samples, grid_points
from sdtutorial.plotting._style import BLUE, PURPLE, book_figure, new_figure


@book_figure
def noisy_samples(example, tolerance=None):
    """Draw the data, the truth and the function that passes through every sample (Fig. 2b).

    Parameters
    ----------
    example : Example
        Without a known truth (`target` None) the truth is left out.
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
    figure = new_figure(3.9)
    axes = figure.subplots()
    named = draw_samples(axes, example)
    points = grid_points(example)
    to_points = cross(example, points)
    # Least squares, since an end point gives the Gram matrix a row of zeros.
    weights = np.linalg.lstsq(example.gram, example.y, rcond=None)[0]
    through_all = axes.plot(points, to_points @ weights, color=PURPLE, linestyle=(0, (5, 1.5)))
    named += [(through_all[0], "no residual allowed")]
    if tolerance is not None:
        fit = regression.fit(example.gram, example.y, tolerance)
        constrained = axes.plot(points, fit.predict(to_points), color=BLUE)
        named += [(constrained[0], f"mean square\n{tolerance:g} allowed")]
    axes.set_ylabel("function value")
    label_lines(axes, named[::-1])
    return figure
