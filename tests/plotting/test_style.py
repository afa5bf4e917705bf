"""Colours that everybody can tell apart, and figures that show themselves once."""

import base64
import io
import re
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from drawings import draw
from matplotlib.colors import to_rgb

import sdtutorial as sd
from sdtutorial import plotting
from sdtutorial.plotting import _style

WHITE, DARK_PAGE = (1.0, 1.0, 1.0), to_rgb("#14181e")
NAMED = [plotting.INK, plotting.MUTED, plotting.BLUE, plotting.VERMILLION]
NAMED += [plotting.PURPLE, plotting.GREEN]


def linear(color):
    color = np.asarray(color)
    return np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)


def luminance(color):
    return linear(color) @ [0.2126, 0.7152, 0.0722]


def lightness(color):
    """CIE L*, from 0 for black to 100 for white."""
    return 116 * np.cbrt(luminance(color)) - 16


def contrast(one, other):
    """The contrast ratio of the web's accessibility guidelines."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def on_dark_page(color):
    """What the style sheet's invert(1) hue-rotate(180deg) makes of a colour."""
    turn = np.array([[-0.574, 1.430, 0.144], [0.426, 0.430, 0.144], [0.426, 1.430, -0.856]])
    return np.clip(turn @ (1 - np.asarray(color)), 0, 1)


def to_lab(color):
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.array(to_xyz) @ linear(color) / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def seen_by_deuteranope(color):
    """Simulation of Machado, Oliveira and Fernandes (2009), full severity."""
    matrix = [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
    seen = np.clip(np.array(matrix) @ linear(color), 0, 1)
    return np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("rounds", [1, 2, 4, 10, 60])
def test_later_rounds_are_darker(rounds):
    values = [lightness(to_rgb(color)) for color in plotting.round_colors(rounds)]
    assert len(values) == rounds
    assert (np.diff(values) < 0).all()


def test_rounds_keep_their_order_on_a_dark_page():
    values = [lightness(on_dark_page(to_rgb(c))) for c in plotting.round_colors(12)]
    assert (np.diff(values) > 0).all()


@pytest.mark.parametrize("color", [*NAMED, *plotting.round_colors(9)])
def test_every_colour_stands_out_from_both_pages(color):
    color = to_rgb(color)
    assert contrast(color, WHITE) >= 3
    assert contrast(on_dark_page(color), DARK_PAGE) >= 3


@pytest.mark.parametrize("see", [lambda color: color, seen_by_deuteranope])
@pytest.mark.parametrize("page", [lambda color: np.asarray(color), on_dark_page])
def test_four_rounds_can_be_told_apart_by_everybody(see, page):
    colors = [to_lab(see(page(to_rgb(color)))) for color in plotting.round_colors(4)]
    steps = np.linalg.norm(np.diff(colors, axis=0), axis=1)
    assert steps.min() > 12  # 2.3 is just noticeable in a patch, a line needs several times that


@pytest.mark.parametrize("see", [lambda color: color, seen_by_deuteranope])
def test_named_colours_can_be_told_apart_by_everybody(see):
    colors = [to_lab(see(to_rgb(color))) for color in NAMED[2:]]
    for i, one in enumerate(colors):
        for other in colors[:i]:
            assert np.linalg.norm(one - other) > 20


def test_text_is_large_enough_for_a_telephone():
    """A screen of 390 pixels leaves 342 for a figure: nothing in it is below 9."""
    pixels_per_point = 342 / (72 * _style._WIDTH)
    with plotting.style():
        names = ("font.size", "axes.labelsize", "xtick.labelsize", "ytick.labelsize")
        for name in (*names, "axes.titlesize", "legend.fontsize"):
            assert matplotlib.rcParams[name] * pixels_per_point >= 9


@pytest.mark.parametrize("rounds", [0, -1])
def test_there_are_no_colours_for_no_rounds(rounds):
    with pytest.raises(ValueError, match="rounds"):
        plotting.round_colors(rounds)
    with pytest.raises(TypeError, match="rounds"):
        plotting.round_colors(1.5)


def test_the_package_loads_no_matplotlib():
    script = "import sys, sdtutorial, sdtutorial.notebook; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_figures_leave_nothing_behind(example, chain):
    from matplotlib import pyplot

    before = dict(matplotlib.rcParams)
    figure = plotting.chain_fits(example, chain)
    draw(figure)
    assert pyplot.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


def test_a_figure_is_named_the_same_everywhere(example, chain):
    assert repr(plotting.chain_fits(example, chain)) == "<Figure chain_fits>"


@pytest.fixture
def displayed(monkeypatch):
    """Return what a figure hands to the notebook in a runtime: the data, and their metadata."""
    import IPython.display

    def show(figure, runtime):
        shown = []
        monkeypatch.setattr(
            IPython.display, "display", lambda data, metadata, raw: shown.append((data, metadata))
        )
        monkeypatch.setenv("SDTUTORIAL_RUNTIME", runtime)
        figure._ipython_display_()
        return shown[0]

    return show


def pixels(data):
    from PIL import Image

    return Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGBA")


@pytest.mark.slow
def test_a_notebook_is_handed_an_opaque_image(displayed, chain):
    data, metadata = displayed(plotting.filter_bars(chain), "jupyter")
    image = pixels(data)
    assert image.getpixel((0, 0))[3] == 255
    assert data["text/plain"] == "<Figure filter_bars>"
    assert metadata["image/png"]["width"] < image.width  # sharp on a screen with fine pixels


def test_the_site_is_handed_a_transparent_drawing_the_same_each_time(displayed, chain):
    drawings = [
        displayed(plotting.filter_bars(chain), "book")[0]["image/svg+xml"] for _ in range(2)
    ]
    assert drawings[0] == drawings[1]
    background = drawings[0].split('id="patch_1"')[1].split("</g>")[0]
    assert "fill: none" in background or "opacity: 0" in background


def test_a_drawing_loses_no_digit_that_is_seen(example, chain):
    from sdtutorial.plotting._style import _lighter

    drawing = plotting.chain_fits(example, chain)._image("svg", "none")
    lighter = _lighter(drawing)
    assert len(lighter) < 0.85 * len(drawing)
    whole = re.sub(r"<metadata>.*?</metadata>", "", drawing.decode(), flags=re.S)
    number = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
    before, after = (np.array(number.findall(text), float) for text in (whole, lighter.decode()))
    assert after == pytest.approx(before, abs=5.1e-3)


def test_the_site_is_handed_pixels_where_a_drawing_would_be_larger(displayed):
    from sdtutorial.plotting._style import new_figure

    figure = new_figure(3)
    points = np.random.default_rng(0).standard_normal((2, 20_000))
    figure.subplots().plot(*points, ".")
    data, _ = displayed(figure, "book")
    assert "image/svg+xml" not in data
    assert pixels(data).getpixel((0, 0))[3] == 0


@pytest.mark.slow
def test_a_cell_shows_its_figure_once():
    """However the cell ends, in a real kernel, before and after pyplot has been at work."""
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    call = "plotting.green_function(sd.CubicSpline())"
    endings = [f"figure = {call}", call, f"figure = {call}\nfigure", "figure"]
    book = new_notebook(
        cells=[
            new_code_cell("import sdtutorial as sd\nfrom sdtutorial import plotting"),
            *(new_code_cell(ending) for ending in endings),
            new_code_cell("from matplotlib import pyplot\nlen(pyplot.get_fignums())"),
        ]
    )
    NotebookClient(book, kernel_name="python3").execute()
    for cell in book.cells[1:-1]:
        (output,) = cell.outputs
        assert output["output_type"] == "display_data"
        assert output["data"]["text/plain"] == "<Figure green_function>"
        assert output["data"]["image/png"]
    assert book.cells[-1].outputs[0]["data"]["text/plain"] == "0"


@pytest.mark.parametrize("draw_chain", [plotting.multipliers_and_norms, plotting.filters_by_round])
def test_a_figure_asks_for_one_chain_with_a_round(draw_chain, example):
    y = example.y
    for labels in (0 * y, np.stack([y, y], axis=1)):
        other = sd.distill(example.gram, labels, example.tolerance)
        with pytest.raises(ValueError, match="takes a chain of one label vector .* not Chain"):
            draw_chain(other)


def test_a_second_curve_differs_from_the_first_in_grey_too():
    blue, purple = (lightness(to_rgb(c)) for c in (plotting.BLUE, plotting.PURPLE))
    assert blue - purple > 10
