"""Eigenpairs of a Gram matrix: what is rounding in it, and what counts as zero."""

import numpy as np
import pytest
from oracle import random_matrix

from sdtutorial import (
    RBF,
    CubicSpline,
    InfeasibleToleranceError,
    distill,
    fit,
    fit_with_multiplier,
    gram_matrix,
)

EPSILON = np.finfo(float).eps


@pytest.mark.filterwarnings("ignore::sdtutorial.AccuracyWarning")
@pytest.mark.parametrize("scale", [1e-316, 1e-318, 1e-320])
def test_a_gram_matrix_of_subnormal_numbers_is_not_indefinite(scale):
    gram = gram_matrix(RBF(0.1), np.linspace(0, 1, 40)) * scale
    solution = fit_with_multiplier(gram, np.full(40, 1e-30), scale)
    assert 0 < solution.fitted.min() < solution.fitted.max() < 1e-30


def test_single_precision_input_has_a_null_space_of_its_own_size():
    d = np.array([1e-9, 0.5, 1.0])
    gram, y = random_matrix(np.random.default_rng(3), d, np.array([1.0, 1.0, 1.0]))
    assert np.isfinite(fit(gram, y, 0.1).multiplier)
    with pytest.raises(InfeasibleToleranceError):
        fit(gram.astype(np.float32), y, 0.1)


def test_asymmetry_within_rounding_is_taken_for_rounding_wherever_it_is():
    gram = gram_matrix(CubicSpline(), np.arange(1, 301) / 301)  # many points
    y = np.sin(np.arange(300.0))
    reference = fit(gram, y, 0.01).multiplier
    for place in [(0, 1), (299, 3), (3, 299), (280, 290)]:
        noisy = gram.copy()
        noisy[place] += 1e-20
        assert fit(noisy, y, 0.01).multiplier == pytest.approx(reference, rel=1e-6)
        noisy[place] += 1e-9
        with pytest.raises(ValueError, match="symmetric"):
            fit(noisy, y, 0.01)
        noisy[place] = np.nan
        with pytest.raises(ValueError, match="finite"):
            fit(noisy, y, 0.01)


def test_eigenvalues_below_the_rounding_of_the_matrix_count_as_zero_and_those_above_do_not():
    for factor, zero in ((0.5, True), (20.0, False)):
        d = np.array([factor * 3 * EPSILON, 0.5, 1.0])
        chain = distill(np.diag(d), [1e-3, 1.0, 1.0], 0.1)
        assert (chain.eigenvalues[0] == 0) == zero
    gram = np.diag([-EPSILON, 0.5, 1.0])
    assert distill(gram, [1e-3, 1.0, 1.0], 0.1).eigenvalues[0] == 0
    with pytest.raises(ValueError, match="positive semidefinite"):
        distill(np.diag([-10 * EPSILON, 0.5, 1.0]), [1e-3, 1.0, 1.0], 0.1)
    single = distill(np.diag([1e-8, 0.5, 1.0]).astype(np.float32), [1e-3, 1.0, 1.0], 0.1)
    assert single.eigenvalues[0] == 0 and single.eigenvalues.dtype == np.float64
