"""Estimates of what rounding in the eigenvalues makes of a chain, against 60 digits."""

import mpmath
import numpy as np
import pytest
from oracle import exact_chain, exact_eigenpairs, random_problem

import sdtutorial.accuracy
from sdtutorial import (
    NTK,
    RBF,
    AccuracyWarning,
    InfeasibleToleranceError,
    distill,
    distill_spectrum,
    fit,
    fit_with_multiplier,
    gram_matrix,
    spline,
)
from sdtutorial.accuracy import may_exceed, rounding_errors

EPSILON = np.finfo(float).eps
quiet = pytest.mark.filterwarnings("ignore::sdtutorial.AccuracyWarning")


def smooth_problem(size=60, length_scale=0.1, seed=0):
    """Half of the eigenvalues are rounding, and the labels have noise in their directions."""
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, size)
    y = np.sin(2 * np.pi * x) + 0.3 * rng.standard_normal(size)
    gram = gram_matrix(RBF(length_scale), x)
    with pytest.raises(InfeasibleToleranceError) as caught:
        fit(gram, y, 1e-9)
    return gram, y, caught.value.floor


def exact_rounds(gram, y, tolerance, rounds):
    """Multipliers and targets of the chain on this very matrix, its eigenpairs in 60 digits."""
    d, z, vectors = exact_eigenpairs(gram, y)
    multipliers, targets, _ = exact_chain([max(v, 0) for v in d], z, tolerance, rounds)
    samples = [np.array((vectors * mpmath.matrix(t)).tolist(), float)[:, 0] for t in targets]
    return [float(c) for c in multipliers], samples


def root_mean_square(array):
    return np.sqrt(np.mean(array**2))


@quiet
@pytest.mark.parametrize("factor", [1.02, 1.05, 1.5, 4.0])
@pytest.mark.parametrize(("size", "length_scale"), [(30, 0.2), (36, 0.1), (25, 0.4)])
@pytest.mark.slow
def test_estimated_errors_are_those_that_are_made(size, length_scale, factor):
    gram, y, floor = smooth_problem(size, length_scale)
    chain = distill(gram, y, factor * floor, max_rounds=3)
    multipliers, targets = exact_rounds(gram, y, factor * floor, 3)
    predicted = chain.predict(gram)
    for t, c in enumerate(multipliers):
        error = abs(chain.multipliers[t] / c - 1)
        assert error < 3 * chain.multiplier_errors[t] + 1e-12
        assert error > 1e-4 * min(chain.multiplier_errors[t], 1) - 1e-12  # no mere fear
        allowed = 3 * chain.fit_errors[t] + 1e-13
        assert root_mean_square(chain.targets[t + 1] - targets[t + 1]) < allowed
        assert root_mean_square(predicted[t] - targets[t + 1]) < allowed
        assert root_mean_square(predicted[t] - chain.targets[t + 1]) < allowed


@quiet
@pytest.mark.parametrize("relative_tolerance", [1e-10, 1e-6, 1e-2])
def test_estimates_hold_where_no_eigenvalue_is_zero(relative_tolerance):
    rng = np.random.default_rng(1)
    x = np.column_stack([np.sort(rng.random(20)), np.ones(20)])
    gram, y = gram_matrix(NTK(2), x), rng.standard_normal(20)
    tolerance = relative_tolerance * np.mean(y**2)
    solution = fit(gram, y, tolerance)
    (c,), (_, fitted) = exact_rounds(gram, y, tolerance, 1)
    assert abs(solution.multiplier / c - 1) < 3 * solution.multiplier_error
    assert root_mean_square(solution.fitted - fitted) < 3 * solution.fit_error
    assert root_mean_square(solution.predict(gram) - fitted) < 3 * solution.fit_error


@pytest.mark.parametrize("call", [fit, distill])
def test_a_result_made_of_rounding_is_announced_with_its_size(call):
    gram, y, floor = smooth_problem()
    with pytest.warns(AccuracyWarning, match=r"errors are [\d.e+-]+ in the multiplier") as caught:
        call(gram, y, 1.05 * floor)
    assert caught[0].filename == __file__
    call(gram, y, 10 * floor)  # "a larger tolerance"
    laplacian = gram_matrix(
        lambda x, t: np.exp(-np.abs(np.subtract.outer(x, t))), np.linspace(0, 1, 60)
    )
    call(laplacian, y, 1.05 * floor)  # "a rougher kernel"


def test_a_given_multiplier_of_the_size_of_rounding_is_announced_too():
    gram, y, _ = smooth_problem()
    with pytest.warns(AccuracyWarning, match="errors are 0 in the multiplier and"):
        solution = fit_with_multiplier(gram, y, 1e-15)
    assert solution.multiplier_error == 0 and solution.fit_error > 1e-3
    assert fit_with_multiplier(gram, y, 1e-3).fit_error < 1e-11
    assert fit_with_multiplier(gram, y, np.inf).fit_error == 0


def test_the_estimate_is_the_size_of_independent_errors_of_the_eigenvalues():
    rng = np.random.default_rng(3)
    d, z = np.sort(rng.random(12)) + 0.01, rng.standard_normal((12, 3))
    h = 1e-7
    chain = distill_spectrum(d, z, 0.02, max_rounds=5)
    moved = [
        distill_spectrum(np.sort(d + h * rng.choice([-1, 1], 12)), z, 0.02, max_rounds=5)
        for _ in range(300)
    ]
    changes = np.array([other.multipliers / chain.multipliers - 1 for other in moved])
    found, _ = rounding_errors(d, z, chain.multipliers, np.full(12, h))
    ratio = found / np.sqrt(np.mean(changes**2, axis=0))
    assert 0.3 < ratio.min() and ratio.max() < 3


def test_zero_eigenvalues_err_to_one_side():
    """Up, since they are not negative: the estimate is the change that this makes."""
    d, z, h = np.array([0.0, 0.0, 0.5, 1.0]), np.array([0.1, -0.2, 1.0, 1.0]), 1e-8
    chain, moved = (distill_spectrum(d + e, z, 0.1, zero_below=0) for e in (0, [h, h, 0, 0]))
    found, _ = rounding_errors(d, z, chain.multipliers, np.array([h, h, 0.0, 0.0]))
    np.testing.assert_allclose(found, np.abs(moved.multipliers / chain.multipliers - 1), rtol=1e-4)


@quiet
def test_many_columns_are_worked_on_in_blocks_without_a_difference(monkeypatch):
    gram, y, floor = smooth_problem(20, 0.4)
    y = np.stack([y, -y, y[::-1], 0.9 * y], axis=1)
    whole = distill(gram, y, 20 * floor)
    monkeypatch.setattr(sdtutorial.accuracy, "_BLOCK", 40)
    parts = distill(gram, y, 20 * floor)
    np.testing.assert_allclose(parts.multiplier_errors, whole.multiplier_errors, rtol=1e-12)
    np.testing.assert_allclose(parts.fit_errors, whole.fit_errors, rtol=1e-12)


def test_exact_eigenvalues_have_no_error_and_units_do_not_matter():
    d, z = np.array([1e-12, 1.0]), np.array([1.0, 1.0])
    assert not distill_spectrum(d, z, 1e-3, zero_below=0).multiplier_errors.any()
    reference = distill_spectrum(d, z, 1e-3)
    assert reference.multiplier_errors.max() > 1e-6
    for label_scale, gram_scale in ((2.0**-500, 2.0**600), (2.0**500, 2.0**-600)):
        tolerance = 1e-3 * label_scale**2
        scaled = distill_spectrum(gram_scale * d, label_scale * z, tolerance)
        assert np.array_equal(scaled.multiplier_errors, reference.multiplier_errors)
        assert np.array_equal(scaled.fit_errors, reference.fit_errors)


def test_estimates_have_the_shape_of_the_multipliers_and_are_zero_after_collapse():
    example = spline()
    y = np.stack([example.y, 0.3 * example.y], axis=1)
    chain = distill(example.gram, y, 0.04)
    assert chain.multiplier_errors.shape == chain.fit_errors.shape == (4, 2)
    assert (chain.multiplier_errors[:, 0] > 0).all()
    assert not chain.multiplier_errors[chain.rounds[1] :, 1].any()
    assert distill(example.gram, y[:, :0], 0.04).fit_errors.shape == (0, 0)
    solution = fit(example.gram, y, 0.04)
    assert solution.multiplier_error.shape == solution.fit_error.shape == (2,)
    assert isinstance(fit(example.gram, example.y, 0.04).fit_error, float)


@pytest.mark.parametrize("seed", range(40))
def test_nothing_exceeds_what_the_smallest_eigenvalue_excludes(seed):
    d, z, tolerance = random_problem(np.random.default_rng(seed))
    chain = distill_spectrum(d, z, tolerance, max_rounds=1)
    share = max(chain.multiplier_errors[0], chain.fit_errors[0])
    assert may_exceed(0.99 * share, d, chain.eigenvalue_errors)


def test_single_precision_is_measured_by_its_own_epsilon():
    example = spline()
    single = fit(example.gram.astype(np.float32), example.y, 0.04)
    assert 1e-6 < single.multiplier_error < 1e-2
