"""What large chains cost, as records that the page of benchmarks draws.

    python benchmarks/large.py ratios       # against eigendecompositions, K = 2000 to 8000
    python benchmarks/large.py rows50000    # a kernel that is never a matrix
    python benchmarks/large.py rows200000   # low rank, with scikit-learn's Nystroem

Each adds lines to ``benchmarks/recorded/NAME.jsonl``, after one that says on which machine, with
which versions and how many threads. Times are processor times of the process, so that what else
the machine does disturbs them little; run with OPENBLAS_NUM_THREADS=1, where they are those of one
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

from sdtutorial import RBF, Matern, blocks, distill, gram_matrix

FOLDER = Path(__file__).parent / "recorded"
NOISE = 0.5


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
        "threads": os.environ.get("OPENBLAS_NUM_THREADS", "as many as there are"),
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
    for size, repeats in ((2000, 3), (4000, 2), (8000, 1)):
        for name, (kernel, labels, tolerance) in PROBLEMS.items():
            x, y = labels(size)
            gram = gram_matrix(kernel, x)
            least = {}
            for _ in range(repeats):
                runs = {
                    "krylov": lambda: distill(gram, y, tolerance, method="krylov"),
                    "scipy.linalg.eigh": lambda: scipy.linalg.eigh(gram),
                }
                if size <= 4000:
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


RUNS = {run.__name__: run for run in (ratios, rows50000, rows200000)}


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
