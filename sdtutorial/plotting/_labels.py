"""Words beside what they name: at the ends of lines, or where the drawing leaves most room."""

import matplotlib
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patheffects import withStroke

_HALO = [withStroke(linewidth=3, foreground="white")]  # keeps grid lines away from letters
_STEP = 4  # points between neighbouring samples of what is drawn
_GAP = 4  # points between a word and what it names
_ENOUGH = 18  # points to everything else: more room makes a label no clearer
_SPOTS = 60  # at most, along a line, that are tried
_SIDES = np.array([(x, y) for x in (1, 0, -1) for y in (1, 0, -1) if (x, y) != (0, 0)])


def note(axes, text, point, offset=(0, 0), **options):
    """Write a text beside a point of the axes, `offset` typographic points away from it."""
    options = {"path_effects": _HALO, **options}
    return axes.annotate(text, point, offset, textcoords="offset points", **options)


def label_ends(axes, labels):
    """Write labels beside the ends of lines, moved apart just enough not to overlap.

    Call it last: it needs the limits of the axes.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    labels : list of (line, str)
        A `matplotlib.lines.Line2D`, labelled in its own colour at its last finite point, and the
        text. A line without a finite point gets no label.
    """
    from scipy.optimize import isotonic_regression  # here: importing should not wait for it

    axes.figure.draw_without_rendering()  # settles the layout, and with it what a point is worth
    size = matplotlib.rcParams["legend.fontsize"]
    finite = [(line, text, points) for line, text in labels if len(points := _finite(line))]
    if not finite:
        return
    ends = [points[-1] for _, _, points in finite]
    wanted = axes.transData.transform(ends)[:, 1] * 72 / axes.figure.dpi
    # The heights nearest to the wanted ones that keep a distance: isotonic regression.
    order = np.argsort(wanted, kind="stable")
    lines_of_text = np.array([1 + finite[i][1].count("\n") for i in order])
    distance = size * (1.2 * np.cumsum(lines_of_text) - 0.6 * lines_of_text)
    heights = np.empty(len(finite))
    heights[order] = isotonic_regression(wanted[order] - distance).x + distance
    for (line, text, _), end, rise in zip(finite, ends, heights - wanted):
        note(
            axes, text, end, (7, rise), color=line.get_color(), fontsize=size, va="center",
            annotation_clip=False,
        )  # fmt: skip


def label_lines(axes, labels):
    """Write labels beside lines, each where the drawing leaves most room.

    Call it last: it needs the limits of the axes, and keeps away from all that is drawn.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    labels : list of (line, str)
        A `matplotlib.lines.Line2D`, labelled in its own colour, and the text. A line without a
        finite point inside the axes gets no label.
    """
    axes.figure.draw_without_rendering()
    for line, text in labels:
        others = _ink(axes, [other for other in axes.lines if other is not line])
        offsets = [(side, _GAP) for side in _SIDES]
        if line.get_marker() == "None" and line.get_linewidth():
            offsets.insert(0, (np.zeros(2), 0))  # upon the line, which the halo interrupts
        _write_beside(axes, text, _trace(line), others, offsets, line.get_color())


def label_points(axes, points, texts, colors):
    """Write a text beside each point, on the side where the drawing leaves most room."""
    from scipy.spatial.distance import cdist

    axes.figure.draw_without_rendering()
    for point, text, color in zip(points, texts, colors):
        trace = axes.transData.transform([point]) * _points(axes)
        ink = _ink(axes, axes.lines)
        others = ink[cdist(ink, trace)[:, 0] > _GAP]  # all but the marker
        offsets = [(side, gap * _GAP) for gap in (1.6, 3, 5) for side in _SIDES]
        _write_beside(axes, text, trace, others, offsets, color)


def _write_beside(axes, text, trace, others, offsets, color):
    """Write a text beside that point of a trace, and on that side, where there is most room."""
    scale = _points(axes)
    low, high = np.reshape(axes.get_window_extent().extents, (2, 2)) * scale
    trace = trace[np.all((trace >= low - 1) & (trace <= high + 1), axis=1)]
    if not len(trace):
        return
    to_data = axes.transData.inverted()
    written = note(
        axes, text, to_data.transform(trace[0] / scale), color=color, va="center", ha="center",
        fontsize=matplotlib.rcParams["legend.fontsize"], annotation_clip=False,
    )  # fmt: skip
    extent = np.array(written.get_window_extent().size) * scale

    spots = trace[:: 1 + len(trace) // _SPOTS]
    anchors = np.repeat(spots, len(offsets), axis=0)
    sides, gap = (np.array(column) for column in zip(*offsets * len(spots)))
    centres = anchors + sides * (extent / 2 + gap[:, None])
    # Where other lines meet this one, nobody could tell which of them a label names.
    room = np.minimum(_distances(centres, extent, others), _distances(anchors, 0, others))
    room = np.minimum(room, _ENOUGH) - np.abs(gap - 1.5 * _GAP)
    room[_distances(centres, extent, trace) < gap - 1] -= 100  # the line would run through its name
    room[np.any((centres - extent / 2 < low + 2) | (centres + extent / 2 > high), axis=1)] -= 1000
    best = len(room) - 1 - np.argmax(room[::-1])  # of equals the last: a line is named at its end
    written.xy = to_data.transform(anchors[best] / scale)
    written.xyann = centres[best] - anchors[best]
    written.set_in_layout(False)  # it lies inside the axes, which shall stay where they are


def _distances(centres, extent, points):
    """Return the distance of each box from the nearest of the points, 0 if that lies inside."""
    if not len(points):
        return np.full(len(centres), np.inf)
    beyond = np.abs(points[None] - centres[:, None]) - extent / 2
    return np.hypot(*np.maximum(beyond, 0).transpose(2, 0, 1)).min(axis=1)


def _points(axes):
    """Return what a pixel is worth in typographic points."""
    return 72 / axes.figure.dpi


def _finite(line):
    """Return the finite points of a line, in data."""
    points = np.column_stack([np.asarray(values, dtype=float) for values in line.get_data()])
    return points[np.isfinite(points).all(axis=1)]


def _trace(line):
    """Return closely spaced samples of a line, in typographic points."""
    with np.errstate(all="ignore"):  # zero on a logarithmic axis
        corners = line.get_transform().transform(line.get_xydata()) * _points(line.axes)
    if line.get_linestyle() == "None":
        return corners[np.isfinite(corners).all(axis=1)]
    return _sampled(corners)


def _sampled(corners):
    """Return samples of a polygon, one every few points; a corner that is not finite breaks it."""
    finite = np.isfinite(corners).all(axis=1)
    pieces = [corners[:0]]
    for run in np.split(np.arange(len(corners)), np.flatnonzero(~finite)):
        run = corners[run[finite[run]]]
        if len(run):
            length = np.append(0, np.cumsum(np.hypot(*np.diff(run, axis=0).T)))
            at = np.linspace(0, length[-1], 2 + int(min(length[-1], 1e4) / _STEP))
            pieces.append(np.column_stack([np.interp(at, length, side) for side in run.T]))
    return np.concatenate(pieces)


def _ink(axes, lines):
    """Return samples of these lines, and of the error bars and words in the axes."""
    pieces = [np.empty((0, 2)), *map(_trace, lines)]
    for bars in axes.collections:
        if isinstance(bars, LineCollection):
            for segment in bars.get_segments():
                pieces.append(_sampled(axes.transData.transform(segment) * _points(axes)))
    for text in axes.texts:
        box = np.reshape(text.get_window_extent().extents, (2, 2)) * _points(axes)
        x, y = (np.arange(low, high + _STEP, _STEP) for low, high in box.T)
        pieces.append(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))
    return np.concatenate(pieces)
