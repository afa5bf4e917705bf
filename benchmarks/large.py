"""What large chains cost, as records that the page of benchmarks draws.

    python benchmarks/large.py ratios       # against eigendecompositions, K = 2000 to 8000
    python benchmarks/large.py growth       # with points, rounds and columns, beside other ways
    python benchmarks/large.py rows50000    # a kernel that is never a matrix
    python benchmarks/large.py rows200000   # low rank, with scikit-learn's Nystroem

Each writes the lines of ``sdtutorial/recorded/NAME.jsonl``, the first of which says on which
machine, with which versions and how many threads. Times are processor times of the process, so
that what else the machine does disturbs them little; run with OPENBLAS_NUM_THREADS=1, where they are those of one
thread.
"""

import itertools
import json
import os
import platform
import resource
import sys
import time
from pathlib import Path

import numpy as np
import scipy
import scipy.linalg
import sklearn
from scipy.optimize import brentq
from scipy.sparse.linalg import LinearOperator, cg
from sklearn.kernel_ridge import KernelRidge
from threadpoolctl import threadpool_info

import sdtutorial
from sdtutorial import RBF, Matern, blocks, distill, fit, gram_matrix

FOLDER = Path(sdtutorial.__file__).parent / "recorded"
NOISE = 0.5
SIZES = {2000: 3, 4000: 2, 8000: 1}  # of the table of ratios, and how often each is run


def processor_seconds(function):
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def machine():
    cpu = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ] if Path("/proc/cpuinfo").exists() else []
    return {
        "processor": cpu[0] if cpu else platform.processor(),
        "cores": os.cpu_count(),
        "threads": max(p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "load": round(os.getloadavg()[0], 1),
        "date": time.strftime("%Y-%m-%d"),
    }


def noisy_sine(size, noise=NOISE):
    rng = np.random.default_rng(size)
    x = np.sort(rng.random(size))
    return x, np.sin(2 * np.pi * x) + noise * rng.standard_normal(size)


def in_twenty_dimensions(size):
    rng = np.random.default_rng(size)
    x = rng.standard_normal((size, 20))
    return x, np.sin(x[:, 0]) + 0.1 * rng.standard_normal(size)


PROBLEMS = {
    "smooth, on the line": (RBF(0.2), noisy_sine, 1.1 * NOISE**2),
    "smooth, 20 dimensions": (RBF(5.0), in_twenty_dimensions, 0.01),
    "rough, on the line": (Matern(0.3, 0.5), noisy_sine, 0.01),
}


def ratios():
    """Krylov and dense chains against scipy.linalg.eigh, alternately in one run."""
    for size, repeats in SIZES.items():
        for name, (kernel, labels, tolerance) in PROBLEMS.items():
            x, y = labels(size)
            gram = gram_matrix(kernel, x)
            least = {}
            for _ in range(repeats):
                runs = {
                    "krylov": lambda: distill(gram, y, tolerance, method="krylov"),
                    "scipy.linalg.eigh": lambda: scipy.linalg.eigh(gram),
                }
                if size <= 2000:
                    runs["evd"] = lambda: scipy.linalg.eigh(gram, driver="evd")
                    runs["eigh"] = lambda: distill(gram, y, tolerance)
                for run, function in runs.items():
                    seconds, result = processor_seconds(function)
                    least[run] = min(seconds, least.get(run, np.inf))
                    if run == "krylov":
                        chain = result
            yield {
                "what": "ratio",
                "problem": name,
                "points": size,
                "vectors": len(chain.eigenvalues),
                "rounds": chain.rounds,
                "error": float(chain.left_out.max()),
                "seconds": least,
                "ratio": least["krylov"] / least["scipy.linalg.eigh"],
            }


def again_and_again(gram, y, tolerance, rounds):
    """The chain by its definition: a decomposition a round."""
    for _ in range(rounds):
        y = fit(gram, y, tolerance).fitted


def in_a_root_finder(solve, y, tolerance, rounds):
    """The chain with a solver of (c I + G) x = y at every trial value of ln c."""
    for _ in range(rounds):
        log_c = brentq(
            lambda u: np.mean((np.exp(u) * solve(np.exp(u), y)) ** 2) - tolerance, -25, 10, xtol=1e-9
        )
        y = y - np.exp(log_c) * solve(np.exp(log_c), y)


def by_kernel_ridge(gram, y, tolerance, rounds):
    def solve(c, labels):
        model = KernelRidge(kernel="precomputed", alpha=c)
        return model.fit(gram, labels).dual_coef_

    in_a_root_finder(solve, y, tolerance, rounds)


def by_conjugate_gradients(gram, y, tolerance, rounds):
    def solve(c, labels):
        shifted = LinearOperator(gram.shape, matvec=lambda v: gram @ v + c * v, dtype=float)
        return cg(shifted, labels, rtol=1e-9, maxiter=4 * len(labels))[0]

    in_a_root_finder(solve, y, tolerance, rounds)


def growth():
    """Four rounds with the rough kernel; every way up to the size at which it takes seconds."""
    kernel, tolerance, rounds = Matern(0.3, 0.5), 0.05, 4
    ways = {
        "krylov": (8000, lambda g, y: distill(g, y, tolerance, max_rounds=rounds, method="krylov")),
        "eigh": (4000, lambda g, y: distill(g, y, tolerance, max_rounds=rounds)),
        "eigh alone": (4000, lambda g, y: scipy.linalg.eigh(g)),
        "eigh every round": (2000, lambda g, y: again_and_again(g, y, tolerance, rounds)),
        "KernelRidge": (1000, lambda g, y: by_kernel_ridge(g, y, tolerance, rounds)),
        "conjugate gradients": (
            1000,
            lambda g, y: by_conjugate_gradients(g, y, tolerance, rounds),
        ),
    }
    x, y = noisy_sine(2000)
    gram = gram_matrix(kernel, x)
    for columns in (1, 2, 5, 10, 20):
        labels = np.sin(2 * np.pi * x)[:, None] + 0.5 * np.random.default_rng(0).standard_normal(
            (2000, columns)
        )
        for method in ("krylov", "eigh"):
            seconds, chain = processor_seconds(
                lambda: distill(gram, labels, tolerance, max_rounds=rounds, method=method)
            )
            vectors = len(chain.eigenvalues)
            found = {"columns": columns, "vectors": vectors, "seconds": seconds}
            yield {"what": "columns", "way": method, **found}
    for many in (1, 4, 16, 64):
        for method in ("krylov", "eigh"):
            seconds, chain = processor_seconds(
                lambda: distill(gram, y, 1e-4, max_rounds=many, method=method)
            )
            found = {"rounds": many, "vectors": len(chain.eigenvalues), "seconds": seconds}
            yield {"what": "rounds", "way": method, **found}
    for size in (250, 500, 1000, 2000, 4000, 8000):
        x, y = noisy_sine(size)
        gram = gram_matrix(kernel, x)
        for way, (largest, function) in ways.items():
            if size <= largest:
                seconds = min(processor_seconds(lambda: function(gram, y))[0] for _ in range(2))
                yield {"what": "points", "way": way, "points": size, "seconds": seconds}


def peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def rows50000():
    """One product first, then the chain: a smooth kernel on the line, never a matrix."""
    x, y = noisy_sine(50_000)
    operator = blocks.gram_operator(RBF(0.2), x)
    before = peak_megabytes()
    product, _ = processor_seconds(lambda: operator @ y)
    yield {"what": "product", "points": len(x), "seconds": product}
    seconds, chain = processor_seconds(
        lambda: distill(operator, y, 1.1 * NOISE**2, method="krylov")
    )
    points = np.linspace(0, 1, 1001)
    later, fits = processor_seconds(lambda: blocks.predict(chain, RBF(0.2), points, x))
    yield {
        "what": "chain",
        "points": len(x),
        "vectors": len(chain.eigenvalues),
        "rounds": chain.rounds,
        "multipliers": chain.multipliers.tolist(),
        "error": float(chain.left_out.max()),
        "seconds": seconds,
        "seconds_of_1001_predictions": later,
        "errors_on_the_truth": np.mean((fits - np.sin(2 * np.pi * points)) ** 2, axis=1).tolist(),
        "peak_megabytes": peak_megabytes(),
        "megabytes_before": before,
    }


def rows200000():
    """scikit-learn's Nystroem features as a factor of G."""
    from scipy.sparse.linalg import aslinearoperator
    from sklearn.kernel_approximation import Nystroem

    x, y = noisy_sine(200_000)
    before = peak_megabytes()
    nystroem = Nystroem(gamma=1 / (2 * 0.2**2), n_components=100, random_state=0)
    features_seconds, features = processor_seconds(lambda: nystroem.fit_transform(x[:, None]))
    factor = aslinearoperator(features / np.sqrt(len(x)))
    operator = factor @ factor.T
    seconds, chain = processor_seconds(
        lambda: distill(operator, y, 1.1 * NOISE**2, method="krylov")
    )
    yield {
        "what": "chain",
        "points": len(x),
        "components": features.shape[1],
        "seconds_of_features": features_seconds,
        "vectors": len(chain.eigenvalues),
        "rounds": chain.rounds,
        "multipliers": chain.multipliers.tolist(),
        "error": float(chain.left_out.max()),
        "seconds": seconds,
        "peak_megabytes": peak_megabytes(),
        "megabytes_before": before,
    }


RUNS = {run.__name__: run for run in (ratios, growth, rows50000, rows200000)}


def main(names):
    unknown = [name for name in names if name not in RUNS]
    if unknown:
        sys.exit(f"which runs? some of {', '.join(RUNS)}, not {', '.join(unknown)}")
    FOLDER.mkdir(exist_ok=True)
    for name in names or RUNS:
        with open(FOLDER / f"{name}.jsonl", "w") as file:
            for record in itertools.chain([{"what": "machine", **machine()}], RUNS[name]()):
                line = json.dumps(record)
                print(line, flush=True)
                file.write(line + "\n")
                file.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
