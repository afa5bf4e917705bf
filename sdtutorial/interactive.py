"""The slider of the book: the spline example under any tolerance, at any round.

On the site there is no kernel. There the slider is a piece of HTML with a script of its own, which
shows values that this module computed beforehand; it asks no server for anything. In Jupyter and
Colab it is made of ipywidgets and computes while the reader moves it. Both draw the same picture
from the same values.
"""

import json
from dataclasses import dataclass
from html import escape
from importlib import resources

import numpy as np

from sdtutorial import examples, notebook, plotting
from sdtutorial.distillation import distill
from sdtutorial.kernels import cross_matrix

_POINTS = np.linspace(0, 1, 65)
_LOWEST_POWER = -10  # of ten: where the axis of the filters ends

# The two drawings, in the units of their view boxes: a telephone shows one unit as about a pixel.
_WIDTH, _HEIGHT = 360, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 352, 26, 212

#: What the slider can draw: the fits, their error by round, and the filters of a round.
DRAWINGS = ("fits", "errors", "filters")


def spline_explorer(example=None, drawings=DRAWINGS):
    """Return sliders for the tolerance and the round of a chain, with pictures of what it does.

    Parameters
    ----------
    example : Example, optional
        The spline example of the paper by default; any other must have its points in [0, 1].
    drawings : sequence of str, optional
        Which of `DRAWINGS` are shown, in this order. Without the filters the numbers that belong to
        them are left out too.

    Returns
    -------
    Explorer or ipywidgets.VBox
        While the site is built (`sdtutorial.notebook.runtime` says "book") an object whose HTML
        works without a kernel; elsewhere a widget that computes as it is moved.

    Raises
    ------
    InfeasibleToleranceError
        If no function comes as close to the labels as the smallest tolerance asks.
    ValueError
        If a drawing has another name than those of `DRAWINGS`.
    """
    if unknown := set(drawings) - set(DRAWINGS):
        raise ValueError(f"drawings are among {DRAWINGS}, not {sorted(unknown)}")
    example = examples.spline() if example is None else example
    show = Explorer if notebook.runtime() == "book" else _widget
    return show(example, tuple(drawings))


def tolerance_grid(example):
    """Return the tolerances between which the slider moves.

    Parameters
    ----------
    example : Example

    Returns
    -------
    ndarray
        Ascending, evenly spaced in their logarithm but for rounding to three digits, from an
        eighth of the example's own tolerance to three times it, and that one among them.
    """
    below = np.geomspace(1 / 8, 1, 13)
    above = np.geomspace(1, 3, 8)[1:]
    factors = np.concatenate([below, above])
    return np.array([float(f"{factor * example.tolerance:.3g}") for factor in factors])


def chain_values(example, tolerance):
    """Compute what the slider shows of one chain.

    Parameters
    ----------
    example : Example
    tolerance : float

    Returns
    -------
    dict
        Ready for JSON. ``tolerance``; ``rounds``, the number T before collapse; and lists over the
        rounds: ``colors``, ``fits`` (values at 65 points of [0, 1], three decimals),
        ``log_filters`` (powers of ten, two decimals), each with T entries, and, as text,
        ``multipliers``, ``norm_ratios`` and ``errors`` with T + 1: the last belongs to the zero
        function.

    Raises
    ------
    InfeasibleToleranceError, TypeError, ValueError
        As `sdtutorial.distill`.
    """
    chain = distill(example.gram, example.y, tolerance)
    errors = [
        *examples.integrated_squared_error(chain, example),
        examples.integrated_squared_error(_Zero(), example),
    ]
    fits = chain.predict(cross_matrix(example.kernel, _POINTS, example.x))
    powers = np.maximum(chain.log_filters / np.log(10), _LOWEST_POWER)
    return {
        "tolerance": f"{tolerance:g}",
        "rounds": chain.rounds,
        "colors": plotting.round_colors(chain.rounds) if chain.rounds else [],
        "fits": [[_rounded(value, 3) for value in fit] for fit in fits],
        "log_filters": [[_rounded(power, 2) for power in row] for row in powers],
        "multipliers": [*map(notebook.scientific, chain.multipliers), "∞"],
        "norm_ratios": [f"{ratio:.3f}" for ratio in chain.norm_ratios],
        "errors": [f"{error:.4f}" for error in errors],
    }


@dataclass(frozen=True)
class _Zero:
    """The zero function, which follows the last round."""

    multiplier: float = np.inf

    def predict(self, cross):
        return np.zeros(len(cross))


def _rounded(value, digits):
    """Round so that JSON needs few characters; a whole number loses its point."""
    value = round(float(value), digits)
    return int(value) if value == int(value) else value


class Explorer:
    """The slider as HTML that works without a kernel.

    Parameters
    ----------
    example : Example
    drawings : sequence of str, optional
        Which of `DRAWINGS` are shown.
    """

    def __init__(self, example, drawings=DRAWINGS):
        self._example = example
        self._drawings = drawings
        self._chains = [chain_values(example, value) for value in tolerance_grid(example)]
        own = np.argmin(np.abs(tolerance_grid(example) - example.tolerance))
        self._tolerance = int(own)
        self._round = min(1, self._chains[own]["rounds"])

    def __repr__(self):
        return "<spline explorer>"

    def _repr_html_(self):
        start = self._chains[self._tolerance]
        data = {
            "chains": self._chains,
            "frame": {
                "left": _LEFT,
                "right": _RIGHT,
                "top": _TOP,
                "bottom": _BOTTOM,
                "height": _function_height(self._example),
                "highest_error": _highest_error(self._example),
                "lowest": _LOWEST_POWER,
                "muted": plotting.MUTED,
            },
        }
        # Inside a script element nothing is escaped, so no "</" may stand there.
        values = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
        return f"""<div class="sdt-explorer" style="{_colors()}">
<style>
{_file_beside("interactive.css")}</style>
<form class="sdt-controls" hidden autocomplete="off">
<label><span>tolerance <i>ε</i></span><small>{self._chains[0]["tolerance"]}</small>
<input type="range" name="tolerance" min="0" max="{len(self._chains) - 1}" step="1"
 value="{self._tolerance}" aria-valuetext="{start['tolerance']}">
<small>{self._chains[-1]["tolerance"]}</small></label>
<label><span>round <i>t</i></span><small>0</small>
<input type="range" name="round" min="0" max="{start['rounds']}" step="1"
 value="{self._round}" aria-valuetext="{self._round}">
<small data-value="rounds">{start['rounds']}</small></label>
<button type="button" class="sdt-play">Play the rounds</button>
</form>
<noscript><p>The sliders need JavaScript. The picture shows one round of the example.</p></noscript>
<div class="sdt-state">{_state(self._example, start, self._round, self._drawings)}</div>
<script type="application/json">{values}</script>
<script>
{_file_beside("interactive.js")}</script>
</div>"""


def _file_beside(name):
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def _colors():
    """Return the colours of the figures, as the style sheet names them."""
    names = {"blue": plotting.BLUE, "ink": plotting.INK, "grid": plotting.GRID}
    return "; ".join(f"--sdt-{name}: {color}" for name, color in names.items())


def _widget(example, drawings=DRAWINGS):
    """Return the slider made of ipywidgets."""
    import ipywidgets

    grid = tolerance_grid(example)
    own = int(np.argmin(np.abs(grid - example.tolerance)))
    style = {"description_width": "7em"}
    tolerance = ipywidgets.SelectionSlider(
        options=[(f"{value:g}", float(value)) for value in grid],
        index=own,
        description="tolerance ε",
        style=style,
        layout={"width": "26em"},
    )
    t = ipywidgets.IntSlider(
        min=0, max=0, description="round t", style=style, layout={"width": "26em"}
    )
    view = ipywidgets.HTML()
    values = {}

    def show(_=None):
        view.value = (
            f'<div class="sdt-explorer sdt-widget" style="{_colors()}">'
            f"<style>\n{_file_beside('interactive.css')}</style>"
            f"{_state(example, values['chain'], t.value, drawings)}</div>"
        )

    def run(_=None):
        values["chain"] = chain_values(example, tolerance.value)
        t.max = values["chain"]["rounds"]  # moves the round back where the chain has fewer
        show()

    tolerance.observe(run, "value")
    t.observe(show, "value")
    run()
    t.value = min(1, t.max)
    return ipywidgets.VBox([tolerance, t, view])


# ---------------------------------------------------------------------------------------------
# What is seen at one tolerance and round. interactive.js repeats `_fits`, `_bars`, `_errors` and
# the texts.
# ---------------------------------------------------------------------------------------------


def _state(example, values, t, drawings=DRAWINGS):
    """Return the numbers and the drawings for round t of the chain with these values."""
    rounds = values["rounds"]
    collapsed = ", collapsed to zero" if t == rounds else ""
    entries = {
        "tolerance": ("tolerance <i>ε</i>", values["tolerance"]),
        "round": ("round <i>t</i>", f"{t}{collapsed}"),
        "rounds": ("rounds before collapse <i>T</i>", f"{rounds}"),
        "multiplier": ("multiplier <i>c<sub>t</sub></i>", values["multipliers"][t]),
        "norm-ratio": ("norm of the targets <i>r<sub>t</sub></i>", values["norm_ratios"][t]),
        "error": ("squared distance to the truth", values["errors"][t]),
    }
    if "filters" not in drawings:
        del entries["multiplier"], entries["norm-ratio"]
    numbers = "".join(
        f'<div><dt>{name}</dt><dd data-value="{key}">{escape(text)}</dd></div>'
        for key, (name, text) in entries.items()
    )
    draw = {"fits": _fit_drawing, "errors": _error_drawing, "filters": _filter_drawing}
    drawn = "".join(draw[name](example, values, t) for name in drawings)
    return (
        f'<div role="status" aria-live="polite" aria-atomic="true"><dl>{numbers}</dl></div>'
        f'<div class="sdt-drawings">{drawn}</div>'
    )


def _function_height(example):
    """Return the function value at the upper edge of the drawing."""
    highest = max(np.abs(example.y).max(), np.abs(example.target(_POINTS)).max())
    return float(f"{1.25 * highest:.2g}")


def _highest_error(example):
    """Return the error at the upper edge of the drawing; that of the zero function lies below."""
    return float(f"{1.2 * examples.integrated_squared_error(_Zero(), example):.2g}")


def _across(share):
    return _LEFT + (_RIGHT - _LEFT) * share


def _up(value, height):
    """Return how far from the upper edge a function value between -height and height is drawn."""
    return (_TOP + _BOTTOM) / 2 - (_BOTTOM - _TOP) / 2 * value / height


def _path(values, height):
    """Return the path through function values at evenly spaced points of [0, 1]."""
    points = zip(np.linspace(0, 1, len(values)), values)
    return "M" + "L".join(f"{_across(x):.1f},{_up(value, height):.1f}" for x, value in points)


def _fits(values, t, height):
    """Return the fits up to round t, the last one strong; the zero function after collapse."""
    paths = [
        f'<path d="{_path(fit, height)}" stroke="{color}" class="{"now" if s == t else "before"}"/>'
        for s, (fit, color) in enumerate(zip(values["fits"], values["colors"]))
        if s <= t
    ]
    if t == values["rounds"]:
        zero = _path([0, 0], height)
        paths.append(f'<path d="{zero}" stroke="{plotting.MUTED}" class="now"/>')
    return "".join(paths)


def _bars(values, t):
    """Return the bars of the filters of round t, hanging from one; after collapse a sentence."""
    if t == values["rounds"]:
        middle = f'x="{(_LEFT + _RIGHT) / 2:.1f}" y="{(_TOP + _BOTTOM) / 2:.1f}"'
        return f'<text {middle} text-anchor="middle">all filters are zero</text>'
    powers = values["log_filters"][t]
    width = (_RIGHT - _LEFT) / len(powers)
    bars = []
    for k, power in enumerate(powers):
        length = (_BOTTOM - _TOP) * power / _LOWEST_POWER
        bars.append(
            f'<rect x="{_LEFT + width * (k + 0.15):.1f}" y="{_TOP:.1f}" '
            f'width="{0.7 * width:.1f}" height="{length:.1f}"/>'
        )
    return f'<g fill="{values["colors"][t]}">{"".join(bars)}</g>'


def _errors(values, t, highest):
    """Return a dot for the error of every round and of the zero function, that of round t large."""
    errors = [min(float(error), highest) for error in values["errors"]]
    places = [(s + 0.5) / len(errors) for s in range(len(errors))]
    points = [
        (_across(place), _BOTTOM - (_BOTTOM - _TOP) * error / highest)
        for place, error in zip(places, errors)
    ]
    line = "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
    stride = 1 + len(errors) // 10  # of the numbers below, so that they stay apart
    marks = [f'<path d="M{line}" stroke="{plotting.MUTED}"/>']
    for s, ((x, y), color) in enumerate(zip(points, [*values["colors"], plotting.MUTED])):
        radius = 7 if s == t else 3.5
        marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{color}"/>')
        if s % stride == 0:
            marks.append(
                f'<text x="{x:.1f}" y="{_BOTTOM + 16}" text-anchor="middle">{s}</text>'
            )
    return "".join(marks)


def _error_drawing(example, values, t):
    highest = _highest_error(example)
    ticks = "".join(
        f'<path class="grid" d="M{_LEFT},{y:.1f}H{_RIGHT}"/>'
        f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.2g}</text>'
        for value in (0, highest / 3, 2 * highest / 3, highest)
        for y in [_BOTTOM - (_BOTTOM - _TOP) * value / highest]
    )
    label = "A dot for every round: the squared distance of its fit from the truth."
    return f"""<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">
<text x="{_LEFT}" y="14">squared distance to the truth</text>
{ticks}<text x="{_across(0.5):.1f}" y="{_BOTTOM + 34}" text-anchor="middle">round
<tspan class="math">t</tspan></text>
<g class="errors">{_errors(values, t, highest)}</g></svg>"""


def _fit_drawing(example, values, t):
    height = _function_height(example)
    ticks = "".join(
        f'<text x="{_across(x):.1f}" y="{_BOTTOM + 16}" text-anchor="middle">{x:g}</text>'
        for x in (0, 0.5, 1)
    )
    for value in (-1, 0, 1):
        if abs(value) <= height:
            y = _up(value, height)
            ticks += (
                f'<path class="grid" d="M{_LEFT},{y:.1f}H{_RIGHT}"/><text x="{_LEFT - 8}" '
                f'y="{y + 4:.1f}" text-anchor="end">{str(value).replace("-", "−")}</text>'
            )
    dots = "".join(
        f'<circle cx="{_across(x):.1f}" cy="{_up(y, height):.1f}" r="3.5"/>'
        for x, y in zip(example.x, example.y)
    )
    label = "The data as dots, the truth as a thin line, and the fits up to the chosen round."
    return f"""<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">
<text x="{_LEFT}" y="14">fits up to round <tspan class="math">t</tspan></text>
{_key()}
{ticks}<text x="{_across(0.5):.1f}" y="{_BOTTOM + 34}" text-anchor="middle">input
<tspan class="math">x</tspan></text>
<path class="truth" d="{_path(example.target(_POINTS), height)}"/>
<g class="fits">{_fits(values, t, height)}</g><g class="data">{dots}</g></svg>"""


def _key():
    """Return what dots and the thin line are, at the upper right."""
    return (
        f'<circle cx="{_RIGHT - 110}" cy="10" r="3.5"/><text x="{_RIGHT - 102}" y="14">data</text>'
        f'<path class="truth" d="M{_RIGHT - 62},10H{_RIGHT - 38}"/>'
        f'<text x="{_RIGHT}" y="14" text-anchor="end">truth</text>'
    )


def _filter_drawing(example, values, t):
    size = len(example.x)
    ticks = ""
    for power in range(0, _LOWEST_POWER - 1, -2):
        y = _TOP + (_BOTTOM - _TOP) * power / _LOWEST_POWER
        text = "1" if power == 0 else f'10<tspan dy="-4" font-size="9">−{-power}</tspan>'
        ticks += (
            f'<path class="grid" d="M{_LEFT},{y:.1f}H{_RIGHT}"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
        )
    for k in range(1, size + 1) if size <= 12 else (1, size):
        x = _across((k - 0.5) / size)
        ticks += f'<text x="{x:.1f}" y="{_BOTTOM + 16}" text-anchor="middle">{k}</text>'
    label = "Bars hang from one: the powers of ten that each direction has lost at this round."
    return f"""<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">
<text x="{_LEFT}" y="14">filter <tspan class="math">B</tspan> at round
<tspan class="math">t</tspan></text>
{ticks}<text x="{_across(0.5):.1f}" y="{_BOTTOM + 34}" text-anchor="middle">direction
<tspan class="math">k</tspan>, smallest eigenvalue first</text>
<g class="bars">{_bars(values, t)}</g></svg>"""
