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


def run(code, *arguments):
    """What a program that watches the signals says and leaves, its package imported."""
    begin = "import os, signal, sys\nfrom sdtutorial.networks import interrupts\n"
    command = [sys.executable, "-c", begin + "interrupts.watch()\n" + code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


INTERRUPTED = interrupts.CODE, f"{interrupts.SENTENCE}\n"


def outcome(process):
    return process.returncode, process.stderr


@pytest.mark.parametrize("number", interrupts.SIGNALS)
def test_what_was_begun_is_tidied_up_the_latest_first(number):
    process = run(
        "with interrupts.tidied(lambda: print('outer', flush=True)):\n"
        "    with interrupts.tidied(lambda: print('ended', flush=True)):\n"
        "        pass\n"
        "    with interrupts.tidied(lambda: print('inner', flush=True)):\n"
        f"        signal.raise_signal({int(number)})\n"
        "        print('went on', flush=True)\n"
    )
    assert outcome(process) == INTERRUPTED
    assert process.stdout.split() == ["ended", "inner", "outer"]


def test_a_clean_up_that_fails_keeps_no_other_from_its_work():
    process = run(
        "with interrupts.tidied(lambda: print('outer', flush=True)):\n"
        "    with interrupts.tidied(lambda: 1 / 0):\n"
        "        signal.raise_signal(signal.SIGINT)\n"
    )
    assert (outcome(process), process.stdout) == (INTERRUPTED, "outer\n")


def test_a_second_signal_does_not_disturb_the_tidying_up():
    process = run(
        "def tidy():\n"
        "    signal.raise_signal(signal.SIGTERM)\n"
        "    print('tidied', flush=True)\n"
        "with interrupts.tidied(tidy):\n"
        "    signal.raise_signal(signal.SIGINT)\n"
    )
    assert (outcome(process), process.stdout) == (INTERRUPTED, "tidied\n")


def test_a_signal_in_a_postponed_block_ends_the_program_after_it():
    process = run(
        "with interrupts.postponed():\n"
        "    with interrupts.postponed():\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "    print('went on', flush=True)\n"
        "print('went too far', flush=True)\n"
    )
    assert (outcome(process), process.stdout) == (INTERRUPTED, "went on\n")


def test_a_callback_from_c_turns_an_interrupt_into_nothing_else():
    """An exception would come out of it as a RuntimeError of the class that is being made."""
    process = run(
        "class Named:\n"
        "    def __set_name__(self, owner, name):\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "exec('class Owner: part = Named()')\n"
    )
    assert outcome(process) == INTERRUPTED


def test_a_terminal_that_is_gone_keeps_the_program_from_nothing(tmp_path):
    begun = tmp_path / "begun"
    begun.write_text("")
    process = run(
        "os.close(2)\n"
        "with interrupts.tidied(lambda: os.remove(sys.argv[1])):\n"
        "    signal.raise_signal(signal.SIGTERM)\n",
        begun,
    )
    assert process.returncode == interrupts.CODE
    assert not begun.exists()


def test_in_a_library_an_interrupt_is_an_ordinary_one():
    # Who was started in the background of a script has been told to ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    tidied = []
    try:
        with pytest.raises(KeyboardInterrupt):
            with interrupts.tidied(lambda: tidied.append(1)), interrupts.postponed():
                signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert tidied == [1]
    assert not interrupts._clean_ups and not interrupts._postponements
