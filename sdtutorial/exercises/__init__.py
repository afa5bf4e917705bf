"""Checkers for the exercises of the book that are to be computed.

Each takes an answer and returns a :class:`Verdict`, which is shown as sentences. It holds no
answer: it tries out whether what it is given does what the exercise asks for, so every right answer
is right, however it was found and written. Three dots are an answer that is still to be given.
Nothing that is handed in makes a checker raise an error, unless the call itself is wrong.
"""

from sdtutorial.exercises._verdicts import Verdict
from sdtutorial.exercises.beyond import (
    best_eigenvalues,
    definite_grid,
    eleven_points,
    golden_weight,
    half_infeasible,
    half_kept,
    rare_class,
    shortest_probabilities,
    wide_network_floor,
)
from sdtutorial.exercises.theory import (
    chain_to_order,
    fixed_multiplier,
    largest_index,
    newton,
    run_backwards,
    stretched_string,
    units,
    unreachable,
    which_upper_end,
)

__all__ = [
    "Verdict",
    "best_eigenvalues",
    "chain_to_order",
    "definite_grid",
    "eleven_points",
    "fixed_multiplier",
    "golden_weight",
    "half_infeasible",
    "half_kept",
    "largest_index",
    "newton",
    "rare_class",
    "run_backwards",
    "shortest_probabilities",
    "stretched_string",
    "units",
    "unreachable",
    "which_upper_end",
    "wide_network_floor",
]
