"""What a person calls a working tree, and that asking starts nothing of the repository's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.workspace.commands.commands import HostCommandRunner
from lsp_server.workspace.git.git_revision import Revisions
from tests.harness.git import committed, git


async def revision(root: Path) -> str:
    return await Revisions(root, HostCommandRunner()).of("tree")


@pytest.fixture
def repository(project: Path) -> Path:
    (project / "a.py").write_text("x = 1\n")
    (project / "src").mkdir()
    (project / "src" / "b.py").write_text("y = 1\n")
    (project / ".gitignore").write_text("*.log\n")
    committed(project)
    return project


def edit(folder: Path) -> None:
    (folder / "a.py").write_text("x = 2\n")


def touch(folder: Path) -> None:
    (folder / "a.py").write_bytes((folder / "a.py").read_bytes())


def stage(folder: Path) -> None:
    edit(folder)
    git(folder, "add", "a.py")


def several(folder: Path) -> None:
    stage(folder)
    (folder / "a.py").write_text("x = 3\n")
    (folder / "src" / "b.py").unlink()
    (folder / "漢字 🙂.txt").write_text("new")
    (folder / "run.log").write_text("ignored")


def ours(folder: Path) -> None:
    (folder / ".holdfast").mkdir()
    (folder / ".holdfast" / "goals.md").write_text("## G\n")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda _: None, ""),
        (touch, ""),
        (ours, ""),
        (edit, " with 1 change"),
        (stage, " with 1 change"),
        (lambda folder: (folder / "a.py").chmod(0o755), " with 1 change"),
        (several, " with 3 changes"),
    ],
)
async def test_a_tree_is_named_by_its_commit_and_what_differs(
    repository: Path, change: object, words: str
) -> None:
    commit = git(repository, "rev-parse", "--short", "HEAD")
    assert callable(change)
    change(repository)
    assert await revision(repository) == commit + words


async def test_a_folder_of_a_repository_counts_its_own_changes(repository: Path) -> None:
    several(repository)
    commit = git(repository, "rev-parse", "--short", "HEAD")
    assert await revision(repository / "src") == f"{commit} with 1 change"


@pytest.mark.parametrize("name", ["a\x85b", "a\u2028b", "a\x0cb", "a\nb", " "])
async def test_a_folder_may_be_called_anything(repository: Path, name: str) -> None:
    folder = repository / name
    folder.mkdir()
    (folder / "c.py").write_text("z = 1\n")
    commit = git(repository, "rev-parse", "--short", "HEAD")
    assert await revision(folder) == f"{commit} with 1 change"


async def test_one_tree_is_asked_about_once_and_a_commit_is_seen(repository: Path) -> None:
    revisions, impatient = (
        Revisions(repository, HostCommandRunner(), kept_seconds=s) for s in (60.0, 0.0)
    )
    first = await revisions.of("t1")
    assert first == await impatient.of("t1")
    edit(repository)
    assert await revisions.of("t1") == first
    assert await revisions.of("t2") == f"{first} with 1 change"
    git(repository, "commit", "-qam", "Second")
    assert await revisions.of("t2") == f"{first} with 1 change"
    assert await impatient.of("t2") == git(repository, "rev-parse", "--short", "HEAD")


async def test_without_a_commit_there_is_no_name(project: Path) -> None:
    assert await revision(project) == ""
    git(project, "init", "-q")
    assert await revision(project) == ""


async def test_nothing_that_a_repository_configures_is_started(repository: Path) -> None:
    commit = git(repository, "rev-parse", "--short", "HEAD")
    (repository / ".gitattributes").write_text("*.py filter=x=y\n*.txt filter=z\n")
    (repository / "b.txt").write_text("b")
    git(repository, "add", ".")
    start = f"touch {repository}/started.log; cat"
    for name in (
        *("core.fsmonitor", "filter.x=y.clean", "filter.x=y.process", "filter.z.clean"),
        *("core.sshCommand", "core.editor", "core.pager", "diff.external"),
    ):
        git(repository, "config", name, start)
    git(repository, "config", "filter.z.required", "true")
    git(repository, "config", "core.hooksPath", str(repository / "hooks.log"))
    hook = repository / "hooks.log" / "post-index-change"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\n{start}\n")
    hook.chmod(0o755)
    edit(repository)
    (repository / "b.txt").write_text("c")
    assert await revision(repository) == f"{commit} with 3 changes"
    assert not (repository / "started.log").exists()


async def test_what_a_repository_lacks_is_not_fetched(repository: Path) -> None:
    """A partial clone whose other side is a command."""
    tree = git(repository, "rev-parse", "HEAD^{tree}")
    (repository / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    git(repository, "config", "core.repositoryFormatVersion", "1")
    git(repository, "config", "extensions.partialClone", "origin")
    git(repository, "config", "remote.origin.promisor", "true")
    git(repository, "config", "remote.origin.url", f"ext::touch {repository}/started.log")
    git(repository, "config", "protocol.ext.allow", "always")
    (repository / ".git" / "index").unlink()
    assert await revision(repository) == ""
    assert not (repository / "started.log").exists()
