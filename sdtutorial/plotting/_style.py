"""The style of the figures: colours, sizes, and the figure that shows itself in a notebook."""

import base64
import functools
import gzip
import io
import re
import sys

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure

from sdtutorial import _checks, notebook
from sdtutorial.chains import Chain

INK = "#1a1a1a"  # text, axes, data, the truth
MUTED = "#6a6a6a"  # what stands behind: collapse, thresholds, the zero function
# These four are from the palette of Okabe and Ito, which the colour-blind can tell apart. Those
# whose contrast to white was below 4 are darkened, and purple so far that it differs in grey too.
BLUE = "#0072b2"  # quantities that belong to no single round, and the bounds of this book
VERMILLION = "#c8500a"  # what the paper states, and nothing else
PURPLE = "#86226a"  # the second curve beside a blue one
GREEN = "#00855e"  # the third
GRID = "#dcdcdc"

#: The colour map of rounds: the part of viridis that is dark enough for a white page and, inverted,
#: light enough for a dark one. The first round is the lightest, so that later means darker.
ROUNDS = LinearSegmentedColormap.from_list(
    "rounds", matplotlib.colormaps["viridis"](np.linspace(0.59, 0.01, 64))
)

# A telephone of 390 pixels shows a figure of this width in 342: text of 11.5 points is then 9
# pixels high. On a screen with room it is 16 pixels high, like the text around it.
_WIDTH = 6.0  # inches
_PIXELS_PER_INCH = 100  # of the style sheet's pixels, on a screen with room: 600 for that width

_STYLE = {
    "figure.dpi": 200,
    "savefig.dpi": "figure",
    "svg.hashsalt": "sdtutorial",  # names inside a drawing are else random
    "figure.facecolor": "white",
    "savefig.facecolor": "auto",
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.06,
    "figure.constrained_layout.h_pad": 0.06,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same everywhere
    "font.size": 12,
    "mathtext.fontset": "dejavusans",
    "axes.titlesize": 12,
    "axes.labelsize": 12,
    "xtick.labelsize": 11.5,
    "ytick.labelsize": 11.5,
    "legend.fontsize": 11.5,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "lines.linewidth": 2.2,
    "lines.markersize": 6,
    "lines.solid_capstyle": "round",
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.minor.visible": False,
    "ytick.minor.visible": False,
    "axes.prop_cycle": matplotlib.cycler(color=[BLUE, PURPLE, GREEN, INK]),
}


def style():
    """Return a context in which matplotlib draws as this book does.

    The functions of this module apply it themselves; use it for a figure of your own.

    Returns
    -------
    context manager
    """
    return matplotlib.rc_context(_STYLE)


def round_colors(rounds):
    """Return one colour a round, light for the first and dark for the last.

    Parameters
    ----------
    rounds : int
        How many, at least 1.

    Returns
    -------
    list of str
        Hexadecimal colours, as many as rounds. Lightness falls from each to the next.

    Raises
    ------
    TypeError, ValueError
        If `rounds` is not a whole number of at least 1.
    """
    rounds = _checks.whole_number("rounds", rounds, minimum=1)
    # Few rounds are spread over the whole map; a single one takes its middle, which reads best.
    shades = [0.4] if rounds == 1 else np.linspace(0, 1, rounds)
    return [to_hex(ROUNDS(shade)) for shade in shades]


class BookFigure(Figure):
    """A matplotlib figure that keeps the style of the book and shows itself in a notebook.

    It is an ordinary figure otherwise: ``figure.savefig("name.svg")`` writes it, ``figure.axes``
    are there to be changed, and naming it at the end of a later cell shows it again.
    """

    def __repr__(self):
        # The same on every machine, so that a stored notebook stays what it is.
        return f"<Figure {self.get_gid()}>"

    def savefig(self, *args, **options):
        """Write the figure as `matplotlib.figure.Figure.savefig` does, in the style of the book."""
        with style():
            super().savefig(*args, **options)

    def _ipython_display_(self):
        from IPython.display import display

        # The style sheet of the site needs a transparent figure; elsewhere nobody knows what lies
        # beneath, and dark lines on a dark page cannot be read.
        in_book = notebook.runtime() == "book"
        background = "none" if in_book else self.get_facecolor()
        kind, image = "image/png", self._image("png", background)
        if in_book:
            drawing = self._image("svg", background)
            # The site is sent compressed. Clouds of points are smaller as pixels.
            if len(gzip.compress(drawing)) < len(image):
                kind, image = "image/svg+xml", _lighter(drawing)
        _forget(self)
        text = image.decode() if kind == "image/svg+xml" else base64.b64encode(image).decode()
        display(
            {kind: text, "text/plain": repr(self)},
            metadata={kind: {"width": round(self.get_figwidth() * _PIXELS_PER_INCH)}},
            raw=True,
        )

    def _image(self, kind, background):
        image = io.BytesIO()
        # Without a date the same figure gives the same file.
        metadata = {"Date": None} if kind == "svg" else {}
        self.savefig(image, format=kind, facecolor=background, metadata=metadata)
        return image.getvalue()


def _lighter(drawing):
    """Leave out of an SVG what nobody sees: digits beyond a hundredth of a point, and its origin."""

    def rounded(match):
        value = float(match[0])
        # Small numbers are factors of scale, whose every digit counts.
        return f"{value:.2f}".rstrip("0").rstrip(".") if abs(value) >= 1 else match[0]

    text = re.sub(r"<metadata>.*?</metadata>\s*", "", drawing.decode(), flags=re.S)
    text = re.sub(r"-?\d+\.\d{3,}", rounded, text)
    return re.sub(r"\s*\n\s*", "\n", text).encode()


def new_figure(height, width=_WIDTH):
    """Return an empty figure; in a kernel pyplot knows it, and shows it at the end of the cell."""
    if notebook.in_kernel():
        from matplotlib import pyplot

        return pyplot.figure(FigureClass=BookFigure, figsize=(width, height))
    return BookFigure(figsize=(width, height))


def _forget(figure):
    """Take the figure out of pyplot's list, so that the end of the cell does not show it again."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(figure)


def book_figure(function):
    """Draw in the style of the book and name the figure after the function that drew it."""

    @functools.wraps(function)
    def draw(*args, **options):
        for chain in (*args, *options.values()):
            if isinstance(chain, Chain) and (chain.coordinates.ndim > 1 or chain.rounds == 0):
                raise ValueError(
                    f"{function.__name__} takes a chain of one label vector with at least one "
                    f"round, not {chain!r}"
                )
        with style():
            figure = function(*args, **options)
            figure.set_gid(function.__name__)
            interactive = matplotlib.is_interactive()
        # The first figure of a kernel loads its backend, which turns interactive mode on: only then
        # do figures show themselves, so the end of the style must not turn it off again.
        matplotlib.interactive(interactive)
        return figure

    return draw


def refuse_given_multiplier(name, chain):
    """Raise ValueError for a chain that has no tolerance to compare its norms with."""
    if chain.tolerance is None:
        raise ValueError(f"{name} takes a chain with a tolerance, not {chain!r}")
