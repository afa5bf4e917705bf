"""The derivative of a chain with respect to its labels, as diagonal plus low rank.

In the eigenbasis, scaled by the roots of the eigenvalues and with the signs of the labels taken
out, round i has the Jacobian M_i = diag(A_i) + r_i r_i^T with r_i >= 0 (When to stop,
``prp-round-jacobian``). The product of the rounds is kept as diag(B_t) + left right^T.
"""

import numpy as np

from sdtutorial.secular import shares_kept

_BLOCK = 2**21  # numbers in the two factors of a block of columns


class Product:
    """M_t ... M_0 = diag(kept) + left right^T for Q columns, all entries at least zero.

    Attributes
    ----------
    kept : ndarray, shape (Q, K)
    left, right : ndarray, shape (Q, K, n)
    lost : ndarray, shape (Q,)
        K minus the trace, summed from what every round takes away: no cancellation.
    """

    def __init__(self, columns, size):
        self.kept = np.ones((columns, size))
        self.left = self.right = np.empty((columns, size, 0))
        self.lost = np.zeros(columns)

    def multiply(self, stays, leaves, root):
        """Multiply with diag(stays) + root root^T from the left; leaves is 1 - stays."""
        image = np.einsum("qkn,qk->qn", self.left, root)
        image = self.kept * root + np.einsum("qkn,qn->qk", self.right, image)
        diagonal = self.kept + np.einsum("qkn,qkn->qk", self.left, self.right)
        self.lost = self.lost + np.sum(leaves * diagonal, axis=1) - np.sum(root * image, axis=1)
        self.left = np.concatenate([stays[:, :, None] * self.left, root[:, :, None]], axis=2)
        self.right = np.concatenate([self.right, image[:, :, None]], axis=2)
        self.kept = self.kept * stays
        size = stays.shape[1]
        if self.left.shape[2] >= 2 * size:  # more factors than the product has columns
            self.left = self.left @ self.right.transpose(0, 2, 1)
            self.right = np.broadcast_to(np.eye(size), self.left.shape)

    def trace(self):
        return self.kept.sum(axis=1) + np.einsum("qkn,qkn->q", self.left, self.right)

    def dense(self, column):
        return np.diag(self.kept[column]) + self.left[column] @ self.right[column].T


def products(eigenvalues, coordinates, multipliers):
    """Yield M_t ... M_0 of every round, for coordinates (K, Q) and multipliers (T, Q)."""
    z = np.abs(coordinates.T)
    z = z / np.maximum(z.max(axis=1, keepdims=True), np.finfo(float).tiny)
    product = Product(*z.shape)
    for c in multipliers[:, :, None]:
        stays, leaves = shares(eigenvalues, c)
        product.multiply(stays, leaves, root_of_rank_one(z, stays, leaves))
        z = z * stays
        yield product


def root_of_rank_one(z, stays, leaves):
    """Return r with M = diag(stays) + r r^T: r_k^2 = leaves_k w_k, w ~ z^2 stays leaves^2."""
    weights = z * leaves * np.sqrt(stays)
    weights = weights / np.maximum(weights.max(axis=1, keepdims=True), np.finfo(float).tiny)
    weights = weights**2
    total = weights.sum(axis=1, keepdims=True)
    return np.sqrt(leaves * weights / np.where(total > 0, total, 1.0))


def shares(eigenvalues, multiplier):
    """Return d / (c + d) and c / (c + d), what a direction keeps and what it loses."""
    live = (eigenvalues > 0) & (multiplier < np.inf)
    with np.errstate(invalid="ignore"):
        leaves = np.where(live, multiplier / (multiplier + eigenvalues), 1.0)
    return shares_kept(eigenvalues, multiplier), leaves


def freedom(chain):
    """Return df_t, and how much less it is than the number of points: each (T,) or (T, Q)."""
    weightless = len(chain.eigenvalues) - points(chain)
    if chain.tolerance is None:
        lost = -np.expm1(chain.log_filters).sum(axis=1) - weightless
        return chain.filters.sum(axis=1), lost
    # Points without a weight are null directions in which nothing happens.
    d, z, c = chain.eigenvalues[weightless:], chain.coordinates[weightless:], chain.multipliers
    if z.ndim == 1:
        z, c = z[:, None], c[:, None]
    size, rounds = len(z), len(c)
    df, lost = np.zeros((2, *c.shape))
    width = max(1, _BLOCK // (size * max(1, min(rounds, 2 * size))))
    for first in range(0, c.shape[1], width):
        block = slice(first, first + width)
        for t, product in enumerate(products(d, z[:, block], c[:, block])):
            df[t, block], lost[t, block] = product.trace(), product.lost
    return df.reshape(chain.multipliers.shape), lost.reshape(chain.multipliers.shape)


def points(chain):
    """Return the number of points with a weight."""
    if chain.weights is None:
        return len(chain.eigenvalues)
    return np.count_nonzero(chain.weights)
