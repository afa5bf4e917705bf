"""Independent answers to compare with: 60-digit arithmetic, and a bracketing root finder."""

import mpmath
import numpy as np
from scipy.optimize import brentq

DIGITS = 60


def exact_multiplier(eigenvalues, coordinates, radius_squared):
    """The root c of sum (z c / (c + d))^2 = radius^2 by bisection and Newton in 60 digits; inf if
    the coordinates are within the radius. All arguments are mpmath numbers."""
    if sum(z**2 for z in coordinates) <= radius_squared:
        return mpmath.inf
    reach = [(d, z) for d, z in zip(eigenvalues, coordinates) if d > 0 and z != 0]
    null = sum(z**2 for d, z in zip(eigenvalues, coordinates) if d == 0)

    def gap(mu):  # decreasing and convex in mu = 1/c
        return null - radius_squared + sum((z / (1 + mu * d)) ** 2 for d, z in reach)

    def slope(mu):
        return -2 * sum(z**2 * d / (1 + mu * d) ** 3 for d, z in reach)

    low, high = mpmath.mpf(0), 1 / max(d for d, _ in reach)
    while gap(high) > 0:
        low, high = high, 8 * high
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if gap(middle) > 0 else (low, middle)
    mu = low
    while True:  # convex and from the left: every step is positive, until digits run out
        step = -gap(mu) / slope(mu)
        mu += step
        if step <= mu * mpmath.mpf(10) ** (10 - DIGITS):
            return 1 / mu


def exact_chain(eigenvalues, coordinates, tolerance, max_rounds=None):
    """One column of the chain in 60 digits: lists of c_t, of z_t and of r_t."""
    with mpmath.workdps(DIGITS):
        d = [mpmath.mpf(v) for v in eigenvalues]
        z = [mpmath.mpf(v) for v in coordinates]
        radius_squared = len(d) * mpmath.mpf(float(tolerance))
        multipliers, targets = [], [z]
        while max_rounds is None or len(multipliers) < max_rounds:
            c = exact_multiplier(d, z, radius_squared)
            if c == mpmath.inf:
                break
            z = [v * k / (c + k) if k > 0 else mpmath.mpf(0) for v, k in zip(z, d)]
            multipliers.append(c)
            targets.append(z)
        ratios = [mpmath.sqrt(sum(v**2 for v in z) / radius_squared) for z in targets]
    return multipliers, targets, ratios


def brentq_chain(eigenvalues, coordinates, tolerance, span=60.0, max_rounds=None):
    """One column of the chain, c by brentq on ln c: what anyone would write first."""
    d, z = np.asarray(eigenvalues), np.asarray(coordinates)
    budget = len(d) * tolerance
    multipliers = []

    def gap(log_c):
        c = np.exp(log_c)
        return np.sum((z * c / (c + d)) ** 2) - budget

    while np.sum(z**2) > budget and (max_rounds is None or len(multipliers) < max_rounds):
        c = np.exp(brentq(gap, -span, span, xtol=1e-12))
        z = z * d / (c + d)
        multipliers.append(c)
    return np.array(multipliers)


def relative_error(value, exact):
    """Largest |value - exact| / |exact| over two equally long flat sequences, exact in mpmath."""
    with mpmath.workdps(DIGITS):
        pairs = [(mpmath.mpf(float(v)), e) for v, e in zip(value, exact, strict=True)]
        return float(max((abs(v - e) / abs(e) if e else abs(v) for v, e in pairs), default=0))


def random_problem(rng, *, size=None, condition=None, relative_tolerance=None):
    """Eigenvalues, coordinates and a tolerance: ties, zero coordinates, all shapes of labels.

    The largest eigenvalue is between 1e-3 and 1e3. Defaults are drawn: up to 12 directions,
    condition numbers up to 1e12, tolerances from 1e-12 of ||z||^2 / K to nearly all of it.
    """
    size = int(rng.integers(1, 13)) if size is None else size
    condition = 10 ** rng.uniform(0, 12) if condition is None else condition
    spread = rng.random(size)
    spread[[0, -1]] = 1, 0
    if rng.random() < 0.3:
        spread = np.round(spread * 3) / 3  # ties
    d = np.sort(condition**-spread) * 10 ** rng.uniform(-3, 3)
    z = rng.standard_normal(size) * (d / d[-1]) ** rng.choice([-0.3, 0, 0, 0.3, 1])
    if size > 1 and rng.random() < 0.3:
        z[rng.integers(size)] = 0
    if relative_tolerance is None:
        near = rng.random() < 0.2
        relative_tolerance = 1 - 10 ** rng.uniform(-6, -1) if near else 10 ** rng.uniform(-12, 0)
    return d, z, relative_tolerance * float(np.mean(z**2))


def random_matrix(rng, eigenvalues, labels_in_eigenbasis):
    """A symmetric matrix with about these eigenvalues, and the labels in its basis of samples."""
    size = len(eigenvalues)
    basis = np.linalg.qr(rng.standard_normal((size, size)))[0]
    gram = (basis * eigenvalues) @ basis.T
    return (gram + gram.T) / 2, basis @ labels_in_eigenbasis


def exact_eigenpairs(gram, labels):
    """Eigenvalues (ascending), coordinates of the labels, both in 60 digits, and eigenvectors."""
    with mpmath.workdps(DIGITS):
        d, vectors = mpmath.eigsy(mpmath.matrix(gram.tolist()))
        z = vectors.T * mpmath.matrix(labels.tolist())
        return list(d), list(z), vectors
