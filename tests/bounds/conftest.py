"""The problems that the tests of all bounds share."""

import numpy as np
import pytest
from drawn_chains import Problem, is_feasible, random_problem

from sdtutorial import distill, spline


@pytest.fixture(scope="session")
def problems():
    rng = np.random.default_rng(20)
    drawn = (random_problem(rng) for _ in range(1000))
    return [Problem(*numbers) for numbers in drawn if is_feasible(*numbers)]


@pytest.fixture(scope="session")
def spline_chain():
    example = spline()
    return distill(example.gram, example.y, example.tolerance)
