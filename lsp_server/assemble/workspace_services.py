"""This module holds what all runs of one workspace share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lsp_server.agent.recall.journal_index import JournalIndexes
from lsp_server.assemble.role_models import RoleModels
from lsp_server.assemble.sandboxes import Sandboxes
from lsp_server.domain.events import Emit, Event
from lsp_server.domain.permission_events import PermissionsChanged
from lsp_server.domain.permissions import Answered, AskPerson, Question
from lsp_server.domain.ports import Editor
from lsp_server.domain.tasks import RunId
from lsp_server.models.provider import ModelProvider
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.extensions import Extensions
from lsp_server.session.goals.check_approvals import CheckApprovals
from lsp_server.session.granted_rules import GrantedRules
from lsp_server.session.mcp_servers import SessionServers
from lsp_server.session.permissions import Permissions
from lsp_server.settings.sections import Settings
from lsp_server.tools.write_turns import WriteTurns
from lsp_server.workspace.checkpoints.checkpoints import Checkpoints
from lsp_server.workspace.commands.commands import CommandRunner
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.known_secrets import KnownSecrets
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.git_revision import Revisions
from lsp_server.workspace.git.ignore import Ignore
from lsp_server.workspace.worktrees.worktrees import Worktrees


@dataclass(frozen=True, slots=True)
class AskedFor:
    """An `AskedFor` is the run that people see, where a child of it asks.

    Questions say the child's `name`, and are recorded by `emit` in that run, too.
    """

    run_id: RunId
    name: str
    emit: Emit


@dataclass(frozen=True, slots=True)
class WorkspaceServices:
    """A `WorkspaceServices` has the pieces that all runs of one workspace share.

    They are made once in `assemble/session.py`, and outlive the runs.
    """

    workspace: Workspace
    ignore: Ignore
    checkpoints: Checkpoints
    editor: Editor
    documents: Documents
    provider: ModelProvider
    roles: RoleModels
    permissions: Permissions
    granted_rules: GrantedRules
    check_approvals: CheckApprovals
    redactor: Redactor
    known_secrets: KnownSecrets
    revisions: Revisions
    journal_indexes: JournalIndexes
    own_programs: CommandRunner
    sandboxes: Sandboxes
    extensions: Extensions
    write_turns: WriteTurns
    current_settings: Callable[[], Settings]
    servers_in: Callable[[Path, Sandboxes], SessionServers]
    """Makes the MCP servers that work in a folder: the workspace or a copy."""
    worktrees: Worktrees
    asked_for: AskedFor | None = None

    def asker(
        self,
        run_id: RunId,
        emit: Emit,
        settings: Settings,
        subagent: str = "",
        grant: Emit | None = None,
    ) -> AskPerson:
        """Returns the function with which a run asks a person, and records question and answer.

        The wait ends after `permissions.answer_timeout_seconds` of the settings. With the
        title of a `subagent` each question says that it asks; `grant` records what is
        allowed for the whole run that it is a part of.
        """
        seconds = settings.permissions.answer_timeout_seconds

        parent = self.asked_for

        def emit_both(event: Event) -> None:
            emit(event)
            if parent is not None:
                parent.emit(event)

        async def ask(question: Question) -> Answered:
            if parent is not None:
                question = replace(question, summary=f"{parent.name}: {question.summary}")
            elif subagent:
                named = f"the subagent “{subagent}” asks: {question.summary}"
                question = replace(question, summary=named)
            seen_as = run_id if parent is None else parent.run_id
            answered = await self.permissions.ask(seen_as, question, emit_both, seconds)
            if grant is not None and (allowed := _allowed(question, answered)) is not None:
                grant(allowed)
            return answered

        return ask

    async def contents(self) -> Mapping[str, str]:
        """Returns names of contents by path, after what runs left in open buffers was saved."""
        await self.documents.save_drafts()
        return await self.checkpoints.tree.contents()


def _allowed(question: Question, answered: Answered) -> PermissionsChanged | None:
    """What an answer allows for the rest of the whole run."""
    match answered.answer:
        case "run":
            return PermissionsChanged(rule=answered.rule or question.run_rule or "")
        case "sandboxed":
            return PermissionsChanged("sandboxed")
        case _:
            return None
