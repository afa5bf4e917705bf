r"""Every bound of the paper on the chain of rounds, and the sharper ones, as pure functions.

Notation. A chain fits its own predictions again and again at one fixed tolerance ``epsilon``. It is
described by the eigenvalues d_1, ..., d_K of the Gram matrix divided by K and by the coordinates
z_0 of the labels in the eigenbasis. Round t has the multiplier c_t and the filter
A_t = D (c_t I + D)^{-1}, and z_{t+1} = A_t z_t. The norm ratio r_t = ||z_t|| / sqrt(K epsilon) says
how far the targets are from collapse: while r_t > 1 there is a round t, and T counts these rounds.
B_t = A_0 ... A_t is the filter after t + 1 rounds.

Three conventions hold throughout.

* "The eigenvalues" of a bound are those of the directions that carry label energy, z_0[k] != 0.
  Others may be given too: then d_min is smaller or d_max larger, and the bound holds but says less.
* An eigenvalue of zero is a direction that no fit can reach. Its filter is 0 from the first round
  on, so its ratio to any other is infinite; pairs of such directions have ratio 1.
* A (K, K) result has a bound on B[k]/B[j] in entry [k, j]. Exchanging k and j inverts a bound, so
  the lower bounds, in the entries with d_k > d_j, meet their reciprocals across the diagonal, and
  those are upper bounds. Equal eigenvalues give 1.

Logarithms of ratios are evaluated with ``log1p``: differences of logarithms would cancel. No
function emits a numerical warning.

The paper is Mobahi, Farajtabar and Bartlett, "Self-Distillation Amplifies Regularization in Hilbert
Space", NeurIPS 2020. Names such as ``prp-norm-bound`` are labels in the book.
"""

from sdtutorial.bounds.curve import (
    rounds_condition_bound,
    rounds_curve_bound,
    rounds_curve_interval,
    rounds_limit,
    rounds_limit_bound,
)
from sdtutorial.bounds.multipliers import label_multiplier_interval, multiplier_interval
from sdtutorial.bounds.rounds import (
    guaranteed_rounds,
    norm_ratio_bound,
    rounds_interval,
    rounds_upper_bound,
)
from sdtutorial.bounds.sparsity import (
    collapse_sparsity,
    sparsity_index,
    sparsity_index_limit,
    sparsity_ratio_bound,
    sparsity_ratio_power,
    sparsity_ratio_product,
)

__all__ = [
    "collapse_sparsity",
    "guaranteed_rounds",
    "label_multiplier_interval",
    "multiplier_interval",
    "norm_ratio_bound",
    "rounds_condition_bound",
    "rounds_curve_bound",
    "rounds_curve_interval",
    "rounds_interval",
    "rounds_limit",
    "rounds_limit_bound",
    "rounds_upper_bound",
    "sparsity_index",
    "sparsity_index_limit",
    "sparsity_ratio_bound",
    "sparsity_ratio_power",
    "sparsity_ratio_product",
]
