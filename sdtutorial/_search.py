"""The least value of a function of one positive number: on a grid first, then refined."""

import numpy as np


def least(values_at, low, high, points, accuracy):
    """Return where a function has its least value between the logarithms ``low`` and ``high``.

    Parameters
    ----------
    values_at : callable
        From positive numbers (n,) to values (n,).
    low, high : float
        Natural logarithms of the ends.
    points : int
        Of the grid, which has to be fine enough to tell the valleys apart.
    accuracy : float
        Of the logarithm that is returned as a number.

    Returns
    -------
    number, value : float
    """
    from scipy.optimize import minimize_scalar  # here: the package should not wait for it

    grid = np.linspace(low, high, points)
    best = int(np.argmin(values_at(np.exp(grid))))
    around = grid[max(best - 1, 0)], grid[min(best + 1, points - 1)]
    found = minimize_scalar(
        lambda logarithm: float(values_at(np.exp(np.atleast_1d(logarithm)))[0]),
        bounds=around,
        method="bounded",
        options={"xatol": accuracy},
    )
    return float(np.exp(found.x)), float(found.fun)
