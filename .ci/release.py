"""Pack what a release hands out into _build/release, and see that all of it is of one edition.

Before it: `make pdf notebooks-published`. Run by `make release`.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "html"
PAPER = ROOT / "_build" / "book.pdf"
NOTEBOOKS = ROOT / "_build" / "published_notebooks" / "book"
RELEASE = ROOT / "_build" / "release"


def versions(root=ROOT):
    """Return the version that each file of the repository states, by the file's name."""
    citation = (root / "CITATION.cff").read_text(encoding="utf-8")
    return {
        "pyproject.toml": tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"],
        "CITATION.cff": re.search(r"^version: (\S+)", citation, re.M)[1],
        "CHANGELOG.md": changes(root)[0],
    }


def changes(root=ROOT):
    """Return the newest version of the changelog and what has changed in it."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    return re.search(r"^## (\S+)\n+(.*?)(?=^## |\Z)", text, re.M | re.S).groups()


def disagreements(version, commit, site=SITE, notebooks=NOTEBOOKS):
    """Return a sentence for each page and notebook that is of another edition."""
    found = []
    for page in sorted(site.glob("book/*.html")):
        if f"Version {version}, commit {commit[:7]} of" not in page.read_text(encoding="utf-8"):
            found.append(f"{page.name} is not of version {version} and commit {commit[:7]}")
    for path in sorted(notebooks.glob("*.ipynb")):
        if f"@{commit}" not in nbformat.read(path, as_version=4).cells[0].source:
            found.append(f"{path.name} does not install commit {commit[:7]}")
    return found


def main():
    stated = versions()
    if len(set(stated.values())) > 1:
        sys.exit(f"the files state different versions: {stated}")
    version = stated["pyproject.toml"]
    command = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    commit = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    if found := disagreements(version, commit):
        sys.exit("\n".join(found))
    shutil.rmtree(RELEASE, ignore_errors=True)
    RELEASE.mkdir(parents=True)
    shutil.rmtree(ROOT / "build", ignore_errors=True)  # else files that are gone would be in it
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(RELEASE)]
    subprocess.run([*wheel, str(ROOT)], check=True)
    shutil.make_archive(str(RELEASE / f"site-{version}"), "zip", SITE)
    shutil.make_archive(str(RELEASE / f"notebooks-{version}"), "zip", NOTEBOOKS)
    shutil.copy2(PAPER, RELEASE / f"book-{version}.pdf")
    (RELEASE / "notes.md").write_text(changes()[1], encoding="utf-8")


if __name__ == "__main__":
    main()
