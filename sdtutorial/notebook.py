"""What a chapter needs of the notebook it runs in.

Two things: numbers handed from the code to the prose (`glue`, `glue_math`), and the kind of host
the chapter runs on (`runtime`). Both need IPython alone, which every notebook host has, so a
chapter runs unchanged in the book, in Jupyter, in Colab and as a plain script.
"""

import math
import os
import sys

import numpy as np

from sdtutorial import _checks

RUNTIMES = ("book", "colab", "jupyter", "script")
RUNTIME_VARIABLE = "SDTUTORIAL_RUNTIME"

# The prefix under which MyST-NB looks for glued values. A front end knows no renderer for a
# prefixed type, so nothing becomes visible where the cell runs.
_GLUE_PREFIX = "application/papermill.record/"

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def runtime():
    """Tell on which kind of host the chapter runs.

    Returns
    -------
    str
        ``"book"`` while the site is built, ``"colab"``, ``"jupyter"`` (any other IPython kernel),
        or ``"script"`` (no kernel).

    Raises
    ------
    ValueError
        If the environment variable ``SDTUTORIAL_RUNTIME`` is set to anything else.

    Notes
    -----
    The build of the site sets ``SDTUTORIAL_RUNTIME=book``; the variable, where it is set, decides.
    Colab is known by its module ``google.colab``, a kernel by the shell that IPython holds.
    """
    stated = os.environ.get(RUNTIME_VARIABLE)
    if stated:
        if stated not in RUNTIMES:
            raise ValueError(
                f"{RUNTIME_VARIABLE} is {stated!r}, expected one of {', '.join(RUNTIMES)}"
            )
        return stated
    if "google.colab" in sys.modules:
        return "colab"
    return "jupyter" if in_kernel() else "script"


def in_kernel():
    """Tell whether an IPython kernel runs the code, so that what is displayed reaches a page."""
    return hasattr(_shell(), "kernel")


def glue(name, value):
    """Hand a value to the prose of the page, where ``{glue:text}`` shows it.

    Nothing becomes visible at the cell itself, and outside IPython nothing happens.

    Parameters
    ----------
    name : str
        Key of the value, unique on the page: ``{glue:text}`name``` or, for a number with a
        format, ``{glue:text}`name:.3f```.
    value : str, int, float or a NumPy scalar of these kinds
        Numbers must be finite. NumPy scalars are handed on as plain Python numbers.

    Raises
    ------
    TypeError
        If the value is of another kind (an array, a boolean, a complex number, None).
    ValueError
        If the number is NaN or infinite.
    """
    value = _python_value(value)
    # MyST-NB evaluates the text as a Python literal, so text is stored with its quotes.
    _publish(name, {"text/plain": repr(value)})


def glue_values(**values):
    """Hand several values to the prose at once: ``glue_values(rounds=4, tolerance=0.04)``.

    Parameters
    ----------
    **values : str, int, float or NumPy scalar
        Each as in `glue`, under its keyword as the key.

    Raises
    ------
    TypeError, ValueError
        As `glue`; then none of the values is handed on.
    """
    values = {name: _python_value(value) for name, value in values.items()}
    for name, value in values.items():
        glue(name, value)


def glue_math(name, value, digits=4):
    r"""Hand a formula or a number to the mathematics of the page.

    The prose shows it by the role ``{glue:md}`name:myst```, on the same page only, and typesets
    it as the mathematics that it is.

    Parameters
    ----------
    name : str
        Key of the value, unique on the page.
    value : str, int, float or NumPy scalar
        Text is TeX without its dollar signs, for instance ``rf"c_0 = {tex}"``. A number is
        written by `scientific` with `digits` significant digits, a whole number as it is.
    digits : int
        Significant digits of a number that is not whole by type.

    Raises
    ------
    TypeError, ValueError
        As `glue`.
    """
    value = _python_value(value)
    if isinstance(value, float):
        value = scientific(value, digits, tex=True)
    _publish(name, {"text/markdown": f"${value}$", "text/plain": repr(str(value))})


def scientific(value, digits=4, *, tex=False):
    r"""Write a number as mantissa and power of ten.

    Parameters
    ----------
    value : int, float or NumPy scalar
        A finite number.
    digits : int
        Significant digits, at least 1.
    tex : bool
        Whether the result is TeX rather than text.

    Returns
    -------
    str
        ``"4.885 × 10⁻⁵"``, or ``r"4.885 \times 10^{-5}"`` with ``tex=True``. A number between 1
        and 10 in size carries no power.

    Raises
    ------
    TypeError, ValueError
        As `glue`, and for text or for fewer than one digit.

    Examples
    --------
    >>> scientific(4.88523e-5)
    '4.885 × 10⁻⁵'
    >>> scientific(4.88523e-5, 3, tex=True)
    '4.89 \\times 10^{-5}'
    """
    value = _python_value(value)
    if isinstance(value, str):
        raise TypeError(f"got the text {value!r}, expected a number")
    digits = _checks.whole_number("digits", digits, minimum=1)
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        raise ValueError("got a whole number beyond the range of floats, expected one within")
    value = value + 0.0  # minus zero is zero
    # Rounding first: 9.9996 with four digits is 1.000 times ten, not 10.00.
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    exponent = int(exponent)
    if tex:
        return mantissa if exponent == 0 else rf"{mantissa} \times 10^{{{exponent}}}"
    mantissa = mantissa.replace("-", "−")
    if exponent == 0:
        return mantissa
    return f"{mantissa} × 10{str(exponent).translate(_SUPERSCRIPTS)}"


def _python_value(value):
    """Return the value as a plain Python str, int or float, or say why it is none."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError(f"got a {type(value).__name__}, expected text, an integer or a float")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"got {value}, expected a finite number: say in words what it means")
    return value


def _publish(name, data):
    """Publish glued data under the key `name`, invisibly."""
    if not isinstance(name, str):
        raise TypeError(f"the name is a {type(name).__name__}, expected text")
    if _shell() is None:
        return
    from IPython.display import display

    display(
        {_GLUE_PREFIX + mime_type: content for mime_type, content in data.items()},
        raw=True,
        metadata={"scrapbook": {"name": name, "mime_prefix": _GLUE_PREFIX}},
    )


def _shell():
    """Return the IPython shell in which we run, or None; a shell has imported IPython already."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()
