"""Draw which module of the package imports which, as the code itself says.

    python book/_ext/architecture.py

writes the pictures into CONTRIBUTING.md, where a test compares them with the imports of today.
"""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "sdtutorial"
PAGE = ROOT / "CONTRIBUTING.md"


def modules(root=ROOT):
    """Return the file of each module below the package, by its name without that of the package."""
    folder = root / PACKAGE
    files = {}
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    del files[""]  # the face of the package, which imports what it shows
    return files


def imports(files):
    """Return, for each module, the modules of the package that it imports, wherever it does."""
    return {name: set(_imported(file, files)) - {name} for name, file in files.items()}


def _imported(file, files):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            paths = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            # `from package import name`: the name is a module, or something that the package holds.
            paths = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for path in paths:
            package, _, name = path.partition(".")
            if package == PACKAGE:
                yield name if name in files else name.rpartition(".")[0]


def circle(graph):
    """Return the modules of a circle of imports, the first one again at the end; empty if none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def within(graph, package=""):
    """Return the graph of what stands directly in a package, each package in it as one thing."""
    prefix = f"{package}." if package else ""

    def child(name):
        return name.removeprefix(prefix).split(".")[0] if name.startswith(prefix) else None

    inner = {}
    for name, imported in graph.items():
        if child(name) and name != package:
            inner.setdefault(child(name), set()).update(map(child, imported))
    return {name: imported - {name, None, ""} for name, imported in inner.items()}


def reachable(graph, start):
    """Return everything that a module imports, directly or not."""
    found, waiting = set(), [start]
    while waiting:
        new = graph[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def essential(graph):
    """Leave out the arrows that others imply, which no reader of a picture misses."""
    return {
        name: {
            target
            for target in imported
            if not any(
                target in reachable(graph, other) and name not in reachable(graph, other)
                for other in imported - {target}
            )
        }
        for name, imported in graph.items()
    }


def picture(graph):
    """Return a graph of imports as a Mermaid flowchart, the importing module above."""
    lines = ["```mermaid", "flowchart TD"]
    for name, imported in sorted(essential(graph).items()):
        lines += [f"  {name} --> {target}" for target in sorted(imported)]
        if not imported and not any(name in others for others in graph.values()):
            lines.append(f"  {name}")
    return "\n".join([*lines, "```"])


def drawn(text, graph):
    """Return the text with the picture of a package after each mark that names one."""

    def redrawn(match):
        return f"{match[1]}\n{picture(within(graph, match[2]))}"

    return re.sub(r"(<!-- imports of ?([\w.]*) -->)\n```mermaid.*?```", redrawn, text, flags=re.S)


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(drawn(page, imports(modules())), encoding="utf-8")
