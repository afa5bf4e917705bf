"""The student edition holds nothing of the solutions, and says so if it does."""

import json
import re
import shutil
import zlib

import nbformat
import pytest
import student
import yaml
from miniature import build, lay_out
from nbformat.v4 import new_code_cell, new_notebook, new_output
from pages import CHAPTERS, PAGES, ROOT

# A solution with a word of its own in each place that a reader could meet it.
CANARIES = """```{solution-start} ex-a
:label: sol-canarylabel
:class: dropdown
```

The canaryprose is $canaryformula$.

$$
x = 1
$$ (eq-canaryequation)

```{code-cell} ipython3
:tags: [canarytag]

from sdtutorial.notebook import glue
print("canary" "output")  # canarycomment
glue("canarykey", "canary" "value")
```

So {glue:text}`canarykey`.

```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig-canaryfigure
    caption: A canarycaption of the figure
  image:
    alt: A canaryalt for those who do not see it
---
import matplotlib.pyplot as plt
figure, axes = plt.subplots()
axes.set_title("canarypicture")
```

```{solution-end}
```
"""

PAGE = """# One

Before. See {ref}`ex-a`.

% full-edition

## Solutions are folded away

% end

:::{div} student-edition
Hand your answers in.
:::

```{exercise-start}
:label: ex-a
```

Do it.

```{exercise-end}
```

"""


def test_solutions_and_what_is_said_of_them_are_cut():
    text = student.cut(PAGE + CANARIES + "\nAfter.\n")
    assert "canary" not in text and "solution" not in text.lower()
    assert "Hand your answers in.\n" in text and "div" not in text
    assert re.findall(r"Before|Do it|After", text) == ["Before", "Do it", "After"]


def test_a_solution_that_is_not_closed_is_refused():
    with pytest.raises(ValueError, match="not closed"):
        student.cut(PAGE + CANARIES.split("```{solution-end}")[0])


@pytest.fixture(scope="module")
def wanted():
    return student.needles(ROOT)


def test_the_needles_come_from_every_solution(wanted):
    solved = {
        label
        for page in PAGES
        for label in re.findall(r"\{solution-start\} (\S+)", page.read_text(encoding="utf-8"))
    }
    assert solved - set(wanted.values()) == set()
    assert len(wanted) > 5 * len(solved)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_holds_none_of_them_and_keeps_its_exercises(page, wanted):
    text = page.read_text(encoding="utf-8")
    cut = student.cut(text)
    letters = student.bare(cut)
    assert [needle for needle in wanted if needle in letters] == []
    exercises = r"^```\{exercise-start\}.*?\n:label: \S+"
    assert re.findall(exercises, cut, re.M) == re.findall(exercises, text, re.M)


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_a_chapter_as_it_stands_would_leak(page, wanted):
    text = student.bare(page.read_text(encoding="utf-8"))
    assert sum(needle in text for needle in wanted) > 10


def test_a_leak_is_found_wherever_it_is(tmp_path):
    wanted = {student.bare("the canary of a solution"): "ex-a"}
    notebook = new_notebook(cells=[new_code_cell("1", outputs=[new_output("stream", text="the canary of a\nsolution")])])
    hidden = new_notebook(metadata={"author": "The canary. The canary of a solution."[12:].lower()})
    files = {
        "page.html": b"<p>the <b>canary</b> of\n a solution</p>",
        "attribute.html": b'<img alt="the canary of a solution">',
        "cards.js": rb'cards({"a": "<p>the canary\nof a <i>solution</i></p>"})',
        "text.md": b"the canary of\na *solution*",
        "objects.inv": b"# 1\n# 2\n# 3\n# 4\n" + zlib.compress(b"the canary of a solution"),
        "output.ipynb": json.dumps(notebook).encode(),
        "metadata.ipynb": json.dumps(hidden).encode(),
        "nothing.html": b"<p>a solution of the canary</p>",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    found = student.leaks(tmp_path, wanted)
    assert [sentence.split()[0] for sentence in found] == sorted(set(files) - {"nothing.html"})
    assert all("of ex-a" in sentence for sentence in found)


def test_nothing_is_handed_out_if_something_leaks(tmp_path):
    for name in ("site", "notebooks"):
        (tmp_path / name).mkdir()
    wanted = {student.bare("the canary of a solution"): "ex-a"}
    student.refuse_leaks(tmp_path, wanted)
    (tmp_path / "notebooks" / "a.md").write_text("the canary of a solution")
    with pytest.raises(SystemExit, match="(?s)Do not hand this out.*notebooks/a.md holds"):
        student.refuse_leaks(tmp_path, wanted)


def test_lines_that_a_solution_prints_are_needles_and_others_are_not(tmp_path):
    (tmp_path / "book").mkdir()
    page = PAGE + "```{code-cell} ipython3\nprint(1)\n```\n\n" + CANARIES
    (tmp_path / "book" / "one.md").write_text(page)
    [_, code] = student.code_of(page)[:2]

    def cell(source, *lines):
        outputs = [new_output("stream", text="\n".join(lines))]
        return new_code_cell(source.strip(), outputs=outputs)

    cells = [cell("print(1)", "said by both", "the page alone"), cell(code, "said by both", "canary output", "12345678")]
    nbformat.write(new_notebook(cells=cells), tmp_path / "book" / "one.ipynb")
    wanted = student.needles(tmp_path)
    assert wanted["canaryoutput"] == "one"
    assert {"saidbyboth", "thepagealone", "12345678"} & set(wanted) == set()
    assert wanted["solcanarylabel"] == wanted["eqcanaryequation"] == "ex-a"


@pytest.fixture(scope="module")
def edition(tmp_path_factory):
    """The student edition of a miniature with canaries, its address known, built and packed."""
    root = tmp_path_factory.mktemp("a course")
    lay_out(root)
    first = root / "book" / "one.md"
    text = first.read_text()
    start = text.index("```{solution-start}")
    first.write_text(f"{text[:start]}{CANARIES}\n")
    (root / "book" / "one.ipynb").write_text("{}")
    source = root / "source"
    student.write(root, source, "https://host/course")
    settings = yaml.safe_load((source / "_config.yml").read_text())
    assert settings["sphinx"]["config"]["repository_address"] == ""
    # With an address more is offered than without one.
    settings["sphinx"]["config"]["repository_address"] = "https://github.com/o/n"
    (source / "_config.yml").write_text(yaml.safe_dump(settings))
    build(source, "--all", "-W", "-n", "--keep-going")
    build(source, "--builder", "custom", "--custom-builder", "notebooks")
    return source


@pytest.mark.build
def test_no_canary_is_left_in_the_miniature(edition):
    places = list(b"label prose formula equation tag output comment key value caption".split())
    assert all(b"canary" + place in CANARIES.encode().replace(b'" "', b"") for place in places)
    built = [file for file in (edition / "_build").rglob("*") if file.is_file()]
    assert {"one.ipynb", "one.html", "one.md"} <= {file.name for file in built}
    for file in built:
        raw = file.read_bytes()
        if file.name == "objects.inv":
            raw = zlib.decompress(raw.split(b"\n", 4)[4])
        assert b"canary" not in raw.lower(), file
    assert not list((edition / "_build").rglob("*canary*"))


@pytest.mark.build
def test_what_is_handed_out_installs_the_wheel_alone(edition, monkeypatch, tmp_path):
    target = tmp_path
    shutil.copytree(edition, target / "source")
    monkeypatch.setattr(student, "needles", lambda root: {})

    def wheel(root, folder):
        folder.mkdir()
        (folder / "sdtutorial-9-py3-none-any.whl").write_bytes(b"")
        return folder / "sdtutorial-9-py3-none-any.whl"

    monkeypatch.setattr(student, "build_wheel", wheel)
    student.pack(ROOT, target)
    page = (target / "site" / "book" / "one.html").read_text()
    assert '_sources/book/one.ipynb"' in page
    for file in (target / "notebooks" / "one.ipynb", target / "site" / "_sources" / "book" / "one.ipynb"):
        first = nbformat.read(file, as_version=4).cells[0].source
        assert '"https://host/course/sdtutorial-9-py3-none-any.whl"' in first
        assert "git" not in first
    assert (target / "site" / "sdtutorial-9-py3-none-any.whl").exists()
