"""The mechanism of all figures with sliders: which marks are shown at which position."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from importlib import resources

from sdtutorial import notebook, plotting


@dataclass(frozen=True)
class Position:
    """What is shown at one position of the first slider.

    Attributes
    ----------
    numbers : dict of str to list of str
        For each name of `Explorer.numbers` its text in every round; "round" says which one it is.
    marks : list of str
        For each drawing its SVG. What belongs to a round has its number as attribute ``data-t``.
    """

    numbers: dict
    marks: list


@dataclass(frozen=True, eq=False, repr=False)
class Explorer:
    """A figure with a slider for the round, and one before it for a parameter.

    The functions of this module make them; a notebook shows one as the result of a cell.

    Attributes
    ----------
    name : str
    control : str
        What the first slider moves, as HTML.
    labels : list of str
        Its positions. If there is one alone, there is no such slider.
    position : callable
        Computes what is shown at the position of a number.
    numbers : dict of str to str
        Names of the numbers that are shown, as HTML, by the keys of `Position.numbers`.
    drawings : list of Drawing
    start : (int, int)
        The position and the round that are shown first.
    step : str
        What the second slider counts.
    symbol : str
        Its letter.
    first : int
        Where it begins.
    choice : bool
        Whether the first control is a list of names in the place of a slider.
    """

    name: str
    control: str
    labels: list
    position: Callable
    numbers: dict
    drawings: list
    start: tuple
    step: str = "round"
    symbol: str = "t"
    first: int = 0
    choice: bool = False

    def __repr__(self):
        return f"<{self.name}>"

    def _repr_mimebundle_(self, **_):
        bundle = {"text/plain": repr(self)}
        runtime = notebook.runtime()
        if runtime == "book":
            return bundle | {"text/html": self.page()}
        bundle["text/html"] = self.picture()  # where there are no widgets
        if runtime in ("jupyter", "colab"):
            view = {"version_major": 2, "version_minor": 0, "model_id": self.widget().model_id}
            bundle["application/vnd.jupyter.widget-view+json"] = view
        return bundle

    def page(self):
        """Return the figure as HTML that works without a kernel.

        Returns
        -------
        str
        """
        positions = [self.position(index) for index in range(len(self.labels))]
        index, t = self.start
        data = {"first": self.first, "positions": [vars(position) for position in positions]}
        # Inside a script element nothing is escaped, so no "</" may stand there.
        values = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
        return f"""<div class="sdt-explorer" style="{_colors()}">
<style>
{_file_beside("explorer.css")}</style>
<form class="sdt-controls" hidden autocomplete="off">
{self._first_control(index)}{self._second_control(positions[index], t)}
<button type="button" class="sdt-play" data-step="{self.step}">Play the {self.step}s</button>
</form>
<noscript><p>The controls need JavaScript. The picture shows one {self.step}.</p></noscript>
<div class="sdt-state">{self._state(positions[index], t)}</div>
<script type="application/json">{values}</script>
<script>
{_file_beside("explorer.js")}</script>
</div>"""

    def picture(self):
        """Return the figure as it is shown first, as HTML without a script.

        Returns
        -------
        str
        """
        return self._view(self.position(self.start[0]), self.start[1])

    def widget(self):
        """Return the figure made of ipywidgets, which computes as it is moved.

        Returns
        -------
        ipywidgets.VBox
        """
        import ipywidgets

        wide = {"style": {"description_width": "8em"}, "layout": {"width": "28em"}}
        kind = ipywidgets.Dropdown if self.choice else ipywidgets.SelectionSlider
        options = [(label, index) for index, label in enumerate(self.labels)]
        control = kind(
            options=options, index=self.start[0], description=_plain(self.control), **wide
        )
        name = f"{self.step} {self.symbol}"
        t = ipywidgets.IntSlider(
            min=self.first, max=self.first, value=self.first, description=name, **wide
        )
        view = ipywidgets.HTML()
        shown = {}

        def show(_=None):
            view.value = self._view(shown["position"], t.value)

        def move(_=None):
            shown["position"] = self.position(control.value)
            # The slider moves the round back where there are fewer.
            t.max = self.first + len(shown["position"].numbers["round"]) - 1
            show()

        control.observe(move, "value")
        t.observe(show, "value")
        move()
        t.value = self.start[1]
        return ipywidgets.VBox([control, t, view] if len(self.labels) > 1 else [t, view])

    def _first_control(self, index):
        if len(self.labels) == 1:
            return f'<input type="hidden" name="position" value="{index}">'
        if self.choice:
            options = "".join(
                f'<option value="{place}"{" selected" * (place == index)}>{escape(label)}</option>'
                for place, label in enumerate(self.labels)
            )
            return f'<label><span>{self.control}</span><select name="position">{options}</select></label>\n'
        return f"""<label><span>{self.control}</span><small>{self.labels[0]}</small>
<input type="range" name="position" min="0" max="{len(self.labels) - 1}" step="1"
 value="{index}" aria-valuetext="{self.labels[index]}" data-labels="{escape(json.dumps(self.labels))}">
<small>{self.labels[-1]}</small></label>
"""

    def _second_control(self, position, t):
        texts = position.numbers["round"]
        last = self.first + len(texts) - 1
        return f"""<label><span>{self.step} <i>{self.symbol}</i></span><small>{self.first}</small>
<input type="range" name="round" min="{self.first}" max="{last}" step="1"
 value="{t}" aria-valuetext="{escape(texts[t - self.first])}">
<small class="sdt-last">{last}</small></label>"""

    def _state(self, position, t):
        """Return the numbers and the drawings at one position and round."""
        numbers = "".join(
            f'<div><dt>{name}</dt><dd data-value="{key}">'
            f"{escape(position.numbers[key][t - self.first])}</dd></div>"
            for key, name in self.numbers.items()
        )
        drawn = "".join(
            drawing.svg(seen(marks, t)) for drawing, marks in zip(self.drawings, position.marks)
        )
        return (
            f'<div role="status" aria-live="polite"><dl>{numbers}</dl></div>'
            f'<div class="sdt-drawings">{drawn}</div>'
        )

    def _view(self, position, t):
        return (
            f'<div class="sdt-explorer sdt-widget" style="{_colors()}">'
            f"<style>\n{_file_beside('explorer.css')}</style>{self._state(position, t)}</div>"
        )


def seen(marks, t):
    """Say of each mark whether its round is past, now or later; `explorer.js` does the same."""

    def when(match):
        s = int(match[1])
        return f'data-t="{s}" class="{"now" if s == t else "past" if s < t else "later"}"'

    return re.sub(r'data-t="(\d+)"', when, marks)


def _plain(markup):
    return re.sub("<[^>]*>", "", markup)


def _file_beside(name):
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def _colors():
    """Return the colours of the figures, as the style sheet names them."""
    names = {"blue": plotting.BLUE, "ink": plotting.INK, "grid": plotting.GRID}
    return "; ".join(f"--sdt-{name}: {color}" for name, color in names.items())
