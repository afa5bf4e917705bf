"""The address of the repository, from whatever the clone says."""

import re
import subprocess
from types import SimpleNamespace

import pytest
from address import (
    colab_address,
    find_address,
    find_revision,
    https_address,
    is_root,
    said,
    set_address,
)


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/owner/name",
        "https://github.com/owner/name.git\n",
        "https://www.github.com/owner/name",
        "https://user:secret@github.com/owner/name.git",
        "git@github.com:owner/name.git",
        "ssh://git@github.com/owner/name.git",
    ],
)
def test_an_address_is_made_from_every_form_of_a_remote(remote):
    assert https_address(remote) == "https://github.com/owner/name"


@pytest.mark.parametrize(
    "remote",
    [
        "",
        "x",
        "/srv/name.git",
        "https://example.org/owner/name",
        "https://gitlab.com/owner/name",
        "https://codeberg.org/owner/name.git",
        "git@github.com-work:owner/name.git",
    ],
)
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


def test_a_book_inside_another_repository_has_no_address(tmp_path):
    for command in ("init -q", "remote add origin https://github.com/teacher/course"):
        subprocess.run(["git", "-C", tmp_path, *command.split()], check=True)
    inside = tmp_path / "lectures" / "book"
    inside.mkdir(parents=True)
    assert is_root(tmp_path) and not is_root(inside)
    assert (find_address(inside), find_revision(inside)) == (None, "")


def test_a_machine_without_git_has_no_address(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (find_address(tmp_path), find_revision(tmp_path), is_root(tmp_path)) == (None, "", False)


@pytest.mark.parametrize(
    ("address", "on_github"),
    [
        ("", ""),
        ("https://github.com/o/n", "https://github.com/o/n"),
        ("https://gitlab.com/o/n", ""),
        ("https://codeberg.org/o/n", ""),
    ],
)
def test_what_only_github_has_is_linked_there_alone(address, on_github):
    config = SimpleNamespace()
    set_address(config, address)
    assert (config.repository_address, config.github_address) == (address, on_github)


def test_the_build_says_where_links_lead_and_how_to_set_it():
    assert said("https://github.com/o/n") == "links lead to https://github.com/o/n"
    assert "repository_address" in said("") and "_config.yml" in said("")
