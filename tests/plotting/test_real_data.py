"""Risks over splits beside a level, and classes that last differently long."""

import numpy as np
from drawings import draw, is_drawn, texts

from sdtutorial import plotting


def test_the_mean_risk_is_drawn_by_round_beside_the_level_of_the_ridge_fit():
    risk, ridge = np.array([[0.4, 0.2, 0.9], [0.6, 0.4, 1.1]]), np.array([0.1, 0.3])
    figure = plotting.risk_over_splits({"clean": (risk, ridge), "noisy": (2 * risk, ridge)})
    for axes, scale in zip(figure.axes, (1, 2), strict=True):
        assert is_drawn(axes, range(3), scale * risk.mean(axis=0))
        assert is_drawn(axes, [0, 1], [0.2, 0.2])
        low, high = axes.get_ylim()
        assert low == 0 and high > scale * risk.max()
    assert all(name in texts(figure) for name in ("clean", "noisy", "chain", "tuned ridge fit"))
    assert draw(figure)


def test_classes_are_drawn_by_their_size_over_a_bound_and_some_by_round():
    found = {"rare": [0.9, 0.0, 0.0], "frequent": [0.9, 0.9, 1.0]}
    figure = plotting.classes_by_round([10, 50, 90], [1, 2, 3], [1, 1, 2], found)
    lasting, finding = figure.axes
    assert is_drawn(lasting, [10, 50, 90], [1, 2, 3])
    assert is_drawn(lasting, [10, 50, 90], [1, 1, 2])
    assert all(is_drawn(finding, range(3), shares) for shares in found.values())
    assert all(name in texts(figure) for name in found)
    assert draw(figure)
