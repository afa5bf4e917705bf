"""The multiplier is the only root of its equation, and right in every digit."""

import copy
import pickle
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from oracle import brentq_chain, exact_chain, exact_multiplier, random_problem, relative_error

from sdtutorial import (
    RBF,
    AccuracyWarning,
    InfeasibleToleranceError,
    distill_spectrum,
    fit,
    gram_matrix,
    mean_squared_residual,
    solve_multiplier,
)
from sdtutorial.secular import shares_kept, shares_left

EPSILON = np.finfo(float).eps


@pytest.mark.statement("prp-collapse-regime")
def test_a_tolerance_equal_to_the_energy_of_the_labels_gives_zero_and_the_next_float_does_not():
    d, z = np.array([0.1, 0.7, 2.0]), np.array([1.5, -2.0, 0.5])  # squares sum to 6.5, exactly
    energy = 6.5 / 3
    assert 3 * energy == 6.5
    just_above = np.nextafter(energy, 3)
    just_below = np.nextafter(np.nextafter(energy, 0), 0)
    assert solve_multiplier(d, z, just_above) == np.inf
    assert np.isfinite(solve_multiplier(d, z, just_below))
    assert solve_multiplier([1.0], [3.0], 9.0) == np.inf
    assert solve_multiplier([1.0], [3.0], np.nextafter(9.0, 0)) < np.inf


@pytest.mark.statement("prp-unique-multiplier")
@pytest.mark.parametrize("seed", range(100))
def test_the_residual_grows_with_the_multiplier_and_meets_the_tolerance_once(seed):
    d, z, tolerance = random_problem(np.random.default_rng(seed))
    c = solve_multiplier(d, z, tolerance)
    assert mean_squared_residual(d, z, c) == pytest.approx(tolerance, rel=1e-12)
    grid = np.geomspace(1e-9, 1e9, 400) * c
    residuals = mean_squared_residual(d, z, grid)
    steps = np.diff(residuals)
    assert (steps >= -4 * EPSILON * residuals[1:]).all()
    flat = 1e-12 * residuals[1:]  # close to its limits the growth drowns in rounding
    assert (steps[(residuals[1:] < (1 - 1e-9) * residuals[-1]) & (steps > flat)] > 0).all()
    place = np.searchsorted(grid, c)
    assert residuals[place - 1] < tolerance < residuals[place + 1]
    limits = mean_squared_residual(d, z, np.array([0.0, np.inf]))
    assert limits[0] < tolerance <= limits[1]


@pytest.mark.statement("prp-unique-multiplier")
def test_at_the_floor_only_the_reachable_part_of_the_labels_is_within_the_tolerance():
    d, z = np.array([0.0, 0.5, 2.0]), np.array([1.0, -2.0, 3.0])
    floor = 1 / 3
    assert mean_squared_residual(d, z, 0.0) == floor
    assert (mean_squared_residual(d, z, np.geomspace(1e-6, 1e6, 50)) > floor).all()
    for values in np.random.default_rng(0).standard_normal((200, 2)):  # of G b: zero along d = 0
        missed = np.mean((np.append(0, z[1:] + values) - z) ** 2)
        assert missed > floor


@pytest.mark.statement("prp-multiplier-bracket")
@pytest.mark.parametrize("seed", range(100))
def test_the_multiplier_lies_in_the_bracket_of_the_extreme_eigenvalues(seed):
    d, z, tolerance = random_problem(np.random.default_rng(seed))
    c = solve_multiplier(d, z, tolerance)
    excess = np.sqrt(np.mean(z**2) / tolerance) - 1
    slack = 1 + 1e-12 + 4 * EPSILON / excess
    assert d[z != 0].min() / excess / slack <= c <= d[z != 0].max() / excess * slack


@pytest.mark.statement("prp-multiplier-bracket")
def test_the_bracket_is_a_point_where_all_eigenvalues_agree():
    c = solve_multiplier([2.0, 2.0, 2.0], [3.0, -4.0, 12.0], 1.0)
    assert c == pytest.approx(2 / (13 / np.sqrt(3) - 1), rel=1e-14)


@pytest.mark.parametrize("seed", range(60))
def test_the_multiplier_has_every_digit_of_the_60_digit_root(seed):
    d, z, tolerance = random_problem(np.random.default_rng(1000 + seed))
    exact, _, _ = exact_chain(d, z, tolerance, 1)
    assert relative_error([solve_multiplier(d, z, tolerance)], exact) < 1e-13


@pytest.mark.parametrize("relative_tolerance", [1e-12, 1e-6, 0.3, 0.999999, 1 - 1e-12])
@pytest.mark.parametrize("condition", [1.0, 1e4, 1e12])
def test_the_multiplier_is_right_at_both_ends_of_the_range(relative_tolerance, condition):
    rng = np.random.default_rng(5)
    for size in (1, 2, 40):
        problem = random_problem(
            rng, size=size, condition=condition, relative_tolerance=relative_tolerance
        )
        exact, _, _ = exact_chain(*problem, 1)
        assert relative_error([solve_multiplier(*problem)], exact) < 1e-13


@pytest.mark.parametrize("seed", range(30))
def test_energy_in_the_null_space_is_accounted_for_to_the_last_digits(seed):
    rng = np.random.default_rng(seed)
    d, z, _ = random_problem(rng, size=8)
    d[:3] = 0
    floor = np.mean(np.where(d > 0, 0, z) ** 2)
    tolerance = floor + 10 ** rng.uniform(-6, 0) * (np.mean(z**2) - floor)
    exact, _, _ = exact_chain(d, z, tolerance, 1)
    assert relative_error([solve_multiplier(d, z, tolerance)], exact) < 1e-9


def test_what_a_fit_keeps_and_what_it_leaves_make_one():
    d, c = np.array([[0.0], [1e-300], [1.0], [1e300]]), np.array([0.0, 1e-300, 1.0, np.inf])
    kept, left = shares_kept(d, c), shares_left(d, c)
    np.testing.assert_allclose(kept + left, 1, rtol=1e-15)
    assert kept[0].tolist() == [0, 0, 0, 0]  # what the kernel cannot reach
    assert kept[1:, 0].tolist() == [1, 1, 1]  # interpolation
    assert kept[:, 3].tolist() == [0, 0, 0, 0]  # the zero function
    assert kept[1, 1] == left[1, 1] == 0.5 and left[3, 2] == 1e-300


def test_brentq_finds_the_same_roots():
    rng = np.random.default_rng(9)
    for _ in range(50):
        d, z, tolerance = random_problem(rng, condition=10 ** rng.uniform(0, 6))
        c = brentq_chain(d, z, tolerance, max_rounds=1)
        np.testing.assert_allclose(solve_multiplier(d, z, tolerance), c[0], rtol=1e-8)


def test_many_columns_are_solved_as_each_would_be_alone():
    rng = np.random.default_rng(10)
    d = np.sort(10 ** rng.uniform(-8, 0, 11))
    z = rng.standard_normal((11, 500)) * 10 ** rng.uniform(-2, 2, 500)
    together = solve_multiplier(d, z, 0.01)
    alone = [solve_multiplier(d, column, 0.01) for column in z.T]
    assert np.isinf(together).any() and np.isfinite(together).any()
    np.testing.assert_allclose(together, alone, rtol=1e-13)


@pytest.mark.parametrize("ratio", [1e60, 1e110, 1e140])
def test_the_multiplier_is_right_however_small_the_tolerance(ratio):
    """Third powers of the residual shares, about 1 / ratio, are beyond double precision."""
    d, z = [0.25, 0.5, 1.0], [ratio, 2 * ratio, -ratio]
    with mpmath.workdps(400):
        root = exact_multiplier(*[[mpmath.mpf(v) for v in part] for part in (d, z)], mpmath.mpf(3))
        assert relative_error([solve_multiplier(d, z, 1.0)], [root]) < 4 * EPSILON
    assert solve_multiplier([1.0], [ratio], 1.0) == pytest.approx(1 / ratio, rel=4 * EPSILON)


@pytest.mark.parametrize(
    ("d", "z", "tolerance"),
    [
        ([5e-324], [2.0], 0.25),
        ([1e-320], [1e4], 1.0),
        ([1e-318, 1.0], [1e6, 0.0], 0.5),
        ([1e-310, 1.0], [1e4, 1.0], 1e-4),
        ([5e-324, 8.0], [1.0, 1.0], 0.1),
        ([1e299], [1.0], 1 - 1e-15),
    ],
)
def test_a_multiplier_beyond_double_precision_is_refused(d, z, tolerance):
    with pytest.raises(ValueError, match="multiplier leaves the range of double precision"):
        solve_multiplier(d, z, tolerance, zero_below=0)


def test_tiny_subnormal_and_zero_coordinates_do_no_harm():
    d = np.array([1e-3, 0.1, 1.0])
    alone = solve_multiplier(d[1:], [3.0, 1.0], 0.3)
    for tiny in (0.0, 5e-324, 1e-310, 1e-200):
        assert solve_multiplier(d, [tiny, 3.0, 1.0], 0.2) == pytest.approx(alone, rel=1e-14)
    only = solve_multiplier(d, [0.0, 2.0, 0.0], 0.3)  # all energy in one direction
    assert only == pytest.approx(0.1 / (2 / np.sqrt(0.9) - 1), rel=1e-14)


def test_a_tolerance_at_the_floor_is_met_by_the_limit_of_all_fits():
    d, z = np.array([0.0, 1.0]), np.array([1.0, 5.0])
    assert solve_multiplier(d, z, 0.5) == 0
    with pytest.warns(AccuracyWarning):  # the least change of a label changes everything
        solution = fit(np.diag(d), z, 0.5)
    assert solution.multiplier == 0
    np.testing.assert_array_equal(solution.fitted, [0, 5])
    with pytest.raises(InfeasibleToleranceError):
        solve_multiplier(d, z, np.nextafter(0.5, 0))


@pytest.mark.parametrize("seed", range(30))
def test_the_floor_itself_can_be_reached_and_hardly_less(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 12))
    d, y = np.zeros(size), rng.standard_normal((size, 3)) * 10 ** rng.uniform(-5, 5)
    d[-1] = 1.0
    with pytest.raises(InfeasibleToleranceError) as caught:
        solve_multiplier(d, y, 1e-3 * np.min(np.mean(y[:-1] ** 2, axis=0)))
    floor = caught.value.floor
    assert (solve_multiplier(d, y, floor) >= 0).all()
    with pytest.raises(InfeasibleToleranceError):
        solve_multiplier(d, y, floor * (1 - 4 * EPSILON))


@pytest.mark.parametrize("tolerance_over_floor", [0.8, 2.0])
def test_eigenvalues_of_any_eigensolver_give_what_the_matrix_gives(tolerance_over_floor):
    """Half of them are rounding: they must not make numbers of it."""
    x = np.linspace(0, 1, 60)
    y = np.sin(2 * np.pi * x) + 0.3 * np.random.default_rng(0).standard_normal(60)
    gram = gram_matrix(RBF(0.1), x)
    d, vectors = np.linalg.eigh(gram)
    z = vectors.T @ y
    with pytest.raises(InfeasibleToleranceError) as caught:
        fit(gram, y, 1e-6)
    tolerance = tolerance_over_floor * caught.value.floor
    if tolerance_over_floor > 1:
        c = fit(gram, y, tolerance).multiplier
        assert solve_multiplier(d, z, tolerance) == pytest.approx(c, rel=1e-6)
        assert mean_squared_residual(d, z, c) == pytest.approx(tolerance, rel=1e-6)
        assert distill_spectrum(d, z, tolerance).multipliers[0] == pytest.approx(c, rel=1e-6)
        return
    for call in (solve_multiplier, distill_spectrum):
        with pytest.raises(InfeasibleToleranceError) as of_spectrum:
            call(d, z, tolerance)
        assert of_spectrum.value.floor == pytest.approx(caught.value.floor, rel=1e-6)
        assert call(np.maximum(d, 0), z, tolerance, zero_below=0)


@pytest.mark.parametrize("call", [solve_multiplier, distill_spectrum])
def test_what_counts_as_zero_may_be_said(call):
    d, z = [1e-20, 1e-3, 1.0], [0.1, 1.0, 1.0]
    for infeasible in ({}, {"zero_below": 1e-20}, {"zero_below": 0.5}):
        with pytest.raises(InfeasibleToleranceError):
            call(d, z, 1e-3, **infeasible)
    call(d, z, 1e-3, zero_below=1e-21)
    call(d, z, 1e-3, zero_below=0)
    for wrong, error in ((-1.0, ValueError), (np.nan, ValueError), ("0", TypeError)):
        with pytest.raises(error, match="zero_below"):
            call(d, z, 1e-3, zero_below=wrong)
    assert mean_squared_residual(d, z, 0) == pytest.approx(0.01 / 3)
    assert mean_squared_residual(d, z, 0, zero_below=0) == 0


def test_an_infeasible_tolerance_keeps_its_floor_through_copies_and_pickles():
    with pytest.raises(InfeasibleToleranceError) as caught:
        fit(np.zeros((2, 2)), [1.0, 1.0], 0.9)
    error = caught.value
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(other) is InfeasibleToleranceError
        assert (str(other), other.floor) == (str(error), error.floor)


@pytest.mark.parametrize("small", [1e-20, 1e-17, 1e-15, 1e-300])
def test_an_eigenvalue_without_energy_costs_the_others_no_digit_however_large_it_is(small):
    """The labels lie in the first direction, so that c / (c + d) = root of 1/2 over 1 + 1e-13."""
    tolerance = 0.5 / (1 + 1e-13) ** 2
    alone = solve_multiplier([small, small], [1.0, 0.0], tolerance, zero_below=0)
    c = solve_multiplier([small, 1e300], [1.0, 0.0], tolerance, zero_below=0)
    assert c == pytest.approx(alone, rel=1e-13)
    chain = distill_spectrum([small, 1e300], [5.5, 0.0], 0.5, zero_below=0)
    assert chain.rounds == 5
    np.testing.assert_allclose(chain.norm_ratios, np.arange(5.5, 0, -1), rtol=1e-14)


def test_room_that_two_doubles_cannot_tell_from_none_still_gives_the_multiplier():
    """c^2 / (1 + c)^2 = room, the exact rest that the null space leaves of K tolerance = 1."""
    a, q = 1 - 2.0**-53, 2.0**-26 * (1 - 2.0**-53)
    rest = 1 - Fraction(a) ** 2 - Fraction(q) ** 2
    b = float(np.sqrt(float(rest)))
    while Fraction(b) ** 2 > rest:
        b = np.nextafter(b, 0)
    room = rest - Fraction(b) ** 2
    assert 0 < room < 2.0**-106
    c = solve_multiplier([0, 0, 0, 1.0], [a, q, b, 1.0], 0.25)
    assert c == pytest.approx(np.sqrt(float(room)), rel=1e-13)
