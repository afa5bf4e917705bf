"""The API page: what is on it, in which order, with which links."""

import inspect
from pathlib import Path

from api import chosen, find_uses, in_order, linked, page_text, public_names, public_objects
from architecture import imports, modules
from statements import Check

import sdtutorial

ROOT = Path(__file__).parents[2]

# What draws, trains, talks to the host, or is used by what is tested.
OTHERS = ("exercises", "interactive", "networks", "notebook", "plotting", "secular", "spectrum")


def test_every_public_name_of_the_package_is_on_the_page_once():
    shown = [thing for _, things in public_names() for thing in things.values()]
    assert len(shown) == len(set(shown))
    assert {getattr(sdtutorial, name) for name in sdtutorial.__all__} <= set(shown)
    text = page_text()
    assert ".. autofunction:: sdtutorial.bounds.rounds_interval\n" in text
    assert "## networks.training\n" in text
    assert "## plotting\n" in text and "## plotting." not in text


def test_modules_come_in_the_order_of_the_house_and_new_ones_after_what_they_import():
    names = in_order(imports(modules()))
    assert names.index("kernels") < names.index("regression") < names.index("bounds")
    graph = {"new": {"newer"}, "newer": set(), "kernels": set(), "_hidden": set(), "p._part": set()}
    assert in_order(graph) == ["kernels", "newer", "new"]
    assert in_order({"bounds.rounds": set(), "bounds": {"bounds.rounds"}})[0] == "bounds"


def test_what_is_private_or_comes_from_elsewhere_is_not_shown():
    module = type(inspect)("sdtutorial.made_up")
    exec("def own(): pass\ndef _hidden(): pass\nfrom inspect import getdoc", vars(module))
    assert list(public_objects(module)) == ["own"]
    module.__all__ = ["getdoc"]
    assert list(public_objects(module)) == ["getdoc"]


def test_labels_and_chapters_become_references():
    line = "In ``closed_form``, ``thm-x`` and ``eq-y``; ``other`` stays."
    assert linked(line, {"book/closed_form"}) == (
        "In :doc:`/book/closed_form`, :prf:ref:`thm-x` and :eq:`eq-y`; ``other`` stays."
    )


def test_the_tests_of_a_function_are_found_under_whatever_name_they_import_it(tmp_path):
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_a.py").write_text(
        "import sdtutorial as sd\nfrom sdtutorial import bounds, distill as d\n"
        "def test_one(): sd.distill(1)\ndef test_two(): d(1)\n"
        "def test_three(): bounds.rounds_interval(1)\ndef test_four(): other.distill(1)\n"
    )
    uses = find_uses(tests)
    distill = uses[("sdtutorial.distillation", "distill")]
    assert [check.name for check in distill] == ["test_one", "test_two"]
    module = sdtutorial.bounds.rounds_interval.__module__
    assert [check.name for check in uses[(module, "rounds_interval")]] == ["test_three"]


def test_tests_of_its_own_file_and_of_a_statement_come_first():
    checks = [
        Check("elsewhere", "tests/test_other.py", 1, ("thm-x",)),
        Check("plain", "tests/test_distillation.py", 1, ()),
        Check("marked", "tests/test_distillation.py", 9, ("thm-x",)),
    ]
    names = [check.name for check in chosen(checks, sdtutorial.distill)]
    assert names == ["marked", "plain", "elsewhere"]


def test_every_function_of_the_theory_has_a_test_that_calls_it():
    uses = find_uses(ROOT / "tests")
    untested = [
        f"{module.__name__}.{name}"
        for module, things in public_names()
        if module.__name__.split(".")[1] not in OTHERS
        for name, thing in things.items()
        if inspect.isfunction(thing) and (thing.__module__, thing.__qualname__) not in uses
    ]
    assert untested == [], "call each in a test of its own"
