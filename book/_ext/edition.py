"""Which edition of the book a page is of, at its foot: version, commit and date.

The version is that of the package. The commit is asked of the clone; an archive that git or its
host made knows it too, since `edition.txt` is filled in there (see `.gitattributes`).
"""

from importlib.metadata import version
from pathlib import Path

from address import git, is_root

ARCHIVED = Path(__file__).with_name("edition.txt")


def find_commit(folder, archived=ARCHIVED):
    """Return the commit that the files are of and its day, or two empty texts."""
    if is_root(folder):
        found = git(folder, "log", "-1", "--format=%H %cs")
    else:
        found = archived.read_text()
    commit, day = found.split() if len(found.split()) == 2 else ("", "")
    return ("", "") if "$" in commit else (commit, day)


def edition(folder):
    """Return the line at the foot of each page."""
    commit, day = find_commit(folder)
    line = f"Version {version('sdtutorial')}"
    if commit:
        line += f", commit {commit[:7]} of {day}"
        if is_root(folder) and git(folder, "status", "--porcelain", "--untracked-files=no"):
            line += " and later changes"
    return f"{line}."


def _set_footer(app, config):
    options = config.html_theme_options
    parts = (options.get("extra_footer", "").strip(), edition(app.srcdir))
    options["extra_footer"] = " ".join(part for part in parts if part)
    config.release = config.version = version("sdtutorial")


def setup(app):
    app.connect("config-inited", _set_footer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
