"""Ctrl-C and SIGTERM at any moment: one sentence, one exit code, and no traceback."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sdtutorial.networks import interrupts

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def started(*arguments):
    command = [sys.executable, "-m", "sdtutorial.networks", *map(str, arguments)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def watches(process):
    """Whether a process has a handler for SIGINT of its own, as Linux knows it."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = int(status.split("SigCgt:")[1].split()[0], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux about a process")
@pytest.mark.parametrize("number", interrupts.SIGNALS)
@pytest.mark.parametrize("seconds", [0.0, 0.3, 0.7, 1.2, 2.0, 3.0, 5.0])
def test_an_interrupt_at_any_moment_is_one_sentence(tmp_path, seconds, number):
    """From the first line of the package on, the import of torch included."""
    with started("run", "--preset", "digits", "--out", tmp_path) as process:
        while not watches(process):
            time.sleep(0.005)
        time.sleep(seconds)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (interrupts.CODE, f"{interrupts.SENTENCE}\n")
    assert not [*tmp_path.glob(".locks/*"), *tmp_path.glob(".partial/*")]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux about a process")
@pytest.mark.parametrize("seconds", [0.0, 0.2, 0.4])
def test_an_interrupted_report_says_so(undisturbed, tmp_path, seconds):
    with started("report", undisturbed, "--figures", tmp_path) as process:
        while not watches(process):
            time.sleep(0.005)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (interrupts.CODE, f"{interrupts.SENTENCE}\n")


def test_importing_the_package_leaves_the_signals_alone():
    code = (
        "import signal\n"
        "before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]\n"
        "import sdtutorial, sdtutorial.networks.__main__\n"
        "assert before == [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_signals_are_exceptions_in_a_block_only_if_they_were_watched(monkeypatch):
    found = {number: interrupts.leave for number in interrupts.SIGNALS}
    found[signal.SIGTERM] = signal.SIG_DFL
    monkeypatch.setattr(interrupts.signal, "getsignal", found.get)
    monkeypatch.setattr(interrupts.signal, "signal", found.__setitem__)
    with interrupts.as_exceptions():
        assert found[signal.SIGINT] is signal.default_int_handler
        assert found[signal.SIGTERM] is signal.SIG_DFL
    assert found[signal.SIGINT] is interrupts.leave
