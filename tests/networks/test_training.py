"""One training: its losses, seeds, order of images, augmentation, precision and failures."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from sdtutorial.networks import training
from sdtutorial.networks.models import Network
from sdtutorial.networks.training import (
    DivergedError,
    Images,
    Machine,
    Recipe,
    channel_statistics,
    derive_seed,
    gradient_scale,
    native_precision,
    predict,
    soft_target_loss,
    train,
)

NETWORK = Network("resnet", (1, 1), 8)
RECIPE = Recipe("cross-entropy", epochs=2, weight_decay=1e-3, batch=16)
SEEDS = {"initialisation": 1, "order": 2, "augmentation": 3}

pytestmark = pytest.mark.slow


@pytest.fixture
def images(tiny_dataset, machine):
    pixels = tiny_dataset.train_images
    return Images(pixels, *channel_statistics(pixels), machine)


@pytest.fixture
def targets(tiny_dataset):
    return np.eye(3, dtype=np.float32)[tiny_dataset.train_labels]


def parameters(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_cross_entropy_on_one_hot_targets_is_torch_s_own():
    logits, labels = torch.randn(20, 5), torch.arange(20) % 5
    ours = soft_target_loss(logits.log_softmax(1), functional.one_hot(labels, 5), "cross-entropy")
    torch.testing.assert_close(ours, functional.cross_entropy(logits, labels))


def test_cross_entropy_is_least_at_the_targets_and_its_excess_is_the_divergence():
    p, q = torch.randn(2, 20, 5).double().softmax(-1)
    excess = soft_target_loss(q.log(), p, "cross-entropy") - soft_target_loss(
        p.log(), p, "cross-entropy"
    )
    divergence = functional.kl_div(q.log(), p, reduction="batchmean")
    torch.testing.assert_close(excess, divergence)
    assert divergence > 0


def test_l2_sums_over_classes_and_averages_over_images():
    p, q = torch.randn(2, 20, 5).double().softmax(-1)
    expected = sum((p[i, j] - q[i, j]) ** 2 for i in range(20) for j in range(5)) / 20
    torch.testing.assert_close(soft_target_loss(q.log(), p, "l2"), expected)


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_the_scaled_l2_gradient_equals_that_of_cross_entropy_at_uniform_predictions(classes):
    target = functional.one_hot(torch.arange(4) % classes, classes).double()
    gradients = {}
    for loss in ("cross-entropy", "l2"):
        logits = torch.zeros(4, classes, dtype=torch.double, requires_grad=True)
        value = soft_target_loss(logits.log_softmax(1), target, loss)
        (gradient,) = torch.autograd.grad(value, logits)
        gradients[loss] = gradient_scale(loss, classes) * gradient
    torch.testing.assert_close(gradients["l2"], gradients["cross-entropy"])


def test_an_unknown_loss_or_optimizer_is_named(images, targets):
    with pytest.raises(ValueError, match="'hinge'"):
        train(NETWORK, images, targets, replace(RECIPE, loss="hinge"), SEEDS)
    with pytest.raises(ValueError, match="'muon'"):
        train(NETWORK, images, targets, replace(RECIPE, optimizer="muon"), SEEDS)


def test_training_is_the_plain_loop_on_labels_when_targets_are_one_hot(
    images, targets, tiny_dataset
):
    """An independent loop, with torch's own loss on integer labels, gives the same weights."""
    labels = torch.from_numpy(tiny_dataset.train_labels)
    pixels = tiny_dataset.train_images / 255
    pixels = (pixels - pixels.mean((0, 1, 2))) / pixels.std((0, 1, 2))
    pixels = torch.from_numpy(pixels.transpose(0, 3, 1, 2)).float()
    torch.manual_seed(SEEDS["initialisation"])
    model = NETWORK.build(3)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3
    )
    steps, rise = 2 * 6, 0.2 * 2 * 6 - 1  # 100 images, batches of 16, two epochs
    step = 0
    for epoch in range(2):
        generator = torch.Generator().manual_seed(derive_seed(SEEDS["order"], epoch))
        order = torch.randperm(100, generator=generator)
        for start in range(0, 96, 16):
            chosen = order[start : start + 16]
            # One cycle: linearly from peak / 25 up to the peak, then down to peak / 250,000.
            if step <= rise:
                low, part = 0.1 / 25, step / rise
            else:
                low, part = 0.1 / 25e4, 1 - (step - rise) / (steps - 1 - rise)
            optimizer.param_groups[0]["lr"] = low + (0.1 - low) * part
            loss = functional.cross_entropy(model(pixels[chosen]), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
    ours = train(NETWORK, images, targets, RECIPE, SEEDS)
    torch.testing.assert_close(parameters(ours), parameters(model), atol=1e-4, rtol=1e-3)


def test_the_same_seeds_give_the_same_network_whatever_ran_before(images, targets):
    first = train(NETWORK, images, targets, RECIPE, SEEDS)
    torch.rand(17)
    again = train(NETWORK, images, targets, RECIPE, SEEDS)
    assert torch.equal(parameters(first), parameters(again))


@pytest.mark.parametrize("stream", ["initialisation", "order"])
def test_another_seed_of_a_stream_gives_another_network(images, targets, stream):
    first = train(NETWORK, images, targets, RECIPE, SEEDS)
    other = train(NETWORK, images, targets, RECIPE, {**SEEDS, stream: 99})
    assert not torch.equal(parameters(first), parameters(other))


def test_training_leaves_the_global_random_state_alone(images, targets):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(NETWORK, images, targets, RECIPE, SEEDS)
    assert torch.equal(torch.rand(3), expected)


def test_targets_and_images_are_not_changed(images, targets):
    pixels, before = images.array.clone(), targets.copy()
    train(NETWORK, images, targets, replace(RECIPE, augmentation=True), SEEDS)
    assert torch.equal(images.array, pixels)
    assert np.array_equal(targets, before)


def test_each_epoch_visits_full_batches_of_a_new_order(monkeypatch, images, targets):
    visited = []
    original = Images.batch
    monkeypatch.setattr(
        Images, "batch", lambda self, indices: visited.append(indices) or original(self, indices)
    )
    train(NETWORK, images, targets, RECIPE, SEEDS)
    assert [len(indices) for indices in visited] == [16] * 12
    epochs = [torch.cat(visited[:6]), torch.cat(visited[6:])]
    for epoch in epochs:
        assert len(set(epoch.tolist())) == 96
    assert not torch.equal(*epochs)


def test_targets_follow_their_images_through_the_shuffle(images, targets):
    """Shuffling images and targets alike, with the order undone, changes nothing."""
    permutation = torch.randperm(100, generator=torch.Generator().manual_seed(0))
    shuffled = Images.__new__(Images)
    shuffled.machine, shuffled.array = images.machine, images.array[permutation]
    inverse = torch.argsort(permutation)
    original = torch.randperm

    def undone(n, generator):
        return inverse[original(n, generator=generator)]

    straight = train(NETWORK, images, targets, RECIPE, SEEDS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "randperm", undone)
        other = train(NETWORK, shuffled, targets[permutation.numpy()], RECIPE, SEEDS)
    assert torch.equal(parameters(straight), parameters(other))


def test_a_training_learns_its_targets_with_either_loss_and_optimizer(images, targets):
    for recipe in (
        replace(RECIPE, epochs=6),
        replace(RECIPE, epochs=6, loss="l2"),
        replace(RECIPE, epochs=6, loss="l2", optimizer="adamw", learning_rate=1e-2),
    ):
        model = train(NETWORK, images, targets, recipe, SEEDS)
        accuracy = (predict(model, images).argmax(1) == targets.argmax(1)).mean()
        assert accuracy > 0.9


def test_soft_targets_are_learned_as_they_are(images):
    """A network trained on constant soft targets predicts them, not their most probable class."""
    soft = np.tile(np.float32([0.5, 0.3, 0.2]), (100, 1))
    for loss in ("cross-entropy", "l2"):
        model = train(NETWORK, images, soft, replace(RECIPE, loss=loss, epochs=8), SEEDS)
        assert np.exp(predict(model, images)).mean(0) == pytest.approx(soft[0], abs=0.05)


def test_weight_decay_shrinks_the_weights(images, targets):
    norms = [
        parameters(
            train(NETWORK, images, targets, replace(RECIPE, weight_decay=decay), SEEDS)
        ).norm()
        for decay in (0.0, 0.1, 1.0)
    ]
    assert norms[0] > norms[1] > norms[2]


def test_predictions_are_log_probabilities_in_the_order_given(images, targets):
    model = train(NETWORK, images, targets, RECIPE, SEEDS)
    log_probabilities = predict(model, images)
    assert log_probabilities.shape == (100, 3)
    assert log_probabilities.dtype == np.float32
    assert np.exp(log_probabilities).sum(1) == pytest.approx(np.ones(100), abs=1e-5)
    with torch.no_grad():
        for i in (0, 41, 99):
            one = model(images.batch(slice(i, i + 1))).log_softmax(1)
            assert one.numpy()[0] == pytest.approx(log_probabilities[i], abs=1e-4)


def test_predictions_come_from_evaluation_mode(images, targets):
    """In training mode an image's prediction would depend on the others of its batch."""
    model = train(NETWORK, images, targets, RECIPE, SEEDS).train()
    whole = predict(model, images)
    assert not model.training
    half = Images.__new__(Images)
    half.machine, half.array = images.machine, images.array[:50]
    assert predict(model.train(), half) == pytest.approx(whole[:50], abs=1e-4)


def test_predicting_does_not_change_the_network(images, targets):
    model = train(NETWORK, images, targets, RECIPE, SEEDS)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    predict(model, images)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_normalised_images_have_mean_zero_and_deviation_one(images):
    flat = images.array.reshape(-1, 3)
    assert flat.mean(0).numpy() == pytest.approx(np.zeros(3), abs=1e-5)
    assert flat.std(0, correction=0).numpy() == pytest.approx(np.ones(3), abs=1e-5)


def test_channel_statistics_are_numpy_s(tiny_dataset):
    pixels = tiny_dataset.train_images
    mean, deviation = channel_statistics(pixels)
    assert mean == pytest.approx(pixels.mean((0, 1, 2)))
    assert deviation == pytest.approx(pixels.std((0, 1, 2)))


def test_a_blank_channel_is_centred_only():
    mean, deviation = channel_statistics(np.full((2, 32, 32, 3), 7, np.uint8))
    assert mean.tolist() == [7.0] * 3
    assert deviation.tolist() == [1.0] * 3


def test_batches_are_channels_last(images):
    assert images.batch(torch.arange(4)).is_contiguous(memory_format=torch.channels_last)


def test_an_augmented_image_is_a_shifted_and_perhaps_mirrored_one(images):
    indices = torch.arange(30)
    batch = images.augmented_batch(indices, torch.Generator().manual_seed(0))
    padded = functional.pad(images.batch(indices), (4, 4, 4, 4))
    seen = set()
    for i in range(30):
        matches = [
            (row, column, mirrored)
            for row in range(9)
            for column in range(9)
            for mirrored in (False, True)
            if torch.equal(
                batch[i],
                (lambda window: window.flip(2) if mirrored else window)(
                    padded[i, :, row : row + 32, column : column + 32]
                ),
            )
        ]
        assert len(matches) == 1
        seen.add(matches[0])
    assert len({row for row, _, _ in seen}) > 3
    assert len({column for _, column, _ in seen}) > 3
    assert len({mirrored for _, _, mirrored in seen}) == 2


def test_augmentation_changes_the_training_and_its_own_seed_counts(images, targets):
    augmented = replace(RECIPE, augmentation=True)
    plain = train(NETWORK, images, targets, RECIPE, SEEDS)
    one = train(NETWORK, images, targets, augmented, SEEDS)
    other = train(NETWORK, images, targets, augmented, {**SEEDS, "augmentation": 4})
    assert not torch.equal(parameters(plain), parameters(one))
    assert not torch.equal(parameters(one), parameters(other))


def test_bfloat16_keeps_float32_weights_and_comes_close_to_float32(tiny_dataset, targets):
    pixels = tiny_dataset.train_images
    predictions = {}
    for precision in ("float32", "bfloat16"):
        images = Images(pixels, *channel_statistics(pixels), Machine("cpu", precision, 1))
        model = train(NETWORK, images, targets, RECIPE, SEEDS)
        assert all(p.dtype == torch.float32 for p in model.parameters())
        predictions[precision] = np.exp(predict(model, images))
    assert not np.array_equal(*predictions.values())
    assert np.abs(predictions["float32"] - predictions["bfloat16"]).mean() < 0.1


def test_a_diverging_training_says_in_which_epoch(images, targets):
    with pytest.raises(DivergedError, match="in epoch"):
        train(NETWORK, images, targets, replace(RECIPE, learning_rate=1e30), SEEDS)


def test_predictions_that_are_not_finite_are_refused(images, targets):
    model = train(NETWORK, images, targets, RECIPE, SEEDS)
    with torch.no_grad():
        model[-1].weight.fill_(float("inf"))
    with pytest.raises(DivergedError, match="prediction"):
        predict(model, images)


def test_targets_of_other_images_are_refused(images, targets):
    with pytest.raises(ValueError, match="100 images"):
        train(NETWORK, images, targets[:-1], RECIPE, SEEDS)
    with pytest.raises(ValueError, match="shape"):
        train(NETWORK, images, targets[:, 0], RECIPE, SEEDS)


def test_fewer_images_than_a_batch_are_refused(images, targets):
    with pytest.raises(ValueError, match="do not fill a batch of 128"):
        train(NETWORK, images, targets, replace(RECIPE, batch=128), SEEDS)


def test_seeds_depend_on_every_part_and_on_nothing_else():
    seed = derive_seed(0, "name", 1, 2, "order")
    assert seed == derive_seed(0, "name", 1, 2, "order")
    assert 0 <= seed < 2**63
    others = {
        derive_seed(1, "name", 1, 2, "order"),
        derive_seed(0, "other", 1, 2, "order"),
        derive_seed(0, "name", 2, 2, "order"),
        derive_seed(0, "name", 1, 3, "order"),
        derive_seed(0, "name", 1, 2, "initialisation"),
        derive_seed(0, "name", 12, "order"),
    }
    assert len(others | {seed}) == 7


@pytest.mark.parametrize(
    "capability, expected",
    [((7, 5), "float16"), ((7, 0), "float16"), ((8, 0), "bfloat16"), ((9, 0), "bfloat16")],
)
def test_gpus_below_capability_eight_do_not_get_the_bfloat16_they_emulate(
    monkeypatch, capability, expected
):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    assert native_precision("cuda") == expected


@pytest.mark.parametrize(
    "capabilities, expected",
    [
        ({"avx512_bf16": True, "amx_bf16": False}, "bfloat16"),
        ({"avx512_bf16": False, "amx_bf16": True}, "bfloat16"),
        ({"avx512_bf16": False, "amx_bf16": False}, "float32"),
        ({}, "float32"),
    ],
)
def test_cpus_get_bfloat16_where_they_have_it(monkeypatch, capabilities, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert native_precision("cpu") == expected


def test_an_older_torch_that_cannot_say_gets_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert training.native_precision("cpu") == "float32"
