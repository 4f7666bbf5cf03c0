"""This module has every command and carries them out: arguments in, a small reply out, at once.

Work that takes longer goes on in the background. What goes wrong for a reason that a
person can fix is a reply with the state `error`, and is shown, since most editors drop
replies; a wrong argument is an InvalidParams error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from lsprotocol import types

from lsp_server.domain.errors import HoldfastError
from lsp_server.server.commands.arguments import parse_arguments
from lsp_server.server.commands.code_review_commands import CodeReviewCommands
from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.conversation_commands import ConversationCommands
from lsp_server.server.commands.doctor_report import DoctorReport
from lsp_server.server.commands.evolution_commands import EvolutionCommands
from lsp_server.server.commands.extension_commands import ExtensionCommands
from lsp_server.server.commands.goal_commands import GoalCommands
from lsp_server.server.commands.max_mode_commands import MaxModeCommands
from lsp_server.server.commands.memory_commands import MemoryCommands
from lsp_server.server.commands.model_commands import ModelCommands
from lsp_server.server.commands.permission_commands import PermissionCommands
from lsp_server.server.commands.review_commands import ReviewCommands
from lsp_server.server.commands.run_commands import RunCommands
from lsp_server.server.commands.run_errors import error_text
from lsp_server.server.commands.run_list_commands import RunListCommands
from lsp_server.server.commands.skill_commands import SkillCommands
from lsp_server.server.commands.status_commands import StatusCommands
from lsp_server.server.commands.workflow_commands import WorkflowCommands
from lsp_server.server.params.base import MessagePayload, Reply
from lsp_server.server.transport.errors import InvalidParams

ECHO_SECONDS = 1.0
"""After that a reply is logged. Emacs 28 handles what arrives together with a reply only
once more arrives; without this line a question could wait there unseen."""


class CommandRegistry:
    """A `CommandRegistry` finds a command by its name and carries it out."""

    def __init__(self, context: CommandContext, doctor: DoctorReport) -> None:
        self._context = context
        subjects = (
            RunCommands(context),
            RunListCommands(context),
            ReviewCommands(context),
            CodeReviewCommands(context),
            MaxModeCommands(context),
            GoalCommands(context),
            MemoryCommands(context),
            PermissionCommands(context),
            ConversationCommands(context),
            SkillCommands(context),
            ExtensionCommands(context),
            WorkflowCommands(context),
            ModelCommands(context),
            EvolutionCommands(context),
            StatusCommands(context, doctor),
        )
        self._commands: Mapping[str, ServerCommand] = {
            command.name: command for subject in subjects for command in subject.commands()
        }

    async def execute(self, params: types.ExecuteCommandParams) -> dict[str, Any]:
        """Carries out a command and returns its reply as JSON. Raises InvalidParams."""
        command = self._commands.get(params.command)
        if command is None:
            known = ", ".join(self._commands)
            raise InvalidParams(f"unknown command {params.command!r}; known are: {known}")
        arguments = parse_arguments(params.command, command.params, params.arguments or ())
        payload: MessagePayload
        try:
            payload = await command.handle(arguments)
        except HoldfastError as error:
            self._context.client.show("warning", error_text(error))
            payload = Reply(state="error", message=error_text(error))
        self._context.tasks.start(self._echo(params.command, payload), "echo of a reply")
        return payload.wire()

    async def _echo(self, command: str, payload: MessagePayload) -> None:
        await asyncio.sleep(ECHO_SECONDS)
        self._context.client.log("info", f"{command}: {payload.message}")
