"""The mechanism: what the script chooses is what the package draws, on every figure with sliders."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from sdtutorial.interactive import _explorer

VOID = {"input", "br", "img", "meta", "link"}
NAMES = ("spline", "two drawings", "collapse", "filters", "schematic", "walk", "networks")
each_explorer = pytest.mark.parametrize("name", NAMES)


class Outline(HTMLParser):
    """Checks that every element is closed in order; collects elements and their attributes."""

    def __init__(self, html):
        super().__init__()
        self.open, self.elements = [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def embedded(html):
    (text,) = re.findall(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    return json.loads(text)


@each_explorer
def test_the_html_is_well_formed_small_and_asks_nobody(explorers, name):
    html = explorers[name].page()
    assert len(html.encode()) < 250_000
    for tag, attributes in Outline(html).elements:
        assert not {"src", "href", "id", "onclick"} & attributes.keys(), tag
    assert "http" not in html and "import" not in html and "fetch(" not in html


@each_explorer
def test_the_html_speaks_to_a_screen_reader(explorers, name):
    html = explorers[name].page()
    elements = Outline(html).elements
    sliders = [attributes for _, attributes in elements if attributes.get("type") == "range"]
    assert sliders and all(slider["aria-valuetext"] for slider in sliders)
    moved = [attributes for tag, attributes in elements if tag in ("select", "input")]
    assert html.count("<label>") == len([a for a in moved if a.get("type") != "hidden"])
    assert any(attributes.get("aria-live") == "polite" for _, attributes in elements)
    assert all(len(attributes["aria-label"]) > 20 for tag, attributes in elements if tag == "svg")
    assert "<noscript>" in html
    # A role on the list itself would take its terms and values out of it.
    assert [attributes for tag, attributes in elements if tag == "dl"] == [{}]


@each_explorer
def test_every_position_has_a_text_for_every_round_and_marks_for_every_drawing(explorers, name):
    explorer = explorers[name]
    data = embedded(explorer.page())
    assert len(data["positions"]) == len(explorer.labels)
    for position in data["positions"]:
        assert set(position["numbers"]) >= set(explorer.numbers)
        assert {len(texts) for texts in position["numbers"].values()} == {
            len(position["numbers"]["round"])
        }
        assert len(position["marks"]) == len(explorer.drawings)
        last = data["first"] + len(position["numbers"]["round"]) - 1
        rounds = [
            int(t) for marks in position["marks"] for t in re.findall(r'data-t="(\d+)"', marks)
        ]
        assert min(rounds) == data["first"] and max(rounds) == last


@each_explorer
def test_nothing_is_drawn_outside_the_drawing(explorers, name):
    for position in embedded(explorers[name].page())["positions"]:
        for marks in position["marks"]:
            across = [float(value) for value in re.findall(r'(?:cx|x)="(-?[\d.]+)"', marks)]
            down = [float(value) for value in re.findall(r'(?:cy|y)="(-?[\d.]+)"', marks)]
            assert all(0 <= value <= 360 for value in across)
            assert all(0 <= value <= 250 for value in down)


@each_explorer
def test_sliders_say_where_they_end(explorers, name):
    explorer = explorers[name]
    texts = explorer.position(explorer.start[0]).numbers["round"]
    ends = re.findall(r"<small[^>]*>(.*?)</small>", explorer.page())
    assert ends[-2:] == [f"{explorer.first}", f"{explorer.first + len(texts) - 1}"]
    if len(explorer.labels) > 1 and not explorer.choice:
        assert ends[:2] == [explorer.labels[0], explorer.labels[-1]]


def test_marks_are_past_now_or_later():
    marks = '<path data-t="0" d=""/><g data-t="1"></g><g data-t="2"></g><path d=""/>'
    assert _explorer.seen(marks, 1) == (
        '<path data-t="0" class="past" d=""/><g data-t="1" class="now"></g>'
        '<g data-t="2" class="later"></g><path d=""/>'
    )


def test_text_in_the_data_cannot_end_the_script(explorers):
    explorer = replace(explorers["networks"], name="x")
    position = explorer.position(0)
    hostile = replace(position, numbers=position.numbers | {"test": ["</script>"] * 8})
    html = replace(explorer, position=lambda index: hostile).page()
    assert html.count("</script>") == 2
    Outline(html)


# --- in Jupyter and Colab ----------------------------------------------------------------------


def mimes(explorer):
    return set(explorer._repr_mimebundle_())


@each_explorer
def test_the_runtime_decides_what_is_shown(monkeypatch, explorers, name):
    widget = "application/vnd.jupyter.widget-view+json"
    monkeypatch.setenv("SDTUTORIAL_RUNTIME", "book")
    assert mimes(explorers[name]) == {"text/plain", "text/html"}
    assert "<script>" in explorers[name]._repr_mimebundle_()["text/html"]
    monkeypatch.setenv("SDTUTORIAL_RUNTIME", "script")
    assert mimes(explorers[name]) == {"text/plain", "text/html"}
    for runtime in ("jupyter", "colab"):
        monkeypatch.setenv("SDTUTORIAL_RUNTIME", runtime)
        bundle = explorers[name]._repr_mimebundle_()
        assert set(bundle) == {"text/plain", "text/html", widget}
        assert len(bundle[widget]["model_id"]) > 10


@each_explorer
def test_where_there_are_no_widgets_there_is_a_picture(explorers, name):
    picture = explorers[name].picture()
    Outline(picture)
    assert "<svg" in picture and "<script" not in picture and "<form" not in picture
    assert repr(explorers[name]) not in picture and repr(explorers[name]).startswith("<")


@each_explorer
def test_the_widget_shows_what_the_page_shows(explorers, name):
    explorer = explorers[name]
    *control, t, view = explorer.widget().children
    assert (t.value, t.min) == (explorer.start[1], explorer.first)
    for index in {0, len(explorer.labels) - 1}:
        for slider in control:
            slider.value = index
        position = explorer.position(index)
        assert t.max == explorer.first + len(position.numbers["round"]) - 1
        for t.value in (t.min, t.max):
            assert explorer._state(position, t.value) in view.value
    assert view.value == explorer._view(position, t.value)


def test_the_round_moves_back_where_the_chain_is_shorter(explorers):
    tolerance, t, view = explorers["spline"].widget().children
    tolerance.value = 0
    t.value = t.max
    tolerance.value = len(tolerance.options) - 1
    assert t.value == t.max < 4
    assert f"{t.max}, collapsed to zero" in view.value


# --- in a browser ------------------------------------------------------------------------------


def explorer_of(page, name):
    return page.locator(".sdt-explorer").nth(NAMES.index(name))


def value(explorer, key):
    return explorer.locator(f"[data-value={key}]").inner_text()


def state(explorer):
    return explorer.locator(".sdt-state").inner_html()


MOVE = """(root, [index, t, markup]) => {
    const move = (name, value) => {
        const control = root.querySelector(`[name=${name}]`);
        control.value = value;
        control.dispatchEvent(new Event("input", { bubbles: true }));
    };
    move("position", index);
    move("round", t);
    const expected = document.createElement("div");
    expected.className = "sdt-state";
    expected.innerHTML = markup;
    expected.normalize();
    const shown = root.querySelector(".sdt-state").cloneNode(true);
    shown.normalize();
    return shown.isEqualNode(expected);
}"""


def test_the_script_shows_what_the_package_draws(page, explorers):
    """Every position at its first, second and last round, element by element."""
    for name, explorer in explorers.items():
        root = explorer_of(page, name)
        for index in range(len(explorer.labels)):
            position = explorer.position(index)
            last = explorer.first + len(position.numbers["round"]) - 1
            for t in {explorer.first, explorer.first + 1, last}:
                markup = explorer._state(position, t)
                assert root.evaluate(MOVE, [index, t, markup]), (name, index, t)


def test_the_keyboard_moves_one_figure_and_only_that(page):
    first, second = explorer_of(page, "spline"), explorer_of(page, "two drawings")
    before = state(second)
    page.keyboard.press("Tab")  # tolerance
    page.keyboard.press("Tab")  # round
    page.keyboard.press("ArrowRight")
    assert value(first, "round") == "2" and value(first, "multiplier") == "3.898 × 10⁻⁴"
    page.keyboard.press("End")
    assert value(first, "round") == "4, collapsed to zero"
    assert first.locator("[name=round]").get_attribute("aria-valuetext") == "4, collapsed to zero"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("End")
    assert value(first, "position") == "0.12"
    assert first.locator("[name=position]").get_attribute("aria-valuetext") == "0.12"
    assert state(second) == before


def test_after_collapse_a_sentence_stands_for_the_bars(page):
    explorer = explorer_of(page, "spline")
    sentence = explorer.get_by_text("all filters are zero")
    assert sentence.is_hidden()
    explorer.locator("[name=round]").press("End")
    assert sentence.is_visible()


def test_the_setting_of_networks_is_chosen_by_name(page, explorers):
    explorer = explorer_of(page, "networks")
    before = value(explorer, "test")
    explorer.locator("select").select_option(explorers["networks"].labels[-1])
    assert value(explorer, "test") != before


def test_the_rounds_play_to_their_end_and_stop(page):
    explorer = explorer_of(page, "spline")
    button = explorer.locator(".sdt-play")
    button.click()
    assert value(explorer, "round") == "2" and button.inner_text() == "Stop"
    button.click()
    page.wait_for_timeout(1100)
    assert value(explorer, "round") == "2"
    button.click()
    page.wait_for_function("document.querySelector('[data-value=round]').textContent.includes('4')")
    assert button.inner_text() == "Play the rounds"


def test_with_less_motion_a_press_is_one_round(page):
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    page.problems.clear()
    explorer = explorer_of(page, "filters")
    button = explorer.locator(".sdt-play")
    before = int(value(explorer, "round"))
    assert button.inner_text() == "Next fit"
    button.click()
    page.wait_for_timeout(1100)
    assert int(value(explorer, "round")) == before + 1


def test_the_figures_fit_the_page_in_both_themes(page):
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    dark = page.evaluate("document.documentElement.dataset.theme") == "dark"
    for drawing in page.locator(".sdt-explorer svg").all():
        assert drawing.bounding_box()["width"] >= 300
        turned = drawing.evaluate("element => getComputedStyle(element).filter")
        assert ("invert(1)" in turned) == dark


OVERLAPS = """svg => {
    const texts = [...svg.querySelectorAll("text")].filter(e => e.checkVisibility());
    const boxes = texts.map(e => e.getBoundingClientRect());
    return texts.flatMap((e, i) => texts.slice(i + 1).filter((_, j) => {
        const [a, b] = [boxes[i], boxes[i + 1 + j]];
        return a.left < b.right - 1 && b.left < a.right - 1
            && a.top < b.bottom - 3 && b.top < a.bottom - 3;
    }).map(other => `${e.textContent} | ${other.textContent}`));
}"""


def test_no_two_texts_lie_on_each_other(page, explorers):
    for name, explorer in explorers.items():
        root = explorer_of(page, name)
        for index in range(len(explorer.labels)):
            root.evaluate(MOVE, [index, explorer.start[1], ""])
            for drawing in root.locator("svg").all():
                assert drawing.evaluate(OVERLAPS) == [], (name, index)
