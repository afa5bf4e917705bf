"""How fast the norm of the targets falls, and what the bounds say of it, under any tolerance."""

from functools import cache

import numpy as np

from sdtutorial import bounds, examples, plotting
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
    text,
    whole_ticks,
)
from sdtutorial.interactive._explorer import Explorer, Position
from sdtutorial.interactive.spline import chains_of_grid, round_dots, round_texts

_NUMBERS = {
    "position": "tolerance <i>ε</i>",
    "round": "round <i>t</i>",
    "norm-ratio": "norm of the targets <i>r<sub>t</sub></i>",
    "lower": "at least, this chapter",
    "paper": "at least, the paper",
    "rounds": "rounds <i>T</i>",
    "interval": "rounds, by the curve",
    "guaranteed": "rounds, guaranteed by the paper",
}


def collapse_explorer(example=None):
    """Return sliders for tolerance and round: the norm of the targets against its bounds.

    Left the norm ratios r_0 ... r_T (``prp-recurrence``) between r_0 - t and the bound from above
    (``thm-rounds-interval``), and the paper's bound (``prp-norm-bound``). Right the number of rounds
    for every tolerance, between those that the length of the curve allows (``thm-arc-length``), and
    the paper's guarantee (``prp-guaranteed-rounds``).

    Parameters
    ----------
    example : Example, optional
        The spline example of the paper by default.

    Returns
    -------
    Explorer

    Raises
    ------
    InfeasibleToleranceError
        If no function comes as close to the labels as the smallest tolerance asks.
    """
    example = examples.spline() if example is None else example
    chains, own = chains_of_grid(example)
    axes, drawing = _rounds_drawing(chains, own)
    return Explorer(
        name="collapse explorer",
        control="tolerance <i>ε</i>",
        labels=[f"{chain.tolerance:g}" for chain in chains],
        position=cache(lambda index: _position(chains[index], axes)),
        numbers=_NUMBERS,
        drawings=[_NORM_DRAWING, drawing],
        start=(own, min(1, chains[own].rounds)),
    )


def _condition(chain):
    return chain.eigenvalues[-1] / chain.eigenvalues[0]


def _guaranteed(chain):
    return float(bounds.guaranteed_rounds(chain.norm_ratios[0], _condition(chain)))


def _curve_interval(chain):
    return bounds.rounds_curve_interval(chain.eigenvalues, chain.coordinates, chain.tolerance)


def _position(chain, axes):
    rounds = np.arange(chain.rounds + 1)
    paper = bounds.norm_ratio_bound(rounds, chain.norm_ratios[0], _condition(chain))
    lower = chain.norm_ratios[0] - rounds
    low, high = _curve_interval(chain)
    every = {
        "position": f"{chain.tolerance:g}",
        "rounds": f"{chain.rounds}",
        "interval": f"{low}" if low == high else f"{low} to {high}",
        "guaranteed": f"{_guaranteed(chain):.5f}",
    }
    numbers = {name: [value] * len(rounds) for name, value in every.items()}
    numbers |= {
        "round": round_texts(chain),
        "norm-ratio": [f"{ratio:.3f}" for ratio in chain.norm_ratios],
        "lower": [f"{bound:.3f}" for bound in lower],
        "paper": [f"{bound:.3f}" if bound > 0 else "below zero" for bound in paper],
    }
    across = axes.across(chain.tolerance)
    marks = f'<path class="line" stroke="{plotting.INK}" d="M{across:.1f},{TOP}V{BOTTOM}"/>'
    marks += axes.dots([chain.tolerance], [chain.rounds], 6, f' fill="{plotting.INK}"')
    return Position(numbers, [_norms(chain, lower, paper), marks])


_NORM_DRAWING = Drawing(
    "A dot a round falls towards the band of collapse, below a dotted and above a dashed line. The "
    "dash-dotted line of the paper has fallen into the band after one round.",
    "all",
    names(f"norm of the targets {letter('r')}", f"round {letter('t')}"),
)


def _norms(chain, lower, paper):
    """Return the norms of all rounds between their bounds, with axes that fit them."""
    ratios = chain.norm_ratios
    rounds = np.arange(len(ratios))
    last = max(rounds[-1], 1)
    axes = Axes((-0.04 * last, 1.04 * last), (0, 1.12 * max(ratios[0], 1)))
    times = np.linspace(0, last, 41)
    above = np.sqrt(np.maximum(ratios[0] ** 2 - times, 0))
    said = rounds <= np.argmax(np.append(paper, 0.0) <= 1)  # no chain comes below one
    ticks = whole_ticks(int(np.floor(axes.y[1])), 6)
    band = axes.up(1)
    marks = axes.ticks_y(ticks) + axes.ticks_x(whole_ticks(int(last)))
    marks += (
        f'<rect x="{LEFT}" y="{band:.1f}" width="{RIGHT - LEFT}" height="{BOTTOM - band:.1f}" '
        f'fill="{plotting.MUTED}" opacity="0.15"/>'
    )
    for look, color, x, y in (
        ("dotted", plotting.BLUE, times, above),
        ("dashed", plotting.BLUE, rounds, lower),
        ("dash-dotted", plotting.VERMILLION, rounds[said], paper[said]),
    ):
        if len(x) > 1:
            marks += f'<path class="line {look}" stroke="{color}" d="{axes.path(x, y)}"/>'
    marks += _bound_names(axes, ratios, rounds, last)
    colors = plotting.round_colors(chain.rounds) if chain.rounds else []
    dots = round_dots(axes, rounds, ratios, [*colors, plotting.MUTED])
    word = text(CENTRE, BOTTOM - 5, "collapsed: the fit is zero", "middle")
    return marks + word + dots


def _bound_names(axes, ratios, rounds, last):
    """Return the names of the bounds, each beside its line."""
    place = 0.62 * last
    above = axes.up(np.sqrt(max(ratios[0] ** 2 - place, 0)))
    below = axes.up(ratios[0] - 0.5 * last)
    blue, paper = f' fill="{plotting.BLUE}"', f' fill="{plotting.VERMILLION}"'
    steep = axes.up(1 + 0.35 * (ratios[0] - 1))
    return (
        text(axes.across(place), above - 7, "at most", "middle", blue)
        + text(axes.across(0.5 * last) - 8, below + 14, "at least", "end", blue)
        + text(axes.across(0) + 4, min(steep + 30, BOTTOM - 24), "paper", "start", paper)
    )


def _rounds_drawing(chains, own):
    """Return the drawing of the number of rounds over the tolerance, and its axes."""
    tolerances = np.array([chain.tolerance for chain in chains])
    intervals = np.array([_curve_interval(chain) for chain in chains])
    guaranteed = np.array([_guaranteed(chain) for chain in chains])
    counts = np.array([chain.rounds for chain in chains])
    lowest = np.floor(np.log10(guaranteed.min()))
    highest = np.ceil(np.log10(intervals.max()))
    axes = Axes((tolerances[0] / 1.1, tolerances[-1] * 1.1), (10.0**lowest, 10.0**highest), "xy")
    powers = range(int(lowest), int(highest) + 1)
    lines = "".join(
        f'<path class="line dashed" stroke="{plotting.BLUE}" '
        f'd="{axes.path(tolerances, np.maximum(bound, axes.y[0]))}"/>'
        for bound in intervals.T
    )
    lines += (
        f'<path class="line dash-dotted" stroke="{plotting.VERMILLION}" '
        f'd="{axes.path(tolerances, guaranteed)}"/>'
    )
    lines += axes.dots(tolerances, np.maximum(counts, axes.y[0]), 2.5, f' fill="{plotting.INK}"')
    left = axes.across(tolerances[0])
    words = text(
        left, axes.up(intervals[0, 0]) + 24, "by the curve, from both sides",
        look=f' fill="{plotting.BLUE}"',
    ) + text(
        left, axes.up(guaranteed[0]) - 8, "guaranteed by the paper",
        look=f' fill="{plotting.VERMILLION}"',
    )  # fmt: skip
    ends = {value: f"{value:g}" for value in tolerances[[0, own, -1]]}
    drawing = Drawing(
        "Over the tolerance: the number of rounds as dots between two dashed lines close to them, "
        "and the paper's guarantee far below.",
        "all",
        names(f"number of rounds {letter('T')}", f"tolerance {letter('ε')}")
        + axes.ticks_x(ends)
        + axes.ticks_y({10.0**power: power_of_ten(power) for power in powers})
        + lines
        + words,
    )
    return axes, drawing
