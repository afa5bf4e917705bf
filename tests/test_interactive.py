"""The slider shows the package's own values, on a static page and with a kernel alike."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import sdtutorial as sd
from sdtutorial import examples, interactive, notebook

VOID = {"input", "br", "img", "meta", "link"}


@pytest.fixture(scope="module")
def example():
    return sd.spline()


@pytest.fixture(scope="module")
def html(example):
    return interactive.Explorer(example)._repr_html_()


@pytest.fixture(scope="module")
def embedded(html):
    (text,) = re.findall(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    return json.loads(text)


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


def test_the_tolerances_run_around_the_examples_own(example):
    grid = interactive.tolerance_grid(example)
    assert (np.diff(grid) > 0).all()
    assert grid[0] == pytest.approx(example.tolerance / 8)
    assert grid[-1] == pytest.approx(example.tolerance * 3)
    assert example.tolerance in grid
    assert np.ptp(np.diff(np.log(grid))) < 0.03


def test_the_embedded_values_are_the_packages(example, embedded):
    """Every number on the page, computed anew from its tolerance."""
    grid = interactive.tolerance_grid(example)
    assert [chain["tolerance"] for chain in embedded["chains"]] == [f"{value:g}" for value in grid]
    points = np.linspace(0, 1, 65)
    cross = example.kernel(points, example.x) / len(example.x)
    for shown in embedded["chains"]:
        chain = sd.distill(example.gram, example.y, float(shown["tolerance"]))
        assert shown["rounds"] == chain.rounds
        assert len(shown["colors"]) == chain.rounds
        *multipliers, last = shown["multipliers"]
        assert multipliers == [notebook.scientific(c) for c in chain.multipliers]
        assert last == "∞"
        assert np.array(shown["norm_ratios"], float) == pytest.approx(chain.norm_ratios, abs=5e-4)
        errors = examples.integrated_squared_error(chain, example)
        assert np.array(shown["errors"][:-1], float) == pytest.approx(errors, abs=6e-5)
        assert shown["errors"][-1] == "0.5000"  # the integral of sin^2
        assert np.array(shown["fits"]) == pytest.approx(chain.predict(cross), abs=6e-4)
        powers = np.maximum(np.log10(chain.filters), -10)
        assert np.array(shown["log_filters"]) == pytest.approx(powers, abs=6e-3)


def test_the_page_of_the_paper_is_among_them(embedded):
    (own,) = (chain for chain in embedded["chains"] if chain["tolerance"] == "0.04")
    assert own["rounds"] == 4
    assert own["multipliers"] == [
        "4.885 × 10⁻⁵", "1.710 × 10⁻⁴", "3.898 × 10⁻⁴", "1.070 × 10⁻³", "∞",
    ]  # fmt: skip


def test_the_html_is_well_formed_small_and_asks_nobody(html):
    elements = Outline(html).elements
    assert len(html.encode()) < 200_000
    for tag, attributes in elements:
        assert not {"src", "href", "id", "onclick"} & attributes.keys(), tag
    assert "http" not in html and "import" not in html and "fetch(" not in html


def test_the_html_speaks_to_a_screen_reader(html):
    elements = Outline(html).elements
    sliders = [attributes for tag, attributes in elements if tag == "input"]
    assert [slider["type"] for slider in sliders] == ["range", "range"]
    assert all(slider["aria-valuetext"] for slider in sliders)
    assert html.count("<label>") == 2
    assert any(attributes.get("aria-live") == "polite" for _, attributes in elements)
    assert all(attributes["aria-label"] for tag, attributes in elements if tag == "svg")
    assert "<noscript>" in html


def test_the_numbers_stay_a_list_for_a_screen_reader(html):
    """A role on the list itself would take its terms and values out of it."""
    lists = [attributes for tag, attributes in Outline(html).elements if tag == "dl"]
    assert lists == [{}]


def test_both_sliders_say_where_they_end(html, example):
    grid = interactive.tolerance_grid(example)
    ends = re.findall(r"<small[^>]*>(.*?)</small>", html)
    assert ends == [f"{grid[0]:g}", f"{grid[-1]:g}", "0", "4"]


def test_after_collapse_a_sentence_stands_for_the_bars(example):
    values = interactive.chain_values(example, example.tolerance)
    assert "all filters are zero" in interactive._bars(values, 4)
    assert "all filters are zero" not in interactive._bars(values, 3)


def test_the_picture_is_there_without_a_script(html, embedded):
    """The drawing that the server wrote shows round 1 of the example's own tolerance."""
    drawing = html[html.index("<svg") : html.index("<script")]
    assert drawing.count('class="before"') == drawing.count('class="now"') == 1
    assert drawing.count("<rect") == 9
    assert drawing.count("<circle") == 1 + 9 + 5  # in the key, the data, the rounds with their end


def test_text_in_the_data_cannot_end_the_script(example):
    from dataclasses import replace

    html = interactive.Explorer(replace(example, tolerance=0.05))._repr_html_()
    assert html.count("</script>") == 2


def test_the_runtime_decides_what_is_shown(monkeypatch):
    import ipywidgets

    monkeypatch.setenv("SDTUTORIAL_RUNTIME", "book")
    explorer = interactive.spline_explorer()
    assert repr(explorer) == "<spline explorer>"
    assert isinstance(explorer, interactive.Explorer)
    for runtime in ("jupyter", "colab", "script"):
        monkeypatch.setenv("SDTUTORIAL_RUNTIME", runtime)
        assert isinstance(interactive.spline_explorer(), ipywidgets.VBox)


def values_shown(html):
    return dict(re.findall(r'data-value="([a-z-]+)">(.*?)</dd>', html))


def test_the_widget_computes_what_the_page_shows(monkeypatch, example, embedded):
    monkeypatch.setenv("SDTUTORIAL_RUNTIME", "jupyter")
    tolerance, t, view = interactive.spline_explorer(example).children
    assert t.value == 1 and tolerance.label == "0.04"
    for index, chain in enumerate(embedded["chains"]):
        tolerance.index = index
        assert t.max == chain["rounds"]
        for t.value in range(chain["rounds"] + 1):
            shown = values_shown(view.value)
            assert shown["tolerance"] == chain["tolerance"]
            assert shown["rounds"] == str(chain["rounds"])
            assert shown["multiplier"] == chain["multipliers"][t.value]
            assert shown["norm-ratio"] == chain["norm_ratios"][t.value]
            assert shown["error"] == chain["errors"][t.value]
    Outline(view.value)


def test_the_round_moves_back_where_the_chain_is_shorter(monkeypatch, example):
    monkeypatch.setenv("SDTUTORIAL_RUNTIME", "jupyter")
    tolerance, t, view = interactive.spline_explorer(example).children
    tolerance.index = 0
    t.value = t.max
    tolerance.index = len(tolerance.options) - 1
    assert t.value == t.max < 4
    assert values_shown(view.value)["round"] == f"{t.max}, collapsed to zero"


@pytest.mark.filterwarnings("ignore::sdtutorial.InputWarning")
def test_labels_within_the_tolerance_of_zero_have_no_rounds(example):
    values = interactive.chain_values(example, 1.0)
    assert values["rounds"] == 0 and values["fits"] == [] and values["errors"] == ["0.5000"]
    Outline(interactive._state(example, values, 0))


def test_the_drawings_can_be_chosen(monkeypatch, example):
    monkeypatch.setenv("SDTUTORIAL_RUNTIME", "book")
    html = interactive.spline_explorer(example, drawings=["fits", "errors"])._repr_html_()
    Outline(html)
    assert html.count("<svg") == 2 and "multiplier" not in values_shown(html)
    with pytest.raises(ValueError, match="fits.*not.*bars"):
        interactive.spline_explorer(example, drawings=["bars"])


def test_the_error_falls_once_and_then_rises(embedded):
    own = next(chain for chain in embedded["chains"] if chain["tolerance"] == "0.04")
    heights = re.findall(r'cy="([\d.]+)"', interactive._errors(own, 1, 0.6))
    assert np.argsort(np.array(heights, float)).tolist()[-1] == 1  # the lowest dot
    assert np.sign(np.diff(np.array(heights, float))).tolist() == [1, -1, -1, -1]


# --- in a browser ------------------------------------------------------------------------------


@pytest.fixture(params=[("light", 390), ("dark", 390), ("light", 1000)])
def page(request, browser, html, tmp_path):
    """A file with two sliders on it, opened as a reader opens a file."""
    theme, width = request.param
    file = tmp_path / "page.html"
    file.write_text(
        f'<!doctype html><html lang="en" data-theme="{theme}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Page</title>'
        f"<body>{html}{html}</body></html>",
        encoding="utf-8",
    )
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda message: page.problems.append(message.text))
    page.on("request", lambda request: page.problems.append(request.url))
    page.goto(file.as_uri())
    assert page.problems.pop(0) == file.as_uri()
    yield page
    assert page.problems == []
    page.close()


def state(explorer):
    """What one slider shows: its numbers, and its drawings as markup."""
    return explorer.evaluate(
        """root => ({
            numbers: Object.fromEntries([...root.querySelectorAll("[data-value]")].map(
                element => [element.dataset.value, element.textContent])),
            fits: root.querySelector(".fits").innerHTML,
            bars: root.querySelector(".bars").innerHTML,
            errors: root.querySelector(".errors").innerHTML,
        })"""
    )


def skeleton(markup):
    """Markup with its numbers taken out, and the numbers."""
    markup = re.sub("></(path|rect|circle)>", "/>", markup)
    number = r"-?\d+\.\d"
    return re.sub(number, "#", markup), np.array(re.findall(number, markup), float)


def assert_same_drawing(one, other):
    (form, numbers), (other_form, other_numbers) = skeleton(one), skeleton(other)
    assert form == other_form
    assert numbers == pytest.approx(other_numbers, abs=0.11)


def test_the_keyboard_moves_the_slider_and_only_that_one(page, example, embedded):
    first, second = page.locator(".sdt-explorer").all()
    before = state(second)
    assert state(first) == before
    page.keyboard.press("Tab")  # tolerance
    page.keyboard.press("Tab")  # round
    page.keyboard.press("ArrowRight")
    own = next(chain for chain in embedded["chains"] if chain["tolerance"] == "0.04")
    numbers = state(first)["numbers"]
    assert numbers["round"] == "2"
    assert numbers["multiplier"] == own["multipliers"][2]
    assert numbers["error"] == own["errors"][2]
    page.keyboard.press("End")
    assert state(first)["numbers"]["round"] == "4, collapsed to zero"
    assert first.locator("[name=round]").get_attribute("aria-valuetext") == "4, collapsed to zero"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("End")
    shown = state(first)["numbers"]
    assert shown["tolerance"] == embedded["chains"][-1]["tolerance"]
    assert shown["round"].startswith(str(embedded["chains"][-1]["rounds"]))
    assert state(second) == before


def test_the_script_draws_what_the_package_draws(page, example, embedded):
    """Every tolerance at its first, second and last round, against the drawing made in Python."""
    explorer = page.locator(".sdt-explorer").first
    height = interactive._function_height(example)
    for index, chain in enumerate(embedded["chains"]):
        for t in {0, 1, chain["rounds"]}:
            explorer.evaluate(
                """(root, [index, t]) => {
                    const [tolerance, round] = root.querySelectorAll("input");
                    tolerance.value = index;
                    tolerance.dispatchEvent(new Event("input", { bubbles: true }));
                    round.value = t;
                    round.dispatchEvent(new Event("input", { bubbles: true }));
                }""",
                [index, t],
            )
            shown = state(explorer)
            assert shown["numbers"] == values_shown(interactive._state(example, chain, t))
            assert_same_drawing(shown["fits"], interactive._fits(chain, t, height))
            assert_same_drawing(shown["bars"], interactive._bars(chain, t))
            highest = interactive._highest_error(example)
            assert_same_drawing(shown["errors"], interactive._errors(chain, t, highest))


def test_the_rounds_play_to_their_end_and_stop(page):
    explorer = page.locator(".sdt-explorer").first
    button = explorer.locator(".sdt-play")
    button.click()
    assert state(explorer)["numbers"]["round"] == "2" and button.inner_text() == "Stop"
    button.click()
    page.wait_for_timeout(1100)
    assert state(explorer)["numbers"]["round"] == "2"
    button.click()
    page.wait_for_function("document.querySelector('[data-value=round]').textContent.includes('4')")
    assert button.inner_text() == "Play the rounds"


def test_with_less_motion_a_press_is_one_round(page):
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    page.problems.clear()
    explorer = page.locator(".sdt-explorer").first
    explorer.locator(".sdt-play").click()
    page.wait_for_timeout(1100)
    assert state(explorer)["numbers"]["round"] == "2"


def test_the_slider_fits_the_page_in_both_themes(page):
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    dark = page.evaluate("document.documentElement.dataset.theme") == "dark"
    for drawing in page.locator(".sdt-explorer svg").all():
        assert drawing.bounding_box()["width"] >= 300
        turned = drawing.evaluate("element => getComputedStyle(element).filter")
        assert ("invert(1)" in turned) == dark
