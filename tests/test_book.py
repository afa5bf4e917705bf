"""The chapters keep the promises that the book makes about them."""

import ast
import re
import sys

import first_page
import jupytext
import pytest
from pages import CHAPTERS, NOTEBOOKS, PAGES, ROOT, cells, figure, text_of
from statements import find_checks

# Numbers that are given, not computed: they state the example and cannot come out of the code.
GIVEN = {"0.04", "0.1", "0.2", "0.5", "0.9"}

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
each_notebook = pytest.mark.parametrize("page", NOTEBOOKS, ids=lambda page: page.stem)
each_chapter = pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)


def without_code(text):
    text = re.sub(r"^```(?!\{).*?^```", "", text, flags=re.M | re.S)  # a block shown, not run
    text = re.sub(r"\{[\w:]+\}`[^`]*`", "", text)  # roles, so glued numbers too
    text = re.sub(r"`[^`\n]*`", "", text)
    text = re.sub(r"^:[\w-]+:.*$", "", text, flags=re.M)  # options of directives
    return re.sub(r"\]\([^)]*\)|\(eq-[\w-]+\)|https?://\S+", "", text)


def typed_numbers(text):
    text = without_code(text)
    # What is cited by number: Section 3.4, Figure 2.1, CC BY 4.0.
    text = re.sub(r"\b(CC BY|Sections?|Figures?|Fig\.|Theorems?|Corollary|Table|Chapter) \d+(\.\d+)*", "", text)
    numbers = re.findall(r"(?<![\w.])\d+\.\d+(?:e-?\d+)?|(?<![\w.])\d+e-?\d+", text)
    return sorted(set(numbers) - GIVEN)


@each_page
def test_every_number_in_the_prose_comes_from_code(page):
    cure = "glue these numbers, or list in GIVEN those that state the example"
    assert typed_numbers(text_of(page)) == [], cure


def test_a_typed_number_is_noticed():
    assert typed_numbers("The multiplier is 4.885 and $c = 1.7$.") == ["1.7", "4.885"]
    assert typed_numbers("It is 4e-5, see Section 3.4 and {glue:text}`c:.3e` in `1.5`.") == ["4e-5"]


@each_notebook
def test_every_figure_has_a_caption_a_name_and_a_text_for_those_who_do_not_see_it(page):
    for cell in cells(page, "code"):
        if re.search(r"^(\w+ = )?(plotting|figures|plt)\.\w+\(", cell.source, flags=re.M):
            asked = f"name: fig-..., a caption and an alt of five words are asked of:\n{cell.source}"
            assert figure(cell).get("caption", "").strip(), asked
            assert figure(cell).get("name", "").startswith("fig-"), asked
            alt = cell.metadata["mystnb"].get("image", {}).get("alt", "")
            assert len(alt.split()) > 4, asked


@each_notebook
def test_a_caption_does_not_end_in_a_blank_line(page):
    for cell in cells(page, "code"):
        caption = str(figure(cell).get("caption", ""))
        assert caption == caption.strip(), "end the YAML block of the caption with >- instead of >"


def test_the_first_page_shows_a_card_for_every_chapter_with_its_question_and_its_length():
    assert text_of(PAGES[0]).count(first_page.CHAPTERS) == 1
    listed = list(first_page.chapters(ROOT))
    cards = first_page.cards(listed)
    linked = re.findall(r"^:link: /(\S+)$", cards, flags=re.M)
    assert linked == [f"book/{chapter.stem}" for chapter in CHAPTERS]
    for chapter in listed:
        asked = f"{chapter.docname} opens with a question, before its first figure or box"
        assert "?" in chapter.question, asked
        assert chapter.minutes > 0 and chapter.exercises > 0, "**It takes** 20 minutes ..."


@each_chapter
def test_every_chapter_says_what_it_teaches_needs_and_takes(page):
    opening = text_of(page).split("\n## ")[0].lower()
    asked = "before its first section a chapter says: You will learn ..., You need ..., ... minutes"
    assert "you will learn" in opening, asked
    assert "you need" in opening, asked
    assert re.search(r"\d+ minutes", opening), asked


@each_chapter
def test_every_chapter_ends_with_exercises_that_are_solved(page):
    text = text_of(page)
    headings = re.findall(r"^## (.*)$", text, flags=re.M)
    assert headings[-1:] == ["Exercises"], "the last section of a chapter is ## Exercises"
    exercises = re.findall(r"\{exercise(?:-start)?\}[^\n]*\n:label: (\S+)", text)
    solved = re.findall(r"\{solution(?:-start)?\} (\S+)", text)
    asked = "three exercises are asked of every chapter, each with a label: {exercise-start}"
    assert len(exercises) >= 3, asked
    asked = "every exercise has one solution that names its label: {solution-start} ex-..."
    assert sorted(exercises) == sorted(solved), asked


@each_chapter
def test_exercises_say_their_kind_and_minutes_and_add_up_to_what_is_announced(page):
    text = text_of(page)
    exercises = re.findall(r"\{exercise-start\}.*?\{exercise-end\}", text, flags=re.S)
    kind = "(?:prove|compute|break something)"
    mark = re.compile(rf"^\*{kind}(?: and {kind})?, (\d+) minutes\.\*$", flags=re.M | re.I)
    marks = [mark.findall(exercise) for exercise in exercises]
    if any(marks):  # a chapter marks all of its exercises or none
        asked = "*Prove, 10 minutes.* or *Compute and break something, 5 minutes.*, above its text"
        assert all(len(minutes) == 1 for minutes in marks), asked
        announced = re.search(r"(\d+) more with the exercises", text)
        assert sum(int(minutes) for [minutes] in marks) == int(announced[1])


@each_notebook
def test_a_chapter_defines_no_algorithm_of_its_own(page):
    for cell in cells(page, "code"):
        tree = ast.parse(re.sub(r"^(\s*)[%!]", r"\1# ", cell.source, flags=re.M))
        for node in ast.walk(tree):
            cure = f"move the class, the loop or the function of 5 lines into the package:\n{cell.source}"
            assert not isinstance(node, ast.ClassDef | ast.While), cure
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 5, cure


@each_notebook
def test_a_chapter_imports_nothing_that_colab_lacks(page):
    allowed = {"numpy", "scipy", "matplotlib", "ipywidgets", "sklearn", "sdtutorial"}
    allowed |= sys.stdlib_module_names
    cure = "a chapter has numpy, scipy, matplotlib, ipywidgets, sklearn, sdtutorial; the package the rest"
    for cell in cells(page, "code"):
        for node in ast.walk(ast.parse(re.sub(r"^(\s*)[%!]", r"\1# ", cell.source, flags=re.M))):
            if isinstance(node, ast.Import):
                assert {name.name.split(".")[0] for name in node.names} <= allowed, cure
            elif isinstance(node, ast.ImportFrom):
                assert node.module.split(".")[0] in allowed, cure


@each_notebook
def test_a_chapter_is_in_the_normal_form_of_jupytext(page):
    text = page.read_text(encoding="utf-8")
    normal = jupytext.writes(jupytext.reads(text, fmt="md:myst"), fmt="md:myst")
    # The header of the file may name the version of jupytext or not.
    version = re.compile(r"^    jupytext_version: .*\n", flags=re.M)
    cure = f"run .venv/bin/jupytext --to md:myst book/{page.name} to bring it into normal form"
    assert version.sub("", normal).rstrip() == version.sub("", text).rstrip(), cure


@each_page
def test_a_chapter_sends_the_reader_to_papers_and_licences_only(page):
    addresses = re.findall(r"https?://[^\s)>`]+", page.read_text(encoding="utf-8"))
    allowed = ("https://arxiv.org/", "https://doi.org/", "https://creativecommons.org/")
    others = [address for address in addresses if not address.startswith(allowed)]
    assert others == [], f"cite a source in references.bib instead; allowed are {allowed}"


def statement_labels():
    directive = re.compile(
        r"\{prf:(?:theorem|lemma|proposition|corollary|definition)\}[^\n]*\n:label: (\S+)"
    )
    return [label for page in PAGES for label in directive.findall(text_of(page))]


def test_every_statement_of_the_book_has_a_test_and_every_such_test_a_statement():
    labels = statement_labels()
    assert len(labels) == len(set(labels)), "two statements have one label"
    tested = set(find_checks(ROOT / "tests"))
    assert set(labels) - tested == set(), 'mark a test of each: @pytest.mark.statement("label")'
    assert tested - set(labels) == set(), "no statement of the book has these labels"


def test_every_statement_carries_a_label():
    for page in PAGES:
        for following in re.findall(
            r"\{prf:(?:theorem|lemma|proposition|corollary|definition)\}[^\n]*\n([^\n]*)",
            text_of(page),
        ):
            assert following.startswith(":label: "), "the line after {prf:...} is :label: thm-..."
