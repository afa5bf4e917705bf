"""Small random data and small networks that the tests of the networks share."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sdtutorial.networks.chain import Setting
from sdtutorial.networks.models import Network
from sdtutorial.networks.training import Machine, Recipe

torch.set_num_threads(1)


@pytest.fixture
def machine():
    return Machine("cpu", "float32", 1)


@pytest.fixture(scope="session")
def tiny_dataset():
    """Three classes of noisy stripes, 100 training and 40 test images: seconds to learn."""
    rng = np.random.default_rng(0)

    def draw(count):
        labels = rng.integers(3, size=count)
        images = rng.integers(0, 120, size=(count, 32, 32, 3))
        for image, label in zip(images, labels):
            image[:: 2 + 2 * label] += 120
        return images.astype(np.uint8), labels.astype(np.int64)

    train_images, train_labels = draw(100)
    test_images, test_labels = draw(40)
    return SimpleNamespace(
        name="stripes",
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        classes=("a", "b", "c"),
        fingerprint="f" * 64,
    )


@pytest.fixture
def tiny_setting():
    return Setting(
        name="stripes-cross-entropy-resnet",
        data="stripes",
        network=Network("resnet", (1, 1), 4),
        recipe=Recipe("cross-entropy", epochs=3, weight_decay=1e-3, batch=16),
        images=70,
        held_out=20,
    )
