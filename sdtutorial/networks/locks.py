"""Locks between processes that share a folder; the system releases them when a process dies.

A lock is a file that one process at a time has locked with `flock`. On one machine this holds
whatever the file system. Several machines may share a folder only where `flock` reaches from one
to the other: NFS (version 4, or older with its lock service running), SMB mounted by Linux 5.5 or
newer, CephFS, GPFS, and Lustre mounted with `flock`, not `localflock`. It does not in folders that
a program synchronises, such as those of Google Drive or Dropbox.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from pathlib import Path


class LockError(RuntimeError):
    """The file system gives no lock; the message says what to do."""


@contextmanager
def lock(path: Path, *, timeout: float = 0):
    """Hold a lock while the block runs, if no other process holds it.

    Parameters
    ----------
    path : Path
        The lock file, made if it does not exist. Who holds the lock may remove it.
    timeout : float
        Seconds to wait for a process that holds it.

    Yields
    ------
    bool
        Whether the lock is held. The block runs in either case.

    Raises
    ------
    LockError
        The file cannot be made, or the file system has no locks.
    """
    import filelock  # not where records are only read, which takes no lock

    held = filelock.FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            # Said by filelock before it takes a lock that a killed process would leave behind.
            warnings.simplefilter("error", UserWarning)
            held.acquire(timeout=timeout)
    except filelock.Timeout:
        yield False
        return
    except (OSError, NotImplementedError, UserWarning) as error:
        reason = getattr(error, "strerror", None) or error
        raise LockError(
            f"cannot lock {path}: {reason}. Choose a folder that can be written to and whose file "
            "system has locks, such as one on a local disk"
        ) from None
    try:
        yield True
    finally:
        held.release()
