"""The recorded timings are there, and say on what they were taken."""

import pytest

from sdtutorial import timings


@pytest.mark.parametrize("name", ["ratios", "growth", "rows50000", "rows200000"])
def test_a_record_says_where_it_was_made(name):
    machine, records = timings.recorded(name)
    assert {"processor", "cores", "threads", "numpy", "scipy", "date"} <= set(machine)
    assert records and all("what" in record for record in records)


def test_ratios_are_those_of_the_times_beside_them():
    for record in timings.recorded("ratios")[1]:
        seconds = record["seconds"]
        assert record["ratio"] == pytest.approx(seconds["krylov"] / seconds["scipy.linalg.eigh"])
        assert record["error"] <= 1e-9


def test_the_large_chains_have_ended_without_their_matrix():
    records = [record for name in ("rows50000", "rows200000") for record in timings.recorded(name)[1]]
    chains = [record for record in records if record["what"] == "chain"]
    assert chains
    for chain in chains:
        assert chain["rounds"] > 0 and chain["error"] <= 1e-9
        assert chain["peak_megabytes"] < 8 * chain["points"] ** 2 / 2**20 / 10


def test_times_are_sorted_by_way():
    records = [
        {"what": "rounds", "rounds": 1, "way": "eigh", "seconds": 1.0},
        {"what": "rounds", "rounds": 4, "way": "eigh", "seconds": 2.0},
        {"what": "points", "points": 4, "way": "eigh", "seconds": 3.0},
    ]
    assert timings.by_size(records, "rounds") == {"eigh": ([1, 4], [1.0, 2.0])}
    with pytest.raises(ValueError, match="size"):
        timings.by_size(records, "colours")


def test_another_name_is_refused():
    with pytest.raises(ValueError, match="rows50000"):
        timings.recorded("rows")
