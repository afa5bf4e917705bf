"""What holds of all figures."""

import numpy as np

from sdtutorial import plotting

TOLERANCES = np.array([1e-3, 1e-1, 1e-2])


def test_no_figure_changes_what_it_is_given(example, chain, errors):
    arrays = {
        "errors": errors,
        "tolerances": TOLERANCES,
        "rounds": np.array([30.0, 3.0, 10.0]),
        "x": example.x,
        "y": example.y,
        "ratios": chain.norm_ratios,
    }
    before = {name: array.copy() for name, array in arrays.items()}
    plotting.overview(example, chain, errors)
    plotting.error_by_round(errors)
    plotting.norm_walk(arrays["ratios"], {"bound": arrays["ratios"]}, arrays["ratios"])
    plotting.rounds_limit(TOLERANCES, arrays["rounds"], 1.0, {"bound": arrays["rounds"]})
    plotting.sparsity_growth(TOLERANCES, *[arrays["rounds"]] * 3, index_limit=0.0)
    for name, array in arrays.items():
        assert np.array_equal(array, before[name]), name
