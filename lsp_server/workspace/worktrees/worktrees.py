"""This module makes copies of a workspace as it is now, and removes them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from lsp_server.system.private_folder import make_private
from lsp_server.workspace.commands.commands import CommandRunner
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.git_repository import repository_of
from lsp_server.workspace.git.ignore import Ignore
from lsp_server.workspace.worktrees.copied_files import (
    copy_files,
    copy_folders,
    link_folders,
    remove_tree,
    write_buffers,
)
from lsp_server.workspace.worktrees.git_worktree import GitWorktrees, forget_worktrees

IgnoredFolders: TypeAlias = Literal["link", "copy", "none"]
"""What a copy gets of the folders that git ignores, as of dependencies and builds."""

WATCHED = (".holdfast/goals.md", ".holdfast/config.toml")
"""What goals and settings are read from; the rest of that folder is no part of a copy."""
CACHES = frozenset(
    {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".cache"}
)
"""Ignored folders that are made anew at once, and that two must not write at the same time."""
NAMED_MAX = 5
TREE, DATA = "tree", "data"
"""The folders of a copy."""


@dataclass(frozen=True, slots=True)
class Worktree:
    """A `Worktree` is one copy: `root` is the workspace in it. `notes` say what it lacks.

    `data` is a folder beside it, for what is about the copy and goes with it.
    """

    root: Path
    data: Path
    notes: tuple[str, ...] = ()


class Worktrees:
    """`Worktrees` are copies of one workspace, each below `folder` in a folder with a name of its own.

    They have every file that counts as it is now, unsaved texts of `documents` included. In a
    repository they are working trees of it, with the other tracked files around the workspace.
    `commands` runs git; a copy is of plain files where that fails.

    Example::

        worktrees = Worktrees(data / "worktrees", workspace, documents, commands)
        made = await worktrees.make(["run.1", "run.2"], "link")
        await worktrees.remove("run.1")
    """

    def __init__(
        self, folder: Path, workspace: Workspace, documents: Documents, commands: CommandRunner
    ) -> None:
        self.folder = folder
        self._workspace = workspace
        self._documents = documents
        self._commands = commands

    async def make(self, names: Sequence[str], ignored: IgnoredFolders) -> list[Worktree]:
        """Makes equal copies with these names. Raises OSError where one cannot be written."""
        repository = await asyncio.to_thread(repository_of, self._workspace.root)
        top = repository.root.resolve() if repository else self._workspace.root
        around: list[str] = []
        notes: list[str] = []
        targets = [self.folder / name / TREE / (top.name or "root") for name in names]
        await asyncio.to_thread(self._make_places, targets)
        if repository is not None:
            git = GitWorktrees(repository, self._commands)
            around = await git.tracked() if top != self._workspace.root else []
            # One after the other: git takes a lock for each.
            problems = [await git.add(target) for target in targets]
            notes += [f"no working tree of git: {problem}" for problem in set(problems) if problem]
        buffers = dict(self._documents.buffers())
        withheld = await self._documents.withheld(self._workspace.root)
        notes += [f"as on the disk: {reason}" for reason in withheld.values()]
        prefix = self._workspace.root.relative_to(top)
        notes += await asyncio.to_thread(
            self._fill, top, around, [target / prefix for target in targets], buffers, ignored
        )
        return [
            Worktree(target / prefix, self.folder / name / DATA, tuple(notes))
            for name, target in zip(names, targets, strict=True)
        ]

    async def remove(self, name: str) -> None:
        """Removes the copy with that name, and what git knows of it. Raises nothing."""
        await asyncio.to_thread(self._remove, name)

    async def sweep(self, is_needed: Callable[[str], bool]) -> None:
        """Removes the copies that `is_needed` does not want, as after a kill. It may block."""
        await asyncio.to_thread(self._sweep, is_needed)

    def names(self) -> list[str]:
        """Returns the names of the copies that are there. Blocking."""
        with suppress(OSError):
            return sorted(place.name for place in self.folder.iterdir())
        return []

    def _make_places(self, targets: Sequence[Path]) -> None:
        for target in targets:
            make_private(target)

    def _fill(
        self,
        top: Path,
        around: Sequence[str],
        roots: Sequence[Path],
        buffers: Mapping[Path, str],
        ignored: IgnoredFolders,
    ) -> Iterator[str]:
        root = self._workspace.root
        prefix = root.relative_to(top).as_posix()
        outside = [path for path in around if not f"{path}/".startswith(f"{prefix}/")]
        tops = [target.joinpath(*[".."] * len(root.relative_to(top).parts)) for target in roots]
        copy_files(top, outside, tops)
        left_out: list[str] = []
        counting = [
            path
            for found in Ignore(self._workspace).listings(left_out.append)
            for path, *_ in found
        ]
        unread = copy_files(root, [*counting, *WATCHED], roots)
        folders = [path for path in left_out if path.endswith("/") and not _is_cache(path)]
        if ignored == "link":
            link_folders(root, folders, roots)
        elif ignored == "copy":
            copy_folders(root, folders, roots)
        unwritten = write_buffers(root, buffers, roots)
        return _notes({"cannot be read": unread, "is unsaved and no text on the disk": unwritten})

    def _remove(self, name: str) -> None:
        place = self.folder / name
        repository = repository_of(self._workspace.root)
        if repository is not None:
            forget_worktrees(repository, place)
        remove_tree(place)
        with suppress(OSError):  # It stays as long as it has others.
            self.folder.rmdir()

    def _sweep(self, is_needed: Callable[[str], bool]) -> None:
        for name in self.names():
            if not is_needed(name):
                self._remove(name)


def _is_cache(path: str) -> bool:
    return path.rstrip("/").rpartition("/")[2] in CACHES


def _notes(paths: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for what, named in paths.items():
        if named:
            more = f" and {len(named) - NAMED_MAX} more" if len(named) > NAMED_MAX else ""
            yield f"{', '.join(named[:NAMED_MAX])}{more} {what}"
