"""The command line: what it prints, its exit codes, and sentences instead of tracebacks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_study import SETTING, results

from sdtutorial.networks import __main__ as command
from sdtutorial.networks import archive, data, presets, study
from sdtutorial.networks.records import read
from sdtutorial.networks.training import DivergedError

FINISHED, STOPPED_CHAINS, USAGE, FAULT, INTERRUPTED = 0, 1, 2, 3, 130


@pytest.fixture
def run(tiny_preset, capsys):
    """Run the command; returns its code and what it printed on both streams."""

    def run(*arguments):
        try:
            code = command.main([str(argument) for argument in arguments])
        except SystemExit as exit:  # argparse
            code = exit.code
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return code, printed.out, printed.err

    return run


def test_a_run_shows_rounds_accuracy_and_time_and_equals_that_of_another_process(
    run, tmp_path, undisturbed
):
    code, out, err = run("run", "--preset", "tiny", "--out", tmp_path / "out")
    assert (code, err) == (FINISHED, "")
    lines = out.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith(f"{SETTING.name}, chain 0, round 0: test ")
    assert "1 of 6 rounds done, about" in lines[0]
    assert results(tmp_path / "out") == results(undisturbed)


def test_the_digits_are_learned_and_the_second_round_predicts_softer_targets(run, tmp_path):
    arguments = ("--preset", "digits", "--chains", 1, "--rounds", 2, "--out", tmp_path)
    assert run("run", *arguments)[0] == FINISHED
    first, second = read([tmp_path]).records
    assert first.metrics["test_accuracy"] > 0.85
    assert second.metrics["agreement"] > 0.85
    assert second.metrics["prediction_entropy"] > first.metrics["prediction_entropy"]
    assert second.metrics["prediction_rank"] < first.metrics["prediction_rank"]


def test_settings_chains_rounds_and_seed_narrow_and_widen(run, tmp_path):
    options = ("--settings", "all", "--chains", 1, "--rounds", 2, "--seed", 7)
    code, _, _ = run("run", "--preset", "tiny", "--out", tmp_path, *options)
    assert code == FINISHED
    found = read([tmp_path]).records
    assert [(r.setting.removeprefix(SETTING.name), r.chain, r.round) for r in found] == [
        ("", 0, 0),
        ("", 0, 1),
        ("-decay-0.01", 0, 0),
        ("-epochs-2", 0, 0),
    ]
    assert {r.configuration["study_seed"] for r in found} == {7}


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("--preset", "huge"), "no preset 'huge'; there are digits, cpu, colab, gpu, paper"),
        (("--preset", "digits", "--settings", "x"), "no setting 'x'; it has digits-"),
        (("--preset", "tiny", "--chains", "0"), "chains must be at least 1"),
        (("--preset", "tiny", "--chains", "two"), "invalid int value: 'two'"),
        (("--preset", "tiny", "--precision", "int8"), "invalid choice: 'int8'"),
        ((), "--preset"),
    ],
)
def test_what_does_not_exist_ends_in_a_sentence(run, tmp_path, arguments, sentence):
    code, _, err = run("run", "--out", tmp_path / "out", *arguments)
    assert code == USAGE
    assert sentence in err
    assert not (tmp_path / "out").exists()


def test_a_gpu_preset_without_a_gpu_ends_in_a_sentence(run, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    code, _, err = run("run", "--preset", "gpu", "--out", tmp_path / "out")
    assert code == USAGE
    assert "preset gpu needs a CUDA GPU" in err


def test_too_little_gpu_memory_ends_in_a_sentence(run, tmp_path, monkeypatch):
    def exhausted(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(study, "run_round", exhausted)
    code, _, err = run("run", "--preset", "tiny", "--out", tmp_path)
    assert code == FAULT
    assert err.startswith("the GPU has too little memory")


def test_a_folder_that_cannot_be_written_to_ends_in_a_sentence(run, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = run("run", "--preset", "tiny", "--out", tmp_path / "file" / "out")
    assert code == FAULT
    assert err.startswith("cannot write to")


def test_another_configuration_in_the_folder_ends_in_a_sentence(run, undisturbed):
    arguments = ("run", "--preset", "tiny", "--out", undisturbed)
    code, _, err = run(*arguments, "--precision", "bfloat16")
    assert code == FAULT
    assert "another configuration: machine.precision (float32, not bfloat16)" in err
    code, _, err = run(*arguments, "--seed", 1)
    assert code == FAULT
    assert "study_seed (0, not 1)" in err


def test_a_corrupt_record_ends_in_a_sentence(run, undisturbed, tmp_path):
    out = tmp_path / "copy"
    shutil.copytree(undisturbed, out)
    path = next(out.rglob("record.jsonl"))
    path.write_text(path.read_text()[:50])
    code, _, err = run("run", "--preset", "tiny", "--out", out)
    assert code == FAULT
    assert "is no record" in err and "Delete the folder" in err
    code, printed, _ = run("report", out)
    assert code == FINISHED
    assert "record.jsonl, line 1 is truncated" in printed


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", "truncated"])
def test_a_damaged_archive_ends_in_a_sentence(run, tmp_path, monkeypatch, content):
    archive = tmp_path / "cifar100.npz"
    if content == "truncated":
        np.savez(archive, train_images=np.zeros((50, 32, 32, 3), np.uint8))
        content = archive.read_bytes()[:-1000]
    archive.write_bytes(content)
    monkeypatch.setenv("SDTUTORIAL_DATA", str(tmp_path))
    code, _, err = run("run", "--preset", "cpu", "--out", tmp_path / "out")
    assert code == FAULT
    assert "cifar100.npz is damaged" in err and "delete it" in err
    assert not list((tmp_path / "out" / ".locks").iterdir())


def test_data_that_cannot_be_had_end_in_a_sentence(run, tmp_path, monkeypatch):
    def unreachable(name, **_):
        raise archive.DataError("no source of stripes could be reached")

    monkeypatch.setattr(data, "load", unreachable)
    code, _, err = run("run", "--preset", "tiny", "--out", tmp_path)
    assert (code, err) == (FAULT, "no source of stripes could be reached\n")


def test_a_chain_that_stops_is_said_at_once_and_at_the_end_and_gives_its_own_code(
    run, tmp_path, monkeypatch
):
    run_round = study.run_round

    def diverging(setting, machine, samples, seed, chain, number, **others):
        if (chain, number) == (0, 1):
            raise DivergedError("the loss became nan in epoch 2")
        return run_round(setting, machine, samples, seed, chain, number, **others)

    monkeypatch.setattr(study, "run_round", diverging)
    code, out, err = run("run", "--preset", "tiny", "--out", tmp_path)
    assert code == STOPPED_CHAINS
    assert "chain 0, round 1: the chain stops: the loss became nan in epoch 2." in out
    assert f"{SETTING.name}, chain 0 stopped in round 1: the loss became nan" in err
    assert "chain 1, round 2: test" in out
    code, _, err = run("run", "--preset", "tiny", "--out", tmp_path)
    assert code == STOPPED_CHAINS
    assert "stopped in round 1" in err


def test_an_interrupt_ends_in_a_sentence_and_the_command_goes_on(
    run, tmp_path, monkeypatch, undisturbed
):
    run_round = study.run_round
    calls = []

    def interrupted(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return run_round(*arguments, **options)

    monkeypatch.setattr(study, "run_round", interrupted)
    code, out, err = run("run", "--preset", "tiny", "--out", tmp_path)
    assert code == INTERRUPTED
    assert len(out.splitlines()) == 2
    assert err.startswith("Interrupted. The same command goes on")
    assert run("run", "--preset", "tiny", "--out", tmp_path)[0] == FINISHED
    assert results(tmp_path) == results(undisturbed)


@pytest.mark.parametrize(
    "variable, value", [("WORLD_SIZE", "abc"), ("WORLD_SIZE", "0"), ("LOCAL_RANK", "-1")]
)
def test_a_variable_of_torchrun_that_is_no_number_ends_in_a_sentence(
    run, tmp_path, monkeypatch, variable, value
):
    monkeypatch.setenv(variable, value)
    code, _, err = run("run", "--preset", "tiny", "--out", tmp_path / "out")
    assert code == USAGE
    assert err.startswith(f"{variable} in the environment is '{value}', no number of at least")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("minutes", ["nan", "-1", "soon"])
def test_a_time_that_is_none_is_refused(run, tmp_path, minutes):
    code, _, err = run("run", "--preset", "tiny", "--out", tmp_path, f"--minutes={minutes}")
    assert code == USAGE
    assert f"'{minutes}'" in err


@pytest.mark.parametrize("precision, own", [("float16", "bfloat16"), ("bfloat16", "float32")])
def test_a_precision_that_has_to_be_emulated_is_said_before_it_starts(
    run, tmp_path, monkeypatch, precision, own
):
    monkeypatch.setattr(presets, "native_precision", lambda device: own)
    arguments = ("run", "--preset", "tiny", "--out", tmp_path, "--minutes", "0")
    said = f"This processor has no {precision} of its own."
    assert run(*arguments, "--precision", precision)[2].startswith(said)
    assert "of its own" not in run(*arguments, "--precision", "float32")[2]
    assert "of its own" not in run(*arguments, "--precision", own)[2]


def test_a_folder_that_may_not_be_read_gives_its_own_code(run, undisturbed, tmp_path):
    out = tmp_path / "copy"
    shutil.copytree(undisturbed, out)
    os.mkfifo(out / "pipe.jsonl")
    code, printed, _ = run("report", out)
    assert code == FAULT
    assert "2 chains, 3 rounds in each" in printed
    assert "pipe.jsonl cannot be read (it is no file); it is left out." in printed


def program(*arguments, **options):
    """Run the program as a process of its own."""
    root = Path(command.__file__).parents[2]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **options.pop("env", {})}
    return subprocess.run(
        [sys.executable, "-m", "sdtutorial.networks", *map(str, arguments)],
        cwd=root, env=environment, stderr=subprocess.PIPE, timeout=120, **options,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("what", ["report", "run"])
def test_an_output_that_is_full_ends_in_a_sentence(undisturbed, tmp_path, what):
    arguments = {
        "report": ("report", undisturbed, "--figures", tmp_path),
        "run": ("run", "--preset", "digits", "--rounds", "1", "--chains", "1", "--out", tmp_path),
    }[what]
    with open("/dev/full", "w") as full:
        done = program(*arguments, stdout=full)
    assert done.returncode == FAULT
    assert done.stderr == b"cannot write to the output: No space left on device.\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("what", [(), ("run",)])
def test_help_that_nobody_can_read_is_a_fault(what, unbuffered, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    with open("/dev/full", "w") as full:
        done = program(*what, "--help", stdout=full)
    assert done.returncode == FAULT
    assert done.stderr == b"cannot write to the output: No space left on device.\n"


@pytest.mark.skipif(os.name != "posix", reason="a shell closes the output")
def test_a_closed_output_is_no_reason_for_a_traceback():
    command = f"'{sys.executable}' -m sdtutorial.networks --help >&-"
    done = subprocess.run(command, shell=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.slow
def test_a_reader_who_has_enough_is_no_fault_to_speak_of(undisturbed, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as closed:
        done = program("report", undisturbed, "--figures", tmp_path, stdout=closed)
    assert (done.returncode, done.stderr) == (FAULT, b"")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ü ☃", os.fsdecode(b"r\xff")])
@pytest.mark.parametrize("encoding", ["ascii", "utf-8:strict"])
def test_names_that_a_terminal_has_no_letters_for_are_printed_all_the_same(
    undisturbed, tmp_path, name, encoding
):
    folder = tmp_path / name
    env = {"PYTHONIOENCODING": encoding}
    arguments = ("report", undisturbed, "--figures", folder)
    done = program(*arguments, stdout=subprocess.PIPE, env=env)
    assert (done.returncode, done.stderr) == (FINISHED, b"")
    assert (folder / "accuracy.png").exists()
    assert b"accuracy.png" in done.stdout


def test_time_that_is_up_ends_in_a_sentence(run, tmp_path):
    code, out, err = run("run", "--preset", "tiny", "--out", tmp_path, "--minutes", 0)
    assert (code, out) == (FINISHED, "")
    assert err.startswith("The time is up.")


def test_rounds_are_copied_as_they_come_and_come_back(run, tmp_path, undisturbed):
    copy = tmp_path / "copy"
    arguments = ("--copy-to", copy, "--chains", 1, "--rounds", 1)
    assert run("run", "--preset", "tiny", "--out", tmp_path / "a", *arguments)[0] == FINISHED
    assert len(read([copy]).records) == 1
    code, out, _ = run("run", "--preset", "tiny", "--out", tmp_path / "b", "--copy-to", copy)
    assert code == FINISHED
    assert len(out.splitlines()) == 5
    assert results(copy) == results(tmp_path / "b") == results(undisturbed)


def test_a_report_prints_the_table_and_draws_the_figures(run, undisturbed, tmp_path):
    code, out, err = run(
        "report", undisturbed, "--figures", tmp_path / "figures", "--records", tmp_path / "r.jsonl"
    )
    assert (code, err) == (FINISHED, "")
    assert f"{SETTING.name}: 2 chains, 3 rounds in each" in out
    drawn = {path.name for path in (tmp_path / "figures").iterdir()}
    assert drawn == {"accuracy.png", f"metrics-{SETTING.name}.png"}
    assert read([tmp_path / "r.jsonl"]).records == read([undisturbed]).records


def test_a_report_on_an_unfinished_study_takes_what_is_there(run, undisturbed, tmp_path):
    out = tmp_path / "copy"
    shutil.copytree(undisturbed, out)
    shutil.rmtree(out / SETTING.name / "chain-01" / "round-02")
    code, printed, _ = run("report", out)
    assert code == FINISHED
    assert "2 chains, 2 rounds in each" in printed
    assert (out / "accuracy.png").exists()


def test_a_report_on_several_places_merges_them(run, undisturbed, tmp_path):
    for chain in range(2):
        name = f"chain-{chain:02}"
        shutil.copytree(
            undisturbed / SETTING.name / name, tmp_path / str(chain) / SETTING.name / name
        )
    code, out, _ = run("report", tmp_path / "0", tmp_path / "1")
    assert code == FINISHED
    assert f"{SETTING.name}: 2 chains, 3 rounds in each" in out


def test_a_report_on_nothing_says_so(run, tmp_path):
    code, out, _ = run("report", tmp_path)
    assert (code, out) == (FINISHED, "No round is finished yet.\n")
    code, _, err = run("report", tmp_path / "nowhere")
    assert code == USAGE
    assert "there is no file or folder" in err


def test_a_report_that_cannot_write_ends_in_a_sentence(run, undisturbed, tmp_path):
    (tmp_path / "file").write_text("")
    code, out, err = run("report", undisturbed, "--figures", tmp_path / "file" / "figures")
    assert code == FAULT
    assert "2 chains" in out
    assert err.startswith("cannot write")
