"""The curves of recorded chains, round by round."""

from functools import cache

import numpy as np

from sdtutorial import plotting
from sdtutorial.interactive._drawing import Axes, Drawing, letter, names, whole_ticks
from sdtutorial.interactive._explorer import Explorer, Position
from sdtutorial.interactive.spline import round_dots
from sdtutorial.networks import analysis

_NUMBERS = {
    "round": "round <i>t</i>",
    "test": "test accuracy, mean",
    "change": "change to round 0, points",
    "interval": "95 % interval of the change",
    "training": "training accuracy, mean",
    "chains": "chains",
}


def accuracy_explorer(groups):
    """Return a choice of settings and a slider for the round: test and training accuracy.

    Dots are means over the chains of a setting, thin lines the chains. The interval is that of the
    paired differences to round 0 (``eq-cifar-interval``).

    Parameters
    ----------
    groups : iterable of sdtutorial.networks.analysis.Chains
        Those with fewer than two rounds are left out.

    Returns
    -------
    sdtutorial.interactive.Explorer

    Raises
    ------
    ValueError
        If none has two rounds.
    """
    shown = [chains for chains in groups if chains.rounds > 1]
    if not shown:
        raise ValueError("no setting has chains of two rounds or more")
    return Explorer(
        name="accuracy explorer",
        control="setting",
        labels=[analysis.title(chains) for chains in shown],
        position=cache(lambda index: _position(shown[index])),
        numbers=_NUMBERS,
        drawings=[
            Drawing(
                f"The {kind} accuracy by round: a thin line a chain, a dot for the mean of a round.",
                "all",
                names(f"{kind} accuracy (%)", f"round {letter('t')}"),
            )
            for kind in ("test", "training")
        ],
        start=(0, 1),
        choice=True,
    )


def _position(chains):
    values = {kind: 100 * chains.common_values(f"{kind}_accuracy") for kind in ("test", "training")}
    test, training = values["test"], values["training"]
    change = analysis.mean_interval(test - test[:, :1])
    numbers = {
        "round": [f"{t}" for t in range(chains.rounds)],
        "test": [f"{mean:.2f} %" for mean in test.mean(0)],
        "change": [_with_sign(mean) for mean in change.mean],
        "interval": [
            f"{_with_sign(low)} to {_with_sign(high)}" if np.isfinite(low) else "one chain alone"
            for low, high in zip(change.low, change.high)
        ],
        "training": [f"{mean:.2f} %" for mean in training.mean(0)],
        "chains": [f"{len(chains.records)}"] * chains.rounds,
    }
    return Position(numbers, [_curves(values[kind]) for kind in ("test", "training")])


def _with_sign(value):
    return f"{round(value, 2) + 0.0:+.2f}".replace("-", "−")  # no minus before zero


def _curves(values):
    """Return thin lines for the chains, and a dot for the mean of each round."""
    rounds = np.arange(values.shape[1])
    low, high = np.floor(values.min()), np.ceil(values.max())
    axes = Axes((-0.3, rounds[-1] + 0.3), (low, max(high, low + 1)))
    stride = max(1, int(np.ceil((axes.y[1] - low) / 5)))
    ticks = {
        value: f"{value:g}" for value in np.arange(low, axes.y[1] + 1, stride) if value <= high
    }
    lines = "".join(
        f'<path stroke="{plotting.MUTED}" opacity="0.45" d="{axes.path(rounds, chain)}"/>'
        for chain in values
    )
    dots = round_dots(axes, rounds, values.mean(0), plotting.round_colors(len(rounds)))
    return axes.ticks_y(ticks) + axes.ticks_x(whole_ticks(rounds[-1])) + lines + dots
