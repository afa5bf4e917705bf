"""How fast the chain is, as ratios measured side by side in one run.

    python benchmarks/speed.py

Each comparison interleaves its two sides and takes the least time of each, so that whatever else
the machine does disturbs both alike. Takes about three minutes on two cores.
"""

import os
import platform
import time

import numpy as np
import scipy
import scipy.linalg
import sklearn
from scipy.optimize import brentq
from sklearn.kernel_ridge import KernelRidge

from sdtutorial import distill, distill_spectrum, gram_matrix
from sdtutorial.examples import spline_eigenvalues

COLUMNS_IN_LOOP = 200  # of the 10,000; the rest is scaled up, which the table says


def seconds(function):
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def side_by_side(first, second, repeats):
    """Least seconds of each function over interleaved runs, and their last results."""
    times, results = ([], []), [None, None]
    for _ in range(repeats):
        for i, function in enumerate((first, second)):
            elapsed, results[i] = seconds(function)
            times[i].append(elapsed)
    return min(times[0]), min(times[1]), results


def noisy_sine(size, rng):
    """A Gram matrix that is well away from singular, noisy labels, and their mean square."""

    def kernel(x, t):
        return np.exp(-10 * np.abs(np.subtract.outer(x, t)))

    x = np.sort(rng.random(size))
    y = np.sin(2 * np.pi * x) + 0.5 * rng.standard_normal(size)
    return gram_matrix(kernel, x), y


def against_eigendecomposition(rng):
    """20 rounds at K = 2000: how much more than scipy.linalg.eigh alone?"""
    gram, y = noisy_sine(2000, rng)
    ours, eigh, (chain, _) = side_by_side(
        lambda: distill(gram, y, 1e-3, max_rounds=20), lambda: scipy.linalg.eigh(gram), 5
    )
    assert chain.rounds == 20
    row("K = 2000, 20 rounds", "scipy.linalg.eigh alone", ours, eigh)
    evd, _, _ = side_by_side(lambda: scipy.linalg.eigh(gram, driver="evd"), lambda: None, 3)
    row("", "the same, driver evd", ours, evd)


def refitted(kernel_matrix, y, tolerance, rounds):
    """The chain as written with scikit-learn: a refit at every trial value of ln c."""
    size, multipliers = len(y), []

    def fitted(log_c):
        model = KernelRidge(kernel="precomputed", alpha=size * np.exp(log_c))
        return model.fit(kernel_matrix, y).predict(kernel_matrix)

    for _ in range(rounds):
        log_c = brentq(lambda u: np.mean((fitted(u) - y) ** 2) - tolerance, -25, 10, xtol=1e-12)
        y = fitted(log_c)
        multipliers.append(np.exp(log_c))
    return np.array(multipliers)


def against_refitting(rng):
    """10 rounds at K = 1000."""
    gram, y = noisy_sine(1000, rng)
    kernel_matrix = 1000 * gram
    ours, loop, (chain, multipliers) = side_by_side(
        lambda: distill(gram, y, 3e-3, max_rounds=10),
        lambda: refitted(kernel_matrix, y, 3e-3, 10),
        3,
    )
    np.testing.assert_allclose(chain.multipliers, multipliers, rtol=1e-5)
    row("K = 1000, 10 rounds", "KernelRidge refitted in brentq", ours, loop)


def one_by_one(d, columns, tolerance):
    """Chains to collapse, one label vector after the other, c by brentq on the eigenvalues."""
    for z in columns.T:
        while np.mean(z**2) > tolerance:
            c = np.exp(
                brentq(
                    lambda u: np.mean((z * np.exp(u) / (np.exp(u) + d)) ** 2) - tolerance,
                    -60,
                    60,
                    xtol=1e-12,
                )
            )
            z = z * d / (c + d)


def against_columns_one_by_one(rng):
    """10,000 label vectors at K = 11, to collapse."""
    d, z = spline_eigenvalues(11), rng.standard_normal((11, 10_000))
    ours, part, _ = side_by_side(
        lambda: distill_spectrum(d, z, 0.04),
        lambda: one_by_one(d, z[:, :COLUMNS_IN_LOOP], 0.04),
        3,
    )
    loop = part * 10_000 / COLUMNS_IN_LOOP
    row("10,000 columns, K = 11", f"brentq, timed on {COLUMNS_IN_LOOP} columns, scaled", ours, loop)


def row(what, against, ours, theirs):
    ratio = f"{ours / theirs:.3f} times" if ours > 0.1 * theirs else f"{theirs / ours:.0f} x faster"
    print(f"| {what:<24} | {ours:9.4f} | {against:<40} | {theirs:9.3f} | {ratio:>14} |", flush=True)


def linear_in_rounds(rng):
    d, z = spline_eigenvalues(500), rng.standard_normal(500)
    print("\nOne label vector, K = 500, by number of rounds")
    print("| rounds | milliseconds | microseconds a round |")
    for rounds in (25, 50, 100, 200, 400, 800, 1600):
        best = min(
            seconds(lambda: distill_spectrum(d, z, 1e-7, max_rounds=rounds))[0] for _ in range(7)
        )
        print(f"| {rounds:6d} | {1e3 * best:12.2f} | {1e6 * best / rounds:20.1f} |")


def linear_in_columns(rng):
    d = spline_eigenvalues(11)
    print("\nK = 11, tolerance 0.04, to collapse, by number of label vectors")
    print("| columns | milliseconds | microseconds a column |")
    for columns in (1000, 3000, 10_000, 30_000, 100_000, 300_000):
        z = rng.standard_normal((11, columns))
        best = min(seconds(lambda: distill_spectrum(d, z, 0.04))[0] for _ in range(3))
        print(f"| {columns:7d} | {1e3 * best:12.1f} | {1e6 * best / columns:21.2f} |")


def threads():
    """What the BLAS libraries say, where threadpoolctl (it comes with scikit-learn) can tell."""
    from threadpoolctl import threadpool_info

    pools = {(p["internal_api"], p["num_threads"]) for p in threadpool_info()}
    return ", ".join(f"{api} {count}" for api, count in sorted(pools))


def main():
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
        f"scikit-learn {sklearn.__version__}; {os.cpu_count()} cores; threads: {threads()}\n"
    )
    print(f"| {'what':<24} | {'seconds':>9} | {'compared with':<40} | {'seconds':>9} | {'':>14} |")
    rng = np.random.default_rng(0)
    against_eigendecomposition(rng)
    against_refitting(rng)
    against_columns_one_by_one(rng)
    linear_in_rounds(rng)
    linear_in_columns(rng)


if __name__ == "__main__":
    main()
