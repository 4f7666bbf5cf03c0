"""This module reads files as they were committed last before a moment; nothing of a repository is started by it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from lsp_server.domain.errors import ToolError
from lsp_server.workspace.commands.commands import CommandRunner
from lsp_server.workspace.commands.inert import inert_environment

GIT_SECONDS_MAX = 10.0
FILE_BYTES_MAX = 5_000_000

_COMMIT = re.compile(r"[0-9a-f]{40,64}")


class PastFiles:
    """`PastFiles` are those of the repository in which the folder `root` lies; `commands` run git."""

    def __init__(self, root: Path, commands: CommandRunner) -> None:
        self._root = root
        self._commands = commands

    async def text_of(self, path: str, moment: str) -> str | None:
        """Returns a file as it was at a moment, in ISO 8601; None where no commit tells, or it is no text.

        `path` is relative to the root.
        """
        commit = (await self._git(f"rev-list -1 --before={shlex.quote(moment)} HEAD") or "").strip()
        if not _COMMIT.fullmatch(commit):
            return None
        text = await self._git(f"cat-file blob {shlex.quote(f'{commit}:./{path}')}")
        # What is no UTF-8 was replaced on the way.
        return None if text is None or "\ufffd" in text else text

    async def _git(self, arguments: str) -> str | None:
        try:
            done = await self._commands.run(
                f"git {arguments} 2>/dev/null",
                self._root,
                timeout_seconds=GIT_SECONDS_MAX,
                output_bytes_max=FILE_BYTES_MAX,
                environment=inert_environment(self._root),
            )
        except ToolError:
            return None
        return done.output if done.exit_status == 0 and not done.truncated_bytes else None
