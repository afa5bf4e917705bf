"""Records: what is one, and how they are written, read and merged."""

import json
import os
import re
from dataclasses import asdict, replace

import pytest
from made_records import make, shuffled_study

from sdtutorial.networks.records import (
    Record,
    RecordError,
    configuration_digest,
    differences,
    read,
    write,
)


@pytest.fixture
def study():
    return shuffled_study()


def test_a_record_survives_its_line():
    record = make(1, 2, test_accuracy=1 / 3)
    assert record.to_line().count("\n") == 1
    assert Record.from_line(record.to_line()) == record


def test_a_record_cannot_hold_what_is_no_json_number():
    with pytest.raises(ValueError):
        make(test_accuracy=float("nan")).to_line()


@pytest.mark.parametrize(
    "change, reason",
    [
        (lambda values: values.pop("seeds"), "missing: seeds"),
        (lambda values: values.update(extra=1), "unknown: extra"),
        (lambda values: values.update(chain="0"), "chain is not of type int"),
        (lambda values: values.update(chain=True), "chain is not of type int"),
        (lambda values: values.update(round=-1), "must not be negative"),
        (lambda values: values["configuration"].pop("machine"), "configuration lacks its"),
        (lambda values: values["metrics"].pop("agreement"), "metrics missing: agreement"),
        (lambda values: values["metrics"].update(agreement="1"), "agreement is not a finite"),
        (lambda values: values["metrics"].update(agreement=float("inf")), "not a finite"),
    ],
)
def test_what_is_no_record_is_refused_with_the_reason(change, reason):
    values = asdict(make())
    change(values)
    with pytest.raises(RecordError, match=reason):
        Record.from_line(json.dumps(values))


@pytest.mark.parametrize("line", ["", "{", "[]", "1", "\x00\x01"])
def test_a_line_that_is_no_json_object_is_refused(line):
    with pytest.raises(RecordError):
        Record.from_line(line)


def changed(name, value):
    """A change of one entry, which may be inside others: "metrics/agreement"."""

    def change(values):
        *path, last = name.split("/")
        for step in path:
            values = values[step]
        values[last] = value

    return change


@pytest.mark.parametrize(
    "change, reason",
    [
        (changed("metrics/test_accuracy", 10**300), "not a finite number"),
        (changed("metrics/test_accuracy", 10**4000), "not a finite number"),
        (changed("metrics/test_accuracy", 2**64), "not a finite number"),
        (changed("metrics/test_accuracy", 1e308), "not a finite number"),
        (changed("metrics/test_accuracy", True), "not a finite number"),
        (changed("metrics/surprise", "1"), "metric surprise is not a finite number"),
        (changed("configuration/setting", 1), "the setting lacks its name or recipe"),
        (changed("configuration/setting", {}), "the setting lacks its name or recipe"),
        (changed("configuration/setting/recipe", {}), "recipe lacks its epochs or weight_decay"),
        (changed("configuration/setting/recipe/epochs", "5"), "epochs is not of type int"),
        (changed("configuration/machine", {}), "the machine lacks its device or precision"),
        (changed("configuration/machine/device", None), "device is not of type str"),
        (changed("configuration/study_seed", "0"), "study_seed is not of type int"),
        (changed("setting", "a$_{$"), "name of its setting has other letters"),
        (changed("setting", "a\0"), "name of its setting has other letters"),
        (changed("setting", "\ud800"), "name of its setting has other letters"),
        (changed("setting", "../a"), "name of its setting has other letters"),
        (changed("arrays", 1), "arrays is not of type dict"),
        (changed("configuration/setting/network", "resnet"), "the network lacks its family"),
        (changed("configuration/setting/network", {"family": []}), "family is not of type str"),
        (changed("configuration/setting/data", ["cifar10"]), "data is not of type str"),
        (changed("configuration/setting/recipe/loss", [1]), "loss is not of type str"),
        (changed("configuration/setting/members", "two"), "members is not of type int"),
        (changed("configuration/setting/seeds_of", {"a": 1}), "seeds_of is not of type str"),
        (changed("code/chain", ["a"]), "an entry of code is not of type str"),
        (changed("arrays", {"test_classes": 5}), "an entry of arrays is not of type str"),
        (changed("outcome", "\x1b[31m"), "letters that cannot be printed"),
        (changed("preset", "a\nb"), "letters that cannot be printed"),
    ],
)
def test_what_would_end_a_report_is_refused_with_the_reason(change, reason):
    values = asdict(make())
    change(values)
    with pytest.raises(RecordError, match=reason):
        Record.from_line(json.dumps(values))


@pytest.mark.parametrize("depth", [10_000, 200_000])
@pytest.mark.parametrize("line", ["{}", '{{"configuration": {}}}'])
def test_a_line_that_is_nested_ever_deeper_is_refused(depth, line):
    with pytest.raises(RecordError, match="not JSON"):
        Record.from_line(line.format("[" * depth + "]" * depth))


def test_one_bad_record_is_one_sentence_and_the_others_count(study, tmp_path):
    bad = [
        "[" * 10_000,
        make().to_line().replace('"agreement": 0.5', f'"agreement": {2**64}').rstrip(),
        make(setting="a$_{$").to_line().rstrip(),
    ]
    lines = [record.to_line() for record in study]
    (tmp_path / "all.jsonl").write_text("".join(lines) + "\n".join(bad) + "\n")
    reading = read([tmp_path])
    assert len(reading.records) == 12
    assert len(reading.problems) == 3


def test_a_record_without_digests_of_arrays_is_as_it_was(study):
    assert '"arrays"' not in make().to_line()
    named = replace(make(), arrays={"test_classes": "0" * 64})
    assert Record.from_line(named.to_line()) == named


def test_what_is_no_file_is_said_and_not_waited_for(study, tmp_path):
    write(study, tmp_path / "all.jsonl")
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "circle.jsonl").symlink_to(tmp_path / "circle.jsonl")
    reading = read([tmp_path])
    assert len(reading.records) == 12
    assert [path.name for path in reading.unreadable] == ["circle.jsonl", "pipe.jsonl"]
    assert all("it is no file" in problem for problem in reading.problems)
    assert len(read([tmp_path / "pipe.jsonl"]).unreadable) == 1


@pytest.mark.parametrize("closed", ["", "one"])
def test_a_folder_that_may_not_be_read_is_said(study, tmp_path, monkeypatch, closed):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(study[:1], tmp_path / name / "all.jsonl")
    scandir = os.scandir

    def refusing(path):
        if os.fspath(path) == os.fspath(tmp_path / closed):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    reading = read([tmp_path])
    assert len(reading.records) == (1 if closed else 0)
    (problem,) = reading.problems
    assert problem == f"{tmp_path / closed} cannot be read (Permission denied); it is left out."
    assert len(reading.unreadable) == 1


def test_a_file_that_cannot_be_written_leaves_nothing_behind(study, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write(study, tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_writing_and_reading_gives_the_records_in_order(study, tmp_path):
    write(study, tmp_path / "all.jsonl")
    reading = read([tmp_path / "all.jsonl"])
    assert [(r.chain, r.round) for r in reading.records] == [
        (chain, number) for chain in range(3) for number in range(4)
    ]
    assert {r.key: r for r in reading.records} == {r.key: r for r in study}
    assert not reading.problems


def test_files_and_folders_merge(study, tmp_path):
    (tmp_path / "one" / "deep").mkdir(parents=True)
    write(study[:5], tmp_path / "one" / "deep" / "part.jsonl")
    write(study[5:], tmp_path / "other.jsonl")
    whole = read([tmp_path])
    assert read([tmp_path / "one", tmp_path / "other.jsonl"]) == whole
    assert len(whole.records) == 12 and not whole.problems


def test_a_truncated_last_line_is_reported_and_the_rest_is_read(study, tmp_path):
    path = tmp_path / "all.jsonl"
    write(study, path)
    path.write_text(path.read_text()[:-200])
    reading = read([path])
    assert len(reading.records) == 11
    assert re.search("line 12 is truncated", reading.problems[0])


def test_a_corrupt_line_is_reported_and_the_rest_is_read(study, tmp_path):
    path = tmp_path / "all.jsonl"
    lines = [record.to_line() for record in study]
    lines[3] = lines[3].replace('"chain"', '"chian"')
    path.write_text("".join(lines))
    reading = read([path])
    assert len(reading.records) == 11
    assert re.search("line 4 is no record: missing: chain", reading.problems[0])


def test_a_file_of_other_bytes_is_reported(study, tmp_path):
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe\x00")
    write(study, tmp_path / "all.jsonl")
    reading = read([tmp_path])
    assert len(reading.records) == 12
    assert "cannot be read" in reading.problems[0]


def test_a_record_that_is_there_twice_counts_once_and_is_reported(study, tmp_path):
    write(study, tmp_path / "a.jsonl")
    write(study[:3], tmp_path / "b.jsonl")
    reading = read([tmp_path])
    assert len(reading.records) == 12
    assert re.fullmatch(r".*b\.jsonl repeats 3 records .*each counts once\.", reading.problems[0])


def test_two_results_of_one_training_are_reported_one_by_one(study, tmp_path):
    write(study, tmp_path / "a.jsonl")
    write([replace(study[0], targets="other")], tmp_path / "b.jsonl")
    reading = read([tmp_path])
    assert len(reading.records) == 12
    assert study[0] in reading.records
    assert "with another result" in reading.problems[0]
    assert f"chain {study[0].chain}, round {study[0].round}" in reading.problems[0]


def test_a_file_named_twice_is_one_file(study, tmp_path):
    write(study, tmp_path / "a.jsonl")
    reading = read([tmp_path, tmp_path / "a.jsonl", tmp_path])
    assert len(reading.records) == 12 and not reading.problems


def test_hidden_folders_are_left_out(study, tmp_path):
    for folder in (".partial", "visible"):
        (tmp_path / folder).mkdir()
        write(study[:1], tmp_path / folder / "record.jsonl")
    assert len(read([tmp_path]).records) == 1
    assert not read([tmp_path]).problems


def test_hidden_folders_above_do_not_matter(study, tmp_path):
    (tmp_path / ".cache").mkdir()
    write(study, tmp_path / ".cache" / "all.jsonl")
    assert len(read([tmp_path / ".cache"]).records) == 12


def test_a_path_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read([tmp_path / "nowhere"])


def test_differences_name_the_entry_and_both_values():
    one = {"a": {"b": 1, "c": 2}, "d": 3}
    other = {"a": {"b": 1, "c": 4}, "e": 5}
    assert differences(one, other) == ["a.c (2, not 4)", "d (3, not None)", "e (None, not 5)"]
    assert differences(one, one) == []


def test_the_digest_of_a_configuration_ignores_its_order():
    assert configuration_digest({"a": 1, "b": 2}) == configuration_digest({"b": 2, "a": 1})
    assert configuration_digest({"a": 1}) != configuration_digest({"a": 2})
