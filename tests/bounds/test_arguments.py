"""What the bounds ask of their arguments, and what they do not do to them."""

import numpy as np
import pytest

from sdtutorial import bounds

D, Z = [1.0, 2.0], [1.0, 1.0]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: bounds.multiplier_interval([-1.0, 2.0], 2.0), ValueError),
        (lambda: bounds.multiplier_interval([0.0, 0.0], 2.0), ValueError),
        (lambda: bounds.multiplier_interval([], 2.0), ValueError),
        (lambda: bounds.multiplier_interval([[1.0]], 2.0), ValueError),
        (lambda: bounds.multiplier_interval([1.0, np.nan], 2.0), ValueError),
        (lambda: bounds.multiplier_interval([1.0 + 1j], 2.0), TypeError),
        (lambda: bounds.multiplier_interval(D, -0.1), ValueError),
        (lambda: bounds.multiplier_interval(D, np.inf), ValueError),
        (lambda: bounds.multiplier_interval(D, "2"), TypeError),
        (lambda: bounds.label_multiplier_interval(D, [1.0], 2.0), ValueError),
        (lambda: bounds.label_multiplier_interval(D, [0.0, 0.0], 2.0), ValueError),
        (lambda: bounds.label_multiplier_interval(D, np.ones((2, 3)), [2.0, 2.0]), ValueError),
        (lambda: bounds.norm_ratio_bound(-1, 2.0, 3.0), ValueError),
        (lambda: bounds.norm_ratio_bound(1, 2.0, 0.9), ValueError),
        (lambda: bounds.norm_ratio_bound(1, 2.0, np.nan), ValueError),
        (lambda: bounds.norm_ratio_bound([1, 2], [2.0, 3.0, 4.0], 2.0), ValueError),
        (lambda: bounds.guaranteed_rounds(2.0, 0.0), ValueError),
        (lambda: bounds.guaranteed_rounds(1j, 2.0), TypeError),
        (lambda: bounds.rounds_interval([2.0, 3.0]), TypeError),
        (lambda: bounds.rounds_interval(np.nan), ValueError),
        (lambda: bounds.rounds_interval(-1.0), ValueError),
        (lambda: bounds.rounds_upper_bound(D, Z, 0.0), ValueError),
        (lambda: bounds.rounds_upper_bound(D, Z, None), TypeError),
        (lambda: bounds.rounds_upper_bound(D, np.ones((2, 2)), 1.0), ValueError),
        (lambda: bounds.rounds_limit(D, [0.0, 0.0]), ValueError),
        (lambda: bounds.rounds_limit(D, [1.0, 1.0, 1.0]), ValueError),
        (lambda: bounds.rounds_limit_bound(0.9), ValueError),
        (lambda: bounds.rounds_limit_bound(np.nan), ValueError),
        (lambda: bounds.rounds_limit_bound([2.0, 3.0]), TypeError),
        (lambda: bounds.rounds_condition_bound(-1.0, 2.0), ValueError),
        (lambda: bounds.rounds_condition_bound(2.0, 0.0), ValueError),
        (lambda: bounds.rounds_condition_bound([2.0], 2.0), TypeError),
        (lambda: bounds.rounds_curve_interval(D, Z, 0.0), ValueError),
        (lambda: bounds.rounds_curve_interval(D, np.ones((2, 2)), 1.0), ValueError),
        (lambda: bounds.rounds_curve_bound([0.0, 0.0], Z, 1.0), ValueError),
        (lambda: bounds.sparsity_ratio_power(D, 0.0, 2), ValueError),
        (lambda: bounds.sparsity_ratio_power(D, np.inf, 2), ValueError),
        (lambda: bounds.sparsity_ratio_power(D, 1.0, -1), ValueError),
        (lambda: bounds.sparsity_ratio_power(D, 1.0, [1, 2]), TypeError),
        (lambda: bounds.sparsity_ratio_product(D, [2.0, 1.0]), ValueError),
        (lambda: bounds.sparsity_ratio_product(D, 2.0), ValueError),
        (lambda: bounds.sparsity_ratio_product(D, [2.0], coordinates=[0.0, 0.0]), ValueError),
        (lambda: bounds.sparsity_ratio_product(D, [2.0], coordinates=[1.0]), ValueError),
        (lambda: bounds.sparsity_ratio_bound(D, 1.0, 1), ValueError),
        (lambda: bounds.sparsity_ratio_bound(D, 2.0, np.inf), ValueError),
        (lambda: bounds.sparsity_index([1.0], 2.0), ValueError),
        (lambda: bounds.sparsity_index(D, 1.0, 2), ValueError),
        (lambda: bounds.sparsity_index(D, [2.0]), TypeError),
        (lambda: bounds.sparsity_index_limit([1.0]), ValueError),
        (lambda: bounds.collapse_sparsity(D, 3.0, 2.0), ValueError),
        (lambda: bounds.collapse_sparsity(D, -1.0, 2.0), ValueError),
        (lambda: bounds.collapse_sparsity(D, 1.0, np.nan), ValueError),
    ],
)
def test_bad_input_is_refused(call, error):
    with pytest.raises(error):
        call()


def test_single_results_are_plain_python_numbers():
    d, z, r = np.array([1.0, 4.0]), np.array([1.0, 2.0]), np.float64(3.0)
    results = [
        *bounds.multiplier_interval(d, r),
        *bounds.label_multiplier_interval(d, z, r),
        bounds.norm_ratio_bound(np.int64(1), r, np.float64(4.0)),
        bounds.guaranteed_rounds(r, np.float64(4.0)),
        bounds.rounds_limit(d, z),
        bounds.rounds_limit_bound(np.float64(4.0)),
        bounds.sparsity_index(d, r),
        bounds.sparsity_index_limit(d),
    ]
    assert {type(result) for result in results} == {float}
    assert type(bounds.rounds_upper_bound(d, z, np.float64(0.1))) is int


def test_arguments_are_not_changed_and_lists_will_do():
    d, z, r = np.array([2.0, 1.0, 4.0]), np.array([1.0, 0.0, 2.0]), np.array([3.0, 2.0])
    copies = [d.copy(), z.copy(), r.copy()]
    for array in (d, z, r):
        array.flags.writeable = False
    results = [
        bounds.multiplier_interval(d, r),
        bounds.label_multiplier_interval(d, z, r),
        bounds.rounds_upper_bound(d, z, 0.1),
        bounds.rounds_limit(d, z),
        bounds.rounds_curve_interval(d, z, 0.1),
        bounds.sparsity_ratio_product(d, r, coordinates=z),
        bounds.sparsity_index(d, 3.0),
        bounds.collapse_sparsity(d, 2.0, 3.0),
    ]
    assert all(np.array_equal(*pair) for pair in zip((d, z, r), copies, strict=True))
    again = bounds.label_multiplier_interval(d.tolist(), z.tolist(), r.tolist())
    np.testing.assert_array_equal(results[1], again)


def test_order_of_the_eigenvalues_does_not_matter():
    d, z = np.array([4.0, 1.0, 2.0]), np.array([1.0, -2.0, 0.5])
    order = np.argsort(d)
    for function, *rest in [
        (bounds.rounds_limit,),
        (bounds.rounds_upper_bound, 0.1),
        (bounds.rounds_curve_interval, 0.1),
        (bounds.label_multiplier_interval, 3.0),
    ]:
        sorted_first = function(d[order], z[order], *rest)
        assert function(d, z, *rest) == pytest.approx(sorted_first, rel=1e-13)
    lower, upper = bounds.collapse_sparsity(d, 5.0, 6.0)
    again = bounds.collapse_sparsity(d[order], 5.0, 6.0)
    np.testing.assert_allclose(lower[np.ix_(order, order)], again[0], rtol=1e-13)
    np.testing.assert_allclose(upper[np.ix_(order, order)], again[1], rtol=1e-13)


def test_shapes_that_do_not_fit_together_are_named():
    with pytest.raises(ValueError, match=r"t, norm_ratio and condition_number .*\(3,\), \(2,\)"):
        bounds.norm_ratio_bound([0, 1, 2], [4.0, 5.0], 2.0)
