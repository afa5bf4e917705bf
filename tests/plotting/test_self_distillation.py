"""Rounds beside each other, and beside other iterations."""

import numpy as np
import pytest
from drawings import draw, drawn, is_drawn, texts

import sdtutorial as sd
from sdtutorial import plotting


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


@pytest.mark.parametrize("count", [1, 5, 11])
def test_no_iteration_is_left_out_and_no_two_look_alike(count):
    series = {f"iteration {i}": np.arange(4.0) + i for i in range(count)}
    figure = plotting.compare_by_round(series, "value")
    (axes,) = figure.axes
    looks = {
        (line.get_color(), line.get_marker(), line.get_linestyle()) for line in axes.lines
    }
    assert len(axes.lines) == len(looks) == count
    assert all(name in texts(figure) for name in series)
    assert draw(figure)


def test_iterations_may_have_gaps_one_value_or_none():
    series = {"gap": [1, np.nan, 2], "one": [1.5], "unknown": [np.nan, np.nan]}
    figure = plotting.compare_by_round(series, "value")
    assert is_drawn(figure.axes[0], range(3), [1, np.nan, 2])
    assert draw(figure)


def test_basis_functions_of_a_singular_gram_matrix_belong_to_positive_eigenvalues():
    example = sd.spline(endpoints=True)
    singular = sd.distill(example.gram, example.y, 0.05)
    (axes,) = plotting.basis_functions(example, singular, [10]).axes
    vector = singular.eigenvectors[:, 10]
    assert np.abs(drawn(axes)[-1][:, 1]) == pytest.approx(np.abs(vector))
    with pytest.raises(ValueError, match="positive eigenvalues"):
        plotting.basis_functions(example, singular, [0])


def test_a_chain_of_one_round_is_drawn(example):
    short = sd.distill(example.gram, example.y, example.tolerance, max_rounds=1)
    assert draw(plotting.multipliers_and_norms(short))
    assert draw(plotting.chain_fits(example, short))


def own_data(x, kernel):
    """Data of one's own: no known truth."""
    y = np.sin(x.reshape(len(x), -1)[:, 0] / 5)
    gram = sd.gram_matrix(kernel, x)
    example = sd.examples.Example(x, y, None, 0.01, 0.1, kernel, gram)
    return example, sd.distill(gram, y, 0.01)


@pytest.mark.parametrize("column", [False, True])
def test_data_of_one_s_own_are_drawn_where_they_are_and_without_a_truth(column):
    x = np.linspace(-3.0, 40.0, 12)
    example, chain = own_data(x[:, None] if column else x, sd.RBF(4.0))
    figure = plotting.chain_fits(example, chain)
    assert "truth" not in texts(figure)
    assert figure.axes[0].get_xlim() == (-3.0, 40.0)
    assert is_drawn(figure.axes[0], x, example.y)
    assert draw(figure)
    assert draw(plotting.schematic(example, chain, 2))
    assert draw(plotting.basis_functions(example, chain, [11, 10]))
    assert draw(plotting.noisy_samples(example, 0.01))


def test_data_of_several_inputs_cannot_be_drawn_against_one():
    example, chain = own_data(np.random.default_rng(0).uniform(size=(8, 2)), sd.RBF(0.5))
    with pytest.raises(ValueError, match="points on a line .* not 2 inputs"):
        plotting.chain_fits(example, chain)
