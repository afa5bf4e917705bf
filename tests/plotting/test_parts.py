"""The looks of curves, and the axes on which they are drawn."""

import numpy as np
import pytest

import sdtutorial as sd
from sdtutorial.plotting import VERMILLION, _parts


def test_no_two_of_many_curves_look_alike_and_none_like_the_paper():
    looks = _parts.looks(30)
    assert len(set(looks)) == 30
    assert VERMILLION not in {color for color, _, _ in looks}


def test_tolerances_fall_and_take_their_values_along():
    tolerances, values = _parts.descending([1e-3, 1e-1, 1e-2], [3, 1, 2])
    assert tolerances.tolist() == [1e-1, 1e-2, 1e-3]
    assert values.tolist() == [1, 2, 3]


@pytest.mark.parametrize(("x", "ends"), [([0.2, 0.9], (0, 1)), ([0.2, 7.0], (0.2, 7.0))])
def test_functions_are_drawn_on_the_unit_interval_or_on_the_span_of_the_data(x, ends):
    x = np.array(x)
    example = sd.examples.Example(x, x, None, 0.1, 0.1, sd.RBF(1.0), np.eye(2))
    points = _parts.grid_points(example)
    assert (points[0], points[-1]) == ends
