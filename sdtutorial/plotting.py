"""The figures of the book: one style, one colour map for rounds, one function a figure.

A function takes a chain, an example or arrays that the package computed, draws, and returns a
`BookFigure`. It computes nothing but the curves between the points. In a notebook a figure is shown
by the cell that makes it, once, whether or not the cell gives it a name::

    figure = plotting.chain_fits(example, chain)

What a reader meets in every figure: data are dots, the truth is a thin dark line, bounds are dashed
in the colour of what they bound, and the colour of a round is lighter or darker as the round is
earlier or later. The background is transparent on the site, whose style sheet turns lightness round
in the dark theme, and white elsewhere. Every colour has a contrast of at least 3 to both.
"""

import base64
import functools
import io
import sys

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from matplotlib.ticker import LogFormatter, MaxNLocator
from scipy.optimize import isotonic_regression

from sdtutorial import _checks, notebook, regression
from sdtutorial.distillation import Chain

# ---------------------------------------------------------------------------------------------
# Style
# ---------------------------------------------------------------------------------------------

INK = "#1a1a1a"  # text, axes, data, the truth
MUTED = "#6a6a6a"  # what stands behind: collapse, thresholds, the zero function
BLUE = "#0072b2"  # quantities that belong to no single round; these three are from the palette of
VERMILLION = "#c8500a"  # Okabe and Ito, which the colour-blind can tell apart, darkened where
GREEN = "#00855e"  # their contrast to white was below 4
GRID = "#dcdcdc"

#: The colour map of rounds: the part of viridis that is dark enough for a white page and, inverted,
#: light enough for a dark one. The first round is the lightest, so that later means darker.
ROUNDS = LinearSegmentedColormap.from_list(
    "rounds", matplotlib.colormaps["viridis"](np.linspace(0.59, 0.01, 64))
)

# On a telephone a figure of this width is shown at 0.6 of its size: text of 11 points then has
# the size of small print, not less.
_WIDTH = 6.0  # inches
_PIXELS_PER_INCH = 107  # of the style sheet's pixels, on a screen with room: 640 for that width

_STYLE = {
    "figure.dpi": 200,
    "savefig.dpi": "figure",
    "figure.facecolor": "white",
    "savefig.facecolor": "auto",
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.06,
    "figure.constrained_layout.h_pad": 0.06,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same everywhere
    "font.size": 11,
    "mathtext.fontset": "dejavusans",
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "legend.fontsize": 10.5,
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
    "axes.prop_cycle": matplotlib.cycler(color=[BLUE, VERMILLION, GREEN, INK]),
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
    places = [0.4] if rounds == 1 else np.linspace(0, 1, rounds)
    return [to_hex(ROUNDS(place)) for place in places]


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
        background = "none" if notebook.runtime() == "book" else self.get_facecolor()
        image = io.BytesIO()
        self.savefig(image, format="png", facecolor=background)
        _forget(self)
        display(
            {
                "image/png": base64.b64encode(image.getvalue()).decode(),
                "text/plain": repr(self),
            },
            metadata={"image/png": {"width": round(self.get_figwidth() * _PIXELS_PER_INCH)}},
            raw=True,
        )


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


# ---------------------------------------------------------------------------------------------
# Parts that several figures share
# ---------------------------------------------------------------------------------------------


def label_ends(axes, labels):
    """Write labels beside the ends of lines, moved apart just enough not to overlap.

    Call it last: it needs the limits of the axes.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    labels : list of (line, str)
        A `matplotlib.lines.Line2D`, labelled in its own colour at its last finite point, and the
        text.
    """
    axes.figure.draw_without_rendering()  # settles the layout, and with it what a point is worth
    size = matplotlib.rcParams["legend.fontsize"]
    ends, wanted = [], []
    for line, _ in labels:
        x, y = (np.asarray(values, dtype=float) for values in line.get_data())
        last = np.flatnonzero(np.isfinite(x) & np.isfinite(y))[-1]
        ends.append((x[last], y[last]))
        wanted.append(axes.transData.transform(ends[-1])[1] * 72 / axes.figure.dpi)
    # The places nearest to the wanted ones that keep a distance: isotonic regression.
    order = np.argsort(wanted, kind="stable")
    distance = 1.2 * size * np.arange(len(labels))
    places = np.empty(len(labels))
    places[order] = isotonic_regression(np.array(wanted)[order] - distance).x + distance
    for (line, text), end, place, want in zip(labels, ends, places, wanted):
        axes.annotate(
            text,
            end,
            (7, place - want),
            textcoords="offset points",
            color=line.get_color(),
            fontsize=size,
            va="center",
            annotation_clip=False,
        )


def _label_rounds(figure, axes, rounds, **legend):
    """Say which colour is which round: a legend for few rounds, a colour bar for many."""
    if rounds <= 6:
        handles = [Line2D([], [], color=color) for color in round_colors(rounds)]
        axes.legend(handles, [f"round {t}" for t in range(rounds)], **legend)
    else:
        scale = ScalarMappable(Normalize(0, rounds - 1), ROUNDS)
        bar = figure.colorbar(scale, ax=axes, label="round $t$", fraction=0.05, pad=0.02)
        bar.locator = MaxNLocator(integer=True, nbins=6)
        bar.outline.set_visible(False)
        bar.update_ticks()


def _grid_points(count=401):
    """Points of [0, 1], both ends included."""
    return np.linspace(0, 1, count)


def _cross(example, points):
    return example.kernel(points, example.x) / len(example.x)


def _draw_samples(axes, example):
    """Draw the truth and the noisy samples of an example on [0, 1]."""
    points = _grid_points()
    (truth,) = axes.plot(points, example.target(points), color=INK, linewidth=1.1, label="truth")
    (samples,) = axes.plot(example.x, example.y, "o", color=INK, zorder=3, label="data")
    axes.set_xlim(0, 1)
    axes.set_xlabel("input $x$")
    return truth, samples


def _draw_fits(axes, example, chain):
    """Draw the fit of every round; return the lines."""
    points = _grid_points()
    fits = chain.predict(_cross(example, points))
    return [
        axes.plot(points, fit, color=color, label=f"round {t}")[0]
        for t, (fit, color) in enumerate(zip(fits, round_colors(len(fits))))
    ]


def _draw_errors(axes, errors):
    """Draw the error of every round, and of the zero function that follows."""
    errors = np.asarray(errors, dtype=float)
    axes.plot(errors, color=MUTED, linewidth=1, zorder=1)
    for t, color in enumerate(round_colors(len(errors) - 1)):
        axes.plot(t, errors[t], "o", color=color, markersize=9)
    axes.plot(len(errors) - 1, errors[-1], "o", color=MUTED, markersize=9, markerfacecolor="white")
    axes.set_xlim(-0.4, len(errors) - 0.6)
    axes.set_ylim(0, 1.2 * errors.max())
    axes.grid(axis="x", visible=False)


def _whole_ticks(axis, count=8):
    axis.set_major_locator(MaxNLocator(integer=True, nbins=count))


# ---------------------------------------------------------------------------------------------
# The first page
# ---------------------------------------------------------------------------------------------


@book_figure
def overview(example, chain, errors):
    """Draw the book in one picture: the fits of all rounds, and their error.

    Parameters
    ----------
    example : Example
    chain : Chain
        Of that example.
    errors : array_like, shape (T + 1,)
        Squared distance of each fit from the truth, integrated over [0, 1]; the last entry
        belongs to the zero function, with which the chain ends.

    Returns
    -------
    BookFigure
    """
    with matplotlib.rc_context(
        # Two panels side by side: on a telephone the figure is shown at less than half its size.
        {
            name: 14
            for name in (
                "font.size", "axes.labelsize", "axes.titlesize", "xtick.labelsize",
                "ytick.labelsize", "legend.fontsize",
            )
        }
    ):  # fmt: skip
        figure = new_figure(3.7, width=7.4)
        left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
        _draw_samples(left, example)
        _draw_fits(left, example, chain)
        left.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        left.set_yticks([-1, 0, 1])
        left.set_title("fits $f_t$ of each round")
        _label_rounds(figure, left, chain.rounds, loc="upper right", borderpad=0, labelspacing=0.2)
        _draw_errors(right, errors)
        _whole_ticks(right.xaxis)
        right.set_yticks([0, 0.25, 0.5], ["0", "0.25", "0.5"])
        right.set_xlabel("round $t$")
        right.set_title("error to the truth")
        right.annotate(
            "zero function",
            (len(errors) - 1, errors[-1]),
            (9, 10),
            textcoords="offset points",
            ha="right",
            color=MUTED,
        )
    return figure


# ---------------------------------------------------------------------------------------------
# The constrained problem, and the closed form
# ---------------------------------------------------------------------------------------------


@book_figure
def noisy_samples(example, tolerance=None):
    """Draw the data, the truth and the function that passes through every sample (Fig. 2b).

    Parameters
    ----------
    example : Example
    tolerance : float, optional
        Also draw the constrained fit with this mean squared residual.

    Returns
    -------
    BookFigure

    Raises
    ------
    InfeasibleToleranceError, TypeError, ValueError
        As `sdtutorial.regression.fit`.
    """
    figure = new_figure(3.7)
    axes = figure.subplots()
    _draw_samples(axes, example)
    cross = _cross(example, _grid_points())
    # Least squares, since an end point gives the Gram matrix a row of zeros.
    weights = np.linalg.lstsq(example.gram, example.y, rcond=None)[0]
    axes.plot(_grid_points(), cross @ weights, color=VERMILLION, label="no residual allowed")
    if tolerance is not None:
        fit = regression.fit(example.gram, example.y, tolerance)
        axes.plot(
            _grid_points(),
            fit.predict(cross),
            color=BLUE,
            label=f"mean square {tolerance:g} allowed",
        )
    axes.set_ylabel("function value")
    axes.legend(loc="upper right", borderpad=0)
    return figure


@book_figure
def green_function(kernel, centres=(0.2, 0.5, 0.8)):
    """Draw the Green's function of a kernel on [0, 1] around a few points (Fig. 2a).

    Parameters
    ----------
    kernel : callable
        ``kernel(x, t)`` for points (n,) and (m,) returns (n, m).
    centres : sequence of float
        The points t at which the functions x -> g(x, t) are centred.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.4)
    axes = figure.subplots()
    points = _grid_points()
    values = kernel(points, np.asarray(centres, dtype=float))
    dashes = ["-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1, 1.5))]
    for column, (centre, curve) in enumerate(zip(centres, values.T)):
        dash = dashes[column % len(dashes)]
        axes.plot(points, curve, color=BLUE, linestyle=dash, label=f"$t = {centre:g}$")
        axes.plot(centre, kernel(np.array([centre]), np.array([centre]))[0], "o", color=BLUE)
    axes.legend(loc="upper left", borderpad=0, handlelength=2.2)
    axes.set_xlim(0, 1)
    axes.set_ylim(min(0, 1.1 * values.min()), 1.1 * values.max())
    axes.set_xlabel("input $x$")
    axes.set_ylabel("Green's function $g(x, t)$")
    return figure


@book_figure
def residual_curve(multipliers, residuals, tolerance, root, brackets):
    """Draw the residual against the multiplier, its root, and brackets that hold the root.

    Parameters
    ----------
    multipliers : array_like, shape (n,)
        Increasing values of c.
    residuals : array_like, shape (n,)
        (1/K) ||f_c - y||^2 for each.
    tolerance : float
        The residual wanted.
    root : float
        The multiplier that has it.
    brackets : dict of str to (float, float)
        Label of each bracket, and its two ends.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(4.0)
    axes, strip = figure.subplots(
        2, 1, sharex=True, height_ratios=(3.2, 0.5 + 0.45 * len(brackets))
    )
    axes.plot(multipliers, residuals, color=BLUE)
    axes.axhline(tolerance, color=MUTED, linewidth=1.2)
    axes.plot(root, tolerance, "o", color=INK, markersize=8, zorder=4)
    axes.annotate(
        r"tolerance $\varepsilon$",
        (0.985, tolerance),
        (0, 4),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        color=MUTED,
    )
    axes.annotate("root", (root, tolerance), (-8, 7), textcoords="offset points", ha="right")
    axes.set_xscale("log")
    axes.set_xlim(np.min(multipliers), np.max(multipliers))
    axes.set_ylim(0, 1.08 * np.max(residuals))
    axes.set_ylabel("mean squared residual\n" + r"$\|f_c - y\|^2 / K$")
    for height, (lower, upper) in enumerate(reversed(brackets.values())):
        strip.plot([lower, upper], [height, height], "|-", color=BLUE, markersize=12)
    strip.set_yticks(range(len(brackets)), list(reversed(brackets)))
    strip.set_ylim(-0.7, len(brackets) - 0.3)
    strip.grid(axis="y", visible=False)
    strip.spines["left"].set_visible(False)
    strip.tick_params(axis="y", length=0)
    strip.set_xlabel("multiplier $c$")
    for panel in (axes, strip):
        panel.axvline(root, color=INK, linewidth=0.9, linestyle=(0, (2, 2)))
    return figure


@book_figure
def shrink_factors(eigenvalues, multiplier):
    """Draw what one fit keeps of each direction, d/(c + d), against the eigenvalue d.

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Positive.
    multiplier : float
        c, where the factor is one half.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.4)
    axes = figure.subplots()
    eigenvalues = np.asarray(eigenvalues, dtype=float)
    ends = min(eigenvalues.min(), multiplier) / 2, max(eigenvalues.max(), multiplier) * 2
    between = np.geomspace(*ends, 200)
    axes.plot(between, regression.shares_kept(between, multiplier), color=BLUE, linewidth=1.2)
    axes.plot(eigenvalues, regression.shares_kept(eigenvalues, multiplier), "o", color=BLUE)
    axes.axvline(multiplier, color=MUTED, linewidth=1.2)
    axes.annotate(
        "multiplier $c$", (multiplier, 0.97), (-6, 0), xycoords=("data", "axes fraction"),
        textcoords="offset points", ha="right", va="top", color=MUTED,
    )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(*ends)
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("eigenvalue $d_k$")
    axes.set_ylabel("share kept, $d_k / (c + d_k)$")
    return figure


@book_figure
def newton_tangents(curve, starts, root):
    """Draw one step of Newton's method on a curve towards its height at the root, from each start.

    Parameters
    ----------
    curve : callable
        ``curve(mu)`` returns the value and the slope at a number mu >= 0.
    starts : dict of str to float
        Title of each panel, and the point from which its step is taken.
    root : float
        The point that is looked for.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.6)
    panels = figure.subplots(1, len(starts), squeeze=False)[0]
    height, _ = curve(root)
    for axes, (title, start) in zip(panels, starts.items()):
        value, slope = curve(start)
        landing = start + (height - value) / slope
        furthest = max(start, landing, root)
        left, right = min(0, landing) - 0.1 * furthest, 1.1 * furthest
        points = np.linspace(0, right, 400)
        axes.plot(points / root, [curve(point)[0] for point in points], color=BLUE)
        axes.axhline(height, color=MUTED, linewidth=1.2)
        axes.axvspan(left / root, 0, color=MUTED, alpha=0.15, linewidth=0)
        axes.plot(1, height, "o", color=INK, zorder=4)
        axes.annotate(
            "", (landing / root, height), (start / root, value),
            arrowprops={"arrowstyle": "-|>", "color": VERMILLION, "linewidth": 1.6,
                        "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
        axes.plot(start / root, value, "o", color=VERMILLION)
        axes.set_xlim(left / root, right / root)
        axes.set_ylim(0, 1.1 * max(value, height))
        axes.set_title(title)
        axes.set_xlabel(r"$\mu = 1/c$, in units of the root")
    panels[0].set_ylabel(r"reciprocal norm $\varphi(\mu)$")
    return figure


# ---------------------------------------------------------------------------------------------
# Self-distillation
# ---------------------------------------------------------------------------------------------


@book_figure
def schematic(example, chain, rounds=3):
    """Draw what self-distillation does: fit, take the fit's values as targets, fit again (Fig. 1).

    Parameters
    ----------
    example : Example
    chain : Chain
        Of that example, with at least as many rounds.
    rounds : int
        How many rounds to show, at least 2.

    Returns
    -------
    BookFigure

    Raises
    ------
    TypeError, ValueError
        If `rounds` is not a whole number between 2 and the rounds of the chain.
    """
    rounds = _checks.whole_number("rounds", rounds, minimum=2)
    if rounds > chain.rounds:
        raise ValueError(f"the chain has {chain.rounds} rounds, fewer than {rounds}")
    figure = new_figure(4.1)
    panels = figure.subplots(2, rounds, sharex=True, sharey=True)
    points = _grid_points()
    fits = chain.predict(_cross(example, points))[:rounds]
    colors = round_colors(chain.rounds)
    dot_colors = [INK, *colors]
    room = 1.15 * np.abs(example.y).max()
    for t, (above, below) in enumerate(panels.T):
        above.plot(example.x, chain.targets[t], "o", color=dot_colors[t], markersize=5)
        below.plot(example.x, chain.targets[t], "o", color=dot_colors[t], markersize=5, alpha=0.35)
        below.plot(points, fits[t], color=colors[t])
        above.set_title("labels $y_0$" if t == 0 else f"targets $y_{t}$", color=dot_colors[t])
        below.set_xlabel(f"fit $f_{t}$", color=colors[t], labelpad=6)
        for panel in (above, below):
            panel.set(xticks=[], yticks=[], xlim=(-0.04, 1.04), ylim=(-room, room))
            panel.axhline(0, color=GRID, linewidth=0.8, zorder=0)
            panel.spines[:].set_visible(True)
            panel.spines[:].set_color("#b5b5b5")
    engine = figure.get_layout_engine()
    engine.set(wspace=0.45, hspace=0.4)
    arrow = {"arrowstyle": "-|>,head_length=0.5,head_width=0.25", "color": INK, "linewidth": 1.5}
    for t, (above, below) in enumerate(panels.T):
        below.annotate(
            "", (0.5, 1), (0.5, 0), xycoords=below.transAxes, textcoords=above.transAxes,
            arrowprops={**arrow, "shrinkA": 2, "shrinkB": 2},
        )  # fmt: skip
        below.annotate(
            "fit", (0.5, 1), (8, 24), xycoords="axes fraction", textcoords="offset points",
            va="center",
        )  # fmt: skip
        if t + 1 < rounds:
            panels[0, t + 1].annotate(
                "", (0, 0.12), (1, 0.88),
                xycoords=panels[0, t + 1].transAxes, textcoords=below.transAxes,
                arrowprops={**arrow, "shrinkA": 1, "shrinkB": 1, "color": colors[t]},
            )  # fmt: skip
            below.annotate(
                "its\nvalues", (1, 1), (27, 10), xycoords="axes fraction",
                textcoords="offset points", va="center", color=colors[t], linespacing=1,
            )  # fmt: skip
    for panel in panels.flat:
        for annotation in panel.texts:
            annotation.set_in_layout(False)  # they stand between panels, and need no room there
    return figure


@book_figure
def chain_fits(example, chain):
    """Draw the data, the truth and the fit of every round (Fig. 2c).

    Parameters
    ----------
    example : Example
    chain : Chain
        Of that example.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.9)
    axes = figure.subplots()
    truth, samples = _draw_samples(axes, example)
    fits = _draw_fits(axes, example, chain)
    axes.set_ylabel("function value $f_t(x)$")
    if len(fits) <= 6:
        handles = [samples, truth, *fits]
        axes.legend(handles, [h.get_label() for h in handles], loc="upper right", borderpad=0)
    else:
        axes.legend(loc="upper right", handles=[samples, truth], borderpad=0)
        _label_rounds(figure, axes, len(fits))
    return figure


@book_figure
def error_by_round(errors):
    """Draw the error of each round: it falls, rises, and ends at that of the zero function.

    Parameters
    ----------
    errors : array_like, shape (T + 1,)
        Squared distance of each fit from the truth, integrated over [0, 1]; the last entry
        belongs to the zero function, with which the chain ends.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.5)
    axes = figure.subplots()
    _draw_errors(axes, errors)
    last = len(errors) - 1
    if last <= 8:
        for t, error in enumerate(errors):
            axes.annotate(
                f"{error:.4f}", (t, error), (0, 9), textcoords="offset points", ha="center"
            )
        axes.set_xticks(range(last + 1), [*range(last), "zero\nfunction"])
    else:
        _whole_ticks(axes.xaxis)
    axes.set_xlabel("round $t$")
    axes.set_ylabel("squared error to the truth")
    return figure


@book_figure
def multipliers_and_norms(chain):
    """Draw what grows along a chain, the multiplier, beside what falls, the norm of the targets.

    Parameters
    ----------
    chain : Chain
        For one label vector, with at least one round.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.4)
    left, right = figure.subplots(1, 2)
    colors = round_colors(chain.rounds)
    left.plot(chain.multipliers, color=MUTED, linewidth=1, zorder=1)
    left.scatter(range(chain.rounds), chain.multipliers, 60, color=colors)
    left.set_yscale("log")
    left.set_ylabel("multiplier $c_t$")
    right.plot(chain.norm_ratios, color=MUTED, linewidth=1, zorder=1)
    right.scatter(range(chain.rounds), chain.norm_ratios[:-1], 60, color=colors)
    right.plot(
        chain.rounds, chain.norm_ratios[-1], "o", color=MUTED, markersize=8,
        markerfacecolor="white",
    )  # fmt: skip
    right.axhline(1, color=MUTED, linewidth=1.2)
    right.set_ylim(0, 1.1 * chain.norm_ratios[0])
    right.set_ylabel(r"norm of the targets, $r_t$")
    right.annotate(
        "below: collapse", (0, 1), (2, -5), xycoords=("axes fraction", "data"),
        textcoords="offset points", va="top", color=MUTED,
    )  # fmt: skip
    for axes in (left, right):
        axes.set_xlim(-0.5, chain.rounds + 0.5)
        axes.set_xlabel("round $t$")
        _whole_ticks(axes.xaxis, 6)
    return figure


@book_figure
def basis_functions(example, chain, directions):
    """Draw basis functions x -> p_x[k] of the paper's (21), with the eigenvectors as dots.

    Parameters
    ----------
    example : Example
    chain : Chain
        Of that example.
    directions : sequence of int
        The indices k to draw, from 0 in the order of the eigenvalues; one panel each.

    Returns
    -------
    BookFigure
    """
    points = _grid_points()
    # An eigenvector has no sign of its own: all of them start upwards here.
    vectors = chain.eigenvectors * np.sign(chain.eigenvectors[0])
    curves = _cross(example, points) @ vectors / chain.eigenvalues
    figure = new_figure(3.4)
    panels = figure.subplots(1, len(directions), squeeze=False, sharey=True)[0]
    for axes, k in zip(panels, directions):
        axes.axhline(0, color=GRID, linewidth=0.8, zorder=0)
        axes.plot(points, curves[:, k], color=BLUE)
        axes.plot(example.x, vectors[:, k], "o", color=INK, markersize=5)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 1])
        axes.set_xlabel("input $x$")
        axes.set_title(f"$k = {k + 1}$")
    panels[0].set_ylabel("basis function $p_x[k]$")
    return figure


@book_figure
def compare_by_round(series, label, threshold=None):
    """Draw the course of one quantity over the rounds of several iterations.

    Parameters
    ----------
    series : dict of str to array_like, shape (n,)
        Name of each iteration, and its values at rounds 0, 1, ...
    label : str
        What is drawn, for the vertical axis.
    threshold : (str, float), optional
        Name and height of a level to mark.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.6)
    axes = figure.subplots()
    marks = ["o", "s", "^", "D"]
    colors = [BLUE, VERMILLION, GREEN, INK]
    lines = [
        (axes.plot(values, mark + "-", color=color, linewidth=1.4, markersize=5)[0], name)
        for (name, values), mark, color in zip(series.items(), marks, colors)
    ]
    if threshold is not None:
        name, height = threshold
        axes.axhline(height, color=MUTED, linewidth=1.2)
        axes.annotate(
            name, (1, height), (0, 4), xycoords=("axes fraction", "data"),
            textcoords="offset points", ha="right", color=MUTED,
        )  # fmt: skip
    axes.set_ylim(0, None)
    axes.set_xlabel("round $t$")
    axes.set_ylabel(label)
    _whole_ticks(axes.xaxis)
    axes.legend(*zip(*lines), loc="best", borderpad=0)
    return figure


# ---------------------------------------------------------------------------------------------
# The collapse bound
# ---------------------------------------------------------------------------------------------


@book_figure
def norm_walk(norm_ratios, bounds):
    """Draw the norm of the targets by round, and bounds on it.

    Parameters
    ----------
    norm_ratios : array_like, shape (T + 1,)
        r_0 ... r_T.
    bounds : dict of str to array_like, shape (T + 1,)
        Label of each bound, and its value at each round; NaN where it says nothing.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.8)
    axes = figure.subplots()
    rounds = np.arange(len(norm_ratios))
    axes.axhspan(-1, 1, color=MUTED, alpha=0.13, linewidth=0)
    middle = (0.5 * rounds[-1], 0.5)
    axes.text(*middle, "collapsed: $r_t \\leq 1$", color=MUTED, ha="center", va="center")
    labels = []
    for label, values in bounds.items():
        (line,) = axes.plot(
            rounds, np.asarray(values, dtype=float), "--", color=BLUE, linewidth=1.4
        )
        labels.append((line, label))
    (walk,) = axes.plot(rounds, norm_ratios, "o-", color=BLUE, clip_on=False, zorder=3)
    labels.append((walk, "$r_t$"))
    axes.set_xlim(0, rounds[-1])
    axes.set_ylim(0, 1.08 * max(norm_ratios))
    axes.margins(x=0)
    _whole_ticks(axes.xaxis)
    axes.set_xlabel("round $t$")
    axes.set_ylabel("norm of the targets $r_t$")
    label_ends(axes, labels)
    return figure


@book_figure
def walk_plane(chain):
    """Draw a chain in two directions as a walk with steps of one length along a smooth path.

    Each circle has the radius of a step and the targets of a round as its centre; the next targets
    lie on it. The thin line is the path exp(-s D^{-1}) z_0 that the walk follows as the tolerance
    falls. The chain ends inside the grey disc.

    Parameters
    ----------
    chain : Chain
        With two eigenvalues, both positive, and one label vector.

    Returns
    -------
    BookFigure

    Raises
    ------
    ValueError
        If the chain has not exactly two coordinates, or a zero eigenvalue.
    """
    if chain.coordinates.shape != (2,) or not (chain.eigenvalues > 0).all():
        raise ValueError(
            "walk_plane takes a chain with two positive eigenvalues and one label vector, not "
            f"coordinates of shape {chain.coordinates.shape} and eigenvalues {chain.eigenvalues}"
        )
    figure = new_figure(4.6)
    axes = figure.subplots()
    step = np.sqrt(2 * chain.tolerance)
    # Each coordinate has its own time scale; enough points on both.
    times = np.sort(np.outer(np.geomspace(1e-4, 30, 300), chain.eigenvalues), axis=None)
    path = np.exp(-times[:, None] / chain.eigenvalues) * chain.coordinates
    (smooth,) = axes.plot(*path.T, color=INK, linewidth=1.1)
    axes.add_patch(Circle((0, 0), step, color=MUTED, alpha=0.18, linewidth=0))
    walk = chain.target_coordinates
    for t, color in enumerate(round_colors(chain.rounds)):
        axes.add_patch(Circle(walk[t], step, fill=False, color=color, alpha=0.35, linewidth=1))
        axes.annotate(
            "",
            walk[t + 1],
            walk[t],
            arrowprops={
                "arrowstyle": "-|>,head_length=0.5,head_width=0.25",
                "color": color,
                "linewidth": 2,
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )
        axes.plot(*walk[t], "o", color=color)
    axes.plot(*walk[-1], "o", color=MUTED)
    axes.annotate("$z_0$", walk[0], (8, 0), textcoords="offset points", va="center")
    axes.set_aspect("equal")
    axes.autoscale_view()
    figure.legend(
        [Line2D([], [], color=ROUNDS(0.4), marker="o"), smooth, Circle((0, 0), color="#d0d0d0")],
        ["rounds, equal steps", r"path as $\varepsilon$ falls", "collapsed"],
        loc="outside right center",
    )
    axes.set_xlabel("$z[1]$, smaller eigenvalue")
    axes.set_ylabel("$z[2]$, larger eigenvalue")
    return figure


@book_figure
def rounds_against_tolerance(tolerances, rounds, bounds):
    """Draw how many rounds there are before collapse against the tolerance, and bounds on it.

    Parameters
    ----------
    tolerances : array_like, shape (n,)
    rounds : array_like, shape (n,)
        T for each tolerance.
    bounds : dict of str to array_like, shape (n,)
        Label of each bound, and its value for each tolerance; NaN where it says nothing.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(4.0)
    axes = figure.subplots()
    order = np.argsort(tolerances)[::-1]
    tolerances = np.asarray(tolerances, dtype=float)[order]
    labels = []
    for label, values in bounds.items():
        (line,) = axes.plot(
            tolerances, np.asarray(values, dtype=float)[order], "--", color=BLUE, linewidth=1.4
        )
        labels.append((line, label))
    (line,) = axes.plot(tolerances, np.asarray(rounds)[order], color=BLUE)
    labels.append((line, "rounds $T$"))
    _towards_interpolation(axes, tolerances)
    axes.set_yscale("log")
    axes.set_ylabel("rounds before collapse")
    label_ends(axes, labels)
    return figure


@book_figure
def rounds_limit(tolerances, ratios, limit):
    """Draw the rounds relative to the norm, T/r_0, which tend to an arc length as eps falls.

    Parameters
    ----------
    tolerances : array_like, shape (n,)
    ratios : array_like, shape (n,)
        T/r_0 for each tolerance.
    limit : float
        The arc length of the path divided by the norm of the labels.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.4)
    axes = figure.subplots()
    order = np.argsort(tolerances)[::-1]
    tolerances = np.asarray(tolerances, dtype=float)[order]
    axes.axhline(limit, color=BLUE, linestyle="--", linewidth=1.4)
    axes.annotate(
        f"arc length over norm: {limit:.4f}",
        (1, limit),
        (-2, 5),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        color=BLUE,
    )
    axes.plot(tolerances, np.asarray(ratios, dtype=float)[order], "o-", color=BLUE)
    _towards_interpolation(axes, tolerances)
    axes.margins(y=0.15)
    axes.set_ylabel("rounds over norm $T / r_0$")
    return figure


def _towards_interpolation(axes, tolerances):
    """Put tolerances on a logarithmic axis that runs towards interpolation."""
    axes.set_xscale("log")
    axes.set_xlim(np.max(tolerances), np.min(tolerances))
    axes.set_xlabel(r"tolerance $\varepsilon$ (smaller to the right)")


# ---------------------------------------------------------------------------------------------
# Sparsification
# ---------------------------------------------------------------------------------------------


@book_figure
def filter_bars(chain, log=True):
    """Draw the diagonal of B_t for every round, side by side (Fig. 2d).

    Parameters
    ----------
    chain : Chain
        For one label vector, with few enough rounds to tell bars apart.
    log : bool
        Whether the axis is logarithmic. On a linear one the small entries cannot be seen.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.7)
    axes = figure.subplots()
    filters = chain.filters
    rounds, size = filters.shape
    width = 0.84 / rounds
    for t, color in enumerate(round_colors(rounds)):
        places = np.arange(1, size + 1) + width * (t - (rounds - 1) / 2)
        axes.bar(places, filters[t], 0.9 * width, color=color, label=f"round {t}")
    if log:
        axes.set_yscale("log")
        axes.set_ylim(filters[filters > 0].min() / 3, 1.5)
    axes.set_xlim(0.4, size + 0.6)
    if size <= 12:
        axes.set_xticks(range(1, size + 1))
    axes.grid(axis="x", visible=False)
    axes.set_xlabel("direction $k$, smallest eigenvalue first")
    axes.set_ylabel("filter $B_t[k]$")
    _label_rounds(figure, axes, rounds, loc="lower left", bbox_to_anchor=(0, 1), ncols=6,
                  borderpad=0.2, columnspacing=1.2)  # fmt: skip
    return figure


@book_figure
def filters_by_round(chain, rounds=None):
    """Draw the filters of a chain against the eigenvalues, as powers of ten, however deep.

    Parameters
    ----------
    chain : Chain
        For one label vector.
    rounds : sequence of int, optional
        The rounds to draw; without it, all.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.8)
    axes = figure.subplots()
    shown = range(chain.rounds) if rounds is None else rounds
    colors = round_colors(chain.rounds)
    reached = chain.eigenvalues > 0
    for t in shown:
        axes.plot(
            chain.eigenvalues[reached],
            chain.log_filters[t][reached] / np.log(10),
            "o-",
            color=colors[t],
            linewidth=1.6,
            markersize=4.5 if len(shown) <= 12 else 0,
        )
    axes.set_xscale("log")
    axes.set_xlabel("eigenvalue $d_k$")
    axes.set_ylabel(r"power of ten of the filter, $\log_{10} B_t[k]$")
    _label_rounds(figure, axes, chain.rounds, loc="lower right", borderpad=0)
    return figure


@book_figure
def sparsity_growth(tolerances, log_ratios, lower, upper, index_limit):
    """Draw how far one direction outlives another at the last round, as the tolerance falls.

    Parameters
    ----------
    tolerances : array_like, shape (n,)
    log_ratios : array_like, shape (n,)
        Natural logarithm of B_{T-1}[k]/B_{T-1}[j] for each tolerance.
    lower, upper : array_like, shape (n,)
        Bounds on it; NaN where there is none.
    index_limit : float
        Natural logarithm of the limit of the paper's sparsity index (Theorem 6).

    Returns
    -------
    BookFigure
    """
    figure = new_figure(4.0)
    axes = figure.subplots()
    order = np.argsort(tolerances)[::-1]
    tolerances, log_ratios, lower, upper = (
        np.asarray(values, dtype=float)[order] for values in (tolerances, log_ratios, lower, upper)
    )
    axes.fill_between(tolerances, lower, upper, color=BLUE, alpha=0.1, linewidth=0)
    (high,) = axes.plot(tolerances, upper, "--", color=BLUE, linewidth=1.4)
    (line,) = axes.plot(tolerances, log_ratios, color=BLUE)
    (low,) = axes.plot(tolerances, lower, "--", color=BLUE, linewidth=1.4)
    (index,) = axes.plot(
        tolerances, np.full(len(tolerances), index_limit), color=VERMILLION, linewidth=1.6
    )
    _towards_interpolation(axes, tolerances)
    axes.set_ylabel(r"log-ratio $\ln(B_{T-1}[k] \,/\, B_{T-1}[j])$")
    label_ends(
        axes,
        [
            (high, "upper bound"),
            (line, "the chain"),
            (low, "lower bound"),
            (index, "limit of the\npaper's index"),
        ],
    )
    return figure


@book_figure
def early_stopping(residuals, ratios, round_residuals, round_ratios, limit):
    """Draw the sparsity of one looser fit, which has a limit, and of rounds, which has none.

    Parameters
    ----------
    residuals : array_like, shape (n,)
        Mean squared residuals of single fits, that is, their tolerances.
    ratios : array_like, shape (n,)
        B_0[k]/B_0[j] of each.
    round_residuals : array_like, shape (T,)
        Mean squared distance of each round's fit from the labels y_0.
    round_ratios : array_like, shape (T,)
        B_t[k]/B_t[j] of each round.
    limit : float
        d_k/d_j, which no single fit exceeds.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.8)
    axes = figure.subplots()
    axes.set_yscale("log")
    axes.plot(residuals, ratios, color=BLUE)
    axes.axhline(limit, color=BLUE, linestyle="--", linewidth=1.4)
    for text, height, offset in (
        ("limit of one fit, $d_k / d_j$", limit, 6),
        ("one looser fit", ratios[-1], -16),
    ):
        axes.annotate(
            text,
            (1, height),
            (-2, offset),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            color=BLUE,
            ha="right",
        )
    axes.plot(round_residuals, round_ratios, color=MUTED, linewidth=1, zorder=1)
    for t, color in enumerate(round_colors(len(round_ratios))):
        axes.plot(round_residuals[t], round_ratios[t], "o", color=color, markersize=9)
        axes.annotate(
            f"round {t}",
            (round_residuals[t], round_ratios[t]),
            (9, -14),
            textcoords="offset points",
            color=color,
        )
    for formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        formatter(LogFormatter(minor_thresholds=(1.5, 0.6)))
    axes.set_xlabel("mean squared distance from the labels $y_0$")
    axes.set_ylabel("ratio $B_t[k] \\,/\\, B_t[j]$")
    return figure


# ---------------------------------------------------------------------------------------------
# The spline example
# ---------------------------------------------------------------------------------------------


@book_figure
def sine_eigenvectors(points, eigenvectors, eigenvalues):
    """Draw the eigenvectors of G over the sampled sines that they are.

    Parameters
    ----------
    points : array_like, shape (K,)
        Inside (0, 1), evenly spaced.
    eigenvectors : array_like, shape (K, K)
        One a column.
    eigenvalues : array_like, shape (K,)
        Ascending; the largest is drawn first.

    Returns
    -------
    BookFigure
    """
    eigenvectors = np.asarray(eigenvectors, dtype=float)
    size = len(points)
    columns = int(np.ceil(np.sqrt(size)))
    rows = -(-size // columns)
    figure = new_figure(0.5 + 1.35 * rows)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    fine = _grid_points()
    height = np.sqrt(2 / (size + 1))  # the norm of the sampled sine is 1 / height
    for m, panel in enumerate(panels.flat, start=1):
        if m > size:
            panel.set_visible(False)
            continue
        vector = eigenvectors[:, size - m]
        # An eigenvector has no sign of its own: take the one of the sine.
        sign = 1 if vector @ np.sin(m * np.pi * np.asarray(points)) >= 0 else -1
        panel.axhline(0, color=GRID, linewidth=0.8)
        panel.plot(fine, height * np.sin(m * np.pi * fine), color=INK, linewidth=1.1)
        panel.plot(points, sign * vector, "o", color=BLUE, markersize=4.5)
        value = notebook.scientific(eigenvalues[size - m], 2, tex=True)
        panel.set_title(f"$m = {m}$,  $d = {value}$", fontsize=10)
        panel.grid(visible=False)
        panel.set_xticks([0, 1])
        panel.set_yticks([])
    figure.supxlabel("input $x$", fontsize=11)
    return figure


@book_figure
def risk_by_round(study):
    """Draw the mean risk by round for a few tolerances against the best that one fit can do.

    Parameters
    ----------
    study : RiskStudy
        Of `sdtutorial.examples.risk_study`, with at most four tolerances.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.9)
    axes = figure.subplots()
    rounds = np.arange(study.risk.shape[1])
    labels = []
    styles = zip((BLUE, VERMILLION, GREEN, INK), "os^D", strict=False)
    for tolerance, risk, error, (color, marker) in zip(
        study.tolerances, study.risk, study.standard_error, styles
    ):
        line = axes.errorbar(
            rounds, risk, error, color=color, marker=marker, capsize=3, elinewidth=1.2
        )[0]
        labels.append((line, rf"$\varepsilon = {tolerance:g}$"))
    for text, risk, dashes in (
        (r"best single $\varepsilon$", study.best_tolerance_risk, (0, (5, 2))),
        ("best single $c$", study.best_multiplier_risk, (0, (1.5, 1.5))),
    ):
        ends = [-0.2, rounds[-1] + 0.1]
        (line,) = axes.plot(ends, [risk, risk], color=MUTED, linewidth=1.4, linestyle=dashes)
        labels.append((line, text))
    axes.set_xlim(ends)
    axes.set_ylim(bottom=0)
    _whole_ticks(axes.xaxis)
    axes.set_xlabel("round $t$")
    axes.set_ylabel("mean squared error to the truth")
    label_ends(axes, labels)
    return figure


# ---------------------------------------------------------------------------------------------
# Chains of networks
# ---------------------------------------------------------------------------------------------


@book_figure
def differences_by_round(series, label):
    """Draw mean differences to round 0 by round, with their confidence intervals.

    Parameters
    ----------
    series : mapping of str to (array_like, array_like, array_like)
        Two names, each with means and lower and upper ends, (rounds,) each, from round 1 on.
    label : str
        Of the vertical axis.

    Returns
    -------
    BookFigure
    """
    figure = new_figure(3.6)
    axes = figure.subplots()
    axes.axhline(0, color=MUTED, linewidth=1.4)
    # Side by side: bars of the same round would hide each other.
    looks = zip((BLUE, VERMILLION), "os", (-0.06, 0.06))
    for (name, values), (color, marker, shift) in zip(series.items(), looks):
        mean, low, high = map(np.asarray, values)
        axes.errorbar(
            np.arange(1, len(mean) + 1) + shift,
            mean,
            [mean - low, high - mean],
            color=color,
            marker=marker,
            capsize=3,
            elinewidth=1.2,
            linewidth=1.2,
            label=name,
        )
    _whole_ticks(axes.xaxis)
    axes.set_xlabel("round $t$")
    axes.set_ylabel(label)
    axes.legend()
    return figure
