"""The animations draw the chain."""

import re

import numpy as np
import pytest

import sdtutorial as sd
from sdtutorial import interactive


def test_the_schematic_alternates_targets_and_fits_until_the_zero_function(example, explorers):
    position = explorers["schematic"].position(0)
    steps = position.numbers["round"]
    assert steps[:3] == ["the labels", "fit 0", "targets 1: the values of fit 0"]
    assert steps[-1] == "fit 4: zero, collapsed" and len(steps) == 10
    for t in range(5):
        (dots,) = re.findall(rf'<g data-t="{2 * t}">(.*?)</g>', position.marks[0])
        assert dots.count("<circle") == len(example.x)
        assert position.marks[0].count(f'<path data-t="{2 * t + 1}"') == 1


def test_the_dots_of_the_schematic_are_the_targets(example, explorers):
    chain = sd.distill(example.gram, example.y, example.tolerance)
    edge = interactive.spline.function_axes(example).y[1]
    marks = explorers["schematic"].position(0).marks[0]
    places = np.array(re.findall(r'cy="([\d.]+)"', marks), float).reshape(chain.targets.shape)
    assert (119 - places) / 93 * edge == pytest.approx(chain.targets, abs=0.06 / 93 * edge)


def test_the_steps_of_the_walk_have_one_length_and_end_in_the_disc(two, explorers):
    marks = explorers["walk"].position(0).marks[0]
    groups = re.findall(r"<g data-t=.*?</g>", marks)
    assert len(groups) == two.rounds + 1
    dots = [re.findall(r'cx="([\d.]+)" cy="([\d.]+)" r="3.5"', group)[0] for group in groups]
    steps = np.hypot(*np.diff(np.array(dots, float), axis=0).T)
    (radius,) = {float(r) for r in re.findall(r'r="([\d.]+)" fill="none"', marks)}
    assert steps == pytest.approx(radius, abs=0.15)


def test_the_walk_is_that_of_two_directions(example):
    chain = sd.distill(example.gram, example.y, example.tolerance)
    with pytest.raises(ValueError, match="two positive eigenvalues"):
        interactive.walk_animation(chain)
    given = sd.distill(np.diag([0.2, 1.0]), [1.0, 1.0], multiplier=0.1, max_rounds=3)
    with pytest.raises(ValueError, match="multiplier"):
        interactive.walk_animation(given)
