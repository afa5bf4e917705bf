"""Exercises of the chapters on the chain: from the constrained problem to sparsification."""

import numpy as np

from sdtutorial import bounds
from sdtutorial.distillation import distill_spectrum
from sdtutorial.examples import spline
from sdtutorial.exercises._trials import running_chain, smallest_residual
from sdtutorial.exercises._verdicts import UnusableError, called, checker, number, numbers, positive
from sdtutorial.regression import fit, mean_squared_residual

# The constrained problem


@checker
def units(scaled_tolerance):
    """Check ``ex-setup-units``: with which tolerance the fit scales with the labels.

    Parameters
    ----------
    scaled_tolerance : callable
        The tolerance for the labels s y as a function of s > 0.
    """
    example = spline()
    plain = fit(example.gram, example.y, example.tolerance)
    for s in (0.5, 3.0, 20.0):
        tolerance = positive("scaled_tolerance", called("scaled_tolerance", scaled_tolerance, s))
        scaled = fit(example.gram, s * example.y, tolerance)
        if not np.allclose(scaled.fitted, s * plain.fitted, rtol=1e-6, atol=1e-6):
            length = np.linalg.norm(scaled.fitted) / np.linalg.norm(plain.fitted)
            yield False, f"With s = {s:g} the fit becomes {length:.3g} times as long."
            if np.isclose(tolerance, example.tolerance):
                yield False, "The tolerance has stayed as it was. In which units is it measured?"
            elif np.isclose(tolerance, s * example.tolerance):
                yield False, "A tolerance bounds a mean of squares: what does s do to a square?"
            return
    yield True, "With s = 0.5, 3 and 20 the fit is s times the old one."


@checker
def unreachable(floor):
    """Check ``ex-setup-infeasible``: the smallest mean squared residual with both end points.

    Parameters
    ----------
    floor : float
        In squared units of the labels.
    """
    floor = positive("floor", floor)
    ends = spline(endpoints=True)
    yield from smallest_residual(floor, ends.gram, ends.y)


# The closed form


@checker
def newton(newton_step):
    """Check ``ex-closed-newton``: Newton's step for the equation of the multiplier.

    Parameters
    ----------
    newton_step : callable
        The next mu as a function of mu >= 0, for the running example.
    """
    example, chain = spline(), running_chain()
    size = len(example.y)

    def height(mu):  # what the exercise calls phi, straightened so that it can be differentiated
        left = mean_squared_residual(chain.eigenvalues, chain.coordinates, 1 / mu)
        return (size * left) ** -0.5

    wanted = (size * example.tolerance) ** -0.5
    for mu in (1e2, 1e3, 1e4):
        step = 1e-4 * mu
        slope = (height(mu + step) - height(mu - step)) / (2 * step)
        given = number("newton_step", called("newton_step", newton_step, mu)) - mu
        reached = height(mu) + slope * given
        if not abs(reached - wanted) < 1e-4 * abs(wanted - height(mu)):
            yield False, (
                f"From mu = {mu:g} the step leads to {mu + given:.5g}. There the tangent has the "
                f"height {reached:.4f}, and {wanted:.4f} is wanted."
            )
            if abs(height(mu) - slope * given - wanted) < 1e-4 * abs(wanted - height(mu)):
                yield False, "It is of the right length and goes the wrong way."
            return
    mu = 0.0
    for _ in range(20):
        mu = number("newton_step", called("newton_step", newton_step, mu))
    residual = mean_squared_residual(chain.eigenvalues, chain.coordinates, 1 / mu)
    if not np.isclose(residual, example.tolerance):
        yield False, f"Twenty steps from mu = 0 end where the mean square is {residual:.5g}."
        return
    yield True, "Each step follows the tangent, and from mu = 0 they lead to the multiplier."


@checker
def stretched_string(string):
    """Check ``ex-closed-string``: the Green's function of stretching.

    Parameters
    ----------
    string : callable
        A kernel: ``string(x, t)`` for points (n,) and (m,) has the shape (n, m).
    """
    grid, places = np.linspace(0, 1, 401), np.array([0.1, 0.35, 0.5, 0.8])
    values = numbers("string", called("string", string, grid, places), (401, 4))
    if not np.allclose(values[[0, -1]], 0, atol=1e-9):
        largest = np.abs(values[[0, -1]]).max()
        yield False, f"At x = 0 and x = 1 it must be zero, and it is as large as {largest:.3g}."
        return
    for name, f in (("sin(2 pi x)", np.sin(2 * np.pi * grid)), ("x (1 - x)", grid * (1 - grid))):
        # the integral of f' g' over each cell of the grid; exact where g is a straight line
        products = np.diff(f) @ np.diff(values, axis=0) / np.diff(grid)[0]
        wrong = np.flatnonzero(~np.isclose(products, np.interp(places, grid, f), atol=1e-6))
        if wrong.size:
            t, product = places[wrong[0]], products[wrong[0]]
            yield False, (
                f"It does not reproduce f = {name}: for t = {t:g} the integral of f' g' is "
                f"{product:.4f}, and f(t) is {np.interp(t, grid, f):.4f}."
            )
            yield False, "How does its slope change at t, and is it straight on both sides?"
            return
    yield True, "It is zero at both ends, and it reproduces two functions at four points."


# Self-distillation


@checker
def run_backwards(backwards):
    """Check ``ex-chain-backwards``: the labels from the last targets.

    Parameters
    ----------
    backwards : callable
        The labels y_0, shape (K,), as a function of the targets y_T of the running example's chain.
    """
    chain = running_chain()
    labels = chain.labels

    def returned(targets):
        return numbers("backwards", called("backwards", backwards, targets), labels.shape)

    got = returned(np.array(chain.targets[-1]))
    if not np.allclose(got, labels, atol=1e-5):
        for t, targets in enumerate(chain.targets[1:], 1):
            if np.allclose(got, targets, atol=1e-8):
                missing = "One round is" if t == 1 else f"{t} rounds are"
                yield False, f"These are the targets of round {t}. {missing} missing."
                return
        miss = np.linalg.norm(got - labels) / np.linalg.norm(labels)
        yield False, f"What comes back misses the labels by {miss:.2g} of their length."
        return
    rng = np.random.default_rng(0)
    for _ in range(3):
        other = chain.eigenvectors @ rng.standard_normal(labels.size)
        kept = chain.filters[-1] * (chain.eigenvectors.T @ other)
        if not np.allclose(returned(chain.eigenvectors @ kept), other, atol=1e-4):
            yield False, "It is right for the last targets of this chain, and not for others."
            return
    yield True, "The labels come back, from these targets and from three others."


# The collapse bound, and when to stop


@checker
def chain_to_order(ordered, rounds):
    """Check ``ex-collapse-order`` and ``ex-stop-backwards``: labels whose chain has so many rounds.

    Parameters
    ----------
    ordered : array_like, shape (K,)
        Labels in the eigenbasis of the running example.
    rounds : int
        How many rounds their chain shall have.
    """
    example, chain = spline(), running_chain()
    z = numbers("ordered", ordered, chain.coordinates.shape)
    most = 10 * rounds
    made = distill_spectrum(chain.eigenvalues, z, example.tolerance, max_rounds=most + 1)
    if made.rounds == rounds:
        yield True, f"The chain of these labels has {rounds} rounds."
        return
    counted = made.rounds if made.rounds <= most else f"more than {most}"
    yield False, f"The chain of these labels has {counted} rounds."
    if made.rounds == 0:
        yield False, "They are within the tolerance of zero: has the walk begun?"
    elif made.rounds == rounds + 1:
        yield False, "It is one too many: where must the last vector lie to be the last?"
    elif made.rounds < rounds:
        yield False, "How long is each step of the walk, in units of the labels?"


@checker
def which_upper_end(angle, curve):
    """Check ``ex-collapse-ends``: a problem for the angle, and one for the curve.

    Parameters
    ----------
    angle, curve : tuple
        Eigenvalues (K,), ascending, coordinates of the labels (K,), and the tolerance.
    """
    for name, problem in (("angle", angle), ("curve", curve)):
        yield _smaller_end(name, problem)


def _smaller_end(name, problem):
    if not (isinstance(problem, tuple | list) and len(problem) == 3):
        raise UnusableError(f"`{name}` must be eigenvalues, coordinates and a tolerance.")
    d, z = numbers(name, problem[0]), numbers(name, problem[1])
    start = distill_spectrum(d, z, problem[2], max_rounds=1).norm_ratios[0]
    ends = {
        "angle": bounds.rounds_interval(start)[1],
        "curve": bounds.rounds_curve_bound(d, z, problem[2]),
    }
    told = f"In `{name}` the angle allows {ends['angle']} rounds and the curve {ends['curve']}."
    other = "curve" if name == "angle" else "angle"
    if ends[name] < ends[other]:
        return True, told
    if ends[name] == ends[other]:
        return False, f"{told} They are equal."
    if name == "angle" and start >= np.sqrt(d.size):
        told += f" Here r_0 = {start:.3g} exceeds the root of m, and then the angle has no chance."
    return False, told


# Sparsification


@checker
def fixed_multiplier(bottom_rounds, top_rounds):
    """Check ``ex-sparsity-fixed``: how many rounds with c_0 part two pairs as the chain does.

    Parameters
    ----------
    bottom_rounds, top_rounds : int
        Rounds until the bottom pair, and the top pair, is as far apart as after the last round.
    """
    chain = running_chain()
    d, c = chain.eigenvalues, chain.multipliers[0]
    for name, low, given in (("bottom", 0, bottom_rounds), ("top", d.size - 2, top_rounds)):
        given = number(f"{name}_rounds", given)
        wanted = chain.filters[-1, low + 1] / chain.filters[-1, low]
        kept, needed = np.ones(2), 0
        while kept[1] / kept[0] < wanted:
            kept, needed = kept * d[low : low + 2] / (c + d[low : low + 2]), needed + 1
        if given == needed:
            yield True, f"After {needed} rounds the {name} pair is as far apart."
        elif needed - 1 < given < needed:
            yield False, f"The {name} pair: rounds are whole, and {given:.4g} is not."
        elif given < needed:
            yield False, f"After {given:g} rounds the {name} pair is not yet as far apart."
        else:
            yield False, f"The {name} pair is as far apart before round {given:g}."


@checker
def largest_index(spectrum):
    """Check ``ex-sparsity-index``: eigenvalues with the largest limit of the sparsity index.

    Parameters
    ----------
    spectrum : array_like, shape (K,)
        Positive eigenvalues, K at least 2.
    """
    d = np.sort(numbers("spectrum", spectrum))
    if d.ndim != 1 or d.size < 2 or d[0] <= 0:
        raise UnusableError("`spectrum` must hold at least two positive eigenvalues.")
    reached = bounds.sparsity_index_limit(d)
    for factor in (0.98, 1.02):
        moved = d * np.where(np.eye(d.size), factor, 1.0)  # one eigenvalue in each row
        better = [bounds.sparsity_index_limit(np.sort(row)) for row in moved]
        if max(better) > reached:
            k = int(np.argmax(better))
            yield False, (
                f"The limit is 1 + {reached - 1:.4g}. It grows to 1 + {max(better) - 1:.4g} if "
                f"eigenvalue {k + 1} of {d.size} is multiplied by {factor}."
            )
            return
    if d.size > 2:  # nothing moved, and yet fewer are better
        fewer = max(bounds.sparsity_index_limit(np.delete(d, k)) for k in range(d.size))
        if fewer > reached:
            yield False, f"The limit is {reached:.6f}. It grows to {fewer:.6f} without one of them."
            return
    yield True, f"The limit is {reached:.6f}, and no change of one eigenvalue makes it larger."
