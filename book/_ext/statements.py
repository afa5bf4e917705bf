"""Show beneath each numbered statement which tests check it.

A test names the statement it checks with `@pytest.mark.statement("<label>")`, where the label is
that of the theorem, lemma or definition in the book.
"""

import ast
from collections import defaultdict, namedtuple
from pathlib import Path

from docutils import nodes
from sphinx_proof.nodes import NODE_TYPES

Check = namedtuple("Check", "name file line labels")


def find_checks(folder):
    """Return, for each label, the tests below `folder` that are marked with it."""
    checks = defaultdict(list)
    for check, _ in find_tests(folder):
        for label in check.labels:
            checks[label].append(check)
    return dict(checks)


def find_tests(folder):
    """Yield every test below `folder` as a check, with the tree of its function."""
    for file in sorted(Path(folder).rglob("test_*.py")):
        path = file.relative_to(Path(folder).parent).as_posix()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield Check(node.name, path, node.lineno, tuple(_labels(node))), node


def _labels(function):
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.statement":
            yield from (ast.literal_eval(argument) for argument in decorator.args)


def _add_checks(app, doctree, docname):
    checks = find_checks(Path(app.srcdir) / "tests")
    for node in doctree.findall(lambda node: isinstance(node, tuple(NODE_TYPES.values()))):
        if node["label"] in checks:
            node += checked_by(checks[node["label"]], app.config.repository_address)


def checked_by(checks, address):
    """Return the line that names the tests, with links to them where an address is known."""
    line = nodes.paragraph(classes=["checked-by"])
    line += nodes.Text("Checked by ")
    for position, check in enumerate(checks):
        if position:
            line += nodes.Text(", ")
        name = nodes.literal("", check.name)
        if address:
            source = f"{address}/blob/HEAD/{check.file}#L{check.line}"
            name = nodes.reference("", "", name, refuri=source, internal=False)
        line += name
        if check.file not in {later.file for later in checks[position + 1 :]}:
            line += nodes.Text(" in ")
            line += nodes.literal("", check.file)
    line += nodes.Text(".")
    return line


def setup(app):
    app.connect("doctree-resolved", _add_checks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
