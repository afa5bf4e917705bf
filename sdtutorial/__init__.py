"""Self-distillation in Hilbert space: the executable part of the book.

Everything here computes and never prints. The names below, and the modules they come from, are
documented where they are defined.
"""

import importlib
import sys

if sys.argv[:1] == ["-m"] and "sdtutorial.networks" in sys.orig_argv:
    # Run as a program: an interrupt while the imports below run is a sentence, too.
    from sdtutorial.networks import interrupts

    interrupts.watch()

from sdtutorial.chains import Chain
from sdtutorial.diagnosis import AccuracyWarning, InputWarning
from sdtutorial.distillation import distill, distill_spectrum
from sdtutorial.examples import spline
from sdtutorial.kernels import NTK, RBF, CubicSpline, Matern, cross_matrix, gram_matrix
from sdtutorial.krylov import AccuracyNotReachedError
from sdtutorial.regression import (
    Fit,
    InfeasibleToleranceError,
    fit,
    fit_with_multiplier,
    mean_squared_residual,
    solve_multiplier,
)

__all__ = [
    "NTK",
    "RBF",
    "AccuracyNotReachedError",
    "AccuracyWarning",
    "Chain",
    "CubicSpline",
    "Fit",
    "InfeasibleToleranceError",
    "InputWarning",
    "Matern",
    "cross_matrix",
    "distill",
    "distill_spectrum",
    "fit",
    "fit_with_multiplier",
    "gram_matrix",
    "mean_squared_residual",
    "solve_multiplier",
    "spline",
]

# Loaded when named.
_LAZY = {"SelfDistilledKernelRidge": "estimator"}  # needs scikit-learn
_SUBMODULES = (
    "blocks",
    "bounds",
    "estimator",
    "exercises",
    "filters",
    "generalization",
    "interactive",
    "networks",
    "notebook",
    "plotting",
    "quiz",
    "real_data",
    "timings",
)


def __getattr__(name):
    if name in _SUBMODULES:
        return importlib.import_module(f"sdtutorial.{name}")
    if name in _LAZY:
        return getattr(importlib.import_module(f"sdtutorial.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'sdtutorial' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_LAZY, *_SUBMODULES})
