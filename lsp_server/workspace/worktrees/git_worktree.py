"""This module makes a folder a working tree of a repository, and lets the repository forget it.

Nothing is checked out: no hook and no filter of the project runs. The repository's own folder
gets one entry for each working tree, in `worktrees`, and nothing else there changes.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lsp_server.domain.errors import ToolError
from lsp_server.settings.regular_files import read_whole
from lsp_server.workspace.commands.commands import CommandResult, CommandRunner
from lsp_server.workspace.commands.inert import inert_environment
from lsp_server.workspace.git.git_repository import POINTER_BYTES_MAX, GitRepository

GIT_SECONDS_MAX = 60.0
LISTED_BYTES_MAX = 50_000_000


class GitWorktrees:
    """`GitWorktrees` makes working trees of one repository; `commands` runs git."""

    def __init__(self, repository: GitRepository, commands: CommandRunner) -> None:
        self._repository = repository
        self._commands = commands

    async def add(self, folder: Path) -> str:
        """Makes a new working tree at `folder`, at the commit of now, with no file in it.

        Returns why that is not possible, as in a repository without a commit; else "".
        """
        place = shlex.quote(str(folder))
        problem = await self._run(f"worktree add --no-checkout --detach {place}")
        # Else git would take every file for deleted.
        return problem or await self._run(f"-C {place} read-tree HEAD")

    async def tracked(self) -> list[str]:
        """Returns the paths of tracked files, from the root of the repository; none on failure."""
        with suppress(ToolError):
            done = await self._git("ls-files -z 2>/dev/null")
            if done.exit_status == 0 and not done.truncated_bytes:
                return list(filter(None, done.output.split("\0")))
        return []

    async def _run(self, arguments: str) -> str:
        try:
            done = await self._git(arguments)
        except ToolError as error:
            return str(error)
        if done.exit_status == 0:
            return ""
        return done.output.strip().rpartition("\n")[2] or f"git ended with {done.exit_status}"

    async def _git(self, arguments: str) -> CommandResult:
        root = self._repository.root
        return await self._commands.run(
            f"git {arguments}",
            root,
            timeout_seconds=GIT_SECONDS_MAX,
            output_bytes_max=LISTED_BYTES_MAX,
            environment=inert_environment(root),
        )


def forget_worktrees(repository: GitRepository, folder: Path) -> None:
    """Removes the repository's entries of working trees at or below `folder`, and no other. Blocking.

    `git worktree prune` would remove those of a person's too, as on a disk that is not mounted.
    """
    for entry in _entries(repository):
        with suppress(OSError, ValueError):
            pointer = read_whole(entry / "gitdir", POINTER_BYTES_MAX).decode()
            if Path(pointer.strip()).is_relative_to(folder):
                shutil.rmtree(entry, ignore_errors=True)


def _entries(repository: GitRepository) -> Iterator[Path]:
    with suppress(OSError):
        yield from (repository.common / "worktrees").iterdir()
