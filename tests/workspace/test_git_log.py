"""The history of a project is read from git, and from nothing where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.workspace.commands import HostCommandRunner
from lsp_server.workspace.git_log import FILES_MAX, read_commits
from tests.harness.files import lay_out
from tests.harness.git import committed, git


@pytest.fixture
def repository(project: Path) -> Path:
    lay_out(project, {"a.py": "1", "src/漢字.py": "1"})
    committed(project)
    lay_out(project, {"src/漢字.py": "2"})
    git(project, "commit", "-qam", "Count from two\n\nOne was\ntoo few.")
    lay_out(project, {f"many/{n}": "" for n in range(FILES_MAX + 1)})
    git(project, "add", ".")
    git(project, "commit", "-qm", "Add many")
    return project


async def test_commits_say_what_changed_together_and_why(repository: Path) -> None:
    second, first = await read_commits(repository, 10, HostCommandRunner())
    assert (second.subject, second.body) == ("Count from two", "One was\ntoo few.")
    assert second.files == ("src/漢字.py",)
    assert second.at.endswith("+00:00")
    assert first.files == ("a.py", "src/漢字.py")


async def test_those_of_a_folder_name_files_from_there(repository: Path) -> None:
    (newest,) = await read_commits(repository / "src", 1, HostCommandRunner())
    assert newest.files == ("漢字.py",)


async def test_without_git_or_a_commit_there_are_none(project: Path, tmp_path: Path) -> None:
    assert await read_commits(project, 10, HostCommandRunner()) == ()
    git(project, "init", "-q")
    assert await read_commits(project, 10, HostCommandRunner()) == ()
    assert await read_commits(tmp_path / "nowhere", 10, HostCommandRunner()) == ()
