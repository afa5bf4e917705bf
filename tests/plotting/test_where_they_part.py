"""What is promised beside what is there, and risks in the order of their size."""

from drawings import draw, drawn, is_drawn, texts

from sdtutorial import plotting


def test_what_is_promised_and_what_is_there_share_a_row():
    rows = [("rounds", 7e-4, 4), ("sparsity", 1.0, 5e28)]
    figure = plotting.said_and_computed(rows)
    (axes,) = figure.axes
    for height, (name, said, computed) in zip((1, 0), rows):
        assert is_drawn(axes, [said, computed], [height, height])
        assert is_drawn(axes, [said], [height])
        assert is_drawn(axes, [computed], [height])
        assert name in texts(figure)
    assert axes.get_xscale() == "log"
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["promised", "there"]
    assert draw(figure)


def test_risks_stand_in_the_order_of_their_size():
    figure = plotting.least_risks({"middle": 0.07, "worst": 0.1, "best": 0.0599})
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["best", "middle", "worst"]
    assert drawn(axes)[0].tolist() == [[0.0599, 0], [0.07, 1], [0.1, 2]]
    assert "0.0599" in texts(figure)
    assert draw(figure)
