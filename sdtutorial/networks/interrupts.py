"""What Ctrl-C and SIGTERM do to the program `python -m sdtutorial.networks`.

While modules are imported, an exception would surface somewhere in their midst: the program says
that it was interrupted, and ends at once. While rounds are trained it is an exception, so that what
was begun is tidied up.
"""

import os
import signal
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)  # the second one is how torchrun ends its processes
CODE = 130
SENTENCE = "Interrupted. The same command goes on from the last whole round."


def watch():
    """From now on the signals end the program at once, with a sentence."""
    for number in SIGNALS:
        signal.signal(number, leave)


def leave(number, frame):
    """Say that the program was interrupted, and end it."""
    os.write(2, f"{SENTENCE}\n".encode())
    os._exit(CODE)


@contextmanager
def as_exceptions():
    """While the block runs, the signals that would end the program raise KeyboardInterrupt."""
    watched = [number for number in SIGNALS if signal.getsignal(number) is leave]
    for number in watched:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in watched:
            signal.signal(number, leave)
