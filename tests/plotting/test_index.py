"""The picture of the first page."""

from drawings import draw, is_drawn, texts

from sdtutorial import plotting


def test_the_overview_shows_a_curve_and_an_error_for_every_round(example, chain, errors):
    figure = plotting.overview(example, chain, errors)
    left, right = figure.axes
    assert len(left.lines) == chain.rounds + 2
    assert is_drawn(left, example.x, example.y)
    assert is_drawn(right, range(chain.rounds + 1), errors)
    assert "zero function" in texts(figure)
    assert draw(figure)
