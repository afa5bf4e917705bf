"""The address of the repository, from whatever the clone says."""

import re
import subprocess

import pytest
from address import colab_address, find_address, find_revision, https_address


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/owner/name",
        "https://github.com/owner/name.git\n",
        "https://user:secret@github.com/owner/name.git",
        "git@github.com:owner/name.git",
        "ssh://git@github.com/owner/name.git",
    ],
)
def test_an_address_is_made_from_every_form_of_a_remote(remote):
    assert https_address(remote) == "https://github.com/owner/name"


@pytest.mark.parametrize("remote", ["", "/srv/name.git", "https://example.org/owner/name", "x"])
def test_no_address_is_made_up(remote):
    assert https_address(remote) is None


def test_the_address_and_the_commit_are_those_of_the_clone(tmp_path):
    def git(*arguments):
        subprocess.run(["git", "-C", tmp_path, *arguments], check=True)

    git("init", "-q")
    assert find_address(tmp_path) is None
    assert find_revision(tmp_path) == ""
    git("remote", "add", "origin", "git@github.com:me/fork.git")
    assert find_address(tmp_path) == "https://github.com/me/fork"
    author = ["-c", "user.name=n", "-c", "user.email=e"]
    git(*author, "commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", "x")
    assert re.fullmatch("[0-9a-f]{40}", find_revision(tmp_path))


def test_colab_opens_the_branch_of_the_notebooks():
    address = colab_address("https://github.com/o/n", "book/setup")
    assert address.endswith("/github/o/n/blob/notebooks/book/setup.ipynb")
