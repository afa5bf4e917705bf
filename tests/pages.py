"""The pages of the book, as the table of contents lists them, and what stands on them."""

from pathlib import Path

import jupytext
import yaml

ROOT = Path(__file__).parents[1]
CONTENTS = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
DOCNAMES = [CONTENTS["root"]] + [
    chapter["file"] for part in CONTENTS["parts"] for chapter in part["chapters"]
]
PAGES = [ROOT / f"{docname}.md" for docname in DOCNAMES]
CHAPTERS = [
    ROOT / f"{chapter['file']}.md"
    for part in CONTENTS["parts"]
    if part.get("numbered")
    for chapter in part["chapters"]
]
NOTEBOOKS = [page for page in PAGES if "\nkernelspec:" in page.read_text(encoding="utf-8")]


def cells(page, kind):
    return [cell for cell in jupytext.read(page).cells if cell.cell_type == kind]


def figure(cell):
    return cell.metadata.get("mystnb", {}).get("figure", {})


def text_of(page):
    """Return the Markdown and the captions of a page."""
    markdown = [cell.source for cell in cells(page, "markdown")]
    captions = [str(figure(cell).get("caption", "")) for cell in cells(page, "code")]
    return "\n\n".join(markdown + captions)
