"""Times against sizes, and errors against the size of a space."""

import numpy as np

from sdtutorial import plotting


def test_every_way_has_its_line_and_its_name():
    times = {"one way": ([10, 100], [0.1, 2.0]), "another": ([10, 20], [0.2, 0.3])}
    [axes] = plotting.times_by_size(times, "points").axes
    assert axes.get_xscale() == axes.get_yscale() == "log"
    for line, (sizes, seconds) in zip(axes.lines, times.values(), strict=True):
        np.testing.assert_array_equal(line.get_xydata(), np.column_stack([sizes, seconds]))
    assert set(times) <= {text.get_text() for text in axes.texts}


def test_errors_are_solid_and_estimates_dashed():
    spaces = {"smooth": ([8, 9], [1e-3, 1e-9], [2e-3, 1e-8])}
    [axes] = plotting.krylov_convergence(spaces).axes
    errors, estimates = axes.lines
    np.testing.assert_array_equal(errors.get_ydata(), [1e-3, 1e-9])
    np.testing.assert_array_equal(estimates.get_ydata(), [2e-3, 1e-8])
    assert (errors.get_linestyle(), estimates.get_linestyle()) == ("-", "--")
