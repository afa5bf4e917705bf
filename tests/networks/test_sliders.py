"""The explorer of networks shows what is on record."""

import numpy as np
import pytest

from sdtutorial.networks import analysis, sliders


@pytest.fixture(scope="module")
def groups():
    return [chains for chains in analysis.recorded().values() if chains.rounds > 1]


def test_means_and_intervals_are_those_of_the_records(groups):
    explorer = sliders.accuracy_explorer(groups)
    assert explorer.labels == [analysis.title(chains) for chains in groups]
    for index, chains in enumerate(groups):
        numbers = explorer.position(index).numbers
        test = 100 * chains.common_values("test_accuracy")
        training = 100 * chains.common_values("training_accuracy")
        assert [float(text[:-2]) for text in numbers["test"]] == pytest.approx(
            test.mean(0), abs=6e-3
        )
        assert [float(text[:-2]) for text in numbers["training"]] == pytest.approx(
            training.mean(0), abs=6e-3
        )
        change = analysis.paired_differences(chains, "test_accuracy")
        texts = [float(text.replace("−", "-")) for text in numbers["change"]]
        assert texts == pytest.approx(100 * change.mean, abs=6e-3)
        assert set(numbers["chains"]) == {str(len(test))}
        alone = {text == "one chain alone" for text in numbers["interval"]}
        assert alone == {len(test) == 1}


def test_there_is_a_dot_a_round_and_a_line_a_chain(groups):
    explorer = sliders.accuracy_explorer(groups)
    for index, chains in enumerate(groups):
        for marks in explorer.position(index).marks:
            assert marks.count("<circle") == chains.rounds
            assert marks.count('opacity="0.45"') == len(chains.records)


def test_chains_of_one_round_are_left_out(groups):
    single = [chains for chains in analysis.recorded().values() if chains.rounds == 1]
    assert single and len(sliders.accuracy_explorer([*single, *groups]).labels) == len(groups)
    with pytest.raises(ValueError, match="two rounds"):
        sliders.accuracy_explorer(single)


def test_changes_carry_their_sign():
    values = (0.5, -0.4, np.float64(-0.001))
    assert [sliders._with_sign(value) for value in values] == ["+0.50", "−0.40", "+0.00"]
