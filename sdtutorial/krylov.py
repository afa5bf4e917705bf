"""A Gram matrix seen from what the labels can reach: Ritz pairs of a Krylov space.

A chain applies rational functions of G to its labels, and those it can take from the space that
y, G y, G^2 y, ... span. Lanczos' method gives an orthonormal basis Q of it, block by block where
there are several label vectors, and the small matrix Q^T G Q; the eigenpairs of that, the Ritz
pairs, stand for those of G. Only products with G are asked for, so G need not exist as a matrix.

What the space leaves out is known: with the residuals L of the Ritz pairs, G Q S = Q S theta +
Q_next L, the solution of (c I + G) x = y that the space offers misses by
L (c + theta)^{-1} z in a direction outside, whose norm bounds the error that it makes in the fit.

Source: G. H. Golub, G. Meurant, "Matrices, Moments and Quadrature with Applications", 2010.
"""

from functools import cached_property

import numpy as np

from sdtutorial import _checks, diagnosis
from sdtutorial.accuracy import alarm, solver_errors
from sdtutorial.secular import shares_kept, shares_left
from sdtutorial.spectrum import Eigenpairs

__all__ = ["AccuracyNotReachedError"]

_MEMORY = 2**31  # bytes that a basis may take unless the caller says how many vectors
_FEW = 6  # vectors up to which half of the matrix for each is faster than all of it for all
_FIRST = 8  # vectors at which the Ritz pairs are looked at first,
_GROWTH = 1.2  # and by which factor their number has grown when they are looked at again
_PROBES = 5  # products with a random vector that look for the largest eigenvalue
_SURE = 30  # how far below the threshold for zero G's product with a null direction must be
_LITTLE = 1e-4  # of a product: so little is orthogonal to a basis only if that is seen to
_ROUNDING = 8  # machine epsilons of the largest eigenvalue: what is left of a product is rounding


class AccuracyNotReachedError(ValueError):
    """The Krylov space became as large as it may, and the chain in it is not accurate enough.

    Attributes
    ----------
    error : float
        The estimated relative error that was reached; infinite if nothing is known.
    vectors : int
        The dimension of the space.
    """

    def __init__(self, message, error, vectors):
        super().__init__(message)
        self.error = error
        self.vectors = vectors

    @classmethod
    def after(cls, vectors, error, accuracy):
        """Return the error of a space that may not grow, and what helps."""
        reached = (
            f"the estimated relative error of the chain is {error:.2g}"
            if error < np.inf
            else "no fit in it reaches the tolerance"
        )
        return cls(
            f"the Krylov space holds {vectors} vectors, as many as it may, and {reached}, but an "
            f"accuracy of {accuracy:.2g} is asked for. Allow more vectors (max_vectors), ask for "
            "less accuracy, choose a larger tolerance, or decompose the whole matrix with "
            'method="eigh".',
            error,
            vectors,
        )

    def __reduce__(self):
        # By default an exception is copied and pickled by its message alone.
        return type(self), (*self.args, self.error, self.vectors), self.__dict__


class Operator:
    """Products with a symmetric (K, K) matrix, in the scale of a power of two, and checked.

    Attributes
    ----------
    size : int
        K.
    dtype : dtype
        The type of the matrix: its epsilon says what counts as zero.
    gram : ndarray, shape (K, K), or None
        The matrix as it was given, if it was.
    weights : ndarray, shape (K,), or None
        The products are those with W^(1/2) G W^(1/2), W = diag(weights),
    exponent : int
        times ``2^-exponent``.
    """

    def __init__(self, gram):
        self.exponent, self.gram, self.weights = 0, None, None
        if _is_operator(gram):
            self._take_operator(gram)
        else:
            self._take_matrix(_checks.square_matrix("gram", gram))

    def _take_operator(self, gram):
        from scipy.sparse.linalg import aslinearoperator  # here: the package should not wait for it

        try:
            gram = aslinearoperator(gram)
        except (TypeError, ValueError, AttributeError) as error:
            raise TypeError(f"gram must be a LinearOperator of SciPy; to SciPy: {error}") from error
        shape, dtype = gram.shape, np.dtype(gram.dtype)
        if shape[0] != shape[1] or shape[0] == 0:
            raise ValueError(f"gram must have shape (K, K) with K at least 1, not {shape}")
        if dtype.kind not in "iuf" or dtype == np.float16:
            raise TypeError(
                "gram must be an operator of real numbers, of at least single precision, not of "
                f"{dtype}"
            )
        self.size, self.dtype = shape[0], dtype
        self._product = gram.matmat

    def _take_matrix(self, matrix):
        values = matrix.astype(np.float64, copy=False)
        largest = max(values.max(), -values.min())
        if not largest < np.inf:  # NaN is not less either
            raise ValueError("gram must be finite, but it holds NaN or infinity")
        _checks.within_range("gram", largest)
        _checks.symmetric("gram", _checks.asymmetry(values), largest, matrix.dtype)
        self.size, self.dtype, self.gram = len(matrix), matrix.dtype, matrix
        self._product = _symmetric_product(values)

    @property
    def root(self):
        return np.sqrt(self.weights)

    def set_scale(self, unit_vector):
        """Choose the exponent so that products with unit vectors have norms of about one."""
        product = self(unit_vector)
        self.exponent = int(np.frexp(np.abs(product).max())[1])
        norm = np.linalg.norm(np.ldexp(product, -self.exponent))
        self.exponent += int(np.frexp(norm)[1])

    def __call__(self, vectors):
        """Return the product with vectors (K, p), in the scale of the operator."""
        if self.weights is not None:
            return self.root[:, None] * self._checked(self.root[:, None] * vectors)
        return self._checked(vectors)

    def unweighted(self, vectors):
        """Return G vectors, in its own units."""
        return np.ldexp(self._checked(vectors), self.exponent)

    def _checked(self, vectors):
        with np.errstate(over="ignore", invalid="ignore"):  # refused below
            product = self._product(vectors)
        product = _checks.real_array("gram's product with vectors", product)
        if product.shape != vectors.shape:
            raise ValueError(
                f"gram's product with vectors of shape {vectors.shape} must have that shape, not "
                f"{product.shape}"
            )
        _checks.within_range("gram's product with unit vectors", product)
        return np.ldexp(product, -self.exponent)


def _is_operator(gram):
    return hasattr(gram, "matvec") or (hasattr(gram, "toarray") and hasattr(gram, "dtype"))


def _symmetric_product(matrix):
    """Return a function that multiplies by a symmetric matrix, and reads half of it if it can."""
    from scipy.linalg.blas import dsymv  # here: importing the package should not wait for it

    columns = matrix.T if matrix.flags.c_contiguous else matrix
    if not columns.flags.f_contiguous:
        return lambda vectors: matrix @ vectors

    def product(vectors):
        if vectors.shape[1] > _FEW:
            return matrix @ vectors
        return np.column_stack([dsymv(1.0, columns, vector) for vector in vectors.T])

    return product


class Basis:
    """An orthonormal basis of the Krylov space of some vectors, and G in it.

    Attributes
    ----------
    vectors : ndarray, shape (K, m)
    matrix : ndarray, shape (m, m)
        Q^T G Q as the products gave it: symmetric if G is.
    start : ndarray, shape (p, Q)
        Coordinates of the vectors in the first p of the basis; they have none in the others.
    coupling : ndarray, shape (q, p)
        What the last block of products has in the next q vectors; q is 0 when the space is
        exhausted, so that G leads out of it no more.
    """

    def __init__(self, operator, vectors):
        self._product = operator
        self._columns, self._entries = np.empty((operator.size, 0), order="F"), np.empty((0, 0))
        self._block = slice(0, 0)
        self._next, self.start = _orthonormal(vectors, _ROUNDING * np.finfo(float).eps)
        self.coupling = np.empty((self._next.shape[1], 0))

    @property
    def vectors(self):
        return self._columns[:, : self._block.stop]

    @property
    def matrix(self):
        return self._entries[: self._block.stop, : self._block.stop]

    @property
    def size(self):
        return self._block.stop

    @property
    def exhausted(self):
        return self._next.shape[1] == 0

    def grow(self):
        """Take the next block of vectors into the basis, and find the one after it."""
        before = self._block
        self._block = block = self._take(self._next)
        product = self._product(self._columns[:, block])
        # Exact arithmetic asks for the last two blocks only. After these little is left to take
        # away, so that all of them once are enough,
        self._entries[block, before] = self.coupling
        for part in (slice(before.start, block.stop), slice(0, block.stop)):
            share = self._columns[:, part].T @ product
            product -= self._columns[:, part] @ share
            self._entries[part, block] += share
        room = len(product) - block.stop
        # the operator is scaled: its largest eigenvalue is about one
        vectors, coupling = _orthonormal(product, _ROUNDING * np.finfo(float).eps)
        if np.linalg.norm(coupling, axis=1).min(initial=1.0) < _LITTLE:
            # unless what they leave is hardly more than rounding, which the basis may hold already
            vectors -= self.vectors @ (self.vectors.T @ vectors)
            vectors, share = _orthonormal(vectors, 0.5)
            coupling = share @ coupling
        self._next, self.coupling = vectors[:, :room], coupling[:room]

    def _take(self, vectors):
        first, last = self._block.stop, self._block.stop + vectors.shape[1]
        if last > self._columns.shape[1]:
            capacity = max(last, 2 * first)
            columns, entries = self._columns[:, :first], self._entries[:first, :first]
            self._columns = np.empty((len(vectors), capacity), order="F")
            self._entries = np.zeros((capacity, capacity))
            self._columns[:, :first], self._entries[:first, :first] = columns, entries
        self._columns[:, first:last] = vectors
        return slice(first, last)


def _orthonormal(vectors, threshold):
    """Return an orthonormal basis (K, p) of vectors (K, q), and their coordinates (p, q) in it.

    Directions in which the vectors together have no more than ``threshold`` are left out.
    """
    if vectors.shape[1] == 1:
        norm = np.linalg.norm(vectors)
        kept = int(norm > threshold)
        return vectors[:, :kept] / (norm or 1.0), np.full((kept, 1), norm)
    q, r = np.linalg.qr(vectors)
    left, singular, right = np.linalg.svd(r)
    kept = np.count_nonzero(singular > threshold)
    return q @ left[:, :kept], singular[:kept, None] * right[:kept]


class KrylovSpace:
    """The Krylov space of a Gram matrix and labels, which grows on demand.

    Attributes
    ----------
    operator : Operator
    y : ndarray, shape (K,) or (K, Q)
        The labels.
    weights : ndarray, shape (K,), or None
        Weights of the points, of mean 1.
    exhausted : bool
        Whether the space holds everything that G makes of the labels.
    """

    def __init__(self, gram, y, weights=None, max_vectors=None):
        self.operator = operator = Operator(gram)
        self.y = _checks.coordinates(y, operator.size, name="y")
        _checks.within_range("y", self.y)
        self.weights = operator.weights = _checks.weights(weights, operator.size)
        if max_vectors is None:
            max_vectors = max(_MEMORY // (8 * operator.size), 2 * self.y[0].size)
        self._limit = _checks.whole_number("max_vectors", max_vectors, minimum=1)
        self.weighted_y = self.y if self.weights is None else (operator.root * self.y.T).T
        self._largest = self._probe()
        labels = self.weighted_y.reshape(operator.size, -1)
        power = np.frexp(np.abs(labels).max(axis=0, initial=0.0))[1]
        norms = np.linalg.norm(np.ldexp(labels, -power), axis=0)
        units = np.ldexp(labels, -power) / np.where(norms > 0, norms, 1.0)
        if not norms.any():
            units = np.ones((operator.size, 1))  # no fit is needed: any space will do
        self._basis = Basis(operator, units)
        self._start = np.ldexp(self._basis.start * norms, power)
        self.grow()

    def _probe(self):
        """Return an estimate of the largest eigenvalue, and give the operator its scale."""
        vector = np.random.default_rng(0).standard_normal((self.operator.size, 1))
        self.operator.set_scale(vector / np.linalg.norm(vector))
        basis = Basis(self.operator, vector)
        while not basis.exhausted and basis.size < _PROBES:
            basis.grow()
        largest = self._ritz(basis, 0.0)[0][-1]
        power = np.frexp(largest)[1]
        self.operator.exponent += int(power)
        return np.ldexp(largest, -power)

    @property
    def exhausted(self):
        return self._basis.exhausted

    @property
    def size(self):
        """The number of vectors in the basis."""
        return self._basis.size

    def grow(self):
        """Let the space grow until its Ritz pairs are worth another look; False if it may not."""
        before = self.size
        while not self.exhausted and self.size < max(_FIRST, _GROWTH * before):
            if self.size and self.size + len(self._basis.coupling) > self._limit:
                break
            self._basis.grow()
        return self.size > before

    def spectrum(self):
        """Return what the space knows of G by now."""
        d, vectors = self._ritz(self._basis, self._largest)
        return RitzSpectrum(self, d, vectors, max(self._largest, d[-1]))

    def _ritz(self, basis, largest):
        """Return the eigenpairs of G in a basis, unless they show what no Gram matrix has."""
        matrix, dtype = basis.matrix, self.operator.dtype
        d, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
        unscaled = np.ldexp(1.0, self.operator.exponent)
        largest = max(largest, d[-1], -d[0])
        asymmetry = np.abs(matrix - matrix.T).max()
        _checks.symmetric("gram", asymmetry * unscaled, largest * unscaled, dtype)
        _checks.semidefinite(
            "gram", d[0] * unscaled, largest * unscaled, self.operator.size, dtype
        )
        return d, vectors


class RitzSpectrum(Eigenpairs):
    """Ritz pairs of a Gram matrix, and labels in them: a stand-in for its whole spectrum.

    Attributes
    ----------
    eigenvalues : ndarray, shape (m,)
        Ritz values, ascending; those that count as zero are zero.
    eigenvectors : ndarray, shape (K, m)
    coordinates : ndarray, shape (m,) or (m, Q)
        The labels in the Ritz vectors, which hold all of them.
    eigenvalue_errors, alarm, y, weights, weighted_y
        As in :class:`sdtutorial.spectrum.Spectrum`.
    residuals : ndarray, shape (p, m)
        What G makes of the Ritz vectors outside the space, in units of the eigenvalues.
    left_out : ndarray or None
        What :meth:`errors` has said of the chain, if it was asked.
    """

    left_out = None

    def __init__(self, space, scaled_values, vectors, largest):
        basis, operator = space._basis, space.operator
        self._space, self._basis, self._combination = space, basis.vectors, vectors
        self.y, self.weights, self.weighted_y = space.y, space.weights, space.weighted_y
        coordinates = vectors[: len(space._start)].T @ space._start
        self.coordinates = coordinates.reshape(len(coordinates), *self.y.shape[1:])
        threshold = _checks.zero_threshold(largest, operator.size, operator.dtype)
        zero = scaled_values <= threshold
        together = np.append(scaled_values, largest), np.append(zero, False)
        errors = solver_errors(*together, operator.dtype)
        residuals = basis.coupling @ vectors[vectors.shape[0] - basis.coupling.shape[1] :]
        self.eigenvalues, self.eigenvalue_errors, self.residuals, self._threshold = (
            np.ldexp(scaled, operator.exponent)
            for scaled in (np.where(zero, 0.0, scaled_values), errors[:-1], residuals, threshold)
        )
        self.alarm = alarm(operator.dtype)

    @cached_property
    def eigenvectors(self):
        return self._basis @ self._combination

    def cause_of_floor(self, column, tolerance):
        """Return sentences that say why ``tolerance`` is infeasible in a column, and what helps."""
        null = self.coordinates[self.eigenvalues == 0]
        part = null.reshape(len(null), -1)[:, column]
        y = self.y.reshape(len(self.y), -1)[:, column]
        gram = self._space.operator.gram
        return diagnosis.cause_of_floor_seen(
            gram, y, np.sum(part**2) / len(y), tolerance, self.weights
        )

    def gram_rows(self, vectors, rows):
        return self._space.operator.unweighted(vectors)[rows]

    @property
    def null_is_settled(self):
        """Whether G makes no more of the labels' null part than rounding: it counts as zero."""
        null = self.eigenvalues == 0
        part = self.coordinates[null].reshape(np.count_nonzero(null), -1)
        left = np.linalg.norm(self.residuals[:, null] @ part, axis=0)
        return bool((left <= self._threshold / _SURE * np.linalg.norm(part, axis=0)).all())

    def errors(self, multipliers, *, given=False, label_weight=0.0):
        """Return estimates of what the space leaves out, in multipliers and in fits.

        With a_t = L (c_t + theta)^{-1} z_t, what the solution in the space misses the equation of
        round t by, the fit of round t is wrong by at most ``|a_0| + ... + |a_t|``, as far as the
        multipliers are right (Self-distillation, ``prp-krylov-error``). The norm of the residual,
        from which c_t follows, is wrong by a product of two such numbers only.

        Parameters
        ----------
        multipliers : ndarray, shape (T,) or (T, Q)
        given, label_weight
            As for :func:`sdtutorial.accuracy.rounding_errors`.

        Returns
        -------
        ndarray, shape (2, T) or (2, T, Q)
            Relative errors of c_t, and errors of the fit of round t as a root mean square over the
            points, against that of the first labels.
        """
        d = self.eigenvalues[:, None]
        y = self.coordinates.reshape(len(d), -1)
        scale = np.linalg.norm(y, axis=0)
        y = z = y / np.where(scale > 0, scale, 1.0)
        outside = missed = drift = np.zeros(z.shape[1])
        errors = []
        for c in multipliers.reshape(len(multipliers), z.shape[1]):
            kept, left = shares_kept(d, c), shares_left(d, c)
            outside = outside + self._missed(z, c)
            missed = missed + self._missed(z * left, c)
            with np.errstate(all="ignore"):  # 0 / 0 where nothing is in reach
                slope = np.sum((z * left) ** 2 * kept, axis=0)
                change = (2 * outside * missed + outside**2) / (2 * slope)
            change = np.where(given | (c == np.inf) | (outside == 0), 0.0, change)
            drift = drift + change * np.linalg.norm(z * left * kept, axis=0)
            errors.append((change, outside + drift))
            z = label_weight * y + (1 - label_weight) * kept * z
            outside, drift = (1 - label_weight) * outside, (1 - label_weight) * drift
        shape = len(multipliers), 2, *self.coordinates.shape[1:]
        return np.moveaxis(np.reshape(errors, shape), 1, 0)

    def _missed(self, z, c):
        """Return the norms (Q,) of L (c + theta)^{-1} z; 0 for an infinite c."""
        with np.errstate(all="ignore"):
            solution = np.where(z == 0, 0.0, z / (c + self.eigenvalues[:, None]))
            # row by row: infinity times a residual of zero is zero
            if not np.isfinite(solution).all():
                small = np.abs(self.residuals).max(axis=0, initial=0.0) == 0
                solution[small] = 0.0
            missed = np.linalg.norm(self.residuals @ solution, axis=0)
        return np.where(np.isnan(missed), np.inf, missed)
