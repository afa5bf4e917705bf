"""Names stand beside what they name, and upon nothing else."""

import numpy as np
import pytest
from drawings import draw

from sdtutorial import plotting
from sdtutorial.plotting._labels import label_points


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


def boxes_and_lines(axes):
    axes.figure.draw_without_rendering()
    boxes = {text.get_text(): text.get_window_extent() for text in axes.texts}
    lines = [axes.transData.transform(line.get_xydata()) for line in axes.lines]
    return boxes, lines


def fan():
    """Four lines that start at one point, in the style of the book."""
    axes = plotting.new_figure(3.9).subplots()
    x = np.linspace(0, 1, 500)
    return axes, [axes.plot(x, slope * x)[0] for slope in (1, 2, 3, 4)]


def test_a_name_beside_a_line_is_nearest_to_that_line_and_covers_no_other():
    with plotting.style():
        axes, lines = fan()
        plotting.label_lines(axes, [(line, f"name {i}") for i, line in enumerate(lines)])
        boxes, drawn_lines = boxes_and_lines(axes)
        for i, box in enumerate(boxes.values()):
            away = [
                np.hypot(*np.maximum(np.abs(line - (box.min + box.max) / 2) - box.size / 2, 0).T)
                for line in drawn_lines
            ]
            assert np.argmin([distances.min() for distances in away]) == i
            assert min(d.min() for j, d in enumerate(away) if j != i) > 0
            assert axes.bbox.contains(*box.min) and axes.bbox.contains(*box.max)
        names = list(boxes.values())
        assert not any(a.overlaps(b) for i, a in enumerate(names) for b in names[:i])


def test_a_line_that_cannot_be_seen_gets_no_name():
    with plotting.style():
        axes = plotting.new_figure(3).subplots()
        (hidden,) = axes.plot([0, 1], [np.nan, np.nan])
        axes.plot([0, 1], [0, 1])
        plotting.label_lines(axes, [(hidden, "hidden")])
        plotting.label_ends(axes, [(hidden, "hidden")])
        assert not axes.texts


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_each_point_has_its_name_at_hand(scale):
    points = [(1, 1), (2, 3), (3, 2), (4, 4)]
    with plotting.style():
        axes = plotting.new_figure(3.5).subplots()
        axes.set(xscale=scale, yscale=scale)
        axes.plot(*zip(*points), "o-")
        axes.margins(0.2)
        label_points(axes, points, "abcd", ["black"] * 4)
        boxes, _ = boxes_and_lines(axes)
        for point, name in zip(points, "abcd"):
            box = boxes[name]
            away = np.abs(axes.transData.transform(point) - (box.min + box.max) / 2) - box.size / 2
            assert 0 < np.hypot(*np.maximum(away, 0)) < 30 * axes.figure.dpi / 72


def test_a_name_of_a_line_that_leaves_the_axes_stays_inside_them():
    with plotting.style():
        axes = plotting.new_figure(3.9).subplots()
        (line,) = axes.plot([-1, 2], [-1, 4])
        axes.set(xlim=(0, 1), ylim=(0, 1))
        plotting.label_lines(axes, [(line, "a name that is long")])
        (box,) = boxes_and_lines(axes)[0].values()
        assert axes.bbox.contains(*box.min) and axes.bbox.contains(*box.max)
