"""The line at the foot of each page: version, commit and day."""

import re
import subprocess
from pathlib import Path

import pytest
from edition import ARCHIVED, edition, find_commit

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path):
    def git(*arguments):
        author = ["-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", tmp_path, *author, *arguments]
        return subprocess.run(command, check=True, capture_output=True).stdout

    git("init", "-q")
    (tmp_path / "book/_ext").mkdir(parents=True)
    (tmp_path / "book/_ext/edition.txt").write_text("$Format:%H %cs$\n")
    (tmp_path / ".gitattributes").write_text((ROOT / ".gitattributes").read_text())
    git("add", ".")
    git("commit", "-q", "-m", "x", "--date", "2026-01-02T00:00:00")
    return tmp_path, git


def test_a_clone_names_its_commit_and_what_was_changed_since(clone):
    folder, git = clone
    commit = git("rev-parse", "--short=7", "HEAD").decode().strip()
    assert f", commit {commit} of 20" in edition(folder)
    assert "later changes" not in edition(folder)
    (folder / ".gitattributes").write_text("")
    assert edition(folder).endswith(" and later changes.")


def test_an_archive_names_the_commit_that_it_was_made_of(clone, tmp_path_factory):
    folder, git = clone
    unpacked = tmp_path_factory.mktemp("archive")
    packed = git("archive", "--format=tar", "HEAD")
    subprocess.run(["tar", "-x", "-C", unpacked], input=packed, check=True)
    commit, day = find_commit(unpacked, unpacked / "book/_ext/edition.txt")
    assert commit == git("rev-parse", "HEAD").decode().strip()
    assert len(day) == len("2026-01-02")


def test_files_that_come_from_no_clone_and_no_archive_name_the_version_alone(tmp_path):
    (tmp_path / "edition.txt").write_text("$Format:%H %cs$\n")
    assert find_commit(tmp_path, tmp_path / "edition.txt") == ("", "")


def test_the_archive_fills_in_the_file_that_is_read():
    named = (ROOT / ".gitattributes").read_text()
    assert f"{ARCHIVED.relative_to(ROOT).as_posix()} export-subst" in named


def test_the_line_is_a_sentence(clone):
    assert re.fullmatch(
        r"Version \d+\.\d+\.\d+\S*, commit [0-9a-f]{7} of \d{4}-\d\d-\d\d\.", edition(clone[0])
    )
