"""Small chains of two rounds whose results are kept to the last bit.

They cover what a training can be made of: both losses, both optimisers, both families of networks,
float32 and bfloat16, and each entry of a setting that changes what is computed. The results in
`golden_rounds.json` were computed by the code that made the first records of the book. A change of
`models`, `training` or `chain` that leaves them as they are leaves the trainings as they were.

Sums are taken in another order on other processors and by other versions of torch, so the results
hold on one kind of machine. `python golden_rounds.py FILE` writes those of this one.
"""

import hashlib
import itertools
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from sdtutorial.networks.chain import Setting, run_round, split
from sdtutorial.networks.models import Network
from sdtutorial.networks.training import Machine, Recipe

FILE = Path(__file__).with_suffix(".json")

CLASSES = 100
RESNET, VGG = Network("resnet", (1, 1, 1), 8), Network("vgg", (1, 1, 1, 1, 1), 8)

# Metrics that are the time of a run, and metrics that came later than the golden rounds.
TIMES = ("seconds", "processor_seconds")


def machine_type():
    """What decides about the last bits: processor, its capabilities, and torch."""
    capabilities = torch.cpu.get_capabilities()
    flags = sorted(name for name, there in capabilities.items() if there is True)
    return {
        "processor": capabilities.get("cpu_name", "unknown"),
        "capabilities": " ".join(flags),
        "torch": torch.__version__,
    }


def dataset():
    """Random images of 100 classes: 80 for training and holding out, 30 for testing."""
    rng = np.random.default_rng(0)

    def draw(count):
        images = rng.integers(0, 256, (count, 32, 32, 3)).astype(np.uint8)
        return images, rng.integers(CLASSES, size=count)

    training, test = draw(80), draw(30)
    return SimpleNamespace(
        name="random",
        train_images=training[0],
        train_labels=training[1],
        test_images=test[0],
        test_labels=test[1],
        classes=tuple(range(CLASSES)),
        fingerprint="0" * 64,
    )


def cases():
    """All chains by name: the setting and the machine."""
    found = {}
    recipes = {
        f"{loss}-{optimizer}": Recipe(
            loss, epochs=2, weight_decay=1e-2, optimizer=optimizer, learning_rate=rate, batch=16
        )
        for loss, (optimizer, rate) in itertools.product(
            ("cross-entropy", "l2"), (("sgd", 0.1), ("adamw", 0.01))
        )
    }
    networks = {"resnet": RESNET, "vgg": VGG}
    for (trained, recipe), (family, network) in itertools.product(
        recipes.items(), networks.items()
    ):
        setting = Setting(f"{trained}-{family}", "random", network, recipe, 64, 16)
        for precision in ("float32", "bfloat16"):
            found[f"{setting.name}-{precision}"] = setting, Machine("cpu", precision)
    first, machine = found["cross-entropy-sgd-resnet-float32"]
    for name, change in {
        "augmentation": {"recipe": replace(first.recipe, augmentation=True)},
        "same-initialisation": {"same_initialisation": True},
        "seeds-of-another": {"seeds_of": "another"},
        "bottleneck": {"network": replace(RESNET, bottleneck=True)},
    }.items():
        found[name] = replace(first, **change), machine
    return found


def results(setting, machine):
    """Seeds, metrics and digests of the arrays of two rounds of a chain."""
    samples, rounds = split(dataset(), setting, 0), []
    targets = first_classes = None
    for number in range(2):
        done = run_round(
            setting, machine, samples, 0, 1, number, targets=targets, first_classes=first_classes
        )
        targets = done.targets
        first_classes = done.test_classes if number == 0 else first_classes
        rounds.append(
            {
                "seeds": done.seeds,
                "metrics": {k: v.hex() for k, v in done.metrics.items() if k not in TIMES},
                "targets": hashlib.sha256(done.targets.tobytes()).hexdigest(),
                "test_classes": hashlib.sha256(done.test_classes.tobytes()).hexdigest(),
            }
        )
    return rounds


if __name__ == "__main__":
    golden = {"machine": machine_type()}
    golden |= {name: results(*case) for name, case in cases().items()}
    Path(sys.argv[1]).write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n")
