"""What the bounds ask of their arguments, and the kind of number that they return."""

import math

import numpy as np

from sdtutorial import _checks


def spectrum(eigenvalues):
    d = _checks.eigenvalues(eigenvalues)
    if not d.any():
        raise ValueError("eigenvalues must not all be zero")
    return d


def at_least_two(eigenvalues):
    d = spectrum(eigenvalues)
    if d.size < 2:
        raise ValueError("eigenvalues must hold at least two numbers: neighbours are compared")
    return d


def one_label_vector(coordinates, size):
    z = _checks.coordinates(coordinates, size)
    if z.ndim != 1:
        raise ValueError(f"coordinates must be one label vector ({size},), not {z.shape}")
    return z


def norm_ratios(name, value):
    array = _checks.real_array(name, value)
    if np.any(array < 0):
        raise ValueError(f"{name} must not be negative, but the smallest is {array.min()}")
    return array


def norm_ratio(name, value):
    return float(norm_ratios(name, _checks.real_number(name, value)))


def condition_numbers(value):
    array = _checks.real_array("condition_number", value, finite=False)
    if not np.all(array >= 1):
        raise ValueError("condition_number must be at least 1")
    return array


def rounds(t):
    number = _checks.real_number("t", t)
    if not 0 <= number < math.inf:
        raise ValueError(f"t must be a finite number of rounds, at least 0, not {number}")
    return number


def plain(array):
    """Return a Python float for a 0-d array, anything else as it is."""
    return array.item() if np.ndim(array) == 0 else array
