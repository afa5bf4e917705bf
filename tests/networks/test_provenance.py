"""The code fingerprint: what changes it, what it covers, and changes that are vouched for."""

from dataclasses import replace
from pathlib import Path

import pytest
from made_records import make

from sdtutorial.networks import provenance
from sdtutorial.networks.provenance import code_fingerprint, source_fingerprint

SOURCE = '''
"""A module."""
import math

def area(radius, *, scale=1.0):
    """Area of a circle."""
    # scaled
    return scale * math.pi * radius**2

class Box:
    """A box."""
    side: float = 1.0
'''


@pytest.mark.parametrize(
    "change",
    [
        ("# scaled", "# scaled by a factor"),
        ('"""Area of a circle."""', '"""Another\n    explanation."""'),
        ('"""A module."""', ""),
        ('    """A box."""\n', ""),
        ("scale * math.pi * radius**2", "(scale * math.pi\n        * radius ** 2)"),
        ("\n\ndef", "\n\n\n\ndef"),
    ],
)
def test_comments_docstrings_and_layout_do_not_change_the_fingerprint(change):
    assert change[0] in SOURCE
    assert source_fingerprint(SOURCE.replace(*change)) == source_fingerprint(SOURCE)


@pytest.mark.parametrize(
    "change",
    [
        ("radius**2", "radius**3"),
        ("scale=1.0", "scale=2.0"),
        ("scale=1.0", "scale=1"),
        ("*, scale", "scale"),
        ("math.pi * radius", "math.pi / radius"),
        ("side: float", "edge: float"),
        ("def area", "@staticmethod\ndef area"),
        ("import math", "import cmath as math"),
    ],
)
def test_every_other_change_changes_the_fingerprint(change):
    assert change[0] in SOURCE
    assert source_fingerprint(SOURCE.replace(*change)) != source_fingerprint(SOURCE)


def test_a_string_that_is_no_docstring_counts():
    one, other = ("def f():\n    x = 1\n    return 'a'", "def f():\n    x = 1\n    return 'b'")
    assert source_fingerprint(one) != source_fingerprint(other)


def test_the_code_fingerprint_covers_the_three_modules_that_decide_a_training():
    folder = Path(provenance.__file__).parent
    assert code_fingerprint() == {
        name: source_fingerprint((folder / f"{name}.py").read_text())
        for name in ("models", "training", "chain")
    }


def test_a_record_made_by_other_code_names_the_modules():
    record = make()
    assert record.stale == []
    other = replace(record, code={**record.code, "chain": "0" * 16, "models": "1" * 16})
    assert other.stale == ["models", "chain"]
    assert replace(record, code={}).stale == ["models", "training", "chain"]


def test_images_have_a_fingerprint_of_their_own_so_the_code_that_loads_them_does_not_count():
    record = make()
    assert replace(record, code={**record.code, "data": "0" * 16}).stale == []


def test_a_change_that_is_vouched_for_is_told_from_others(monkeypatch):
    today = code_fingerprint()["chain"]
    record = make()
    old = replace(record, code={**record.code, "chain": "0" * 16, "models": "1" * 16})
    monkeypatch.setattr(provenance, "EQUIVALENT", [("chain", ("0" * 16, today), "a test")])
    assert (old.stale, old.vouched) == (["models"], ["chain"])
    assert (record.stale, record.vouched) == ([], [])


@pytest.mark.parametrize("entry", [("chain", ("0" * 16, "2" * 16)), ("models", ("0" * 16, None))])
def test_nothing_is_vouched_for_that_is_not_compared_with_the_same_module_of_today(
    entry, monkeypatch
):
    module, fingerprints = entry
    fingerprints = [value or code_fingerprint()["chain"] for value in fingerprints]
    old = replace(make(), code={**make().code, "chain": "0" * 16})
    monkeypatch.setattr(provenance, "EQUIVALENT", [(module, fingerprints, "a test")])
    assert (old.stale, old.vouched) == (["chain"], [])


def test_each_change_that_is_vouched_for_names_a_test_that_is_there():
    for module, fingerprints, test in provenance.EQUIVALENT:
        assert module in provenance.FINGERPRINTED
        assert code_fingerprint()[module] in fingerprints
        path, _, name = test.partition("::")
        source = (Path(__file__).parents[2] / path).read_text(encoding="utf-8")
        assert f"def {name}(" in source
