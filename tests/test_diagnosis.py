"""The cause of an infeasible tolerance is named, and its cure works: each is followed here."""

import re

import numpy as np
import pytest

from sdtutorial import (
    NTK,
    RBF,
    CubicSpline,
    InfeasibleToleranceError,
    InputWarning,
    cross_matrix,
    distill,
    distill_spectrum,
    fit,
    gram_matrix,
    solve_multiplier,
    spline,
)
from sdtutorial.blocks import gram_operator


def message(call, gram, y, tolerance):
    with pytest.raises(InfeasibleToleranceError) as caught:
        call(gram, y, tolerance)
    return str(caught.value)


def noisy_sine(size, seed=0, noise=0.3):
    x = np.linspace(0, 1, size)
    return x, np.sin(2 * np.pi * x) + noise * np.random.default_rng(seed).standard_normal(size)


def periodic(x, t):
    """A kernel of period 24."""
    return np.exp(-2 * np.sin(np.pi * np.subtract.outer(x, t) / 24) ** 2)


def laplacian(x, t):
    """A rough kernel: exp(-|x - t| / length)."""
    return np.exp(-np.abs(np.subtract.outer(x, t)) / 0.2)


# Points that the kernel cannot tell apart


@pytest.mark.parametrize("call", [fit, distill])
def test_points_one_period_apart_are_named_and_their_mean_is_feasible(call):
    hours = np.arange(72.0)
    rng = np.random.default_rng(0)
    y = np.sin(2 * np.pi * hours / 24) + 0.3 * rng.standard_normal(72)
    said = message(call, gram_matrix(periodic, hours), y, 0.02)
    worst = np.argmax(y.reshape(3, 24).var(axis=0))
    named = f"points {worst}, {worst + 24}, {worst + 48} (nor those of 23 other groups), but"
    assert f"cannot tell apart {named} their labels differ" in said
    assert "rougher" not in said
    mean = y.reshape(3, 24).mean(axis=0)
    assert call(gram_matrix(periodic, hours[:24]), mean, 0.02)


@pytest.mark.parametrize("kernel", [RBF(0.3), CubicSpline(), NTK(2)], ids=repr)
def test_equal_points_are_named_also_where_they_differ_by_rounding(kernel):
    x = np.array([0.1, 0.3, 0.5, 0.1 + 0.2, 0.9])  # 0.1 + 0.2 is the next float above 0.3
    x = x if not isinstance(kernel, NTK) else np.column_stack([x, np.ones(5)])
    y = np.array([1.0, 2.0, 0.5, -2.0, 1.0])
    assert "cannot tell apart points 1, 3, but" in message(fit, gram_matrix(kernel, x), y, 0.1)
    y[1] = y[1:4:2].mean()
    assert fit(gram_matrix(kernel, np.delete(x, 3, axis=0)), np.delete(y, 3), 0.1)


def test_a_cause_that_leaves_the_floor_just_below_the_tolerance_is_not_the_only_one_named():
    x, y = noisy_sine(60)
    x[31], y[31] = x[30], y[30] + 0.2
    gram = gram_matrix(RBF(0.2), x)
    with pytest.raises(InfeasibleToleranceError) as caught:
        fit(gram, y, 1e-6)
    spread = 0.1**2 * 2 / 60
    said = message(fit, gram, y, caught.value.floor - 0.9 * spread)
    assert "refused by chance" in said  # and no digits were left without the equal points
    assert "cannot tell apart" not in said  # they make a hundredth of it


# Labels with an offset


def test_an_offset_is_named_and_without_it_the_labels_are_feasible():
    x, y = noisy_sine(60)
    gram = gram_matrix(RBF(0.1), x)
    said = message(distill, gram, y + 1.7e9, 0.09)
    assert "The mean of the labels, 1.7e+09, makes 100 % of their mean square" in said
    assert "Subtract the mean" in said
    shifted = y + 1.7e9
    assert distill(gram, shifted - shifted.mean(), 0.09).rounds == 2


@pytest.mark.parametrize("offset", [10.0, -100.0, 1000.0])
def test_an_offset_that_is_feasible_is_announced_for_the_rounds_that_it_costs(offset):
    x, y = noisy_sine(60)
    gram = gram_matrix(RBF(0.1), x)
    with pytest.warns(
        InputWarning, match="a chain spends .* rounds or more on shrinking"
    ) as caught:
        chain = distill(gram, y + offset, 0.07)
    assert caught[0].filename == __file__
    least = float(re.search("spends (.*) rounds or more", str(caught[0].message)).group(1))
    assert least - 1 < chain.rounds < 2 * least
    assert distill(gram, y - y.mean(), 0.07).rounds == 2
    distill(np.eye(3), [10.0, 11.0, 12.0], 0.1)  # three labels may well be alike


def test_a_single_round_shrinks_no_mean():
    x, y = noisy_sine(60)
    gram = gram_matrix(RBF(0.1), x)
    assert distill(gram, y + 100, 0.07, max_rounds=1).rounds == 1  # warnings are errors
    with pytest.warns(InputWarning, match="Subtract the mean"):
        distill(gram, y + 100, 0.07, max_rounds=2)


@pytest.mark.parametrize("offset", [1e7, 1.7e9])
def test_an_offset_is_named_where_a_krylov_space_would_take_too_many_rounds(offset):
    x, y = noisy_sine(60)
    gram = gram_matrix(RBF(0.1), x)
    with pytest.raises(ValueError, match="at least .* rounds: the mean.* Subtract the mean"):
        distill(gram, y + offset, 0.09, method="krylov")
    shifted = y + offset
    assert distill(gram, shifted - shifted.mean(), 0.09, method="krylov").rounds == 2
    with pytest.raises(ValueError, match="rounds: choose a larger tolerance"):
        distill(np.eye(60), 1e7 * y, 0.09, method="krylov")


# Scales


def test_a_point_beside_which_the_others_are_rounding_is_named():
    x = np.append(np.linspace(0.1, 1, 40), 1e4)
    y = np.sin(6 * x)
    gram = gram_matrix(lambda x, t: (1 + np.multiply.outer(x, t)) ** 4, x)
    said = message(fit, gram, y, 0.05)
    assert "Beside the kernel's value at point 40 those at points 0, 1, 2, 3 and 36 more" in said
    assert fit(gram[:40, :40], y[:40], 0.05)


@pytest.mark.parametrize("scale", [1e-5, 1e-9])
def test_a_length_scale_that_is_far_too_long_is_not_taken_for_a_low_rank(scale):
    x, y = noisy_sine(60)
    said = message(fit, gram_matrix(RBF(1.0), scale * x), y, 0.05)
    assert "rank" not in said
    assert "length scale is far too long" in said or "or a shorter length scale" in said
    assert fit(gram_matrix(RBF(0.01 * scale), scale * x), y, 0.05)


# Rows of zeros


def test_points_with_rows_of_zeros_are_named_and_without_them_the_rest_is_feasible():
    x = np.linspace(3, 17, 15)
    scaled = (x - x.min()) / (x.max() - x.min())
    y = np.cos(6 * scaled) + 1
    gram = gram_matrix(CubicSpline(), scaled)
    said = message(fit, gram, y, 0.05)
    assert "The kernel is zero at points 0, 14: every function is zero there" in said
    inside = (0 < scaled) & (scaled < 1)
    assert fit(gram_matrix(CubicSpline(), scaled[inside]), y[inside], 0.05)


def test_a_network_without_biases_is_zero_at_the_origin():
    x = np.column_stack([np.linspace(-1, 1, 5), np.array([1.0, 2, 0, 2, 1])])
    said = message(fit, gram_matrix(NTK(1), x), np.array([0.0, 0, 3, 0, 0]), 0.1)
    assert "The kernel is zero at point 2:" in said


def test_several_causes_are_named_with_their_shares():
    x = np.array([0.0, 0.2, 0.4, 0.4, 0.7, 1.0])
    y = np.array([1.0, 0.0, 2.0, 0.0, 0.0, 1.0])  # 2 of the ends, 2 of the equal points
    said = message(fit, gram_matrix(CubicSpline(), x), y, 0.1)
    assert "For 50 % of that: The kernel is zero at points 0, 5" in said
    assert "For 50 % of that: The kernel cannot tell apart points 2, 3" in said
    keep = [1, 2, 4]
    assert fit(gram_matrix(CubicSpline(), x[keep]), np.array([0.0, 1.0, 0.0]), 0.1)


# Kernels of low rank, noise, smooth kernels


def test_a_kernel_of_low_rank_is_exchanged_for_one_that_is_not():
    x, y = noisy_sine(60)
    linear = gram_matrix(lambda x, t: np.multiply.outer(x, t), x)
    assert "in the place of a linear or polynomial one" in message(fit, linear, y, 0.1)
    assert fit(gram_matrix(RBF(0.1), x), y, 0.1) and fit(gram_matrix(laplacian, x), y, 0.1)


@pytest.mark.parametrize("depth", [1, 2])
def test_a_rank_is_named_and_a_constant_coordinate_makes_it_full(depth):
    x = np.linspace(-3, 3, 100)
    y = np.sin(x) + np.sin(2 * x)
    said = message(distill, gram_matrix(NTK(depth), x), y, 0.5)
    assert "the kernel has rank 2" in said and "smooth" not in said
    richer = np.column_stack([x, np.ones(len(x))])
    assert "np.column_stack([x, np.ones(len(x))])" in said
    assert distill(gram_matrix(NTK(depth), richer), y, 0.5).rounds == 1


def refused_just_below_the_floor(factor):
    """A data set whose floor is ``factor`` times the tolerance asked for, and that tolerance."""
    x, y = noisy_sine(60)
    gram = gram_matrix(RBF(0.2), x)
    with pytest.raises(InfeasibleToleranceError) as caught:
        fit(gram, y, 1e-6)
    return gram, y, caught.value.floor / factor


@pytest.mark.parametrize(("factor", "enough"), [(1.02, 1.1), (1.09, 1.1), (1.15, 1.2)])
@pytest.mark.filterwarnings("ignore::sdtutorial.AccuracyWarning")
def test_a_tolerance_at_the_noise_variance_is_refused_with_the_usual_factor(factor, enough):
    gram, y, tolerance = refused_just_below_the_floor(factor)
    said = message(fit, gram, y, tolerance)
    assert "refused by chance" in said and "1.1 times" in said
    assert f"here {enough} times the tolerance is enough" in said
    assert fit(gram, y, enough * tolerance)


def test_otherwise_the_kernel_is_smooth_and_a_rougher_one_or_a_larger_tolerance_helps():
    x, y = noisy_sine(60)
    gram = gram_matrix(RBF(0.2), x)
    with pytest.raises(InfeasibleToleranceError, match="A smooth kernel on many points") as caught:
        fit(gram, y, 0.02)
    assert "a rougher kernel such as exp(-|x - t| / length), or a shorter length scale" in str(
        caught.value
    )
    assert fit(gram, y, 2 * caught.value.floor)
    assert fit(gram_matrix(laplacian, x), y, 0.02)
    assert fit(gram_matrix(RBF(0.01), x), y, 0.02)


def test_only_the_column_that_is_infeasible_is_looked_at():
    example = spline(endpoints=True)
    y = np.stack([0 * example.y, example.y], axis=1)
    said = message(fit, example.gram, y, 0.04)
    assert "in column 1" in said and "points 0, 10" in said


def test_a_matrix_in_single_precision_is_looked_at_in_its_own_precision():
    x = np.array([0.1, 0.3, 0.5, 0.3, 0.9])
    gram = gram_matrix(RBF(0.3), x).astype(np.float32)
    assert "points 1, 3" in message(fit, gram, np.array([1.0, 2.0, 0.5, -2.0, 1.0]), 0.1)


@pytest.mark.parametrize("call", [solve_multiplier, distill_spectrum])
def test_eigenvalues_alone_point_to_the_functions_that_see_the_matrix(call):
    with pytest.raises(InfeasibleToleranceError, match="larger tolerance, or ask fit or distill"):
        call([0.0, 1.0], [1.0, 1.0], 0.1)
    assert call([0.0, 1.0], [1.0, 1.0], 0.6)


@pytest.mark.parametrize(
    ("kernel", "cause"),
    [(periodic, "cannot tell apart"), (NTK(1), "rank 2"), (RBF(1e3), "smooth kernel")],
)
def test_what_an_operator_does_not_show_is_seen_in_the_matrix_of_some_points(kernel, cause):
    hours = np.arange(72.0)
    y = np.random.default_rng(0).standard_normal(72)
    with pytest.raises(InfeasibleToleranceError) as caught:
        distill(gram_operator(kernel, hours), y, 0.1, method="krylov")
    assert cause not in str(caught.value) and "rougher" not in str(caught.value)
    assert 'with method="eigh" and the Gram matrix of some of the points' in str(caught.value)
    assert cause in message(distill, gram_matrix(kernel, hours[:48]), y[:48], 0.1)


# Input that is seldom meant


@pytest.mark.parametrize("call", [fit, distill])
def test_a_sum_of_squares_for_a_tolerance_is_announced(call):
    """FITPACK's habit."""
    x, y = noisy_sine(60)
    gram = gram_matrix(RBF(0.1), x)
    with pytest.warns(InputWarning, match="the fit is zero. .* a mean of squared .* not their sum"):
        call(gram, y, 60 * 0.09)
    with pytest.warns(InputWarning, match="the tolerance 5.4 is not below the mean square"):
        call(gram, np.stack([y, 0.1 * y], axis=1), 60 * 0.09)
    assert call(gram, y, 0.09)  # warnings are errors: nothing is said here, nor of one column
    assert call(gram, np.stack([y, 0.1 * y], axis=1), 0.09)
    call(gram, 0 * y, 0.09)  # nothing is lost


def test_no_round_of_a_chain_warns_when_it_collapses():
    example = spline()
    assert distill(example.gram, example.y, 0.6).rounds == 1
    assert distill(example.gram, example.y, 1e3, max_rounds=0).rounds == 0  # none is asked for
    distill_spectrum([1.0, 2.0], [0.1, 0.1], 1.0)


def test_a_gram_matrix_of_unrelated_points_is_announced():
    x = np.array([[0.1, 1e6], [0.2, 2e6], [0.3, 3e6]])
    with pytest.warns(InputWarning, match="no two points that differ are related.*length") as caught:
        gram = gram_matrix(RBF(0.1), x)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(gram, np.eye(3) / 3)
    assert not cross_matrix(RBF(0.1), x + 5, x).any()
    with pytest.warns(InputWarning, match="no two points that differ are related"):
        gram_matrix(RBF(0.1), x[[0, 1, 1, 2, 0]])
    gram_matrix(RBF(0.1), x[[0, 0, 0]])  # one point, three times
    gram_matrix(RBF(0.1), x * [1, 1e-7])  # columns of one scale
    gram_matrix(RBF(0.1), x[:1])


@pytest.mark.parametrize("kernel", [RBF(0.2), RBF(0.05)], ids=repr)
def test_rounding_of_single_precision_is_not_called_indefinite_without_the_cure(kernel):
    x = np.linspace(0, 1, 80)
    gram = (kernel(x, x).astype(np.float32) / np.float32(80)).astype(np.float64)
    y = np.sin(6 * x)
    with pytest.raises(ValueError, match="semidefinite.*type np.float32 says so"):
        fit(gram, y, 0.1)
    assert fit(gram.astype(np.float32), y, 0.1)


@pytest.mark.parametrize("method", ["eigh", "krylov"])
def test_rounding_of_single_precision_is_not_called_asymmetric_without_the_cure(method):
    x = np.linspace(0, 1, 40)
    rounding = 1 + 1e-6 * np.triu(np.random.default_rng(0).standard_normal((40, 40)))
    gram = gram_matrix(laplacian, x) * rounding
    with pytest.raises(ValueError, match="must be symmetric.*type np.float32 says so"):
        distill(gram, np.sin(6 * x), 0.1, method=method)
    assert distill(gram.astype(np.float32), np.sin(6 * x), 0.1, method=method)
    with pytest.raises(ValueError, match="must be symmetric") as caught:
        distill(gram + np.triu(gram), np.sin(6 * x), 0.1, method=method)
    assert "float32" not in str(caught.value)
