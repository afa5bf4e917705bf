"""Exercises of the chapters that follow: the example, filters, data, networks."""

import numpy as np

from sdtutorial.examples import spline
from sdtutorial.exercises._trials import smallest_residual
from sdtutorial.exercises._verdicts import UnusableError, called, checker, number, numbers, positive
from sdtutorial.kernels import NTK, gram_matrix
from sdtutorial.regression import fit

# The spline example


@checker
def half_infeasible(noise_level):
    """Check ``ex-spline-coin``: the noise with which half of all draws are infeasible.

    Parameters
    ----------
    noise_level : float
        Standard deviation of the noise, in units of the labels.
    """
    level = positive("noise_level", noise_level)
    ends = spline(endpoints=True)
    noise = level * np.random.default_rng(1).standard_normal((400_000, 2))
    share = np.mean(np.sum(noise**2, axis=1) > len(ends.y) * ends.tolerance)
    told = f"Of 400,000 draws with this noise {100 * share:.0f} % are infeasible."
    if abs(share - 0.5) < 0.01:
        yield True, told
    else:
        yield False, told
        yield False, "It must be " + ("louder." if share < 0.5 else "less loud.")


@checker
def eleven_points(inner_tolerance, factor):
    """Check ``ex-spline-eleven``: the problem on the full grid as one on the interior points.

    Parameters
    ----------
    inner_tolerance : callable
        The tolerance on the interior points as a function of that on all points.
    factor : float
        The multiplier on all points over that on the interior points.
    """
    factor = positive("factor", factor)
    full, interior = spline(endpoints=True), spline()
    for tolerance in (0.05, 0.06, 0.1):
        inner = positive("inner_tolerance", called("inner_tolerance", inner_tolerance, tolerance))
        one = fit(full.gram, full.y, tolerance)
        other = fit(interior.gram, interior.y, inner)
        if not np.allclose(one.fitted[1:-1], other.fitted, atol=1e-6):
            wanted = np.sum((one.fitted - full.y)[1:-1] ** 2)
            yield False, (
                f"With the tolerance {tolerance:g} on all points the squares inside add up to "
                f"{wanted:.4f}, and yours allows {len(interior.y) * inner:.4f}."
            )
            return
        if not np.isclose(one.multiplier, factor * other.multiplier, rtol=1e-4):
            yield False, "The fits are the same."
            yield False, (
                f"Their multipliers are {one.multiplier:.4e} and {other.multiplier:.4e}, and not "
                f"{factor:.4g} to one. By which number of points is each mean divided?"
            )
            return
    yield True, "With three tolerances, fits and multipliers agree."


# Filters, and the equivalent kernel


@checker
def half_kept(steps):
    """Check ``ex-filters-step``: so many boosted steps that half is kept at d = c.

    Parameters
    ----------
    steps : callable
        m, which need not be whole, as a function of n = 1, 2, ...
    """
    for n in (1, 2, 5, 10):
        m = positive("steps", called("steps", steps, n))
        kept = 1 - (1 - 0.5**n) ** m
        if abs(kept - 0.5) > 1e-3:
            yield False, f"For n = {n} and m = {m:.4g} the share {kept:.3f} is kept where d = c."
            if abs(m / (2.0**n * np.log(2)) - 1) < 1e-3:
                yield False, "This is what m tends to for large n. The exercise asks for every n."
            return
    yield True, "For n = 1, 2, 5 and 10 one half is kept where d = c."


@checker
def best_eigenvalues(best_kernel):
    """Check ``ex-generalization-hindsight``: the eigenvalues with the least trace bound.

    Parameters
    ----------
    best_kernel : callable
        Positive eigenvalues, shape (K,), as a function of the coordinates (K,) of the fit, of which
        none is zero.
    """
    rng = np.random.default_rng(0)
    for size in (2, 5, 9):
        z = rng.standard_normal(size)
        h = numbers("best_kernel", called("best_kernel", best_kernel, z.copy()), z.shape)
        if not (h > 0).all():
            yield False, "Eigenvalues are positive, and these are not: what about the signs of z?"
            return
        reached = _trace_bound(z, h)
        near_and_far = np.repeat([[0.01], [1.0]], 100, axis=0)
        tries = h * np.exp(near_and_far * rng.standard_normal((200, size)))
        least = min(_trace_bound(z, other) for other in tries)
        if least < reached * (1 - 1e-9):
            yield False, f"For {size} directions the bound is {reached:.5f}."
            yield False, f"Of 200 other kernels tried one has the bound {least:.5f}."
            return
    yield True, "For 2, 5 and 9 directions none of 200 other kernels has a smaller bound."


def _trace_bound(z, h):
    return np.sqrt(np.sum(z**2 / h) * np.sum(h)) / z.size


# Real data, networks, beyond the paper


@checker
def rare_class(images):
    """Check ``ex-real-rare``: how many of 1000 images a class must have to be there in round 0.

    Parameters
    ----------
    images : int
        The smallest number, with the tolerance 0.04.
    """
    given = number("images", images)
    if given != round(given) or not 1 <= given <= 999:
        raise UnusableError("`images` must be a whole number of the 1000 images.")
    at, below = (_mean_square_of_class(count) for count in (given, given - 1))
    if at <= 0.04:
        yield False, f"With {given:g} images the mean square of the column is {at:.5f}: too few."
    elif below > 0.04:
        yield False, f"With {given - 1:g} images the mean square is {below:.5f}: enough already."
    else:
        yield True, "With one image less the column is within the tolerance of zero."


def _mean_square_of_class(count):
    column = np.arange(1000) < count
    return np.mean((column - column.mean()) ** 2)


@checker
def wide_network_floor(smallest):
    """Check ``ex-tangent-reach``: how close a wide network without biases comes to the labels.

    Parameters
    ----------
    smallest : float
        The smallest mean squared residual on the running example, with the inputs 2 x - 1.
    """
    example = spline()
    gram = gram_matrix(NTK(depth=1), 2 * example.x - 1)  # what enters the networks
    yield from smallest_residual(positive("smallest", smallest), gram, example.y)


@checker
def golden_weight(weight):
    """Check ``ex-after-golden``: the best weight of the real observation.

    Parameters
    ----------
    weight : float
        w between zero and one.
    """
    w = number("weight", weight)
    if not 0 < w <= 1:
        raise UnusableError(f"`weight` must lie between zero and one, and it is {w:g}.")
    if w < 0.01:
        yield False, "With so small a weight the variance goes on growing for a long time."
        return
    reached, less, more = (_variance_of_generations(x) for x in (w, 0.99 * w, min(1.01 * w, 1)))
    if reached <= min(less, more):
        yield True, f"The variance tends to {reached:.4f}, and weights on both sides give more."
    else:
        side = "smaller" if less < more else "larger"
        yield False, f"The variance tends to {reached:.4f}, and to less with a {side} weight."


def _variance_of_generations(w):
    variance = 1.0
    for _ in range(20_000):
        before, variance = variance, w**2 + (1 - w) ** 2 * (variance + 1)
        if abs(variance - before) <= 1e-14 * variance:
            break
    return variance


@checker
def definite_grid(grid):
    """Check ``ex-part-grid``: eleven points on which every tolerance is feasible.

    Parameters
    ----------
    grid : array_like, shape (11,)
        Points in the unit interval.
    """
    example = spline()
    x = numbers("grid", grid, (11,))
    d = np.linalg.eigvalsh(gram_matrix(example.kernel, x))
    zero = int(np.sum(d < 11 * np.finfo(float).eps * d[-1]))
    if zero == 0:
        yield True, f"The smallest eigenvalue is {d[0]:.1e}: no label is out of reach."
        return
    yield False, f"Of the eigenvalues of G {zero} count as zero, so some labels are out of reach."
    if np.isin(x, (0, 1)).any():
        yield False, "Every admissible function is zero at the ends of the interval."
    if np.unique(x).size < x.size:
        yield False, "Two points are the same, and no function has two values there."


@checker
def shortest_probabilities(probabilities):
    """Check ``ex-cifar-zero``: a vector of a hundred probabilities that is as short as can be.

    Parameters
    ----------
    probabilities : array_like, shape (100,)
    """
    p = numbers("probabilities", probabilities, (100,))
    if (p < 0).any() or not np.isclose(p.sum(), 1):
        yield False, f"Probabilities are not negative and add up to one. The sum is {p.sum():.4g}."
    elif np.isclose(p.max(), p.min(), rtol=1e-6):
        length = np.linalg.norm(p)
        yield True, f"Its length is {length:.4f}, and no shift between two classes shortens it."
    else:
        shifted = p.copy()
        shifted[[p.argmax(), p.argmin()]] = (p.max() + p.min()) / 2
        before, after = np.linalg.norm(p), np.linalg.norm(shifted)
        yield False, f"Its length is {before:.5f}. If two classes share evenly it is {after:.5f}."
