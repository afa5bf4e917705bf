"""Studies: workers that share the rounds of many chains through one folder.

A unit of work is one round of one chain. A worker takes the next unit that nobody has done or is
doing, trains it, and publishes it as one folder that appears whole or not at all (see `store`).

Workers know each other only through the folder: there is no process group, and any number of them
may come and go. A killed worker costs the training it was in. On which file systems several
machines may share a folder stands in `locks`. Rounds are taken widest first, all chains of a
setting a round at a time, so that whatever is there is a balanced sample.
"""

import platform
import time
from dataclasses import dataclass, replace
from datetime import datetime, timezone

import numpy as np
import torch

from sdtutorial.networks import data
from sdtutorial.networks.chain import run_round, split
from sdtutorial.networks.presets import StudyError
from sdtutorial.networks.provenance import code_fingerprint, versions
from sdtutorial.networks.records import Record
from sdtutorial.networks.store import Store, array_digest, targets_digest
from sdtutorial.networks.training import DivergedError

# How often a worker that waits for others looks whether there is something to do.
POLL_SECONDS = 0.5


def describe_device(machine):
    """The name of the processor or GPU, as it calls itself."""
    if machine.device == "cuda":
        return torch.cuda.get_device_name()
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return capabilities.get("cpu_name") or platform.processor() or platform.machine()


@dataclass(frozen=True)
class Progress:
    """Said after each round that a worker has finished.

    Attributes
    ----------
    record : Record
        The round, complete or stopped.
    done, total : int
        Rounds of the plan that have been published, by whomever, and that there are to be.
    seconds_left : float
        Estimated, for all workers together.
    """

    record: Record
    done: int
    total: int
    seconds_left: float


@dataclass(frozen=True)
class Outcome:
    """How a worker's run ended.

    Attributes
    ----------
    finished : bool
        Whether all rounds are there, those of stopped chains aside; False if the time was up.
    stopped : list of Record
        The rounds in which chains of this plan have stopped, in this run or before.
    """

    finished: bool
    stopped: list


def work(plan, out, *, workers=1, minutes=None, notify=lambda progress: None):
    """Train units of the plan until all are done, chains that stop aside, or the time is up.

    Parameters
    ----------
    plan : Plan
    out : path
        The study's folder, which several workers may share.
    workers : int
        How many there are, for the estimate of the time left.
    minutes : float or None
        Take no unit that would probably end later than this.
    notify : callable
        Called with a `Progress` after each round.

    Returns
    -------
    Outcome

    Raises
    ------
    StudyError
        The folder cannot be used, holds something else, or the memory does not suffice.
    sdtutorial.networks.archive.DataError
        A data set cannot be had.
    """
    code_fingerprint()  # of the code that is running, whatever becomes of the files meanwhile
    started, trained = time.monotonic(), []  # seconds of each unit
    store, units = Store(out, plan), plan.units()
    store.check()
    store.remove_leftovers()
    samples, known = _SamplesCache(plan.study_seed), {}
    while True:
        pending = _open_units(store, units, known)
        elapsed, expected = time.monotonic() - started, max(trained, default=0.0)
        late = minutes is not None and elapsed + expected > 60 * minutes
        if late or not pending:
            stopped = [record for record in known.values() if not record.complete]
            return Outcome(not pending, stopped)
        for unit in pending:
            if unit.round > 0 and not store.exists(replace(unit, round=unit.round - 1)):
                continue
            with store.lock(unit) as mine:
                if not mine:
                    continue
                began = time.monotonic()
                record = _train_unit(store, unit, samples.of(unit.setting))
                trained.append(time.monotonic() - began)
            left = len(_open_units(store, units, known))
            seconds = left * sum(trained) / len(trained) / workers
            notify(Progress(record, len(units) - left, len(units), seconds))
            break  # look again from the first unit on: widest first
        else:
            time.sleep(POLL_SECONDS)  # other workers have what is left


def _open_units(store, units, known):
    """Units that are still to be done, without those of chains that have stopped.

    `known` keeps the records of published units, so that each is read once.
    """
    stopped, pending = set(), []
    for unit in units:
        chain = unit.setting.name, unit.chain
        if chain in stopped:
            continue
        if unit not in known and store.exists(unit):
            known[unit] = store.record(unit)
        if unit not in known:
            pending.append(unit)
        elif not known[unit].complete:
            stopped.add(chain)
    return pending


class _SamplesCache:
    """Loads and splits data when a setting asks for them, and keeps those of one setting."""

    def __init__(self, study_seed):
        self.study_seed, self.key, self.samples = study_seed, None, None

    def of(self, setting):
        key = setting.data, setting.images, setting.held_out, setting.label_noise
        if key != self.key:
            self.samples = None
            self.samples = split(data.load(setting.data), setting, self.study_seed)
            self.key = key
        return self.samples


def _train_unit(store, unit, samples):
    """Train one unit and publish it, or publish that its chain has stopped."""
    plan, targets, first_classes = store.plan, None, None
    if unit.round > 0:
        before = replace(unit, round=unit.round - 1)
        if store.record(before).data != samples.fingerprint:
            raise StudyError(
                f"the rounds in {store.out} were trained on other images than today's "
                f"{unit.setting.data}: the fingerprints differ. Choose another folder."
            )
        targets = store.targets(before)
        first_classes = store.test_classes(replace(unit, round=0))
    outcome, arrays, metrics, seeds = "complete", {}, {}, {}
    try:
        result = run_round(
            unit.setting,
            plan.machine,
            samples,
            plan.study_seed,
            unit.chain,
            unit.round,
            targets=targets,
            first_classes=first_classes,
        )
        arrays = {"targets": result.targets, "test_classes": result.test_classes}
        metrics, seeds = result.metrics, result.seeds
    except DivergedError as error:
        outcome = str(error)
    except torch.OutOfMemoryError:
        raise StudyError(
            f"the GPU has too little memory for {unit.setting.name}; choose a preset with smaller "
            "networks, or free memory that other programs hold"
        ) from None
    record = Record(
        setting=unit.setting.name,
        chain=unit.chain,
        round=unit.round,
        outcome=outcome,
        configuration=plan.configuration(unit.setting),
        seeds=seeds,
        metrics=metrics,
        targets=targets_digest(arrays["targets"]) if arrays else "",
        code=dict(code_fingerprint()),
        versions=versions(torch, np),
        device=describe_device(plan.machine),
        data=samples.fingerprint,
        preset=plan.preset,
        finished=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        arrays={name: array_digest(array) for name, array in arrays.items() if name != "targets"},
    )
    store.publish(unit, record, arrays)
    return record
