"""Rivals of a chain: which there are, what they cost, and how their gain is paired."""

import numpy as np
import pytest
from made_records import make

from sdtutorial.networks import rivals
from sdtutorial.networks.analysis import group, mean_interval
from sdtutorial.networks.rivals import alternatives, gains_by_chain

CHAINS = range(3)


def records(setting, test, *, number=0, precision="float32", held_out=0.5, **entries):
    """A round of three chains, whose test accuracies are given."""
    found = []
    recipe = {name: entries.pop(name) for name in ("epochs", "label_smoothing") if name in entries}
    decay = entries.pop("weight_decay", 0.1)
    for chain, accuracy in zip(CHAINS, test):
        record = make(
            chain,
            number,
            setting=setting,
            weight_decay=decay,
            seeds_of=None if setting == "a" else "a",
            test_accuracy=accuracy,
            held_out_accuracy=held_out,
        )
        record.configuration["setting"]["recipe"] |= recipe
        record.configuration["setting"] |= entries
        record.configuration["machine"]["precision"] = precision
        found.append(record)
    return found


FIRST, FAST_FIRST = np.array([0.30, 0.32, 0.31]), np.array([0.29, 0.33, 0.30])
SECOND, THIRD = np.array([0.36, 0.35, 0.36]), np.array([0.37, 0.36, 0.35])
BASE = (
    records("a", FIRST, precision="bfloat16")
    + records("a", SECOND, number=1, precision="bfloat16")
    + records("a", THIRD, number=2, precision="bfloat16")
)
# Its round 0 is the training of the round 0 of "a", in another precision.
SAME = records("a-same", FAST_FIRST, same_initialisation=True)
LONG = records("a-epochs-60", [0.40, 0.41, 0.42], epochs=60)
MEAN = records("a-ensemble-3", [0.43, 0.44, 0.45], members=3)
STUDENT = records("a-ensemble-3", [0.38, 0.37, 0.39], members=3, number=1)


def found(*more):
    groups = group(sum(more, BASE))
    base = next(chains for chains in groups if chains.setting == "a")
    return {(one.kind, one.value): one for one in alternatives(base, groups)}


def equal(interval, values):
    expected = mean_interval(np.array(values))
    ends = (expected.mean, expected.low, expected.high)
    return (interval.mean, interval.low, interval.high) == pytest.approx(ends, abs=1e-12)


def test_the_rounds_of_a_chain_are_paired_with_its_own_round_0():
    rounds = found()
    assert rounds.keys() == {("rounds", 1), ("rounds", 2)}
    assert equal(rounds["rounds", 1].gain, SECOND - FIRST)
    assert equal(rounds["rounds", 2].gain, THIRD - FIRST)


def test_compute_is_counted_in_trainings_of_round_0():
    costs = {key: one.trainings for key, one in found(SAME, LONG, MEAN, STUDENT).items()}
    assert costs == {
        ("rounds", 1): 2,
        ("rounds", 2): 3,
        ("epochs", 60): 3,
        ("members", 3): 3,
        ("student", 3): 4,
    }
    assert list(costs.values()) == sorted(costs.values())


def test_a_rival_is_paired_with_round_0_in_its_own_precision():
    rival = found(SAME, LONG)["epochs", 60]
    assert equal(rival.gain, np.array([0.40, 0.41, 0.42]) - FAST_FIRST)
    assert rival.gain.count == 3


def test_a_rival_whose_precision_has_no_round_0_is_left_out():
    assert ("epochs", 60) not in found(LONG)


def test_the_lead_is_over_the_round_that_costs_as_much_and_over_the_last_one_beyond_it():
    chain_at_three = THIRD - FIRST
    both = found(SAME, LONG, MEAN, STUDENT)
    own = np.array([0.40, 0.41, 0.42]) - FAST_FIRST
    assert equal(both["epochs", 60].lead, own - chain_at_three)
    student = np.array([0.38, 0.37, 0.39]) - FAST_FIRST
    assert equal(both["student", 3].lead, student - chain_at_three)  # there is no round 3
    single = found(SAME, records("a-decay-1", [0.34, 0.34, 0.34], weight_decay=1.0, held_out=0.9))
    assert equal(single["weight_decay", 1.0].lead, 0.34 - FAST_FIRST)


def test_a_student_is_not_listed_before_all_chains_have_it():
    assert ("student", 3) not in found(SAME, MEAN, STUDENT[:2])


def test_held_out_images_choose_among_the_values_and_the_chain_s_own():
    weak = records("a-smoothing-0.1", [0.9] * 3, label_smoothing=0.1, held_out=0.6)
    strong = records("a-smoothing-0.2", [0.1] * 3, label_smoothing=0.2, held_out=0.7)
    harmful = records("a-smoothing-0.4", [0.9] * 3, label_smoothing=0.4, held_out=0.1)
    assert ("label_smoothing", 0.2) in found(SAME, weak, strong, harmful)
    none = found(SAME, harmful)["label_smoothing", 0]
    assert (none.gain.mean, none.gain.low, none.gain.high) == (0, 0, 0)


def test_variants_of_the_chain_are_no_rivals():
    noisy = records("a-noise-0.4", [0.2] * 3, label_noise=0.4)
    both = records("a-both", [0.2] * 3, epochs=60, label_smoothing=0.1)
    assert found(SAME, noisy, both).keys() == found().keys()


def test_gains_are_those_of_chains_that_have_both_rounds():
    groups = group(BASE + SAME[:2] + LONG)
    base, long = (next(g for g in groups if g.setting == name) for name in ("a", "a-epochs-60"))
    gains = gains_by_chain(long, base, groups)
    assert gains == pytest.approx({0: 0.11, 1: 0.08})


def test_the_table_names_each_alternative_and_what_is_not_on_record():
    groups = group(sum((SAME, LONG, MEAN), BASE))
    base = next(chains for chains in groups if chains.setting == "a")
    listed = alternatives(base, groups)
    text = rivals.table(listed)
    for one in listed:
        assert f"{one.name:28s} {100 * one.gain.mean:+.2f} [" in text
    assert "  mean of 3 networks " in text and "  student of that mean" not in text
    assert text.count("against the chain for as much") == 2
    assert "not on record: tuned label smoothing\n" in text
    assert text.endswith("not on record: a student of that mean")
