"""Splits of the digits and the patients, and three methods that are tuned on them."""

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import PredefinedSplit, cross_val_score

from sdtutorial import RBF, Matern, SelfDistilledKernelRidge, real_data

KERNEL = RBF(3.0)


def test_a_split_cuts_the_digits_in_two():
    x, classes = real_data.digits()
    split = real_data.digits_split(0, size=300)
    assert split.x.shape == (300, 64) and split.new.shape == (1497, 64)
    both = np.concatenate([split.x, split.new])
    assert (np.unique(both, axis=0) == np.unique(x, axis=0)).all()
    assert np.bincount(split.classes).sum() == 1497
    assert (split.truth.argmax(axis=1) == split.classes).all()
    assert (split.truth.sum(axis=1) == 1).all() and x.min() == 0 and x.max() == 1


def test_label_noise_replaces_a_class_by_any_other():
    clean, noisy = (real_data.digits_split(3, noise, size=1700) for noise in (0, 0.4))
    assert (clean.x == noisy.x).all()
    wrong = clean.labels.argmax(axis=1) != noisy.labels.argmax(axis=1)
    assert wrong.mean() == pytest.approx(0.4, abs=0.04)
    steps = (noisy.labels.argmax(axis=1) - clean.labels.argmax(axis=1))[wrong] % 10
    assert np.bincount(steps, minlength=10)[1:].min() > 40
    assert noisy.truth[0].max() == pytest.approx(0.6)
    assert noisy.truth.sum(axis=1) == pytest.approx(1)


def test_the_truth_is_the_expectation_of_noisy_labels():
    _, classes = real_data.digits()
    mean = np.zeros(10)
    for seed in range(40):
        split = real_data.digits_split(seed, 0.3, size=1796)
        order = np.random.default_rng(seed).permutation(1797)[:1796]
        mean += split.labels[classes[order] == 4].mean(axis=0) / 40
    expected = split.truth[0, split.classes[0]], np.delete(split.truth[0], split.classes[0])
    assert mean[4] == pytest.approx(expected[0], abs=0.02)
    assert np.delete(mean, 4) == pytest.approx(expected[1], abs=0.01)


def test_noise_is_added_to_the_labels_of_the_patients_that_train():
    plain, noisy = (real_data.diabetes_split(1, noise) for noise in (0, 2.0))
    assert (plain.x == noisy.x).all() and (plain.truth == noisy.truth).all()
    assert np.std(noisy.labels - plain.labels) == pytest.approx(2, rel=0.1)
    assert plain.labels.shape == (300, 1) and plain.truth.shape == (142, 1)


@pytest.fixture(scope="module")
def split():
    return real_data.digits_split(2, 0.4, size=120)


def test_the_ridge_fit_has_the_penalty_that_cross_validation_prefers(split):
    penalties = [1e-3, 0.5, 1.0, 2.0, 1e3]
    mean = split.labels.mean(axis=0)
    scores = [
        cross_val_score(
            KernelRidge(kernel="rbf", gamma=1 / 18, alpha=alpha),
            split.x,
            split.labels - mean,
            cv=PredefinedSplit(np.arange(120) % 5),
            scoring="neg_mean_squared_error",
        ).mean()
        for alpha in penalties
    ]
    alpha = penalties[np.argmax(scores)]
    assert 1e-3 < alpha < 1e3
    best = KernelRidge(kernel="rbf", gamma=1 / 18, alpha=alpha).fit(split.x, split.labels - mean)
    found = real_data.tuned_predictions(split, KERNEL, [0.1], penalties)["ridge"]
    assert found == pytest.approx(best.predict(split.new) + mean, abs=1e-8)


def test_the_chain_has_the_tolerance_and_the_round_with_the_smallest_error(split):
    shares, rounds, cut = [0.02, 0.1, 0.4], 6, np.arange(120) % 5
    errors = np.zeros((3, rounds))
    mean, deviation = split.labels.mean(axis=0), split.labels.std(axis=0)
    labels = (split.labels - mean) / deviation
    for i, share in enumerate(shares):
        model = SelfDistilledKernelRidge(
            KERNEL, tolerance=share, relative=False, rounds=rounds, fit_intercept=False
        )
        for fold in range(5):
            model.fit(split.x[cut != fold], labels[cut != fold])
            for t, stage in enumerate(model.staged_predict(split.x[cut == fold])):
                errors[i, t] += np.sum(deviation**2 * (stage - labels[cut == fold]) ** 2)
    found = real_data.tuned_predictions(split, KERNEL, shares, [1.0], rounds=rounds)
    i, t = np.unravel_index(errors.argmin(), errors.shape)
    assert t > 0  # or the two methods were one
    for name, (share, number) in {
        "chain": (shares[i], t + 1),
        "one fit": (shares[errors[:, 0].argmin()], 1),
    }.items():
        model = SelfDistilledKernelRidge(KERNEL, tolerance=share, rounds=number)
        expected = model.fit(split.x, split.labels).predict(split.new)
        assert found[name] == pytest.approx(expected, abs=1e-8)


def test_a_study_judges_every_round_on_the_new_points(split):
    study = real_data.study([split, split], KERNEL, 0.05, [0.1], [1.0], rounds=8)
    assert study.risk.shape == study.accuracy.shape == (2, 8)
    model = SelfDistilledKernelRidge(KERNEL, tolerance=0.05, rounds=3).fit(split.x, split.labels)
    values = model.predict(split.new)
    assert study.risk[0, 2] == pytest.approx(np.sum((values - split.truth) ** 2) / len(values))
    assert study.accuracy[1, 2] == np.mean(values.argmax(axis=1) == split.classes)
    assert set(study.tuned_risk) == {"ridge", "one fit", "chain"}
    assert study.tuned_accuracy["ridge"].shape == (2,)


def test_patients_have_a_risk_and_no_accuracy():
    split = real_data.diabetes_split(0, size=60)
    study = real_data.study([split], Matern(5.0, 1.5), 0.2, [0.3], [1.0], rounds=3)
    assert study.risk.shape == (1, 3) and np.isnan(study.accuracy).all()


@pytest.mark.parametrize(
    "draw, words",
    [
        (lambda: real_data.digits_split(0, size=1797), "size must be less than 1797"),
        (lambda: real_data.digits_split(0, label_noise=1.5), "label_noise must be in"),
        (lambda: real_data.diabetes_split(0, noise=-1), "noise must be finite and at least 0"),
    ],
)
def test_what_cannot_be_drawn_is_said(draw, words):
    with pytest.raises(ValueError, match=words):
        draw()
