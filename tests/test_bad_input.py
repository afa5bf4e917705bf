"""No public function takes a wrong number in silence: each argument of each of them is spoilt.

CALLS has one valid call of every public function of the theory. Each number or array in it is
replaced by what no number is, and the function must refuse it with a TypeError or a ValueError.
Then all arguments of a call are drawn, with numbers of all sizes and in all disguises: the function
returns numbers, or raises one of the two with a sentence of the package's own, and nothing else.
What else a function asks for, and in which words it says so, stands in the tests of its module.
"""

import ast
import dataclasses
import functools
import importlib
import inspect
import traceback
from pathlib import Path

import numpy as np
import pytest
from hostile import instead_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sdtutorial
from sdtutorial import distill, examples, fit, kernels, real_data

try:
    from api import public_names
except ModuleNotFoundError:  # the theory alone is installed, without the tools of the book
    public_names = tuple

# Their functions draw or train what the functions below have computed and checked, or are what
# those compute with after checking it. Checkers of exercises answer everything with a sentence.
OTHERS = (
    "accuracy", "diagnosis", "exercises", "interactive", "krylov", "networks", "plotting", "secular",
    "spectrum", "timings",
)  # fmt: skip

D, Z = np.array([1.0, 2.0, 4.0]), np.array([1.0, -1.0, 2.0])
GRAM, Y = np.diag(D), Z
EXAMPLE = examples.spline()
CHAIN = distill(GRAM, Y, 0.1)

POINTS = np.arange(6.0)[:, None]
SPLITS = (real_data.Split(POINTS, POINTS**2, POINTS, POINTS**2),)

CALLS = {
    "kernels.RBF": [0.5],
    "kernels.NTK": [2],
    "kernels.cross_matrix": [kernels.RBF(0.5), D, D],
    "kernels.gram_matrix": [kernels.RBF(0.5), D],
    "blocks.gram_operator": [kernels.RBF(0.5), D],
    "blocks.predict": [CHAIN, kernels.RBF(0.5), D, D],
    "regression.fit": [GRAM, Y, 0.1],
    "regression.fit_with_multiplier": [GRAM, Y, 0.1],
    "regression.mean_squared_residual": [D, Z, 0.1],
    "regression.solve_multiplier": [D, Z, 0.1],
    "distillation.distill": [GRAM, Y, 0.1, None, 0.0, [1.0, 2.0, 1.0], 5],
    "distillation.distill_spectrum": [D, Z, None, 0.1, 0.5, 5],
    "bounds.collapse_sparsity": [D, 1.0, 2.0],
    "bounds.guaranteed_rounds": [2.0, 4.0],
    "bounds.label_multiplier_interval": [D, Z, 2.0],
    "bounds.multiplier_interval": [D, 2.0],
    "bounds.norm_ratio_bound": [1, 2.0, 4.0],
    "bounds.rounds_condition_bound": [2.0, 4.0],
    "bounds.rounds_curve_bound": [D, Z, 0.1],
    "bounds.rounds_curve_interval": [D, Z, 0.1],
    "bounds.rounds_interval": [2.0],
    "bounds.rounds_limit": [D, Z],
    "bounds.rounds_limit_bound": [4.0],
    "bounds.rounds_upper_bound": [D, Z, 0.1],
    "bounds.sparsity_index": [D, 2.0, 1],
    "bounds.sparsity_index_limit": [D],
    "bounds.sparsity_ratio_bound": [D, 2.0, 1],
    "bounds.sparsity_ratio_power": [D, 0.1, 1],
    "bounds.sparsity_ratio_product": [D, [3.0, 2.0], Z],
    "examples.spline_eigenvalues": [5],
    "risk.expected_error": [EXAMPLE, np.full(9, 0.5)],
    "risk.mean_and_error": [Z],
    "risk.risk_study": [EXAMPLE, [0.04, 0.02], [1e-4], 2, 10, 0],
    "real_data.diabetes_split": [0, 0.5, 300],
    "real_data.digits_split": [0, 0.5, 300],
    "real_data.study": [SPLITS, kernels.RBF(1.0), 0.1, [0.1], [1.0], 2],
    "real_data.tuned_predictions": [SPLITS[0], kernels.RBF(1.0), [0.1], [1.0], 2, 3],
    "notebook.scientific": [0.5, 3],
    "filters.ridge": [D, 0.1],
    "filters.self_distillation": [D, 0.1, 2],
    "filters.boosting": [D, 0.1, 2],
    "filters.gradient_flow": [D, 0.1],
    "filters.self_distillation_flow": [D, 0.1],
    "filters.truncation": [D, 1.5],
    "filters.label_mixing": [D, 0.1, 0.5, 2],
    "filters.teacher_mixing": [D, 0.1, 0.5],
    "filters.weighted_fits": [D, 0.1, [0.5, 0.5]],
    "filters.generation_noise": [D, 0.1, 0.5, 2],
    "filters.expected_risk": [D / 5, Z, 0.5],
    "filters.wiener": [Z, 0.5],
    "filters.best_teacher_weight": [D, 0.1, Z, 0.5],
    "filters.best_weighted_fits": [D, 0.1, Z, 0.5, 2],
    "filters.tune": [lambda c: D / (D + c[:, None]), Z, 0.5, (0.1, 1.0)],
    "generalization.coupled_walkers": [CHAIN, 0],
    "generalization.degrees_of_freedom_limit": [D, Z, [0.5, 1.0]],
    "generalization.equivalent_eigenvalues": [D, [0.1, 0.2]],
    "generalization.rademacher_bound": [[D], 1.0],
    "generalization.generalized_cross_validation": [CHAIN, 3.0],
    "generalization.risk_estimate": [CHAIN, 0.5, 3.0],
    "generalization.tail_bound": [[D], 1.0],
    "generalization.validation_errors": [GRAM, Y, 0.5, [0, 1, 1], 2],
}

# What takes no number, or only a result of another function.
NOTHING_TO_SPOIL = {
    "examples.spline",
    "generalization.degrees_of_freedom",
    "generalization.equivalent_squared_radius",
    "generalization.jacobians",
    "notebook.glue",
    "notebook.glue_math",
    "notebook.glue_values",
    "risk.best_penalty",
    "risk.integrated_squared_error",
}


def public_functions():
    """Yield the name of every public function of the theory that takes an argument."""
    for module, things in public_names():
        name = module.__name__.removeprefix("sdtutorial.")
        if name.split(".")[0] not in OTHERS:
            for key, thing in things.items():
                if inspect.isfunction(thing) and inspect.signature(thing).parameters:
                    yield f"{name}.{key}"


def function(name):
    module, _, key = name.rpartition(".")
    return getattr(importlib.import_module(f"sdtutorial.{module}"), key)


def call(name, arguments):
    """Call a function with arguments in the order of its signature, keywords too."""
    thing = function(name)
    return thing(**dict(zip(inspect.signature(thing).parameters, arguments)))


def spoilt(value):
    """Yield what no number is, in the form of a value."""
    for wrong in (np.nan, 1j, "one", None):
        if np.ndim(value) == 0:
            yield wrong
        else:
            array = np.array(value, dtype=object if wrong in ("one", None) else type(wrong))
            array.flat[0] = wrong
            yield array


CASES = [
    pytest.param(name, position, id=f"{name}-{position}")
    for name, arguments in CALLS.items()
    for position, value in enumerate(arguments)
    if isinstance(value, int | float | list | np.ndarray)
]


@pytest.mark.parametrize("name", list(public_functions()))
def test_every_public_function_has_its_call(name):
    cure = f"write a valid call of {name} into CALLS of tests/test_bad_input.py"
    assert (name in CALLS) != (name in NOTHING_TO_SPOIL), cure


@pytest.mark.parametrize("name", [*CALLS, *NOTHING_TO_SPOIL])
def test_a_call_is_valid_and_the_function_exists(name):
    assert callable(function(name))
    if name in CALLS:
        call(name, CALLS[name])


@pytest.mark.parametrize(("name", "position"), CASES)
def test_what_is_no_number_is_refused(name, position):
    for wrong in spoilt(CALLS[name][position]):
        arguments = list(CALLS[name])
        arguments[position] = wrong
        if wrong is None and optional(function(name), position):
            continue
        with pytest.raises((TypeError, ValueError)):
            pytest.fail(f"returned {call(name, arguments)!r} for {wrong!r}")


def optional(thing, position):
    """Tell whether a function may be called without an argument."""
    parameters = list(inspect.signature(thing).parameters.values())
    return parameters[position].default is None


# The whole contract, with drawn arguments


METHODS = {
    "RBF.__call__": (kernels.RBF(0.5), [D, Z]),
    "CubicSpline.__call__": (kernels.CubicSpline(), [D / 5, D / 5]),
    "Matern.__call__": (kernels.Matern(0.5, 1.5), [D, Z]),
    "NTK.__call__": (kernels.NTK(2), [D, Z]),
    "Chain.predict": (CHAIN.predict, [GRAM]),
    "Chain.basis": (CHAIN.basis, [GRAM]),
    "Fit.predict": (fit(GRAM, Y, 0.1).predict, [GRAM]),
    "fit": (lambda gram, y, e, w: fit(gram, y, e, weights=w), [GRAM, Y, 0.1, Z**2]),
    "distill with a multiplier": (
        lambda gram, y, c, a, w, n: distill(
            gram, y, multiplier=c, label_weight=a, weights=w, max_rounds=n
        ),
        [GRAM, Y, 0.1, 0.5, Z**2, 3],
    ),
    "distill, several columns": (
        lambda gram, y, e: distill(gram, y, e, max_rounds=5),
        [GRAM, np.outer(Y, [1.0, 2.0]), np.array([0.1, 0.2])],
    ),
}

NAN_IS_AN_ANSWER = {"real_data.study"}  # the accuracy of labels without classes


@pytest.mark.filterwarnings("ignore::sdtutorial.InputWarning")
@pytest.mark.filterwarnings("ignore::sdtutorial.AccuracyWarning")
@pytest.mark.parametrize("name", [*CALLS, *METHODS])
@settings(
    max_examples=settings().max_examples // 4,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
@pytest.mark.slow
def test_numbers_come_back_or_a_sentence_and_nothing_else(name, data):
    if name in METHODS:
        thing, valid = METHODS[name]
    else:
        thing, valid = functools.partial(call, name), CALLS[name]
    arguments = drawn(data, name, valid)
    before = [copied(argument) for argument in arguments]
    try:
        result = thing(*arguments) if name in METHODS else thing(arguments)
    except (TypeError, ValueError) as error:
        assert raised_on_purpose(error), "".join(traceback.format_exception(error))
        assert len(str(error).split()) > 2, f"no sentence: {error}"
    else:
        assert name in NAN_IS_AN_ANSWER or not holds_nan(result), result
    for argument, copy in zip(arguments, before):
        assert same(argument, copy), "the function has changed an argument"


def drawn(data, name, valid):
    """Draw arguments of a call: most of them valid, so that more than the first check is met."""
    changed = data.draw(st.sets(st.integers(0, len(valid) - 1), min_size=1, max_size=3))
    arguments = []
    for position, value in enumerate(valid):
        if position in changed:
            value = data.draw(instead_of(value), label=f"argument {position}")
        if value is None and name in CALLS and optional(function(name), position):
            value = valid[position]  # without max_rounds, a chain may take long
        arguments.append(value)
    return arguments


def raised_on_purpose(error):
    """Tell whether a `raise` of the package made an exception, instead of something within it."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    if not Path(last.filename).is_relative_to(Path(sdtutorial.__file__).parent):
        return False
    return any(first <= last.lineno <= end for first, end in raises(last.filename))


@functools.cache
def raises(filename):
    """Return the first and the last line of each `raise` in a file."""
    tree = ast.parse(Path(filename).read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    return [(node.lineno, node.end_lineno) for node in nodes]


def holds_nan(result):
    """Tell whether NaN is anywhere in a result, or in the fields of one."""
    if dataclasses.is_dataclass(result):
        return any(holds_nan(value) for value in vars(result).values())
    if isinstance(result, tuple | list):
        return any(map(holds_nan, result))
    array = np.asarray(result)
    return array.dtype.kind in "fc" and bool(np.isnan(array).any())


def copied(argument):
    return argument.copy() if type(argument) is np.ndarray else argument


def same(argument, copy):
    if type(argument) is not np.ndarray:
        return argument is copy
    return argument.dtype == copy.dtype and argument.tobytes() == copy.tobytes()


def test_an_exception_that_nobody_meant_is_recognised():
    with pytest.raises(ValueError, match="tolerance") as meant:
        distill(GRAM, Y, -1.0)
    assert raised_on_purpose(meant.value)
    with pytest.raises(ValueError, match="mismatch") as foreign:
        np.ones(2) @ np.ones(3)
    assert not raised_on_purpose(foreign.value)
    with pytest.raises(TypeError) as accident:  # within the package, but by no raise
        CHAIN._mix(None, None)
    assert not raised_on_purpose(accident.value)
    assert holds_nan((1.0, [np.nan])) and not holds_nan((np.inf, "nan"))
