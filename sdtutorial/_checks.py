"""Assertions on input: what every public function asks of its arguments, in one place.

A value of the wrong kind raises TypeError, a value of the right kind that does not fit raises
ValueError; both say what was wrong and what was expected. Nothing here changes its argument.
"""

import functools
import operator

import numpy as np

_ASYMMETRY = 1000  # machine epsilons of the largest entry: rounding in a kernel stays far below
LARGEST = 1e300  # what is not larger can be added up without leaving the range of float64


def real_array(name, value, ndim=None, finite=True, kinds="iuf"):
    """Return ``value`` as a float64 array, or say why it cannot be one.

    Parameters
    ----------
    name : str
        What the caller calls the argument; it opens the message.
    value : array_like
        Integers or floats; lists and data frames are welcome.
    ndim : int or tuple of int, optional
        The number of dimensions, or the numbers allowed.
    finite : bool
        Whether NaN and infinity are errors.
    kinds : str
        The kinds of NumPy type that are welcome: "b" adds booleans.

    Returns
    -------
    ndarray
        The same memory as ``value`` where that is a float64 array already: do not write to it.

    Raises
    ------
    TypeError
        For anything that is not an array of integers or floats.
    ValueError
        For rows of unequal length, masked entries, another number of dimensions, NaN or infinity.
    """
    array = _real(name, value, kinds)
    if ndim is not None and array.ndim not in np.atleast_1d(ndim):
        expected = " or ".join(str(n) for n in np.atleast_1d(ndim))
        plural = "" if expected == "1" else "s"
        raise ValueError(f"{name} must have {expected} dimension{plural}, not shape {array.shape}")
    with np.errstate(over="ignore"):  # a long double beyond the range turns into inf: caught below
        array = array.astype(np.float64, copy=False)
    if finite and not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, but it holds NaN or infinity")
    return array


def unmasked(name, value):
    """Raise ValueError if an array, or a list of arrays, has masked entries."""
    if _holds_masked(value):
        raise ValueError(f"{name} must have no masked entries: leave them out or fill them")


def _real(name, value, kinds="iuf"):
    unmasked(name, value)
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be an array of numbers, rows of equal length") from None
    except Exception as error:  # what an object's own conversion raises
        raise TypeError(
            f"{name} must be an array of real numbers; as an array, it says: {error}"
        ) from error
    if array.dtype.kind not in kinds:
        raise TypeError(
            f"{name} must be an array of real numbers, not of {array.dtype}"
            + _conversion(name, value, array)
        )
    return array


def _holds_masked(value):
    """Whether an array, or a list of arrays and lists, has a masked entry."""
    if isinstance(value, (list, tuple)):
        return any(
            _holds_masked(item)
            for item in value
            if isinstance(item, (list, tuple, np.ma.MaskedArray))
        )
    return np.ma.is_masked(value)


def _conversion(name, value, array):
    """Return the end of a sentence: how to make numbers of an array, if that is known to work."""
    if hasattr(value, "toarray"):
        return f": {name}.toarray() makes a dense array of a sparse one"
    if array.dtype.kind in "US" or any(isinstance(entry, str) for entry in array.flat):
        return ": words need a code first, for classes one column each of zeros and ones"
    try:
        works = array.dtype.kind != "c" and np.isfinite(np.asarray(value, dtype=float)).all()
    except (TypeError, ValueError, OverflowError):  # the last for an int beyond all floats
        works = False
    return f": np.asarray({name}, dtype=float) converts it" if works else ""


def within_range(name, value):
    """Raise ValueError if the size of an entry exceeds ``LARGEST``."""
    largest = np.max(np.abs(value), initial=0.0)
    if largest > LARGEST:
        raise ValueError(f"{name} must not exceed {LARGEST:g} in size, but one is {largest:g}")


def square_matrix(name, value):
    """Return a (K, K) matrix of real numbers in its own type, K at least 1; entries unchecked.

    Half precision is refused: its rounding hides any asymmetry, and most eigenvalues.
    """
    array = _real(name, value)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.size == 0:
        raise ValueError(f"{name} must have shape (K, K) with K at least 1, not {array.shape}")
    if array.dtype == np.float16:
        raise TypeError(
            f"{name} must have at least single precision: in float16 rounding cannot be told from "
            "asymmetry, nor an eigenvalue from zero"
        )
    return array


def mirrored_tiles(size):
    """Return pairs of slices: tiles of the upper half of a matrix, rows and columns.

    What compares or joins a matrix and its transpose tile by tile needs no second matrix.
    """
    tiles = [slice(first, first + 256) for first in range(0, size, 256)]
    return [(rows, columns) for i, rows in enumerate(tiles) for columns in tiles[i:]]


def asymmetry(matrix):
    """Return the largest entry, in size, of a square matrix minus its transpose."""
    with np.errstate(over="ignore", invalid="ignore"):  # refused like any other asymmetry
        return max(
            np.abs(matrix[rows, columns] - matrix[columns, rows].T).max()
            for rows, columns in mirrored_tiles(len(matrix))
        )


def symmetric(name, asymmetry, largest, dtype):
    """Raise ValueError if |M - M^T| is too large for rounding, in a matrix of the given type.

    ``asymmetry`` and ``largest`` are the largest entries, in size, of M - M^T and of M.
    """
    if asymmetry > _ASYMMETRY * zero_threshold(largest, 1, dtype):
        raise ValueError(
            f"{name} must be symmetric, but minus its transpose it has an entry of {asymmetry:.3g}"
            + if_single(asymmetry, _ASYMMETRY * zero_threshold(largest, 1, np.float32))
        )


def semidefinite(name, smallest, largest, size, dtype):
    """Raise ValueError if the smallest eigenvalue that is known is too negative for rounding."""
    if smallest < -zero_threshold(largest, size, dtype):
        raise ValueError(
            f"{name} must be positive semidefinite, but it has an eigenvalue of {smallest:.6g} "
            f"(its largest is {largest:.6g})"
            + if_single(-smallest, zero_threshold(largest, size, np.float32))
        )


def if_single(error, rounding):
    """Return the end of a sentence: the cure for an error that single precision explains."""
    if error > rounding:
        return ""
    return (
        ": that is rounding if it was computed in single precision, and the type np.float32 says so"
    )


def real_number(name, value):
    """Return ``value`` as a float; TypeError if it is not one real number."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of unequal length
        array = None
    if np.ma.is_masked(value) or array is None or array.ndim or array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be one real number, not {value!r}")
    return float(array)


def positive_number(name, value):
    """Return ``value`` as a float that is positive and finite."""
    number = real_number(name, value)
    if not 0 < number < np.inf:
        raise ValueError(f"{name} must be positive and finite, not {number}")
    return number


def tolerance(value, columns):
    """Return a positive tolerance: a float for all columns, or an array with one for each.

    ``columns`` is () for one label vector and (Q,) for several.
    """
    if columns and hasattr(value, "__len__") and not isinstance(value, str):
        return per_column("tolerance", value, columns)
    return positive_number("tolerance", value)


def per_column(name, value, columns):
    """Return positive, finite numbers, one for all columns or one for each: (), or (Q,)."""
    array = real_array(name, value)
    if array.shape not in ((), columns):
        expected = f"be one number or have shape {columns}" if columns else "be one real number"
        raise ValueError(f"{name} must {expected}, not have shape {array.shape}")
    if not (array > 0).all():
        raise ValueError(f"{name} must be positive and finite, not {array.min()}")
    return array.copy()[()]


def weights(value, size):
    """Return weights of points, (K,), scaled to the mean 1; None where there are none.

    They are positive or zero, and not all zero. True and false count as one and zero.
    """
    if value is None:
        return None
    array = real_array("weights", value, ndim=1, kinds="iufb")
    if array.shape != (size,):
        raise ValueError(f"weights must have shape ({size},), one a point, not {array.shape}")
    if array.min() < 0 or not array.any():
        raise ValueError("weights must be positive or zero, and not all zero")
    array = array / array.max()  # their sum stays in the range of floats
    return array * (size / array.sum())


def whole_number(name, value, minimum=0, maximum=2**63 - 1):
    """Return ``value`` as an int of at least ``minimum``; 3.0 and True are not whole numbers.

    Beyond ``maximum`` it counts nothing that a machine holds; None lifts that.
    """
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, not {value!r}") from None
    if number < minimum:
        raise ValueError(f"{name} must be at least {minimum}, not {number}")
    if maximum is not None and number > maximum:
        raise ValueError(
            f"{name} must be at most {maximum}, not a number of {_digits(number)} digits"
        )
    return number


def _digits(number):
    return int(number.bit_length() * 0.30103) + 1  # str refuses to write very long ones


def eigenvalues(value):
    """Return the (K,) eigenvalues of a positive semidefinite matrix as float64.

    Negative values within rounding of zero, K * machine epsilon of the input's type * the largest,
    are returned as zero; positive values are returned as they are, however small.

    Raises
    ------
    TypeError, ValueError
        Not a vector of at least one finite real number, or one of them is negative.
    """
    array = real_array("eigenvalues", value, ndim=1)
    if array.size == 0:
        raise ValueError("eigenvalues must hold at least one number")
    if array.min() < -zero_threshold(array.max(), array.size, np.asarray(value).dtype):
        raise ValueError(f"eigenvalues must not be negative, but the smallest is {array.min()}")
    return np.maximum(array, 0.0)


def eigenvalues_and_coordinates(values, labels, zero_below=None):
    """Return (K,) eigenvalues and (K,) or (K, Q) coordinates, none so large that sums overflow.

    Eigenvalues up to ``zero_below`` are returned as zero; without it, those up to the zero
    threshold of a matrix with these eigenvalues.
    """
    d = eigenvalues(values)
    z = coordinates(labels, d.size)
    within_range("eigenvalues", d)
    within_range("coordinates", z)
    if zero_below is None:
        zero_below = zero_threshold(d.max(), d.size, np.asarray(values).dtype)
    elif not real_number("zero_below", zero_below) >= 0:
        raise ValueError(f"zero_below must be at least 0, not {zero_below}")
    return np.where(d <= zero_below, 0.0, d), z


def zero_threshold(largest, size, dtype):
    """Return the number below which an eigenvalue of a (size, size) matrix counts as zero.

    It is size * machine epsilon * largest, with the epsilon of the type in which the matrix was
    given: no eigensolver can tell a smaller eigenvalue from zero. Next to the smallest float it is
    (size - 1) times that, for the entries are whole multiples of it.
    """
    if not largest > 0:
        return 0.0
    double = np.finfo(np.float64)
    epsilon = np.finfo(dtype).eps if np.dtype(dtype).kind == "f" else 0.0
    relative = size * max(float(epsilon), double.eps) * float(largest)
    return float(max(relative, (size - 1) * double.smallest_subnormal))


def coordinates(value, size, name="coordinates"):
    """Return one label vector (K,), or Q of them (K, Q), as float64; ``size`` is the K expected.

    Labels may be true and false: they count as one and zero.
    """
    array = real_array(name, value, ndim=(1, 2), kinds="iufb")
    if array.shape[0] != size:
        raise ValueError(
            f"{name} must have shape ({size},) or ({size}, Q), one row a point, not {array.shape}"
        )
    return array


def cross(value, size):
    """Return ``kernel(x_new, x) / K`` as a float64 (m, K) matrix; ``size`` is the K expected."""
    array = real_array("cross", value, ndim=2)
    if array.shape[1] != size:
        raise ValueError(
            f"cross must have shape (m, {size}), one column a training point, not {array.shape}"
        )
    return array


def flag(name, value):
    """Raise TypeError if a value is neither True nor False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, not {value!r}")


def offers(name, value, attributes, expected):
    """Raise TypeError if an object lacks one of the attributes that a function uses."""
    missing = [attribute for attribute in attributes if not hasattr(value, attribute)]
    if missing:
        raise TypeError(f"{name} must be {expected}, with {', '.join(missing)}, not {value!r}")


def finite_result(function):
    """Make a function refuse arguments for which a number in its result leaves the range."""

    @functools.wraps(function)
    def checked(*args, **options):
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            result = function(*args, **options)
        for part in result if isinstance(result, tuple) else (result,):
            if not np.isfinite(part).all():
                raise ValueError(
                    f"the result of {function.__name__} leaves the range of double precision: "
                    "bring the arguments to a smaller scale"
                )
        return result

    return checked


def predictions(values):
    """Return predictions as they are; ValueError if one has left the range of floats."""
    if not np.isfinite(values).all():
        raise ValueError(
            "cross is too large: a prediction leaves the range of double precision (expected: the "
            "scale of the Gram matrix)"
        )
    return values


def generator(seed):
    """Return a numpy Generator; None, which would draw another seed each time, is refused."""
    if isinstance(seed, np.random.Generator):
        return seed
    try:
        return np.random.default_rng(whole_number("seed", seed, maximum=None))
    except (TypeError, ValueError):
        raise TypeError(
            f"seed must be a whole number of at least 0 or a numpy Generator, not {seed!r}"
        ) from None
