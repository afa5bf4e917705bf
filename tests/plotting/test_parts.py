"""Labels, levels and the other parts of which figures are made."""

import numpy as np
import pytest
from drawings import draw

from sdtutorial import plotting


def test_labels_at_the_ends_of_lines_do_not_overlap():
    with plotting.style():
        figure = plotting.BookFigure(figsize=(6, 3))
        axes = figure.subplots()
        heights = [1.0, 1.01, 1.02, 5.0, 0.99]
        lines = [axes.plot([0, 1], [0, height])[0] for height in heights]
        plotting.label_ends(axes, [(line, f"line {y}") for line, y in zip(lines, heights)])
        draw(figure)
        figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in axes.texts]
    heights_drawn = [(box.y0 + box.y1) / 2 for box in boxes]
    assert np.array_equal(np.argsort(heights_drawn), np.argsort(heights))  # their order stays
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[:i])
        assert one.x1 <= figure.bbox.x1
    # One that has room stands where its line ends.
    assert heights_drawn[3] == pytest.approx(axes.transData.transform((1, 5.0))[1], abs=3)
