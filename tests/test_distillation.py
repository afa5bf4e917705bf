"""The chain of rounds: every round is a fit of the round before, and every digit of it is right."""

import copy
import dataclasses
import pickle
from contextlib import nullcontext

import mpmath
import numpy as np
import pytest
from oracle import (
    brentq_chain,
    exact_chain,
    exact_eigenpairs,
    random_matrix,
    random_problem,
    relative_error,
)

import sdtutorial.distillation
from sdtutorial import (
    RBF,
    AccuracyWarning,
    Chain,
    InfeasibleToleranceError,
    InputWarning,
    bounds,
    distill,
    distill_spectrum,
    fit,
    gram_matrix,
    spline,
)

EPSILON = np.finfo(float).eps


def random_chain(seed, **options):
    d, z, tolerance = random_problem(np.random.default_rng(seed), **options)
    return distill_spectrum(d, z, tolerance, max_rounds=60)


# What a chain is


@pytest.mark.statement("def-chain")
@pytest.mark.parametrize("seed", range(20))
def test_every_round_is_the_constrained_fit_of_the_fit_before(seed):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.random(8))
    gram = gram_matrix(RBF(0.1), x)
    new = RBF(0.1)(rng.random(5), x) / 8
    y = rng.standard_normal(8)
    tolerance = 10 ** rng.uniform(-2, -0.5) * np.mean(y**2)
    chain = distill(gram, y, tolerance)
    targets, predictions = y, chain.predict(new)
    for t in range(chain.rounds):
        np.testing.assert_allclose(chain.targets[t], targets, rtol=0, atol=1e-8)
        solution = fit(gram, targets, tolerance)
        assert chain.multipliers[t] == pytest.approx(solution.multiplier, rel=1e-6)
        np.testing.assert_allclose(predictions[t], solution.predict(new), rtol=0, atol=1e-8)
        assert np.mean((chain.targets[t + 1] - targets) ** 2) == pytest.approx(tolerance, rel=1e-6)
        targets = solution.fitted
    assert np.mean(targets**2) <= tolerance < np.mean(chain.targets[-2] ** 2)
    with pytest.warns(InputWarning, match="fit is zero"):
        assert fit(gram, targets, tolerance).multiplier == np.inf


def test_the_example_of_the_paper():
    example = spline()
    chain = distill(example.gram, example.y, example.tolerance)
    assert chain.rounds == 4
    np.testing.assert_allclose(
        chain.multipliers, [4.88523e-5, 1.71000e-4, 3.89805e-4, 1.06956e-3], rtol=5e-6
    )
    np.testing.assert_allclose(
        chain.norm_ratios, [4.030601, 3.48468, 2.67214, 1.73638, 0.81345], rtol=5e-6
    )


@pytest.mark.statement("prp-recurrence")
@pytest.mark.parametrize("seed", range(40))
def test_coordinates_are_multiplied_by_the_share_that_each_direction_keeps(seed):
    rng = np.random.default_rng(seed)
    d, z, tolerance = random_problem(rng, condition=1e3)
    chain = distill_spectrum(d, z, tolerance, max_rounds=50)
    shares = d / (chain.multipliers[:, None] + d)
    np.testing.assert_allclose(chain.filters, np.cumprod(shares, axis=0), rtol=1e-14)
    np.testing.assert_allclose(chain.target_coordinates[0], z, rtol=0)
    np.testing.assert_allclose(
        chain.target_coordinates[1:], shares * chain.target_coordinates[:-1], rtol=1e-12
    )
    np.testing.assert_allclose(np.exp(chain.log_filters), chain.filters, rtol=1e-11)


@pytest.mark.statement("prp-recurrence")
def test_every_function_of_the_chain_is_g_x_times_inverses_applied_to_the_first_labels():
    """f_t(x) = p_x^T B_t z_0 with p_x = D^{-1} V g_x, and g_x^T (c_t I + G)^{-1} y_t directly."""
    example = spline()
    gram, size = example.gram, 9
    chain = distill(gram, example.y, example.tolerance)
    cross = example.kernel(np.linspace(0, 1, 21), example.x) / size
    predictions, targets = chain.predict(cross), example.y
    for t, c in enumerate(chain.multipliers):
        coefficients = np.linalg.solve(c * np.eye(size) + gram, targets)
        np.testing.assert_allclose(predictions[t], cross @ coefficients, rtol=1e-9, atol=1e-12)
        weights = (cross @ chain.eigenvectors / chain.eigenvalues) * chain.filters[t]
        np.testing.assert_allclose(predictions[t], weights @ chain.coordinates, atol=1e-12)
        targets = gram @ coefficients
        np.testing.assert_allclose(chain.targets[t + 1], targets, rtol=1e-9)
    np.testing.assert_allclose(chain.predict(gram), chain.targets[1:], rtol=1e-9, atol=1e-14)


@pytest.mark.statement("lem-multipliers-grow")
@pytest.mark.parametrize("seed", range(150))
def test_multipliers_grow_from_round_to_round(seed):
    chain = random_chain(seed)
    assert (np.diff(chain.multipliers) > 0).all()


@pytest.mark.parametrize("seed", range(150))
def test_a_round_takes_at_most_one_radius_from_the_norm_and_the_norm_always_falls(seed):
    chain = random_chain(seed)
    r = chain.norm_ratios
    slack = 1e-12 * r[:-1]
    assert (r[1:] >= r[:-1] - 1 - slack).all()
    assert (r[1:] ** 2 <= (r[:-1] ** 2 - 1) * (1 + 1e-12) + 1e-12).all()
    z = np.abs(chain.target_coordinates)
    assert (z[1:] <= z[:-1]).all()
    assert (r[:-1] > 1).all() and (r[-1] <= 1 or chain.rounds == 60)


def test_equal_eigenvalues_lose_one_radius_a_round_also_where_the_norm_is_a_whole_number():
    for size in (1, 2, 5):
        for norm in (2, 3, 4, 10, 50, 400):
            z = np.full(size, norm / np.sqrt(size))
            chain = distill_spectrum(np.full(size, 0.3), z, 1 / size)
            assert chain.rounds == norm - 1
            np.testing.assert_allclose(chain.norm_ratios, np.arange(norm, 0, -1), rtol=1e-12)
            assert chain.norm_ratios[-1] <= 1


@pytest.mark.parametrize(
    ("norm", "rounds"), [(10000.00000005, 10000), (10000.0, 9999), (3000 + 1e-9, 3000)]
)
@pytest.mark.slow
def test_long_chains_do_not_lose_a_round(norm, rounds):
    """One direction loses one radius a round, so that r_t = r_0 - t exactly."""
    chain = distill_spectrum([1.0], [norm], 1.0)
    assert chain.rounds == rounds
    assert bounds.rounds_interval(norm)[0] <= chain.rounds
    np.testing.assert_allclose(
        chain.norm_ratios,
        norm - np.arange(rounds + 1),
        rtol=0,
        atol=4 * EPSILON * norm * rounds**0.5,
    )


# Every digit


@pytest.mark.parametrize("seed", range(80))
def test_multipliers_targets_and_filters_have_the_digits_of_a_60_digit_chain(seed):
    d, z, tolerance = random_problem(np.random.default_rng(seed))
    chain = distill_spectrum(d, z, tolerance, max_rounds=12)
    multipliers, targets, ratios = exact_chain(d, z, tolerance, 12)
    assert chain.rounds == len(multipliers)
    assert relative_error(chain.multipliers, multipliers) < 1e-12
    assert relative_error(chain.norm_ratios, ratios) < 1e-12
    for ours, exact in zip(chain.target_coordinates, targets, strict=True):
        assert relative_error(ours, exact) < 1e-12
    for ours, exact in zip(chain.filters, targets[1:], strict=True):
        shares = [e / z_k for e, z_k in zip(exact, z) if z_k]
        assert relative_error(ours[z != 0], shares) < 1e-12


@pytest.mark.filterwarnings("ignore::sdtutorial.AccuracyWarning")
@pytest.mark.parametrize("condition", [1.0, 1e4, 1e8, 1e12])
@pytest.mark.parametrize("relative_tolerance", [1e-12, 1e-4, 0.1, 0.5, 0.999999])
@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_chain_from_a_dense_matrix_is_as_good_as_its_eigenvalues(
    condition, relative_tolerance, size
):
    rng = np.random.default_rng(11)
    d, z, _ = random_problem(rng, size=size, condition=condition)
    gram, y = random_matrix(rng, d, z)
    tolerance = relative_tolerance * np.mean(y**2)
    chain = distill(gram, y, tolerance, max_rounds=12)
    exact_d, exact_z, vectors = exact_eigenpairs(gram, y)
    multipliers, targets, _ = exact_chain(exact_d, exact_z, tolerance, 12)
    allowed = max(1e-9, 50 * EPSILON * condition)
    assert relative_error(chain.multipliers, multipliers) < allowed
    for t, exact in enumerate(targets):
        exact = np.array((vectors * mpmath.matrix(exact)).tolist(), dtype=float)[:, 0]
        error = np.linalg.norm(chain.targets[t] - exact)
        assert error < allowed * np.linalg.norm(exact)
    for ours, exact in zip(chain.filters, targets[1:], strict=True):
        assert relative_error(ours, [e / z_k for e, z_k in zip(exact, exact_z)]) < allowed


@pytest.mark.parametrize("null_energy", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(10))
def test_a_singular_matrix_loses_its_null_space_in_the_first_round(null_energy, seed):
    rng = np.random.default_rng(seed)
    d, z, _ = random_problem(rng, size=6, condition=1e4)
    d[:2] = 0
    z[:2] = np.sqrt(null_energy * np.sum(z[2:] ** 2)) * np.array([0.6, -0.8])
    floor = np.mean(np.where(d > 0, 0, z) ** 2)
    tolerance = floor + 10 ** rng.uniform(-2, -0.3) * (np.mean(z**2) - floor)
    gram, y = random_matrix(rng, d, z)
    chain = distill(gram, y, tolerance)
    multipliers, targets, _ = exact_chain(d, z, tolerance)
    assert (chain.eigenvalues[:2] == 0).all() and (chain.eigenvalues[2:] > 0).all()
    assert relative_error(chain.multipliers, multipliers) < 1e-9
    assert (chain.target_coordinates[1:, :2] == 0).all()
    assert (chain.log_filters[:, :2] == -np.inf).all()
    np.testing.assert_allclose(chain.predict(gram), chain.targets[1:], rtol=0, atol=1e-9)
    same = distill_spectrum(chain.eigenvalues, chain.coordinates, tolerance)
    np.testing.assert_allclose(same.multipliers, chain.multipliers, rtol=1e-12)


def test_a_chain_of_thousands_of_rounds_agrees_with_60_digits_and_with_brentq():
    """The slope of the tolerance in c is smallest here, and rounding could pile up."""
    example = spline()
    d, vectors = np.linalg.eigh(example.gram)
    z = vectors.T @ example.y
    chain = distill_spectrum(d, z, 4e-6)
    assert chain.rounds == 548
    multipliers, targets, _ = exact_chain(d, z, 4e-6)
    assert relative_error(chain.multipliers, multipliers) < 1e-10
    assert relative_error(chain.target_coordinates[-1], targets[-1]) < 1e-10
    np.testing.assert_allclose(
        distill_spectrum(d, z, 4e-4).multipliers, brentq_chain(d, z, 4e-4), rtol=1e-7
    )


def test_logarithms_of_filters_go_on_where_filters_have_underflowed():
    chain = distill_spectrum([1e-4, 1e-2, 1.0], [1.0, 1.0, 1.0], 2e-5)
    assert chain.filters[-1, 0] == 0 and chain.log_filters[-1, 0] < -800
    assert np.isfinite(chain.log_filters).all()
    multipliers, _, _ = exact_chain([1e-4, 1e-2, 1.0], [1.0, 1.0, 1.0], 2e-5)
    exact = -np.sum([np.log1p(float(c) / 1e-4) for c in multipliers])
    assert chain.log_filters[-1, 0] == pytest.approx(exact, rel=1e-10)


# Many columns


@pytest.mark.filterwarnings("ignore:.*the fit is zero:sdtutorial.InputWarning")
@pytest.mark.parametrize("block", [1, 64, 2**17])
def test_columns_are_chains_of_their_own(block, monkeypatch):
    """They collapse at different rounds; afterwards they are zero and their multiplier infinite."""
    monkeypatch.setattr(sdtutorial.distillation, "_BLOCK", block)
    rng = np.random.default_rng(0)
    gram = gram_matrix(RBF(0.2), np.sort(rng.random(7)))
    y = rng.standard_normal((7, 40)) * 10 ** rng.uniform(-1, 1, 40)
    tolerance = 0.1
    chain = distill(gram, y, tolerance)
    assert chain.rounds.min() == 0 and len(set(chain.rounds)) > 5
    longest = chain.rounds.max()
    assert chain.multipliers.shape == (longest, 40)
    assert chain.targets.shape == chain.target_coordinates.shape == (longest + 1, 7, 40)
    assert chain.filters.shape == chain.log_filters.shape == (longest, 7, 40)
    assert chain.norm_ratios.shape == (longest + 1, 40)
    cross = RBF(0.2)([0.1, 0.5], [0.3] * 7) / 7
    assert chain.predict(cross).shape == (longest, 2, 40)
    for q in range(40):
        alone, n = distill(gram, y[:, q], tolerance), chain.rounds[q]
        assert alone.rounds == n
        np.testing.assert_allclose(chain.multipliers[:n, q], alone.multipliers, rtol=1e-9)
        np.testing.assert_allclose(chain.norm_ratios[: n + 1, q], alone.norm_ratios, rtol=1e-10)
        np.testing.assert_allclose(
            chain.targets[: n + 1, :, q], alone.targets, rtol=0, atol=1e-10 * np.abs(y[:, q]).max()
        )
        np.testing.assert_allclose(
            chain.predict(cross)[:n, :, q], alone.predict(cross), rtol=1e-6, atol=1e-9
        )
        assert (chain.multipliers[n:, q] == np.inf).all()
        for after in (chain.filters[n:], chain.targets[n + 1 :], chain.norm_ratios[n + 1 :]):
            assert not after[..., q].any()
        assert chain.targets[n, :, q].any()
        assert (chain.log_filters[n:, :, q] == -np.inf).all()


def test_no_columns_and_one_column_are_batches_too():
    example = spline()
    chain = distill(example.gram, example.y[:, None], 0.04)
    assert chain.rounds.tolist() == [4]
    assert chain.multipliers.shape == (4, 1) and chain.targets.shape == (5, 9, 1)
    assert "rounds=4..4" in repr(chain) and "columns=1" in repr(chain)
    empty = distill(example.gram, np.empty((9, 0)), 0.04)
    assert empty.rounds.shape == (0,)
    assert empty.targets.shape == (1, 9, 0) and empty.filters.shape == (0, 9, 0)
    assert "columns=0" in repr(empty)


# Edges


@pytest.mark.parametrize("columns", [(), (3,)])
def test_labels_within_the_tolerance_make_a_chain_of_no_rounds(columns):
    example = spline()
    y = np.zeros((9, *columns)) + example.y.reshape((9,) + (1,) * len(columns))
    for labels, tolerance in ((y, 10.0), (0 * y, 1e-9)):
        with pytest.warns(InputWarning) if labels.any() else nullcontext():
            chain = distill(example.gram, labels, tolerance)
        assert np.all(chain.rounds == 0) and type(chain.rounds) is (np.ndarray if columns else int)
        assert chain.multipliers.shape == (0, *columns)
        assert chain.norm_ratios.shape == (1, *columns)
        assert chain.filters.shape == chain.log_filters.shape == (0, 9, *columns)
        np.testing.assert_allclose(chain.targets, labels[None], atol=1e-14)
        assert chain.predict(example.gram[:2]).shape == (0, 2, *columns)
        assert repr(chain)


def test_max_rounds_cuts_a_chain_and_changes_nothing_else():
    example = spline()
    whole = distill(example.gram, example.y, 0.04)
    for max_rounds in (0, 1, 3, 4, 100, np.int64(2)):
        chain = distill(example.gram, example.y, 0.04, max_rounds=max_rounds)
        n = min(max_rounds, 4)
        assert chain.rounds == n and type(chain.rounds) is int
        np.testing.assert_array_equal(chain.multipliers, whole.multipliers[:n])
        np.testing.assert_array_equal(chain.norm_ratios, whole.norm_ratios[: n + 1])
        np.testing.assert_allclose(chain.targets, whole.targets[: n + 1], rtol=1e-13)


def test_a_tolerance_at_the_floor_starts_with_interpolation():
    with pytest.warns(AccuracyWarning, match="inf in the multiplier"):
        chain = distill(np.diag([0.0, 1.0]), [1.0, 5.0], 0.5)
    assert chain.multipliers[0] == 0
    np.testing.assert_array_equal(chain.targets[1], [0, 5])
    np.testing.assert_array_equal(chain.log_filters[0], [-np.inf, 0])
    np.testing.assert_allclose(chain.norm_ratios[1:], [5, 4, 3, 2, 1], rtol=1e-14)


def test_an_infeasible_tolerance_is_refused_before_the_first_round():
    example = spline(endpoints=True)
    for max_rounds in (None, 0, 1):
        with pytest.raises(InfeasibleToleranceError, match="0.041861.*points 0, 10") as caught:
            distill(example.gram, example.y, example.tolerance, max_rounds=max_rounds)
        assert caught.value.floor == pytest.approx(0.041861, rel=1e-5)
    with pytest.raises(InfeasibleToleranceError, match="column 1"):
        y = np.stack([example.y * 0.1, example.y], axis=1)
        distill(example.gram, y, example.tolerance)


def test_a_spectrum_that_is_known_exactly_is_taken_at_its_word():
    d = 10.0 ** np.arange(-44, 1, 4)
    z = np.full(12, np.sqrt(1 + 1 / 24))
    chain = distill_spectrum(d, z, 1 / 12, zero_below=0)
    assert (chain.eigenvalues == d).all()
    assert chain.rounds == 12


def test_an_endless_chain_is_refused_unless_it_is_asked_for():
    with pytest.raises(ValueError, match="at least 1e[+]08 rounds.*max_rounds"):
        distill_spectrum([1.0], [1.0], 1e-16)
    chain = distill_spectrum([1.0], [1.0], 1e-16, max_rounds=2)
    np.testing.assert_allclose(chain.multipliers, 1e-8, rtol=1e-7)


@pytest.mark.parametrize("max_rounds", [None, 3])
@pytest.mark.parametrize(
    ("gram", "y", "tolerance"),
    [
        ([[5e-324]], [2.0], 0.25),
        ([[1e-320]], [1e4], 1.0),
        (np.eye(3) * 1e-318, [1e5, 1e5, 1.0], 1.0),
    ],
)
def test_a_multiplier_that_underflows_is_refused_in_the_first_round(gram, y, tolerance, max_rounds):
    with pytest.raises(ValueError, match="multiplier leaves the range of double precision"):
        distill(gram, y, tolerance, max_rounds=max_rounds)
    d = np.diag(gram)
    with pytest.raises(ValueError, match="multiplier leaves the range of double precision"):
        distill_spectrum(d, y, tolerance, max_rounds=max_rounds)


def test_eigenvalues_at_the_lower_end_of_the_range_make_the_chain_of_their_multiples():
    d, z = np.array([1e-305, 3e-304]), np.array([3.0, 5.0])
    chain, reference = distill_spectrum(d, z, 0.1), distill_spectrum(d * 2.0**900, z, 0.1)
    assert np.array_equal(chain.multipliers * 2.0**900, reference.multipliers)
    assert np.array_equal(chain.filters, reference.filters)


@pytest.mark.parametrize(
    ("label_scale", "gram_scale"),
    [(2.0**-500, 1e200), (1e-150, 1e-200), (1e150, 1e200), (1e150, 1.0)],
)
def test_units_of_labels_and_kernel_do_not_matter(label_scale, gram_scale):
    example = spline()
    y = np.stack([example.y, -3 * example.y], axis=1)
    reference = distill(example.gram, y, 0.04)
    scaled = distill(gram_scale * example.gram, label_scale * y, 0.04 * label_scale * label_scale)
    np.testing.assert_allclose(scaled.multipliers / gram_scale, reference.multipliers, rtol=1e-9)
    np.testing.assert_allclose(scaled.norm_ratios, reference.norm_ratios, rtol=1e-9)
    np.testing.assert_allclose(scaled.targets / label_scale, reference.targets, atol=1e-9)
    np.testing.assert_allclose(
        scaled.predict(gram_scale * example.gram) / label_scale, reference.targets[1:], atol=1e-9
    )


def test_arguments_stay_as_they_are_and_results_cannot_be_changed_by_accident():
    example = spline()
    gram, y = example.gram.copy(), example.y.copy()
    gram.flags.writeable = y.flags.writeable = False
    chain = distill(gram, y, 0.04)
    assert np.array_equal(gram, example.gram) and np.array_equal(y, example.y)
    d, z = np.array([0.5, 1.0]), np.array([1.0, 2.0])
    spectral = distill_spectrum(d, z, 0.1)
    assert d.flags.writeable and z.flags.writeable
    d[0], z[0] = 0.25, 7.0
    assert spectral.eigenvalues[0] == 0.5 and spectral.coordinates[0] == 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        chain.rounds = 3
    for array in (chain.multipliers, chain.targets, chain.filters, chain.eigenvectors):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda chain: pickle.loads(pickle.dumps(chain))]
)
def test_copies_of_a_chain_cannot_be_changed_by_accident_either(duplicate):
    example = spline()
    chain = distill(example.gram, example.y, 0.04)
    assert chain.targets.size  # derived, and copied with the rest
    other = duplicate(chain)
    assert np.array_equal(other.multipliers, chain.multipliers)
    for array in (other.multipliers, other.norm_ratios, other.eigenvectors, other.targets):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_no_array_of_a_chain_shares_memory_that_can_be_written():
    example = spline()
    chain = distill(example.gram, example.y, 0.04)
    for array in (chain.multipliers, chain.norm_ratios, chain.eigenvectors, chain.coordinates):
        assert array.base is None and not array.flags.writeable


@pytest.mark.parametrize(
    ("scale", "cross"), [(1e-200, [[1e200, -1e200]]), (1.0, [[1.5e308, 1.5e308]])]
)
def test_a_prediction_beyond_the_range_of_floats_is_refused(scale, cross):
    for model in (fit, distill):
        with pytest.raises(ValueError, match="a prediction leaves the range of double precision"):
            model(np.eye(2) * scale, [1.0, 2.0], 0.5).predict(cross)


def test_a_chain_on_a_spectrum_knows_that_it_has_no_eigenvectors():
    chain = distill_spectrum([0.5, 1.0], [1.0, 2.0], 0.1)
    assert isinstance(chain, Chain) and chain.eigenvectors is None
    for read in (lambda: chain.targets, lambda: chain.predict([[1.0, 1.0]])):
        with pytest.raises(ValueError, match="no eigenvectors"):
            read()
    assert repr(chain) == f"Chain(rounds={chain.rounds}, points=2, tolerance=0.1)"


GOOD = np.array([[2.0, 1.0], [1.0, 2.0]])
ONES = np.ones(2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: distill(GOOD, ONES, 0.1, max_rounds=-1), ValueError, "max_rounds must be at"),
        (lambda: distill(GOOD, ONES, 0.1, max_rounds=1.0), TypeError, "max_rounds must be a whole"),
        (lambda: distill(GOOD, ONES, 0.1, max_rounds=True), TypeError, "max_rounds"),
        (lambda: distill(GOOD, ONES, 0.1, max_rounds="3"), TypeError, "max_rounds"),
        (lambda: distill(GOOD, ONES, 0.1, method="svd"), ValueError, "method must be"),
        (lambda: distill(GOOD, ONES, 0), ValueError, "tolerance must be positive"),
        (lambda: distill(GOOD, [1.0, np.nan], 0.1), ValueError, "y must be finite"),
        (lambda: distill(GOOD, np.ones(3), 0.1), ValueError, "y must have shape"),
        (lambda: distill(-GOOD, ONES, 0.1), ValueError, "positive semidefinite"),
        (lambda: distill([[1, 2], [3, 9]], ONES, 0.1), ValueError, "symmetric"),
        (lambda: distill(GOOD * 1j, ONES, 0.1), TypeError, "complex"),
        (lambda: distill(GOOD, ONES, 0.1).predict(ONES), ValueError, "dimensions"),
        (lambda: distill(GOOD, ONES, 0.1).predict([[1.0]]), ValueError, r"shape \(m, 2\)"),
        (lambda: distill(GOOD, ONES, 0.1).predict([[1.0, 1j]]), TypeError, "complex"),
        (lambda: distill_spectrum([2.0, 1.0], ONES, 0.1), ValueError, "ascend"),
        (lambda: distill_spectrum([-1.0, 1.0], ONES, 0.1), ValueError, "negative"),
        (lambda: distill_spectrum([], [], 0.1), ValueError, "at least one"),
        (lambda: distill_spectrum([1.0], [[[1.0]]], 0.1), ValueError, "dimensions"),
        (lambda: distill_spectrum([1.0], [1.0], 0.1, max_rounds=2.5), TypeError, "max_rounds"),
        (lambda: distill_spectrum([1.0], [np.inf], 0.1), ValueError, "finite"),
    ],
)
def test_bad_input_is_named_before_the_first_round(call, error, message):
    with pytest.raises(error, match=message):
        call()
