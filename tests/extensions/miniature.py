"""A book in miniature, with one of each thing that a page may hold."""

import shutil
import subprocess
import sys
from pathlib import Path

from pages import ROOT

HEADER = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
---
"""

FIRST = r"""
(one)=
# One

```{code-cell} ipython3
:tags: [remove-cell]

from sdtutorial.notebook import glue
glue("pi", 3.14159)
```

Here {glue:text}`pi:.2f`, {cite:t}`author2020` and {numref}`fig-line`; a | bar, 2 * 3 * 4.

> A quotation with
>
> $$
> a
> = b
> $$ (eq-quoted)

````{prf:definition} Of $x$
:label: def-x

It is

$$
x = \begin{aligned} 1 \\ 2 \end{aligned}
$$ (eq-x)

- as {eq}`eq-quoted` says,
- twice.
````

````{prf:lemma}
:label: lem-y

By {prf:ref}`def-x`.
````

````{prf:proof}
Clear.
````

$$
1
> 0
$$

| $\|a\|$ | right |
|---|---:|
| 1 | {glue:text}`pi:.1f` |

:::{note}
Mind *this*.
:::

::::{grid} 1
:::{grid-item-card} Two
:link: /book/two
:link-type: doc

What else?
:::
::::

## Part

```{exercise-start} Title
:label: ex-a
```
Do it.
```{exercise-end}
```

```{solution-start} ex-a
:label: sol-a
:class: dropdown
```

By

```{code-cell} ipython3
print(1 / 4)
```

```{code-cell} ipython3
from sdtutorial.notebook import runtime

print(runtime())
```

```{code-cell} ipython3
import time

print("in pieces\n", flush=True)
time.sleep(0.5)
print("\nis one")
```

done.

```{solution-end}
```
"""

SECOND = r"""
# Two

See {prf:ref}`lem-y`, {eq}`eq-x`, {ref}`ex-a` and [the first](one.md).
A {term}`word` is explained elsewhere.

```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig-line
    caption: A line, {glue:text}`one.md::pi:.3f`.
  image:
    alt: A line that rises from the left to the right
---
import matplotlib.pyplot as plt
figure = plt.figure()
```
"""

DECK = """
- claim: It is {{pi:.1f}} & $x < 1$
  show: [def-x, eq-quoted]
  notes: Say {{pi:.2f}}.
- claim: To remember
  say: [One thing., Another.]
"""

BIBLIOGRAPHY = """# Works

```{bibliography}
```

```{glossary}
Word
  Is explained.
```
"""


def markdown(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def lay_out(root):
    """Write the text of the miniature, and all that building it takes."""
    book = root / "book"
    book.mkdir()
    shutil.copy(ROOT / "_config.yml", root)
    for folder in ("_ext", "_static", "_templates"):
        shutil.copytree(ROOT / "book" / folder, book / folder)
    (root / "tests").mkdir()
    (root / "tests" / "test_x.py").write_text(
        '@pytest.mark.statement("lem-y")\ndef test_the_lemma(): pass\n'
    )
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: book/works\nparts:\n- caption: Theory\n  numbered: true\n"
        "  chapters: [{file: book/one}, {file: book/two}]\n"
    )
    (book / "one.md").write_text(HEADER + FIRST)
    (book / "two.md").write_text(HEADER + SECOND)
    (book / "one.deck.yml").write_text(DECK)
    (book / "works.md").write_text(BIBLIOGRAPHY)
    (book / "references.bib").write_text(
        "@book{author2020, author={Author, Ann}, title={A Title}, publisher={P}, year={2020}}"
    )


def build(root, *options):
    """Build the book in a folder as the Makefile does."""
    command = [str(Path(sys.executable).parent / "jupyter-book"), "build", "."]
    run = subprocess.run(
        [sys.executable, *command, *options],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.returncode == 0, run.stdout
