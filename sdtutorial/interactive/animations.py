"""Two figures of the book step by step: what a round does, and the walk of the targets."""

import numpy as np

from sdtutorial import examples, plotting
from sdtutorial.distillation import distill
from sdtutorial.interactive._drawing import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    Axes,
    Drawing,
    letter,
    names,
    signed,
    text,
)
from sdtutorial.interactive._explorer import Explorer, Position
from sdtutorial.interactive.spline import POINTS, function_axes, round_texts
from sdtutorial.kernels import cross_matrix
from sdtutorial.plotting._style import refuse_given_multiplier


def schematic_animation(example=None):
    """Return the schematic of the paper's Figure 1 step by step: fit, take the values, fit again.

    Parameters
    ----------
    example : Example, optional
        The spline example of the paper by default; any other must have its points in [0, 1].

    Returns
    -------
    Explorer
    """
    example = examples.spline() if example is None else example
    chain = distill(example.gram, example.y, example.tolerance)
    axes = function_axes(example)
    steps, marks = _schematic_steps(example, chain, axes)
    drawing = Drawing(
        "Dots, a curve through them, its values as new dots, a flatter curve through these, and so "
        "on until the curve is zero.",
        "grow",
        names("fit, take its values, fit again", f"input {letter('x')}")
        + axes.ticks_x({0: "0", 0.5: "0.5", 1: "1"})
        + axes.ticks_y({value: signed(value) for value in (-1, 0, 1) if abs(value) <= axes.y[1]}),
    )
    return Explorer(
        name="schematic",
        control="",
        labels=[""],
        position=lambda _: Position({"round": steps}, [marks]),
        numbers={"round": "what is shown"},
        drawings=[drawing],
        start=(0, 1),
        step="step",
        symbol="",
    )


def _schematic_steps(example, chain, axes):
    """Return a text for every step, and the marks: targets in even steps, fits in odd ones."""
    fits = [*chain.predict(cross_matrix(example.kernel, POINTS, example.x)), np.zeros(len(POINTS))]
    colors = [*plotting.round_colors(chain.rounds), plotting.MUTED]
    steps, marks = [], ""
    for t, (targets, fit, color) in enumerate(zip(chain.targets, fits, colors)):
        dots = plotting.INK if t == 0 else colors[t - 1]
        steps.append("the labels" if t == 0 else f"targets {t}: the values of fit {t - 1}")
        steps.append(f"fit {t}" if t < chain.rounds else f"fit {t}: zero, collapsed")
        look = f' fill="{dots}" stroke="none"'
        marks += f'<g data-t="{2 * t}">{axes.dots(example.x, targets, 4.5, look)}</g>'
        marks += f'<path data-t="{2 * t + 1}" stroke="{color}" d="{axes.path(POINTS, fit)}"/>'
    return steps, marks


def walk_animation(chain):
    """Return the walk of a chain in two directions, step by step.

    All steps have one length, and the walk follows the path exp(-s D^{-1}) z_0
    (``thm-arc-length``).

    Parameters
    ----------
    chain : Chain
        With two eigenvalues, both positive, and one label vector.

    Returns
    -------
    Explorer

    Raises
    ------
    ValueError
        If the chain has not exactly two coordinates, a zero eigenvalue or no tolerance.
    """
    refuse_given_multiplier("walk_animation", chain)
    if chain.coordinates.shape != (2,) or not (chain.eigenvalues > 0).all():
        raise ValueError(
            "walk_animation takes a chain with two positive eigenvalues and one label vector, not "
            f"coordinates of shape {chain.coordinates.shape} and eigenvalues {chain.eigenvalues}"
        )
    step = np.sqrt(2 * chain.tolerance)
    axes = _square(chain.target_coordinates, step)
    times = np.sort(np.outer(np.geomspace(1e-4, 30, 60), chain.eigenvalues), axis=None)
    path = np.exp(-times[:, None] / chain.eigenvalues) * chain.coordinates
    radius = step * (RIGHT - LEFT) / (axes.x[1] - axes.x[0])
    origin = axes.dots([0.0], [0.0], radius, f' fill="{plotting.MUTED}" opacity="0.18"')
    drawing = Drawing(
        "Arrows of one length follow a bent path from the labels into a grey disc around zero.",
        "trail",
        names(f"{letter('z')}[2], larger eigenvalue", f"{letter('z')}[1], smaller eigenvalue")
        + origin
        + f'<path class="truth" d="{axes.path(*path.T)}"/>'
        + text(axes.across(step) + 5, axes.up(0) + 4, "collapsed"),
    )
    texts = round_texts(chain)
    norms = [f"{norm:.3f}" for norm in chain.norm_ratios]
    return Explorer(
        name="walk",
        control="",
        labels=[""],
        position=lambda _: Position({"round": texts, "norm": norms}, [_walk(chain, axes, radius)]),
        numbers={"round": "round <i>t</i>", "norm": "distance from zero, in <i>√(Kε)</i>"},
        drawings=[drawing],
        start=(0, chain.rounds),  # the whole walk, where it cannot be moved
    )


def _square(walk, step):
    """Return axes of one scale that hold the walk and the disc around zero."""
    low, high = np.min([*walk - step, [-step, -step]], 0), np.max([*walk + step, [step, step]], 0)
    middle = (low + high) / 2
    scale = max((high - low) / (RIGHT - LEFT, BOTTOM - TOP))
    half = scale * np.array([RIGHT - LEFT, BOTTOM - TOP]) / 2
    return Axes(*zip(middle - half, middle + half))


def _walk(chain, axes, radius):
    """Return of each round its circle, and the step that led to it."""
    places = list(
        zip(axes.across(chain.target_coordinates[:, 0]), axes.up(chain.target_coordinates[:, 1]))
    )
    colors = [*plotting.round_colors(chain.rounds), plotting.MUTED]
    marks = ""
    for t, (x, y) in enumerate(places):
        marks += f'<g data-t="{t}" stroke="{colors[max(t - 1, 0)]}">'
        if t:
            marks += _arrow(places[t - 1], (x, y), colors[t - 1])
        if t < chain.rounds:
            marks += (
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="none" '
                f'stroke="{colors[t]}" stroke-width="1"/>'
            )
        marks += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colors[t]}" stroke="none"/></g>'
    return marks


def _arrow(start, end, color):
    start, end = np.array(start), np.array(end)
    along = (end - start) / np.hypot(*(end - start))
    across = np.array([-along[1], along[0]])
    corners = [end, end - 9 * along + 4 * across, end - 9 * along - 4 * across]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    foot = end - 7 * along
    return (
        f'<path d="M{start[0]:.1f},{start[1]:.1f}L{foot[0]:.1f},{foot[1]:.1f}"/>'
        f'<polygon points="{points}" fill="{color}" stroke="none"/>'
    )
