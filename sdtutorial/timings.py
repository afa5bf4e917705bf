"""Recorded timings: what `benchmarks/large.py` measured, on which machine and with which versions.

The records are files of JSON, one a line; `make benchmark` makes them anew.
"""

import json
from pathlib import Path

__all__ = ["by_size", "recorded"]

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


def by_size(records, size):
    """Return the times of each way as they grow with a size, for ``plotting.times_by_size``.

    Parameters
    ----------
    records : list of dict
        What :func:`recorded` returns of "growth".
    size : str
        "points", "rounds" or "columns".

    Returns
    -------
    dict of str to (sizes, seconds)
        Two lists for each way.

    Raises
    ------
    ValueError
        If there are no such records.
    """
    times = {}
    for record in records:
        if record["what"] == size:
            sizes, seconds = times.setdefault(record["way"], ([], []))
            sizes.append(record[size])
            seconds.append(record["seconds"])
    if not times:
        raise ValueError(f"size must be one that the records have, not {size!r}")
    return times
