"""Wrong constants, each with the tests of the statements that must notice it: `make mutations`.

A test that passes whatever the package computes checks nothing. Here every test of a statement
meets at least one mutation: a function whose result is wrong by a tenth of a per cent where the
statement is tight, and by what its slack allows elsewhere. Nothing is edited: the function is
wrapped, in a process of its own, before the tests are imported.

    python tests/mutations.py              # all of them
    python tests/mutations.py rounds       # those whose function or tests have the word
"""

import argparse
import dataclasses
import functools
import importlib
import inspect
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

TESTS = Path(__file__).parent
CAUGHT, SURVIVED, BROKEN = "caught", "SURVIVED", "BROKEN"


# What can be wrong. --------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Change:
    """A way to make a function wrong: words, and a map from the result and arguments to another."""

    words: str
    of_result: object = None
    of_arguments: object = None

    def wrap(self, function):
        @functools.wraps(function)
        def wrong(*arguments, **options):
            call = inspect.signature(function).bind(*arguments, **options)
            call.apply_defaults()
            if self.of_arguments:
                self.of_arguments(call.arguments)
            result = function(*call.args, **call.kwargs)
            return self.of_result(result, call.arguments) if self.of_result else result

        return wrong


def times(factor, part=None):
    """The result is multiplied; of a pair, the part that is named."""

    def change(result, arguments):
        if part is None:
            return np.multiply(result, factor) if not np.isscalar(result) else result * factor
        return tuple(value * factor if i == part else value for i, value in enumerate(result))

    return Change(f"times {factor}" + ("" if part is None else f", part {part}"), change)


def plus(amount, part=None):
    """The result is raised; of a pair, the part that is named."""

    def change(result, arguments):
        if part is None:
            return result + amount
        return tuple(value + amount if i == part else value for i, value in enumerate(result))

    return Change(f"plus {amount}" + ("" if part is None else f", part {part}"), change)


def given(name, factor):
    """One argument is multiplied."""

    def change(arguments):
        arguments[name] = np.multiply(arguments[name], factor)[()]

    return Change(f"{name} times {factor}", of_arguments=change)


def by_round(factor):
    """The entries of round t are multiplied by the t-th power."""

    def change(result, arguments):
        powers = factor ** np.arange(len(result), dtype=float)
        return result * powers.reshape(-1, *[1] * (np.ndim(result) - 1))

    return Change(f"times {factor} to the power t", change)


def field(name, factor, rounds=False):
    """A field of a result is multiplied, in round t by the t-th power if asked."""

    def change(result, arguments):
        wrong = by_round(factor) if rounds else times(factor)
        return dataclasses.replace(result, **{name: wrong.of_result(getattr(result, name), {})})

    return Change(f"its {name} times {factor}" + (" to the power t" if rounds else ""), change)


def ratio(factor):
    """A matrix of ratios, or of their logarithms, is off; reciprocals across the diagonal, too."""

    def change(result, arguments):
        return result * factor if arguments.get("log") else result**factor

    return Change(f"logarithms times {factor}", change)


def ends(low=1.0, high=1.0):
    """Lower and upper ends of logarithms of ratios, which are each other's across the diagonal."""

    def change(result, arguments):
        lower, upper = result
        below = np.tril(np.ones(lower.shape, dtype=bool), -1)
        d = np.asarray(arguments["eigenvalues"])
        below = np.greater.outer(d, d)
        lower, upper = np.where(below, lower * low, lower), np.where(below, upper * high, upper)
        return np.where(below.T, -upper.T, lower), np.where(below.T, -lower.T, upper)

    return Change(f"lower ends times {low}, upper ends times {high}", change)


# The mutations. ------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Mutation:
    """A function below `sdtutorial`, or `tests.name` for a helper of the test; what is wrong with
    it; and the tests that must fail."""

    function: str
    change: Change
    tests: tuple

    def __str__(self):
        return f"{self.function}, {self.change.words}"


def mutations():
    """Return all mutations."""
    return [
        Mutation(function, change, tuple(f"{file}::{test}" for test in tests))
        for file, of_file in MUTATIONS.items()
        for function, change, *tests in of_file
    ]


MULTIPLIER = "secular.Problem.multipliers"
CHAIN = "distillation.distill_spectrum"

MUTATIONS = {
    "bounds/test_rounds.py": [
        (
            "bounds.norm_ratio_bound",
            times(1.001),
            "test_targets_stay_above_the_norm_bound_also_after_collapse",
            "test_norm_bound_is_the_formula_of_the_paper",
            "test_norm_bound_is_attained_by_equal_eigenvalues",
        ),
        (
            "bounds.guaranteed_rounds",
            times(1.001),
            "test_chains_last_at_least_the_guaranteed_rounds",
            "test_the_guarantee_follows_from_the_norm_bound",
        ),
        (
            "bounds.rounds_interval",
            plus(1, part=0),
            "test_rounds_lie_in_the_interval_and_never_exceed_the_path_length",
            "test_equal_eigenvalues_attain_the_lower_end",
            "test_spline_rounds_and_their_bounds",
        ),
        (
            "bounds.rounds_interval",
            plus(-1, part=1),
            "test_rounds_lie_in_the_interval_and_never_exceed_the_path_length",
            "test_eigenvalues_far_apart_attain_the_upper_end",
        ),
        (
            "bounds.rounds_upper_bound",
            plus(-1),
            "test_rounds_lie_in_the_interval_and_never_exceed_the_path_length",
            "test_equal_eigenvalues_attain_the_lower_end",
            "test_eigenvalues_far_apart_attain_the_upper_end",
            "test_spline_rounds_and_their_bounds",
        ),
        (
            MULTIPLIER,
            times(1.05),
            "test_hill_climbing_finds_no_number_of_rounds_outside_the_interval",
        ),
    ],
    "bounds/test_multipliers.py": [
        (
            "bounds.multiplier_interval",
            times(1.001, part=0),
            "test_multipliers_lie_between_the_extreme_eigenvalues_over_r_minus_one",
            "test_both_brackets_are_one_point_where_one_eigenvalue_carries_the_labels",
        ),
        (
            "bounds.multiplier_interval",
            times(0.999, part=1),
            "test_multipliers_lie_between_the_extreme_eigenvalues_over_r_minus_one",
            "test_both_brackets_are_one_point_where_one_eigenvalue_carries_the_labels",
        ),
        (
            "bounds.label_multiplier_interval",
            times(1.001, part=0),
            "test_multipliers_lie_in_the_bracket_that_looks_at_the_labels",
            "test_label_bracket_is_made_of_power_means",
            "test_label_bracket_of_the_spline_example",
            "test_both_brackets_are_one_point_where_one_eigenvalue_carries_the_labels",
            "test_hill_climbing_finds_no_multiplier_outside_the_label_bracket",
        ),
        (
            "bounds.label_multiplier_interval",
            times(0.999, part=1),
            "test_multipliers_lie_in_the_bracket_that_looks_at_the_labels",
            "test_label_bracket_is_made_of_power_means",
            "test_label_bracket_of_the_spline_example",
            "test_both_brackets_are_one_point_where_one_eigenvalue_carries_the_labels",
            "test_hill_climbing_finds_no_multiplier_outside_the_label_bracket",
        ),
        (
            "bounds.label_multiplier_interval",
            times(0.999, part=0),
            "test_label_bracket_improves_on_the_extreme_eigenvalues",
        ),
        (
            "bounds.label_multiplier_interval",
            times(1.001, part=1),
            "test_label_bracket_improves_on_the_extreme_eigenvalues",
        ),
        (
            "tests.exact_ends",
            times(0.999, part=1),
            "test_no_smaller_orders_of_the_means_would_do",
        ),
        (CHAIN, field("multipliers", 0.95, rounds=True), "test_multipliers_grow_from_round_to_round"),
    ],
    "bounds/test_curve.py": [
        (
            "bounds.rounds_limit",
            times(1.001),
            "test_limit_is_the_length_of_the_path",
            "test_limit_agrees_with_high_precision_quadrature",
            "test_limit_is_one_for_one_eigenspace_and_a_sum_of_legs_for_eigenvalues_far_apart",
            "test_limit_is_at_least_one_and_at_most_the_sum_of_the_legs",
            "test_the_curve_is_longer_than_the_walk_by_less_than_a_step_a_corner",
        ),
        (
            "bounds.rounds_limit",
            times(0.999),
            "test_limit_is_at_least_one_and_at_most_the_sum_of_the_legs",
            "test_the_curve_is_longer_than_the_walk_by_less_than_a_step_a_corner",
        ),
        (
            "bounds.rounds_limit",
            times(1.01),
            "test_rounds_over_norm_ratio_tend_to_the_limit",
            "test_hill_climbing_finds_no_number_of_rounds_off_the_curve",
        ),
        (
            "bounds.rounds_limit",
            times(0.98),
            "test_hill_climbing_finds_no_number_of_rounds_off_the_curve",
        ),
        (MULTIPLIER, times(1.001), "test_a_chain_walked_back_is_the_chain_that_is_run"),
        (
            "bounds.rounds_curve_interval",
            plus(1, part=0),
            "test_the_curve_is_longer_than_the_walk_by_less_than_a_step_a_corner",
            "test_the_rounds_of_all_problems_lie_in_the_interval_of_the_curve",
            "test_with_one_eigenvalue_the_curve_tells_the_number_of_rounds",
            "test_spline_rounds_from_both_sides",
        ),
        (
            "bounds.rounds_curve_interval",
            plus(-1, part=1),
            "test_the_curve_is_longer_than_the_walk_by_less_than_a_step_a_corner",
            "test_the_rounds_of_all_problems_lie_in_the_interval_of_the_curve",
            "test_with_one_eigenvalue_the_curve_tells_the_number_of_rounds",
            "test_spline_rounds_from_both_sides",
        ),
        (
            "tests.random_walk_back",
            Change(
                "every second target off by a tenth of a per cent in one coordinate",
                lambda walk, arguments: (walk[0], zigzag(walk[1])),
            ),
            "test_every_coordinate_of_the_direction_first_rises_and_then_falls",
        ),
        (
            "bounds.rounds_limit_bound",
            times(0.999),
            "test_no_curve_is_longer_than_its_condition_number_allows",
            "test_the_condition_bound_is_the_least_value_of_the_formula",
            "test_the_condition_bound_in_numbers",
            "test_hill_climbing_finds_no_curve_too_long_for_its_condition_number",
        ),
        (
            "bounds.rounds_limit_bound",
            times(0.94),
            "test_spectra_on_a_logarithmic_scale_come_close_to_what_the_condition_number_allows",
        ),
        (
            "bounds.rounds_condition_bound",
            plus(-1),
            "test_no_curve_is_longer_than_its_condition_number_allows",
            "test_the_condition_bound_in_numbers",
        ),
    ],
    "bounds/test_sparsity.py": [
        (
            "bounds.sparsity_ratio_power",
            ratio(1.001),
            "test_first_round_to_the_power_t_bounds_the_sparsity_and_implies_the_papers_bound",
            "test_hill_climbing_finds_no_filter_less_sparse_than_its_bounds",
        ),
        (
            "bounds.sparsity_ratio_bound",
            ratio(1.001),
            "test_first_round_to_the_power_t_bounds_the_sparsity_and_implies_the_papers_bound",
            "test_product_over_rounds_bounds_the_sparsity_and_implies_the_papers_bound",
            "test_index_is_the_least_bound_between_neighbours",
        ),
        (
            "bounds.sparsity_ratio_product",
            ratio(1.001),
            "test_product_over_rounds_bounds_the_sparsity_and_implies_the_papers_bound",
            "test_the_power_mean_of_the_labels_sharpens_the_product",
        ),
        (
            CHAIN,
            field("multipliers", 0.999),
            "test_every_multiplier_is_above_the_first_power_mean_over_its_own_excess",
        ),
        (
            "bounds.sparsity_index",
            times(1.001),
            "test_index_grows_with_the_norm_ratio_towards_its_limit",
            "test_index_is_the_least_bound_between_neighbours",
        ),
        (
            "bounds.sparsity_index_limit",
            times(1.001),
            "test_index_grows_with_the_norm_ratio_towards_its_limit",
        ),
        (
            "bounds.sparsity_ratio_power",
            ratio(1.001),
            "test_one_looser_fit_sparsifies_but_never_beyond_the_ratio_of_eigenvalues",
        ),
        (
            "tests.Problem.log_ratios",
            times(0.999),
            "test_rounds_come_close_to_a_power_of_the_ratio_far_below_the_labels",
        ),
        (
            "bounds.collapse_sparsity",
            ends(low=1.001),
            "test_growth_integral_agrees_with_high_precision_quadrature",
            "test_sparsity_grows_with_the_rate_delta_over_two",
        ),
        (
            "bounds.collapse_sparsity",
            ends(high=0.999),
            "test_sparsity_grows_with_the_rate_delta_over_two",
        ),
        (
            "bounds.collapse_sparsity",
            ends(low=1.08),
            "test_sparsity_at_collapse_lies_between_the_integral_and_the_power_law",
        ),
        (
            "bounds.collapse_sparsity",
            ends(high=0.997),
            "test_sparsity_at_collapse_lies_between_the_integral_and_the_power_law",
        ),
        (
            "bounds.collapse_sparsity",
            ends(low=1.15),
            "test_hill_climbing_finds_no_sparsity_outside_the_integral_and_the_power_law",
        ),
        (
            "bounds.collapse_sparsity",
            ends(high=0.98),
            "test_hill_climbing_finds_no_sparsity_outside_the_integral_and_the_power_law",
        ),
        ("bounds.collapse_sparsity", ends(low=0.996), "test_lower_end_is_above_its_closed_form"),
        (
            "bounds.collapse_sparsity",
            ends(low=1.005),
            "test_spline_sparsity_from_tolerance_to_tolerance",
        ),
        (
            "bounds.collapse_sparsity",
            ends(high=1.005),
            "test_spline_sparsity_from_tolerance_to_tolerance",
        ),
        (
            "bounds.sparsity_ratio_power",
            ratio(1.005),
            "test_spline_bottom_pair_after_four_rounds",
        ),
        (
            "bounds.sparsity_ratio_product",
            ratio(1.005),
            "test_spline_bottom_pair_after_four_rounds",
        ),
    ],
    "test_distillation.py": [
        (
            MULTIPLIER,
            times(1.001),
            "test_every_round_is_the_constrained_fit_of_the_fit_before",
        ),
        (
            "distillation.Chain.filters",
            times(1.001),
            "test_coordinates_are_multiplied_by_the_share_that_each_direction_keeps",
        ),
        (
            "distillation.Chain.predict",
            times(1.001),
            "test_every_round_is_the_constrained_fit_of_the_fit_before",
            "test_every_function_of_the_chain_is_g_x_times_inverses_applied_to_the_first_labels",
        ),
        (
            CHAIN,
            field("multipliers", 0.999, rounds=True),
            "test_multipliers_grow_from_round_to_round",
        ),
    ],
    "test_regression.py": [
        (
            MULTIPLIER,
            times(1.001),
            "test_no_function_within_the_tolerance_has_a_smaller_regulariser",
        ),
        (
            "regression.fit_with_multiplier",
            field("coefficients", 1.001),
            "test_the_ridge_solution_satisfies_the_first_order_condition_and_no_function_is_better",
        ),
        (
            "regression.Fit.predict",
            times(1.001),
            "test_predictions_at_new_points_are_g_x_times_the_inverse_applied_to_the_labels",
        ),
        (
            "regression.fit",
            given("tolerance", 0.999),
            "test_the_fit_is_zero_exactly_when_the_labels_are_within_the_tolerance",
        ),
        (
            "regression.mean_squared_residual",
            times(1.001),
            "test_the_residual_of_a_fit_is_the_sum_in_the_eigenbasis",
        ),
    ],
    "test_chains.py": [
        ("filters.label_mixing", times(1.001), "test_its_filters_are_those_of_label_mixing"),
    ],
    "test_krylov.py": [
        (
            "krylov.RitzSpectrum._missed",
            times(0.95),
            "test_with_the_same_multipliers_fits_are_wrong_by_at_most_the_sum_of_what_is_left_out",
        ),
        (
            "krylov.RitzSpectrum._missed",
            times(0.2),
            "test_errors_are_at_most_three_times_those_it_reports",
        ),
    ],
    "test_secular.py": [
        (
            "regression.mean_squared_residual",
            times(0.999),
            "test_at_the_floor_only_the_reachable_part_of_the_labels_is_within_the_tolerance",
        ),
        (
            "regression.solve_multiplier",
            given("tolerance", 1.001),
            "test_a_tolerance_equal_to_the_energy_of_the_labels_gives_zero_and_the_next_float_does_not",
        ),
        (
            "regression.solve_multiplier",
            times(1.001),
            "test_the_residual_grows_with_the_multiplier_and_meets_the_tolerance_once",
            "test_the_multiplier_lies_in_the_bracket_of_the_extreme_eigenvalues",
            "test_the_bracket_is_a_point_where_all_eigenvalues_agree",
        ),
        (
            "regression.solve_multiplier",
            times(0.999),
            "test_the_multiplier_lies_in_the_bracket_of_the_extreme_eigenvalues",
        ),
    ],
    "test_generalization.py": [
        (
            "generalization.equivalent_eigenvalues",
            times(1.001),
            "test_one_ridge_fit_with_the_equivalent_kernel_repeats_every_round",
            "test_the_equivalent_kernel_gives_the_curves_between_the_points_too",
            "test_equivalent_eigenvalues_fall_from_round_to_round_and_begin_with_those_of_the_kernel",
        ),
        (
            "generalization.equivalent_squared_radius",
            times(1.001),
            "test_the_squared_radius_is_that_of_the_interpolant_in_the_equivalent_space",
        ),
        (
            "generalization.equivalent_squared_radius",
            by_round(0.8),
            "test_the_radius_of_the_example_grows_before_it_falls",
        ),
        (
            "generalization.rademacher_bound",
            times(0.999),
            "test_no_average_over_all_signs_exceeds_the_trace_bound",
        ),
        (
            "generalization.equivalent_squared_radius",
            by_round(1.001),
            "test_the_trace_bound_falls_in_every_round_of_every_chain",
            "test_the_tail_bound_with_its_own_radius_falls_too",
        ),
        (
            "tests.log_bounds",
            Change(
                "grows by a thousandth of the logarithm of the sum of the multipliers",
                lambda bound, arguments: bound + 1e-3 * np.log(np.sum(arguments["c"])),
            ),
            "test_the_trace_bound_falls_when_any_multiplier_is_raised_under_attack",
        ),
        (
            "generalization.jacobians",
            times(1.001),
            "test_jacobians_have_the_digits_of_differences_in_60_digits",
            "test_with_null_directions_only_the_others_count_but_the_null_labels_move_them",
            "test_a_round_has_the_eigenvalue_one_once_with_the_fit_and_the_residual",
            "test_in_the_euclidean_norm_the_chain_of_the_example_does_spread",
        ),
        (
            MULTIPLIER,
            times(0.999),
            "test_two_chains_never_move_apart_in_the_function_space_through_collapse",
        ),
        (
            "generalization.degrees_of_freedom",
            times(1.001),
            "test_jacobians_have_the_digits_of_differences_in_60_digits",
            "test_with_null_directions_only_the_others_count_but_the_null_labels_move_them",
            "test_the_multipliers_cost_less_than_one_degree_of_freedom",
            "test_the_cost_of_the_multipliers_stays_within_its_bounds_under_attack",
            "test_equal_eigenvalues_cost_one_part_in_r_0_a_round",
            "test_degrees_of_freedom_lie_between_an_exponential_and_one_ridge_fit_plus_one",
        ),
        (
            "generalization.degrees_of_freedom",
            times(1.01),
            "test_the_rate_of_the_degrees_of_freedom_holds_under_attack",
        ),
        (
            "generalization.degrees_of_freedom",
            times(0.999),
            "test_the_multipliers_cost_less_than_one_degree_of_freedom",
            "test_the_cost_of_the_multipliers_stays_within_its_bounds_under_attack",
            "test_degrees_of_freedom_lie_between_an_exponential_and_one_ridge_fit_plus_one",
            "test_the_rate_of_the_degrees_of_freedom_holds_under_attack",
        ),
        (
            "generalization.coupled_walkers",
            Change(
                "the walker of the smallest eigenvalue never leaves",
                lambda walk, arguments: alone(*walk),
            ),
            "test_of_the_coupled_walkers_at_most_one_comes_back_after_it_left",
        ),
        (
            "generalization.coupled_walkers",
            Change(
                "two walkers come back in every run",
                lambda walk, arguments: homesick(*walk),
            ),
            "test_of_the_coupled_walkers_at_most_one_comes_back_after_it_left",
            "test_walkers_come_back_about_as_often_as_the_multipliers_cost",
        ),
        (
            MULTIPLIER,
            times(1.001),
            "test_the_training_error_lies_between_t_plus_one_and_its_square_tolerances",
        ),
        (
            MULTIPLIER,
            times(0.999),
            "test_the_training_error_lies_between_t_plus_one_and_its_square_tolerances",
        ),
        (
            "generalization.risk_estimate",
            times(1.02),
            "test_the_estimate_of_the_risk_is_unbiased_through_collapse",
            "test_given_the_null_part_of_the_labels_the_bias_is_the_same_in_all_rounds",
        ),
        (
            "generalization.degrees_of_freedom",
            times(1.02),
            "test_fresh_labels_are_fitted_worse_by_the_degrees_of_freedom",
        ),
        (
            "generalization.generalized_cross_validation",
            times(1.001),
            "test_the_score_is_the_estimate_of_the_risk_plus_three_terms",
        ),
        (
            "generalization.risk_estimate",
            times(1.1),
            "test_with_null_directions_refusing_draws_biases_the_estimate",
        ),
    ],
    "test_examples.py": [
        (
            "examples.spline_eigenvalues",
            times(1.001),
            "test_sampled_sines_are_the_eigenvectors_of_the_gram_matrix",
            "test_the_eigenvalues_of_nine_points_follow_the_formula_and_its_limit",
        ),
        (
            "kernels.CubicSpline.__call__",
            plus(1e-6),
            "test_no_fit_of_the_eleven_points_comes_closer_than_its_end_labels",
        ),
    ],
    "test_kernels.py": [
        (
            "kernels.NTK.__call__",
            times(1.001),
            "test_on_the_line_the_ntk_has_rank_two_without_biases_and_full_rank_with_them",
        ),
    ],
    "test_filters.py": [
        (
            "filters.boosting",
            times(0.999),
            "test_refitting_the_residual_is_refitting_the_fit_seen_in_a_mirror",
            "test_one_only_ever_removes_and_the_other_only_ever_adds",
            "test_more_fits_of_the_residual_use_more_smoothness",
            "test_the_order_of_saturation_is_attained",
        ),
        (
            "filters.self_distillation",
            times(1.001),
            "test_refitting_the_residual_is_refitting_the_fit_seen_in_a_mirror",
            "test_one_only_ever_removes_and_the_other_only_ever_adds",
            "test_fits_of_the_fit_never_miss_less_than_one_fit",
        ),
        (
            "filters.self_distillation_flow",
            times(1.001),
            "test_flows_are_the_limits_and_are_approached_from_one_side",
        ),
        (
            "filters.gradient_flow",
            times(0.999),
            "test_flows_are_the_limits_and_are_approached_from_one_side",
        ),
        (
            "filters.label_mixing",
            times(1.001),
            "test_label_mixing_is_the_loop_of_borup_and_andersen",
            "test_the_limit_of_label_mixing_is_one_ridge_fit_with_a_larger_multiplier",
        ),
        (
            "filters.label_mixing",
            Change(
                "times 1.001 for an even number of fits",
                lambda kept, arguments: kept * (1.001 if arguments["fits"] % 2 == 0 else 1),
            ),
            "test_label_mixing_falls_but_never_below_its_limit",
        ),
        (
            "filters.generation_noise",
            times(1.001),
            "test_each_generation_adds_its_noise",
            "test_without_regularisation_noise_adds_up_for_ever_and_with_labels_it_does_not",
        ),
        (
            "filters.best_teacher_weight",
            times(1.001),
            "test_the_best_teacher_weight_is_stationary_and_has_the_sign_of_the_falling_risk",
            "test_the_slope_of_the_teachers_risk_is_that_of_the_proof",
        ),
        (
            "filters.best_weighted_fits",
            times(0.999, part=0),
            "test_free_weights_have_the_risks_of_a_computation_with_sixty_digits",
            "test_free_weights_are_optimal_sum_to_one_and_reach_the_wiener_filter",
            "test_sixty_eigenvalues_over_eight_decades_still_reach_the_wiener_filter",
            "test_every_fixed_choice_of_weights_has_at_least_the_risk_of_the_best",
            "test_equal_eigenvalues_are_pooled_and_then_fewer_fits_suffice",
        ),
        (
            "filters.best_weighted_fits",
            times(1.001, part=1),
            "test_free_weights_have_the_risks_of_a_computation_with_sixty_digits",
            "test_free_weights_are_optimal_sum_to_one_and_reach_the_wiener_filter",
            "test_every_fixed_choice_of_weights_has_at_least_the_risk_of_the_best",
        ),
        (MULTIPLIER, times(1.001), "test_hard_labels_stop_the_chain_at_once"),
    ],
    "networks/test_wide.py": [
        (
            "kernels.NTK.__call__",
            times(1.1),
            "test_the_tangent_kernel_tends_to_the_ntk_like_the_inverse_root_of_the_width",
        ),
        (
            MULTIPLIER,
            times(1.001),
            "test_a_model_that_is_linear_in_its_weights_solves_the_constrained_problem",
        ),
        (
            "networks.wide.flow_chain",
            field("times", 1.01),
            "test_stopped_descent_on_a_model_that_is_linear_in_its_weights_is_the_flow",
        ),
    ],
}


def zigzag(targets):
    """Return targets whose strongest direction is too large in every second round."""
    wrong = targets.copy()
    wrong[::2, -1] *= 1.001
    return wrong


def alone(places, left):
    """Return a walk in which the walker of the smallest eigenvalue never leaves."""
    places, left = places.copy(), left.copy()
    places[:, 0], left[:, 0] = 0, False
    return places, left


def homesick(places, left):
    """Return a walk in which the first two walkers are at home in the end, having left."""
    places, left = places.copy(), left.copy()
    places[-1, :2] = np.arange(len(places[-1]))[:2]
    left[-1, :2] = True
    return places, left


# How a function is replaced. -----------------------------------------------------------------------


def replace(owner, name, change):
    """Replace a function, method or property of a module or class, wherever it was imported to."""
    original = inspect.getattr_static(owner, name)
    if inspect.isclass(owner):
        function = getattr(original, "func", getattr(original, "fget", original))
        wrong = change.wrap(function)
        setattr(owner, name, wrong if original is function else property(wrong))
        return
    wrong = change.wrap(original)
    for module in [owner, *sys.modules.values()]:
        if getattr(module, "__name__", "").startswith("sdtutorial") or module is owner:
            for key, value in list(vars(module).items()):
                if value is original:
                    setattr(module, key, wrong)


def find_owner(path, start):
    """Return the module or class that holds what a dotted path names, and its name there."""
    *middle, name = path.split(".")
    for part in middle:
        start = getattr(start, part, None) or importlib.import_module(f"{start.__name__}.{part}")
    return start, name


class Plugin:
    """Makes a function wrong for one run of pytest, and keeps what became of its tests."""

    def __init__(self, mutation):
        self.mutation, self.outcomes = mutation, {}

    def pytest_collection_modifyitems(self, items):
        path = self.mutation.function
        if path.startswith("tests."):
            for module in {item.module for item in items}:
                replace(*find_owner(path.removeprefix("tests."), module), self.mutation.change)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        if self.outcomes.get(self.name(item)) == CAUGHT:
            pytest.skip("one failure is enough")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        if report.failed:
            noticed = call.excinfo.errisinstance((AssertionError, pytest.fail.Exception))
            self.outcomes[self.name(item)] = CAUGHT if noticed or groups(call.excinfo) else BROKEN
        elif report.when == "call":
            self.outcomes.setdefault(self.name(item), SURVIVED)
        return report

    @staticmethod
    def name(item):
        return f"{item.path.relative_to(TESTS).as_posix()}::{item.originalname}"


def groups(excinfo):
    """Whether an error stands for several failed assertions, as Hypothesis reports them."""
    return isinstance(excinfo.value, BaseExceptionGroup) and not excinfo.value.split(AssertionError)[1]


# The command. --------------------------------------------------------------------------------------


def run_one(number):
    """Run the tests of one mutation in this process, and print what became of each."""
    mutation = mutations()[number]
    plugin = Plugin(mutation)
    if not mutation.function.startswith("tests."):  # before pytest imports what uses it
        replace(*find_owner(mutation.function, importlib.import_module("sdtutorial")), mutation.change)
    names = [str(TESTS / test) for test in mutation.tests]
    options = ["-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:nbval", f"--rootdir={TESTS.parent}"]
    pytest.main([*options, *names], plugins=[plugin])
    for test in mutation.tests:
        print("outcome", plugin.outcomes.get(test, BROKEN), test)


def outcomes_of(number):
    """Return what became of each test of a mutation, which has a process of its own."""
    command = [sys.executable, __file__, "--number", str(number)]
    done = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True)
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("outcome ")]
    return {test: outcome for _, outcome, test in lines}, done


def main():
    """Run all mutations, or those that are asked for; fail if a test did not notice one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("words", nargs="*", help="run those whose function or tests have a word")
    parser.add_argument("--number", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.number is not None:
        run_one(options.number)
        return
    counts = {CAUGHT: 0, SURVIVED: 0, BROKEN: 0}
    for number, mutation in enumerate(mutations()):
        text = f"{mutation} {' '.join(mutation.tests)}"
        if options.words and not any(word in text for word in options.words):
            continue
        start = time.monotonic()
        outcomes, done = outcomes_of(number)
        print(f"{mutation} ({time.monotonic() - start:.0f} s)", flush=True)
        for test in mutation.tests:
            outcome = outcomes.get(test, BROKEN)
            counts[outcome] += 1
            print(f"  {outcome:8} {test}", flush=True)
            if outcome == BROKEN:
                print(done.stdout[-2000:], done.stderr[-2000:])
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    sys.exit(bool(counts[SURVIVED] or counts[BROKEN] or not counts[CAUGHT]))


if __name__ == "__main__":
    main()
