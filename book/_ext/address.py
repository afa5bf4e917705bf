"""The address of the repository that the book is built in, where it is known.

An address in `_config.yml` would be wrong in every fork, so it is asked of the clone. A book that
lies inside another repository, such as that of a course, has no address: its files are not where
links would look for them.
"""

import re
import subprocess

from sphinx.util import logging

logger = logging.getLogger(__name__)

# The publishing workflow pushes the executed notebooks to this branch; Colab and Binder open them.
NOTEBOOK_BRANCH = "notebooks"


def https_address(remote):
    """Return the https address of a GitHub remote, however it is written, or None."""
    match = re.fullmatch(
        r"(?:https://(?:[^/@]*@)?(?:www\.)?github\.com/|(?:ssh://)?git@github\.com[:/])"
        r"([\w.-]+/[\w.-]+?)(?:\.git)?/?",
        remote.strip(),
    )
    return f"https://github.com/{match[1]}" if match else None


def find_address(folder):
    """Return the address of the remote `origin` of the clone whose root is `folder`, or None."""
    if not is_root(folder):
        return None
    return https_address(git(folder, "remote", "get-url", "origin"))


def find_revision(folder):
    """Return the commit that is checked out in `folder`, a clone's root; else empty text."""
    if not is_root(folder):
        return ""
    return git(folder, "rev-parse", "--verify", "--quiet", "HEAD").strip()


def is_root(folder):
    """Tell whether a folder is the root of a clone, not one inside it nor a bare archive."""
    return git(folder, "rev-parse", "--is-inside-work-tree", "--show-prefix") == "true\n\n"


def git(folder, *arguments):
    """Return what git answers; empty text where it fails or is not installed."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return ""


def colab_address(repository, docname):
    """Return where Colab opens the notebook of a page."""
    owner_and_name = repository.removeprefix("https://github.com/")
    host = "https://colab.research.google.com/github"
    return f"{host}/{owner_and_name}/blob/{NOTEBOOK_BRANCH}/{docname}.ipynb"


def binder_address(repository, docname):
    """Return where Binder opens the notebook of a page."""
    owner_and_name = repository.removeprefix("https://github.com/")
    host = "https://mybinder.org/v2/gh"
    return f"{host}/{owner_and_name}/{NOTEBOOK_BRANCH}?urlpath=lab/tree/{docname}.ipynb"


def said(address):
    """Return the sentence in which a build tells which address its links take."""
    if address:
        return f"links lead to {address}"
    return (
        "no links to a repository: the remote `origin` of this folder is not on GitHub, or the "
        "folder is not the root of a clone; `repository_address` under `sphinx: config:` in "
        "_config.yml would set one"
    )


def set_address(config, address):
    """Tell the extensions the address, and those whose links only GitHub knows whether it is one."""
    config.repository_address = address
    config.github_address = https_address(address) or ""


def _set_address(app, config):
    set_address(config, config.repository_address or find_address(app.srcdir) or "")
    logger.info(said(config.repository_address))


def setup(app):
    app.add_config_value("repository_address", "", "env")
    app.add_config_value("github_address", "", "env")
    app.connect("config-inited", _set_address)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
