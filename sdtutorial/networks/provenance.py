"""Which code made a record: fingerprints of the modules that decide what a training computes."""

import ast
import hashlib
import json
import platform
from functools import cache
from pathlib import Path

# The modules that decide what a training computes. What it computes on, a record pins by itself:
# the images, their labels and their order are in the fingerprint of the data set.
FINGERPRINTED = ("models", "training", "chain")

# Changes of a module that leave its trainings as they are, bit for bit: the module, fingerprints
# before and after, and the test that shows it. A record whose module has one of the fingerprints is
# vouched for as long as today's module has another one of them.
EQUIVALENT = (
    # Label noise and smoothing, at their defaults, one more metric, and ensembles of one network.
    (
        "chain",
        ("f1192e58810f89f8", "df76d03a1bcf999b", "4a4619b646f470f7"),
        "tests/networks/test_golden_rounds.py::test_a_round_is_what_it_was",
    ),
    # A field for label smoothing, which `chain` reads.
    (
        "training",
        ("a951dc719c776cb5", "970c9feb1d16edc4"),
        "tests/networks/test_golden_rounds.py::test_a_round_is_what_it_was",
    ),
)


def versions(*modules):
    """Return the versions of Python and of some modules, by name, as records hold them."""
    return {
        "python": platform.python_version(),
        **{module.__name__: module.__version__ for module in modules},
    }


@cache
def code_fingerprint():
    """Hash the code that decides what a training computes, as it was when first asked for.

    Comments, docstrings and layout are left out: a better explanation makes no record stale. The
    hash is of the syntax tree, with empty entries left out, because those differ between versions
    of Python.

    Returns
    -------
    dict of str to str
        The first 16 hexadecimal digits of a SHA-256 for each module of `FINGERPRINTED`.
    """
    folder = Path(__file__).parent
    return {
        module: source_fingerprint((folder / f"{module}.py").read_text(encoding="utf-8"))
        for module in FINGERPRINTED
    }


def compare(code):
    """Sort the modules whose code differs from today's.

    Parameters
    ----------
    code : dict of str to str
        A record's fingerprint of each module.

    Returns
    -------
    changed : list of str
        Modules that may compute something else today.
    vouched : list of str
        Modules that compute the same, as a test shows; see `EQUIVALENT`.
    """
    changed, vouched = [], []
    for module, today in code_fingerprint().items():
        both = {code.get(module), today}
        known = any(name == module and both <= set(same) for name, same, _ in EQUIVALENT)
        if len(both) > 1:
            (vouched if known else changed).append(module)
    return changed, vouched


def source_fingerprint(source):
    """The first 16 hexadecimal digits of the SHA-256 of a module's meaning; see above."""
    tree = json.dumps(_plain(ast.parse(source)))
    return hashlib.sha256(tree.encode()).hexdigest()[:16]


def _plain(node):
    """A syntax tree as nested lists, without positions and docstrings."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    content = {name: value for name, value in ast.iter_fields(node) if value not in (None, [])}
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and _has_docstring(node):
        content["body"] = node.body[1:]
    content.pop("kind", None)  # of a constant: only whether a string was written u"..."
    return [type(node).__name__, [[name, _plain(value)] for name, value in content.items()]]


def _has_docstring(node):
    first = node.body[0] if node.body else None
    return (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
