"""This module says in which sandbox the commands of a workspace run, and makes it at its first use."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from lsp_server.domain.errors import ConfigurationError
from lsp_server.sandbox.choice import ProbedSandbox, SandboxMode, choose
from lsp_server.sandbox.policy import Policy, PolicyRules, workspace_policy
from lsp_server.settings.sections import SandboxSettings, Settings
from lsp_server.workspace.commands import CommandRunner
from lsp_server.workspace.sandboxed_commands import ConfiningCommandRunner, SandboxedCommandRunner


class Sandboxes:
    """`Sandboxes` has the runners of commands for one workspace, by the settings of a run.

    `own_folders` hold Holdfast's data and settings, which commands in a sandbox do not
    see; `host` runs what is not confined. Which mechanism holds is found out at the
    first use, in a thread, as that takes some tenths of a second.
    """

    def __init__(self, root: Path, own_folders: Iterable[Path], host: CommandRunner) -> None:
        self._root = root
        # In a workspace below one of them, its parts would be hidden from its own commands.
        self._own_folders = tuple(one for one in own_folders if not root.is_relative_to(one))
        self._host = host
        self._lock = asyncio.Lock()
        self._runners: dict[SandboxSettings, SandboxedCommandRunner | None] = {}

    def commands(self, settings: Settings) -> CommandRunner:
        """Returns the runner for commands under these settings; nothing is tried yet.

        In the mode `sandboxed` all run in the sandbox, in the others those that only
        read; where no sandbox holds, all run without one.
        """
        return ConfiningCommandRunner(
            self._host,
            partial(self._find, settings.sandbox),
            confines_all=settings.permissions.mode == "sandboxed",
        )

    async def confine_commands(self, settings: Settings) -> bool:
        """Says whether all commands under these settings run in a sandbox that holds.

        Raises ConfigurationError where the mechanism that the settings name does not
        hold and the mode needs one.
        """
        if settings.permissions.mode != "sandboxed":
            return False
        if settings.sandbox.mode not in ("auto", "off"):
            async with self._lock:
                await asyncio.to_thread(choose, settings.sandbox.mode)
        return await self._find(settings.sandbox) is not None

    async def _find(self, sandbox: SandboxSettings) -> SandboxedCommandRunner | None:
        # One at a time, so that nothing is tried twice.
        async with self._lock:
            if sandbox not in self._runners:
                found = await asyncio.to_thread(_holding, sandbox.mode)
                policy = partial(self._policy, self._rules(sandbox))
                self._runners[sandbox] = (
                    None if found is None else SandboxedCommandRunner(found.sandbox, policy)
                )
            return self._runners[sandbox]

    def _rules(self, sandbox: SandboxSettings) -> PolicyRules:
        return PolicyRules(sandbox.network, self._places(sandbox.write), self._places(sandbox.hide))

    def _places(self, texts: Iterable[str]) -> tuple[Path, ...]:
        return tuple(self._root / Path(text).expanduser() for text in texts)

    def _policy(self, rules: PolicyRules, scratch: Path) -> Policy:
        return workspace_policy(self._root, self._own_folders, scratch, rules)


def _holding(mode: SandboxMode) -> ProbedSandbox | None:
    """The mechanism if it holds. Blocking."""
    try:
        found = choose(mode)
    except ConfigurationError:
        return None
    return found if found.holds else None
