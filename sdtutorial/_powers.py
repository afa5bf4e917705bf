"""Powers of numbers q next to 1, from q and from what it lacks, ``lost`` = 1 - q.

Of a small ``lost`` the rounded q knows few digits, and a high power of q depends on them.
"""

import numpy as np


def power(q, lost, count):
    """Return q^count."""
    near = (lost != 0) & (np.abs(lost) < 0.5)
    with np.errstate(all="ignore"):
        return np.where(near, np.exp(count * np.log1p(-lost)), q**count)


def one_minus_power(q, lost, count):
    """Return 1 - q^count."""
    with np.errstate(all="ignore"):
        logarithm = np.where(np.abs(lost) < 0.5, np.log1p(-lost), np.log(q))
        return np.where(q > 0, -np.expm1(count * logarithm), 1 - q**count)


def geometric_sum(q, lost, count):
    """Return 1 + q + ... + q^(count - 1)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(lost == 0, count, one_minus_power(q, lost, count) / lost)
