"""Which check commands may run: a person's own ones, approved once per text.

A goals file comes with a checkout, so the first time that a command is to run a
person sees its text and decides. What the permission rules allow anyway is
never asked about, and deny rules win over everything.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.tools import NeedsCommand
from lsp_server.settings.sections import PermissionSettings
from lsp_server.system.private_folder import make_private
from lsp_server.tools.approval import Allow, Approval, Deny
from lsp_server.tools.shell import Shell
from lsp_server.workspace.disk import write_bytes
from lsp_server.workspace.paths import Workspace

COMMANDS_MAX = 1000

Ask = Callable[[Question], Awaitable[Answer]]


class CheckApprovals:
    """The approved commands of one workspace, kept in the file `path`."""

    def __init__(self, path: Path, workspace: Workspace) -> None:
        self._path = path
        self._workspace = workspace
        self._approved: dict[str, None] = dict.fromkeys(_load(path))

    @property
    def approved(self) -> tuple[str, ...]:
        """The commands that run without a question, oldest first."""
        return tuple(self._approved)

    def approve(self, commands: Iterable[str]) -> None:
        """A person gave these commands, or said yes to them."""
        new = [command for command in commands if command not in self._approved]
        if not new:
            return
        self._approved |= dict.fromkeys(new)
        kept = list(self._approved)[-COMMANDS_MAX:]
        # Not kept means asked again: no reason to fail.
        with suppress(OSError, HoldfastError):
            make_private(self._path.parent)
            write_bytes(self._path, json.dumps(kept).encode())

    async def permit(self, command: str, rules: PermissionSettings, ask: Ask | None) -> str | None:
        """None when the command may run, else why not. Without `ask` nobody is asked."""
        denied = Approval(rules.model_copy(update={"mode": "full"}), self._workspace)
        try:
            decision = denied.decide(Shell.spec, NeedsCommand(command))
            if isinstance(decision, Deny):
                return f"`{command}` does not run: {decision.reason}"
            if command in self._approved:
                return None
            own = Approval(rules, self._workspace)
            decision = own.decide(Shell.spec, NeedsCommand(command))
        except HoldfastError as error:
            return f"`{command}` does not run: {error}"
        if isinstance(decision, Allow):
            return None
        if ask is None:
            return f"`{command}` was not approved yet; “Check now” asks for it"
        if await ask(_question(command)) == "deny":
            return f"permission to run the check `{command}` was denied or not given in time"
        self.approve([command])
        return None


def _question(command: str) -> Question:
    line = command.partition("\n")[0]
    short = line if len(line) <= 60 else f"{line[:59]}…"
    return Question(
        id=uuid4().hex[:12],
        tool="check",
        summary=f"run the check `{short}`, now and whenever this goal is checked",
        detail=command,
    )


def _load(path: Path) -> list[str]:
    try:
        commands = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return []
    return [c for c in commands if isinstance(c, str)] if isinstance(commands, list) else []
