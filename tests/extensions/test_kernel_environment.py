"""What the kernels are told of the build."""


def test_a_chapter_knows_that_it_runs_in_the_book(miniature):
    (cell,) = (cell for cell in miniature()["one"].cells if "runtime()" in cell.source)
    assert cell.outputs[0].text == "book\n"
