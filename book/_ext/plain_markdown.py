"""Write a resolved page as plain Markdown, which needs none of the book's machinery to be read.

The page is taken as Sphinx resolved it, so statements, equations, figures and references carry the
numbers of the site. Its code cells come out as what they are, between the texts.
"""

import os
import re
import textwrap
from collections import namedtuple

from address import colab_address
from docutils import nodes
from sphinx import addnodes
from sphinx.errors import SphinxError
from sphinx_proof.nodes import NODE_TYPES, unenumerable_node

INVISIBLE = (
    nodes.comment,
    nodes.target,
    nodes.substitution_definition,
    nodes.system_message,
    addnodes.index,
    addnodes.highlightlang,
    addnodes.toctree,
    addnodes.tabular_col_spec,
)

CodeCell = namedtuple("CodeCell", "index captions")


class Page:
    """The Markdown of one page."""

    def __init__(self, builder, docname):
        self.builder = builder
        self.docname = docname
        self.cited = []
        self.solutions = []  # they stand open in a notebook, so they stand at its end
        self.depth = 0
        self.in_table = False

    def parts(self, doctree):
        """Yield the page as an alternation of Markdown texts and code cells."""
        texts = []
        blocks = list(self.blocks(doctree))
        if self.solutions:
            blocks += [self.heading(2, "Solutions"), *self.solutions]
        for block in [*blocks, *self.references()]:
            if isinstance(block, str):
                texts.append(block)
                continue
            if texts:
                yield "\n\n".join(texts)
            yield block
            texts = list(block.captions)
        if texts:
            yield "\n\n".join(texts)

    # Blocks: each method below yields Markdown blocks and, in between, code cells.

    def blocks(self, node):
        for child in node.children:
            yield from self.block(child)

    def block(self, node):
        if isinstance(node, INVISIBLE) or "toctree-wrapper" in node.get("classes", []):
            return
        if isinstance(node, tuple(NODE_TYPES.values())) or isinstance(node, unenumerable_node):
            yield self.statement(node)
            return
        for kind in type(node).__mro__:
            if method := getattr(self, f"block_{kind.__name__}", None):
                yield from method(node)
                return
        raise SphinxError(
            f"{self.docname}, line {node.line}: the notebooks have no form for a "
            f"<{node.tagname}>: {node.astext()[:80]!r}"
        )

    def block_section(self, node):
        self.depth += 1
        yield from self.blocks(node)
        self.depth -= 1

    def block_title(self, node):
        anchors = [f"#{name}" for name in node.parent["ids"]] + [""]
        numbers = self.builder.env.toc_secnumbers.get(self.docname, {})
        number = next((numbers[anchor] for anchor in anchors if anchor in numbers), None)
        if self.depth == 1:
            number = numbers.get("")
        yield self.heading(self.depth, self.numbered(number) + self.inline(node))

    def heading(self, level, text):
        return f"{'#' * min(level, 6)} {text}"

    @staticmethod
    def numbered(number):
        return ".".join(map(str, number)) + ". " if number else ""

    def block_paragraph(self, node):
        if text := self.inline(node).strip():
            yield text

    block_rubric = block_paragraph

    def block_math_block(self, node):
        # Some front ends take a line that begins so for a quotation, a list or a heading.
        formula = re.sub(r"\n\s*(?=[>+*#=-])", " ", node.astext().strip())
        formula = re.sub(r"^\\begin\{(align|gather)\*?\}", r"\\begin{\1ed}", formula)
        formula = re.sub(r"\\end\{(align|gather)\*?\}$", r"\\end{\1ed}", formula)
        numbers = self.builder.env.toc_fignumbers.get(self.docname, {}).get("displaymath", {})
        number = next((numbers[name] for name in node["ids"] if name in numbers), None)
        if number:
            formula += f"\n\\tag{{{'.'.join(map(str, number))}}}"
        yield f"$$\n{formula}\n$$"

    def block_bullet_list(self, node):
        yield self.list(node, ("- " for _ in node.children))

    def block_enumerated_list(self, node):
        start = node.get("start", 1)
        yield self.list(node, (f"{start + index}. " for index, _ in enumerate(node.children)))

    def list(self, node, markers):
        items = []
        for item, marker in zip(node.children, markers):
            text = textwrap.indent(self.joined(item), " " * len(marker))
            items.append(marker + text[len(marker):])
        return ("\n\n" if any("\n\n" in item for item in items) else "\n").join(items)

    def block_definition_list(self, node):
        for item in node.children:
            term, *definitions = item.children
            yield f"**{self.inline(term)}**: " + "\n\n".join(map(self.joined, definitions))

    def block_block_quote(self, node):
        yield self.quoted(self.joined(node))

    def block_attribution(self, node):
        yield f"— {self.inline(node)}"

    @staticmethod
    def quoted(text):
        # A front end takes the formulas out before it reads the Markdown, so a formula over
        # several lines would keep the quotation marks.
        text = re.sub(r"\$\$.*?\$\$", lambda match: " ".join(match[0].split()), text, flags=re.S)
        return "\n".join(f"> {line}".rstrip() for line in text.splitlines())

    def block_literal_block(self, node):
        language = node.get("language", "")
        yield f"```{'' if language in ('none', 'default') else language}\n{node.astext().rstrip()}\n```"

    def block_doctest_block(self, node):
        yield f"```python\n{node.astext()}\n```"

    def block_transition(self, node):
        yield "---"

    def block_raw(self, node):
        if "html" in node["format"].split():
            yield node.astext()

    def block_table(self, node):
        self.in_table = True
        rows = [
            [self.joined(entry).replace("\n", " ") for entry in row.children]
            for row in node.findall(nodes.row)
        ]
        alignments = ["---" for _ in rows[0]]
        for column, entry in enumerate(next(node.findall(nodes.row)).children):
            if "text-right" in entry["classes"]:
                alignments[column] = "---:"
            elif "text-center" in entry["classes"]:
                alignments[column] = ":---:"
        self.in_table = False
        lines = [rows[0], alignments, *rows[1:]]
        yield "\n".join(f"| {' | '.join(line)} |" for line in lines)
        for title in node.findall(nodes.title):
            yield f"*{self.numbered_name('table', node)}{self.inline(title)}*"

    def block_Admonition(self, node):
        children = list(node.children)
        title = node.tagname.capitalize()
        if children and isinstance(children[0], nodes.title):
            title = self.inline(children.pop(0))
        yield from self.titled(title, children)

    def titled(self, title, children):
        blocks = [block for child in children for block in self.block(child)]
        if all(isinstance(block, str) for block in blocks):
            yield self.quoted("\n\n".join([f"**{title}**", *blocks]))
        else:  # a quotation cannot hold a code cell
            yield from [f"**{title}**", *blocks]

    def statement(self, node):
        title, *content = node.children
        kind = node["realtype"].title()
        number = self.builder.env.toc_fignumbers.get(self.docname, {}).get(node["countertype"], {})
        number = ".".join(map(str, number.get(node["ids"][0], ())))
        name = self.inline(title).strip()
        heading = " ".join(filter(None, [kind, number, name]))
        texts = [text for child in content for text in self.block(child)]
        return self.quoted("\n\n".join([f"**{heading}.**", *texts]))

    def block_proof_node(self, node):
        (box,) = node.children
        first, *rest = [block for child in box.children for block in self.block(child)]
        yield from [first.replace("Proof. ", "*Proof.* ", 1), *rest]
        yield "∎"

    def exercise(self, node, heading):
        title, *content = node.children
        yield self.heading(self.depth + 1, heading)
        for child in content:
            # Exercises keep their text in a section of their own, which is no level of the page.
            yield from self.blocks(child) if isinstance(child, nodes.section) else self.block(child)

    def block_exercise_enumerable_node(self, node):
        number = self.builder.fignumbers.get("exercise", {}).get(node["ids"][0], ())
        title = self.inline(node.children[0]).strip()
        heading = f"Exercise {'.'.join(map(str, number))} {title}".strip()
        yield from self.exercise(node, heading)

    def block_exercise_node(self, node):
        yield from self.exercise(node, self.inline(node.children[0]).strip())

    def block_solution_node(self, node):
        self.solutions += self.exercise(node, node.children[0].astext())
        return ()

    def card(self, node):
        """Yield a card of the first page: its link, which carries its title, then its text."""
        body, link = node.children
        yield f"**{self.inline(link).strip()}**"
        for child in body.children:
            if child.get("design_component") != "card-title":
                yield from self.block(child)

    def block_container(self, node):
        if node.get("design_component") == "card":
            yield from self.card(node)
            return
        if node.get("design_component") == "dropdown" and node["has_title"]:
            title, *children = node.children
            yield from self.titled(self.inline(title), children)
            return
        if node.get("nb_element") != "cell_code":
            yield from self.blocks(node)
            return
        captions = []
        for figure in node.findall(nodes.figure):
            for caption in figure.findall(nodes.caption):
                captions.append(self.numbered_name("figure", figure) + self.inline(caption))
        yield CodeCell(node["cell_index"], captions)

    def block_compound(self, node):
        yield from self.blocks(node)

    block_definition = block_compound

    def block_figure(self, node):
        for caption in node.findall(nodes.caption):
            yield self.numbered_name("figure", node) + self.inline(caption)

    def numbered_name(self, kind, node):
        numbers = self.builder.env.toc_fignumbers.get(self.docname, {}).get(kind, {})
        number = next((numbers[name] for name in node["ids"] if name in numbers), None)
        if number is None:
            return ""
        form = self.builder.config.numfig_format[kind]
        return f"**{form % '.'.join(map(str, number))}.** "

    def block_footnote(self, node):
        label, *content = node.children
        text = "\n\n".join(block for child in content for block in self.block(child))
        yield f"<sup>{label.astext()}</sup> {text}"

    def references(self):
        """Yield the entries of the bibliography that the page cites, under their heading."""
        entries = []
        for docname in dict.fromkeys(docname for docname, _ in self.cited):
            page = self.builder.env.get_and_resolve_doctree(docname, self.builder)
            cited = {anchor for name, anchor in self.cited if name == docname}
            for citation in page.findall(nodes.citation):
                if cited & set(citation["ids"]):
                    _, entry, *_ = citation.children  # its label, the entry itself
                    entries.append(f"- {self.inline(entry)}")
        if entries:  # other pages without a notebook, such as the glossary, have none
            yield self.heading(2, "References")
            yield "\n".join(entries)

    def joined(self, node):
        texts = list(self.blocks(node))
        if not all(isinstance(text, str) for text in texts):
            raise SphinxError(f"{self.docname}: a code cell stands inside a <{node.tagname}>")
        return "\n\n".join(texts)

    # Inline text.

    def inline(self, node):
        return "".join(self.span(child) for child in node.children)

    def span(self, node):
        if isinstance(node, INVISIBLE):
            return ""
        for kind in type(node).__mro__:
            if method := getattr(self, f"span_{kind.__name__}", None):
                return method(node)
        raise SphinxError(
            f"{self.docname}: the notebooks have no form for a <{node.tagname}>: {node.astext()!r}"
        )

    def span_Text(self, node):
        text = re.sub(r"([\\`*_$<]|\](?=\())", r"\\\1", node.astext())
        return text.replace("|", r"\|") if self.in_table else text

    def span_emphasis(self, node):
        return f"*{self.inline(node)}*"

    span_title_reference = span_emphasis

    def span_strong(self, node):
        return f"**{self.inline(node)}**"

    def span_literal(self, node):
        text = node.astext()
        mark = "``" if "`" in text else "`"
        return f"{mark}{text}{mark}"

    def span_math(self, node):
        formula = " ".join(node.astext().split())
        if self.in_table:  # a bar would end the cell
            formula = formula.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
        return f"${formula}$"

    def span_inline(self, node):
        return self.inline(node)

    span_caption = span_generated = span_abbreviation = span_inline

    def span_paragraph(self, node):
        return self.inline(node)

    def span_superscript(self, node):
        return f"<sup>{self.inline(node)}</sup>"

    def span_subscript(self, node):
        return f"<sub>{self.inline(node)}</sub>"

    def span_footnote_reference(self, node):
        return f"<sup>{node.astext()}</sup>"

    def span_raw(self, node):
        # A hard line break, which Sphinx holds as raw HTML beside raw LaTeX.
        return node.astext() if "html" in node["format"].split() else ""

    def span_container(self, node):
        return self.inline(node)

    def span_reference(self, node):
        text = self.inline(node)
        uri = node.get("refuri", "")
        if re.match(r"[a-z]+:", uri):
            return f"[{text}]({uri})"
        page, _, anchor = uri.partition("#")
        if not page:
            return text
        docname = os.path.normpath(
            os.path.join(os.path.dirname(self.docname), page.removesuffix(".ipynb"))
        )
        if not self.builder.has_notebook(docname):
            self.cited.append((docname, anchor))
            return text
        if self.builder.repository:
            return f"[{text}]({colab_address(self.builder.repository, docname)})"
        return f"[{text}]({page})"

    span_number_reference = span_reference
