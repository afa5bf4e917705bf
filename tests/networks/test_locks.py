"""Locks: one process at a time, released when it dies, and a sentence where there are none."""

import errno
import os
import subprocess
import sys
import time

import pytest

from sdtutorial.networks.locks import LockError, lock

HOLD = """
import sys, time
from pathlib import Path
from sdtutorial.networks.locks import lock
with lock(Path(sys.argv[1])) as held:
    print(held, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLD, tmp_path / "lock"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


def test_a_lock_that_another_process_holds_is_not_given(holder, tmp_path):
    with lock(tmp_path / "lock") as held:
        assert not held


def test_a_lock_is_released_when_its_process_is_killed(holder, tmp_path):
    holder.kill()
    with lock(tmp_path / "lock", timeout=30) as held:
        assert held


def test_a_wait_for_a_lock_ends_after_the_time_that_was_given(holder, tmp_path):
    began = time.monotonic()
    with lock(tmp_path / "lock", timeout=0.3) as held:
        assert not held
    assert 0.3 <= time.monotonic() - began < 10


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_the_file_system_has_no_locks_a_sentence_says_so(tmp_path, monkeypatch, code):
    """And nothing is put in their place that a killed process would leave behind."""
    import fcntl

    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(LockError, match="cannot lock .*lock: .*whose file system has locks"):
        with lock(tmp_path / "lock"):
            pytest.fail("there was no lock")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LockError, match="cannot lock .*file/lock: .*can be written to"):
        with lock(tmp_path / "file" / "lock"):
            pytest.fail("there was no lock")
