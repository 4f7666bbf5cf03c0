"""This module has the commands that answer a question of a run, and that switch what it asks."""

from __future__ import annotations

from pathlib import Path

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.permissions import Answer, Question
from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.run_commands import run_id_of
from lsp_server.server.params.base import Reply
from lsp_server.server.params.run_params import PermissionAnswer, PermissionSwitch
from lsp_server.server.protocol import CommandName
from lsp_server.session.permission_mode import switch_mode
from lsp_server.settings.relative_rules import names_project_file
from lsp_server.settings.sections import PERMISSION_MODES
from lsp_server.tools.builtin import BUILTIN_NAMES
from lsp_server.tools.rules import parse_rule


class PermissionCommands:
    """`PermissionCommands` has the commands about what runs ask and may do."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (
            ServerCommand(CommandName.PERMISSION_ANSWER, PermissionAnswer, self._answer),
            ServerCommand(CommandName.PERMISSION_MODE, PermissionSwitch, self._switch),
        )

    async def _answer(self, arguments: PermissionAnswer) -> Reply:
        asked = [
            (session, pending)
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
        session, pending = asked[0]
        if answer == "sandboxed" and not pending.question.offers_sandbox:
            raise HoldfastError("the sandbox is not on offer here: it would not free this call")
        rule = (arguments.rule or "").strip()
        if rule:
            _check_rule(rule, answer, pending.question, session.root)
        if not session.permissions.answer(
            pending.question.id, answer, arguments.reason or "", rule
        ):
            raise HoldfastError("the question is settled already")
        return Reply(
            state="running",
            message=f"{answer}: {pending.question.summary}",
            run_id=pending.run_id,
        )

    async def _switch(self, arguments: PermissionSwitch) -> Reply:
        run_id = run_id_of(arguments.run_id)
        runs = self._context.session_of_run(run_id, active=True).runs
        if arguments.mode is None:
            now = runs.active_run(run_id).context.current_settings.permissions.mode
            raise HoldfastError(f"pass `mode`: one of {', '.join(PERMISSION_MODES)}; it is {now}")
        run = (await switch_mode(runs, run_id, arguments.mode)).summary()
        message = f"mode {arguments.mode} for this run: {run.title}"
        self._context.show_message(message)
        return Reply(state=run.state, message=message, run_id=run.run_id)


def _check_rule(rule: str, answer: Answer, question: Question, root: Path) -> None:
    """Raises HoldfastError where the answer keeps no rule, or this is none that it may keep."""
    offered = question.rule_of(answer)
    if offered is None:
        raise HoldfastError(f"the answer {answer!r} keeps no rule here; leave `rule` out")
    parse_rule(rule, key="rule", tools={*BUILTIN_NAMES, offered.partition("(")[0]})
    if answer == "everywhere" and names_project_file(rule, root):
        raise HoldfastError(f"{rule} names a file of this project, so it holds in this one alone")
