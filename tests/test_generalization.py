"""The equivalent kernel, the degrees of freedom of a chain, and what they estimate.

Oracles are independent of the package: derivatives of a 60-digit chain, products of dense
Jacobians, chains run backwards (which needs no root finder), ridge fits, all signs of the
Rademacher average, and Monte Carlo.
"""

import dataclasses
import itertools
import shutil
import subprocess
from pathlib import Path

import mpmath
import numpy as np
import pytest
from oracle import DIGITS, exact_chain, random_matrix, random_problem, relative_error

from sdtutorial import (
    RBF,
    CubicSpline,
    InfeasibleToleranceError,
    Matern,
    distill,
    distill_spectrum,
    fit_with_multiplier,
    generalization,
    gram_matrix,
    spline,
)

EPSILON = np.finfo(float).eps


@pytest.fixture(scope="module")
def spline_chain():
    example = spline()
    return distill(example.gram, example.y, example.tolerance)


@pytest.fixture(scope="module")
def chains():
    """Chains of all kinds: ties, zero coordinates, condition numbers up to 1e12."""
    rng = np.random.default_rng(40)
    drawn = (distill_spectrum(*random_problem(rng), max_rounds=60) for _ in range(600))
    return [chain for chain in drawn if chain.rounds]


def energy(x, d):
    """The squared norm sum x_k^2 / d_k."""
    return np.sum(x**2 / d, axis=0)


def backward_chain(d, last, radius, rounds):
    """z_0 ... z_n and c_0 ... c_{n-1} of the one chain that ends in `last`: no root is sought."""
    targets, multipliers = [last], []
    for _ in range(rounds):
        c = radius / np.linalg.norm(targets[0] / d)
        targets.insert(0, targets[0] * (1 + c / d))
        multipliers.insert(0, c)
    return np.array(targets), np.array(multipliers)


def dense_jacobian(d, c, fit):
    """(I + c (I - e e^T) D^{-1})^{-1}, with the unit residual e of the round that ends in fit."""
    e = fit / d / np.linalg.norm(fit / d)
    return np.linalg.inv(np.eye(len(d)) + c * (np.eye(len(d)) - np.outer(e, e)) / d)


def exact_jacobian(d, z, tolerance, rounds):
    """Derivatives of z_1 ... z_n with respect to z_0, as quotients of differences of 1e-25."""
    step = mpmath.mpf(10) ** -25
    columns = []
    with mpmath.workdps(DIGITS):
        base = exact_chain(d, z, tolerance, rounds)[1]
        for k in range(len(d)):
            moved = [mpmath.mpf(v) for v in z]
            moved[k] += step
            after = exact_chain(d, moved, tolerance, rounds)[1]
            columns.append([[(b - a) / step for a, b in zip(*pair)] for pair in zip(base, after)])
        return np.array(columns)[:, 1:].transpose(1, 2, 0)  # (T, K, K) of mpmath numbers


def mutations(rng, d, z, tolerance):
    """A neighbour of a problem, for hill climbing."""
    size = len(d)
    d = np.sort(d * np.exp(rng.normal(0, 0.3, size) * (rng.random(size) < 0.5)))
    z = z * np.exp(rng.normal(0, 0.3, size) * (rng.random(size) < 0.5))
    return d, z, tolerance * np.exp(rng.normal(0, 0.2))


def climb(score, seed, steps=150, size=4):
    """Return the worst chain of a random search that keeps what lowers the score."""
    rng = np.random.default_rng(seed)
    best, worst = None, np.inf
    while best is None:
        d, z = np.sort(10 ** rng.uniform(-4, 0, size)), 10 ** rng.uniform(-2, 1, size)
        tolerance = np.mean(z**2) * 10 ** rng.uniform(-3, -0.5)
        chain = distill_spectrum(d, z, tolerance, max_rounds=30)
        if chain.rounds:
            best, worst = (d, z, tolerance), score(chain)
    for _ in range(steps):
        problem = mutations(rng, *best)
        chain = distill_spectrum(*problem, max_rounds=30)
        if chain.rounds and score(chain) < worst:
            best, worst = problem, score(chain)
    return worst


# --- The equivalent kernel ------------------------------------------------------------------------


@pytest.mark.statement("prp-equivalent-kernel")
@pytest.mark.parametrize("seed", range(30))
def test_one_ridge_fit_with_the_equivalent_kernel_repeats_every_round(seed):
    rng = np.random.default_rng(seed)
    d, z, tolerance = random_problem(rng, condition=10 ** rng.uniform(0, 5))
    gram, y = random_matrix(rng, d, z)
    chain = distill(gram, y, tolerance, max_rounds=20)
    equivalent = generalization.equivalent_eigenvalues(chain.eigenvalues, chain.multipliers)
    vectors = chain.eigenvectors
    for t, spectrum in enumerate(equivalent):
        fit = fit_with_multiplier((vectors * spectrum) @ vectors.T, y, chain.multipliers[0])
        np.testing.assert_allclose(fit.fitted, chain.targets[t + 1], atol=1e-10 * np.abs(y).max())


@pytest.mark.statement("prp-equivalent-kernel")
def test_the_equivalent_kernel_gives_the_curves_between_the_points_too(spline_chain):
    example, chain = spline(), spline_chain
    new = np.linspace(0, 1, 31)
    cross = example.kernel(new, example.x) / 9
    basis = cross @ chain.eigenvectors / chain.eigenvalues
    equivalent = generalization.equivalent_eigenvalues(chain.eigenvalues, chain.multipliers)
    repair = example.kernel(new, new) - 9 * cross @ np.linalg.solve(example.gram, cross.T)
    at_the_points = example.kernel(example.x, example.x) - 9 * example.gram
    np.testing.assert_allclose(at_the_points, 0, atol=1e-15)
    for t, spectrum in enumerate(equivalent):
        gram = (chain.eigenvectors * spectrum) @ chain.eigenvectors.T
        fit = fit_with_multiplier(gram, example.y, chain.multipliers[0])
        curve = fit.predict((basis * spectrum) @ chain.eigenvectors.T)
        np.testing.assert_allclose(curve, chain.predict(cross)[t], rtol=1e-9, atol=1e-12)
        kernel = 9 * (basis * spectrum) @ basis.T
        assert np.linalg.matrix_rank(kernel) <= 9
        assert np.linalg.eigvalsh(kernel).min() > -1e-16
        assert np.linalg.eigvalsh(kernel + repair).min() > -1e-16


@pytest.mark.statement("prp-equivalent-kernel")
@pytest.mark.slow
def test_equivalent_eigenvalues_fall_from_round_to_round_and_begin_with_those_of_the_kernel(chains):
    for chain in chains:
        equivalent = generalization.equivalent_eigenvalues(chain.eigenvalues, chain.multipliers)
        np.testing.assert_allclose(equivalent[0], chain.eigenvalues, rtol=1e-12)
        assert (np.diff(equivalent, axis=0) < 0).all() or not equivalent[-1].all()


def test_the_equivalent_kernel_depends_on_the_labels(spline_chain):
    """So a bound for one kernel, chosen before the labels are seen, does not apply to it."""
    example = spline()
    other = distill(example.gram, example.y[::-1] - 0.2, example.tolerance)
    ours, theirs = (
        generalization.equivalent_eigenvalues(chain.eigenvalues, chain.multipliers)
        for chain in (spline_chain, other)
    )
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-12)  # the kernel itself, in round 0
    assert (np.abs(theirs[1] / ours[1] - 1) > 0.01).all()


def test_equivalent_eigenvalues_keep_their_digits_and_know_the_edges():
    d, c = np.array([0.0, 1e-300, 1e-12, 1.0, 1e12]), np.array([1e-9, 3e-9, 2e3])
    with mpmath.workdps(60):
        exact = []
        for t in range(3):
            grown = [
                mpmath.fprod(1 + mpmath.mpf(c_i) / mpmath.mpf(k) for c_i in c[: t + 1]) - 1
                for k in d[1:]
            ]
            exact += [mpmath.mpf(c[0]) / g for g in grown]
    ours = generalization.equivalent_eigenvalues(d, c)
    assert (ours[:, 0] == 0).all()
    digits = ours[:, 1:].ravel()
    normal = np.array([e > 1e-300 for e in exact])
    assert relative_error(digits[normal], np.array(exact)[normal]) < 1e-13
    # multipliers that take hardly anything, nearly all, or more than a float says
    for d, c in ((1e233, [8e-122, 8e-120]), (4e-45, [1.5e148, 2.8e148]), (1e-200, [1e200, 2e200])):
        with mpmath.workdps(900):
            taken = [mpmath.mpf(one) / mpmath.mpf(d) for one in c]
            exact = [c[0] / taken[0], c[0] / (taken[0] + taken[1] + taken[0] * taken[1])]
        ours = generalization.equivalent_eigenvalues([d], c)[:, 0]
        assert ours == pytest.approx(list(map(float, exact)), rel=1e-12, abs=0)
    collapsed = generalization.equivalent_eigenvalues([1.0, 2.0], [[1.0, np.inf], [2.0, np.inf]])
    assert collapsed.shape == (2, 2, 2) and (collapsed[:, :, 1] == 0).all()
    assert generalization.equivalent_eigenvalues([1.0, 2.0], np.zeros(0)).shape == (0, 2)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.statement("prp-equivalent-radius")
def test_the_squared_radius_is_that_of_the_interpolant_in_the_equivalent_space(seed):
    rng = np.random.default_rng(seed)
    d, z, tolerance = random_problem(rng, condition=1e3)
    chain = distill_spectrum(d, z, tolerance, max_rounds=20)
    equivalent = generalization.equivalent_eigenvalues(chain.eigenvalues, chain.multipliers)
    norms = np.mean(chain.target_coordinates[1:] ** 2 / equivalent, axis=1)
    ours = generalization.equivalent_squared_radius(chain)
    np.testing.assert_allclose(ours, norms, rtol=1e-9)


@pytest.mark.statement("prp-equivalent-radius")
def test_the_radius_of_the_example_grows_before_it_falls(spline_chain):
    radius = generalization.equivalent_squared_radius(spline_chain)
    assert radius[0] < radius[1] < radius[2] > radius[3]


@pytest.mark.statement("lem-trace-bound", "def-rademacher")
@pytest.mark.parametrize("seed", range(30))
def test_no_average_over_all_signs_exceeds_the_trace_bound(seed):
    """The largest mean of sign times f(x) over the ball is R |K^{1/2} signs| / K, K the kernel."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 9))
    half = rng.standard_normal((size, size)) * 10 ** rng.uniform(-3, 0, size)
    gram, squared_radius = half @ half.T, 10 ** rng.uniform(-2, 2)
    signs = np.array(list(itertools.product([-1, 1], repeat=size)))
    kernel_norms = np.sqrt(np.einsum("sj,jk,sk->s", signs, size * gram, signs))
    average = np.sqrt(squared_radius) * np.mean(kernel_norms) / size
    spectrum = np.maximum(np.linalg.eigvalsh(gram), 0)[None]
    bound = generalization.rademacher_bound(spectrum, squared_radius)
    assert average <= bound * (1 + 1e-12)
    if size == 1:
        assert average == pytest.approx(bound[0], rel=1e-12)


@pytest.mark.statement("thm-trace-falls")
def test_the_trace_bound_falls_in_every_round_of_every_chain(chains):
    for chain in chains:
        d, c = chain.eigenvalues, chain.multipliers
        equivalent = generalization.equivalent_eigenvalues(d, c)
        radius = generalization.equivalent_squared_radius(chain)
        bound = generalization.rademacher_bound(equivalent, radius) ** 2
        assert (bound[1:] <= d[-1] / (c[1:] + d[-1]) * bound[:-1] * (1 + 1e-11)).all()


def log_bounds(d, c, z):
    """ln of R^2 times the sum of the 1, 2, ... K smallest d+, up to a constant."""
    grown = np.expm1(np.sum(np.log1p(c[:, None] / d), axis=0))  # prod (1 + c_i / d_k) - 1
    smallest = np.cumsum(np.sort(1 / grown))
    return np.log(np.sum(z**2 * grown / (1 + grown) ** 2)) + np.log(smallest)


@pytest.mark.statement("thm-trace-falls")
@pytest.mark.parametrize("seed", range(12))
def test_the_trace_bound_falls_when_any_multiplier_is_raised_under_attack(seed):
    """Hill climbing over eigenvalues, multipliers and labels; a round is raised from almost 0."""
    rng = np.random.default_rng(seed)
    size, rounds = rng.integers(1, 6), rng.integers(1, 7)
    i, worst = rng.integers(rounds), -np.inf
    logs = [rng.normal(0, 3, n) for n in (size, rounds, size, 1)]
    for _ in range(600):
        moved = [part + rng.normal(0, 0.3, part.shape) for part in logs]
        d, c, z, step = map(np.exp, moved)
        c[i] *= 1e-12 if seed % 3 == 0 else 1
        raised = np.where(np.arange(rounds) == i, c + step, c)
        allowed = np.log((d.max() + c[i]) / (d.max() + raised[i]))
        slack = np.max(log_bounds(d, raised, z) - log_bounds(d, c, z)) - allowed
        if slack > worst:
            worst, logs = slack, moved
    assert worst <= 1e-11


@pytest.mark.statement("thm-trace-falls")
def test_the_tail_bound_with_its_own_radius_falls_too(chains):
    for chain in chains:
        equivalent = generalization.equivalent_eigenvalues(chain.eigenvalues, chain.multipliers)
        radius = generalization.equivalent_squared_radius(chain)
        bound = generalization.tail_bound(equivalent, radius)
        assert (np.diff(bound) <= 1e-12 * bound[:-1]).all()


def test_the_tail_bound_is_the_least_of_all_splits():
    rng = np.random.default_rng(3)
    d, radius = 10 ** rng.uniform(-6, 1, (40, 6)), rng.random(40)  # in no order
    best = []
    for t in range(40):
        largest_first = np.sort(d[t])[::-1]
        splits = [h / 6 + np.sqrt(radius[t] * largest_first[h:].sum() / 6) for h in range(7)]
        assert generalization.tail_bound(d, radius)[t] == pytest.approx(min(splits), rel=1e-14)
        best.append(np.argmin(splits))
    assert set(best) >= {0, 1, 2, 3}
    assert generalization.tail_bound(100 * d + 100, 1.0).tolist() == [1.0] * 40


def test_bounds_of_columns_are_those_of_each_column():
    d = np.random.default_rng(4).random((3, 5, 2))
    radius = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    for bound in (generalization.rademacher_bound, generalization.tail_bound):
        both = bound(d, radius)
        for q in range(2):
            np.testing.assert_allclose(both[:, q], bound(d[..., q], radius[:, q]), rtol=1e-14)


# --- The Jacobian ---------------------------------------------------------------------------------


@pytest.mark.statement("prp-round-jacobian", "def-degrees-of-freedom")
@pytest.mark.parametrize("seed", range(25))
def test_jacobians_have_the_digits_of_differences_in_60_digits(seed):
    d, z, tolerance = random_problem(np.random.default_rng(seed), relative_tolerance=0.02)
    d, z = d[:6], z[:6]
    chain = distill_spectrum(d, z, tolerance, max_rounds=5)
    exact = exact_jacobian(d, z, tolerance, 5)
    ours = generalization.jacobians(chain)
    assert ours.shape == exact.shape
    scale = np.abs(exact.astype(float)).max(axis=(1, 2))
    error = np.abs((ours - exact).astype(float)).max(axis=(1, 2))
    assert (error <= 1e-11 * scale).all()
    df = generalization.degrees_of_freedom(chain)
    assert relative_error(df, [matrix.trace() for matrix in exact]) < 1e-12


@pytest.mark.statement("prp-round-jacobian")
@pytest.mark.parametrize("seed", range(10))
def test_with_null_directions_only_the_others_count_but_the_null_labels_move_them(seed):
    rng = np.random.default_rng(seed)
    d, z = np.sort(rng.random(5)), rng.standard_normal(5)
    d[:2] = 0
    tolerance = (np.sum(z[:2] ** 2) + 0.1 * np.sum(z[2:] ** 2)) / 5
    chain = distill_spectrum(d, z, tolerance, max_rounds=4)
    exact = exact_jacobian(d, z, tolerance, 4).astype(float)
    ours = generalization.jacobians(chain)
    np.testing.assert_allclose(ours, exact, rtol=1e-9, atol=1e-12)
    assert (np.abs(ours[0, 2:, :2]) > 0).all() and not ours[:, :2].any()
    np.testing.assert_allclose(
        generalization.degrees_of_freedom(chain), exact.trace(axis1=1, axis2=2), rtol=1e-11
    )


@pytest.mark.statement("prp-round-jacobian")
@pytest.mark.parametrize("seed", range(40))
def test_a_round_has_the_eigenvalue_one_once_with_the_fit_and_the_residual(seed):
    rng = np.random.default_rng(seed)
    d, z, tolerance = random_problem(rng, condition=1e3)
    chain = distill_spectrum(d, z, tolerance, max_rounds=1)
    jacobian = generalization.jacobians(chain)[0]
    z_1 = chain.target_coordinates[1]
    residual = z - z_1
    np.testing.assert_allclose(jacobian @ z_1, z_1, atol=1e-10 * np.abs(z_1).max())
    np.testing.assert_allclose(residual @ jacobian, residual, atol=1e-8 * np.abs(residual).max())
    root = np.sqrt(d)
    symmetric = jacobian / np.divide.outer(root, root)
    np.testing.assert_allclose(symmetric, symmetric.T, atol=1e-11)
    values = np.linalg.eigvalsh(symmetric)
    assert values[0] > 0 and values[-1] == pytest.approx(1, abs=1e-10)
    shares = d / (chain.multipliers[0] + d)
    rank_one = symmetric - np.diag(shares)
    weights = z**2 * d / (chain.multipliers[0] + d) ** 3
    weights /= weights.sum()
    np.testing.assert_allclose(rank_one.diagonal(), (1 - shares) * weights, atol=1e-10)
    np.testing.assert_allclose(
        rank_one**2, np.multiply.outer(*2 * [rank_one.diagonal()]), atol=1e-10
    )
    assert len(values) == 1 or values[-2] < 1


@pytest.mark.parametrize("seed", range(20))
def test_a_chain_run_backwards_has_the_degrees_of_freedom_of_its_dense_jacobians(seed):
    rng = np.random.default_rng(seed)
    size, rounds = int(rng.integers(2, 9)), int(rng.integers(1, 12))
    d = np.sort(10 ** rng.uniform(-3, 0, size))
    last = rng.standard_normal(size) * d
    last *= rng.uniform(0.2, 0.95) / np.linalg.norm(last)  # within the radius 1
    targets, multipliers = backward_chain(d, last, 1.0, rounds)
    chain = distill_spectrum(d, targets[0], 1 / size)
    assert chain.rounds == rounds
    np.testing.assert_allclose(chain.multipliers, multipliers, rtol=1e-9)
    product = np.eye(size)
    df = generalization.degrees_of_freedom(chain)
    for t in range(rounds):
        product = dense_jacobian(d, multipliers[t], targets[t + 1]) @ product
        assert df[t] == pytest.approx(product.trace(), rel=1e-9)


@pytest.mark.statement("thm-never-spreads")
@pytest.mark.parametrize("seed", range(60))
def test_two_chains_never_move_apart_in_the_function_space_through_collapse(seed):
    rng = np.random.default_rng(seed)
    d, z, tolerance = random_problem(rng, condition=10 ** rng.uniform(0, 6))
    if rng.random() < 0.5:
        other = z + 0.1 * rng.standard_normal(len(d)) * np.abs(z)
    else:
        other = rng.standard_normal(len(d)) * np.abs(z) * 10 ** rng.uniform(-2, 1)
    pair = distill_spectrum(d, np.stack([z, other], axis=1), tolerance, max_rounds=40)
    targets = pair.target_coordinates
    apart = targets[..., 0] - targets[..., 1]
    fits, before = energy(apart[1:].T, d[:, None]), energy(apart[:-1].T, d[:, None])
    residuals = energy((apart[:-1] - apart[1:]).T, d[:, None])
    assert (fits + residuals <= before * (1 + 1e-6)).all()


@pytest.mark.statement("thm-never-spreads")
def test_in_the_euclidean_norm_the_chain_of_the_example_does_spread(spline_chain):
    jacobians = generalization.jacobians(spline_chain)
    euclidean = np.linalg.norm(jacobians, 2, axis=(1, 2))
    np.testing.assert_allclose(euclidean, [1.2658, 1.3568, 1.3899, 1.3950], atol=1e-4)
    root = np.sqrt(spline_chain.eigenvalues)
    inside = np.linalg.norm(jacobians / np.divide.outer(root, root), 2, axis=(1, 2))
    assert (inside <= 1 + 1e-12).all()


# --- Degrees of freedom ---------------------------------------------------------------------------


def excess(chain):
    return generalization.degrees_of_freedom(chain) - chain.filters.sum(axis=1)


def allowed_excess(chain):
    """1 - beta_t, with the smallest filter among directions with label energy."""
    carrying = (chain.coordinates != 0) & (chain.eigenvalues > 0)
    return -np.expm1(chain.log_filters[:, carrying].min(axis=1))


@pytest.mark.statement("thm-degrees-of-freedom")
@pytest.mark.slow
def test_the_multipliers_cost_less_than_one_degree_of_freedom(chains):
    for chain in chains:
        rounding = 8 * EPSILON * len(chain.eigenvalues)
        assert (excess(chain) > -rounding).all()
        assert (excess(chain) <= allowed_excess(chain) + rounding).all()


@pytest.mark.statement("thm-degrees-of-freedom")
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.slow
def test_the_cost_of_the_multipliers_stays_within_its_bounds_under_attack(seed):
    assert climb(lambda chain: np.min(allowed_excess(chain) - excess(chain)), seed) > -1e-13
    assert climb(lambda chain: np.min(excess(chain)), seed) > 0


@pytest.mark.statement("thm-degrees-of-freedom")
def test_of_the_coupled_walkers_at_most_one_comes_back_after_it_left(chains):
    for seed, chain in enumerate(chains):
        places, left = generalization.coupled_walkers(chain, seed)
        size = len(chain.eigenvalues)
        assert places.shape == (chain.rounds + 1, size) and left.shape == (chain.rounds, size)
        came_back = (places[-1] == np.arange(size)) & left.any(axis=0)
        assert np.count_nonzero(came_back) <= 1
        assert (places[1:] == places[:-1])[~left].all()
        for t in range(chain.rounds):  # all who leave, of small eigenvalues, go to one place
            assert len(set(places[t + 1][left[t]])) <= 1
            at = chain.eigenvalues[places[t]]
            assert not left[t].any() or left[t][at <= at[left[t]].max()].all()


@pytest.mark.statement("thm-degrees-of-freedom")
def test_walkers_come_back_about_as_often_as_the_multipliers_cost(spline_chain):
    """The excess is a sum of geometric means of two probabilities, forwards and backwards."""
    draws = 4000
    back = 0
    for seed in range(draws):
        places, left = generalization.coupled_walkers(spline_chain, seed)
        back += np.count_nonzero((places[-1] == np.arange(9)) & left.any(axis=0))
    assert 0 < back / draws < allowed_excess(spline_chain)[-1]


@pytest.mark.statement("prp-every-excess")
@pytest.mark.parametrize("size", [1, 2, 7])
@pytest.mark.parametrize("ratio", [1.0001, 2.5, 7.3, 60.2])
def test_equal_eigenvalues_cost_one_part_in_r_0_a_round(size, ratio):
    z = np.full(size, ratio / np.sqrt(size))
    chain = distill_spectrum(np.full(size, 0.3), z, 1 / size)
    np.testing.assert_allclose(excess(chain), np.arange(1, chain.rounds + 1) / ratio, rtol=1e-9)
    np.testing.assert_allclose(excess(chain), allowed_excess(chain), rtol=1e-9)
    assert chain.rounds == np.ceil(ratio - 1)


def sums_of_multipliers(chain):
    return np.cumsum(chain.multipliers)[:, None] / chain.eigenvalues


@pytest.mark.statement("prp-freedom-rate")
def test_degrees_of_freedom_lie_between_an_exponential_and_one_ridge_fit_plus_one(chains):
    for chain in chains:
        df, total = generalization.degrees_of_freedom(chain), sums_of_multipliers(chain)
        assert (np.exp(-total).sum(axis=1) < df * (1 + 1e-12)).all()
        assert (df < 1 + np.sum(1 / (1 + total), axis=1) * (1 + 1e-12)).all()


@pytest.mark.statement("prp-freedom-rate")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.slow
def test_the_rate_of_the_degrees_of_freedom_holds_under_attack(seed):
    def upper(chain):
        ridge = np.sum(1 / (1 + sums_of_multipliers(chain)), axis=1)
        return np.min(1 + ridge - generalization.degrees_of_freedom(chain))

    def lower(chain):
        flow = np.sum(np.exp(-sums_of_multipliers(chain)), axis=1)
        return np.min(generalization.degrees_of_freedom(chain) - flow)

    assert climb(upper, seed) > 0
    assert climb(lower, seed) > 0


def test_the_first_degrees_of_freedom_fall(chains):
    for chain in chains:
        df = generalization.degrees_of_freedom(chain)[:3]
        size = len(chain.eigenvalues)
        if size > 1:
            assert (np.diff([size, *df]) < 1e-12 * size).all()


def test_the_degrees_of_freedom_of_the_example(spline_chain):
    df = generalization.degrees_of_freedom(spline_chain)
    np.testing.assert_allclose(df, [4.222, 2.655, 2.053, 1.779], atol=5e-4)


def test_columns_blocks_and_many_rounds_agree_with_one_column_at_a_time(monkeypatch):
    rng = np.random.default_rng(6)
    d, z = np.sort(rng.random(4)), rng.standard_normal((4, 7)) * 10 ** rng.uniform(-1, 1, 7)
    z[:, 2] = 0
    together = distill_spectrum(d, z, 0.001)
    assert together.rounds.max() > 8  # more rounds than twice the directions: factors are merged
    monkeypatch.setattr("sdtutorial._sensitivity._BLOCK", 64)
    df = generalization.degrees_of_freedom(together)
    estimate = generalization.risk_estimate(together, 0.3)
    score = generalization.generalized_cross_validation(together)
    radius = generalization.equivalent_squared_radius(together)
    for q in range(7):
        alone = distill_spectrum(d, z[:, q], 0.001)
        T = alone.rounds
        assert not df[T:, q].any()
        close = {"rtol": 1e-9, "atol": 1e-15}
        np.testing.assert_allclose(df[:T, q], generalization.degrees_of_freedom(alone), **close)
        own = generalization.risk_estimate(alone, 0.3)
        np.testing.assert_allclose(estimate[:T, q], own, **close)
        np.testing.assert_allclose(estimate[T:, q], np.mean(z[:, q] ** 2) - 0.3, **close)
        own = generalization.generalized_cross_validation(alone)
        np.testing.assert_allclose(score[:T, q], own, **close)
        np.testing.assert_allclose(score[T:, q], np.mean(z[:, q] ** 2), **close)
        own = generalization.equivalent_squared_radius(alone)
        np.testing.assert_allclose(radius[:T, q], own, **close)


@pytest.mark.parametrize("columns", [(), (3,)])
def test_chains_of_no_rounds_have_nothing_to_say(columns):
    chain = distill_spectrum([1.0, 2.0], np.zeros((2, *columns)), 1.0)
    assert generalization.degrees_of_freedom(chain).shape == (0, *columns)
    assert generalization.risk_estimate(chain, 1.0).shape == (0, *columns)
    assert generalization.generalized_cross_validation(chain).shape == (0, *columns)
    assert generalization.equivalent_squared_radius(chain).shape == (0, *columns)
    if not columns:
        assert generalization.jacobians(chain).shape == (0, 2, 2)


def test_a_chain_that_holds_a_part_of_the_spectrum_is_refused_in_a_sentence(spline_chain):
    partial = dataclasses.replace(
        spline_chain,
        eigenvalues=spline_chain.eigenvalues[4:],
        eigenvectors=spline_chain.eigenvectors[:, 4:],
        coordinates=spline_chain.coordinates[4:],
    )
    for ask in (
        generalization.degrees_of_freedom,
        generalization.generalized_cross_validation,
        generalization.equivalent_squared_radius,
        generalization.jacobians,
        lambda chain: generalization.risk_estimate(chain, 0.25),
    ):
        with pytest.raises(ValueError, match="whole spectrum, but the chain holds 5 of 9"):
            ask(partial)


# --- The estimate of the risk ---------------------------------------------------------------------


@pytest.mark.statement("prp-training-error")
def test_the_training_error_lies_between_t_plus_one_and_its_square_tolerances(chains):
    for chain in chains:
        y = chain.target_coordinates
        error = np.mean((y[1:] - y[0]) ** 2, axis=1) / chain.tolerance
        count = np.arange(1, chain.rounds + 1)
        assert (error >= count * (1 - 1e-6)).all() and (error <= count**2 * (1 + 1e-6)).all()


@pytest.mark.statement("thm-risk-estimate")
@pytest.mark.parametrize(
    "tolerance, deviation", [(0.02, 0.5), (0.2, 0.5), (0.05, 1.0), (0.002, 0.2)]
)
def test_the_estimate_of_the_risk_is_unbiased_through_collapse(tolerance, deviation):
    rng = np.random.default_rng(12)
    x = np.arange(1, 7) / 7
    truth, draws = np.sin(2 * np.pi * x), 20_000
    y = truth[:, None] + deviation * rng.standard_normal((6, draws))
    chain = distill(gram_matrix(CubicSpline(), x), y, tolerance, max_rounds=4)
    risk = np.mean((chain.targets[1:] - truth[:, None]) ** 2, axis=1)
    estimate = generalization.risk_estimate(chain, deviation**2)
    difference = estimate - risk
    standard_error = difference.std(axis=1, ddof=1) / np.sqrt(draws)
    assert (np.abs(difference.mean(axis=1)) < 4 * standard_error).all()
    fixed = estimate - 2 * deviation**2 * excess(chain) / 6
    assert (np.mean(fixed - risk, axis=1) < -4 * standard_error)[:2].all()


@pytest.mark.statement("prp-optimism")
def test_fresh_labels_are_fitted_worse_by_the_degrees_of_freedom():
    rng = np.random.default_rng(13)
    d, truth, draws = np.array([0.01, 0.1, 0.5, 1.0]), np.array([0.1, 0.0, 1.0, 2.0]), 40_000
    y = truth[:, None] + 0.7 * rng.standard_normal((4, draws))
    fresh = truth[:, None] + 0.7 * rng.standard_normal((4, draws))
    chain = distill_spectrum(d, y, 0.1, max_rounds=3)
    fits = chain.target_coordinates[1:]
    optimism = np.mean((fits - fresh) ** 2 - (fits - y) ** 2, axis=1)
    difference = optimism - 2 * 0.49 * generalization.degrees_of_freedom(chain) / 4
    standard_error = difference.std(axis=1, ddof=1) / np.sqrt(draws)
    assert (np.abs(difference.mean(axis=1)) < 4 * standard_error).all()


@pytest.mark.statement("prp-gcv-identity")
@pytest.mark.slow
def test_the_score_is_the_estimate_of_the_risk_plus_three_terms(chains):
    for chain in chains:
        size = len(chain.eigenvalues)
        delta = generalization.degrees_of_freedom(chain) / size
        if size == 1 or (delta > 0.99).any():
            continue
        error = np.mean((chain.target_coordinates[1:] - chain.coordinates) ** 2, axis=1)
        variance = 0.3 * np.mean(chain.coordinates**2)
        own = error / (1 - delta)
        terms = 2 * delta * (own - variance) + own * delta**2 / (1 - delta)
        identity = generalization.risk_estimate(chain, variance) + variance + terms
        score = generalization.generalized_cross_validation(chain)
        np.testing.assert_allclose(score, identity, rtol=1e-9, atol=1e-9 * variance)


def test_what_the_degrees_of_freedom_leave_keeps_its_digits_near_interpolation():
    d, z = np.array([1e-4, 1e-2, 0.3, 1.0]), np.array([0.3, -1.0, 0.2, 2.0])
    tolerance = 1e-18
    chain = distill_spectrum(d, z, tolerance, max_rounds=3)
    with mpmath.workdps(DIGITS):
        exact = exact_jacobian(d, z, tolerance, 3)
        left = [1 - matrix.trace() / 4 for matrix in exact]
        targets = exact_chain(d, z, tolerance, 3)[1]
        errors = [sum((a - b) ** 2 for a, b in zip(y, targets[0])) / 4 for y in targets[1:]]
        scores = [error / share**2 for error, share in zip(errors, left)]
    assert relative_error(generalization.generalized_cross_validation(chain), scores) < 1e-9


def test_the_score_of_a_single_point_is_infinite():
    chain = distill_spectrum([0.5], [3.0], 1.0)
    assert np.isposinf(generalization.generalized_cross_validation(chain)).all()
    assert generalization.degrees_of_freedom(chain) == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("scale", [1e-140, 1e140])
def test_all_of_it_is_free_of_the_units_of_the_labels(spline_chain, scale):
    z = scale * spline_chain.coordinates
    chain = distill_spectrum(spline_chain.eigenvalues, z, scale**2 * 0.04)
    df = generalization.degrees_of_freedom(spline_chain)
    np.testing.assert_allclose(generalization.degrees_of_freedom(chain), df, rtol=1e-11)
    estimate = generalization.risk_estimate(spline_chain, 0.25)
    ours = generalization.risk_estimate(chain, 0.25 * scale**2) / scale**2
    np.testing.assert_allclose(ours, estimate, rtol=1e-10)


@pytest.mark.statement("prp-null-directions")
@pytest.mark.filterwarnings("ignore::sdtutorial.AccuracyWarning")  # some are close to the floor
def test_with_null_directions_refusing_draws_biases_the_estimate():
    """RBF(0.2) on 200 points: at a tolerance of the noise variance itself one draw in six is
    infeasible, and among the others the estimate is too low; at 1.3 times it, neither happens."""
    rng = np.random.default_rng(14)
    x = (np.arange(200) + 0.5) / 200
    truth = np.sin(2 * np.pi * x) + np.sin(6 * np.pi * x) / 2
    y = truth[:, None] + 0.5 * rng.standard_normal((200, 500))
    gram = gram_matrix(RBF(0.2), x)
    basis = distill(gram, y, 10.0, max_rounds=0)
    floors = np.mean(np.where(basis.eigenvalues[:, None] > 0, 0, basis.coordinates) ** 2, axis=0)
    biases, refused = [], []
    for factor in (1.0, 1.3):
        feasible = y[:, floors < factor * 0.25]
        chain = distill(gram, feasible, factor * 0.25, max_rounds=1)
        risk = np.mean((chain.targets[1] - truth[:, None]) ** 2, axis=0)
        difference = generalization.risk_estimate(chain, 0.25)[0] - risk
        biases.append(difference.mean() / (difference.std() / np.sqrt(len(difference))))
        refused.append(500 - feasible.shape[1])
    assert refused[0] > 50 and refused[1] == 0
    assert biases[0] < -4 and abs(biases[1]) < 4


@pytest.mark.statement("prp-null-directions")
@pytest.mark.parametrize("null_part", [0.0, 0.3, 0.9])
def test_given_the_null_part_of_the_labels_the_bias_is_the_same_in_all_rounds(null_part):
    rng, draws, deviation = np.random.default_rng(15), 40_000, 0.7
    d, truth = np.array([0.0, 0.05, 0.3, 1.0]), np.array([0.2, 0.1, -1.0, 2.0])
    z = truth[:, None] + deviation * rng.standard_normal((4, draws))
    z[0] = null_part
    chain = distill_spectrum(d, z, 0.3, max_rounds=3)
    risk = np.mean((chain.target_coordinates[1:] - truth[:, None]) ** 2, axis=1)
    bias = generalization.risk_estimate(chain, deviation**2) - risk
    expected = (null_part**2 - truth[0] ** 2 - deviation**2) / 4
    standard_error = bias.std(axis=1) / np.sqrt(draws)
    assert (np.abs(bias.mean(axis=1) - expected) < 4 * standard_error).all()
    own = distill_spectrum(d[1:], z[1:, 0], (4 * 0.3 - null_part**2) / 3, max_rounds=1)
    assert chain.multipliers[0, 0] == pytest.approx(own.multipliers[0], rel=1e-12)
    df = generalization.degrees_of_freedom(chain)[0, 0]
    assert df == pytest.approx(generalization.degrees_of_freedom(own)[0], rel=1e-12)


# --- The limit of small tolerances ----------------------------------------------------------------


def test_the_limit_curve_has_the_values_of_a_40_digit_quadrature():
    d, z = [1.0, 1 / 7, 1 / 20], [1.0, 100.0, 1e6]
    with mpmath.workdps(40):
        rates, start = [1, 7, 20], [1, 700, 2 * 10**7]  # 1/d, and the speeds at time zero

        def direction(s):
            v = [p * mpmath.exp(-a * s) for p, a in zip(start, rates)]
            norm = mpmath.sqrt(sum(x**2 for x in v))
            return [x / norm for x in v]

        def exact(s):
            e = direction(s)
            total = sum(mpmath.exp(-a * s) for a in rates)
            for k, a in enumerate(rates):
                past = lambda u: direction(u)[k] * mpmath.exp(-a * u) * a  # noqa: B023
                total += e[k] * mpmath.quad(past, [0, 0.05, 0.2, 0.5, 1, s])
            return total

        times = [1.26, 1.3, 1.4]
        values = [exact(mpmath.mpf(s)) for s in times]
    ours = generalization.degrees_of_freedom_limit(d, z, times)
    assert relative_error(ours, values) < 1e-12
    np.testing.assert_allclose(ours, [0.372872, 0.372977, 0.373515], atol=5e-7)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.slow
def test_chains_with_small_tolerances_tend_to_the_limit_curve(seed):
    rng = np.random.default_rng(seed)
    d, z = np.sort(10 ** rng.uniform(-2, 0, 4)), rng.standard_normal(4)
    errors = []
    for ratio in (100, 1000):
        chain = distill_spectrum(d, z, np.mean(z**2) / ratio**2)
        rounds = np.arange(5, chain.rounds, max(1, chain.rounds // 20))
        times = np.cumsum(chain.multipliers)[rounds]
        limit = generalization.degrees_of_freedom_limit(d, z, times)
        ours = generalization.degrees_of_freedom(chain)[rounds]
        errors.append(np.abs(ours - limit)[: len(rounds) // 2].max())
    assert errors[1] < 0.2 * errors[0] < 0.1


def test_the_program_for_long_chains_agrees_with_the_package(tmp_path):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler: the program for long chains was not tried")
    source = Path(__file__).parents[1] / "benchmarks" / "long_chain.c"
    program = tmp_path / "long_chain"
    subprocess.run([compiler, "-O2", "-o", program, source, "-lm"], check=True)
    printed = subprocess.run(
        [program, "1000", "0.5"], check=True, capture_output=True, text=True
    ).stdout
    d, z = [0.05, 1 / 7, 1.0], [1000.0, 100.0, 1.0]
    chain = distill_spectrum(d, z, 0.25 / 3)
    df = generalization.degrees_of_freedom(chain)
    numbers = dict(line.rsplit(maxsplit=1) for line in printed.splitlines())
    assert int(numbers["rounds"]) == chain.rounds
    assert float(numbers["last degrees of freedom"]) == pytest.approx(df[-1], rel=1e-9)
    assert int(numbers["rounds in which they rise"]) == np.sum(np.diff(df) > 0)


# --- Held-out labels ------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [(), (2,)])
def test_cross_validation_runs_a_chain_without_each_fold(columns):
    rng = np.random.default_rng(8)
    x, folds = rng.random(12), np.arange(12) % 3
    y = rng.standard_normal((12, *columns))
    kernel, rounds, tolerance = RBF(0.1), 6, 0.2
    total = np.zeros((rounds, *columns))
    for fold in range(3):
        out = folds == fold
        chain = distill(gram_matrix(kernel, x[~out]), y[~out], tolerance, max_rounds=rounds)
        fits = np.zeros((rounds, 4, *columns))
        fits[: len(chain.multipliers)] = chain.predict(kernel(x[out], x[~out]) / 8)
        total += np.sum((fits - y[out]) ** 2, axis=1)
    gram = gram_matrix(kernel, x)
    ours = generalization.validation_errors(gram, y, tolerance, folds, rounds=rounds)
    np.testing.assert_allclose(ours, total / 12, rtol=1e-9)


def test_a_held_out_set_is_one_fold_and_negative_folds_are_never_held_out():
    rng = np.random.default_rng(9)
    x, y = rng.random(10), rng.standard_normal(10)
    kernel, held_out = RBF(0.1), np.arange(10) < 3
    chain = distill(gram_matrix(kernel, x[3:]), y[3:], 0.1, max_rounds=2)
    fits = chain.predict(kernel(x[:3], x[3:]) / 7)
    ours = generalization.validation_errors(
        gram_matrix(kernel, x), y, 0.1, np.where(held_out, 0, -1), rounds=2
    )
    np.testing.assert_allclose(ours, np.mean((fits - y[:3]) ** 2, axis=1), rtol=1e-9)


# --- What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("folds", [np.zeros(4), -np.ones(4), np.arange(3), "abcd"])
def test_folds_that_hold_out_nothing_or_everything_are_refused(folds):
    with pytest.raises((TypeError, ValueError), match="folds"):
        generalization.validation_errors(np.eye(4), np.ones(4), 0.1, folds, rounds=2)


def test_arguments_that_do_not_fit_are_refused(spline_chain):
    with pytest.raises(ValueError, match="multipliers must be positive"):
        generalization.equivalent_eigenvalues([1.0], [0.0])
    with pytest.raises(ValueError, match="must not be negative"):
        generalization.rademacher_bound([[-1.0]])
    with pytest.raises(ValueError, match="squared_radius"):
        generalization.tail_bound([[1.0]], [1.0, 2.0])
    with pytest.raises(ValueError, match="noise_variance must be"):
        generalization.risk_estimate(spline_chain, 0)
    with pytest.raises(ValueError, match="one label vector"):
        generalization.jacobians(distill_spectrum([1.0], [[3.0, 4.0]], 1.0))
    for d, z, times in [([0.0], [1.0], [1.0]), ([1.0], [0.0], [1.0]), ([1.0], [1.0], [0.0])]:
        with pytest.raises(ValueError, match="eigenvalues and times must be positive"):
            generalization.degrees_of_freedom_limit(d, z, times)
    with pytest.raises(InfeasibleToleranceError):
        generalization.validation_errors(
            np.diag([0.0, 0.0, 1.0, 1.0]), np.ones(4), 0.1, [-1, 0, 1, 1], rounds=2
        )


def test_weights_that_count_have_the_scores_of_points_that_are_there_so_often():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(size=12), rng.normal(size=12)
    often = rng.integers(1, 4, 12)
    few = distill(gram_matrix(Matern(0.2, 0.5), x), y, 0.1, weights=often)
    points, labels = np.repeat(x, often), np.repeat(y, often)
    many = distill(gram_matrix(Matern(0.2, 0.5), points), labels, 0.1)
    assert few.rounds == many.rounds
    for score in (
        lambda chain, **count: generalization.risk_estimate(chain, 0.3, **count),
        generalization.generalized_cross_validation,
    ):
        assert score(few, count=often.sum()) == pytest.approx(score(many), rel=1e-8)
        assert score(few) != pytest.approx(score(many), rel=1e-3)


def test_with_fewer_points_than_degrees_of_freedom_the_score_is_infinite():
    chain = distill(np.diag([1.0, 2.0, 3.0]), [3.0, 1.0, 2.0], 0.1)
    assert generalization.generalized_cross_validation(chain, count=0.5)[0] == np.inf
