"""This module decides which check commands may run; a person approves each text once.

A goals file comes with a checkout, so the first time that a command is to run a
person sees its text and decides. What the permission rules allow anyway is
never asked about, and deny rules win over everything.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.permissions import AskPerson, Question
from lsp_server.domain.tools import NeedsCommand
from lsp_server.settings.sections import PermissionSettings
from lsp_server.system.atomic_file import replace_file
from lsp_server.system.private_folder import make_private
from lsp_server.text.truncate import first_line
from lsp_server.tools.approval import Allow, Approval, Deny
from lsp_server.tools.shell import Shell
from lsp_server.workspace.files.paths import Workspace

COMMANDS_MAX = 1000
SHOWN_CHARS_MAX = 60


class CheckApprovals:
    """The approved commands of one workspace, kept in the file `path`."""

    def __init__(self, path: Path, workspace: Workspace) -> None:
        self._path = path
        self._workspace = workspace
        self._approved: dict[str, None] = dict.fromkeys(_load(path))
        self._approved_now: set[str] = set()

    @property
    def approved(self) -> tuple[str, ...]:
        """Returns the commands that run without a question, oldest first."""
        return tuple(self._approved)

    def approve(self, commands: Iterable[str], *, lasting: bool = True) -> None:
        """Takes these commands as approved: a person gave them, or said yes to them.

        Without `lasting` that is not kept for later sessions.
        """
        if not lasting:
            self._approved_now.update(commands)
            return
        new = [command for command in commands if command not in self._approved]
        if not new:
            return
        self._approved |= dict.fromkeys(new)
        kept = list(self._approved)[-COMMANDS_MAX:]
        # A command that is not kept is asked about again: no reason to fail.
        with suppress(OSError):
            make_private(self._path.parent)
            replace_file(self._path, json.dumps(kept).encode(), private=True)

    async def decide(
        self,
        command: str,
        rules: PermissionSettings,
        ask: AskPerson | None,
        *,
        commands_are_confined: bool = False,
        sandbox_holds: Callable[[], bool] = lambda: False,
    ) -> Allow | Deny:
        """Decides whether the command may run now. Without `ask` nobody is asked.

        `commands_are_confined` and `sandbox_holds` are as of `Approval`.
        """
        # What a person approved once may still be forbidden, but the mode does not matter any more.
        denied = Approval(rules.model_copy(update={"mode": "full"}), self._workspace)
        try:
            decision = await asyncio.to_thread(denied.decide, Shell.spec, NeedsCommand(command))
            if isinstance(decision, Deny):
                return Deny(f"`{command}` does not run: {decision.reason}")
            if command in self._approved or command in self._approved_now:
                return Allow()
            own = Approval(
                rules,
                self._workspace,
                commands_are_confined=commands_are_confined,
                sandbox_holds=sandbox_holds,
            )
            decision = await asyncio.to_thread(own.decide, Shell.spec, NeedsCommand(command))
        except HoldfastError as error:
            return Deny(f"`{command}` does not run: {error}")
        if isinstance(decision, Allow):
            return decision
        if ask is None:
            return Deny(f"`{command}` was not approved yet; “Check now” asks for it")
        if (await ask(_question(command))).answer == "deny":
            return Deny(
                f"permission to run the check `{command}` was denied or not given in time; "
                f"`holdfast goals --check` asks again, and the rule `shell({command})` under "
                "permissions.allow lets it run"
            )
        self.approve([command])
        return Allow()


def _question(command: str) -> Question:
    shown = first_line(command, SHOWN_CHARS_MAX)
    return Question(
        id=uuid4().hex[:12],
        tool="check",
        summary=f"run the check `{shown}`, now and whenever this goal is checked",
        detail=command,
    )


def _load(path: Path) -> list[str]:
    try:
        commands = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return []
    return [c for c in commands if isinstance(c, str)] if isinstance(commands, list) else []
