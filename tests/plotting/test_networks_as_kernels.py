"""Chains of networks over the kernel's, tangent kernels, distances by width, accuracies."""

import numpy as np
from drawings import draw, is_drawn, texts

from sdtutorial import plotting


def test_the_fits_of_networks_lie_over_the_fit_that_predicts_them(example, chain):
    points = np.linspace(0, 1, 31)
    predicted = np.stack([np.sin(points), np.cos(points)])
    learned = np.stack([predicted + 0.1, predicted - 0.1], axis=1)
    figure = plotting.chains_of_networks(example, predicted, learned)
    (axes,) = figure.axes
    assert is_drawn(axes, example.x, example.y)
    for t in range(2):
        assert is_drawn(axes, points, predicted[t])
        for copy in range(2):
            assert is_drawn(axes, points, learned[t, copy])
    assert all(name in texts(figure) for name in ("round 0", "round 1", "kernel", "networks"))
    assert draw(figure)


def test_tangent_kernels_are_drawn_over_their_limit_a_panel_a_width():
    points, exact = np.linspace(0, 1, 11), np.linspace(1, 2, 11)
    finite = {8: np.stack([exact + 0.2, exact - 0.2]), 64: np.stack([exact + 0.1])}
    figure = plotting.tangent_kernels(points, 0.3, exact, finite)
    for axes, values in zip(figure.axes, finite.values(), strict=True):
        assert is_drawn(axes, points, exact)
        assert all(is_drawn(axes, points, value) for value in values)
    assert all(name in texts(figure) for name in ("width 8", "width 64"))
    assert draw(figure)


def test_distances_are_drawn_one_by_one_and_on_average():
    widths = np.array([8, 32, 128])
    distances = np.outer(widths**-0.5, [1.0, 2.0])
    figure = plotting.distance_by_width(widths, {"penalty": distances, "stop": distances / 2})
    (axes,) = figure.axes
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert is_drawn(axes, widths, distances[:, 0])
    assert is_drawn(axes, widths, distances.mean(axis=1))
    assert all(name in texts(figure) for name in ("penalty", "stop"))
    assert draw(figure)


def test_accuracies_are_drawn_by_round_for_each_tolerance():
    test, training = {"0.1": [40, 30.5], "0.5": [50]}, {"0.1": [99, 60.5], "0.5": [90]}
    figure = plotting.accuracy_by_round(test, training)
    for axes, accuracies in zip(figure.axes, (test, training), strict=True):
        for values in accuracies.values():
            assert is_drawn(axes, range(len(values)), values)
    assert all(name in texts(figure) for name in ("0.1", "0.5", "round $t$"))
    assert draw(figure)


def test_every_tolerance_is_drawn_and_no_two_look_alike():
    accuracies = {f"0.{i}": [10.0 * i, 5.0 * i] for i in range(1, 7)}
    for axes in plotting.accuracy_by_round(accuracies, accuracies).axes:
        for values in accuracies.values():
            assert is_drawn(axes, range(2), values)
        looks = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in axes.lines}
        assert len(looks) == 6


def test_every_series_of_distances_is_drawn():
    series = {f"rule {i}": np.array([[1.0 + i], [0.5 + i]]) for i in range(6)}
    (axes,) = plotting.distance_by_width([8, 64], series).axes
    for values in series.values():
        assert is_drawn(axes, [8, 64], values[:, 0])
