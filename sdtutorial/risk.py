"""How far fits are from the truth: integrated errors, and their means over many noise draws."""

from dataclasses import dataclass

import numpy as np
import scipy.optimize

from sdtutorial import _checks
from sdtutorial.distillation import distill_spectrum
from sdtutorial.regression import solve_multiplier
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
    """
    nodes, weights = _quadrature(example.x)
    values = model.predict(example.kernel(nodes, example.x) / len(example.x))
    columns = np.ndim(model.multiplier if hasattr(model, "multiplier") else model.rounds)
    shape = (-1,) + (1,) * columns
    error = (values - example.target(nodes).reshape(shape)) ** 2
    return np.sum(weights.reshape(shape) * error, axis=-1 - columns)[()]


def _quadrature(knots):
    """Return Gauss-Legendre nodes and weights on [0, 1], applied between neighbouring knots."""
    knots = np.unique(np.concatenate([[0.0], knots, [1.0]]))
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    width = np.diff(knots)[:, None]
    return (knots[:-1, None] + width * (nodes + 1) / 2).ravel(), (width * weights / 2).ravel()


@dataclass(frozen=True, eq=False)
class RiskStudy:
    """Mean risks over many noise draws, each with its standard error.

    Risk is the integral over [0, 1] of (f - target)^2.

    Attributes
    ----------
    tolerances : ndarray, shape (n,)
    risk, standard_error : ndarray, shape (n, rounds)
        Entry [i, t] belongs to the fit of round t under ``tolerances[i]``; a chain that has
        collapsed before counts as the zero function.
    zero_risk : float
        The risk of the zero function.
    best_tolerance, best_tolerance_risk, best_tolerance_standard_error : float
        One fit (round 0) under the single tolerance with the smallest mean risk.
    best_multiplier, best_multiplier_risk, best_multiplier_standard_error : float
        One fit with the single multiplier c with the smallest mean risk.
    draws : int
    """

    tolerances: np.ndarray
    risk: np.ndarray
    standard_error: np.ndarray
    zero_risk: float
    best_tolerance: float
    best_tolerance_risk: float
    best_tolerance_standard_error: float
    best_multiplier: float
    best_multiplier_risk: float
    best_multiplier_standard_error: float
    draws: int


def risk_study(example, *, tolerances=(0.04, 0.02), rounds=5, draws=4000, seed=0):
    """Return the mean risk of every round, and of the best single fits, over many noise draws.

    Labels are ``example.target(x)`` plus independent Gaussian noise of standard deviation
    ``example.noise_level``; the labels of the example are not used. All draws are the columns of
    one chain a tolerance. Best means: the smallest mean risk over these draws, found on a grid and
    refined; no method that sees one draw alone can know it.

    Parameters
    ----------
    example : Example
        Its points, kernel, target and noise level; ``dataclasses.replace`` changes the target.
    tolerances : sequence of float
        Tolerances of the chains, in squared units of the labels.
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
        If a tolerance is not positive, or a count is not a whole number large enough.
    """
    tolerances = _checks.real_array("tolerances", tolerances, ndim=1)
    rounds = _checks.whole_number("rounds", rounds, minimum=1)
    draws = _checks.whole_number("draws", draws, minimum=2)
    try:
        generator = np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise TypeError(
            f"seed must be a whole number of at least 0 or a numpy Generator, not {seed!r}"
        ) from None
    noise = generator.standard_normal((len(example.x), draws))
    y = example.target(example.x)[:, None] + example.noise_level * noise
    d, vectors = np.linalg.eigh(example.gram)
    d[d <= _checks.zero_threshold(d[-1], len(d), d.dtype)] = 0.0
    z = vectors.T @ y
    risk_of = _risk_in_eigenbasis(example, d, vectors)

    mean, error = [], []
    for tolerance in tolerances:
        chain = distill_spectrum(d, z, tolerance, max_rounds=rounds)
        risks = np.full((rounds, draws), risk_of(np.zeros((len(d), 1)))[0])
        for t, fitted in enumerate(chain.target_coordinates[1:]):
            risks[t] = risk_of(fitted)
        mean.append(risks.mean(axis=1))
        error.append(_standard_error(risks))

    def with_tolerance(log_tolerance):
        c = solve_multiplier(d, z, np.exp(log_tolerance))
        return risk_of(shares_kept(d[:, None], c) * z)

    def with_multiplier(log_multiplier):
        return risk_of(shares_kept(d[:, None], np.exp(log_multiplier)) * z)

    energy = np.mean(y**2)
    floor = np.max(np.mean(np.where(d[:, None] > 0, 0, z**2), axis=0))
    lowest = max(floor * (1 + 1e-9), energy * 1e-4)
    best_tolerance = _argmin_of_mean(with_tolerance, np.log(lowest), np.log(energy * 4))
    best_multiplier = _argmin_of_mean(with_multiplier, np.log(d[-1]) - 16, np.log(d[-1]) + 8)
    at_tolerance, at_multiplier = with_tolerance(best_tolerance), with_multiplier(best_multiplier)
    return RiskStudy(
        tolerances=tolerances.copy(),
        risk=np.array(mean),
        standard_error=np.array(error),
        zero_risk=float(risk_of(np.zeros((len(d), 1)))[0]),
        best_tolerance=float(np.exp(best_tolerance)),
        best_tolerance_risk=float(at_tolerance.mean()),
        best_tolerance_standard_error=float(_standard_error(at_tolerance)),
        best_multiplier=float(np.exp(best_multiplier)),
        best_multiplier_risk=float(at_multiplier.mean()),
        best_multiplier_standard_error=float(_standard_error(at_multiplier)),
        draws=draws,
    )


def _risk_in_eigenbasis(example, eigenvalues, vectors):
    """Return the function from coordinates of fits at the points, (K, Q), to their risks (Q,).

    The fit with coordinates z' at the points is f(x) = g_x^T V diag(1/d) z', so its risk is the
    squared norm of a matrix times (z', -1); a QR decomposition makes the matrix small.
    """
    nodes, weights = _quadrature(example.x)
    basis = example.kernel(nodes, example.x) @ vectors / len(example.x)
    basis = np.where(eigenvalues > 0, basis, 0.0) / np.where(eigenvalues > 0, eigenvalues, 1.0)
    both = np.sqrt(weights)[:, None] * np.column_stack([basis, example.target(nodes)])
    factor = np.linalg.qr(both, mode="r")
    return lambda fitted: np.sum((factor[:, :-1] @ fitted - factor[:, -1:]) ** 2, axis=0)


def _standard_error(risks):
    return np.std(risks, axis=-1, ddof=1) / np.sqrt(risks.shape[-1])


def _argmin_of_mean(risks, low, high):
    """Return where in [low, high] the mean of ``risks`` is smallest: a grid, then refined."""
    grid = np.linspace(low, high, 33)
    best = int(np.argmin([risks(point).mean() for point in grid]))
    bounds = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = scipy.optimize.minimize_scalar(
        lambda point: risks(point).mean(), bounds=bounds, method="bounded", options={"xatol": 1e-4}
    )
    return found.x
