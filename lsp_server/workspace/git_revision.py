"""Where a working tree stands, in words that a person knows: a commit, and what differs from it.

Git is asked without a question to anybody, so nothing that a repository's own
settings name may be started by it: no filter, no monitor, no transport.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from lsp_server.domain.errors import ToolError
from lsp_server.workspace.inert import inert
from lsp_server.workspace.process import run_command

GIT_SECONDS_MAX = 3.0
GIT_OUTPUT_BYTES_MAX = 4_000_000
KEPT_SECONDS = 1.0
"""A commit leaves the tree as it is, so what was found is not taken for longer."""
OWN_FOLDER = ".holdfast/"
"""What is written there is about the tree and no change of it."""

FILTERS = r"config --includes --name-only -z --get-regexp '^filter\..*\.(clean|process|required)$'"
_NONE: Mapping[str, str] = MappingProxyType({})
STATUS = "status --porcelain --no-renames --untracked-files=all --ignore-submodules=all -z -- ."


class Revisions:
    """Of the working tree at `root`. What was found is taken again for a moment.

    Many goals are often checked in a row on one tree.
    """

    def __init__(self, root: Path, kept_seconds: float = KEPT_SECONDS) -> None:
        self._root = root
        self._kept_seconds = kept_seconds
        self._last = ("", float("-inf"), "")

    async def of(self, tree: str) -> str:
        """Where the tree with that hash stands, which is the one that is there now."""
        known, asked_at, found = self._last
        if tree != known or time.monotonic() - asked_at > self._kept_seconds:
            asked_at, found = time.monotonic(), await revision(self._root)
            self._last = (tree, asked_at, found)
        return found


async def revision(root: Path) -> str:
    """As in `1f3c9a2` or `1f3c9a2 with 3 changes`; empty where git knows no commit or is slow."""
    place, filters = await asyncio.gather(
        _git(root, "rev-parse --show-prefix --short HEAD"),
        _git(root, f"{FILTERS} || test $? = 1"),  # 1: there are none.
    )
    if place is None or filters is None:
        return ""
    status = await _git(root, STATUS, _switched_off(filters.split("\0")))
    if status is None:
        return ""
    prefix, commit = place.splitlines()
    own = prefix + OWN_FOLDER
    count = sum(bool(line) and not line[3:].startswith(own) for line in status.split("\0"))
    return commit + (f" with {count} change{'s' * (count > 1)}" if count else "")


def _switched_off(names: Iterable[str]) -> dict[str, str]:
    """Settings of a repository that would start something, by name, as git reads them."""
    empty = dict.fromkeys(filter(None, names), "")
    return empty | {name: "false" for name in empty if name.endswith(".required")}


async def _git(root: Path, arguments: str, settings: Mapping[str, str] = _NONE) -> str | None:
    """What git prints; None when it fails, is missing or takes too long."""
    try:
        done = await run_command(
            f"git {arguments} 2>/dev/null",
            root,
            timeout_seconds=GIT_SECONDS_MAX,
            output_bytes_max=GIT_OUTPUT_BYTES_MAX,
            environment=inert(root, settings=settings),
        )
    except ToolError:
        return None
    return done.output if done.exit_status == 0 and not done.truncated_bytes else None
