"""The history of a project is read from git, and from nothing where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.workspace.commands.commands import HostCommandRunner
from lsp_server.workspace.git.git_log import FILES_MAX, OUTPUT_BYTES_MAX, read_commits
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


@pytest.mark.parametrize(
    ("message", "subject", "body"),
    [
        (b"paint \x1e the\x1f fence\n\nbody \x1e\x1f\x1d", "paint  the fence", "body"),
        (b"\x1b[31mred\x1b[0m\n\n\x1b]0;t\x07b\x08c", "red", "c"),
        (b"caf\xe9 \xff\n\n\xc3(", "café ÿ", "Ã("),
        ("漢 🙂 \u2028 \x85\n\n\u2029".encode(), "漢 🙂 \u2028 \x85", ""),
        (b"%x00 %H\n\n\\0 %b", "%x00 %H", "\\0 %b"),
        (b"one\r\n\r\ntwo\r\nthree", "one", "two\nthree"),
        (b"commit 1234\nAuthor: a", "commit 1234 Author: a", ""),
        (b"", "", ""),
    ],
    ids=lambda value: ascii(value)[:30],
)
async def test_a_message_of_any_bytes_costs_no_commit(
    repository: Path, message: bytes, subject: str, body: str
) -> None:
    lay_out(repository, {"odd": "1", "a\nb": "2"})
    git(repository, "add", ".")
    file = repository.parent / "message"
    file.write_bytes(message)
    options = ("--allow-empty-message", "--cleanup=verbatim")
    git(repository, "commit", "-q", *options, "-F", str(file))
    git(repository, "commit", "-q", "--allow-empty", "-m", "Change nothing")
    newest, *others = await read_commits(repository, 10, HostCommandRunner())
    assert (newest.subject, newest.body) == (subject, body)
    assert newest.files == ("a\nb", "odd")
    assert [commit.subject for commit in others] == ["Count from two", "First"]


async def test_one_endless_message_costs_the_oldest_commits_alone(repository: Path) -> None:
    flood = repository.parent / "flood"
    flood.write_text("x" * 60 + "\n" + "many words\n" * (OUTPUT_BYTES_MAX // 10))
    (repository / "a.py").write_text("3")
    git(repository, "commit", "-qaF", str(flood))
    for number in range(3):
        (repository / "a.py").write_text(f"new {number}")
        git(repository, "commit", "-qam", f"Add {number}")
    commits = await read_commits(repository, 10, HostCommandRunner())
    assert [commit.subject for commit in commits] == ["Add 2", "Add 1"]


async def test_without_git_or_a_commit_there_are_none(project: Path, tmp_path: Path) -> None:
    assert await read_commits(project, 10, HostCommandRunner()) == ()
    git(project, "init", "-q")
    assert await read_commits(project, 10, HostCommandRunner()) == ()
    assert await read_commits(tmp_path / "nowhere", 10, HostCommandRunner()) == ()
