"""Every test of a statement meets a wrong constant, and a mutation does what it says."""

import dataclasses
import inspect
from types import SimpleNamespace

import numpy as np
import pytest
from mutations import (
    Change,
    by_round,
    ends,
    field,
    find_owner,
    given,
    mutations,
    plus,
    ratio,
    replace,
    times,
)
from pages import ROOT
from statements import find_tests

import sdtutorial
from sdtutorial import bounds, distill_spectrum

MARKED = {
    f"{check.file.removeprefix('tests/')}::{check.name}"
    for check, _ in find_tests(ROOT / "tests")
    if check.labels
}


def test_every_test_of_a_statement_has_a_mutation_that_it_must_notice():
    mutated = {test for mutation in mutations() for test in mutation.tests}
    ours = {test for test in MARKED if not test.startswith("extensions/")}
    assert ours - mutated == set(), "add to tests/mutations.py what makes these fail"
    assert mutated - MARKED == set(), "no such test of a statement"


@pytest.mark.parametrize("path", sorted({mutation.function for mutation in mutations()}))
def test_what_is_mutated_exists(path):
    if not path.startswith("tests."):
        owner, name = find_owner(path, sdtutorial)
        assert inspect.getattr_static(owner, name)


def test_a_function_is_wrong_wherever_it_was_imported_to(monkeypatch):
    right = bounds.rounds_limit
    replace(*find_owner("bounds.rounds_limit", sdtutorial), times(2.0))
    try:
        assert bounds.rounds_limit([1.0], [1.0]) == bounds.curve.rounds_limit([1.0], [1.0]) == 2.0
    finally:
        for module in (bounds, bounds.curve):
            module.rounds_limit = right


def test_a_property_and_a_method_can_be_wrong():
    class Thing:
        @property
        def one(self):
            return 1.0

        def two(self):
            return 2.0

    replace(Thing, "one", times(3.0))
    replace(Thing, "two", plus(1.0))
    assert (Thing().one, Thing().two()) == (3.0, 3.0)


def test_changes_do_what_their_words_say():
    def wrong(change, result, **arguments):
        return change.wrap(lambda **options: result)(**arguments)

    assert wrong(times(2.0), 3.0) == 6.0
    assert wrong(times(2.0, part=1), (1.0, 3.0)) == (1.0, 6.0)
    assert wrong(plus(1, part=0), (1, 3)) == (2, 3)
    assert wrong(by_round(2.0), np.ones(3)).tolist() == [1, 2, 4]
    assert given("x", 2.0).wrap(lambda x, y: x + y)(1.0, y=1.0) == 3.0
    assert ratio(2.0).wrap(lambda log: 3.0)(log=False) == 9.0
    assert ratio(2.0).wrap(lambda log: 3.0)(log=True) == 6.0
    chain = distill_spectrum([1.0, 2.0], [3.0, 4.0], 0.5)
    faster = field("multipliers", 2.0, rounds=True).wrap(lambda: chain)()
    np.testing.assert_allclose(faster.multipliers, chain.multipliers * 2.0 ** np.arange(chain.rounds))
    assert dataclasses.replace(faster, multipliers=chain.multipliers).rounds == chain.rounds


def test_the_ends_of_a_bracket_stay_each_others_reciprocals():
    lower, upper = bounds.collapse_sparsity([1.0, 2.0, 4.0], 3.0, 5.0)
    wrong = ends(low=2.0, high=3.0).wrap(bounds.collapse_sparsity)([1.0, 2.0, 4.0], 3.0, 5.0)
    below = np.tril_indices(3, -1)
    np.testing.assert_array_equal(wrong[0][below], 2 * lower[below])
    np.testing.assert_array_equal(wrong[1][below], 3 * upper[below])
    np.testing.assert_array_equal(wrong[0], -wrong[1].T)


def test_a_change_may_look_at_the_arguments():
    change = Change("grows", lambda result, arguments: result + arguments["x"])
    assert change.wrap(lambda x: SimpleNamespace(value=x).value)(2.0) == 4.0
