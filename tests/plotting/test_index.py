"""The picture of the first page."""

from dataclasses import replace

from drawings import draw, is_drawn, texts

from sdtutorial import plotting


def test_the_overview_shows_a_curve_and_an_error_for_every_round(example, chain, errors):
    figure = plotting.overview(example, chain, errors)
    left, right = figure.axes
    assert len(left.lines) == chain.rounds + 2
    assert is_drawn(left, example.x, example.y)
    assert is_drawn(right, range(chain.rounds + 1), errors)
    assert "zero\nfunction" in texts(figure)
    assert draw(figure)


def test_the_overview_of_data_without_a_known_truth_shows_the_fits_alone(example, chain):
    figure = plotting.overview(replace(example, target=None), chain)
    (axes,) = figure.axes
    assert len(axes.lines) == chain.rounds + 1
    assert "truth" not in texts(figure)
    assert draw(figure)
