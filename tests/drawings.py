"""What a figure shows: its lines, its points and its words."""

import io

import matplotlib
import numpy as np


def draw(figure):
    """Render the figure, as a page would; return the number of bytes."""
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=50)
    return len(image.getvalue())


def drawn(axes):
    """The (x, y) data of all lines."""
    return [np.column_stack([np.asarray(v, float) for v in line.get_data()]) for line in axes.lines]


def is_drawn(axes, x, y):
    """Whether some line, or the single points of several lines together, show exactly these."""
    wanted = np.column_stack([np.asarray(x, float), np.asarray(y, float)])
    lines = drawn(axes)
    if any(line.shape == wanted.shape and np.array_equal(line, wanted, True) for line in lines):
        return True
    points = [tuple(line[0]) for line in lines if len(line) == 1]
    return {tuple(row) for row in wanted} <= set(points)


def texts(figure):
    """All that can be read in the figure."""
    found = [text.get_text() for text in figure.findobj(matplotlib.text.Text)]
    return " ".join(text for text in found if text)
