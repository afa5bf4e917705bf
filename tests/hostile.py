"""What users and their programs hand over instead of the numbers that a function asks for.

Hypothesis strategies: a value like a given valid one, or one that is nothing like it.
"""

import decimal
import fractions

import numpy as np
from hypothesis import strategies as st

EXTREMES = [
    0.0, -0.0, 1.0, -1.0, 5e-324, 2.3e-308, 1e-200, 1e-17, 1 - 2**-53, 1 + 2**-52, 1e17, 1e150,
    1e200, 9e299, 1.1e300, 1.7e308,
]  # fmt: skip
NEITHER = [np.inf, -np.inf, np.nan]
FEW = 200  # whole numbers stay below: they are sizes and counts, and cost time and memory

ODD = [
    None, True, "one", "", b"1", 1j, 10**400, -(10**400), [], [[]], {}, [1.0, [2.0]], object(),
    np.float32(0.5), np.float16(0.5), np.longdouble("1e400"), np.int8(3), np.uint64(3), np.bool_(True),
    np.array(0.5), np.array(None), np.array("1"), np.datetime64("2026-11-25"), np.ma.masked,
    fractions.Fraction(1, 2), decimal.Decimal("0.5"), range(3), slice(3),
]  # fmt: skip


def positive():
    """Numbers of all sizes."""
    return st.floats(-320, 308).map(lambda power: float(np.float64(10) ** power))


def usual():
    """Numbers of a size at which things work."""
    return st.floats(0.01, 100)


def numbers():
    return st.one_of(
        usual(), positive(), positive().map(float.__neg__), st.sampled_from(EXTREMES + NEITHER)
    )


def whole_numbers():
    return st.integers(-3, FEW)


def dressed(array):
    """The same numbers in another type, layout or container, or with one of them spoilt."""
    flat = np.array(array, copy=True)
    forms = [
        lambda: flat.tolist(),
        lambda: tuple(flat.tolist()) if flat.ndim == 1 else flat.tolist(),
        lambda: np.asfortranarray(flat),
        lambda: np.repeat(flat, 2, axis=-1)[..., ::2],
        lambda: read_only(flat),
        lambda: np.ma.array(flat),
        lambda: np.ma.array(flat, mask=np.eye(1, flat.size, dtype=bool).reshape(flat.shape)),
        lambda: flat.astype(object),
        lambda: flat.astype(complex),
        lambda: flat.astype(str),
        lambda: quietly(flat, np.float32),
        lambda: quietly(flat, np.float16),
        lambda: flat.astype(np.longdouble),
        lambda: quietly(np.nan_to_num(np.clip(flat, -100, 100)), np.int8),
        lambda: flat > 0,
        lambda: flat.T,
        lambda: flat[None],
        lambda: flat[..., None],
        lambda: flat[..., :0],
        lambda: flat[:0],
        lambda: flat[:-1],
        lambda: flat.ravel()[0],
        lambda: iter(flat.tolist()),
    ]
    return st.sampled_from(forms).map(lambda form: form())


def read_only(array):
    array.flags.writeable = False
    return array


def quietly(array, dtype):
    with np.errstate(all="ignore"):
        return array.astype(dtype)


@st.composite
def arrays(draw, like):
    """An array like a valid one: of its shape with other numbers, or with its numbers otherwise."""
    like = np.asarray(like, dtype=float)
    entry = draw(st.sampled_from([usual(), positive(), numbers()]))
    few = [draw(entry) for _ in range(draw(st.integers(1, max(1, like.size))))]
    array = np.resize(few, like.shape)
    kind = draw(st.integers(0, 4))
    with np.errstate(all="ignore"):
        if kind == 0:
            array = like * draw(entry)
        if kind == 1:
            array = np.sort(np.abs(array), axis=0)
        if like.ndim == 2 and like.shape[0] == like.shape[1] and kind >= 2:
            array = np.diag(np.abs(np.diag(array))) if kind == 2 else (array + array.T) / 2
    return draw(dressed(array)) if draw(st.booleans()) else array


def like(value):
    """Values like a valid one, in kind if not in number."""
    if isinstance(value, bool):
        return st.booleans()
    if isinstance(value, int):
        return whole_numbers()
    if isinstance(value, float):
        return numbers()
    if isinstance(value, tuple | list | np.ndarray) and np.asarray(value).dtype.kind in "iuf":
        return arrays(value)
    return st.just(value)


def instead_of(value):
    """Values like a valid one, and now and then one that is nothing like it."""
    return st.one_of(like(value), like(value), like(value), st.sampled_from(ODD))
