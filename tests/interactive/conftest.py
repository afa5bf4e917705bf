"""The explorers of the book, and a page that holds them."""

import numpy as np
import pytest

import sdtutorial as sd
from sdtutorial import interactive
from sdtutorial.networks import analysis, sliders


@pytest.fixture(scope="session")
def example():
    return sd.spline()


@pytest.fixture(scope="session")
def two():
    """A chain in two directions."""
    return sd.distill(np.diag([0.2, 1.0]), [1.0, 1.0], 0.01)


@pytest.fixture(scope="session")
def explorers(example, two):
    recorded = analysis.of_figure_three(analysis.recorded().values())
    return {
        "spline": interactive.spline_explorer(example),
        "two drawings": interactive.spline_explorer(example, drawings=("fits", "errors")),
        "collapse": interactive.collapse_explorer(example),
        "filters": interactive.filter_explorer(example),
        "schematic": interactive.schematic_animation(example),
        "walk": interactive.walk_animation(two),
        "networks": sliders.accuracy_explorer(recorded),
    }


@pytest.fixture(params=[("light", 390), ("dark", 390), ("light", 1000)])
def page(request, browser, explorers, tmp_path):
    """A file with all of them on it, opened as a reader opens a file."""
    theme, width = request.param
    file = tmp_path / "page.html"
    shown = "".join(explorer.page() for explorer in explorers.values())
    file.write_text(
        f'<!doctype html><html lang="en" data-theme="{theme}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Page</title>'
        f"<body>{shown}</body></html>",
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
