"""What a reader of a notebook sees: the text of the page, numbered and resolved."""

from miniature import markdown


def test_statements_carry_the_numbers_of_the_site_and_name_their_tests(miniature):
    text = markdown(miniature()["one"])
    assert "> **Definition 1.1 (Of $x$).**" in text
    assert "> **Lemma 1.2.**\n>\n> By Definition 1.1." in text
    assert "Checked by `test_the_lemma` in `tests/test_x.py`." in text
    assert "*Proof.* Clear." in text


def test_formulas_are_numbered_and_stand_on_one_line_in_a_quotation(miniature):
    text = markdown(miniature()["one"])
    assert "> $$ a = b \\tag{1.1} $$" in text
    assert "> $$ x = \\begin{aligned} 1 \\\\ 2 \\end{aligned} \\tag{1.2} $$" in text
    assert "as (1.1) says" in text
    assert "$$\n1 > 0\n$$" in text


def test_glued_numbers_citations_and_references_are_resolved(miniature):
    notebooks = miniature()
    first = markdown(notebooks["one"])
    assert "Here 3.14, Author (2020) and [Fig. 2.1](two.ipynb); a | bar, 2 \\* 3 \\* 4." in first
    assert first.endswith("## References\n\n- Ann Author. *A Title*. P, 2020.")
    second = markdown(notebooks["two"])
    assert "[Lemma 1.2](one.ipynb), [(1.2)](one.ipynb), [Exercise 1.1](one.ipynb)" in second
    assert "[the first](one.ipynb)" in second
    assert "A word is explained elsewhere." in second
    assert "## References" not in second  # the page of words is none of works


def test_tables_notes_and_captions_are_plain_markdown(miniature):
    notebooks = miniature()
    first = markdown(notebooks["one"])
    assert "| $\\vert a\\vert $ | right |\n| --- | ---: |\n| 1 | 3.1 |" in first
    assert "> **Note**\n>\n> Mind *this*." in first
    cells = notebooks["two"].cells
    drawing = next(index for index, cell in enumerate(cells) if "plt.figure" in cell.source)
    assert cells[drawing + 1].source == "**Fig. 2.1.** A line, 3.142."


def test_solutions_stand_after_all_exercises_with_their_code_between(miniature):
    cells = miniature()["one"].cells
    code = next(index for index, cell in enumerate(cells) if cell.source == "print(1 / 4)")
    assert cells[code].outputs[0].text == "0.25\n"
    before = cells[code - 1].source
    assert "### Exercise 1.1 (Title)\n\nDo it." in before
    assert before.endswith("## Solutions\n\n### Solution to Exercise 1.1 (Title)\n\nBy")
    assert cells[code + 2].outputs[0].text == "in pieces\n\n\nis one\n"
    assert cells[code + 3].source.startswith("done.")
