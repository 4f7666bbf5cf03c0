"""Copies of a workspace: what is in them, what git says of them, and that nothing is left of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lsp_server.workspace.commands.commands import HostCommandRunner
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.worktrees.worktrees import IgnoredFolders, Worktrees
from tests.harness.files import lay_out
from tests.harness.git import committed, git

FILES = {
    ".gitignore": "node_modules/\n.env\n__pycache__/\n",
    "src/a.py": "a = 1\n",
    "src/deep/b.py": "b = 1\n",
    "node_modules/dep/index.js": "dep\n",
    ".env": "KEY=secret\n",
    "__pycache__/a.pyc": "compiled",
    ".holdfast/goals.md": "# Goals\n",
}


def clean(root: Path) -> None:
    committed(root)


def dirty(root: Path) -> None:
    committed(root)
    (root / "src/a.py").write_text("a = 2\n")
    (root / "new.py").write_text("new = 1\n")
    (root / "src/deep/b.py").unlink()


def without_commits(root: Path) -> None:
    git(root, "init", "-q")


def with_submodule(root: Path) -> None:
    committed(root)
    other = root.parent / "other"
    lay_out(other, {"sub.py": "sub = 1\n"})
    committed(other)
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "lib")
    git(root, "commit", "-qam", "Add the library")


def with_hostile_settings(root: Path) -> None:
    committed(root)
    (root / ".gitattributes").write_text("*.py filter=evil\n")
    hook = root / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {root}/ran\n")
    hook.chmod(0o755)
    for key in ("filter.evil.smudge", "filter.evil.clean", "core.fsmonitor"):
        git(root, "config", key, f"touch {root}/ran; cat")


def plain(root: Path) -> None:
    del root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    lay_out(root, FILES)
    return root


def worktrees_of(root: Path, documents: Documents | None = None) -> Worktrees:
    documents = documents or Documents()
    folder = root.parent / "data" / "worktrees"
    return Worktrees(folder, Workspace(root), documents, HostCommandRunner())


def files_in(root: Path) -> dict[str, str]:
    found = {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*"))}
    return {
        name: path.read_text()
        for name, path in found.items()
        if path.is_file() and not name.startswith((".git/", "node_modules")) and name != ".git"
    }


def counting(root: Path) -> dict[str, str]:
    ignored = (".env", "__pycache__", "lib/.git")
    return {name: text for name, text in files_in(root).items() if not name.startswith(ignored)}


@pytest.mark.parametrize(
    ("prepare", "is_git"),
    [
        (clean, True),
        (dirty, True),
        (with_submodule, True),
        (with_hostile_settings, True),
        (without_commits, False),
        (plain, False),
    ],
)
async def test_a_copy_has_what_counts_as_it_is_now_and_leaves_nothing_behind(
    root: Path, prepare: Callable[[Path], None], is_git: bool
) -> None:
    prepare(root)
    entries = (root / ".git/worktrees", root.parent / "data/worktrees")
    head = (root / ".git/HEAD").read_text() if is_git else ""
    worktrees = worktrees_of(root)
    made = await worktrees.make(["r.1", "r.2"], "none")
    assert not (root / "ran").exists(), "nothing of the project ran"
    assert [files_in(copy.root) for copy in made] == [counting(root)] * 2
    assert [(copy.root / ".git").exists() for copy in made] == [is_git] * 2
    assert [copy.root.name for copy in made] == ["project"] * 2
    if is_git:
        assert git(made[0].root, "rev-parse", "HEAD") == git(root, "rev-parse", "HEAD")
        assert git(made[0].root, "log", "--format=%s").splitlines()[-1] == "First"
        (made[0].root / "src/a.py").write_text("a = 3\n")
        git(made[0].root, "commit", "-qam", "Only here")
    for name in ("r.1", "r.2"):
        await worktrees.remove(name)
    for place in entries:
        assert not place.exists() or not list(place.iterdir())
    if is_git:
        assert (root / ".git/HEAD").read_text() == head
        assert git(root, "worktree", "list").count("\n") == 0


async def test_git_shows_in_a_copy_what_was_not_committed(root: Path) -> None:
    dirty(root)
    (copy,) = await worktrees_of(root).make(["r.1"], "none")
    expected = git(root, "status", "--short")
    assert git(copy.root, "status", "--short") == expected
    assert expected.splitlines() == ["M src/a.py", " D src/deep/b.py", "?? new.py"]


async def test_unsaved_texts_are_in_a_copy_in_the_encoding_of_their_file(root: Path) -> None:
    (root / "latin.py").write_bytes(b"\xff\xfea\0=\0\n\0")
    documents = Documents()
    documents.open(root / "src/a.py", "a = 'typed'\n")
    documents.open(root / "fresh.py", "fresh\n")
    documents.open(root / "latin.py", "b=\n")
    documents.open(root.parent / "elsewhere.py", "not ours\n")
    (copy,) = await worktrees_of(root, documents).make(["r.1"], "none")
    assert (copy.root / "src/a.py").read_text() == "a = 'typed'\n"
    assert (copy.root / "fresh.py").read_text() == "fresh\n"
    assert (copy.root / "latin.py").read_bytes() == b"\xff\xfeb\0=\0\n\0"
    assert (root / "src/a.py").read_text() == "a = 1\n"
    assert not list((root.parent / "data").rglob("elsewhere.py"))


@pytest.mark.parametrize(("ignored", "is_link"), [("link", True), ("copy", False), ("none", None)])
async def test_ignored_folders_are_linked_or_copied_and_caches_and_files_are_not(
    root: Path, ignored: IgnoredFolders, is_link: bool | None
) -> None:
    clean(root)
    worktrees = worktrees_of(root)
    (copy,) = await worktrees.make(["r.1"], ignored)
    folder = copy.root / "node_modules"
    assert folder.exists() == (is_link is not None)
    assert folder.is_symlink() == bool(is_link)
    assert not (copy.root / "__pycache__").exists()
    assert not (copy.root / ".env").exists(), "no secret is spread"
    await worktrees.remove("r.1")
    assert (root / "node_modules/dep/index.js").read_text() == "dep\n", "a link was not followed"


async def test_a_workspace_within_a_repository_has_the_tracked_files_around_it(root: Path) -> None:
    committed(root)
    (root / "untracked.py").write_text("mine\n")
    (root / "src/deep/untracked.py").write_text("ours\n")
    within = root / "src/deep"
    worktrees = Worktrees(root.parent / "data", Workspace(within), Documents(), HostCommandRunner())
    (copy,) = await worktrees.make(["r.1"], "none")
    top = copy.root.parent.parent
    assert copy.root.relative_to(top).as_posix() == "src/deep"
    assert (top / "src/a.py").read_text() == "a = 1\n"
    assert (copy.root / "untracked.py").read_text() == "ours\n"
    assert not (top / "untracked.py").exists()
    assert git(copy.root, "status", "--short", ".") == "?? untracked.py"


async def test_links_modes_and_odd_files_are_copied_as_they_are(root: Path) -> None:
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("src/a.py")
    (root / "dangling").symlink_to("nowhere")
    (root / "empty").mkdir()
    os.mkfifo(root / "pipe")
    (copy,) = await worktrees_of(root).make(["r.1"], "none")
    assert (copy.root / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (copy.root / "link").readlink() == Path("src/a.py")
    assert (copy.root / "dangling").readlink() == Path("nowhere")
    assert (copy.root / "empty").is_dir()
    assert not (copy.root / "pipe").exists()


async def test_after_a_kill_only_what_nobody_needs_is_removed_and_no_worktree_of_a_person(
    root: Path,
) -> None:
    committed(root)
    git(root, "worktree", "add", "-q", "../mine", "--detach")
    git(root, "worktree", "add", "-q", "../away", "--detach")
    (root.parent / "away").rename(root.parent / "unmounted")
    worktrees = worktrees_of(root)
    made = await worktrees.make(["old.1", "new.1"], "none")
    (made[0].root / ".git").unlink()  # As a command of the attempt may have done.
    locked = made[0].root / "locked"
    (locked / "in").mkdir(parents=True)
    locked.chmod(0o500)
    await worktrees.sweep(lambda name: name.startswith("new"))
    assert worktrees.names() == ["new.1"]
    entries = {path.name for path in (root / ".git/worktrees").iterdir()}
    assert entries == {"mine", "away", "project1"}
    await worktrees.sweep(lambda _: False)
    assert worktrees.names() == []
    assert {path.name for path in (root / ".git/worktrees").iterdir()} == {"mine", "away"}
