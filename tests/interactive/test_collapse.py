"""The collapse explorer shows norms and bounds as the package computes them."""

import re

import numpy as np
import pytest

import sdtutorial as sd
from sdtutorial import bounds


@pytest.fixture(scope="module")
def shown(example, explorers):
    """The chain of each position, computed anew, with what is shown there."""
    explorer = explorers["collapse"]
    return [
        (sd.distill(example.gram, example.y, float(label)), explorer.position(index))
        for index, label in enumerate(explorer.labels)
    ]


def test_norms_and_bounds_are_the_packages(shown):
    for chain, position in shown:
        numbers = position.numbers
        rounds = np.arange(chain.rounds + 1)
        ratio = chain.norm_ratios[0]
        condition = chain.eigenvalues[-1] / chain.eigenvalues[0]
        assert np.array(numbers["norm-ratio"], float) == pytest.approx(chain.norm_ratios, abs=5e-4)
        assert np.array(numbers["lower"], float) == pytest.approx(ratio - rounds, abs=5e-4)
        paper = bounds.norm_ratio_bound(rounds, ratio, condition)
        for text, bound in zip(numbers["paper"], paper, strict=True):
            assert bound <= 0 if text == "below zero" else abs(float(text) - bound) < 6e-4
        guaranteed = bounds.guaranteed_rounds(ratio, condition)
        assert float(numbers["guaranteed"][0]) == pytest.approx(guaranteed, abs=6e-6)
        low, high = bounds.rounds_curve_interval(
            chain.eigenvalues, chain.coordinates, chain.tolerance
        )
        ends = [int(end) for end in numbers["interval"][0].split(" to ")]
        assert (ends[0], ends[-1]) == (low, high)
        assert low <= int(numbers["rounds"][0]) <= high


def test_the_norm_never_lies_below_a_lower_bound(shown):
    for _, position in shown:
        for norm, lower, paper in zip(
            *(position.numbers[k] for k in ("norm-ratio", "lower", "paper"))
        ):
            assert float(norm) >= float(lower) - 1e-9
            assert paper == "below zero" or float(norm) >= float(paper) - 1e-9


def test_the_last_dot_alone_lies_in_the_band_of_collapse(shown):
    for _, position in shown:
        (band,) = re.findall(r'<rect x="44" y="([\d.]+)"', position.marks[0])
        dots = re.findall(r'cy="([\d.]+)" r="3.5" data-t', position.marks[0])
        *before, last = [float(place) > float(band) for place in dots]
        assert last and not any(before)


def test_the_dot_of_the_tolerance_is_at_its_number_of_rounds(explorers, shown):
    """Both axes are logarithmic: a larger tolerance lies to the right, fewer rounds lower."""
    dots = [
        re.findall(r'cx="([\d.]+)" cy="([\d.]+)" r="6"', position.marks[1])[0]
        for _, position in shown
    ]
    across, down = np.array(dots, float).T
    rounds = np.array([chain.rounds for chain, _ in shown])
    tolerances = np.array([chain.tolerance for chain, _ in shown])
    assert np.corrcoef(across, np.log(tolerances))[0, 1] > 0.99999
    assert np.corrcoef(down, np.log(rounds))[0, 1] < -0.9999
