"""Drawings in SVG: axes, paths and names, in units of which a telephone shows one as a pixel."""

from dataclasses import dataclass

import numpy as np

WIDTH, HEIGHT = 360, 250
LEFT, RIGHT, TOP, BOTTOM = 44, 352, 26, 212
CENTRE = (LEFT + RIGHT) / 2


@dataclass(frozen=True)
class Axes:
    """Where numbers are drawn.

    Attributes
    ----------
    x, y : (float, float)
        The ends of the axes.
    log : str
        Holds "x" and "y" where they are logarithmic.
    """

    x: tuple
    y: tuple
    log: str = ""

    def across(self, value):
        """Return how far from the left edge of the drawing numbers stand."""
        return LEFT + (RIGHT - LEFT) * _share(value, self.x, "x" in self.log)

    def up(self, value):
        """Return how far from its upper edge they stand; what lies beyond the axis, at its end."""
        return BOTTOM - (BOTTOM - TOP) * np.clip(_share(value, self.y, "y" in self.log), 0, 1)

    def path(self, x, y):
        """Return the path through points."""
        # Differences of tenths, which are whole: nothing adds up along the path.
        across, up = (
            np.rint(10 * np.asarray(place)).astype(int) for place in (self.across(x), self.up(y))
        )
        steps = zip(np.diff(across) / 10, np.diff(up) / 10)
        start = f"M{across[0] / 10:g},{up[0] / 10:g}"
        return start + "".join(f"l{right:g},{down:g}" for right, down in steps)

    def dots(self, x, y, radius=3.5, look=""):
        """Return a dot at each point."""
        return "".join(
            f'<circle cx="{right:.1f}" cy="{down:.1f}" r="{radius:g}"{look}/>'
            for right, down in zip(self.across(x), self.up(y))
        )

    def ticks_x(self, texts):
        """Return what stands below the axis: a dict of number to text."""
        return "".join(
            text(self.across(value), BOTTOM + 16, name, "middle") for value, name in texts.items()
        )

    def ticks_y(self, texts):
        """Return what stands left of the axis, each with a line across the drawing."""
        return "".join(
            f'<path class="grid" d="M{LEFT},{up:.1f}H{RIGHT}"/>{text(LEFT - 7, up + 4, name, "end")}'
            for value, name in texts.items()
            for up in [self.up(value)]
        )


def _share(value, ends, logarithmic):
    if logarithmic:
        value, ends = np.log(value), np.log(ends)
    return (np.asarray(value, dtype=float) - ends[0]) / (ends[1] - ends[0])


@dataclass(frozen=True)
class Drawing:
    """A drawing whose marks a slider changes.

    Attributes
    ----------
    label : str
        What it shows, for those who do not see it.
    show : str
        "grow": the marks up to the chosen round, that of the round strong; "trail": the same, and all
        of one strength; "only": the marks of the round; "all": all marks, that of the round strong.
    behind, before : str
        SVG that lies behind and before the marks and does not change.
    """

    label: str
    show: str
    behind: str
    before: str = ""

    def svg(self, marks):
        """Return the drawing with these marks."""
        return (
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{self.label}">'
            f'{self.behind}<g class="sdt-marks {self.show}">{marks}</g>{self.before}</svg>'
        )


def text(x, y, markup, anchor="start", look=""):
    """Return a text at a place."""
    anchor = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}"{anchor}{look}>{markup}</text>'


def letter(name):
    """Return a letter as formulas have it."""
    return f'<tspan class="math">{name}</tspan>'


def names(title, below):
    """Return what stands above a drawing and below its horizontal axis."""
    return text(LEFT, 14, title) + text(CENTRE, BOTTOM + 34, below, "middle")


def power_of_ten(power):
    """Return a power of ten as a tick."""
    if power == 0:
        return "1"
    return f'10<tspan dy="-4" font-size="9">{signed(power)}</tspan>'


def signed(value):
    """Return a number with a minus sign as print has it."""
    return f"{value:g}".replace("-", "−")


def round_number(highest):
    """Return the smallest of 1, 2, 3, 5 times a power of ten that is at least this number."""
    power = 10.0 ** np.floor(np.log10(highest))
    return next(float(f"{step * power:g}") for step in (1, 2, 3, 5, 10) if step * power >= highest)


def whole_ticks(last, at_most=9):
    """Return the whole numbers from 0 to the last as ticks, so few that they stay apart."""
    return {value: f"{value}" for value in range(0, last + 1, 1 + last // at_most)}
