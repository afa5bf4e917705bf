"""What a chain of rounds has left behind: multipliers, filters, targets, predictions.

A Chain holds the eigenpairs of G, the coordinates of the labels in them and the multiplier of every
round. All else follows from these, and is computed when it is first read.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sdtutorial import _checks
from sdtutorial.accuracy import rounding_errors
from sdtutorial.secular import over_eigenvalues, shares_kept

__all__ = ["Chain"]

_LARGEST_ARRAY = 2**28  # numbers in an array: two gigabytes


def refuse_beyond_memory(name, *shape):
    """Raise ValueError before an array is made that no ordinary memory holds."""
    numbers = math.prod(shape)
    if numbers > _LARGEST_ARRAY:
        sizes = " x ".join(f"{n:,}" for n in shape)
        raise ValueError(
            f"{name} of all rounds would fill {8 * numbers / 1e9:.3g} GB ({sizes} numbers): choose "
            "a larger tolerance, give max_rounds, or take fewer columns at a time (the longest "
            "ones alone)"
        )


def _read_only(array):
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False, repr=False)
class Chain:
    """A chain of rounds: T rounds for one label vector, or for Q columns at once.

    Arrays are as long as the longest column. A column is zero, and its multiplier infinite, only
    after its own last fit, which is not zero. What is derived is computed when it is first read.

    Attributes
    ----------
    eigenvalues : ndarray, shape (K,)
        Eigenvalues of G, ascending; those that count as zero are zero. With the method "krylov"
        they are m Ritz values, and m stands for K in what follows but the number of points.
    coordinates : ndarray, shape (K,) or (K, Q)
        z_0 = V y_0, the labels in the eigenbasis.
    tolerance : float or ndarray, shape (Q,), or None
        The mean squared residual of every round, in squared units of the labels; None where the
        multiplier was given.
    multipliers : ndarray, shape (T,) or (T, Q)
        c_0 ... c_{T-1}.
    norm_ratios : ndarray, shape (T + 1,) or (T + 1, Q), or None
        r_0 ... r_T, with r_t = ||y_t|| / sqrt(K tolerance); None without a tolerance.
    rounds : int or ndarray, shape (Q,)
        T, the number of rounds before collapse, at most max_rounds.
    eigenvalue_errors : ndarray, shape (K,)
        How wrong rounding may have made each eigenvalue; 0 for exact ones.
    label_weight : float
        The share of the first labels in the targets of every round.
    eigenvectors : ndarray, shape (K, K), or None
        Column k belongs to eigenvalue k; None for a chain run on a spectrum alone.
    labels : ndarray, shape (K,) or (K, Q), or None
        y_0; None for a chain run on a spectrum alone.
    weights : ndarray, shape (K,), or None
        Weights of the points, of mean 1. With W = diag(weights) eigenvalues and eigenvectors are
        those of W^(1/2) G W^(1/2), coordinates are those of W^(1/2) y_0, and norm ratios compare
        the weighted norm; targets and predictions are values at the points as they were given.
    sample_basis : ndarray, shape (K, K), or None
        Values at the points of what has the coordinates 1 in each direction: W^(-1/2) times the
        eigenvectors.
    left_out : ndarray, shape (2, T) or (2, T, Q), or None
        Estimated errors of multipliers and of fits from what a Krylov space leaves out, in the
        units of ``multiplier_errors`` and ``fit_errors``, which contain them; None for a whole
        spectrum.
    """

    eigenvalues: np.ndarray
    coordinates: np.ndarray
    tolerance: float | np.ndarray | None
    multipliers: np.ndarray
    norm_ratios: np.ndarray | None
    rounds: int | np.ndarray
    eigenvalue_errors: np.ndarray
    label_weight: float = 0.0
    eigenvectors: np.ndarray | None = None
    labels: np.ndarray | None = None
    weights: np.ndarray | None = None
    sample_basis: np.ndarray | None = None
    left_out: np.ndarray | None = None

    def __post_init__(self):
        # Derived arrays are kept, so what they derive from must not change under them: neither
        # here nor through an array that shares its memory.
        for name, value in list(vars(self).items()):
            if isinstance(value, np.ndarray):
                value = value if value.base is None else value.copy(order="K")
                object.__setattr__(self, name, _read_only(value))
        if self.weights is None:
            object.__setattr__(self, "sample_basis", self.eigenvectors)

    def __setstate__(self, state):
        # NumPy's copies and pickles of a read-only array are writable.
        vars(self).update(state)
        self.__post_init__()

    @cached_property
    def filters(self):
        """diag(B_t) with B_t = A_t ... A_0, shape (T, K) or (T, K, Q): the paper's (19).

        With a label weight, the share of the labels that the fit of each round keeps.
        """
        self._refuse_beyond_memory()
        if self.label_weight:
            return _read_only(self._mixed_filters())
        shares = shares_kept(self._eigenvalue_column, self.multipliers[:, None])
        return _read_only(np.cumprod(shares, axis=0))

    @cached_property
    def log_filters(self):
        """Logarithms of ``filters``, which go on where the filters underflow: same shape."""
        self._refuse_beyond_memory()
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.label_weight:
                return _read_only(np.log(self.filters))
            ratio = self.multipliers[:, None] / self._eigenvalue_column
            logarithms = np.where(self._eigenvalue_column > 0, -np.log1p(ratio), -np.inf)
        return _read_only(np.cumsum(logarithms, axis=0))

    def _mixed_filters(self):
        """b_{t+1} = A (a + (1 - a) b_t), from b_{-1} = 1: as ``filters.label_mixing``."""
        shares = shares_kept(self._eigenvalue_column, self.multipliers[:, None])
        kept = 1.0
        for share in shares:
            share *= kept
            kept = self.label_weight + (1 - self.label_weight) * share
        return shares

    @cached_property
    def fitted_coordinates(self):
        """The fits of all rounds in the eigenbasis: (T, K) or (T, K, Q)."""
        return _read_only(self.filters * self.coordinates)

    @cached_property
    def target_coordinates(self):
        """z_0 ... z_T, the targets in the eigenbasis: (T + 1, K) or (T + 1, K, Q)."""
        return self._mix(self.coordinates, self.fitted_coordinates)

    @cached_property
    def fitted(self):
        """The fits f_0 ... f_{T-1} at the points: (T, K) or (T, K, Q)."""
        self._vectors()
        return _read_only(self._to_samples(self.sample_basis, self.fitted_coordinates))

    @cached_property
    def targets(self):
        """y_0 ... y_T at the points, labels and then fits: (T + 1, K) or (T + 1, K, Q).

        With a label weight a they are the mixtures a y_0 + (1 - a) f_t.
        """
        self._vectors()
        return self._mix(self.labels, self.fitted)

    def _mix(self, labels, fitted):
        a = self.label_weight
        return _read_only(np.concatenate([labels[None], a * labels + (1 - a) * fitted]))

    @property
    def multiplier_errors(self):
        """Estimated relative errors of ``multipliers``, from rounding in the eigenvalues.

        Shape (T,) or (T, Q); zero after collapse.
        """
        return self._errors[0]

    @property
    def fit_errors(self):
        """Estimated errors of fits and predictions, from rounding in the eigenvalues.

        Shape (T,) or (T, Q): root mean squares over the points, relative to that of the first
        labels.
        """
        return self._errors[1]

    @cached_property
    def _errors(self):
        errors = rounding_errors(
            self.eigenvalues,
            self.coordinates,
            self.multipliers,
            self.eigenvalue_errors,
            given=self.tolerance is None,
            label_weight=self.label_weight,
        )
        return _read_only(errors if self.left_out is None else errors + self.left_out)

    def predict(self, cross):
        """Return the fit of every round at new points.

        f_t(x) = g_x^T (c_t I + G)^{-1} y_t, the paper's (21) (Self-distillation,
        ``prp-recurrence``). Null directions of G have no part in it: a null vector of G is a
        function that is zero everywhere.

        Parameters
        ----------
        cross : array_like, shape (m, K)
            ``kernel(x_new, x) / K``, which :func:`sdtutorial.cross_matrix` returns.

        Returns
        -------
        ndarray, shape (T, m) or (T, m, Q)

        Raises
        ------
        TypeError, ValueError
            If ``cross`` is not a finite real (m, K) matrix, if the chain has no eigenvectors, or if
            a prediction leaves the range of double precision.
        """
        basis = self.basis(cross)
        refuse_beyond_memory("the predictions", len(self.multipliers), len(basis), *self._columns)
        with np.errstate(over="ignore", invalid="ignore"):
            values = self._to_samples(basis, self.fitted_coordinates)
        return _checks.predictions(values)

    def basis(self, cross):
        """Return p_x = D^{-1} V g_x at new points: what a coordinate of 1 is worth there, (m, K).

        A prediction is the sum of these times the coordinates of the fit, the paper's (21). Zero
        in null directions. Arguments and errors as for :meth:`predict`.
        """
        vectors = self._vectors()
        cross = _checks.cross(cross, len(vectors))
        with np.errstate(over="ignore", invalid="ignore"):
            if self.weights is not None:
                cross = cross * np.sqrt(self.weights)
            return over_eigenvalues(cross @ vectors, self.eigenvalues)

    @cached_property
    def coefficients(self):
        """a_0 ... a_{T-1} with f_t(x) = g_x^T a_t, the paper's (11): (T, K) or (T, K, Q)."""
        divided = over_eigenvalues(self.fitted_coordinates, self._eigenvalue_column)
        basis = self._vectors()
        if self.weights is not None:
            basis = np.sqrt(self.weights)[:, None] * basis
        return _read_only(self._to_samples(basis, divided))

    def __repr__(self):
        size, *columns = (self.coordinates if self.labels is None else self.labels).shape
        rounds = self.rounds
        if columns:
            rounds = f"{rounds.min()}..{rounds.max()}" if rounds.size else 0
        width = f", columns={columns[0]}" if columns else ""
        rule, number = "tolerance", self.tolerance
        if number is None:
            rule, number = "multiplier", self.multipliers[:1].T
        number = f"{float(np.ravel(number)[0]):.6g}" if np.size(number) == 1 else "(...)"
        return f"Chain(rounds={rounds}, points={size}{width}, {rule}={number})"

    @property
    def _columns(self):
        return self.coordinates.shape[1:]

    def _refuse_beyond_memory(self):
        sizes = len(self.multipliers), *self.coordinates.shape
        refuse_beyond_memory("the filters", *sizes)

    @property
    def _eigenvalue_column(self):
        return self.eigenvalues if self.coordinates.ndim == 1 else self.eigenvalues[:, None]

    def _vectors(self):
        if self.eigenvectors is None:
            raise ValueError("this chain was run on a spectrum: it has no eigenvectors")
        return self.eigenvectors

    @staticmethod
    def _to_samples(matrix, coordinates):
        """Apply (m, K) to (T, K) or (T, K, Q) along the axis of K."""
        if coordinates.ndim == 2:
            return coordinates @ matrix.T
        return matrix @ coordinates
