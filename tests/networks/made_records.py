"""Records that no training made, for the tests of what is read from records."""

import numpy as np

from sdtutorial.networks.provenance import code_fingerprint
from sdtutorial.networks.records import METRICS, Record


def make(chain=0, number=0, *, setting="a", epochs=20, weight_decay=0.1, seeds_of=None, **metrics):
    """A complete record with metrics of one half, but for those given."""
    return Record(
        setting=setting,
        chain=chain,
        round=number,
        outcome="complete",
        configuration={
            "setting": {
                "name": setting,
                "seeds_of": seeds_of,
                "recipe": {"epochs": epochs, "weight_decay": weight_decay},
            },
            "machine": {"device": "cpu", "precision": "float32", "threads": 1},
            "study_seed": 0,
        },
        seeds={"order": 1},
        metrics=dict.fromkeys(METRICS, 0.5) | metrics,
        targets=f"{setting} {chain} {number}",
        code=dict(code_fingerprint()),
        versions={"torch": "2"},
        device="a processor",
        data="f" * 64,
        preset="tiny",
        finished="2026-01-01T00:00:00+00:00",
    )


def shuffled_study():
    """Three chains of four rounds whose accuracies are random, in a random order."""
    rng = np.random.default_rng(0)
    found = [
        make(
            chain,
            number,
            test_accuracy=rng.uniform(),
            held_out_accuracy=rng.uniform(),
            training_accuracy=rng.uniform(),
        )
        for chain in range(3)
        for number in range(4)
    ]
    return [found[i] for i in rng.permutation(12)]


def unfinished_study():
    """Four chains of three rounds, the last chain one round behind."""
    rng = np.random.default_rng(1)
    return [
        make(
            chain,
            number,
            test_accuracy=rng.uniform(0.3, 0.4),
            held_out_accuracy=rng.uniform(0.3, 0.4),
            training_accuracy=0.9 - 0.1 * number,
        )
        for chain in range(4)
        for number in range(3)
        if (chain, number) != (3, 2)
    ]


def two_controls():
    """One chain with fewer epochs than the study's, and one with more weight decay."""
    return [
        make(0, setting="a-epochs-5", epochs=5, seeds_of="a", test_accuracy=0.2),
        make(0, setting="a-decay-1", weight_decay=1.0, seeds_of="a", held_out_accuracy=0.9),
    ]
