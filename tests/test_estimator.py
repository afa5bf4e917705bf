"""The regressor for scikit-learn: its contract, and that it is the chain and KernelRidge."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.gaussian_process import kernels as gaussian
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sdtutorial as sd
from sdtutorial import SelfDistilledKernelRidge, generalization

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (40, 2))
NEW = RNG.uniform(-1, 1, (7, 2))
NOISE = RNG.normal(size=(40, 3))
Y = np.column_stack([np.sin(3 * X[:, 0]), X[:, 1] ** 2, X[:, 0] * X[:, 1]]) + 0.2 * NOISE
y = Y[:, 0]

CHECKS = """
import json, sys
from sklearn.utils.estimator_checks import check_estimator
from sdtutorial import Matern, SelfDistilledKernelRidge
estimator = eval(sys.argv[1])
done = check_estimator(estimator, on_skip=None, on_fail=None)
print(json.dumps([[c["check_name"], c["status"], str(c["exception"])] for c in done]))
"""


@pytest.mark.parametrize(
    "estimator",
    [
        "SelfDistilledKernelRidge()",
        "SelfDistilledKernelRidge(noise_variance=0.1)",
        "SelfDistilledKernelRidge(rounds=2, tolerance=0.05, relative=False)",
        "SelfDistilledKernelRidge(Matern(1.0, 1.5), fit_intercept=False)",
    ],
)
@pytest.mark.slow
def test_all_checks_of_scikit_learn_pass_and_none_is_skipped(estimator):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHECKS, estimator],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "SCIPY_ARRAY_API": "1"},  # one check asks for it, and is skipped without
    )
    checks = json.loads(done.stdout)
    assert len(checks) > 40
    assert [check for check in checks if check[1] != "passed"] == []


# What it computes.


@pytest.mark.parametrize("kernel", ["laplacian", "rbf", "poly"])
def test_every_round_is_a_kernel_ridge_regression_with_the_multiplier_it_found(kernel):
    settings = {"kernel": kernel, "gamma": 2.0, "degree": 7}
    model = SelfDistilledKernelRidge(**settings, rounds=3).fit(X, y)
    targets = y - y.mean()
    for c, stage in zip(model.chain_.multipliers, model.staged_predict(NEW), strict=True):
        ridge = KernelRidge(alpha=len(X) * c, **settings).fit(X, targets)
        assert stage == pytest.approx(ridge.predict(NEW) + y.mean(), abs=1e-8)
        targets = ridge.predict(X)
    assert model.predict(NEW) == pytest.approx(stage, abs=1e-12)
    assert model.dual_coef_ == pytest.approx(ridge.dual_coef_, abs=1e-7)


def test_without_the_mean_it_is_the_chain_of_the_package():
    example = sd.spline()
    chain = sd.distill(example.gram, example.y, example.tolerance)
    model = SelfDistilledKernelRidge(
        example.kernel, tolerance=example.tolerance, relative=False, rounds=5, fit_intercept=False
    ).fit(example.x[:, None], example.y)
    stages = list(model.staged_predict(example.x[:, None]))
    assert model.chain_.rounds == chain.rounds == 4
    assert np.array(stages[:4]) == pytest.approx(chain.targets[1:], abs=1e-12)
    assert not stages[4].any()


@pytest.mark.parametrize("rounds", [1, 3, 50, "auto"])
def test_predict_is_a_stage_and_after_collapse_the_mean_of_the_targets(rounds):
    model = SelfDistilledKernelRidge(rounds=rounds).fit(X, Y)
    stages = list(model.staged_predict(NEW))
    chosen = np.broadcast_to(model.rounds_, 3)
    picked = np.column_stack([stages[n - 1][:, q] for q, n in enumerate(chosen)])
    assert model.predict(NEW) == pytest.approx(picked, abs=1e-12)
    if rounds != "auto":
        assert len(stages) == rounds
    if rounds in (50, "auto"):
        assert stages[-1] == pytest.approx(np.broadcast_to(Y.mean(axis=0), (7, 3)))


@pytest.mark.filterwarnings("ignore:rounds=.auto. chose the mean")
@pytest.mark.parametrize(
    "settings", [{}, {"noise_variance": 0.04}, {"relative": False, "tolerance": 0.01}]
)
def test_every_output_is_a_model_of_its_own(settings):
    whole = SelfDistilledKernelRidge(**settings).fit(X, Y * [1, 1, 0.3])
    for q, scale in enumerate([1, 1, 0.3]):
        alone = SelfDistilledKernelRidge(**settings).fit(X, Y[:, q] * scale)
        assert whole.rounds_[q] == alone.rounds_
        assert whole.predict(NEW)[:, q] == pytest.approx(alone.predict(NEW), abs=1e-10)


def test_a_relative_tolerance_is_a_share_of_the_variance():
    share = SelfDistilledKernelRidge(tolerance=0.1).fit(X, y)
    number = SelfDistilledKernelRidge(tolerance=0.1 * y.var(), relative=False).fit(X, y)
    assert share.predict(NEW) == pytest.approx(number.predict(NEW), abs=1e-10)
    first = next(share.staged_predict(X))
    assert np.mean((first - y) ** 2) == pytest.approx(0.1 * y.var())


def test_an_offset_and_a_unit_of_the_targets_change_nothing():
    one = SelfDistilledKernelRidge().fit(X, y)
    other = SelfDistilledKernelRidge().fit(X, 1e3 * y + 1e6)
    assert one.rounds_ == other.rounds_
    assert 1e3 * one.predict(NEW) + 1e6 == pytest.approx(other.predict(NEW), abs=1e-4)


def test_auto_takes_the_round_with_the_smallest_score():
    def rounds(**settings):
        return SelfDistilledKernelRidge(tolerance=0.01, **settings).fit(X, y).rounds_

    chain = SelfDistilledKernelRidge(tolerance=0.01, rounds=100).fit(X, y).chain_
    assert rounds() == np.argmin(generalization.generalized_cross_validation(chain)) + 1
    for variance in (0.01, 0.04, 0.3):
        risk = generalization.risk_estimate(chain, variance / y.var())
        assert rounds(noise_variance=variance) == np.argmin(risk) + 1
    assert rounds(noise_variance=0.01) < rounds(noise_variance=0.1)


def test_targets_that_are_noise_get_their_mean():
    rng = np.random.default_rng(1)
    points, noise = rng.uniform(-1, 1, (200, 2)), rng.normal(3, 1, 200)
    model = SelfDistilledKernelRidge(gamma=5, tolerance=0.5, noise_variance=1.0)
    with pytest.warns(sd.InputWarning, match="chose the mean of the targets: by the estimate"):
        model.fit(points, noise)
    assert model.rounds_ == model.chain_.rounds + 1
    assert (model.predict(NEW) == noise.mean()).all()
    truth = np.column_stack([points[:, 0], noise, noise])
    with pytest.warns(sd.InputWarning, match="the mean of the targets in output 1, 2: by"):
        model.fit(points, truth)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e9])
@pytest.mark.parametrize("relative", [True, False])
def test_constant_targets_are_predicted(value, relative):
    model = SelfDistilledKernelRidge(relative=relative).fit(X, np.full(40, value))
    assert model.predict(NEW) == pytest.approx(np.full(7, value))
    both = SelfDistilledKernelRidge(relative=relative).fit(X, np.column_stack([y, [value] * 40]))
    assert both.predict(NEW)[:, 1] == pytest.approx(np.full(7, value))


# Weights.


def parameters(model):
    return model.rounds_, model.predict(NEW), model.intercept_


@pytest.mark.parametrize("settings", [{}, {"noise_variance": 0.04}, {"rounds": 2}])
def test_a_weight_says_how_often_a_point_is_there(settings):
    often = np.random.default_rng(3).integers(0, 4, 40)
    model = SelfDistilledKernelRidge(tolerance=0.02, **settings)
    rounds, predictions, mean = parameters(clone(model).fit(X, Y, sample_weight=often))
    expected = parameters(
        clone(model).fit(np.repeat(X, often, axis=0), np.repeat(Y, often, axis=0))
    )
    assert np.all(rounds == expected[0])
    assert predictions == pytest.approx(expected[1], abs=1e-8)
    assert mean == pytest.approx(expected[2])


def test_a_common_factor_of_the_weights_changes_at_most_the_choice_of_the_round():
    weights = np.random.default_rng(4).uniform(0.5, 2, 40)
    model = SelfDistilledKernelRidge(rounds=2)
    one = clone(model).fit(X, y, weights).predict(NEW)
    assert clone(model).fit(X, y, 1e-6 * weights).predict(NEW) == pytest.approx(one)
    with pytest.warns(sd.InputWarning, match="chose the mean"):  # of hardly an observation
        SelfDistilledKernelRidge().fit(X, y, 1e-6 * weights)


@pytest.mark.parametrize("weights", [np.zeros(40), -np.ones(40), np.ones(39), np.full(40, np.nan)])
def test_weights_that_count_nothing_are_refused(weights):
    with pytest.raises(ValueError, match="weight"):
        SelfDistilledKernelRidge().fit(X, y, sample_weight=weights)


# Kernels.


def test_a_kernel_may_be_a_function_or_a_matrix_of_values():
    named = SelfDistilledKernelRidge("rbf", gamma=2.0, tolerance=0.3).fit(X, y).predict(NEW)
    for kernel in (sd.RBF(0.5), gaussian.RBF(0.5)):
        model = SelfDistilledKernelRidge(kernel, tolerance=0.3).fit(X, y)
        assert model.predict(NEW) == pytest.approx(named, abs=1e-8)
    kernel = sd.RBF(0.5)
    model = SelfDistilledKernelRidge("precomputed", tolerance=0.3).fit(kernel(X, X), y)
    assert model.predict(kernel(NEW, X)) == pytest.approx(named, abs=1e-8)


def test_the_default_kernel_reaches_targets_that_a_smooth_one_does_not():
    rng = np.random.default_rng(42)
    points, noise = 0.5 * rng.normal(size=(100, 2)), rng.normal(size=100)
    SelfDistilledKernelRidge(rounds=1).fit(points, noise)
    with pytest.raises(sd.InfeasibleToleranceError, match="tolerance of 0.1.*smooth kernel") as e:
        SelfDistilledKernelRidge("rbf").fit(points, 30 * noise)
    assert "shares of the variance of the targets" in str(e.value)
    assert 0.1 < e.value.floor < 1  # a share of the variance


# What is seldom meant.


@pytest.mark.parametrize("kernel", ["laplacian", "rbf", sd.RBF(1.0), sd.Matern(1.0, 0.5)])
def test_columns_of_very_different_scales_are_named_with_the_cure(kernel):
    model = SelfDistilledKernelRidge(kernel, rounds=1, tolerance=0.5)
    with pytest.warns(sd.InputWarning, match="scale.* of column 2 is .* only this column .* StandardScaler"):
        model.fit(np.column_stack([np.ones(40), 0.01 * X[:, 0], 100 * X[:, 1]]), y)
    scaled = np.column_stack([np.full(40, 1e9), 0.1 * X[:, 0], X[:, 1]])
    model.fit(scaled, y)  # a constant column is none
    border = np.column_stack([1e-4 * X[:, 0], X])
    model.fit(border, y)  # nor are pixels at the border of an image
    make_pipeline(StandardScaler(), model).fit(X * [0.01, 100], y)


def test_a_share_of_the_mean_square_that_a_mean_makes_is_named_with_the_cure():
    model = SelfDistilledKernelRidge(fit_intercept=False, rounds=1)
    with pytest.warns(sd.InputWarning, match="times their variance.*fit_intercept=True"):
        model.fit(X, np.column_stack([y, y + 20]))
    assert model.score(X, np.column_stack([y, y + 20])) < -10
    clone(model).set_params(fit_intercept=True).fit(X, y + 20)
    clone(model).set_params(relative=False, tolerance=0.1 * y.var()).fit(X, y + 1)
    clone(model).fit(X, y)


@pytest.mark.parametrize("kernel", ["poly", "cosine", "linear"])
def test_inner_products_see_scales_as_distances_do(kernel):
    model = SelfDistilledKernelRidge(kernel, gamma=1e-9, rounds=1, tolerance=0.999999)
    with pytest.warns(sd.InputWarning, match="different scales.*only this column counts"):
        model.fit(X * [1, 1e3], 1e-3 * X[:, 1])


def test_a_point_without_a_weight_has_no_scale():
    far, weights = np.vstack([X, [0, 1e6]]), np.append(np.ones(40), 0)
    model = SelfDistilledKernelRidge(rounds=1).fit(far, np.append(y, 0), sample_weight=weights)
    assert model.chain_.rounds == 1


def test_warnings_of_the_chain_point_at_the_line_that_called_fit():
    with pytest.warns(sd.InputWarning, match="Subtract the mean") as caught:
        model = SelfDistilledKernelRidge(fit_intercept=False, relative=False, rounds=2)
        model.fit(X, y + 100)
    assert [warning.filename for warning in caught] == [__file__]


# In scikit-learn's company.


def test_it_is_found_where_it_is_named_and_only_then():
    assert "SelfDistilledKernelRidge" in dir(sd)
    code = "import sys, sdtutorial as sd; sd.distill; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_grid_search_in_a_pipeline_finds_the_better_setting():
    pipeline = make_pipeline(StandardScaler(), SelfDistilledKernelRidge())
    step = "selfdistilledkernelridge__"
    grid = {step + "kernel": [sd.Matern(1.0, 1.5), "laplacian"], step + "tolerance": [0.9, 0.1]}
    search = GridSearchCV(pipeline, grid, cv=4).fit(X, y)
    assert search.best_params_[step + "tolerance"] == 0.1
    assert search.best_score_ > 0.6
    assert search.predict(NEW).shape == (7,)


def test_a_clone_has_the_parameters_and_not_the_fit():
    model = SelfDistilledKernelRidge(sd.RBF(0.5), tolerance=0.3, noise_variance=0.1).fit(X, y)
    copy = clone(model)
    assert repr(copy) == repr(model) and not hasattr(copy, "chain_")
    assert copy.fit(X, y).predict(NEW) == pytest.approx(model.predict(NEW))


def test_data_frames_keep_their_names():
    frame = pd.DataFrame(X, columns=["left", "right"], index=range(100, 140))
    model = SelfDistilledKernelRidge().fit(frame, pd.Series(y, index=frame.index))
    assert list(model.feature_names_in_) == ["left", "right"]
    assert model.predict(frame) == pytest.approx(SelfDistilledKernelRidge().fit(X, y).predict(X))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[["right", "left"]])


@pytest.mark.parametrize("scale", [1e-200, 1e-160, 1e160, 1e200])
@pytest.mark.parametrize("settings", [{}, {"fit_intercept": False}, {"noise_variance": 0.04}])
def test_targets_have_no_scale(scale, settings):
    expected = SelfDistilledKernelRidge(**settings).fit(X, y).predict(NEW)
    if "noise_variance" in settings:
        scale = np.cbrt(scale)  # a variance is a square
        settings = {"noise_variance": 0.04 * scale**2}
    found = SelfDistilledKernelRidge(**settings).fit(X, scale * y).predict(NEW)
    assert found / scale == pytest.approx(expected, rel=1e-9)


def test_points_of_any_scale_are_standardised():
    model = make_pipeline(StandardScaler(), SelfDistilledKernelRidge())
    expected = model.fit(X, y).predict(NEW)
    assert model.fit(1e100 * X, y).predict(1e100 * NEW) == pytest.approx(expected, rel=1e-9)
    with pytest.warns(sd.InputWarning, match="no two points that differ are related"):
        SelfDistilledKernelRidge(rounds=1).fit(1e200 * X, y)


def test_a_kernel_of_histograms_needs_no_gamma():
    counts = np.abs(X)
    found = SelfDistilledKernelRidge("chi2", rounds=1).fit(counts, y).predict(counts)
    given = SelfDistilledKernelRidge("chi2", gamma=1.0, rounds=1).fit(counts, y).predict(counts)
    assert found == pytest.approx(given)  # scikit-learn's default


# What it refuses.


@pytest.mark.parametrize("name", ["X", "y", "sample_weight"])
def test_masked_entries_are_not_taken_for_numbers(name):
    data = {"X": X, "y": y, "sample_weight": np.ones(40)}
    data[name] = np.ma.array(data[name], mask=data[name] > data[name].mean() - 0.1)
    with pytest.raises(ValueError, match=f"{name} must have no masked entries"):
        SelfDistilledKernelRidge().fit(**data)
    with pytest.raises(ValueError, match="X must have no masked entries"):
        SelfDistilledKernelRidge().fit(X, y).predict(np.ma.array(X, mask=X > 0))


@pytest.mark.parametrize(
    "settings, error, words",
    [
        ({"rounds": 0}, ValueError, "rounds must be at least 1"),
        ({"rounds": 2.5}, TypeError, 'rounds must be a whole number or "auto", not 2.5'),
        ({"rounds": "best"}, TypeError, 'rounds must be a whole number or "auto"'),
        ({"tolerance": 0.0}, ValueError, "tolerance must be positive"),
        ({"tolerance": "small"}, TypeError, "tolerance must be"),
        ({"noise_variance": -1.0}, ValueError, "noise_variance must be positive"),
        ({"noise_variance": [1.0, 2.0]}, ValueError, "noise_variance must be one real number"),
        ({"gamma": -1.0, "kernel": "rbf"}, ValueError, "gamma must be positive"),
        ({"gamma": 2.0, "kernel": sd.RBF(1.0)}, ValueError, "gamma belongs to a kernel given by"),
        ({"kernel": "gauss"}, ValueError, "gauss"),
        ({"kernel": 3}, TypeError, "kernel must be a name or a function.*type int"),
        ({"kernel": np.eye(40)}, TypeError, "kernel must be a name or a function.*type ndarray"),
        ({"gamma": -1.0}, ValueError, "gamma must be positive"),
        ({"gamma": "scale"}, TypeError, "gamma must be one real number"),
        ({"kernel": "poly", "degree": None}, TypeError, "degree must be one real number"),
        ({"tolerance": "a", "fit_intercept": False}, TypeError, "tolerance must be one real"),
        ({"tolerance": [0.1, 0.2], "fit_intercept": False}, TypeError, "tolerance must be one"),
        ({"tolerance": None}, TypeError, "tolerance must be one real number"),
        ({"noise_variance": "a"}, TypeError, "noise_variance must be an array of real numbers"),
        ({"noise_variance": -0.25}, ValueError, "not -0.25"),
        ({"relative": "no"}, TypeError, "relative must be True or False, not 'no'"),
        ({"fit_intercept": None}, TypeError, "fit_intercept must be True or False"),
        ({"kernel": sd.RBF}, TypeError, "kernel must be a function"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(settings, error, words):
    with pytest.raises(error, match=words):
        SelfDistilledKernelRidge(**settings).fit(X, y)
