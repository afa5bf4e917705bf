"""A question is a form on a page and a text elsewhere, and tells why an answer is right or wrong."""

import ast
import re

import pytest
from bs4 import BeautifulSoup
from pages import NOTEBOOKS, cells

from sdtutorial.quiz import Question

ANSWERS = {"2 < 3": "So it is.", "3 < 2": "The other way round."}
QUESTION = Question("order", "What is <true>?", ANSWERS, right="2 < 3")

ASKED = [
    pytest.param(page, cell.source, id=page.stem)
    for page in NOTEBOOKS
    for cell in cells(page, "code")
    if "quiz.Question(" in cell.source
]


def test_an_answer_is_told_whether_it_is_right_and_why():
    assert QUESTION.answer("a") and repr(QUESTION.answer("A")) == "Right.\nSo it is."
    assert QUESTION.answer("b").right is False
    assert repr(QUESTION.answer("b")) == "Not yet.\nThe other way round."


@pytest.mark.parametrize("letter", ["c", "", "ab", 1, None])
def test_what_is_no_letter_of_an_answer_is_no_answer(letter):
    verdict = QUESTION.answer(letter)
    assert verdict.right is None and "one of the letters a, b" in repr(verdict)


def test_as_text_it_says_how_to_answer():
    assert repr(QUESTION).splitlines() == [
        "What is <true>?",
        "  a) 2 < 3",
        "  b) 3 < 2",
        'Answer with order.answer("a").',
    ]


def test_the_form_is_for_the_book_and_the_text_for_every_host(monkeypatch):
    monkeypatch.setenv("SDTUTORIAL_RUNTIME", "book")
    data, metadata = QUESTION._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html"} and metadata == {"text_form": True}
    monkeypatch.setenv("SDTUTORIAL_RUNTIME", "colab")
    assert set(QUESTION._repr_mimebundle_()[0]) == {"text/plain"}


def test_the_form_is_a_named_group_of_labelled_buttons():
    form = BeautifulSoup(QUESTION.form(), "html.parser").fieldset
    assert form.legend.text == "What is <true>?"
    assert [label.input["name"] for label in form("label")] == ["order", "order"]
    assert [template["data-right"] for template in form("template")] == ["true", "false"]
    assert form.find(role="status").text == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "two words"}, "name of a variable"),
        ({"name": 3}, "name of a variable"),
        ({"answers": {"one": "x"}}, "two to eight"),
        ({"answers": list(ANSWERS)}, "two to eight"),
        ({"right": "2"}, "one of the answers '2 < 3', '3 < 2'"),
    ],
)
def test_a_question_that_nobody_can_answer_is_refused(change, words):
    arguments = {"name": "order", "text": "?", "answers": ANSWERS, "right": "2 < 3"} | change
    with pytest.raises((TypeError, ValueError), match=words):
        Question(**arguments)


# The chapters.


def question_in(source):
    """Return the name, the tree of the call and the last line of a cell that asks a question."""
    tree = ast.parse(source)
    calls = [node for node in tree.body if isinstance(node, ast.Assign)]
    [asked] = [node for node in calls if "quiz.Question(" in ast.unparse(node)]
    return asked.targets[0].id, asked.value, ast.unparse(tree.body[-1])


@pytest.mark.parametrize(("page", "source"), ASKED)
def test_a_question_bears_the_name_of_its_variable_and_is_shown(page, source):
    variable, call, last = question_in(source)
    assert ast.literal_eval(call.args[0]) == variable == last


@pytest.mark.parametrize(("page", "source"), ASKED)
def test_what_is_right_is_computed(page, source):
    _, call, _ = question_in(source)
    [right] = [keyword.value for keyword in call.keywords if keyword.arg == "right"]
    assert not isinstance(right, ast.Constant), "compute which answer is right"


@pytest.mark.parametrize(("page", "source"), ASKED)
def test_a_question_has_three_answers_and_each_its_reason(page, source):
    _, call, _ = question_in(source)
    answers = call.args[2]
    assert len(answers.keys) >= 3
    assert all(len(re.findall(r"\w+", ast.unparse(why))) > 4 for why in answers.values)


def test_the_first_chapters_ask_three_questions_each():
    pages = [page.stem for page, _ in (case.values for case in ASKED)]
    spine = "setup closed_form self_distillation collapse_bound sparsification spline_example"
    assert all(pages.count(name) >= 3 for name in spine.split())


def test_a_question_on_a_page_is_answered_by_keyboard(browser, server):
    tab = browser.new_page()
    tab.goto(f"{server}/book/setup.html")
    question = tab.locator("fieldset.question").first
    told = question.locator("[role=status]")
    question.locator("button").focus()
    tab.keyboard.press("Enter")
    assert told.inner_text() == "Choose an answer first."
    question.locator("input").first.focus()
    tab.keyboard.press("Space")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    right = question.locator("template").first.get_attribute("data-right")
    assert told.inner_text().startswith("Right." if right == "true" else "Not this one.")
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    assert told.inner_text().startswith("Not this one." if right == "true" else "Right.")
    tab.close()
