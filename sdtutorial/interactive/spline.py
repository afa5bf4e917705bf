"""The spline example under any tolerance, at any round."""

from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from sdtutorial import examples, notebook, plotting
from sdtutorial.distillation import distill
from sdtutorial.interactive._drawing import (
    BOTTOM,
    CENTRE,
    LEFT,
    RIGHT,
    TOP,
    Axes,
    Drawing,
    letter,
    names,
    power_of_ten,
    signed,
    text,
    whole_ticks,
)
from sdtutorial.interactive._explorer import Explorer, Position
from sdtutorial.kernels import cross_matrix

POINTS = np.linspace(0, 1, 65)
_LOWEST_POWER = -10  # of ten: where the axis of the filters ends

#: What the slider can draw: the fits, their error by round, and the filters of a round.
DRAWINGS = ("fits", "errors", "filters")

_NUMBERS = {
    "position": "tolerance <i>ε</i>",
    "round": "round <i>t</i>",
    "rounds": "rounds before collapse <i>T</i>",
    "multiplier": "multiplier <i>c<sub>t</sub></i>",
    "norm-ratio": "norm of the targets <i>r<sub>t</sub></i>",
    "error": "squared distance to the truth",
}


def spline_explorer(example=None, drawings=DRAWINGS):
    """Return sliders for the tolerance and the round of a chain, with pictures of what it does.

    Parameters
    ----------
    example : Example, optional
        The spline example of the paper by default; any other must have its points in [0, 1].
    drawings : sequence of str, optional
        Which of "fits", "errors" and "filters" are shown, in this order. Without the filters the
        numbers that belong to them are left out too.

    Returns
    -------
    Explorer

    Raises
    ------
    InfeasibleToleranceError
        If no function comes as close to the labels as the smallest tolerance asks.
    ValueError
        If a drawing has another name.
    """
    if unknown := set(drawings) - set(DRAWINGS):
        raise ValueError(f"drawings are among {DRAWINGS}, not {sorted(unknown)}")
    example = examples.spline() if example is None else example
    chains, own = chains_of_grid(example)
    numbers = dict(_NUMBERS)
    if "filters" not in drawings:
        del numbers["multiplier"], numbers["norm-ratio"]
    drawn = {"fits": _fit_drawing, "errors": _error_drawing, "filters": _filter_drawing}
    return Explorer(
        name="spline explorer",
        control="tolerance <i>ε</i>",
        labels=[f"{chain.tolerance:g}" for chain in chains],
        position=cache(lambda index: _position(example, chains[index], tuple(drawings))),
        numbers=numbers,
        drawings=[drawn[name](example) for name in drawings],
        start=(own, min(1, chains[own].rounds)),
    )


def tolerance_grid(example):
    """Return the tolerances between which a slider moves.

    Parameters
    ----------
    example : Example

    Returns
    -------
    ndarray, shape (20,)
        Ascending, evenly spaced in their logarithm but for rounding to three digits, from an
        eighth of the example's own tolerance to three times it, and that one among them.
    """
    below = np.geomspace(1 / 8, 1, 13)
    above = np.geomspace(1, 3, 8)[1:]
    factors = np.concatenate([below, above])
    return np.array([float(f"{factor * example.tolerance:.3g}") for factor in factors])


def chains_of_grid(example):
    """Return the chains under the tolerances of the grid, and where the example's own one stands."""
    grid = tolerance_grid(example)
    chains = [distill(example.gram, example.y, float(value)) for value in grid]
    return chains, int(np.argmin(np.abs(grid - example.tolerance)))


def round_texts(chain):
    """Return the rounds of a chain as texts, and the one after them, which has collapsed."""
    return [*(f"{t}" for t in range(chain.rounds)), f"{chain.rounds}, collapsed to zero"]


@dataclass(frozen=True)
class _Zero:
    """The zero function, which follows the last round."""

    multiplier: float = np.inf

    def predict(self, cross):
        return np.zeros(len(cross))


def _errors(example, chain):
    """Return the squared distance from the truth of every fit and of the zero function."""
    fits = examples.integrated_squared_error(chain, example)
    return [*fits, examples.integrated_squared_error(_Zero(), example)]


def _position(example, chain, drawings):
    errors = _errors(example, chain)
    numbers = {
        "position": [f"{chain.tolerance:g}"] * (chain.rounds + 1),
        "round": round_texts(chain),
        "rounds": [f"{chain.rounds}"] * (chain.rounds + 1),
        "multiplier": [*map(notebook.scientific, chain.multipliers), "∞"],
        "norm-ratio": [f"{ratio:.3f}" for ratio in chain.norm_ratios],
        "error": [f"{error:.4f}" for error in errors],
    }
    colors = [*(plotting.round_colors(chain.rounds) if chain.rounds else []), plotting.MUTED]
    draw = {
        "fits": partial(_fits, example, chain),
        "errors": partial(_error_dots, example, errors),
        "filters": partial(_bars, chain),
    }
    return Position(numbers, [draw[name](colors) for name in drawings])


# ---------------------------------------------------------------------------------------------
# The drawings.
# ---------------------------------------------------------------------------------------------


def function_axes(example):
    """Return axes that hold the labels and the truth of an example."""
    highest = max(np.abs(example.y).max(), np.abs(example.target(POINTS)).max())
    height = float(f"{1.25 * highest:.2g}")
    return Axes((0, 1), (-height, height))


def function_drawing(example, title, label, show="grow"):
    """Return a drawing of functions on [0, 1], with the data and the truth of an example."""
    axes = function_axes(example)
    values = {value: signed(value) for value in (-1, 0, 1) if abs(value) <= axes.y[1]}
    key = (
        f'<circle cx="{RIGHT - 110}" cy="10" r="3.5"/>{text(RIGHT - 102, 14, "data")}'
        f'<path class="truth" d="M{RIGHT - 62},10H{RIGHT - 38}"/>{text(RIGHT, 14, "truth", "end")}'
    )
    return Drawing(
        label,
        show,
        names(title, f"input {letter('x')}")
        + key
        + axes.ticks_x({0: "0", 0.5: "0.5", 1: "1"})
        + axes.ticks_y(values)
        + f'<path class="truth" d="{axes.path(POINTS, example.target(POINTS))}"/>',
        axes.dots(example.x, example.y),
    )


def _fit_drawing(example):
    return function_drawing(
        example,
        f"fits up to round {letter('t')}",
        "The data as dots, the truth as a thin line, and the fits up to the chosen round.",
    )


def _fits(example, chain, colors):
    axes = function_axes(example)
    fits = chain.predict(cross_matrix(example.kernel, POINTS, example.x))
    return "".join(
        f'<path data-t="{t}" stroke="{color}" d="{axes.path(POINTS, fit)}"/>'
        for t, (fit, color) in enumerate(zip([*fits, np.zeros(len(POINTS))], colors))
    )


def _error_axes(example, count):
    highest = 1.2 * examples.integrated_squared_error(_Zero(), example)
    return Axes((-0.5, count - 0.5), (0, float(f"{highest:.2g}")))


def _error_drawing(example):
    axes = _error_axes(example, 1)
    return Drawing(
        "A dot for every round: the squared distance of its fit from the truth.",
        "all",
        names("squared distance to the truth", f"round {letter('t')}")
        + axes.ticks_y({value: f"{value:.2g}" for value in np.linspace(*axes.y, 4)}),
    )


def _error_dots(example, errors, colors):
    axes = _error_axes(example, len(errors))
    rounds = np.arange(len(errors))
    line = f'<path stroke="{plotting.MUTED}" d="{axes.path(rounds, errors)}"/>'
    return line + axes.ticks_x(whole_ticks(rounds[-1])) + round_dots(axes, rounds, errors, colors)


def round_dots(axes, rounds, values, colors):
    """Return a dot a round in its colour."""
    return "".join(
        axes.dots([t], [value], look=f' data-t="{t}" fill="{color}" stroke="{color}"')
        for t, value, color in zip(rounds, values, colors)
    )


def _filter_drawing(example):
    axes = Axes((0.5, len(example.x) + 0.5), (_LOWEST_POWER, 0))
    shown = range(1, len(example.x) + 1) if len(example.x) <= 12 else (1, len(example.x))
    return Drawing(
        "Bars hang from one: the powers of ten that each direction has lost at this round.",
        "only",
        names(
            f"filter {letter('B')} at round {letter('t')}",
            f"direction {letter('k')}, smallest eigenvalue first",
        )
        + axes.ticks_x({k: f"{k}" for k in shown})
        + axes.ticks_y({power: power_of_ten(power) for power in range(0, _LOWEST_POWER - 1, -2)}),
    )


def _bars(chain, colors):
    """Return the bars of the filters, hanging from one; after collapse a sentence."""
    powers = np.maximum(chain.log_filters / np.log(10), _LOWEST_POWER)
    size = len(chain.eigenvalues)
    width = (RIGHT - LEFT) / size
    places = LEFT + width * (np.arange(size) + 0.5)
    lengths = (BOTTOM - TOP) * powers / _LOWEST_POWER
    look = f'stroke-width="{0.7 * width:.1f}"'
    bars = "".join(
        f'<g data-t="{t}" stroke="{color}"><path {look} class="bars" d="'
        + "".join(f"M{place:.1f},{TOP}v{length:.1f}" for place, length in zip(places, row))
        + '"/></g>'
        for t, (row, color) in enumerate(zip(lengths, colors))
    )
    look = f' data-t="{chain.rounds}"'
    return bars + text(CENTRE, (TOP + BOTTOM) / 2, "all filters are zero", "middle", look)
