"""The student edition: the book without a trace of its solutions.

    python book/_ext/student.py write [ADDRESS]   its text, into _build/student/source
    python book/_ext/student.py pack              what is handed out, if nothing leaks

Between the two the site and the notebooks are built from that text, as those of the full book are.
Solutions are cut from the text before anything else sees it: what is hidden later is still in the
search index, in the sources that a page offers, or in a notebook. `make student` does all of it.
"""

import html
import json
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).parents[2]
STUDENT = ROOT / "_build" / "student"
COPIED = ("book", "tests", "sdtutorial")  # the page of the package reads tests and package
FOR_TEACHERS = "book/teaching"

SOLUTION = re.compile(
    r"^(?P<fence>`{3,})\{solution-start\} (?P<label>\S+)[^\n]*\n(?P<body>.*?)"
    r"^(?P<end>`{3,})\{solution-end\}\n(?P=end)(?:\n\n?|\Z)",
    flags=re.M | re.S,
)
FULL_ONLY = re.compile(r"^% full-edition\n.*?^% end\n\n?", flags=re.M | re.S)
STUDENT_ONLY = re.compile(r"^:::\{div\} student-edition\n(?P<body>.*?)^:::\n", flags=re.M | re.S)

# The first cell of a notebook that is handed out; WHEEL is an address, or a file beside it.
FIRST_CELL = """# All that is computed here comes from the package sdtutorial.
# The figures appear when the cells are run.
from importlib.util import find_spec

if find_spec("sdtutorial") is None:
    %pip install --quiet --no-deps "{wheel}"
    import sdtutorial  # an installation that has failed ends here"""


# The text.


def cut(text):
    """Return a page without its solutions, and with what is said to students alone."""
    text = SOLUTION.sub("", text)
    text = STUDENT_ONLY.sub(r"\g<body>", FULL_ONLY.sub("", text))
    if "{solution" in text:
        raise ValueError("a solution is not closed, or stands inside another block")
    return text.rstrip("\n") + "\n"


def write(root=ROOT, target=STUDENT / "source", address=""):
    """Write the text of the student edition, and all that building it takes."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    # The notebooks that are committed hold the solutions.
    ignored = shutil.ignore_patterns("*.ipynb", "__pycache__", "*.deck.yml")
    for folder in COPIED:
        if (root / folder).exists():
            shutil.copytree(root / folder, target / folder, ignore=ignored)
    for page in (target / "book").rglob("*.md"):
        page.write_text(cut(page.read_text(encoding="utf-8")), encoding="utf-8")
    (target / f"{FOR_TEACHERS}.md").unlink(missing_ok=True)
    contents = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    for part in contents["parts"]:
        part["chapters"] = [entry for entry in part["chapters"] if entry["file"] != FOR_TEACHERS]
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    settings["sphinx"]["config"] |= {"student_edition": True, "repository_address": ""}
    if address:
        settings["sphinx"]["config"]["ogp_site_url"] = with_slash(address)
    for name, content in (("_toc.yml", contents), ("_config.yml", settings)):
        (target / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def with_slash(address):
    return address if address.endswith("/") else f"{address}/"


# What only the solutions hold.


def bare(text):
    """Return letters and digits alone: what markup, wrapping and escapes leave of a text."""
    return re.sub(r"[\W_]+", "", text)


def needles(root=ROOT):
    """Return pieces of the solutions that stand nowhere else in the book, with their exercise.

    Labels, lines of code, formulas and the prose between them, from the text; lines that cells
    print, from the committed notebooks. A piece too short to tell anything is left out.
    """
    found, cells = {}, set()
    # The site shows what the package says of itself.
    modules = sorted((root / "sdtutorial").rglob("*.py"))
    elsewhere = "\n".join(module.read_text(encoding="utf-8") for module in modules)
    for page in sorted((root / "book").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        elsewhere += SOLUTION.sub("", text)
        for match in SOLUTION.finditer(text):
            cells.update(bare(code) for code in code_of(match["body"]))
            for piece in pieces(match["body"]):
                found.setdefault(piece, match["label"])
    for notebook in sorted((root / "book").glob("*.ipynb")):
        for cell in nbformat.read(notebook, as_version=4).cells:
            if cell.cell_type != "code":
                continue
            if bare(cell.source) in cells:
                for line in printed(cell):
                    found.setdefault(bare(line), notebook.stem)
            else:
                elsewhere += "\n".join(printed(cell))
    elsewhere = bare(elsewhere)
    return {needle: where for needle, where in found.items() if needle and needle not in elsewhere}


def code_of(text):
    """Return the code of the cells of a text, without their options."""
    cells = re.findall(r"```\{code-cell\}[^\n]*\n(.*?)```", text, flags=re.S)
    return [re.sub(r"\A(?:---\n.*?\n---\n|(?::[^\n]*\n)+)", "", cell, flags=re.S) for cell in cells]


def pieces(body):
    """Yield the pieces of one solution."""
    yield from (bare(label) for label in re.findall(r"\b(?:sol|eq|fig)-[\w-]+", body))
    for code in code_of(body):
        yield from long_enough(code.splitlines())
    prose = re.sub(r"```\{code-cell\}.*?```|^:[\w-]+:.*?$", "", body, flags=re.S | re.M)
    formula = r"(\$\$?.*?\$\$?)"
    for sentence in re.split(r"(?<=[.:?])\s|\n\n", prose):
        for part in re.split(formula, sentence, flags=re.S):
            yield from long_enough(re.split(r"\{[\w:]+\}`[^`]*`|`[^`]*`|\]\([^)]*\)", part))


def long_enough(texts, least=18):
    return (bare(text) for text in texts if len(bare(text)) >= least)


def printed(cell):
    """Return the lines of text that a cell has printed or returned, those that tell something."""
    texts = [output.get("text", "") for output in cell.outputs]
    texts += [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    lines = (line for text in texts for line in text.splitlines())
    return [line for line in lines if len(bare(line)) >= 8 and len(re.sub(r"[\W\d_]", "", line)) >= 4]


# Where it could have come to.


def leaks(folder, wanted):
    """Return a sentence for each file below a folder that holds one of the needles."""
    found = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = searchable(file)
        held = [needle for needle in wanted if needle in text]
        if held:
            more = f", and {len(held) - 1} more" if len(held) > 1 else ""
            found.append(f"{file.relative_to(folder)} holds {held[0]!r} of {wanted[held[0]]}{more}")
    return found


def searchable(file):
    """Return what a file holds as letters and digits, with markup and without it."""
    if file.suffix in (".png", ".woff", ".woff2", ".whl", ".ttf", ".ico"):
        return ""
    raw = file.read_bytes()
    if file.name == "objects.inv":
        raw = zlib.decompress(raw.split(b"\n", 4)[4])
    text = raw.decode("utf-8", errors="replace")
    if file.suffix == ".ipynb":
        return bare("".join(strings(json.loads(text))))
    if file.suffix == ".js":
        text = text.replace("\\n", " ")
    if file.suffix in (".html", ".js"):
        attributes = re.findall(r'="([^"]*)"', text)
        shown = re.sub(r"<[^>]+>", "", text)
        return " ".join(bare(html.unescape(part)) for part in [shown, *attributes])
    return bare(text)


def strings(value):
    """Yield all texts inside a value read from JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


# What is handed out.


def pack(root=ROOT, target=STUDENT):
    """Bring site, notebooks and wheel into place, or end with a sentence if a solution leaks."""
    source = target / "source"
    settings = yaml.safe_load((source / "_config.yml").read_text(encoding="utf-8"))
    for name in ("site", "notebooks"):
        shutil.rmtree(target / name, ignore_errors=True)
    shutil.copytree(source / "_build" / "html", target / "site")
    wheel = build_wheel(root, target / "notebooks")
    shutil.copy(wheel, target / "site")
    address = settings["sphinx"]["config"].get("ogp_site_url", "")
    for made in sorted((source / "_build" / "notebooks").rglob("*.ipynb")):
        notebook = nbformat.read(made, as_version=4)
        notebook.cells[0].source = FIRST_CELL.format(wheel=address + wheel.name)
        nbformat.write(notebook, target / "notebooks" / made.name)
        offered = target / "site" / "_sources" / made.relative_to(source / "_build" / "notebooks")
        nbformat.write(notebook, offered)
    refuse_leaks(target, needles(root))


def refuse_leaks(target, wanted):
    """End with a sentence if something of the solutions is in what is handed out."""
    found = [
        f"{name}/{sentence}"
        for name in ("site", "notebooks")
        for sentence in leaks(target / name, wanted)
    ]
    if found:
        sys.exit("Do not hand this out. Solutions have leaked:\n" + "\n".join(found))


def build_wheel(root, folder):
    """Build the wheel of the package into a folder and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder)]
    subprocess.run([*command, str(root)], check=True)
    return next(folder.glob("*.whl"))


def main(arguments):
    if arguments[:1] == ["write"]:
        write(address="".join(arguments[1:]))
    elif arguments == ["pack"]:
        pack()
        print("The student edition is in _build/student: a folder site, and a folder notebooks.")
    else:
        sys.exit(__doc__)


# What the pages of its site are told.


def _offer_notebook(app, pagename, templatename, context, doctree):
    """Give the pages a button for their notebook, which `pack` puts there."""
    if app.config.student_edition and "kernelspec" in app.env.metadata.get(pagename, {}):
        context["ipynb_source"] = f"{pagename}.ipynb"


def setup(app):
    app.add_config_value("student_edition", False, "env")
    app.connect("html-page-context", _offer_notebook, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    main(sys.argv[1:])
