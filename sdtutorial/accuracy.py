"""How many digits rounding leaves: what an error in the eigenvalues makes of a chain.

An eigensolver finds each eigenvalue with an error of a few machine epsilons of the largest one.
Where c is far above that, nothing follows. A little above the floor of the tolerance c can be of
that size itself. The derivative of the whole chain in the direction in which all eigenvalues grow
alike estimates what then becomes of c and of the fits: of all errors of one size this is, in the
first round, the one that changes c most.
"""

import numpy as np

from sdtutorial import _checks
from sdtutorial.secular import shares_kept, shares_left

__all__ = ["rounding_errors"]

_SOLVER = 4  # error of an eigenvalue in machine epsilons of the largest, as found in practice


def alarm(dtype):
    """Return the relative error that is worth a warning, for a matrix of the given type."""
    return 1e-2 if dtype == np.float32 else 1e-6


def solver_errors(eigenvalues, zero, dtype):
    """Return by how much an eigensolver's (K,) eigenvalues may be wrong, for a matrix of this type.

    That is a few machine epsilons of the largest. Those that count as zero, of which ``zero``
    tells, come out as pure error: the largest of them says how much it is.
    """
    epsilon = _checks.zero_threshold(eigenvalues.max(), 1, dtype)
    return _SOLVER * np.where(zero, np.abs(eigenvalues[zero]).max(initial=0.0), epsilon)


def rounding_errors(eigenvalues, coordinates, multipliers, eigenvalue_errors, *, given=False):
    """Return the errors that rounding in the eigenvalues makes in multipliers and in fits.

    Parameters
    ----------
    eigenvalues : ndarray, shape (K,)
    coordinates : ndarray, shape (K,) or (K, Q)
        z_0, labels in the eigenbasis.
    multipliers : ndarray, shape (T,) or (T, Q)
        c_0 ... c_{T-1}; infinite after collapse.
    eigenvalue_errors : ndarray, shape (K,)
        By how much each eigenvalue may be wrong.
    given : bool
        Whether the multipliers are given numbers, instead of roots that depend on the eigenvalues.

    Returns
    -------
    multiplier_errors, fit_errors : ndarray, shape (T,) or (T, Q)
        Relative errors: of c_t, and of the fit of round t, as a root mean square over the points,
        against that of the first labels. Infinite where nothing is known.
    """
    column = (-1,) + (1,) * (coordinates.ndim - 1)
    d, change = eigenvalues.reshape(column), eigenvalue_errors.reshape(column)
    scale = np.abs(coordinates).max(axis=0, initial=0.0)
    z = coordinates / np.where(scale > 0, scale, 1.0)
    norm = np.sqrt(np.sum(z * z, axis=0))
    norm = np.where(norm > 0, norm, 1.0)
    dz = np.zeros_like(z)
    errors = []
    for c in multipliers:
        kept = shares_kept(d, c)
        left = shares_left(d, c)
        shift = change / np.where(change > 0, change + c + d, 1.0)  # if small, change / (c + d)
        shift = np.where((d > 0) | (c > 0), shift, 0.0) if given else shift
        with np.errstate(all="ignore"):  # 0 / 0 without a fit, x / 0 where only interpolation fits
            slope = np.sum((z * left) ** 2 * kept, axis=0)
            relative = np.sum(z * left**2 * (z * shift - dz), axis=0) / slope
        relative = np.where((c == np.inf) | given, 0.0, relative)
        relative = np.where(np.isfinite(relative), relative, np.inf)
        step = np.where(relative < np.inf, relative, 0.0)
        dz = kept * dz + z * left * (shift - kept * step)
        inexact = np.abs(dz) + np.abs(z * shift)  # the second: predictions divide by eigenvalues
        errors.append((np.abs(relative), np.sqrt(np.sum(inexact**2, axis=0)) / norm))
        z = kept * z
    return np.moveaxis(np.reshape(errors, (len(multipliers), 2, *z.shape[1:])), 1, 0)


def may_exceed(share, eigenvalues, rounds, eigenvalue_errors):
    """Return False where d_min alone shows that no relative error exceeds ``share``.

    If no eigenvalue changes by more than a share s, c_0 does not either, and each round adds no
    more than a few s.
    """
    return not 8 * (rounds + 1) * eigenvalue_errors.max() < share * eigenvalues.min()
