"""Assertions on input: the wrong kind is a TypeError, the wrong value a ValueError."""

import numpy as np
import pytest
import scipy.sparse

from sdtutorial import _checks


def test_what_fits_comes_back_as_float64_and_without_a_copy_where_it_is_float64_already():
    array = np.array([1.0, 2.0])
    assert _checks.real_array("a", array) is array
    for value in ([1, 2], (1.0, 2.0), np.array([1, 2], np.int8), np.array([1, 2], np.float32)):
        result = _checks.real_array("a", value, ndim=1)
        assert result.dtype == np.float64 and result.tolist() == [1, 2]
    assert _checks.real_array("a", [np.inf], finite=False)[0] == np.inf


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([1j], TypeError),
        (["1"], TypeError),
        ([None], TypeError),
        ([True], TypeError),
        (object(), TypeError),
        ([np.nan], ValueError),
        ([-np.inf], ValueError),
        ([[1.0]], ValueError),
        (1.0, ValueError),
    ],
)
def test_what_is_not_a_finite_real_vector_is_refused_by_name(value, error):
    with pytest.raises(error, match="weights must"):
        _checks.real_array("weights", value, ndim=1)


def test_numbers_are_numbers():
    assert _checks.positive_number("n", np.float32(0.5)) == 0.5
    assert _checks.positive_number("n", np.array(3)) == 3
    assert _checks.whole_number("n", np.uint8(3), minimum=3) == 3
    for value in (0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="n must be positive and finite"):
            _checks.positive_number("n", value)
    for value in ("1", None, [1.0], True, 1j):
        with pytest.raises(TypeError, match="n must be one real number"):
            _checks.positive_number("n", value)
    for value in (1.0, "1", None, True, np.True_):
        with pytest.raises(TypeError, match="n must be a whole number"):
            _checks.whole_number("n", value)
    with pytest.raises(ValueError, match="n must be at least 2, not 1"):
        _checks.whole_number("n", 1, minimum=2)


def test_eigenvalues_lose_only_what_rounding_can_have_made_negative():
    epsilon = np.finfo(float).eps
    value = np.array([-2 * epsilon, 1e-300, 1.0])
    assert _checks.eigenvalues(value).tolist() == [0, 1e-300, 1]
    assert value[0] < 0
    with pytest.raises(ValueError, match="negative"):
        _checks.eigenvalues([-4 * epsilon, 0.5, 1.0])
    with pytest.raises(ValueError, match="negative"):
        _checks.eigenvalues([-2.0, -1.0])
    assert _checks.eigenvalues(np.array([-1e-7, 1.0], np.float32))[0] == 0


def test_the_zero_threshold_follows_the_type_of_the_input():
    assert _checks.zero_threshold(2.0, 10, np.float64) == 20 * np.finfo(np.float64).eps
    assert _checks.zero_threshold(2.0, 10, np.int32) == 20 * np.finfo(np.float64).eps
    assert _checks.zero_threshold(2.0, 10, np.longdouble) == 20 * np.finfo(np.float64).eps
    assert _checks.zero_threshold(2.0, 10, np.float32) == 20 * np.finfo(np.float32).eps
    assert _checks.zero_threshold(-1.0, 10, np.float64) == 0


def test_masked_ragged_and_object_arrays_are_refused_with_a_cure():
    with pytest.raises(ValueError, match="weights must have no masked entries"):
        _checks.real_array("weights", np.ma.array([1.0, 2.0], mask=[False, True]))
    assert _checks.real_array("weights", np.ma.array([1.0, 2.0])).tolist() == [1, 2]
    with pytest.raises(ValueError, match="weights must be an array .* rows of equal length"):
        _checks.real_array("weights", [[1.0], [1.0, 2.0]])
    with pytest.raises(TypeError, match=r"object: np.asarray\(weights, dtype=float\) converts it"):
        _checks.real_array("weights", np.array([1.0], dtype=object))
    listed = [np.ma.array([1.0, 1e3], mask=[False, True]), np.ma.array([1.0, 1.0])]
    for value in (listed, [[0.0, 0.0], listed[0]], (np.ma.masked, 2.0)):
        with pytest.raises(ValueError, match="weights must have no masked entries"):
            _checks.real_array("weights", value)
    assert _checks.real_array("weights", listed[1:]).tolist() == [[1, 1]]
    for value in (np.ma.masked, [[1.0], [1.0, 2.0]]):
        with pytest.raises(TypeError, match="n must be one real number"):
            _checks.real_number("n", value)


def test_one_dimension_is_in_the_singular():
    with pytest.raises(ValueError, match="must have 1 dimension, not"):
        _checks.real_array("weights", 1.0, ndim=1)
    with pytest.raises(ValueError, match="must have 1 or 2 dimensions, not"):
        _checks.real_array("weights", 1.0, ndim=(1, 2))


def test_next_to_the_smallest_float_the_zero_threshold_counts_in_whole_multiples_of_it():
    smallest = np.finfo(float).smallest_subnormal
    assert _checks.zero_threshold(1e-320, 5, np.float64) == 4 * smallest
    assert _checks.zero_threshold(smallest, 1, np.float64) == 0


class OwnConversion:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("use .detach() first")


@pytest.mark.parametrize(
    ("weights", "conversion"),
    [
        (np.array([1.0, 2], dtype=object), "np.asarray(weights, dtype=float)"),
        (np.array([True, False]), "np.asarray(weights, dtype=float)"),
        (np.array(["2026-01-01"], "datetime64[D]"), "np.asarray(weights, dtype=float)"),
        (scipy.sparse.eye_array(2), "weights.toarray()"),
        (scipy.sparse.csr_matrix([[1.0, 0.0]]), "weights.toarray()"),
    ],
)
def test_the_conversion_that_a_message_names_works(weights, conversion):
    with pytest.raises(TypeError) as caught:
        _checks.real_array("weights", weights)
    assert conversion in str(caught.value)
    converted = eval(conversion, {"np": np, "weights": weights})
    assert _checks.real_array("weights", converted).dtype == np.float64


@pytest.mark.parametrize(
    ("value", "end"),
    [
        (["a", "b"], "of <U1: words need a code .* one column each of zeros and ones"),
        (np.array(["a", 1.0], dtype=object), "words need a code first"),
        ([1j], "of complex128$"),
        ([None, 1.0], "of object$"),
        ([{}, 1.0], "of object$"),
        (OwnConversion(), "it says: use .detach.. first$"),
    ],
)
def test_where_no_conversion_works_none_is_named(value, end):
    with pytest.raises(TypeError, match=f"weights must be an array of real numbers.*{end}"):
        _checks.real_array("weights", value)


def test_labels_may_be_true_and_false():
    mask = np.array([True, False, True])
    assert _checks.coordinates(mask, 3).tolist() == [1.0, 0.0, 1.0]
    assert _checks.coordinates([True, False, True], 3).dtype == np.float64
