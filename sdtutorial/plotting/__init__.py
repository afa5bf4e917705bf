"""The figures of the book: one style, one colour map for rounds, one function a figure.

A function takes a chain, an example or arrays that the package computed, draws, and returns a
`BookFigure`. It computes nothing but the curves between the points. In a notebook a figure is shown
by the cell that makes it, once, whether or not the cell gives it a name::

    figure = plotting.chain_fits(example, chain)

What a reader meets in every figure: data are dots, the truth is a thin dark line, the bounds of the
book are dashed in the colour of what they bound, and what the paper states is vermillion and
dash-dotted. The first round of every chain is the lightest, the last the darkest. Names stand
beside what they name. The background is transparent on the site, whose style sheet turns lightness
round in the dark theme, and white elsewhere. Every colour has a contrast of at least 3 to both.

Each chapter has its file. Figures of networks are in `sdtutorial.networks.figures`.
"""

from sdtutorial.plotting._labels import label_ends, label_lines
from sdtutorial.plotting._style import (
    BLUE,
    GREEN,
    GRID,
    INK,
    MUTED,
    PURPLE,
    ROUNDS,
    VERMILLION,
    BookFigure,
    book_figure,
    new_figure,
    round_colors,
    style,
)
from sdtutorial.plotting.after_the_paper import risk_curves
from sdtutorial.plotting.benchmarks import krylov_convergence, times_by_size
from sdtutorial.plotting.closed_form import (
    green_function,
    residual_curve,
    shrink_factors,
)
from sdtutorial.plotting.collapse_bound import (
    norm_walk,
    rounds_limit,
)
from sdtutorial.plotting.filters import (
    filter_curves,
    mirror_images,
    missed_signal,
    two_families,
)
from sdtutorial.plotting.generalization import equivalent_kernel
from sdtutorial.plotting.networks_as_kernels import (
    accuracy_by_round,
    chains_of_networks,
    distance_by_width,
    tangent_kernels,
)
from sdtutorial.plotting.real_data import classes_by_round, risk_over_splits
from sdtutorial.plotting.self_distillation import (
    basis_functions,
    chain_fits,
    compare_by_round,
    multipliers_and_norms,
    schematic,
)
from sdtutorial.plotting.setup import noisy_samples
from sdtutorial.plotting.sparsification import (
    early_stopping,
    filters_by_round,
    sparsity_growth,
)
from sdtutorial.plotting.spline_example import (
    error_by_round,
    filter_bars,
    risk_by_tolerance,
    sine_eigenvectors,
)
from sdtutorial.plotting.when_to_stop import (
    freedom_by_round,
    freedom_that_rises,
    risk_estimates,
    walkers,
)
from sdtutorial.plotting.where_they_part import least_risks, said_and_computed

__all__ = [
    "BLUE",
    "GREEN",
    "GRID",
    "INK",
    "MUTED",
    "PURPLE",
    "ROUNDS",
    "VERMILLION",
    "BookFigure",
    "accuracy_by_round",
    "basis_functions",
    "book_figure",
    "chain_fits",
    "chains_of_networks",
    "classes_by_round",
    "compare_by_round",
    "distance_by_width",
    "early_stopping",
    "equivalent_kernel",
    "error_by_round",
    "filter_bars",
    "filter_curves",
    "filters_by_round",
    "freedom_by_round",
    "freedom_that_rises",
    "green_function",
    "krylov_convergence",
    "label_ends",
    "label_lines",
    "least_risks",
    "mirror_images",
    "missed_signal",
    "multipliers_and_norms",
    "new_figure",
    "noisy_samples",
    "norm_walk",
    "residual_curve",
    "risk_by_tolerance",
    "risk_curves",
    "risk_estimates",
    "risk_over_splits",
    "round_colors",
    "rounds_limit",
    "said_and_computed",
    "schematic",
    "shrink_factors",
    "sine_eigenvectors",
    "sparsity_growth",
    "style",
    "tangent_kernels",
    "times_by_size",
    "two_families",
    "walkers",
]
