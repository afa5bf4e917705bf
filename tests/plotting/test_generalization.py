"""The equivalent kernel of every round, and quantities relative to the first."""

import numpy as np
import pytest
from drawings import draw, is_drawn

from sdtutorial import generalization, plotting


def test_every_spectrum_and_every_course_is_drawn(chain):
    spectra = generalization.equivalent_eigenvalues(chain.eigenvalues, chain.multipliers)
    trace = spectra.sum(axis=1)
    figure = plotting.equivalent_kernel(spectra, {"trace": trace, "square": trace**2})
    left, right = figure.axes
    for spectrum in spectra:
        assert is_drawn(left, np.arange(1, 10), spectrum)
    assert is_drawn(right, np.arange(4), trace / trace[0])
    assert is_drawn(right, np.arange(4), trace**2 / trace[0] ** 2)
    assert right.get_yscale() == "log"
    assert draw(figure)


def test_the_first_round_is_the_measure_of_the_others(chain):
    _, right = plotting.equivalent_kernel(np.ones((3, 2)), {"radius": [5.0, 10.0, 2.5]}).axes
    assert right.lines[0].get_ydata() == pytest.approx([1, 2, 0.5])


def test_every_course_is_drawn_and_no_two_look_alike():
    courses = {f"course {i}": np.array([1.0, 2.0 + i]) for i in range(6)}
    _, right = plotting.equivalent_kernel(np.ones((2, 2)), courses).axes
    for values in courses.values():
        assert is_drawn(right, [0, 1], values)
    looks = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in right.lines}
    assert len(looks) == 6
