"""Figures show the arrays they are given, in colours that everybody can tell apart."""

import io
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle

import sdtutorial as sd
from sdtutorial import bounds, examples, plotting

WHITE, DARK_PAGE = (1.0, 1.0, 1.0), to_rgb("#14181e")


@pytest.fixture(scope="module")
def example():
    return sd.spline()


@pytest.fixture(scope="module")
def chain(example):
    return sd.distill(example.gram, example.y, example.tolerance)


@pytest.fixture(scope="module")
def deep_chain(example):
    return sd.distill(example.gram, example.y, 4e-3)


@pytest.fixture(scope="module")
def errors(example, chain):
    return np.append(examples.integrated_squared_error(chain, example), 0.5)


def draw(figure):
    """Render the figure, as a page would; return the number of bytes."""
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=50)
    return len(image.getvalue())


def drawn(axes):
    """The (x, y) data of all lines."""
    return [np.column_stack([np.asarray(v, float) for v in line.get_data()]) for line in axes.lines]


def is_drawn(axes, x, y):
    """Whether some line, or the single points of several lines together, show exactly these."""
    wanted = np.column_stack([np.asarray(x, float), np.asarray(y, float)])
    lines = drawn(axes)
    if any(line.shape == wanted.shape and np.array_equal(line, wanted, True) for line in lines):
        return True
    points = [tuple(line[0]) for line in lines if len(line) == 1]
    return {tuple(row) for row in wanted} <= set(points)


def texts(figure):
    """All that can be read in the figure."""
    found = [text.get_text() for text in figure.findobj(matplotlib.text.Text)]
    return " ".join(text for text in found if text)


# --- colours -----------------------------------------------------------------------------------


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


NAMED = [plotting.INK, plotting.MUTED, plotting.BLUE, plotting.VERMILLION, plotting.GREEN]


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
    """At 358 of 640 pixels, 11 points on 6 inches are 9 pixels; nothing goes below 8."""
    pixels_per_point = 358 / (72 * plotting._WIDTH)
    with plotting.style():
        names = ("font.size", "axes.labelsize", "xtick.labelsize", "ytick.labelsize")
        for name in (*names, "axes.titlesize", "legend.fontsize"):
            assert matplotlib.rcParams[name] * pixels_per_point >= 8


@pytest.mark.parametrize("rounds", [0, -1])
def test_there_are_no_colours_for_no_rounds(rounds):
    with pytest.raises(ValueError, match="rounds"):
        plotting.round_colors(rounds)
    with pytest.raises(TypeError, match="rounds"):
        plotting.round_colors(1.5)


# --- figures as objects ------------------------------------------------------------------------


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


@pytest.mark.parametrize(("runtime", "corner"), [("book", 0), ("jupyter", 255)])
def test_the_background_is_transparent_on_the_site_alone(
    monkeypatch, example, chain, runtime, corner
):
    import base64

    import IPython.display
    from PIL import Image

    shown = []
    monkeypatch.setattr(
        IPython.display, "display", lambda data, metadata, raw: shown.append((data, metadata))
    )
    monkeypatch.setenv("SDTUTORIAL_RUNTIME", runtime)
    plotting.filter_bars(chain)._ipython_display_()
    ((data, metadata),) = shown
    image = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGBA")
    assert image.getpixel((0, 0))[3] == corner
    assert data["text/plain"] == "<Figure filter_bars>"
    assert metadata["image/png"]["width"] < image.width  # sharp on a screen with fine pixels


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


def test_labels_at_the_ends_of_lines_do_not_overlap():
    with plotting.style():
        figure = plotting.BookFigure(figsize=(6, 3))
        axes = figure.subplots()
        heights = [1.0, 1.01, 1.02, 5.0, 0.99]
        lines = [axes.plot([0, 1], [0, height])[0] for height in heights]
        plotting.label_ends(axes, [(line, f"line {y}") for line, y in zip(lines, heights)])
        draw(figure)
        figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in axes.texts]
    places = [(box.y0 + box.y1) / 2 for box in boxes]
    assert np.array_equal(np.argsort(places), np.argsort(heights))  # none has changed its place
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[:i])
        assert one.x1 <= figure.bbox.x1
    # One that has room stands where its line ends.
    assert places[3] == pytest.approx(axes.transData.transform((1, 5.0))[1], abs=3)


# --- the figures -------------------------------------------------------------------------------


def test_the_overview_shows_a_curve_and_an_error_for_every_round(example, chain, errors):
    figure = plotting.overview(example, chain, errors)
    left, right = figure.axes
    assert len(left.lines) == chain.rounds + 2
    assert is_drawn(left, example.x, example.y)
    assert is_drawn(right, range(chain.rounds + 1), errors)
    assert "zero function" in texts(figure)
    assert draw(figure)


def test_noisy_samples_are_drawn_with_the_function_through_all_of_them(example):
    figure = plotting.noisy_samples(example)
    (axes,) = figure.axes
    assert is_drawn(axes, example.x, example.y)
    interpolant = next(line for line in axes.lines if "no residual" in line.get_label())
    x, y = interpolant.get_data()
    assert np.interp(example.x, x, y) == pytest.approx(example.y, abs=1e-3)
    assert len(plotting.noisy_samples(example, example.tolerance).axes[0].lines) == 4
    assert draw(figure)


def test_the_fit_with_a_tolerance_misses_the_samples_by_that_much(example):
    (axes,) = plotting.noisy_samples(example, example.tolerance).axes
    (fit,) = (line for line in axes.lines if "0.04 allowed" in line.get_label())
    missed = np.interp(example.x, *fit.get_data()) - example.y
    assert np.mean(missed**2) == pytest.approx(example.tolerance, rel=1e-2)


def test_samples_at_the_end_points_are_drawn_too():
    example = sd.spline(endpoints=True)
    assert is_drawn(plotting.noisy_samples(example).axes[0], example.x, example.y)


def test_the_green_function_is_drawn_around_every_centre():
    kernel = sd.CubicSpline()
    figure = plotting.green_function(kernel, centres=(0.25, 0.5))
    (axes,) = figure.axes
    points = np.linspace(0, 1, 401)
    for centre in (0.25, 0.5):
        assert is_drawn(axes, points, kernel(points, np.array([centre]))[:, 0])
        assert f"t = {centre}" in texts(figure)
    assert draw(figure)


def test_the_root_stands_where_curve_and_tolerance_meet_and_inside_its_brackets(example, chain):
    c = np.geomspace(1e-7, 1e-1, 200)
    residuals = sd.mean_squared_residual(chain.eigenvalues, chain.coordinates, c)
    root, ratio = chain.multipliers[0], chain.norm_ratios[0]
    brackets = {
        "(12)": bounds.multiplier_interval(chain.eigenvalues, ratio),
        "labels": bounds.label_multiplier_interval(chain.eigenvalues, chain.coordinates, ratio),
    }
    figure = plotting.residual_curve(c, residuals, example.tolerance, root, brackets)
    axes, strip = figure.axes
    assert is_drawn(axes, c, residuals)
    assert is_drawn(axes, [root], [example.tolerance])
    labels = [text.get_text() for text in strip.get_yticklabels()]
    for height, label in zip(strip.get_yticks(), labels):
        assert is_drawn(strip, brackets[label], [height, height])
    assert draw(figure)


def test_a_fit_keeps_half_of_a_direction_whose_eigenvalue_is_the_multiplier(chain):
    multiplier = chain.multipliers[0]
    figure = plotting.shrink_factors(chain.eigenvalues, multiplier)
    axes = figure.axes[0]
    assert is_drawn(axes, chain.eigenvalues, chain.filters[0])
    (curve, _, border) = drawn(axes)
    assert np.interp(multiplier, *curve.T) == pytest.approx(0.5, abs=0.01)
    assert (border[:, 0] == multiplier).all()
    assert draw(figure)


def test_newton_steps_stop_before_the_root_on_the_left_and_jump_over_it_from_the_right():
    figure = plotting.newton_tangents(
        lambda mu: (np.sqrt(1 + mu), 0.5 / np.sqrt(1 + mu)), {"left": 0.0, "right": 24.0}, 3.0
    )
    # the tangents of sqrt(1 + mu) at 0 and 24 reach the height 2 at 2 and -6; the root is at 3
    for axes, landing in zip(figure.axes, (2 / 3, -2)):
        (arrow,) = axes.texts
        assert arrow.xy == pytest.approx((landing, 2))
        assert is_drawn(axes, [1], [2])
        left, right = axes.get_xlim()
        assert left < landing < right
    assert "left" in texts(figure) and "right" in texts(figure)
    assert draw(figure)



def test_the_schematic_hands_the_values_of_each_fit_to_the_next_round(example, chain):
    figure = plotting.schematic(example, chain)
    panels = np.reshape(figure.axes, (2, 3))
    for t in range(3):
        assert is_drawn(panels[0, t], example.x, chain.targets[t])
    for t in range(2):
        fit = panels[1, t].lines[1].get_data()
        assert np.interp(example.x, *fit) == pytest.approx(chain.targets[t + 1], abs=1e-3)
    assert draw(figure)


@pytest.mark.parametrize("rounds", [1, 5])
def test_the_schematic_shows_rounds_that_there_are(example, chain, rounds):
    with pytest.raises(ValueError, match="rounds"):
        plotting.schematic(example, chain, rounds)


def test_every_round_has_a_curve_of_its_own_colour(example, chain, deep_chain):
    for some in (chain, deep_chain):
        figure = plotting.chain_fits(example, some)
        axes = figure.axes[0]
        assert len(axes.lines) == some.rounds + 2
        colors = [line.get_color() for line in axes.lines[2:]]
        assert colors == plotting.round_colors(some.rounds)
        points = np.linspace(0, 1, 401)
        fits = some.predict(example.kernel(points, example.x) / len(example.x))
        for fit in fits:
            assert is_drawn(axes, points, fit)
        assert draw(figure)
    assert "round 3" in texts(plotting.chain_fits(example, chain))
    assert len(figure.axes) == 2  # many rounds: a colour bar


def test_every_multiplier_and_norm_is_drawn(chain, deep_chain):
    for some in (chain, deep_chain):
        figure = plotting.multipliers_and_norms(some)
        multipliers, norms = figure.axes
        assert is_drawn(multipliers, range(some.rounds), some.multipliers)
        assert is_drawn(norms, range(some.rounds + 1), some.norm_ratios)
        assert is_drawn(norms, [some.rounds], [some.norm_ratios[-1]])
        assert draw(figure)


def test_basis_functions_pass_through_the_eigenvectors(example, chain):
    figure = plotting.basis_functions(example, chain, [8, 0])
    for axes, k in zip(figure.axes, [8, 0]):
        _, curve, dots = drawn(axes)
        assert np.abs(dots[:, 1]) == pytest.approx(np.abs(chain.eigenvectors[:, k]))
        assert dots[0, 1] > 0
        assert np.interp(example.x, *curve.T) == pytest.approx(dots[:, 1], abs=1e-3)
        assert axes.get_title() == f"$k = {k + 1}$"
    assert draw(figure)


def test_iterations_are_compared_round_by_round_at_a_level(chain):
    series = {"tolerance": chain.norm_ratios, "penalty": [4.0, 3.5, 3.2]}
    figure = plotting.compare_by_round(series, "norm", ("collapse", 1))
    axes = figure.axes[0]
    for values in series.values():
        assert is_drawn(axes, range(len(values)), values)
    assert len({line.get_color() for line in axes.lines}) == 3
    for word in ("tolerance", "penalty", "norm", "collapse"):
        assert word in texts(figure)
    assert draw(figure)



def test_errors_are_drawn_and_written(errors):
    figure = plotting.error_by_round(errors)
    assert is_drawn(figure.axes[0], range(len(errors)), errors)
    assert all(f"{error:.4f}" in texts(figure) for error in errors)
    assert draw(figure)


def test_the_norms_walk_between_their_bounds(chain):
    t, r = np.arange(chain.rounds + 1), chain.norm_ratios[0]
    figure = plotting.norm_walk(chain.norm_ratios, {"lower": r - t, "upper": np.sqrt(r**2 - t)})
    (axes,) = figure.axes
    assert is_drawn(axes, t, chain.norm_ratios)
    assert is_drawn(axes, t, r - t)
    dashed = {line.get_color() for line in axes.lines if line.get_linestyle() == "--"}
    solid = {line.get_color() for line in axes.lines if line.get_linestyle() == "-"}
    assert dashed == solid  # bounds have the colour of what they bound
    assert {"lower", "upper"} <= set(texts(figure).split())
    assert draw(figure)


def test_a_bound_may_say_nothing_at_some_rounds(chain):
    bound = np.where(np.arange(chain.rounds + 1) < 2, 3.0, np.nan)
    assert draw(plotting.norm_walk(chain.norm_ratios, {"bound": bound}))


def test_each_step_of_the_walk_ends_on_the_circle_around_its_start():
    chain = sd.distill_spectrum([0.15, 1.0], [1.0, 1.3], 0.022)
    figure = plotting.walk_plane(chain)
    (axes,) = figure.axes
    circles = [patch for patch in axes.patches if isinstance(patch, Circle)][1:]
    assert len(circles) == chain.rounds
    for circle, end in zip(circles, chain.target_coordinates[1:]):
        assert np.hypot(*(end - circle.center)) == pytest.approx(circle.radius)
    path = drawn(axes)[0]
    # d/ds of exp(-s D^-1) z_0: in logarithms the path is a straight line of slope d_1 / d_2.
    slope = np.diff(np.log(path[:, 1])) / np.diff(np.log(path[:, 0]))
    near = path[:-1, 0] > 1e-3
    assert slope[near] == pytest.approx(0.15, rel=1e-3)
    assert draw(figure)


def test_a_walk_in_the_plane_needs_two_directions(chain):
    with pytest.raises(ValueError, match="two positive eigenvalues"):
        plotting.walk_plane(chain)
    with pytest.raises(ValueError, match="two positive eigenvalues"):
        plotting.walk_plane(sd.distill_spectrum([0.0, 1.0], [0.0, 1.3], 0.1))


TOLERANCES = np.array([1e-3, 1e-1, 1e-2])


def test_rounds_are_drawn_against_tolerances_in_order():
    figure = plotting.rounds_against_tolerance(
        TOLERANCES, [30, 3, 10], {"upper": [60, 6, 20], "lower": [15, 1, np.nan]}
    )
    (axes,) = figure.axes
    assert is_drawn(axes, [1e-1, 1e-2, 1e-3], [3, 10, 30])
    assert is_drawn(axes, [1e-1, 1e-2, 1e-3], [1, np.nan, 15])
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert draw(figure)


def test_the_limit_of_the_rounds_is_drawn_and_written():
    figure = plotting.rounds_limit(TOLERANCES, [1.3, 1.0, 1.2], 1.36213)
    assert is_drawn(figure.axes[0], [1e-1, 1e-2, 1e-3], [1.0, 1.2, 1.3])
    assert "1.3621" in texts(figure)
    assert draw(figure)


@pytest.mark.parametrize("log", [True, False])
def test_every_filter_has_a_bar(chain, deep_chain, log):
    for some in (chain, deep_chain):
        figure = plotting.filter_bars(some, log)
        heights = [bar.get_height() for bar in figure.axes[0].patches]
        assert heights == some.filters.ravel().tolist()
        assert draw(figure)


def test_filters_too_small_for_floats_are_drawn(example):
    chain = sd.distill(example.gram, example.y, 1e-6)
    assert chain.filters[-1, 0] == 0
    figure = plotting.filters_by_round(chain, rounds=[0, chain.rounds - 1])
    axes = figure.axes[0]
    assert len(axes.lines) == 2
    assert is_drawn(axes, chain.eigenvalues, chain.log_filters[-1] / np.log(10))
    assert draw(figure)


def test_filters_are_drawn_for_every_round(chain):
    assert len(plotting.filters_by_round(chain).axes[0].lines) == chain.rounds


def test_filters_of_unreachable_directions_are_left_out():
    chain = sd.distill_spectrum([0.0, 1.0, 2.0], [0.0, 1.0, 1.0], 0.01)
    assert len(drawn(plotting.filters_by_round(chain).axes[0])[0]) == 2


def test_the_sparsity_grows_between_its_bounds():
    figure = plotting.sparsity_growth(
        TOLERANCES, [9, 1, 4], [6, np.nan, 2], [20, 10, 15], index_limit=1e-6
    )
    (axes,) = figure.axes
    for values in ([1, 4, 9], [np.nan, 2, 6], [10, 15, 20], [1e-6] * 3):
        assert is_drawn(axes, [1e-1, 1e-2, 1e-3], values)
    assert "paper's index" in texts(figure)
    assert draw(figure)


def test_early_stopping_is_drawn_beside_the_rounds():
    figure = plotting.early_stopping([0.1, 0.5], [1.1, 1.3], [0.1, 0.3], [1.1, 1.7], 1.4)
    (axes,) = figure.axes
    assert is_drawn(axes, [0.1, 0.5], [1.1, 1.3])
    assert is_drawn(axes, [0.1, 0.3], [1.1, 1.7])
    assert "round 1" in texts(figure)
    assert draw(figure)


def test_the_sampled_sines_pass_through_the_eigenvectors(example, chain):
    figure = plotting.sine_eigenvectors(example.x, chain.eigenvectors, chain.eigenvalues)
    assert len(figure.axes) == len(example.x)
    for m, panel in enumerate(figure.axes, start=1):
        _, sine, dots = panel.lines
        x, y = dots.get_data()
        assert np.abs(y) == pytest.approx(np.abs(chain.eigenvectors[:, -m]))
        assert np.interp(x, *sine.get_data()) == pytest.approx(y, abs=2e-3)
    assert draw(figure)


def test_empty_panels_are_hidden():
    x = np.arange(1, 6) / 6
    chain = sd.distill(sd.gram_matrix(sd.CubicSpline(), x), np.sin(2 * np.pi * x), 0.1)
    figure = plotting.sine_eigenvectors(x, chain.eigenvectors, chain.eigenvalues)
    assert sum(panel.get_visible() for panel in figure.axes) == 5


def test_risks_are_drawn_beside_the_best_single_fits(example):
    study = examples.risk_study(example, rounds=3, draws=50, seed=1)
    figure = plotting.risk_by_round(study)
    (axes,) = figure.axes
    for risk in study.risk:
        assert is_drawn(axes, range(3), risk)
    heights = [line[0, 1] for line in drawn(axes)]
    assert study.best_tolerance_risk in heights and study.best_multiplier_risk in heights
    assert "best single $c$" in texts(figure)
    assert draw(figure)


def test_differences_by_round_show_means_between_the_ends_of_their_intervals():
    mean, low, high = np.array([2.0, 3.0, -1.0]), np.array([1.0, 2.5, -3.0]), np.array([3, 4, 0.5])
    series = {"test": (mean, low, high), "held out": (mean + 1, low + 1, high + 1)}
    (axes,) = plotting.differences_by_round(series, "difference").axes
    bars = [bar.get_segments() for bar in axes.collections]
    for (_, (centre, lower, upper)), segments in zip(series.items(), bars, strict=True):
        assert any(np.array_equal(line[:, 1], centre) for line in drawn(axes)[1:])
        for t, segment in enumerate(segments, 1):
            assert segment[:, 0] == pytest.approx(t, abs=0.2)
            assert segment[:, 1] == pytest.approx([lower[t - 1], upper[t - 1]])
    assert "test" in texts(axes.figure) and "held out" in texts(axes.figure)
    assert draw(axes.figure)


def test_no_figure_changes_what_it_is_given(example, chain, errors):
    arrays = {
        "errors": errors,
        "tolerances": TOLERANCES,
        "rounds": np.array([30.0, 3.0, 10.0]),
        "x": example.x,
        "y": example.y,
        "ratios": chain.norm_ratios,
    }
    before = {name: array.copy() for name, array in arrays.items()}
    plotting.overview(example, chain, errors)
    plotting.error_by_round(errors)
    plotting.norm_walk(chain.norm_ratios, {"bound": chain.norm_ratios})
    plotting.rounds_against_tolerance(TOLERANCES, arrays["rounds"], {"bound": arrays["rounds"]})
    plotting.rounds_limit(TOLERANCES, arrays["rounds"], 1.0)
    plotting.sparsity_growth(TOLERANCES, *[arrays["rounds"]] * 3, index_limit=0.0)
    for name, array in arrays.items():
        assert np.array_equal(array, before[name]), name


@pytest.mark.parametrize("draw_chain", [plotting.multipliers_and_norms, plotting.filters_by_round])
def test_a_figure_asks_for_one_chain_with_a_round(draw_chain, example):
    y = example.y
    for labels in (0 * y, np.stack([y, y], axis=1)):
        other = sd.distill(example.gram, labels, example.tolerance)
        with pytest.raises(ValueError, match="takes a chain of one label vector .* not Chain"):
            draw_chain(other)
