"""What holds of all figures."""

import matplotlib
import numpy as np
import pytest

import sdtutorial as sd
from sdtutorial import filters, generalization, plotting
from sdtutorial.risk import risk_study

TOLERANCES = np.array([1e-3, 1e-1, 1e-2])


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
    plotting.error_by_round(errors)
    plotting.norm_walk(arrays["ratios"], {"bound": arrays["ratios"]}, arrays["ratios"])
    plotting.rounds_limit(TOLERANCES, arrays["rounds"], 1.0, {"bound": arrays["rounds"]})
    plotting.sparsity_growth(TOLERANCES, *[arrays["rounds"]] * 3, index_limit=0.0)
    for name, array in arrays.items():
        assert np.array_equal(array, before[name]), name


def all_figures(example, chain, errors):
    """Every figure once, by its name, as the chapters draw it."""
    t, d, r = np.arange(chain.rounds + 1), chain.eigenvalues, chain.norm_ratios
    c = np.geomspace(1e-7, 1e-1, 50)
    study = risk_study(
        example, tolerances=[0.02, 0.04, 0.1], multipliers=[1e-5, 1e-4], rounds=3, draws=20, seed=0
    )
    residuals = sd.mean_squared_residual(d, chain.coordinates, c)
    root = chain.multipliers[0]
    fits, axis = np.array([1, 2, 4]), np.geomspace(1e-2, 1e2, 51)
    removed, added = filters.self_distillation(axis, 1.0, fits), filters.boosting(axis, 1.0, fits)
    df, places = generalization.degrees_of_freedom(chain), generalization.coupled_walkers(chain, 250)
    estimates = df, df[:, None] * np.linspace(0.8, 1.2, 20)
    spectra = generalization.equivalent_eigenvalues(d, chain.multipliers)
    return [
        plotting.noisy_samples(example, example.tolerance),
        plotting.green_function(example.kernel),
        plotting.shrink_factors(d, root),
        plotting.residual_curve(c, residuals, 0.04, root, {"bracket": (1e-6, 1e-2)}),
        plotting.multipliers_and_norms(chain),
        plotting.schematic(example, chain),
        plotting.chain_fits(example, chain),
        plotting.basis_functions(example, chain, [8, 7, 6, 0]),
        plotting.compare_by_round({"one": r, "other": r**2}, "value", ("level", 1)),
        plotting.norm_walk(r, {"ours": r[0] - t}, r[0] - 3 * t),
        plotting.rounds_limit(TOLERANCES, [1.3, 1.0, 1.2], 1.36, {"at least": [1.2, 0.9, 1.1]}),
        plotting.filters_by_round(chain),
        plotting.sparsity_growth(TOLERANCES, [9, 1, 4], [6, 1, 2], [20, 10, 15], 1e-6),
        plotting.early_stopping([0.1, 0.5], [1.1, 1.3], [0.1, 0.3], [1.1, 1.7], 1.4),
        plotting.error_by_round(errors),
        plotting.filter_bars(chain),
        plotting.sine_eigenvectors(example.x, chain.eigenvectors, d, truth=2),
        plotting.risk_by_tolerance(study),
        plotting.chains_of_networks(example, np.ones((4, 9)), np.ones((4, 2, 9))),
        plotting.tangent_kernels(t, 2, t, {8: [t], 64: [t], 512: [t]}),
        plotting.distance_by_width([8, 64], {"one": [[1, 2], [0.5, 0.3]]}),
        plotting.accuracy_by_round({"0.1": [40, 30]}, {"0.1": [90, 60]}),
        plotting.risk_over_splits({"clean": ([[0.2, 0.3], [0.3, 0.5]], [0.1, 0.2])}),
        plotting.classes_by_round([10, 40], [1, 3], [1, 2], {"rare": [0.5, 0.0]}),
        plotting.filter_curves(axis, {"one fit": removed[0]}, multiplier=1.0, eigenvalues=d),
        plotting.two_families(axis, added, removed, ("added", "removed"), limit=added[0]),
        plotting.mirror_images(axis, removed, added, fits),
        plotting.missed_signal(axis, {"one fit": removed[0], "two fits": removed[1]}),
        plotting.times_by_size({"one": ([10, 100], [0.1, 2.0]), "two": ([10], [0.2])}, "points"),
        plotting.krylov_convergence({"smooth": ([8, 9], [1e-3, 1e-9], [2e-3, 1e-8])}),
        plotting.equivalent_kernel(spectra, {"trace": spectra.sum(axis=1)}),
        plotting.risk_estimates({"9 points": estimates, "200 points": estimates}),
        plotting.walkers(*places),
        plotting.freedom_by_round(df, {"below": df - 1, "above": df + 1}),
        plotting.freedom_that_rises(np.linspace(0.1, 4, 81), (np.linspace(0.1, 4, 81) - 2) ** 2 + 1),
        plotting.risk_curves(fits, {"one": [0.3, 0.1, 0.2]}, "number of fits", {"level": 0.05}),
        plotting.said_and_computed([("rounds", 7e-4, 4), ("sparsity", 1.0, 5e28)]),
        plotting.least_risks({"middle": 0.07, "worst": 0.1, "best": 0.0599}),
    ]


@pytest.fixture(scope="module")
def figures(example, chain, errors):
    return all_figures(example, chain, errors)


@pytest.mark.slow
def test_these_are_all_figures(figures):
    functions = {
        name
        for name in plotting.__all__
        if hasattr(getattr(plotting, name), "__wrapped__")
    }
    assert {figure.get_gid() for figure in figures} == functions


def test_every_word_is_at_least_nine_pixels_high_on_a_telephone(figures):
    """A screen of 390 pixels leaves 342 for a figure."""
    for figure in figures:
        pixels = 342 / (72 * figure.get_figwidth())
        for text in figure.findobj(matplotlib.text.Text):
            if text.get_text() and text.get_visible():
                assert text.get_fontsize() * pixels >= 9, (figure, text)


@pytest.mark.slow
def test_no_word_is_cut_off(figures):
    for figure in figures:
        figure.draw_without_rendering()
        for axes in figure.axes:
            for text in axes.texts:
                box = text.get_window_extent()
                assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 + 1, (figure, text)
                assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1, (figure, text)


def test_the_paper_s_colour_means_the_paper(figures):
    """What is vermillion is dash-dotted or a hollow dot, so that it differs in grey too."""
    for figure in figures:
        for line in figure.findobj(matplotlib.lines.Line2D):
            if line.axes in figure.axes and line in line.axes.lines:
                paper = line.get_color() == plotting.VERMILLION
                hollow = line.get_linestyle() == "None" and line.get_markerfacecolor() == "white"
                dashed = line.get_linestyle() == "-."
                assert dashed or hollow if paper else not dashed, figure
