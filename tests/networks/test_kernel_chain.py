"""The kernel chain on images: class by class, and what its records say."""

from pathlib import Path

import numpy as np
import pytest

import sdtutorial as sd
from sdtutorial.kernels import NTK, gram_matrix
from sdtutorial.networks import __main__ as command
from sdtutorial.networks import kernel_chain

# Computed by the code that computed the book's records, whose fingerprints it has.
GOLDEN = Path(__file__).parent / "golden_kernel_chain.jsonl"

SHARED = {"data": "digits", "images": 80, "held_out": 40, "depth": 2, "bias": 1.0, "seed": 0}


@pytest.fixture(scope="module")
def records():
    plans = [kernel_chain.Plan(tolerance=share, **SHARED) for share in (0.5, 0.2)]
    return list(kernel_chain.run(plans))


def test_every_class_is_a_chain_of_its_own(records):
    plan = kernel_chain.Plan(tolerance=0.2, **SHARED)
    samples = kernel_chain._samples(plan)
    x = kernel_chain._vectors(samples)["training"]
    labels = np.eye(samples.classes)[samples.training_labels]
    labels = labels - labels.mean(axis=0)
    gram, tolerance = gram_matrix(NTK(2, 1.0), x), 0.2 * np.mean(labels**2)
    chains = [sd.distill(gram, column, tolerance) for column in labels.T]
    assert records[1].rounds == [chain.rounds for chain in chains]
    assert records[1].multipliers["largest"][0] == pytest.approx(
        max(chain.multipliers[0] for chain in chains), rel=1e-6
    )


def test_the_accuracies_are_those_of_the_fits(records):
    plan = kernel_chain.Plan(tolerance=0.2, **SHARED)
    samples = kernel_chain._samples(plan)
    x = kernel_chain._vectors(samples)
    labels = np.eye(samples.classes)[samples.training_labels]
    means = labels.mean(axis=0)
    kernel = NTK(2, 1.0)
    gram, energy = gram_matrix(kernel, x["training"]), np.mean((labels - means) ** 2)
    chain = sd.distill(gram, labels - means, 0.2 * energy)
    for name in ("test", "held_out"):
        section = kernel(x[name], x["training"]) / len(labels)
        for t, accuracy in enumerate(records[1].metrics[f"{name}_accuracy"]):
            values = section @ np.linalg.solve(gram, chain.targets[t + 1]) + means
            right = np.argmax(values, axis=1) == getattr(samples, f"{name}_labels")
            assert accuracy == pytest.approx(np.mean(right), abs=0.011)


def test_a_smaller_tolerance_has_more_rounds_and_all_of_it_is_recorded(records):
    loose, tight = records
    assert max(loose.rounds) <= min(tight.rounds)
    for record in records:
        for values in (*record.metrics.values(), *record.multipliers.values()):
            assert len(values) == max(record.rounds)
    assert tight.metrics["training_accuracy"][0] > 0.95
    assert tight.metrics["test_accuracy"][0] > 0.7


def test_records_come_back_from_their_file(records, tmp_path):
    path = tmp_path / "folder" / "records.jsonl"
    kernel_chain.write(records, path)
    assert kernel_chain.read(path) == records
    path.write_text('{"rounds": 3}\n')
    with pytest.raises(ValueError, match="line 1 is no record of a kernel chain"):
        kernel_chain.read(path)


def test_the_command_prints_what_it_records(tmp_path, capsys):
    path = tmp_path / "records.jsonl"
    arguments = ["kernel", "--data", "digits", "--images", "60", "--held-out", "20"]
    assert command.main([*arguments, "--tolerance", "0.3", "--out", str(path)]) == 0
    (record,) = kernel_chain.read(path)
    assert kernel_chain.table(record) in capsys.readouterr().out
    assert record.configuration["tolerance"] == 0.3


def test_the_command_says_what_does_not_exist(tmp_path, capsys):
    arguments = ["kernel", "--data", "digits", "--images", "60", "--held-out", "20"]
    path = str(tmp_path / "records.jsonl")
    assert command.main([*arguments, "--depth", "0", "--out", path]) == command.USAGE
    assert "depth must be at least 1" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["cifar10-4000", "cifar100-10000"])
def test_the_records_of_the_book_are_whole(name):
    data, images = name.split("-")
    for record in kernel_chain.recorded(name):
        assert record.configuration["data"] == data
        assert record.configuration["images"] == int(images)
        assert len(record.metrics["test_accuracy"]) == max(record.rounds)
        assert record.code.keys() == kernel_chain.code().keys()


def test_the_code_of_today_repeats_what_the_code_of_the_records_computed(records):
    golden = kernel_chain.read(GOLDEN)
    for before, today in zip(golden, records, strict=True):
        assert today.configuration == before.configuration and today.data == before.data
        assert (today.rounds, today.metrics) == (before.rounds, before.metrics)
        assert today.eigenvalues == pytest.approx(before.eigenvalues, rel=1e-9)
        for name, values in before.multipliers.items():
            assert today.multipliers[name] == pytest.approx(values, rel=1e-9)


@pytest.mark.parametrize("name", ["cifar10-4000", "cifar100-10000"])
def test_the_records_of_the_book_come_from_today_s_code_or_from_that_of_the_golden_chain(name):
    golden = kernel_chain.read(GOLDEN)[0]
    for record in kernel_chain.recorded(name):
        assert kernel_chain.changed(record) == [] or record.code == golden.code


def test_a_record_of_today_names_no_changed_module(records):
    assert kernel_chain.changed(records[0]) == []
    assert kernel_chain.changed(kernel_chain.read(GOLDEN)[0]) == ["kernel_chain", "kernels"]
