"""Chains with weights, with a tolerance a column, with a given multiplier, with labels mixed in.

Weights are compared with repeated and with left-out points, a given multiplier with the rounds done
by hand and with the filters that are known for it.
"""

import numpy as np
import pytest

from sdtutorial import (
    RBF,
    InfeasibleToleranceError,
    InputWarning,
    bounds,
    cross_matrix,
    distill,
    distill_spectrum,
    filters,
    fit,
    fit_with_multiplier,
    generalization,
    gram_matrix,
    interactive,
    plotting,
    solve_multiplier,
    spline,
)

KERNEL = RBF(0.15)
NEW = np.linspace(0, 1, 7)
COUNTS = np.array([1, 3, 2, 0, 1, 2, 1, 0])


def problem(seed, columns=()):
    rng = np.random.default_rng(seed)
    x = (np.arange(8) + rng.random(8)) / 8
    return x, rng.standard_normal((8, *columns))


def per_point(values, times, axis=0):
    """Repeat the values of every point as often as it counts."""
    return np.repeat(values, times, axis=axis)


# Weights


@pytest.mark.parametrize("columns", [(), (3,)])
@pytest.mark.parametrize("rule", ["tolerance", "multiplier"])
@pytest.mark.parametrize("seed", range(5))
def test_weights_count_points_as_often_as_they_say(seed, rule, columns):
    """A weight of 2 is the point twice, a weight of 0 the point left out: in fits and in chains."""
    x, y = problem(seed, columns)
    repeated = per_point(x, COUNTS)
    gram, many = gram_matrix(KERNEL, x), gram_matrix(KERNEL, repeated)
    cross, cross_many = cross_matrix(KERNEL, NEW, x), cross_matrix(KERNEL, NEW, repeated)
    labels = per_point(y, COUNTS)
    if rule == "tolerance":
        tolerance = 0.2 * np.mean(labels**2)
        weighted = fit(gram, y, tolerance, weights=COUNTS)
        reference = fit(many, labels, tolerance)
        arguments = {"tolerance": tolerance}
    else:
        weighted = fit_with_multiplier(gram, y, 0.03, weights=COUNTS)
        reference = fit_with_multiplier(many, labels, 0.03)
        arguments = {"multiplier": 0.03, "label_weight": 0.3, "max_rounds": 4}
    np.testing.assert_allclose(weighted.multiplier, reference.multiplier, rtol=1e-8)
    predicted = reference.predict(cross_many)
    np.testing.assert_allclose(weighted.predict(cross), predicted, atol=1e-8)
    np.testing.assert_allclose(weighted.fitted, weighted.predict(gram), atol=1e-8)
    np.testing.assert_allclose(per_point(weighted.fitted, COUNTS), reference.fitted, atol=1e-8)

    chain = distill(gram, y, **arguments, weights=COUNTS)
    same = distill(many, labels, **arguments)
    assert np.array_equal(chain.rounds, same.rounds)
    np.testing.assert_allclose(chain.multipliers, same.multipliers, rtol=1e-7)
    np.testing.assert_allclose(chain.predict(cross), same.predict(cross_many), atol=1e-7)
    np.testing.assert_allclose(chain.predict(gram), chain.fitted, atol=1e-7)
    np.testing.assert_allclose(per_point(chain.targets, COUNTS, axis=1), same.targets, atol=1e-7)
    assert np.array_equal(chain.targets[0], y)
    if rule == "tolerance":
        np.testing.assert_allclose(chain.norm_ratios, same.norm_ratios, rtol=1e-7)
    df = generalization.degrees_of_freedom
    np.testing.assert_allclose(df(chain), df(same), rtol=1e-6)


@pytest.mark.parametrize("multiplier", [None, 0.03])
def test_points_without_a_weight_change_nothing_that_is_said_about_a_chain(multiplier):
    x, y = problem(1)
    kept = np.array([True, True, False, True, True, False, True, True])
    gram, part = gram_matrix(KERNEL, x), gram_matrix(KERNEL, x[kept])
    rule = {"tolerance": 0.1} if multiplier is None else {"multiplier": 0.03, "max_rounds": 3}
    chain = distill(gram, y, **rule, weights=kept * 2.5)
    alone = distill(part, y[kept], **rule)
    for quantity in (
        generalization.degrees_of_freedom,
        generalization.generalized_cross_validation,
        generalization.equivalent_squared_radius,
        lambda chain: generalization.risk_estimate(chain, 0.3),
    ):
        np.testing.assert_allclose(quantity(chain), quantity(alone), rtol=1e-7)
    np.testing.assert_allclose(
        np.sort(chain.eigenvalues)[2:], alone.eigenvalues, rtol=1e-9, atol=1e-15
    )


def test_the_mean_of_replicates_with_their_number_as_weight_is_the_fit_of_all_of_them():
    """The labels at a point differ from their mean by what no function can change."""
    rng = np.random.default_rng(0)
    x, counts = np.linspace(0, 1, 6), np.array([3, 1, 4, 2, 2, 5])
    group = np.repeat(np.arange(6), counts)
    y = np.cos(3 * x[group]) + 0.3 * rng.standard_normal(counts.sum())
    mean = np.bincount(group, y) / counts
    within = np.mean((y - mean[group]) ** 2)
    tolerance = within + 0.05
    everything = fit(gram_matrix(KERNEL, x[group]), y, tolerance)
    means = fit(gram_matrix(KERNEL, x), mean, 0.05, weights=counts)
    assert means.multiplier == pytest.approx(everything.multiplier, rel=1e-8)
    cross, cross_all = cross_matrix(KERNEL, NEW, x), cross_matrix(KERNEL, NEW, x[group])
    np.testing.assert_allclose(means.predict(cross), everything.predict(cross_all), atol=1e-8)


def test_the_weighted_mean_square_of_the_residual_is_the_tolerance_in_every_round():
    x, y = problem(2)
    weights = np.random.default_rng(2).uniform(0.1, 3, 8)
    chain = distill(gram_matrix(KERNEL, x), y, 0.1, weights=weights)
    residuals = (chain.targets[:-1] - chain.fitted) ** 2
    np.testing.assert_allclose(np.average(residuals, axis=1, weights=weights), 0.1, rtol=1e-9)
    norms = np.sqrt(np.average(chain.targets**2, axis=1, weights=weights) / 0.1)
    np.testing.assert_allclose(chain.norm_ratios, norms, rtol=1e-9)


def test_only_ratios_of_weights_matter_and_equal_weights_are_none():
    x, y = problem(3)
    gram, weights = gram_matrix(KERNEL, x), np.arange(1.0, 9.0)
    reference = distill(gram, y, 0.1, weights=weights)
    for scale in (1e-300, 1e-3, 1e300):
        chain = distill(gram, y, 0.1, weights=scale * weights)
        np.testing.assert_allclose(chain.targets, reference.targets, atol=1e-12)
    kept = np.arange(8) != 3
    masked = fit(gram, y, 0.1, weights=kept)
    assert masked.multiplier == fit(gram, y, 0.1, weights=kept.astype(float)).multiplier
    np.testing.assert_allclose(
        distill(gram, y, 0.1, weights=np.full(8, 7)).targets, distill(gram, y, 0.1).targets,
        atol=1e-12,
    )  # fmt: skip


@pytest.mark.parametrize("weight", [1e-7, 1e-9, 1e-20, 1e-300])
def test_a_point_of_hardly_any_weight_gets_the_value_that_it_would_get_without(weight):
    x, y = problem(4)
    gram, weights = gram_matrix(KERNEL, x), np.ones(8)
    weights[3] = 0
    without = distill(gram, y, 0.1, weights=weights)
    weights[3] = weight
    chain = distill(gram, y, 0.1, weights=weights)
    np.testing.assert_allclose(chain.targets, without.targets, atol=1e-4 if weight > 1e-8 else 1e-7)


def test_the_cause_of_a_floor_is_found_among_points_with_a_weight():
    x = np.array([0.1, 0.4, 0.4, 0.9])
    gram, y = gram_matrix(KERNEL, x), [1.0, 2.0, -2.0, 1.0]
    with pytest.raises(InfeasibleToleranceError, match="cannot tell apart points 1, 2,") as caught:
        fit(gram, y, 0.1, weights=[1, 1, 3, 1])
    assert caught.value.floor == pytest.approx((1 * 3**2 + 3 * 1) / 6)
    assert fit(gram, y, 0.1, weights=[1, 1, 0, 1]).multiplier > 0


def test_the_mean_of_weighted_labels_is_announced():
    gram = gram_matrix(RBF(0.1), np.linspace(0, 1, 40))
    y = np.where(np.arange(40) < 30, 50.0, 0.0) + np.sin(np.arange(40))
    with pytest.warns(InputWarning, match="the mean of the labels, 50"):
        distill(gram, y, 0.5, weights=np.where(np.arange(40) < 30, 1.0, 0.0))


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ([1.0, 1.0], ValueError, r"weights must have shape \(8,\)"),
        ([-1.0] + 7 * [1.0], ValueError, "positive or zero"),
        (np.zeros(8), ValueError, "not all zero"),
        ([np.nan] * 8, ValueError, "weights must be finite"),
        (["a"] * 8, TypeError, "weights must be an array of real numbers"),
        (2.0, ValueError, "weights must have 1 dimension"),
    ],
)
@pytest.mark.parametrize("call", [fit, fit_with_multiplier, distill])
def test_weights_that_are_none_are_refused(call, weights, error, message):
    x, y = problem(0)
    with pytest.raises(error, match=message):
        call(gram_matrix(KERNEL, x), y, 0.1, weights=weights)


# A tolerance for each column


def test_every_column_may_have_a_tolerance_of_its_own():
    x, y = problem(5, (3,))
    y = y * [1.0, 100.0, 1e-3]
    gram, tolerances = gram_matrix(KERNEL, x), np.array([0.1, 3e3, 5e-8])
    together, model = distill(gram, y, tolerances), fit(gram, y, tolerances)
    spectral = solve_multiplier(together.eigenvalues, together.coordinates, tolerances)
    assert (together.tolerance == tolerances).all()
    for q, tolerance in enumerate(tolerances):
        alone = distill(gram, y[:, q], tolerance)
        assert together.rounds[q] == alone.rounds
        np.testing.assert_allclose(
            together.multipliers[: alone.rounds, q], alone.multipliers, rtol=1e-9
        )
        np.testing.assert_allclose(
            together.norm_ratios[: alone.rounds + 1, q], alone.norm_ratios, rtol=1e-9
        )
        assert model.multiplier[q] == pytest.approx(alone.multipliers[0], rel=1e-9)
        assert spectral[q] == pytest.approx(alone.multipliers[0], rel=1e-9)
        for quantity in (
            generalization.generalized_cross_validation,
            lambda chain: generalization.risk_estimate(chain, 0.1),
        ):
            np.testing.assert_allclose(
                quantity(together)[: alone.rounds, q], quantity(alone), rtol=1e-7
            )
        errors = generalization.validation_errors(gram, y, tolerances, np.arange(8), rounds=3)
        np.testing.assert_allclose(
            errors[:, q],
            generalization.validation_errors(gram, y[:, q], tolerance, np.arange(8), rounds=3),
            rtol=1e-6,
        )


def test_messages_name_the_tolerance_of_the_column_that_they_are_about():
    gram, y = np.diag([0.0, 1.0]), np.array([[1.0, 2.0], [1.0, 1.0]])
    with pytest.raises(
        InfeasibleToleranceError, match="tolerance of 0.1: .* in column 1"
    ) as caught:
        fit(gram, y, [5.0, 0.1])
    assert caught.value.floor == 2.0
    with pytest.warns(InputWarning, match="the tolerance 5 is not below .* 1:"):
        distill(np.eye(2), [[1.0, 0.1], [1.0, 0.1]], [5.0, 3.0])


@pytest.mark.parametrize(
    ("tolerance", "message"),
    [
        ([0.1, 0.2, 0.3], r"one number or have shape \(2,\)"),
        ([0.1, -0.2], "positive and finite"),
        ([0.1, np.inf], "tolerance must be finite"),
        ([[0.1, 0.2]], r"not have shape \(1, 2\)"),
    ],
)
def test_tolerances_that_do_not_fit_are_refused(tolerance, message):
    for call in (fit, distill):
        with pytest.raises(ValueError, match=message):
            call(np.eye(2), np.ones((2, 2)), tolerance)


# A given multiplier, and labels mixed in


@pytest.mark.parametrize("columns", [(), (2,)])
@pytest.mark.parametrize("label_weight", [0.0, 0.35, 1.0])
def test_a_given_multiplier_repeats_the_ridge_fit_of_targets_that_mix_fit_and_labels(
    label_weight, columns
):
    x, y = problem(6, columns)
    gram, cross = gram_matrix(KERNEL, x), cross_matrix(KERNEL, NEW, x)
    c = np.array([0.02, 0.3]) if columns else 0.02
    chain = distill(gram, y, multiplier=c, label_weight=label_weight, max_rounds=5)
    assert np.all(chain.rounds == 5) and chain.multipliers.shape == (5, *columns)
    predictions, targets = chain.predict(cross), y
    for t in range(5):
        np.testing.assert_allclose(chain.targets[t], targets, atol=1e-10)
        model = fit_with_multiplier(gram, targets, c)
        np.testing.assert_allclose(chain.fitted[t], model.fitted, atol=1e-10)
        np.testing.assert_allclose(predictions[t], model.predict(cross), atol=1e-9)
        targets = label_weight * y + (1 - label_weight) * model.fitted
    np.testing.assert_allclose(chain.targets[5], targets, atol=1e-10)


@pytest.mark.statement("prp-label-mixing")
@pytest.mark.parametrize("label_weight", [0.0, 0.01, 0.5, 1.0])
def test_its_filters_are_those_of_label_mixing(label_weight):
    d = np.array([0.0, 1e-6, 1e-3, 0.1, 2.0])
    z = np.array([1.0, -1.0, 2.0, 0.5, 3.0])
    chain = distill_spectrum(d, z, multiplier=0.01, label_weight=label_weight, max_rounds=30)
    closed = filters.label_mixing(d, 0.01, label_weight, np.arange(1, 31))
    np.testing.assert_allclose(chain.filters, closed, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(np.exp(chain.log_filters), closed, rtol=1e-10, atol=1e-300)
    np.testing.assert_allclose(chain.fitted_coordinates, closed * z, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("label_weight", [0.0, 0.4])
def test_degrees_of_freedom_and_jacobians_are_derivatives(label_weight):
    x, y = problem(7)
    gram = gram_matrix(KERNEL, x)
    rule = {"multiplier": 0.02, "label_weight": label_weight, "max_rounds": 3}
    chain = distill(gram, y, **rule)
    steps = [distill(gram, y + step, **rule).fitted - chain.fitted for step in np.eye(8)]
    df = [np.trace(np.array(steps)[:, t]) for t in range(3)]  # a chain of this kind is linear
    np.testing.assert_allclose(generalization.degrees_of_freedom(chain), df, rtol=1e-9)
    jacobians = generalization.jacobians(chain)
    np.testing.assert_allclose(np.trace(jacobians, axis1=1, axis2=2), df, rtol=1e-9)
    error = np.mean((chain.fitted - y) ** 2, axis=1)
    np.testing.assert_allclose(
        generalization.risk_estimate(chain, 0.3), error - 0.3 + 0.6 * np.array(df) / 8, rtol=1e-9
    )
    np.testing.assert_allclose(
        generalization.generalized_cross_validation(chain),
        error / (1 - np.array(df) / 8) ** 2,
        rtol=1e-9,
    )


@pytest.mark.parametrize("label_weight", [0.0, 0.4])
def test_the_norm_in_the_space_of_the_equivalent_kernel_is_that_of_the_fit(label_weight):
    x, y = problem(8)
    chain = distill(
        gram_matrix(KERNEL, x), y, multiplier=0.02, label_weight=label_weight, max_rounds=4
    )
    equivalent = 0.02 * chain.filters / (1 - chain.filters)  # d+ with d+ / (c + d+) = B
    radius = np.mean(chain.fitted_coordinates**2 / equivalent, axis=1)
    np.testing.assert_allclose(generalization.equivalent_squared_radius(chain), radius, rtol=1e-7)
    if not label_weight:
        np.testing.assert_allclose(
            generalization.equivalent_eigenvalues(chain.eigenvalues, chain.multipliers),
            equivalent,
            rtol=1e-6,
        )


def test_labels_whose_squares_leave_the_range_are_refused_where_squares_are_asked_for():
    chain = distill(np.diag([1.0, 2.0]), [1e200, 2e200], multiplier=0.1, max_rounds=2)
    assert np.isfinite(chain.targets).all()
    for quantity in (
        generalization.equivalent_squared_radius,
        generalization.generalized_cross_validation,
        lambda chain: generalization.risk_estimate(chain, 1.0),
    ):
        with pytest.raises(ValueError, match="leaves the range of double precision"):
            quantity(chain)


def test_points_without_labels_to_speak_of_make_no_trouble():
    x, y = problem(9)
    y[0] = 1e300  # has no weight
    gram, weights = gram_matrix(KERNEL, x), np.arange(8) > 0
    chain = distill(gram, y, 0.1, weights=weights)
    assert chain.targets[0, 0] == 1e300 and np.abs(chain.targets[1:]).max() < 10
    fitted = fit(gram, y, 0.1, weights=weights).fitted
    np.testing.assert_allclose(fitted, chain.fitted[0], rtol=1e-12)


def test_what_needs_a_tolerance_refuses_a_given_multiplier_in_a_sentence():
    chain = distill(np.diag([1.0, 2.0]), [1.0, 2.0], multiplier=0.1, max_rounds=2)
    assert chain.tolerance is None and chain.norm_ratios is None
    assert repr(chain) == "Chain(rounds=2, points=2, multiplier=0.1)"
    for call in (
        plotting.multipliers_and_norms,
        interactive.walk_animation,
        lambda chain: generalization.coupled_walkers(chain, 0),
    ):
        with pytest.raises(ValueError, match="with a tolerance, not Chain.*multiplier=0.1"):
            call(chain)
    with pytest.raises(TypeError, match="norm_ratio"):
        bounds.sparsity_ratio_product(chain.eigenvalues, chain.norm_ratios)


def test_pictures_of_fits_show_a_chain_with_weights_and_a_given_multiplier():
    example = spline()
    weights = np.arange(1.0, 10.0)
    for rule in ({"tolerance": 0.04}, {"multiplier": 1e-4, "label_weight": 0.2, "max_rounds": 3}):
        chain = distill(example.gram, example.y, **rule, weights=weights)
        for draw in (plotting.chain_fits, plotting.schematic):
            assert draw(example, chain).axes
        assert plotting.filter_bars(chain).axes
        basis = plotting.basis_functions(example, chain, [3, 8])
        (curve, dots), points = basis.axes[1].lines[1:], example.x
        np.testing.assert_allclose(
            np.interp(points, *curve.get_data()), dots.get_ydata(), atol=0.01
        )


def test_a_chain_of_one_eigenvalue_with_a_given_multiplier_has_its_score():
    chain = distill_spectrum([1.0], [2.0], multiplier=1.0, max_rounds=2)
    np.testing.assert_allclose(
        generalization.generalized_cross_validation(chain), [1 / 0.25, 2.25 / 0.5625]
    )


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, TypeError, "give a tolerance or a multiplier, and not both"),
        ({"tolerance": 0.1, "multiplier": 0.1}, TypeError, "and not both"),
        ({"multiplier": 0.1}, ValueError, "never collapses: give max_rounds"),
        ({"multiplier": 0.0, "max_rounds": 1}, ValueError, "multiplier must be positive"),
        ({"multiplier": np.inf, "max_rounds": 1}, ValueError, "multiplier must be finite"),
        ({"multiplier": "1", "max_rounds": 1}, TypeError, "multiplier"),
        ({"multiplier": 1e-320, "max_rounds": 1}, ValueError, "too small for double precision"),
        ({"multiplier": 1e301, "max_rounds": 1}, ValueError, "must not exceed 1e[+]300"),
        ({"multiplier": [1, 2, 3], "max_rounds": 1}, ValueError, "multiplier must be one real"),
        ({"tolerance": 0.1, "label_weight": 0.5}, ValueError, "label_weight needs a multiplier"),
        (
            {"multiplier": 1, "max_rounds": 1, "label_weight": 1.5},
            ValueError,
            r"must lie in \[0, 1\]",
        ),
        ({"tolerance": 0.1, "progress": 3}, TypeError, "progress must be a function"),
    ],
)
def test_rules_that_do_not_fit_together_are_refused(options, error, message):
    for call in (distill, distill_spectrum):
        matrix = np.eye(2) if call is distill else np.ones(2)
        with pytest.raises(error, match=message):
            call(matrix, [1.0, 2.0], **options)


# Long chains: a line of progress, a way out, and no more memory than there is


def test_progress_is_told_after_every_round_and_never_promises_too_many():
    told = []
    chain = distill_spectrum([1.0, 3.0], [30.0, 40.0], 0.5, progress=lambda *n: told.append(n))
    rounds, at_least = np.transpose(told)
    assert rounds.tolist() == list(range(1, chain.rounds + 1))
    assert (at_least >= rounds).all() and (at_least <= chain.rounds).all()
    assert (np.diff(at_least) >= 0).all() and at_least[-1] == chain.rounds


@pytest.mark.parametrize("block", [1, 2**17])
def test_progress_can_end_a_chain_as_max_rounds_would(block, monkeypatch):
    monkeypatch.setattr("sdtutorial.distillation._BLOCK", block)

    def stop(rounds, at_least):
        if rounds == 3:
            raise StopIteration

    d, z = [1.0, 3.0], np.array([[3.0, 30.0, 3.0], [4.0, 40.0, 70.0]])
    chain = distill_spectrum(d, z, 0.5, progress=stop)
    cut = distill_spectrum(d, z, 0.5, max_rounds=3)
    assert np.array_equal(chain.multipliers, cut.multipliers)
    assert np.array_equal(chain.norm_ratios, cut.norm_ratios)
    assert np.array_equal(chain.rounds, cut.rounds)


def test_an_interrupt_passes_through_a_chain():
    def interrupt(rounds, at_least):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        distill_spectrum([1.0], [1e7], 1.0, progress=interrupt)


def test_arrays_beyond_memory_are_refused_before_they_are_made():
    z = np.full((1, 10**6), 1.5)
    z[0, 0] = 1000.5
    with pytest.raises(ValueError, match=r"multipliers of all rounds would fill 8 GB \(1,000 x"):
        distill_spectrum([1.0], z, 1.0)
    assert distill_spectrum([1.0], z, 1.0, max_rounds=2).rounds.max() == 2
    with pytest.raises(ValueError, match="multipliers of all rounds would fill 80 GB"):
        distill_spectrum([1.0], z, multiplier=1.0, max_rounds=10**4)
    chain = distill_spectrum(np.ones(1000), np.ones((1000, 1)), multiplier=1.0, max_rounds=10**6)
    for read in ("filters", "log_filters", "target_coordinates"):
        with pytest.raises(ValueError, match="filters of all rounds would fill 8e[+]03|8000 GB|GB"):
            getattr(chain, read)
