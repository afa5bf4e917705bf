"""The filter explorer shows three methods as the package computes them."""

import re

import numpy as np
import pytest

import sdtutorial as sd
from sdtutorial import examples, filters

METHODS = {"refit": filters.self_distillation, "boost": filters.boosting}


class Fit:
    """Values of a fit from the filter, by way of the targets that interpolation would need."""

    multiplier = 1.0

    def __init__(self, example, chain, kept):
        values = chain.eigenvectors @ (kept * chain.coordinates)
        self.weights = np.linalg.solve(example.gram, values)

    def predict(self, cross):
        return cross @ self.weights


@pytest.fixture(scope="module")
def chain(example):
    return sd.distill(example.gram, example.y, example.tolerance)


def multiplier(label):
    mantissa, _, power = label.partition(" × 10")
    return float(mantissa) * 10.0 ** float(
        power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    )


def test_the_errors_are_those_of_the_filters(example, chain, explorers):
    explorer = explorers["filters"]
    for index, c in enumerate(map(multiplier, explorer.labels)):
        numbers = explorer.position(index).numbers
        assert len(set(numbers["ridge"])) == 1
        for method, function in METHODS.items():
            assert numbers[method][0] == numbers["ridge"][0]
            for n, text in enumerate(numbers[method], start=1):
                fit = Fit(example, chain, function(chain.eigenvalues, c, n))
                error = examples.integrated_squared_error(fit, example)
                assert float(text) == pytest.approx(error, abs=6e-5)


def middle(path):
    """Return how far down the middle of a path of 41 points lies: its start, and its steps."""
    start, steps = path
    down = re.findall(r"l-?[\d.]+,(-?[\d.]+)", steps)[:20]
    return float(start) + sum(map(float, down))


def test_refitting_lies_below_the_single_fit_and_boosting_above(explorers):
    explorer = explorers["filters"]
    for index in range(len(explorer.labels)):
        numbers, marks = vars(explorer.position(index)).values()
        ridge, *rest = re.findall(r'd="M[\d.]+,([\d.]+)((?:l[^"]*)+)"', marks[0])
        count = len(numbers["round"])
        assert all(middle(path) >= middle(ridge) for path in rest[:count])  # further down
        assert all(middle(path) <= middle(ridge) for path in rest[count:])


def test_a_small_multiplier_leaves_room_for_refitting_and_a_large_one_for_boosting(explorers):
    explorer = explorers["filters"]
    small, large = (explorer.position(index).numbers for index in (0, len(explorer.labels) - 1))
    assert min(map(float, small["refit"])) < float(small["ridge"][0]) < float(small["boost"][-1])
    assert min(map(float, large["boost"])) < float(large["ridge"][0]) < float(large["refit"][-1])
