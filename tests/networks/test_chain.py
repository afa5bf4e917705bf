"""One round of a chain: the protocol's identities, the split, the seeds, and every metric."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_study import TIMES

from sdtutorial.networks import chain
from sdtutorial.networks.chain import (
    calibration_error,
    effective_rank,
    first_targets,
    log_of_mean,
    measure,
    noisy,
    one_hot,
    run_round,
    split,
    stream_seeds,
)
from sdtutorial.networks.training import (
    DivergedError,
    Images,
    channel_statistics,
    derive_seed,
    predict,
    train,
)


@pytest.fixture
def samples(tiny_dataset, tiny_setting):
    return split(tiny_dataset, tiny_setting, 0)


@pytest.fixture
def run(tiny_setting, machine, samples):
    """Run rounds of chain 0, each on the targets of the one before."""

    def rounds(count, machine=machine):
        done = [run_round(tiny_setting, machine, samples, 0, 0, 0)]
        for number in range(1, count):
            done.append(
                run_round(
                    tiny_setting,
                    machine,
                    samples,
                    0,
                    0,
                    number,
                    targets=done[-1].targets,
                    first_classes=done[0].test_classes,
                )
            )
        return done

    return rounds


def untimed(metrics):
    return {name: value for name, value in metrics.items() if name not in TIMES}


def test_round_zero_is_ordinary_training_on_the_labels(run, samples, tiny_setting, machine):
    (first,) = run(1)
    pixels = samples.training_images
    images = Images(pixels, *channel_statistics(pixels), machine)
    seeds = stream_seeds(tiny_setting, 0, 0, 0)
    labels = np.eye(3, dtype=np.float32)[samples.training_labels]
    model = train(tiny_setting.network, images, labels, tiny_setting.recipe, seeds)
    assert np.array_equal(first.targets, np.exp(predict(model, images)))


def test_a_later_round_on_one_hot_labels_is_ordinary_training_too(
    run, samples, tiny_setting, machine
):
    """Nothing but its targets and its seeds sets a later round apart."""
    seeds = stream_seeds(tiny_setting, 0, 0, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chain, "stream_seeds", lambda *_: dict(seeds))
        later = run_round(
            tiny_setting,
            machine,
            samples,
            0,
            0,
            1,
            targets=one_hot(samples.training_labels, 3),
            first_classes=np.zeros(40, np.int16),
        )
    (first,) = run(1)
    assert np.array_equal(first.targets, later.targets)
    different = {"agreement"}
    assert {k: v for k, v in untimed(first.metrics).items() if k not in different} == {
        k: v for k, v in untimed(later.metrics).items() if k not in different
    }


def test_later_rounds_never_see_the_true_labels(run, samples, tiny_setting, machine):
    """With other labels, the same targets still give the same network."""
    first, second = run(2)
    wrong = replace(samples, training_labels=(samples.training_labels + 1) % 3)
    again = run_round(
        tiny_setting,
        machine,
        wrong,
        0,
        0,
        1,
        targets=first.targets,
        first_classes=first.test_classes,
    )
    assert np.array_equal(again.targets, second.targets)
    assert again.metrics["training_accuracy"] != second.metrics["training_accuracy"]


def test_neither_test_nor_held_out_images_touch_a_training(run, samples, tiny_setting, machine):
    (first,) = run(1)
    rng = np.random.default_rng(0)
    noise = replace(
        samples,
        test_images=rng.integers(256, size=samples.test_images.shape, dtype=np.uint8),
        held_out_images=rng.integers(256, size=samples.held_out_images.shape, dtype=np.uint8),
    )
    again = run_round(tiny_setting, machine, noise, 0, 0, 0)
    assert np.array_equal(again.targets, first.targets)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_round_equals_itself_bit_for_bit(run, machine, precision):
    machine = replace(machine, precision=precision)
    once, twice = run(2, machine=machine), run(2, machine=machine)
    for a, b in zip(once, twice):
        assert np.array_equal(a.targets, b.targets)
        assert np.array_equal(a.test_classes, b.test_classes)
        assert untimed(a.metrics) == untimed(b.metrics)
        assert a.seeds == b.seeds


def test_every_round_starts_from_a_fresh_network(run, tiny_setting, machine, samples):
    """A round depends on the one before through its targets alone, not through its weights."""
    first, second = run(2)
    alone = run_round(
        tiny_setting,
        machine,
        samples,
        0,
        0,
        1,
        targets=first.targets.copy(),
        first_classes=first.test_classes.copy(),
    )
    assert np.array_equal(alone.targets, second.targets)


def test_targets_are_probabilities_of_the_training_images(run, samples):
    (first,) = run(1)
    assert first.targets.shape == (70, 3)
    assert first.targets.dtype == np.float32
    assert first.targets.sum(1) == pytest.approx(np.ones(70), abs=1e-5)
    assert first.test_classes.shape == (40,)


def test_the_control_starts_every_round_from_the_weights_of_round_zero(tiny_setting):
    control = replace(
        tiny_setting, name="control", same_initialisation=True, seeds_of=tiny_setting.name
    )
    for number in range(4):
        ours, fresh = (stream_seeds(s, 0, 2, number) for s in (control, tiny_setting))
        assert ours["order"] == fresh["order"]
        assert ours["initialisation"] == stream_seeds(tiny_setting, 0, 2, 0)["initialisation"]
        assert (ours["initialisation"] == fresh["initialisation"]) == (number == 0)


def test_seeds_differ_between_studies_settings_chains_rounds_and_streams(tiny_setting):
    seeds = [
        seed
        for study in range(2)
        for name in ("a", "b")
        for number in range(3)
        for rounds in range(3)
        for seed in stream_seeds(
            replace(tiny_setting, name=name), study, number, rounds
        ).values()
    ]
    assert len(set(seeds)) == len(seeds) == 2 * 2 * 3 * 3 * 3


def test_a_round_records_the_seeds_it_used(run, tiny_setting):
    first, second = run(2)
    assert second.seeds["order"] == derive_seed(0, tiny_setting.name, 0, 1, "order")
    assert first.seeds["split"] == second.seeds["split"] == derive_seed(0, "stripes", "split")


def test_training_and_held_out_images_are_disjoint_parts_of_the_training_split(
    tiny_dataset, samples
):
    def keys(images):
        return {image.tobytes() for image in images}

    training, held_out = keys(samples.training_images), keys(samples.held_out_images)
    assert len(training) == 70 and len(held_out) == 20
    assert not training & held_out
    assert training | held_out < keys(tiny_dataset.train_images)
    assert keys(samples.test_images) == keys(tiny_dataset.test_images)


def test_labels_stay_with_their_images(tiny_dataset, samples):
    label = {
        image.tobytes(): label
        for image, label in zip(tiny_dataset.train_images, tiny_dataset.train_labels)
    }
    for images, labels in (
        (samples.training_images, samples.training_labels),
        (samples.held_out_images, samples.held_out_labels),
    ):
        assert [label[image.tobytes()] for image in images] == labels.tolist()


def test_the_split_depends_on_study_seed_and_data_but_not_on_the_setting(
    tiny_dataset, tiny_setting, samples
):
    other = replace(tiny_setting, name="other", images=50)
    same = split(tiny_dataset, other, 0)
    assert np.array_equal(same.held_out_images, samples.held_out_images)
    assert np.array_equal(same.training_images, samples.training_images[:50])
    reseeded = split(tiny_dataset, tiny_setting, 1)
    assert not np.array_equal(reseeded.held_out_images, samples.held_out_images)


def test_without_a_number_of_images_all_that_are_not_held_out_train(tiny_dataset, tiny_setting):
    samples = split(tiny_dataset, replace(tiny_setting, images=None), 0)
    assert len(samples.training_labels) == 80


@pytest.mark.parametrize("change", [{"images": 81}, {"images": 0}, {"held_out": 0}])
def test_a_split_that_does_not_fit_is_refused(tiny_dataset, tiny_setting, change):
    with pytest.raises(ValueError, match="stripes has 100"):
        split(tiny_dataset, replace(tiny_setting, **change), 0)


def test_a_round_without_the_targets_it_needs_is_refused(tiny_setting, machine, samples):
    with pytest.raises(ValueError, match="later rounds"):
        run_round(tiny_setting, machine, samples, 0, 0, 1)
    with pytest.raises(ValueError, match="later rounds"):
        run_round(
            tiny_setting,
            machine,
            samples,
            0,
            0,
            0,
            targets=one_hot(samples.training_labels, 3),
            first_classes=np.zeros(40),
        )


def test_a_round_leaves_the_number_of_threads_as_it_was(tiny_setting, machine, samples):
    torch.set_num_threads(2)
    try:
        run_round(tiny_setting, machine, samples, 0, 0, 0)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


def test_a_diverging_round_raises(tiny_setting, machine, samples):
    wild = replace(tiny_setting, recipe=replace(tiny_setting.recipe, learning_rate=1e30))
    with pytest.raises(DivergedError):
        run_round(wild, machine, samples, 0, 0, 0)


@pytest.fixture
def predictions(samples):
    rng = np.random.default_rng(1)

    def log_softmax(count):
        logits = rng.normal(size=(count, 3)) * 2
        return (logits - np.log(np.exp(logits).sum(1, keepdims=True))).astype(np.float32)

    targets = np.exp(log_softmax(70))
    return targets, log_softmax(70), log_softmax(20), log_softmax(40)


@pytest.mark.parametrize("loss", ["cross-entropy", "l2"])
def test_every_metric_equals_its_definition_image_by_image(samples, predictions, loss):
    targets, log_training, log_held_out, log_test = predictions
    first = np.arange(40) % 3
    metrics = measure(samples, loss, targets, *predictions[1:], first)

    def mean(terms):
        terms = list(terms)
        return sum(terms) / len(terms)

    def accuracy(logs, labels):
        return mean(float(max(range(3), key=row.__getitem__) == y) for row, y in zip(logs, labels))

    p, q = np.exp(log_training.astype(float)), np.exp(log_test.astype(float))
    y = samples.test_labels
    expected = {
        "test_accuracy": accuracy(log_test, y),
        "training_accuracy": accuracy(log_training, samples.training_labels),
        "held_out_accuracy": accuracy(log_held_out, samples.held_out_labels),
        "test_cross_entropy": mean(-np.log(q[i, y[i]]) for i in range(40)),
        "test_brier": mean(
            sum((q[i, j] - (j == y[i])) ** 2 for j in range(3)) for i in range(40)
        ),
        "prediction_entropy": mean(-sum(v * np.log(v) for v in row) for row in p),
        "prediction_maximum": mean(max(row) for row in p),
        "prediction_diversity": -sum(v * np.log(v) for v in p.mean(0))
        + mean(sum(v * np.log(v) for v in row) for row in p),
        "agreement": accuracy(log_test, first),
        "loss_to_targets": mean(
            sum((a - b) ** 2 for a, b in zip(s, t))
            if loss == "l2"
            else -sum(b * np.log(a) for a, b in zip(s, t))
            for s, t in zip(p, targets)
        ),
    }
    for name, value in expected.items():
        assert metrics[name] == pytest.approx(value, rel=1e-5), name
    assert set(metrics) == set(expected) | {"test_calibration_error", "prediction_rank"}
    assert all(type(value) is float for value in metrics.values())


def test_round_zero_agrees_with_itself(run):
    first, second = run(2)
    assert first.metrics["agreement"] == 1.0
    assert second.metrics["agreement"] == np.mean(first.test_classes == second.test_classes)


def test_the_calibration_error_is_the_weighted_gap_of_each_bin():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), size=500)
    labels = rng.integers(4, size=500)
    confidence, correct = probabilities.max(1), probabilities.argmax(1) == labels
    expected = 0.0
    for b in range(15):
        inside = (confidence > b / 15) & (confidence <= (b + 1) / 15)
        if inside.any():
            gap = abs(correct[inside].mean() - confidence[inside].mean())
            expected += inside.mean() * gap
    assert calibration_error(probabilities, labels) == pytest.approx(expected)


def test_a_certain_prediction_is_calibrated_if_right_and_off_by_one_if_wrong():
    certain = np.eye(3)
    assert calibration_error(certain, np.arange(3)) == 0.0
    assert calibration_error(certain, (np.arange(3) + 1) % 3) == 1.0


def test_the_effective_rank_counts_equal_singular_values():
    q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(30, 6)))
    for rank in range(1, 7):
        # The squares go through a Gram matrix: what should be zero is of the order of 1e-8.
        assert effective_rank(q[:, :rank] @ np.eye(6)[:rank]) == pytest.approx(rank, abs=1e-4)
    assert effective_rank(7.0 * q) == pytest.approx(6)


def test_the_effective_rank_is_the_exponential_of_an_entropy():
    matrix = np.random.default_rng(0).dirichlet(np.ones(5), size=40)
    singular = np.linalg.svd(matrix, compute_uv=False)
    parts = singular / singular.sum()
    expected = np.prod(parts ** -parts)
    assert effective_rank(matrix) == pytest.approx(expected)


def test_one_hot_targets_of_balanced_classes_have_full_rank_and_uniform_ones_rank_one():
    assert effective_rank(one_hot(np.arange(30) % 10, 10)) == pytest.approx(10)
    # The Gram matrix squares the singular values: zeros come back as about 1e-8.
    assert effective_rank(np.full((30, 10), 0.1)) == pytest.approx(1, abs=1e-4)


# Label noise, smoothing and diversity -------------------------------------------------------------


@pytest.mark.parametrize("part", [0.0, 0.1, 0.4, 1.0])
def test_label_noise_replaces_exactly_its_part_by_other_classes(part):
    labels = np.arange(1000) % 7
    changed = noisy(labels, 7, part, 0)
    assert np.sum(changed != labels) == round(1000 * part)
    assert set(changed) == set(range(7))
    assert np.array_equal(labels, np.arange(1000) % 7)


def test_label_noise_is_symmetric():
    labels = np.zeros(60_000, dtype=int)
    counts = np.bincount(noisy(labels, 7, 1.0, 0), minlength=7)
    assert counts[0] == 0
    assert np.abs(counts[1:] - 10_000).max() < 4 * np.sqrt(10_000)


def test_less_label_noise_replaces_a_subset_by_the_same_classes():
    labels = np.arange(1000) % 7
    less, more = (noisy(labels, 7, part, 3) for part in (0.2, 0.5))
    assert np.array_equal(less[less != labels], more[less != labels])


def test_label_noise_is_the_same_for_all_chains_and_leaves_other_labels_true(
    tiny_dataset, tiny_setting, samples
):
    noise = replace(tiny_setting, label_noise=0.4)
    one, other = (split(tiny_dataset, noise, 0) for _ in range(2))
    assert np.array_equal(one.given_labels, other.given_labels)
    assert np.mean(one.given_labels != one.training_labels) == 0.4
    for name in ("training_labels", "held_out_labels", "test_labels", "training_images"):
        assert np.array_equal(getattr(one, name), getattr(samples, name))
    assert np.array_equal(samples.given_labels, samples.training_labels)
    assert not np.array_equal(split(tiny_dataset, noise, 1).given_labels, one.given_labels)


@pytest.mark.parametrize("part", [-0.1, 1.1, float("nan")])
def test_label_noise_outside_its_range_is_refused(tiny_dataset, tiny_setting, part):
    with pytest.raises(ValueError, match="label noise .* between 0 and 1"):
        split(tiny_dataset, replace(tiny_setting, label_noise=part), 0)


def test_round_0_learns_the_noisy_labels_and_both_accuracies_are_measured(
    tiny_dataset, tiny_setting, machine
):
    setting = replace(
        tiny_setting, label_noise=0.4, recipe=replace(tiny_setting.recipe, epochs=30, batch=10)
    )
    samples = split(tiny_dataset, setting, 0)
    done = run_round(setting, machine, samples, 0, 0, 0)
    classes = done.targets.argmax(1)
    assert done.metrics["training_accuracy"] == np.mean(classes == samples.training_labels)
    assert done.metrics["noisy_training_accuracy"] == np.mean(classes == samples.given_labels)
    assert done.seeds["label_noise"] == derive_seed(0, "stripes", "label noise")
    later = run_round(
        setting,
        machine,
        replace(samples, given_labels=np.zeros_like(samples.given_labels)),
        0,
        0,
        1,
        targets=done.targets,
        first_classes=done.test_classes,
    )
    again = run_round(
        setting, machine, samples, 0, 0, 1, targets=done.targets, first_classes=done.test_classes
    )
    assert np.array_equal(later.targets, again.targets)  # round 1 sees no labels


def test_without_label_noise_a_record_holds_neither_its_seed_nor_a_second_accuracy(run):
    (first,) = run(1)
    assert "noisy_training_accuracy" not in first.metrics
    assert "label_noise" not in first.seeds


def test_smoothed_targets_are_probabilities_and_torch_s_own():
    labels = np.array([2, 0, 1])
    targets = first_targets(labels, 4, 0.2)
    assert targets.dtype == np.float32
    assert targets.sum(1) == pytest.approx(1)
    logits = torch.randn(3, 4)
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor(labels), label_smoothing=0.2)
    ours = -(torch.from_numpy(targets) * logits.log_softmax(1)).sum(1).mean()
    torch.testing.assert_close(ours, expected)


def test_targets_without_smoothing_are_one_hot_to_the_last_bit():
    labels = np.arange(100)
    assert first_targets(labels, 100).tobytes() == one_hot(labels, 100).tobytes()


def test_smoothing_acts_on_round_0_alone(tiny_setting, machine, samples, run):
    first, second = run(2)
    smooth = replace(tiny_setting, recipe=replace(tiny_setting.recipe, label_smoothing=0.3))
    other = run_round(smooth, machine, samples, 0, 0, 0)
    assert not np.array_equal(other.targets, first.targets)
    again = run_round(
        smooth, machine, samples, 0, 0, 1, targets=first.targets, first_classes=first.test_classes
    )
    assert np.array_equal(again.targets, second.targets)


def test_diversity_is_zero_for_equal_predictions_and_log_q_for_certain_ones_of_all_classes(samples):
    def diversity(probabilities):
        logs = np.log(np.maximum(probabilities, 1e-30)).astype(np.float32)
        count = len(samples.training_labels)
        rows = np.resize(logs, (count, 3))
        m, h = len(samples.test_labels), len(samples.held_out_labels)
        found = measure(
            samples, "l2", np.exp(rows), rows, rows[:1].repeat(h, 0), rows[:1].repeat(m, 0),
            np.zeros(m),
        )  # fmt: skip
        return found["prediction_diversity"]

    assert diversity(np.array([[0.2, 0.3, 0.5]])) == pytest.approx(0, abs=1e-6)
    uneven = len(samples.training_labels) % 3
    assert diversity(np.eye(3)) == pytest.approx(np.log(3), abs=1e-6 + 0.001 * uneven)


def test_an_ensemble_counts_as_one_network_with_the_mean_of_the_probabilities(
    tiny_setting, machine, samples, run
):
    """Its first member is the network of round 0, the others have seeds of their own."""
    trio = replace(tiny_setting, name="trio", members=3, seeds_of=tiny_setting.name)
    together = run_round(trio, machine, samples, 0, 0, 0)
    pixels = samples.training_images
    images = Images(pixels, *channel_statistics(pixels), machine)
    labels = one_hot(samples.training_labels, 3)
    alone = [
        np.exp(predict(train(trio.network, images, labels, trio.recipe, seeds), images))
        for seeds in (stream_seeds(trio, 0, 0, 0, member) for member in range(3))
    ]
    assert np.array_equal(alone[0], run(1)[0].targets)
    assert len({seed for key, seed in together.seeds.items() if key != "split"}) == 9
    assert together.targets == pytest.approx(np.mean(alone, axis=0), abs=1e-6)
    accuracy = np.mean(np.mean(alone, axis=0).argmax(1) == samples.training_labels)
    assert together.metrics["training_accuracy"] == accuracy


def test_the_student_of_an_ensemble_is_one_network_trained_once_on_the_mean(
    tiny_setting, machine, samples
):
    trio = replace(tiny_setting, name="trio", members=3, seeds_of=tiny_setting.name)
    first = run_round(trio, machine, samples, 0, 0, 0)
    passed_on = {"targets": first.targets, "first_classes": first.test_classes}
    student = run_round(trio, machine, samples, 0, 0, 1, **passed_on)
    single = run_round(tiny_setting, machine, samples, 0, 0, 1, **passed_on)
    assert np.array_equal(student.targets, single.targets)
    assert student.seeds == single.seeds


def test_the_mean_of_logarithms_of_probabilities_is_that_of_the_probabilities():
    parts = np.random.default_rng(0).dirichlet(np.ones(4), size=(3, 10))
    logs = np.log(parts).astype(np.float32)
    assert np.exp(log_of_mean(logs)) == pytest.approx(np.exp(logs).mean(0), rel=1e-5)
    assert np.array_equal(log_of_mean(logs[:1]), logs[0])
    tiny = np.full((2, 1, 1), -1000.0, np.float32)  # whose probabilities are zero in float32
    assert log_of_mean(tiny) == pytest.approx(-1000.0)
