"""This module names a working tree as a person does: by its commit, and how many files differ.

Git is run without asking anybody, so nothing that a repository's own settings
name may be started by it: no filter, no monitor, no transport.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from lsp_server.domain.errors import ToolError
from lsp_server.text.count import count_of
from lsp_server.workspace.commands.commands import CommandRunner
from lsp_server.workspace.commands.inert import inert_environment

GIT_SECONDS_MAX = 3.0
GIT_OUTPUT_BYTES_MAX = 4_000_000
KEPT_SECONDS = 1.0
"""A commit leaves the tree as it is, so what was found may be wrong after it."""
OWN_FOLDER = ".holdfast/"
"""What is written there is about the tree and no change of it."""

FILTERS = r"config --includes --name-only -z --get-regexp '^filter\..*\.(clean|process|required)$'"
_NONE: Mapping[str, str] = MappingProxyType({})
STATUS = "status --porcelain --no-renames --untracked-files=all --ignore-submodules=all -z -- ."


class Revisions:
    """Names the state of the working tree at `root`, as in `1f3c9a2 with 3 changes`.

    What was found is taken again for `kept_seconds`: many goals are often checked
    in a row on one tree.
    """

    def __init__(
        self,
        root: Path,
        commands: CommandRunner,
        kept_seconds: float = KEPT_SECONDS,
    ) -> None:
        self._git = Git(root, commands)
        self._kept_seconds = kept_seconds
        self._last = ("", float("-inf"), "")

    async def of(self, tree: str) -> str:
        """Returns the revision of the tree with that hash, which has to be the one that is there now.

        Empty where git knows no commit or is slow.
        """
        known, asked_at, found = self._last
        if tree != known or time.monotonic() - asked_at > self._kept_seconds:
            asked_at, found = time.monotonic(), await self._find()
            self._last = (tree, asked_at, found)
        return found

    async def _find(self) -> str:
        place, filters = await asyncio.gather(
            self._git.run("rev-parse --show-prefix --short HEAD"),
            self._git.run(f"{FILTERS} || test $? = 1"),  # 1: there are none.
        )
        if place is None or filters is None:
            return ""
        status = await self._git.run(STATUS, switched_off(filters.split("\0")))
        if status is None:
            return ""
        # A folder may be called anything, so that only the end of the name is sure.
        prefix, _, commit = place.removesuffix("\n").rpartition("\n")
        own = prefix + OWN_FOLDER
        # Two letters of status and a blank come before each path.
        count = sum(bool(line) and not line[3:].startswith(own) for line in status.split("\0"))
        return commit + (f" with {count_of(count, 'change')}" if count else "")


@dataclass(frozen=True, slots=True)
class Git:
    """A `Git` runs git in the folder `root` without starting anything that the repository names."""

    root: Path
    commands: CommandRunner
    timeout_seconds: float = GIT_SECONDS_MAX
    output_bytes_max: int = GIT_OUTPUT_BYTES_MAX

    async def run(self, arguments: str, settings: Mapping[str, str] = _NONE) -> str | None:
        """Returns the output of git; None when it fails, is missing or takes too long."""
        try:
            done = await self.commands.run(
                f"git {arguments} 2>/dev/null",
                self.root,
                timeout_seconds=self.timeout_seconds,
                output_bytes_max=self.output_bytes_max,
                environment=inert_environment(self.root, settings=settings),
                reads_only=True,
            )
        except ToolError:
            return None
        return done.output if done.exit_status == 0 and not done.truncated_bytes else None


def switched_off(names: Iterable[str]) -> dict[str, str]:
    """Returns settings that override those of a repository that would start something."""
    empty = dict.fromkeys(filter(None, names), "")
    return empty | {name: "false" for name in empty if name.endswith(".required")}
