"""Statements and the tests that check them."""

from statements import find_checks


def test_marks_are_found_wherever_they_stand(tmp_path):
    tests = tmp_path / "tests"
    (tests / "part").mkdir(parents=True)
    (tests / "test_a.py").write_text(
        '@pytest.mark.statement("thm-x")\n@pytest.mark.statement("lem-y")\ndef test_one(): pass\n'
        "def test_unmarked(): pass\n"
    )
    (tests / "part" / "test_b.py").write_text(
        'class TestX:\n  @pytest.mark.statement("thm-x")\n  def test_two(self): pass\n'
    )
    checks = find_checks(tests)
    assert sorted(checks) == ["lem-y", "thm-x"]
    assert {(check.name, check.file) for check in checks["thm-x"]} == {
        ("test_one", "tests/test_a.py"),
        ("test_two", "tests/part/test_b.py"),
    }
