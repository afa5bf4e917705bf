"""One fit, fits of fits and fits of residuals side by side: filters, and what becomes of the dots."""

from functools import cache

import numpy as np

from sdtutorial import examples, filters, notebook, plotting
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
    power_of_ten,
    text,
)
from sdtutorial.interactive._explorer import Explorer, Position
from sdtutorial.interactive.spline import function_axes, function_drawing
from sdtutorial.kernels import cross_matrix

_MULTIPLIERS = [float(f"{step}e{power}") for power in range(-6, -2) for step in (1, 2, 5)] + [1e-2]
_FITS = range(1, 9)
_CURVE = np.linspace(0, 1, 41)

# Colour and dashes of each method, as in the figures of the chapter.
_METHODS = {
    "ridge": ("one ridge fit", filters.ridge, plotting.MUTED, ""),
    "refit": ("fits of fits", filters.self_distillation, plotting.BLUE, ""),
    "boost": ("fits of residuals", filters.boosting, plotting.GREEN, " dashed"),
}
_NUMBERS = {
    "position": "multiplier <i>c</i>",
    "round": "fits <i>n</i>",
    "ridge": "squared distance to the truth: one fit",
    "refit": "fits of fits",
    "boost": "fits of residuals",
}


def filter_explorer(example=None):
    """Return sliders for the multiplier and the number of fits, with three methods side by side.

    Left what is kept of a direction with eigenvalue d: s = d / (c + d) by one ridge fit, s^n by n
    fits of fits, which is self-distillation, and 1 - (1 - s)^n by n fits of residuals, which is
    boosting (``eq-filters-share``, ``prp-mirror-images``). Right the curves that they draw.

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
    axes = _share_axes(chain.eigenvalues)
    return Explorer(
        name="filter explorer",
        control="multiplier <i>c</i>",
        labels=[notebook.scientific(c, 1) for c in _MULTIPLIERS],
        position=cache(lambda index: _position(example, chain, axes, _MULTIPLIERS[index])),
        numbers=_NUMBERS,
        drawings=[_share_drawing(axes, chain.eigenvalues), _curve_drawing(example)],
        start=(6, 4),
        step="fit",
        symbol="n",
        first=1,
    )


def _kept(method, eigenvalues, multiplier, fits):
    function = _METHODS[method][1]
    return function(eigenvalues, multiplier, *([] if method == "ridge" else [fits]))


class _Fit:
    """The fit whose coordinates are those of the labels times a filter."""

    multiplier = 1.0

    def __init__(self, chain, kept):
        self._weights = chain.eigenvectors @ (kept / chain.eigenvalues * chain.coordinates)

    def predict(self, cross):
        return cross @ self._weights


def _position(example, chain, axes, multiplier):
    errors, shares, curves = {}, _level(axes, multiplier), ""
    cross = cross_matrix(example.kernel, _CURVE, example.x)
    values = np.geomspace(*axes.x, 41)
    plane = function_axes(example)
    for method, (_, _, color, dashes) in _METHODS.items():
        errors[method] = []
        for n in _FITS:
            fit = _Fit(chain, _kept(method, chain.eigenvalues, multiplier, n))
            errors[method].append(f"{examples.integrated_squared_error(fit, example):.4f}")
            if method == "ridge" and n > 1:
                continue
            mark = "" if method == "ridge" else f' data-t="{n}"'
            look = f'stroke="{color}" class="line{dashes}"'
            kept = _kept(method, values, multiplier, n)
            shares += f'<g{mark}><path {look} d="{axes.path(values, kept)}"/></g>'
            curves += f'<g{mark}><path {look} d="{plane.path(_CURVE, fit.predict(cross))}"/></g>'
    numbers = {
        "position": [notebook.scientific(multiplier, 1)] * len(_FITS),
        "round": [f"{n}" for n in _FITS],
        **errors,
    }
    return Position(numbers, [shares, curves])


def _share_axes(eigenvalues):
    """Return axes from a tenth of the smallest multiplier to the largest eigenvalue and more."""
    return Axes((_MULTIPLIERS[0] / 3, 3 * max(eigenvalues[-1], _MULTIPLIERS[-1])), (0, 1), "x")


def _level(axes, multiplier):
    """Return the line where one ridge fit keeps one half."""
    across = axes.across(multiplier)
    line = f'<path stroke="{plotting.MUTED}" d="M{across:.1f},{TOP}V{BOTTOM}"/>'
    side, anchor = (5, "start") if across < (LEFT + RIGHT) / 2 else (-5, "end")
    return line + text(across + side, BOTTOM - 6, f"{letter('d')} = {letter('c')}", anchor)


def _share_drawing(axes, eigenvalues):
    powers = range(int(np.ceil(np.log10(axes.x[0]))), int(np.floor(np.log10(axes.x[1]))) + 1)
    marks = "".join(
        f'<path stroke="{plotting.INK}" d="M{place:.1f},{BOTTOM}v-7"/>'
        for place in axes.across(eigenvalues)
    )
    return Drawing(
        "Three curves over the eigenvalue: one ridge fit in the middle, fits of residuals to its "
        "left, fits of fits to its right. Ticks mark the eigenvalues of the example.",
        "only",
        names("share kept", f"eigenvalue {letter('d')}")
        + _key(RIGHT - 224)
        + axes.ticks_x({10.0**power: power_of_ten(power) for power in powers})
        + axes.ticks_y({0: "0", 0.5: "0.5", 1: "1"})
        + marks,
    )


def _key(left):
    """Return the looks of the methods with their short names, above a drawing."""
    texts = ""
    for name, width, (_, _, color, dashes) in zip(
        ("one fit", "fits of fits", "of residuals"), (66, 84, 0), _METHODS.values()
    ):
        texts += f'<path class="line{dashes}" stroke="{color}" d="M{left},10h16"/>'
        texts += text(left + 19, 14, name, look=' font-size="11"')
        left += width
    return texts


def _curve_drawing(example):
    return function_drawing(
        example,
        "what each makes of the dots",
        "The data as dots, the truth as a thin line, and the curve of each of the three methods.",
        "only",
    )
