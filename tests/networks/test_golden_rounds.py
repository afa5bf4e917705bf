"""Trainings are, to the last bit, what they were when the first records of the book were made.

A change of `models`, `training` or `chain` that passes here may be vouched for in
`sdtutorial.networks.provenance.EQUIVALENT`.
"""

import json

import pytest
from golden_rounds import FILE, cases, machine_type, results

GOLDEN = json.loads(FILE.read_text(encoding="utf-8"))


def differences():
    """How this machine differs from the one that the golden rounds were computed on."""
    here = machine_type()
    return "; ".join(
        f"{name} is {here[name]!r}, not {value!r}"
        for name, value in GOLDEN["machine"].items()
        if here[name] != value
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", cases())
def test_a_round_is_what_it_was(name):
    if differences():
        pytest.skip(f"golden rounds hold on another kind of machine: {differences()}")
    for now, then in zip(results(*cases()[name]), GOLDEN[name], strict=True):
        assert now["targets"] == then["targets"]
        assert now["test_classes"] == then["test_classes"]
        assert now["seeds"] == then["seeds"]
        assert then["metrics"].items() <= now["metrics"].items()


def test_the_golden_rounds_cover_what_a_training_can_be_made_of():
    assert GOLDEN.keys() - {"machine"} == cases().keys()
    for entry, values in {
        "loss": {"cross-entropy", "l2"},
        "optimizer": {"sgd", "adamw"},
        "augmentation": {False, True},
    }.items():
        assert {getattr(setting.recipe, entry) for setting, _ in cases().values()} == values
    assert {setting.network.family for setting, _ in cases().values()} == {"resnet", "vgg"}
    assert {machine.precision for _, machine in cases().values()} == {"float32", "bfloat16"}


def test_two_golden_rounds_differ_wherever_what_is_trained_does():
    second = {name: rounds[1]["targets"] for name, rounds in GOLDEN.items() if name != "machine"}
    assert len(set(second.values())) == len(second)
