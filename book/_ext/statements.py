"""What surrounds a statement: its tests, a link to it, the end of its proof, its place in the search.

A test names the statement it checks with `@pytest.mark.statement("<label>")`, where the label is
that of the theorem, lemma or definition in the book.
"""

import ast
from collections import defaultdict, namedtuple
from pathlib import Path

from docutils import nodes
from sphinx.domains import Domain, ObjType
from sphinx_exercise.nodes import exercise_enumerable_node, solution_node
from sphinx_proof.nodes import NODE_TYPES, proof_node

STATEMENTS = tuple(NODE_TYPES.values())
NUMBERED = (*STATEMENTS, exercise_enumerable_node)

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


def _complete(app, doctree, docname):
    checks = app.statement_checks
    on_the_site = app.builder.format == "html"
    for node in doctree.findall(lambda node: isinstance(node, STATEMENTS)):
        if node["label"] in checks:
            line = checked_by(checks[node["label"]], app.config.github_address)
            node += folded(line, checks[node["label"]]) if on_the_site else line
    if on_the_site:
        _dress(doctree)


def _read_tests(app):
    """Read all tests once for a build, not for every page."""
    app.statement_checks = find_checks(Path(app.srcdir) / "tests")


def _dress(doctree):
    """Give statements and exercises a link to themselves, and proofs a beginning and an end."""
    for node in doctree.findall(lambda node: isinstance(node, NUMBERED)):
        # Beside the title, whose words the search takes for a name.
        node.insert(1, html(
            f'<a class="headerlink" href="#{node["ids"][0]}" title="Link to this {kind(node)}">#</a>'
        ))
    for node in doctree.findall(lambda node: isinstance(node, (*NUMBERED, solution_node))):
        for section in node.findall(nodes.section):
            section["ids"] = []  # the same for all of a page
    for node in doctree.findall(proof_node):
        _dress_proof(node[0])


def kind(node):
    """Return what a numbered box is called: theorem, definition, exercise."""
    return node.get("realtype", "exercise")


def _dress_proof(box):
    box["ids"] = []
    box["classes"] = ["proof-text"]
    word = next(box.findall(nodes.Text))
    start = html('<span class="proof-word">Proof.</span>')
    word.parent.replace(word, [start, nodes.Text(word.removeprefix("Proof."))])
    end = '<{0} class="proof-end" role="img" aria-label="end of the proof">∎</{0}>'
    if isinstance(box[-1], nodes.paragraph):
        box[-1] += html(end.format("span"))
    else:
        box += html(end.format("div"))


def html(text):
    """Return a piece of HTML that no other builder writes."""
    return nodes.raw("", text, format="html")


def folded(line, checks):
    """Return the line that names the tests, behind a title that counts them."""
    count = f"{len(checks)} test{'s' if len(checks) > 1 else ''}"
    start = f'<details class="checked-by"><summary>Checked by {count}</summary>'
    return nodes.container("", html(start), line, html("</details>"))


def source_of(check, address):
    """Return where the repository at an address shows a test."""
    return f"{address}/blob/HEAD/{check.file}#L{check.line}"


def checked_by(checks, address):
    """Return the line that names the tests, with links to them where an address is known."""
    line = nodes.paragraph(classes=["checked-by"])
    line += nodes.Text("Checked by ")
    for position, check in enumerate(checks):
        if position:
            line += nodes.Text(", ")
        name = nodes.literal("", check.name)
        if address:
            source = source_of(check, address)
            name = nodes.reference("", "", name, refuri=source, internal=False)
        line += name
        if check.file not in {later.file for later in checks[position + 1 :]}:
            line += nodes.Text(" in ")
            line += nodes.literal("", check.file)
    line += nodes.Text(".")
    return line


class Statements(Domain):
    """Lets the search find a statement or an exercise by its number and by its name."""

    name = "statement"
    label = "Statement"
    object_types = {
        name: ObjType(name) for name in ("theorem", "lemma", "proposition", "corollary", "definition")
    }

    def get_objects(self):
        for label, found in getattr(self.env, "proof_list", {}).items():
            numbers = self.env.toc_fignumbers.get(found["docname"], {})
            number = numbers.get(found["countertype"], {}).get(label)
            if number and found["realtype"] in self.object_types:
                yield self._entry(label, found, ".".join(map(str, number)))

    def _entry(self, label, found, number):
        doctree = self.env.get_doctree(found["docname"])
        node = next(doctree.findall(lambda node: label in getattr(node, "attributes", {}).get("ids", ())))
        title = f"{found['realtype'].title()} {number} {node[0].astext().strip()}".strip()
        # The search takes an anchor that is also the name for one that it can leave out.
        return f"statement-{label}", title, found["realtype"], found["docname"], label, 0

    def merge_domaindata(self, docnames, otherdata):
        """Nothing is kept beside the environment."""


def setup(app):
    app.add_domain(Statements)
    app.connect("builder-inited", _read_tests)
    app.connect("doctree-resolved", _complete)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
