"""Chains of networks of growing width beside the kernel chains that predict them.

`python -m sdtutorial.networks widths` runs the study and leaves one JSON line for each width and
rule.
"""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from sdtutorial import distillation
from sdtutorial.kernels import NTK, gram_matrix
from sdtutorial.networks import provenance, wide
from sdtutorial.networks.kernel_chain import RECORDED
from sdtutorial.networks.study import describe_device
from sdtutorial.networks.training import Machine


@dataclass(frozen=True)
class WidthRecord:
    """What the chains of one width and one rule came to, beside the kernel chain.

    Attributes
    ----------
    configuration : dict
        "width", "rule", "depth", "bias", "tolerance", "copies" and "seed".
    rounds : list of int
        Before collapse, by chain.
    distances : list of float
        `sdtutorial.networks.wide.distance` to the kernel chain, by chain.
    kernel_errors : list of float
        Of the tangent kernel of each chain's first initial weights: the Frobenius norm of its
        difference from the kernel, as a share of the kernel's.
    moves : list of float
        ``|w - w_0|`` in round 0, by chain.
    largest_moves : list of float
        The largest move of a single weight in round 0, by chain.
    processor_seconds : float
    code : str
        Fingerprint of the module `wide`.
    versions : dict of str to str
    device : str
    finished : str
        Date and time (UTC).
    """

    configuration: dict
    rounds: list
    distances: list
    kernel_errors: list
    moves: list
    largest_moves: list
    processor_seconds: float
    code: str
    versions: dict
    device: str
    finished: str


def study(example, widths, *, depth=2, bias=1.0, copies=4, seed=0, rules=wide.RULES):
    """Run chains of growing width on an example, beside the kernel chains that predict them.

    Parameters
    ----------
    example : sdtutorial.examples.Example
        Its points x in [0, 1] enter the networks as 2 x - 1.
    widths : iterable of int
    depth, bias, copies, seed
        As in `sdtutorial.networks.wide.distill`.
    rules : iterable of str

    Yields
    ------
    WidthRecord
        For each width and rule.
    """
    x = wide.inputs(example.x)
    kernel = NTK(depth, bias)
    gram = gram_matrix(kernel, x)
    references = {
        "penalty": distillation.distill(gram, example.y, example.tolerance).targets,
        "stop": wide.flow_chain(kernel, x, example.y, example.tolerance).targets,
    }
    for width in widths:
        seeds = [(seed, 0, chain) for chain in range(copies)]
        first = wide.WideNetworks(depth, width, bias, 1, seeds)
        errors = np.linalg.norm(wide.tangent_kernel(first, x) / len(x) - gram, axis=(1, 2))
        for rule in rules:
            start = time.process_time()
            shape = {"width": width, "depth": depth, "bias": bias, "copies": copies, "seed": seed}
            chains = wide.distill(x, example.y, example.tolerance, rule=rule, **shape)
            yield WidthRecord(
                configuration={**shape, "rule": rule, "tolerance": example.tolerance},
                rounds=chains.rounds.tolist(),
                distances=wide.distance(chains, references[rule]).tolist(),
                kernel_errors=(errors / np.linalg.norm(gram)).tolist(),
                moves=chains.moves[0].tolist(),
                largest_moves=chains.largest_moves[0].tolist(),
                processor_seconds=round(time.process_time() - start, 1),
                code=code(),
                versions=provenance.versions(np, torch),
                device=describe_device(Machine("cpu", "float64", torch.get_num_threads())),
                finished=datetime.now(UTC).isoformat(timespec="seconds"),
            )


def code():
    """Fingerprint the module that decides what a chain of wide networks computes.

    Returns
    -------
    str
    """
    return provenance.source_fingerprint(Path(wide.__file__).read_text(encoding="utf-8"))


def recorded():
    """Read the book's own study of widths, which comes with the package.

    Returns
    -------
    list of WidthRecord
    """
    lines = (RECORDED / "widths.jsonl").read_text(encoding="utf-8").splitlines()
    return [WidthRecord(**json.loads(line)) for line in lines]


def slope(widths, distances):
    """Return the slope of log distance against log width, with its standard error.

    A straight line is fitted by least squares to each chain's own distances; mean and standard
    error are over the chains, which are independent of each other.

    Parameters
    ----------
    widths : array_like, shape (N,)
    distances : array_like, shape (N, S)

    Returns
    -------
    float, float
    """
    slopes = np.polyfit(np.log(widths), np.log(distances), 1)[0]
    return float(slopes.mean()), float(slopes.std(ddof=1) / np.sqrt(len(slopes)))
