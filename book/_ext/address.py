"""The address of the repository that the book is built in, where it is known.

An address in `_config.yml` would be wrong in every fork, so it is asked of the clone.
"""

import re
import subprocess

# The publishing workflow pushes the executed notebooks to this branch; Colab opens them there.
NOTEBOOK_BRANCH = "notebooks"


def https_address(remote):
    """Return the https address of a GitHub remote, however it is written, or None."""
    match = re.fullmatch(
        r"(?:https://(?:[^/@]*@)?github\.com/|(?:ssh://)?git@github\.com[:/])"
        r"([\w.-]+/[\w.-]+?)(?:\.git)?/?",
        remote.strip(),
    )
    return f"https://github.com/{match[1]}" if match else None


def find_address(folder):
    """Return the address of the remote `origin` of the clone around `folder`, or None."""
    return https_address(_git(folder, "remote", "get-url", "origin"))


def find_revision(folder):
    """Return the commit that is checked out around `folder`; empty text where there is none."""
    return _git(folder, "rev-parse", "--verify", "--quiet", "HEAD").strip()


def _git(folder, *arguments):
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def colab_address(repository, docname):
    """Return where Colab opens the notebook of a page."""
    owner_and_name = repository.removeprefix("https://github.com/")
    host = "https://colab.research.google.com/github"
    return f"{host}/{owner_and_name}/blob/{NOTEBOOK_BRANCH}/{docname}.ipynb"


def _set_address(app, config):
    config.repository_address = config.repository_address or find_address(app.srcdir) or ""


def setup(app):
    app.add_config_value("repository_address", "", "env")
    app.connect("config-inited", _set_address)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
