"""Draw the logo: three rounds of the book's example, each flatter than the one before.

    python book/_ext/logo.py

writes `book/_static/logo.svg`, which a test compares with the curves of today.
"""

from pathlib import Path

import numpy as np

import sdtutorial as sd
from sdtutorial import examples

FILE = Path(__file__).parents[1] / "_static" / "logo.svg"
COLORS = ("#3fd3a4", "#8cb8ff", "#ffffff")  # light, since the ground is dark in both themes
GROUND = "#14304f"
SIZE, MARGIN, HEIGHT = 64, 8, 21


def curves():
    """Return the fits of the first rounds at evenly spaced points of [0, 1]."""
    example = examples.spline()
    chain = sd.distill(example.gram, example.y, example.tolerance)
    points = np.linspace(0, 1, 25)
    cross = example.kernel(points, example.x) / len(example.x)
    return points, chain.predict(cross)[: len(COLORS)]


def drawing():
    """Return the logo as SVG."""
    points, fits = curves()
    scale = HEIGHT / np.abs(fits).max()
    paths = ""
    for fit, color in zip(fits, COLORS):
        x, y = MARGIN + (SIZE - 2 * MARGIN) * points, SIZE / 2 - scale * fit
        line = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y))
        paths += f'  <path d="M{line}" stroke="{color}"/>\n'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" fill="none" '
        'stroke-width="4.5" stroke-linecap="round" stroke-linejoin="round">\n'
        f'  <rect width="{SIZE}" height="{SIZE}" rx="13" fill="{GROUND}"/>\n{paths}</svg>\n'
    )


if __name__ == "__main__":
    FILE.write_text(drawing(), encoding="utf-8")
