"""The chain of rounds: fit, let the fit replace the labels, fit again.

Round t fits the targets y_t under the same tolerance, and its fit at the training points is
y_{t+1}. In the eigenbasis of G every round multiplies the coordinates by
A_t = D (c_t I + D)^{-1} (the paper's equations (13) to (15)), so after one eigendecomposition a
round costs O(K) for each label vector, and no matrix is ever formed again.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sdtutorial import _checks, diagnosis
from sdtutorial.accuracy import may_exceed, rounding_errors, solver_errors
from sdtutorial.secular import Problem, shares_kept
from sdtutorial.spectrum import Spectrum

_ENDLESS = 1e7  # rounds that a call starts on only if max_rounds asks for them
_BLOCK = 2**17  # coordinates that are worked on at a time: they stay in the cache


def distill(gram, y, tolerance, *, max_rounds=None, method="eigh"):
    """Fit the labels, then the fit, and so on, until the targets are within the tolerance of zero.

    z_{t+1} = A_t z_t with A_t = D (c_t I + D)^{-1} and c_t the multiplier of round t: the paper's
    equations (13) to (15) (Self-distillation, ``prp-recurrence``).

    Parameters
    ----------
    gram : array_like, shape (K, K)
        G, the kernel matrix divided by K (:func:`sdtutorial.gram_matrix`): symmetric and positive
        semidefinite. Eigenvalues below K times machine epsilon (of this array's type) times the
        largest count as zero.
    y : array_like, shape (K,) or (K, Q)
        Labels. Every column is a problem of its own, with its own multipliers and rounds.
    tolerance : float
        The mean squared residual allowed in every round, in squared units of the labels; one
        number for all columns.
    max_rounds : int, optional
        Stop after so many rounds; without it the chain runs until every column has collapsed.
    method : {"eigh"}
        How the eigenpairs are found: "eigh" decomposes the dense matrix.

    Returns
    -------
    Chain

    Raises
    ------
    InfeasibleToleranceError
        If no function comes that close to some column of the labels.
    TypeError, ValueError
        If an argument is not real or its shape does not fit, if the Gram matrix is not symmetric
        or has a negative eigenvalue, if the tolerance is not positive or max_rounds not a whole
        number of at least 0, or if there is no max_rounds and r_0 exceeds ten million, so that the
        chain would take at least about as many rounds. All of this is decided before the first
        round. Also if a multiplier leaves the range of double precision: one that is too small for
        it is the first.

    Warns
    -----
    InputWarning
        If rounds are asked for but the first labels are within the tolerance of zero in every
        column; or if a column spends at least ten rounds on little but shrinking its mean.
    AccuracyWarning
        If rounding in the eigenvalues makes an estimated relative error above 1e-6 (with a Gram
        matrix in single precision, 1e-2) in the first multiplier or fit.
    """
    if method != "eigh":
        raise ValueError(f'method must be "eigh", not {method!r}')
    tolerance = _checks.positive_number("tolerance", tolerance)
    max_rounds = _max_rounds(max_rounds)
    spectrum = Spectrum(gram, y)
    d, vectors, z = spectrum.eigenvalues, spectrum.eigenvectors, spectrum.coordinates
    problem = Problem(d, z, tolerance, spectrum.y, spectrum.cause_of_floor)
    if max_rounds != 0:
        diagnosis.warn_of_zero_fit(problem.norm_ratios, tolerance)
        diagnosis.warn_of_offset(spectrum.y, problem.norm_ratios)
    chain = _run(d, vectors, z, problem, max_rounds, spectrum.eigenvalue_errors)
    if may_exceed(spectrum.alarm, d, chain.eigenvalue_errors):
        # the first round has the smallest c, and with it the largest errors, or nearly so
        first = rounding_errors(d, z, chain.multipliers[:1], chain.eigenvalue_errors)
        diagnosis.warn_of_rounding(*first, spectrum.alarm)
    return chain


def distill_spectrum(eigenvalues, coordinates, tolerance, *, max_rounds=None, zero_below=None):
    """Run the chain on eigenvalues and label coordinates alone, without any matrix.

    The same recurrence as :func:`distill` (Self-distillation, ``prp-recurrence``).

    Parameters
    ----------
    eigenvalues : array_like, shape (K,)
        Eigenvalues of G, ascending and not negative.
    coordinates : array_like, shape (K,) or (K, Q)
        Labels in the eigenbasis, z_0 = V y_0.
    tolerance, max_rounds
        As in :func:`distill`.
    zero_below : float, optional
        Eigenvalues up to this count as zero. By default it is K times machine epsilon times the
        largest, as in :func:`distill`: below that an eigensolver returns rounding. For eigenvalues
        that are known exactly, 0 takes all of them at their word.

    Returns
    -------
    Chain
        Without eigenvectors: its ``targets`` and ``predict`` raise ValueError. Its estimates of
        errors take the eigenvalues for those of an eigensolver, or for exact if ``zero_below`` is
        0. Nothing here warns.

    Raises
    ------
    InfeasibleToleranceError, TypeError, ValueError
        As :func:`distill`; also if the eigenvalues do not ascend.
    """
    d, z = _checks.eigenvalues_and_coordinates(eigenvalues, coordinates, zero_below)
    if (np.diff(d) < 0).any():
        raise ValueError("eigenvalues must ascend")
    problem = Problem(d, z, tolerance)
    given = np.asarray(eigenvalues)
    errors = solver_errors(given, d == 0, given.dtype) if zero_below != 0 else np.zeros(len(d))
    return _run(d, None, z.copy(), problem, _max_rounds(max_rounds), errors)


def _max_rounds(value):
    return None if value is None else _checks.whole_number("max_rounds", value)


def _run(eigenvalues, eigenvectors, coordinates, problem, max_rounds, eigenvalue_errors):
    """Return the Chain of a problem, computed a block of columns at a time."""
    longest = problem.norm_ratios.max(initial=0.0)
    if max_rounds is None and longest > _ENDLESS:
        raise ValueError(
            f"the chain would take at least {longest - 1:.3g} rounds: choose a larger tolerance, "
            "or give max_rounds"
        )
    size, columns = problem.z.shape
    width = max(1, _BLOCK // size)
    blocks = [slice(first, first + width) for first in range(0, columns, width)]
    parts = [_rounds(problem, block, max_rounds) for block in blocks]
    length = max((len(part) for part in parts), default=0)
    multipliers = np.full((length, columns), np.inf)
    norm_ratios = np.zeros((length + 1, columns))
    norm_ratios[0] = problem.norm_ratios
    for block, part in zip(blocks, parts):
        for t, (active, c, r) in enumerate(part):
            multipliers[t, block][active] = c
            norm_ratios[t + 1, block][active] = r
    rounds = np.sum(multipliers < np.inf, axis=0)
    shape = coordinates.shape[1:]
    return Chain(
        eigenvalues=eigenvalues,
        eigenvectors=eigenvectors,
        coordinates=coordinates,
        tolerance=problem.tolerance,
        multipliers=multipliers.reshape(length, *shape),
        norm_ratios=norm_ratios.reshape(length + 1, *shape),
        rounds=rounds if shape else int(rounds[0]),
        eigenvalue_errors=eigenvalue_errors,
    )


def _rounds(problem, block, max_rounds):
    """Return for each round of a block of columns: the columns in it, their c_t and r_{t+1}.

    A column leaves the loop when its targets are within the tolerance of zero.
    """
    d = problem.d[:, None]
    start, excess = problem.norm_ratios[block], problem.excess[block]
    active = np.flatnonzero(excess > 0)
    z, excess = problem.z[:, block][:, active], excess[active]
    rounds = []
    while active.size and len(rounds) != max_rounds:
        c = problem.multipliers(z, excess)
        z = z * shares_kept(d, problem.scaled(c))
        r = np.sqrt(np.sum(z * z, axis=0)) / problem.radius
        # A round adds an error of about an epsilon of at most r_0 to r, of either sign. What is so
        # close to 1 is 1: otherwise chance decides whether a chain that ends there goes on.
        slack = 4 * np.finfo(float).eps * np.sqrt(len(rounds) + 1) * start[active]
        collapsed = r <= 1 + slack
        r[collapsed] = np.minimum(r[collapsed], 1.0)
        rounds.append((active, c, r))
        z, excess, active = z[:, ~collapsed], r[~collapsed] - 1, active[~collapsed]
    return rounds


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
        Eigenvalues of G, ascending; those that count as zero are zero.
    eigenvectors : ndarray, shape (K, K), or None
        Column k belongs to eigenvalue k; None for a chain run on a spectrum alone.
    coordinates : ndarray, shape (K,) or (K, Q)
        z_0 = V y_0, the labels in the eigenbasis.
    tolerance : float
        The mean squared residual of every round, in squared units of the labels.
    multipliers : ndarray, shape (T,) or (T, Q)
        c_0 ... c_{T-1}.
    norm_ratios : ndarray, shape (T + 1,) or (T + 1, Q)
        r_0 ... r_T, with r_t = ||y_t|| / sqrt(K tolerance).
    rounds : int or ndarray, shape (Q,)
        T, the number of rounds before collapse, at most max_rounds.
    eigenvalue_errors : ndarray, shape (K,)
        How wrong rounding may have made each eigenvalue; 0 for exact ones.
    """

    eigenvalues: np.ndarray
    eigenvectors: np.ndarray | None
    coordinates: np.ndarray
    tolerance: float
    multipliers: np.ndarray
    norm_ratios: np.ndarray
    rounds: int | np.ndarray
    eigenvalue_errors: np.ndarray

    def __post_init__(self):
        # Derived arrays are kept, so what they derive from must not change under them: neither
        # here nor through an array that shares its memory.
        for name, value in list(vars(self).items()):
            if isinstance(value, np.ndarray):
                value = value if value.base is None else value.copy(order="K")
                object.__setattr__(self, name, _read_only(value))

    def __setstate__(self, state):
        # NumPy's copies and pickles of a read-only array are writable.
        vars(self).update(state)
        self.__post_init__()

    @cached_property
    def filters(self):
        """diag(B_t) with B_t = A_t ... A_0, shape (T, K) or (T, K, Q): the paper's (19)."""
        shares = shares_kept(self._eigenvalue_column, self.multipliers[:, None])
        return _read_only(np.cumprod(shares, axis=0))

    @cached_property
    def log_filters(self):
        """Natural logarithms of ``filters``, where those would underflow: (T, K) or (T, K, Q)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.multipliers[:, None] / self._eigenvalue_column
            logarithms = np.where(self._eigenvalue_column > 0, -np.log1p(ratio), -np.inf)
        return _read_only(np.cumsum(logarithms, axis=0))

    @cached_property
    def target_coordinates(self):
        """z_0 ... z_T, the targets in the eigenbasis: (T + 1, K) or (T + 1, K, Q)."""
        fitted = self.filters * self.coordinates
        return _read_only(np.concatenate([self.coordinates[None], fitted]))

    @cached_property
    def targets(self):
        """y_0 ... y_T in the basis of the samples: (T + 1, K) or (T + 1, K, Q)."""
        return _read_only(self._to_samples(self._vectors(), self.target_coordinates))

    @property
    def multiplier_errors(self):
        """Estimated relative errors of ``multipliers`` from rounding in the eigenvalues.

        Shape (T,) or (T, Q); zero after collapse.
        """
        return self._errors[0]

    @property
    def fit_errors(self):
        """Estimated errors of fits and predictions from rounding in the eigenvalues.

        Shape (T,) or (T, Q): root mean squares over the points, relative to that of the first
        labels.
        """
        return self._errors[1]

    @cached_property
    def _errors(self):
        return _read_only(
            rounding_errors(
                self.eigenvalues, self.coordinates, self.multipliers, self.eigenvalue_errors
            )
        )

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
        vectors = self._vectors()
        cross = _checks.cross(cross, len(vectors))
        d = self.eigenvalues
        with np.errstate(over="ignore", invalid="ignore"):
            basis = np.where(d > 0, cross @ vectors, 0.0) / np.where(d > 0, d, 1.0)  # p_x of (21)
            values = self._to_samples(basis, self.target_coordinates[1:])
        return _checks.predictions(values)

    def __repr__(self):
        size, *columns = self.coordinates.shape
        rounds = self.rounds
        if columns:
            rounds = f"{rounds.min()}..{rounds.max()}" if rounds.size else 0
        width = f", columns={columns[0]}" if columns else ""
        return f"Chain(rounds={rounds}, points={size}{width}, tolerance={self.tolerance:.6g})"

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
