"""The logo shows the rounds of the book's own example."""

from logo import FILE, curves, drawing


def test_the_logo_is_drawn_from_the_chain_of_today():
    assert FILE.read_text(encoding="utf-8") == drawing(), "run make pictures"


def test_each_curve_is_flatter_than_the_one_before():
    _, fits = curves()
    heights = abs(fits).max(1)
    assert heights[0] > heights[1] > heights[2] > 0
