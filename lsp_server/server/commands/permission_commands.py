"""This module has the command that answers a question of a run."""

from __future__ import annotations

from lsp_server.domain.errors import HoldfastError
from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.params.base import Reply
from lsp_server.server.params.run_params import PermissionAnswer
from lsp_server.server.protocol import CommandName


class PermissionCommands:
    """`PermissionCommands` has the command that answers a question."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (ServerCommand(CommandName.PERMISSION_ANSWER, PermissionAnswer, self._answer),)

    async def _answer(self, arguments: PermissionAnswer) -> Reply:
        asked = [
            (session.permissions, pending)
            for session in self._context.folders.sessions()
            for pending in session.permissions.pending()
            if arguments.id in (None, pending.question.id)
        ]
        if not asked:
            raise HoldfastError("no permission is waited for, or it is settled already")
        waiting = "; ".join(f"{p.question.id}: {p.question.summary}" for _, p in asked)
        answer = arguments.scoped
        if answer is None:
            known = ", ".join(asked[0][1].question.answers)
            raise HoldfastError(f"pass `answer`: one of {known}. Waiting: {waiting}")
        if len(asked) > 1:
            raise HoldfastError(f"pass the `id` of the question that you mean. Waiting: {waiting}")
        permissions, pending = asked[0]
        if answer == "sandboxed" and not pending.question.offers_sandbox:
            raise HoldfastError("the sandbox is not on offer here: it would not free this call")
        if not permissions.answer(pending.question.id, answer, arguments.reason or ""):
            raise HoldfastError("the question is settled already")
        return Reply(
            state="running",
            message=f"{answer}: {pending.question.summary}",
            run_id=pending.run_id,
        )
