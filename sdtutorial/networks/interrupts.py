"""What Ctrl-C and SIGTERM do to the program `python -m sdtutorial.networks`.

They end it at once, with a sentence, and raise no exception: one that surfaces in the midst of
other code, such as an import or a call from C into Python, may come out of it as another error, or
not at all. So whoever begins something names beforehand what tidies it up. Where the package is
used as a library, the signals are what they were.
"""

import os
import signal
from contextlib import contextmanager, suppress

SIGNALS = (signal.SIGINT, signal.SIGTERM)  # the second one is how torchrun ends its processes
CODE = 130
SENTENCE = "Interrupted. The same command goes on from the last whole round."

_clean_ups = []  # of what was begun and has not come to its end
_postponements = []  # one entry for each block of `postponed`: the signals that came meanwhile


def watch():
    """From now on the signals end the program, with a sentence."""
    for number in SIGNALS:
        signal.signal(number, leave)


def ignore():
    """From now on the signals do nothing: all is done, and the exit code is known."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def leave(number, frame):
    """Say that the program was interrupted, tidy up, and end it, if it may end here."""
    if _postponements:
        _postponements[-1].append(number)
        return
    ignore()
    with suppress(OSError):
        os.write(2, f"{SENTENCE}\n".encode())
    while _clean_ups:
        with suppress(Exception):
            _clean_ups.pop()()
    os._exit(CODE)


@contextmanager
def tidied(clean_up):
    """Tidy up when the block ends, in whatever way, and when a signal ends the program within it.

    Parameters
    ----------
    clean_up : callable
        Called without arguments. It may be called twice, and before what it tidies up was begun.
    """
    _clean_ups.append(clean_up)
    try:
        yield
    finally:
        clean_up()
        _clean_ups.remove(clean_up)


@contextmanager
def postponed():
    """Let a signal that comes while the block runs end the program after it; for short blocks."""
    _postponements.append([])
    try:
        yield
    finally:
        for number in _postponements.pop():
            signal.raise_signal(number)
