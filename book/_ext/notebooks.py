"""Write each chapter as a notebook that needs none of the book's machinery to be read.

The builder `notebooks` takes the pages as Sphinx resolved them, so statements, equations, figures
and references carry the numbers of the site, and the outputs of the cells as the build of the site
recorded them. What a reader sees is plain Markdown; the outputs that are kept are text.

The result depends on the book alone. The builder `published_notebooks` does the same for the
repository that the book is built in: Colab installs the package from its address, and the
notebooks lead to each other there. The builder `lite_notebooks` does it for the site that runs in
the reader's browser, which has the package but not PyTorch.
"""

import ast
import functools
import re
from pathlib import Path

import nbformat
from address import find_address, find_revision, set_address
from edition import edition
from myst_nb.core import render
from plain_markdown import Page
from sphinx.builders import Builder
from sphinx.errors import SphinxError

LIBRARIES = ("ipywidgets", "matplotlib", "numpy", "scipy")  # what the package itself needs

# Beside one of these, the text of an output only stands for something else, unless its metadata say
# that it is another form of the same. Beside an image it says that there is a figure, and of which
# size, which is worth comparing.
RICH_TYPES = re.compile(r"text/html|application/")


class NotebookBuilder(Builder):
    """Write `<outdir>/<docname>.ipynb` for every page that has code cells."""

    name = "notebooks"
    format = "notebooks"
    supported_image_types = ["image/png", "image/svg+xml"]

    repository = revision = edition = ""
    keeps_figures = False  # they would differ from one version of Matplotlib to the next
    splits_lines = True

    def init(self):
        # The committed notebooks are the same in every fork: the address of the site stays out.
        set_address(self.config, self.repository)

    def get_outdated_docs(self):
        return self.env.found_docs

    def get_target_uri(self, docname, typ=None):
        return f"{docname}.ipynb"

    def prepare_writing(self, docnames):
        self.fignumbers = self.env.toc_fignumbers
        self.secnumbers = self.env.toc_secnumbers

    def executed(self, docname):
        """Return the path of the page as the build of the site executed it."""
        return Path(self.outdir).parent / "jupyter_execute" / f"{docname}.ipynb"

    def has_notebook(self, docname):
        return "kernelspec" in self.env.metadata.get(docname, {})

    def first_cell(self, cells):
        """Return the cell that makes sure of what these cells need."""
        return install_cell(self.repository, self.revision, cells, self.edition)

    def write_doc(self, docname, doctree):
        if not self.has_notebook(docname):
            return
        self.fignumbers = self.env.toc_fignumbers.get(docname, {})
        executed = nbformat.read(self.executed(docname), as_version=4)
        hidden = needed_hidden_cells(executed.cells)
        cells = []
        for part in Page(self, docname).parts(doctree):
            if isinstance(part, str):
                cells.append(nbformat.v4.new_markdown_cell(part))
                continue
            while hidden and hidden[0][0] < part.index:
                cells.append(nbformat.v4.new_code_cell(hidden.pop(0)[1]))
            cells.append(code_cell(executed.cells[part.index], self.keeps_figures))
        cells = drop_unused_glue(cells)
        cells.insert(0, self.first_cell(cells))
        target = Path(self.outdir) / f"{docname}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(serialise(cells, self.splits_lines), encoding="utf-8")

    def finish(self):
        pass


class PublishedNotebookBuilder(NotebookBuilder):
    """The same for Colab: the notebooks name the repository and the commit they are made from."""

    name = "published_notebooks"
    keeps_figures = True

    def init(self):
        self.repository = find_address(self.srcdir)
        self.revision = find_revision(self.srcdir)
        self.edition = edition(self.srcdir)
        if self.repository is None:
            raise SphinxError(
                "notebooks are published from a clone whose remote `origin` is on GitHub: "
                "git remote add origin https://github.com/OWNER/NAME"
            )
        super().init()


class LiteNotebookBuilder(NotebookBuilder):
    """The same for the reader's browser, where PyTorch does not run."""

    name = "lite_notebooks"
    keeps_figures = True
    splits_lines = False  # JupyterLite would put commas between the lines of an output

    @functools.cache
    def has_notebook(self, docname):
        return super().has_notebook(docname) and runs_without_torch(self.executed(docname))

    def first_cell(self, cells):
        return browser_cell(cells, edition(self.srcdir))


def install_cell(repository="", revision="", cells=(), edition=""):
    """Return the first cell of a notebook: it makes sure of the package and what the rest needs.

    Where the package comes from an address it comes alone, so that nothing else changes; what is
    missing besides is named.
    """
    if repository:
        at = f"@{revision}" if revision else ""
        remedy = (
            f'%pip install --quiet --no-deps "git+{repository}{at}"\n'
            "    import sdtutorial  # an installation that has failed ends here"
        )
    else:
        remedy = (
            "raise ModuleNotFoundError(\n"
            '        "Run `pip install .` in a clone of the repository of this book first."\n'
            "    )"
        )
    libraries = LIBRARIES if repository else ()
    libraries += ("sklearn",) if needs_scikit_learn(cells) else ()
    missing = (
        f"\nneeded = {list(libraries)}\n"
        "missing = [name for name in needed if find_spec(name) is None]\n"
        "if missing:\n"
        '    names = ", ".join(missing).replace("sklearn", "scikit-learn")\n'
        '    raise ModuleNotFoundError(f"This chapter needs these as well: {names}")'
    ).replace("'", '"')
    torch = (
        '\nif find_spec("torch") is None:\n'
        '    print("The cells that train networks need PyTorch, which is missing here:")\n'
        '    print("install the package with its extra, sdtutorial[networks].")\n'
        '    print("The cells that read what is on record go on without it.")'
    )
    return nbformat.v4.new_code_cell(
        "# All that is computed here comes from the package sdtutorial.\n"
        "# The figures appear when the cells are run.\n"
        + (f"# {edition}\n" if edition else "")
        + "from importlib.util import find_spec\n\n"
        f'if find_spec("sdtutorial") is None:\n    {remedy}'
        + (missing if libraries else "")
        + (torch if needs_torch(cells) else "")
    )


def browser_cell(cells, edition=""):
    """Return the first cell where the site itself has the package and what it needs."""
    extra = "[learn]" if needs_scikit_learn(cells) else ""
    return nbformat.v4.new_code_cell(
        "# All that is computed here comes from the package sdtutorial, which this site brings\n"
        "# along, as it does what the package needs. Run this cell first.\n"
        + (f"# {edition}\n" if edition else "")
        + f"%pip install -q ipywidgets sdtutorial{extra}"
    )


def needs_torch(cells):
    """Tell whether some cell imports a module of networks."""
    return mentions(cells, "sdtutorial.networks")


def needs_scikit_learn(cells):
    """Tell whether some cell calls what the extra `learn` of the package is for."""
    return mentions(cells, r"sklearn|SelfDistilledKernelRidge|\b(?:digits|diabetes)\w*\(")


def mentions(cells, pattern):
    return any(re.search(pattern, cell.source) for cell in cells if cell.cell_type == "code")


def runs_without_torch(executed):
    """Tell whether the notebook of an executed page would import no module of networks."""
    return not needs_torch(kept_code(nbformat.read(executed, as_version=4).cells))


def kept_code(cells):
    """Return the code cells that a notebook keeps, the hidden ones among them after the others."""
    shown = [cell for cell in cells if cell.cell_type == "code" and not is_hidden(cell)]
    return shown + [nbformat.v4.new_code_cell(code) for _, code in needed_hidden_cells(cells)]


def is_hidden(cell):
    return "remove-cell" in cell.metadata.get("tags", [])


def needed_hidden_cells(cells):
    """Return index and code of what the site hides and a cell that it shows depends on."""
    needed, hidden = set(), []
    for index, cell in reversed(list(enumerate(cells))):
        if cell.cell_type != "code":
            continue
        source = cell.source
        if is_hidden(cell):
            source = without_glue(source)
            if not names(source)[0] & needed:
                continue
            hidden.insert(0, (index, source))
        bound, used = names(source)
        needed = needed - bound | used
    return hidden


def without_glue(source):
    """Leave out the statements that hand numbers to the prose, loops and functions included."""
    lines = source.splitlines()
    for statement in ast.parse(source).body:
        calls = (node.func for node in ast.walk(statement) if isinstance(node, ast.Call))
        if any(getattr(called, "id", "").startswith("glue") for called in calls):
            for number in range(statement.lineno - 1, statement.end_lineno):
                lines[number] = None
    return "\n".join(line for line in lines if line is not None).strip()


def drop_unused_glue(cells):
    """Return the cells without imports of what hands numbers to the prose: a notebook has them."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    used = set().union(*(names(cell.source)[1] for cell in code))
    for cell in code:
        cell.source = re.sub(
            r"^from sdtutorial\.notebook import ([\w, ]+)$\n?",
            lambda found: imported(found[1].split(", "), used),
            cell.source,
            flags=re.M,
        ).strip("\n")
    return [cell for cell in cells if cell.source]


def imported(candidates, used):
    """Return the import of those names of the module `notebook` that are used."""
    kept = [name for name in candidates if name in used]
    return f"from sdtutorial.notebook import {', '.join(kept)}\n" if kept else ""


def names(source):
    """Return the names that a piece of code binds, and those that it uses."""
    bound, used = set(), set()
    for node in ast.walk(ast.parse(re.sub(r"^(\s*)[%!]", r"\1# ", source, flags=re.M))):
        if isinstance(node, ast.alias):
            bound.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.FunctionDef):
            bound.add(node.name)
        elif isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
    return bound, used


def code_cell(executed, keeps_figures):
    """Return a cell with the source, the tags and the outputs of an executed one."""
    outputs = kept_outputs(executed.outputs, keeps_figures)
    cell = nbformat.v4.new_code_cell(executed.source, outputs=outputs)
    if tags := executed.metadata.get("tags"):
        cell.metadata["tags"] = list(tags)
    return cell


def kept_outputs(outputs, keeps_figures=False):
    """Keep what is text: printed lines, results, and the sizes of figures, or figures as well."""
    figures = ("image/svg+xml", "image/png") if keeps_figures else ()
    types = ("text/plain", *figures)
    kept = []
    for output in joined_streams(outputs):
        if output.output_type == "stream":
            kept.append(output)
        elif output.output_type in ("display_data", "execute_result"):
            rich = any(RICH_TYPES.match(mime_type) for mime_type in output.data)
            if rich and not output.metadata.get("text_form"):
                continue
            data = {kind: output.data[kind] for kind in types if kind in output.data}
            kept.append(nbformat.v4.new_output(output.output_type, data=data))
    return kept


def joined_streams(outputs):
    """Return the outputs with all that was printed in one piece, as it was printed.

    A kernel sends it in as many pieces as the load of the machine happens to make.
    """
    joined, streams = [], {}
    for output in outputs:
        if output.output_type != "stream":
            joined.append(output)
        elif output.name in streams:
            streams[output.name].text += output.text
        else:
            stream = nbformat.v4.new_output("stream", name=output.name, text=output.text)
            streams[output.name] = stream
            joined.append(stream)
    return joined


def serialise(cells, split_lines=True):
    """Return the file of a notebook with these cells, the same bytes whenever they are the same."""
    count = 0
    for position, cell in enumerate(cells):
        cell["id"] = f"cell-{position}"
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = count
    notebook = nbformat.v4.new_notebook(
        cells=cells,
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
    )
    nbformat.validate(notebook)
    return nbformat.writes(notebook, split_lines=split_lines) + "\n"


BUILDERS = (NotebookBuilder, PublishedNotebookBuilder, LiteNotebookBuilder)


def _offer_notebook(app, pagename, templatename, context, doctree):
    """Give the page a button that downloads its notebook."""
    if (Path(app.srcdir) / f"{pagename}.ipynb").exists():
        context["ipynb_source"] = f"{pagename}.ipynb"


def _write_offered_notebooks(app, exception):
    """Let that button hand out the committed notebook.

    Where the address is known, its first cell installs the package from there.
    """
    if exception is not None or app.builder.name != "html":
        return
    sources = Path(app.outdir) / "_sources"
    repository, revision = app.config.repository_address, find_revision(app.srcdir)
    for docname in app.env.found_docs:
        generated = Path(app.srcdir) / f"{docname}.ipynb"
        if not generated.exists():
            continue
        offered = sources / f"{docname}.ipynb"
        offered.parent.mkdir(parents=True, exist_ok=True)
        notebook = nbformat.read(generated, as_version=4)
        if repository:
            first = install_cell(repository, revision, notebook.cells[1:], edition(app.srcdir))
            notebook.cells[0].source = first.source
        nbformat.write(notebook, offered)


def _know_outputs(app, config):
    """Let MyST-NB choose among the forms of an output as it does for the site."""
    ranks = render.base_render_priority()["html"].items()
    config.nb_mime_priority_overrides = [
        *config.nb_mime_priority_overrides,
        *((builder.name, *rank) for builder in BUILDERS for rank in ranks),
    ]


def setup(app):
    # With `nb_merge_streams` MyST-NB would drop blank lines where two pieces meet, and change the
    # outputs that it writes down for the notebooks.
    render.coalesce_streams = joined_streams
    for builder in BUILDERS:
        app.add_builder(builder)
    app.connect("config-inited", _know_outputs)
    # Before the theme makes its buttons.
    app.connect("html-page-context", _offer_notebook, priority=400)
    app.connect("build-finished", _write_offered_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
