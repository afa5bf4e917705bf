"""Recorded timings: what `benchmarks/large.py` measured, on which machine and with which versions.

The records are files of JSON, one a line; `make benchmark` makes them anew.
"""

import json
from pathlib import Path

__all__ = ["recorded"]

_FOLDER = Path(__file__).parent / "recorded"


def recorded(name):
    """Return the machine of a recorded run, and what it measured.

    Parameters
    ----------
    name : str
        "ratios", "growth", "rows50000" or "rows200000".

    Returns
    -------
    machine : dict
        Processor, versions, the number of threads, the load and the date.
    records : list of dict
        Times in seconds of the processor.

    Raises
    ------
    ValueError
        If there is no such run.

    Examples
    --------
    >>> machine, records = recorded("rows200000")
    >>> records[0]["points"]
    200000
    """
    names = sorted(path.stem for path in _FOLDER.glob("*.jsonl"))
    if name not in names:
        raise ValueError(f"name must be one of {', '.join(names)}, not {name!r}")
    machine, *records = map(json.loads, (_FOLDER / f"{name}.jsonl").read_text().splitlines())
    return machine, records
