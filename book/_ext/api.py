"""Write the API page from the package: every public function and class, and what checks it.

The page `book/api.md` says where, by the mark MODULES. Each module that the package has becomes a
section, in the order of the house; what a package re-exports from its parts stands at the package.
"""

import ast
import functools
import importlib
import inspect
import re
from pathlib import Path

from architecture import PACKAGE, imports, modules, reachable
from statements import checked_by, find_tests

PAGE = "book/api"
MODULES = "<!-- modules -->"

# From the ground up, as a reader meets them; a module that is not named here comes after these.
ORDER = """
    kernels spectrum secular regression distillation bounds risk filters generalization estimator
    examples plotting interactive exercises notebook
""".split()

SHOWN_TESTS = 4

SECTION = """
## {name}

```{{eval-rst}}
.. highlight:: none
.. automodule:: {path}
```
"""
FUNCTION = """
```{{eval-rst}}
.. autofunction:: {path}.{name}
```
"""
CLASS = """
```{{eval-rst}}
.. autoclass:: {path}.{name}
   :members:
   :exclude-members: set, set_fit_request, set_score_request
```
"""  # Matplotlib gives each subclass of its own a method `set`, in words that only it can render.


def in_order(graph):
    """Return the public modules: ORDER, then the others, each after those that it imports.

    A package comes before its parts.
    """

    def rank(name):
        top = name.split(".")[0]
        number = ORDER.index(top) if top in ORDER else len(ORDER)
        return number, name != top, len(reachable(graph, name)), name

    return sorted((name for name in graph if "._" not in f".{name}"), key=rank)


def public_objects(module):
    """Return by name the functions and classes that a module offers.

    They are those that `__all__` lists, else those that the module or its parts define.
    """
    things = {
        name: thing
        for name, thing in vars(module).items()
        if inspect.isfunction(thing) or inspect.isclass(thing)
    }
    if hasattr(module, "__all__"):
        return {name: thing for name, thing in things.items() if name in module.__all__}
    return {
        name: thing
        for name, thing in things.items()
        if not name.startswith("_") and f"{thing.__module__}.".startswith(f"{module.__name__}.")
    }


def public_modules():
    """Yield the public modules; of a package that offers something itself, not the parts."""
    offering = set()
    for name in in_order(imports(modules())):
        module = importlib.import_module(f"{PACKAGE}.{name}")
        if name.rpartition(".")[0] not in offering:
            yield module
            if public_objects(module):
                offering.add(name)


def public_names():
    """Yield each public module with the public things that no module before it has shown."""
    seen = set()
    for module in public_modules():
        new = {key: thing for key, thing in public_objects(module).items() if thing not in seen}
        seen.update(new.values())
        if new:
            yield module, new


def page_text():
    """Return the sections of the page."""
    text = ""
    for module, things in public_names():
        path = module.__name__
        text += SECTION.format(name=path.removeprefix(f"{PACKAGE}."), path=path)
        for name, thing in things.items():
            form = CLASS if inspect.isclass(thing) else FUNCTION
            text += form.format(path=path, name=name)
    return text


def _write_page(app, docname, source):
    if docname == PAGE:
        source[0] = source[0].replace(MODULES, page_text())


def linked(line, pages):
    """Turn the labels and the chapters that a line of a docstring names into references."""
    line = re.sub(r"``((?:def|lem|prp|thm|cor)-[\w-]+)``", r":prf:ref:`\1`", line)
    line = re.sub(r"``(eq-[\w-]+)``", r":eq:`\1`", line)
    line = re.sub(r"``(ex-[\w-]+)``", r":ref:`\1`", line)
    return re.sub(
        r"``(\w+)``",
        lambda match: f":doc:`/book/{match[1]}`" if f"book/{match[1]}" in pages else match[0],
        line,
    )


def _link_docstring(app, what, name, thing, options, lines):
    lines[:] = [linked(line, app.env.found_docs) for line in lines]


def _find_where_defined(app, env, node, text):
    """Resolve `sdtutorial.name`, which stands on the page under the module that defines it."""
    target = node.get("reftarget", "")
    if node.get("refdomain") == "py" and target.startswith(f"{PACKAGE}."):
        if (thing := _imported(target)) is not None:
            path = f"{thing.__module__}.{thing.__qualname__}"
            find = env.get_domain("py").resolve_xref
            return find(env, node["refdoc"], app.builder, node["reftype"], path, node, text)


@functools.cache
def find_uses(folder):
    """Return the tests below a folder by the functions and classes of the package they name."""
    uses = {}
    for check, test in find_tests(folder):
        known = _aliases(folder.parent / check.file)
        for thing in {_resolved(node, known) for node in ast.walk(test)} - {None}:
            uses.setdefault(thing, []).append(check)
    return uses


@functools.cache
def _aliases(file):
    """Return the names that a file gives to what it imports from the package, with the paths."""
    aliases = {}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                if f"{prefix}{alias.name}".split(".")[0] == PACKAGE:
                    aliases[alias.asname or alias.name] = f"{prefix}{alias.name}"
    return aliases


def _resolved(node, known):
    """Return module and name of the function or class that an expression names, or None."""
    if not isinstance(node, ast.Name | ast.Attribute):
        return None
    first, *rest = ast.unparse(node).split(".")
    if first not in known or not all(name.isidentifier() for name in rest):
        return None
    thing = _imported(known[first])
    for name in rest:
        thing = getattr(thing, name, None)
    if inspect.isfunction(thing) or inspect.isclass(thing):
        return thing.__module__, thing.__qualname__
    return None


def _imported(path):
    try:
        return importlib.import_module(path)
    except ImportError:
        module, _, name = path.rpartition(".")
        return getattr(importlib.import_module(module), name, None)


def _add_tests(app, domain, kind, content):
    signature = content.parent[0]
    if app.env.docname != PAGE or kind not in ("function", "class", "exception"):
        return
    thing = _imported(f"{signature['module']}.{signature['fullname']}")
    checks = find_uses(Path(app.srcdir) / "tests").get((thing.__module__, thing.__qualname__))
    if checks:
        content += checked_by(chosen(checks, thing), app.config.github_address)


def chosen(checks, thing):
    """Return at most SHOWN_TESTS tests of a thing: those that check a statement, of its own file.

    A test that calls `distill` to have a chain says little about `distill`.
    """
    own = f"test_{thing.__module__.split('.')[-1]}"
    return sorted(checks, key=lambda check: (Path(check.file).stem != own, not check.labels))[
        :SHOWN_TESTS
    ]


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("numpydoc")
    app.connect("source-read", _write_page)
    # After numpydoc, which would take the references for names.
    app.connect("autodoc-process-docstring", _link_docstring, priority=900)
    app.connect("missing-reference", _find_where_defined)
    app.connect("object-description-transform", _add_tests)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
