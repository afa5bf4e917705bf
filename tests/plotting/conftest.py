"""The running example, its chain, and a chain of many rounds."""

import numpy as np
import pytest

import sdtutorial as sd
from sdtutorial import examples


@pytest.fixture(scope="session")
def example():
    return sd.spline()


@pytest.fixture(scope="session")
def chain(example):
    return sd.distill(example.gram, example.y, example.tolerance)


@pytest.fixture(scope="session")
def deep_chain(example):
    return sd.distill(example.gram, example.y, 4e-3)


@pytest.fixture(scope="session")
def errors(example, chain):
    return np.append(examples.integrated_squared_error(chain, example), 0.5)
