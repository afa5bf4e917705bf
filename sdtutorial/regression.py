"""One constrained fit: from a tolerance to the multiplier c and the function it selects.

The problem of every round is

    minimise R(f) subject to (1/K) sum_k (f(x_k) - y_k)^2 <= tolerance.

Its solution is f(x) = g_x^T (c I + G)^{-1} y (the paper's Proposition 1), where c > 0 is the one
number at which the constraint holds with equality (Proposition 2), or f = 0 where
||y||^2 <= K tolerance. With the eigenvalues d of G and the coordinates z = V y of the labels, the
equation for c needs no matrix:

    (1/K) sum_k (z_k c / (c + d_k))^2 = tolerance.
"""

from dataclasses import dataclass

import numpy as np

from sdtutorial import _checks, diagnosis
from sdtutorial.accuracy import rounding_errors
from sdtutorial.secular import (
    InfeasibleToleranceError,
    Problem,
    over_eigenvalues,
    shares_kept,
    shares_left,
)
from sdtutorial.spectrum import Spectrum

__all__ = [
    "Fit",
    "InfeasibleToleranceError",
    "fit",
    "fit_with_multiplier",
    "mean_squared_residual",
    "solve_multiplier",
]


def mean_squared_residual(eigenvalues, coordinates, multiplier, *, zero_below=None):
    """Return (1/K) sum_k (f(x_k) - y_k)^2 of the fit with the given multiplier.

    It is (1/K) sum_k (z_k c / (c + d_k))^2, the paper's Proposition 2 (Closed form,
    ``prp-residual``).

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues d of G, not negative.
    coordinates : array_like, shape (K,) or (K, Q)
        Labels in the eigenbasis, z = V y; column q is a problem of its own.
    multiplier : array_like
        Values of c in [0, inf], of any shape for coordinates (K,); a shape that broadcasts
        against (Q,) for coordinates (K, Q). Infinity stands for the zero function, 0 for
        interpolation as far as the kernel reaches.
    zero_below : float, optional
        As in :func:`solve_multiplier`.

    Returns
    -------
    float or ndarray
        In squared units of the labels; the shape of ``multiplier``, broadcast against (Q,).

    Raises
    ------
    TypeError, ValueError
        If an argument is not real, or its shape or sign does not fit.
    """
    d, z = _checks.eigenvalues_and_coordinates(eigenvalues, coordinates, zero_below)
    c = _multiplier(multiplier)
    columns = z.shape[1:]
    if columns and c.ndim and c.shape[-1] not in (1, *columns) and columns != (1,):
        raise ValueError(
            f"multiplier must have a shape that broadcasts against {columns}, not {c.shape}"
        )
    axes = max(c.ndim, len(columns))
    d = d.reshape((-1,) + (1,) * axes)
    z = z.reshape((len(d),) + (1,) * (axes - len(columns)) + columns)
    with np.errstate(over="ignore"):
        residual = np.mean((shares_left(d, c) * z) ** 2, axis=0)
    if not np.isfinite(residual).all():
        raise ValueError(
            "coordinates are too large: their mean square leaves the range of double precision"
        )
    return residual[()]


def solve_multiplier(eigenvalues, coordinates, tolerance, *, zero_below=None):
    """Return the multiplier c at which the residual of the fit equals the tolerance.

    c is the only root of (1/K) sum_k (z_k c / (c + d_k))^2 = tolerance (the paper's Proposition 2;
    Closed form, ``prp-unique-multiplier``). In mu = 1/c the reciprocal norm
    1 / ||(I + mu D)^{-1} z|| is concave, so Newton's method on it rises to the root from every
    point on its left, and never leaves that side. All columns are solved at once.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues d of G in any order, not negative; zeros are directions no fit can reach.
    coordinates : array_like, shape (K,) or (K, Q)
        Labels in the eigenbasis, z = V y; column q is a problem of its own.
    tolerance : float or array_like, shape (Q,)
        The mean squared residual allowed, in squared units of the labels: one number for all
        columns, or one for each.
    zero_below : float, optional
        Eigenvalues up to this count as zero. By default it is K times machine epsilon times the
        largest, as in :func:`fit`: below that an eigensolver returns rounding. For eigenvalues that
        are known exactly, 0 takes all of them at their word.

    Returns
    -------
    float or ndarray, shape (Q,)
        c, in units of the eigenvalues: infinite where ||z||^2 <= K tolerance (f = 0), and 0 where
        the tolerance is exactly what the zero eigenvalues leave.

    Raises
    ------
    InfeasibleToleranceError
        If the coordinates at zero eigenvalues alone exceed K tolerance in some column.
    TypeError, ValueError
        If an argument is not real, or its shape or sign does not fit, or if a number or the
        multiplier leaves the range of double precision.
    """
    d, z = _checks.eigenvalues_and_coordinates(eigenvalues, coordinates, zero_below)
    return Problem(d, z, tolerance).first_multipliers().reshape(z.shape[1:])[()]


def fit(gram, y, tolerance, *, weights=None):
    """Solve: minimise R(f) subject to (1/K) sum_k (f(x_k) - y_k)^2 <= tolerance.

    The solution is f(x) = g_x^T (c I + G)^{-1} y (the paper's Proposition 1; Closed form,
    ``thm-representer``), with c from :func:`solve_multiplier`.

    Parameters
    ----------
    gram : array_like, shape (K, K)
        G, the kernel matrix divided by K (:func:`sdtutorial.gram_matrix`).
    y : array_like, shape (K,) or (K, Q)
        Labels; column q is a problem of its own.
    tolerance : float or array_like, shape (Q,)
        The mean squared residual allowed, in squared units of the labels: one number for all
        columns, or one for each.
    weights : array_like, shape (K,), optional
        Weights of the points, positive or zero: 2 counts a point twice, 0 leaves it out, though its
        fitted value is still returned. Only their ratios matter: the mean squared residual is
        sum_k w_k (f(x_k) - y_k)^2 / sum_k w_k. G stays the matrix of all K points, divided by K.

    Returns
    -------
    Fit

    Raises
    ------
    InfeasibleToleranceError
        If no function comes that close to the labels.
    TypeError, ValueError
        If an argument is not real or its shape does not fit, if the Gram matrix is not symmetric
        or has a negative eigenvalue, if the tolerance is not positive, or if the multiplier or the
        coefficients leave the range of double precision.

    Warns
    -----
    InputWarning
        If the labels are within the tolerance of zero in every column, so that the fit is zero.
    AccuracyWarning
        If rounding in the eigenvalues makes an estimated relative error above 1e-6 (with a Gram
        matrix in single precision, 1e-2) in c or in the fit.
    """
    spectrum = Spectrum(gram, y, weights)
    problem = spectrum.problem(tolerance)
    result = _fit(spectrum, problem.first_multipliers().reshape(spectrum.y.shape[1:]))
    diagnosis.warn_of_zero_fit(problem.norm_ratios, problem.tolerance)
    diagnosis.warn_of_rounding(result.multiplier_error, result.fit_error, spectrum.alarm)
    return result


def fit_with_multiplier(gram, y, multiplier, *, weights=None):
    """Solve: minimise (1/K) sum_k (f(x_k) - y_k)^2 + c R(f), with c given.

    This is the paper's problem (9), kernel ridge regression; its solution is
    f(x) = g_x^T (c I + G)^{-1} y (Closed form, ``thm-representer``).

    Parameters
    ----------
    gram : array_like, shape (K, K)
        G, the kernel matrix divided by K.
    y : array_like, shape (K,) or (K, Q)
        Labels; column q is a problem of its own.
    multiplier : float or array_like, shape (Q,)
        c in [0, inf], in units of the eigenvalues of G. Infinity gives f = 0, and 0 its limit:
        the smoothest function among those that come closest to the labels.
    weights : array_like, shape (K,), optional
        As in :func:`fit`.

    Returns
    -------
    Fit

    Raises
    ------
    TypeError, ValueError
        If an argument is not real or its shape does not fit, if the Gram matrix is not symmetric
        or has a negative eigenvalue, or if a multiplier is negative.

    Warns
    -----
    AccuracyWarning
        As :func:`fit`, for the fit alone.
    """
    spectrum = Spectrum(gram, y, weights)
    c = _multiplier(multiplier)
    columns = spectrum.y.shape[1:]
    if c.shape not in ((), columns):
        raise ValueError(f"multiplier must be one number or have shape {columns}, not {c.shape}")
    result = _fit(spectrum, np.broadcast_to(c, columns), given=True)
    diagnosis.warn_of_rounding(result.multiplier_error, result.fit_error, spectrum.alarm)
    return result


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """One fitted function per label column, f(x) = g_x^T coefficients.

    Attributes
    ----------
    multiplier : float or ndarray, shape (Q,)
        c, infinite for the zero function.
    coefficients : ndarray, shape (K,) or (K, Q)
        (c I + G)^{-1} y, without its part in the null space of G: a null vector of G is a
        function that is zero everywhere. With weights, W = diag(weights) of mean 1:
        W^(1/2) (c I + W^(1/2) G W^(1/2))^{-1} W^(1/2) y.
    fitted : ndarray, shape (K,) or (K, Q)
        f at the training points, G (c I + G)^{-1} y.
    multiplier_error, fit_error : float or ndarray, shape (Q,)
        Estimates of what rounding in the eigenvalues of G makes: the relative error of c, which is
        zero where c was given, and the error of ``fitted`` and of predictions, as a root mean
        square, relative to that of the labels.
    """

    multiplier: float | np.ndarray
    coefficients: np.ndarray
    fitted: np.ndarray
    multiplier_error: float | np.ndarray = 0.0
    fit_error: float | np.ndarray = 0.0

    def predict(self, cross):
        """Return f at new points.

        Parameters
        ----------
        cross : array_like, shape (m, K)
            ``kernel(x_new, x) / K``, which :func:`sdtutorial.cross_matrix` returns.

        Returns
        -------
        ndarray, shape (m,) or (m, Q)

        Raises
        ------
        TypeError, ValueError
            If ``cross`` is not a finite real (m, K) matrix, or a prediction leaves the range of
            double precision.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            values = _checks.cross(cross, len(self.coefficients)) @ self.coefficients
        return _checks.predictions(values)

    def __repr__(self):
        columns = "" if self.fitted.ndim == 1 else f", columns={self.fitted.shape[1]}"
        multiplier = f"{self.multiplier:.6g}" if self.fitted.ndim == 1 else "(...)"
        return f"Fit(points={len(self.fitted)}{columns}, multiplier={multiplier})"


def _fit(spectrum, multiplier, given=False):
    """Return the Fit with the given multipliers, () or (Q,)."""
    d = spectrum.eigenvalues.reshape((-1,) + (1,) * (spectrum.y.ndim - 1))
    fitted = shares_kept(d, multiplier) * spectrum.coordinates
    with np.errstate(over="ignore", invalid="ignore"):
        coefficients = spectrum.dual_basis() @ over_eigenvalues(fitted, d)
    if not np.isfinite(coefficients).all():
        raise ValueError(
            "gram is too small for these labels: the coefficients of the fit leave the range "
            "of double precision (expected: a Gram matrix on a larger scale)"
        )
    (multiplier_error,), (fit_error,) = rounding_errors(
        spectrum.eigenvalues,
        spectrum.coordinates,
        multiplier[None],
        spectrum.eigenvalue_errors,
        given=given,
    )
    return Fit(
        multiplier[()],
        coefficients,
        spectrum.sample_basis() @ fitted,
        multiplier_error,
        fit_error,
    )


def _multiplier(value):
    array = _checks.real_array("multiplier", value, finite=False)
    if not (array >= 0).all():
        raise ValueError("multiplier must lie in [0, inf], without NaN")
    _checks.within_range("multiplier", array[array < np.inf])
    return array
