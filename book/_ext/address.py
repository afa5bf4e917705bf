"""Tell the theme the address of the repository that the book is built in, where it is known.

An address in `_config.yml` would be wrong in every fork, and the theme falls back on that of the
Jupyter Book project. Without an address the pages have no buttons that lead to one.
"""

import os
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


def find_address(folder, environment=os.environ):
    """Return the address of the repository around `folder`: of the workflow, else of its remote."""
    if environment.get("GITHUB_REPOSITORY"):
        return https_address(f"https://github.com/{environment['GITHUB_REPOSITORY']}")
    remote = subprocess.run(
        ["git", "-C", str(folder), "remote", "get-url", "origin"],
        capture_output=True,
        text=True,
        check=False,
    )
    return https_address(remote.stdout)


def colab_address(repository, docname):
    """Return where Colab opens the notebook of a page."""
    owner_and_name = repository.removeprefix("https://github.com/")
    host = "https://colab.research.google.com/github"
    return f"{host}/{owner_and_name}/blob/{NOTEBOOK_BRANCH}/{docname}.ipynb"


def _set_theme_options(app, config):
    config.repository_address = config.repository_address or find_address(app.srcdir) or ""
    options = config.html_theme_options
    options.pop("repository_url", None)
    options["launch_buttons"] = {}
    # The side bar has a search button; the theme would put a second one into a bar of its own.
    options["navbar_persistent"] = []
    for button in ("use_repository_button", "use_issues_button", "use_edit_page_button"):
        options[button] = False
    if config.repository_address:
        options["repository_url"] = config.repository_address
        options["repository_branch"] = NOTEBOOK_BRANCH
        options["launch_buttons"] = {"colab_url": "https://colab.research.google.com"}
        options["use_repository_button"] = True
        options["use_issues_button"] = True


def setup(app):
    app.add_config_value("repository_address", "", "env")
    app.connect("config-inited", _set_theme_options)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
