"""The study of widths: its command, its records, and the slope of a distance."""

import json

import numpy as np
import pytest

from sdtutorial import examples
from sdtutorial.networks import __main__ as command
from sdtutorial.networks import wide, widths


def test_the_slope_is_that_of_a_power():
    sizes = np.array([8, 16, 64])
    slope, error = widths.slope(sizes, np.outer(sizes**-0.5, [1, 2, 3]))
    assert slope == pytest.approx(-0.5) and error == pytest.approx(0, abs=1e-12)


@pytest.mark.slow
def test_the_command_leaves_a_record_a_width_and_rule(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(widths.study.__kwdefaults__, "rules", ["stop"])  # the faster one
    path = tmp_path / "widths.jsonl"
    assert command.main(["widths", "--widths", "8", "--copies", "2", "--out", str(path)]) == 0
    (line,) = path.read_text().splitlines()
    record = widths.WidthRecord(**json.loads(line))
    assert record.configuration["width"] == 8 and len(record.distances) == 2
    assert "width 8, stop" in capsys.readouterr().out


def test_the_records_of_the_book_shrink_with_the_width():
    records = widths.recorded()
    for rule in wide.RULES:
        chosen = [record for record in records if record.configuration["rule"] == rule]
        sizes = [record.configuration["width"] for record in chosen]
        slope, error = widths.slope(sizes, [record.distances for record in chosen])
        assert slope + 3 * error < -0.25
        assert abs(slope + 0.5) < 3 * error


def test_the_code_of_today_repeats_a_chain_of_the_book():
    (record,) = [
        record
        for record in widths.recorded()
        if (record.configuration["width"], record.configuration["rule"]) == (32, "stop")
    ]
    again = next(widths.study(examples.spline(), [32], copies=1, rules=["stop"]))
    assert again.rounds == record.rounds[:1]
    for name in ("distances", "kernel_errors", "moves", "largest_moves"):
        assert getattr(again, name) == pytest.approx(getattr(record, name)[:1], rel=1e-6)
