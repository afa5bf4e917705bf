"""How far fits are from the truth: integrated errors, and their means over many noise draws."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sdtutorial import _checks
from sdtutorial._search import least
from sdtutorial.distillation import distill_spectrum
from sdtutorial.kernels import cross_matrix
from sdtutorial.secular import shares_kept

_NODES = 16  # Gauss-Legendre nodes from knot to knot: smooth integrands come out to rounding


def integrated_squared_error(model, example):
    """Return the integral over [0, 1] of (f(x) - target(x))^2.

    The integral is taken by Gauss-Legendre quadrature from knot to knot. Between two knots the
    integrand is smooth, so the result is exact to rounding for smooth targets.

    Parameters
    ----------
    model : Chain or Fit
        Made from ``example.gram``: anything with ``predict(cross)``.
    example : Example
        Its points must lie in [0, 1].

    Returns
    -------
    float or ndarray
        One number for a Fit of one label vector, (T,) for a chain of T rounds; with Q label
        columns one more axis (Q,) at the end.

    Raises
    ------
    TypeError, ValueError
        If an argument is not such an object, the model has another number of points, or a point of
        the example lies outside [0, 1].
    """
    _checks.offers("model", model, ["predict"], "a Chain or a Fit")
    nodes, weights = _quadrature(example)
    values = model.predict(cross_matrix(example.kernel, nodes, example.x))
    columns = np.ndim(model.multiplier if hasattr(model, "multiplier") else model.rounds)
    shape = (-1,) + (1,) * columns
    error = (values - example.target(nodes).reshape(shape)) ** 2
    return np.sum(weights.reshape(shape) * error, axis=-1 - columns)[()]


def _quadrature(example):
    """Return Gauss-Legendre nodes and weights on [0, 1], applied between neighbouring points."""
    _checks.offers("example", example, ["x", "kernel", "target"], "an Example, such as spline()")
    points = _checks.real_array("example.x", example.x, ndim=1)
    if points.min() < 0 or points.max() > 1:
        raise ValueError("example.x must lie in [0, 1], where the error is integrated")
    knots = np.unique(np.concatenate([[0.0], points, [1.0]]))
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    width = np.diff(knots)[:, None]
    return (knots[:-1, None] + width * (nodes + 1) / 2).ravel(), (width * weights / 2).ravel()


@dataclass(frozen=True, eq=False)
class RiskStudy:
    """Errors of chains and of single fits, all on the same noise draws.

    The error of a fit is the integral over [0, 1] of (f - target)^2; its mean over the draws is the
    risk. Best means: the smallest risk on the grid; no method that sees one draw alone can know it.

    Attributes
    ----------
    tolerances : ndarray, shape (n,)
    chain_errors : ndarray, shape (n, rounds, draws)
        Entry [i, t, q] belongs to the fit of round t under ``tolerances[i]`` on draw q; a chain
        that has collapsed before counts as the zero function.
    multipliers : ndarray, shape (m,)
    penalty_errors : ndarray, shape (m, draws)
        Entry [i, q] belongs to one fit with the multiplier ``multipliers[i]`` on draw q.
    """

    tolerances: np.ndarray
    chain_errors: np.ndarray
    multipliers: np.ndarray
    penalty_errors: np.ndarray

    @cached_property
    def risk(self):
        """Risk of each round under each tolerance, shape (n, rounds)."""
        return self.chain_errors.mean(axis=-1)

    @property
    def best_tolerances(self):
        """The best tolerance of each round, shape (rounds,)."""
        return self.tolerances[self.risk.argmin(axis=0)]

    @property
    def best_chain_errors(self):
        """Errors of each round under its best tolerance, shape (rounds, draws)."""
        best = self.risk.argmin(axis=0)
        return self.chain_errors[best, np.arange(best.size)]

    @property
    def best_multiplier(self):
        """The best multiplier of one fit, the same for all draws."""
        return float(self.multipliers[self.penalty_errors.mean(axis=-1).argmin()])

    @property
    def best_penalty_errors(self):
        """Errors of one fit with the best multiplier, shape (draws,)."""
        return self.penalty_errors[self.penalty_errors.mean(axis=-1).argmin()]


def risk_study(example, *, tolerances, multipliers, rounds, draws, seed):
    """Return the errors of every round, and of single fits, over many noise draws.

    Labels are ``example.target(x)`` plus independent Gaussian noise of standard deviation
    ``example.noise_level``; the labels of the example are not used. Each chain, and each fit with
    one multiplier, sees the same draws, so that their errors can be compared draw by draw
    (``mean_and_error`` of a difference).

    Parameters
    ----------
    example : Example
        Its points, kernel, target and noise level; ``dataclasses.replace`` changes the target.
    tolerances : array_like, shape (n,)
        Tolerances of the chains, in squared units of the labels. Round 0 is one fit with it.
    multipliers : array_like, shape (m,)
        Multipliers of the single fits, the same for all draws, in units of the eigenvalues.
    rounds : int
        Number of fits to follow, at least 1.
    draws : int
        Number of noise draws, at least 2.
    seed : int or numpy.random.Generator
        Where the noise comes from.

    Returns
    -------
    RiskStudy

    Raises
    ------
    InfeasibleToleranceError
        If some draw has more than K tolerance in the null space of the Gram matrix.
    TypeError, ValueError
        If a tolerance or a multiplier is not positive, or a count is not a whole number large
        enough.
    """
    tolerances = _positive_grid("tolerances", tolerances)
    multipliers = _positive_grid("multipliers", multipliers)
    rounds = _checks.whole_number("rounds", rounds, minimum=1)
    draws = _checks.whole_number("draws", draws, minimum=2)
    d, vectors = _eigenpairs(example)
    error_of = _error_in_eigenbasis(example, d, vectors)
    noise = _checks.generator(seed).standard_normal((len(example.x), draws))
    z = vectors.T @ (example.target(example.x)[:, None] + example.noise_level * noise)
    chain_errors = np.empty((len(tolerances), rounds, draws))
    for errors, tolerance in zip(chain_errors, tolerances, strict=True):
        chain = distill_spectrum(d, z, tolerance, max_rounds=rounds)
        errors[:] = error_of(np.zeros((len(d), 1)))
        for t, fitted in enumerate(chain.target_coordinates[1:]):
            errors[t] = error_of(fitted)
    penalty_errors = [error_of(shares_kept(d[:, None], c) * z) for c in multipliers]
    return RiskStudy(tolerances, chain_errors, multipliers, np.array(penalty_errors))


def mean_and_error(errors):
    """Return the mean over the draws, and its standard error.

    Of a difference of two methods on the same draws this is the paired comparison: what the draws
    have in common cancels.

    Parameters
    ----------
    errors : array_like, shape (..., draws)
        At least two draws.

    Returns
    -------
    mean, standard_error : float or ndarray

    Raises
    ------
    TypeError, ValueError
        If the errors are not finite real numbers, or there are fewer than two draws.
    """
    errors = _checks.real_array("errors", errors)
    if errors.ndim == 0 or errors.shape[-1] < 2:
        raise ValueError(f"errors must have shape (..., draws), two or more, not {errors.shape}")
    spread = errors.std(axis=-1, ddof=1) / np.sqrt(errors.shape[-1])
    return errors.mean(axis=-1)[()], spread[()]


@_checks.finite_result
def expected_error(example, filters):
    """Return the risk of fits with fixed filters, exactly: no draws are needed.

    A filter multiplies coordinate k of the labels by the number b_k, whatever the noise. The risk
    is the squared bias plus sigma^2 sum_k b_k^2 ||p[k]||^2, with the basis functions p[k] of the
    book's ``self_distillation``, ``eq-basis``.

    Parameters
    ----------
    example : Example
    filters : array_like, shape (..., K)
        In the order of the eigenvalues, ascending.

    Returns
    -------
    float or ndarray

    Raises
    ------
    TypeError, ValueError
        If the filters are not finite real numbers, or not one for each eigenvalue.
    """
    filters = _checks.real_array("filters", filters)
    d, vectors = _eigenpairs(example)
    if filters.shape[-1:] != d.shape:
        raise ValueError(f"filters must have shape (..., {d.size}), not {filters.shape}")
    return _expectation(example, d, vectors)(filters)[()]


def best_penalty(example, family):
    """Return the multiplier with which a family of filters has the smallest risk, and that risk.

    Parameters
    ----------
    example : Example
    family : callable
        ``family(d, c)`` returns the filter (K,) for the eigenvalues d and a multiplier c > 0.

    Returns
    -------
    multiplier, risk : float
        The best of a grid from d_min e^-12 to d_max e^12, refined.
    """
    d, vectors = _eigenpairs(example)
    expectation = _expectation(example, d, vectors)

    def risks(multipliers):
        return [expectation(family(d, c)) for c in multipliers]

    smallest, largest = np.log(d[d > 0][[0, -1]])
    return least(risks, smallest - 12, largest + 12, points=121, accuracy=1e-6)


def _positive_grid(name, value):
    grid = _checks.real_array(name, value, ndim=1)
    if grid.size == 0 or np.any(grid <= 0):
        raise ValueError(f"{name} must be at least one positive number")
    return grid.copy()


def _eigenpairs(example):
    _checks.offers("example", example, ["gram", "noise_level"], "an Example, such as spline()")
    d, vectors = np.linalg.eigh(example.gram)
    return np.where(d > _checks.zero_threshold(d[-1], len(d), d.dtype), d, 0.0), vectors


def _error_in_eigenbasis(example, eigenvalues, vectors):
    """Return the function from coordinates of fits at the points, (K, Q), to their errors (Q,)."""
    basis, truth = _basis_and_truth(example, eigenvalues, vectors)
    return lambda fitted: np.sum((basis @ fitted - truth[:, None]) ** 2, axis=0)


def _expectation(example, eigenvalues, vectors):
    """Return the function from fixed filters, (..., K), to the expected errors of their fits."""
    basis, truth = _basis_and_truth(example, eigenvalues, vectors)
    signal = vectors.T @ example.target(example.x)
    variances = example.noise_level**2 * np.sum(basis**2, axis=0)
    return lambda filters: (
        np.sum(((filters * signal) @ basis.T - truth) ** 2, axis=-1) + filters**2 @ variances
    )


def _basis_and_truth(example, eigenvalues, vectors):
    """Return (n, K) and (n,) such that ||basis z' - truth||^2 is the error of the fit with z'.

    The fit with coordinates z' at the points is f(x) = g_x^T V diag(1/d) z'; a QR decomposition of
    its values at the nodes, beside those of the target, makes the matrix small.
    """
    nodes, weights = _quadrature(example)
    basis = cross_matrix(example.kernel, nodes, example.x) @ vectors
    basis = np.where(eigenvalues > 0, basis, 0.0) / np.where(eigenvalues > 0, eigenvalues, 1.0)
    both = np.sqrt(weights)[:, None] * np.column_stack([basis, example.target(nodes)])
    factor = np.linalg.qr(both, mode="r")
    return factor[:, :-1], factor[:, -1]
