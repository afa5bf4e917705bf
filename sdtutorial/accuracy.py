"""How many digits rounding leaves: what errors in the eigenvalues make of a chain.

An eigensolver finds each eigenvalue with an error of a few machine epsilons of the largest one, and
what counts as zero is set to zero. Where c is far above both, nothing follows. A little above the
floor of the tolerance c can be of that size itself. Derivatives of the whole chain, in a few
directions of random signs, estimate what then becomes of c and of the fits.
"""

import numpy as np

from sdtutorial import _checks
from sdtutorial.secular import shares_kept, shares_left

__all__ = ["rounding_errors"]

_SOLVER = 4  # error of an eigenvalue in machine epsilons of the largest, as found in practice
_BLOCK = 2**17  # coordinates that are worked on at a time
_DIRECTIONS = 4  # their root mean square is right to a third


def alarm(dtype):
    """Return the relative error that is worth a warning, for a matrix of the given type."""
    return 1e-2 if dtype == np.float32 else 1e-6


def solver_errors(eigenvalues, zero, dtype):
    """Return by how much an eigensolver's (K,) eigenvalues may be wrong, for a matrix of this type.

    That is a few machine epsilons of the largest; for those that count as zero, of which ``zero``
    tells, it is what was found instead of zero, as many times.
    """
    epsilon = _checks.zero_threshold(eigenvalues.max(), 1, dtype)
    return _SOLVER * np.where(zero, np.abs(eigenvalues), epsilon)


def rounding_errors(
    eigenvalues, coordinates, multipliers, eigenvalue_errors, *, given=False, label_weight=0.0
):
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
    label_weight : float
        The share of the first labels in the targets of every round, where multipliers are given.

    Returns
    -------
    multiplier_errors, fit_errors : ndarray, shape (T,) or (T, Q)
        Relative errors: of c_t, and of the fit of round t, as a root mean square over the points,
        against that of the first labels. Infinite where nothing is known.
    """
    if coordinates.ndim == 2 and coordinates.size > _BLOCK:
        width = max(1, _BLOCK // len(coordinates))
        blocks = [slice(i, i + width) for i in range(0, coordinates.shape[1], width)]
        options = {"given": given, "label_weight": label_weight}
        parts = [
            rounding_errors(
                eigenvalues, coordinates[:, b], multipliers[:, b], eigenvalue_errors, **options
            )
            for b in blocks
        ]
        return np.concatenate(parts, axis=-1)
    column = (-1,) + (1,) * (coordinates.ndim - 1)
    d, size = eigenvalues.reshape(column), eigenvalue_errors.reshape(column)
    signs = _directions(eigenvalues).reshape(-1, *d.shape)
    scale = np.abs(coordinates).max(axis=0, initial=0.0)
    z = labels = coordinates / np.where(scale > 0, scale, 1.0)
    norm = np.sqrt(np.sum(z * z, axis=0))
    dz = np.zeros((len(signs), *z.shape))
    errors = []
    for c in multipliers:
        kept, left = shares_kept(d, c), shares_left(d, c)
        shift = size / np.where(size > 0, size + c + d, 1.0)  # if small, size / (c + d)
        shift = np.where((d > 0) | (c > 0), shift, 0.0) if given else shift
        with np.errstate(all="ignore"):  # 0 / 0 without a fit, x / 0 where only interpolation fits
            slope = np.sum((z * left) ** 2 * kept, axis=0)
            dc = np.sum(z * left**2 * (z * signs * shift - dz), axis=1) / slope
        dc = np.where((c == np.inf) | given, 0.0, np.where(np.isfinite(dc), dc, np.inf))
        step = np.where(np.isfinite(dc), dc, 0.0)[:, None]
        dz = kept * dz + z * left * (signs * shift - kept * step)
        divided = np.where(d > 0, z * shift, 0.0)  # predictions divide by eigenvalues
        inexact = _together(dz) + np.abs(divided)
        error = np.sqrt(np.sum(inexact**2, axis=0)) / np.where(norm > 0, norm, 1.0)
        errors.append((_together(dc), error))
        z = label_weight * labels + (1 - label_weight) * kept * z
        dz = (1 - label_weight) * dz
    return np.moveaxis(np.reshape(errors, (len(multipliers), 2, *z.shape[1:])), 1, 0)


def _directions(eigenvalues):
    """Return signs (n, K) of errors: first of the zero eigenvalues alone, then of the others.

    Those that count as zero are all wrong to the same side; the others err independently, which
    fixed random signs stand for.
    """
    zero = eigenvalues == 0
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(_DIRECTIONS, len(zero)))
    return np.concatenate([zero[None], np.where(zero, 0.0, signs)])


def _together(errors):
    """Return the size of the first error plus the root mean square of the others."""
    return np.abs(errors[0]) + np.sqrt(np.mean(errors[1:] ** 2, axis=0))


def may_exceed(share, eigenvalues, eigenvalue_errors):
    """Return False where d_min alone shows that no error of the first round exceeds ``share``.

    If no eigenvalue changes by more than a share s, c_0 does not either, nor the fit by more than
    a few s.
    """
    return not 8 * eigenvalue_errors.max() < share * eigenvalues.min()
