"""Chains to try the bounds on: drawn at random, and made worse step by step."""

import math
from functools import cached_property

import numpy as np

from sdtutorial import distill_spectrum

# Multipliers and filters carry a relative error of some 1e-13; no statement may fail by more.
ROUNDING = 1e-10


class Problem:
    """A spectrum, labels in its eigenbasis and a tolerance, with the chain that they give."""

    def __init__(self, eigenvalues, coordinates, norm_ratio):
        self.d = np.sort(np.asarray(eigenvalues, dtype=float))
        self.z = np.asarray(coordinates, dtype=float)
        self.tolerance = np.sum(self.z**2) / norm_ratio**2 / self.d.size
        self.chain = distill_spectrum(self.d, self.z, self.tolerance, zero_below=0)
        self.r = self.chain.norm_ratios
        self.carrying = self.d[self.z != 0]

    @property
    def condition_number(self):
        smallest, largest = self.carrying[[0, -1]]
        return largest / smallest if smallest > 0 else np.inf

    @cached_property
    def log_ratios(self):
        """ln(B_{T-1}[k]/B_{T-1}[j]) in entry [k, j], summed without the cancellation of logarithms.

        One round adds ln((1 + c/d_j)/(1 + c/d_k)) = ln(1 + c (d_k - d_j)/(d_j (c + d_k))).
        """
        logs, (k, j) = np.zeros(self.pairs.shape), np.nonzero(self.pairs)
        c, d_k, d_j = self.chain.multipliers[:, None], self.d[k], self.d[j]
        with np.errstate(divide="ignore"):  # out of reach: infinitely sparser
            logs[k, j] = np.log1p(c * (d_k - d_j) / (d_j * (c + d_k))).sum(axis=0)
        return logs - logs.T

    @property
    def pairs(self):
        return np.greater.outer(self.d, self.d)


def random_problem(rng):
    """Draw a problem: ties, zero coordinates, singular matrices, labels along or against d."""
    size = rng.integers(1, 13)
    spread = rng.choice([0.0, 1e-3, 1.0, 5.0, 15.0, 40.0])
    d = np.exp(-spread * rng.random(size)) * 10.0 ** rng.uniform(-3, 3)
    if rng.random() < 0.2:
        d[rng.integers(0, size, size // 2)] = d[0]
    d = np.sort(d)
    z = rng.standard_normal(size)
    z *= [1.0, np.sqrt(d / d[-1]), np.sqrt(d[0] / d), d / d[-1], 1 / np.abs(z)][rng.integers(5)]
    if rng.random() < 0.2:
        z[rng.integers(0, size, size // 3)] = 0.0
    if size > 2 and rng.random() < 0.15:
        d[0] = 0.0
        z[0] *= rng.choice([0.0, 1e-3])
    return d, z, 1.0 + 10.0 ** rng.uniform(-3, 1.5)


def is_feasible(d, z, norm_ratio):
    """Whether a chain exists: energy in reach, and little of it out of reach."""
    unreachable = np.sum(z[d == 0] ** 2)
    return np.any(z[d > 0]) and unreachable < 0.9 * np.sum(z**2) / norm_ratio**2


def walk_back(d, last, rounds):
    """Run a chain backwards from its last target, with steps of length one: z_0, ..., z_T.

    z_t = z_{t+1} + D^{-1} z_{t+1} / ||D^{-1} z_{t+1}||: no equation is solved. The tolerance is
    1/K, and with ||z_T|| <= 1 the chain from z_0 has exactly these rounds.
    """
    targets = [np.asarray(last, dtype=float)]
    for _ in range(rounds):
        speed = targets[0] / d
        targets.insert(0, targets[0] + speed / np.linalg.norm(speed))
    return np.array(targets)


def random_walk_back(rng):
    """Draw a spectrum and all targets of a chain on it: ties, far spectra, up to 60 rounds."""
    size = rng.integers(1, 9)
    d = np.sort(np.exp(-rng.choice([0.0, 1.0, 5.0, 20.0]) * rng.random(size)))
    if rng.random() < 0.2:
        d[: size // 2] = d[0]
    last = np.exp(rng.choice([0.0, 1.0, 10.0]) * rng.standard_normal(size))
    last *= [1.0, d, 1 / d][rng.integers(3)]
    last *= rng.uniform(0.01, 0.999) / np.linalg.norm(last)
    return d, walk_back(d, last, int(rng.choice([1, 2, 3, 8, 20, 60])))


def least_slack(slack, *, starts=4, steps=120):
    """Climb towards a violation: the least slack found by ever smaller changes of a problem."""
    rng, least = np.random.default_rng(10), math.inf
    for _ in range(starts):
        size = rng.integers(2, 6)
        logs = np.sort(rng.uniform(-rng.choice([1.0, 10.0]), 0.0, size))
        z, excess = rng.standard_normal(size), 10 ** rng.uniform(-1, 1)
        best = slack(Problem(np.exp(logs), z, 1 + excess))
        for _ in range(steps):
            width = 10 ** rng.uniform(-3, 0)
            trial = (
                np.sort(logs + width * rng.standard_normal(size)),
                z * np.exp(width * rng.standard_normal(size)),
                min(excess * math.exp(width * rng.standard_normal()), 30.0),
            )
            value = slack(Problem(np.exp(trial[0]), trial[1], 1 + trial[2]))
            if value < best:
                (logs, z, excess), best = trial, value
        least = min(least, best)
    return least
