"""This module makes what another agent may have of a session."""

from __future__ import annotations

from pathlib import Path

from lsp_server.agent.journal import JOURNAL_NAME
from lsp_server.agent.recall.journal_search import JournalSearch
from lsp_server.redaction.secrets import is_secret_file
from lsp_server.session.lending import Lending
from lsp_server.session.memory.run_memory import RunHistory
from lsp_server.session.session import Session
from lsp_server.tools.approval import Approval
from lsp_server.workspace.files.paths import Workspace

NO_RUN = "none"
"""What looks back is no run: a name that no run has."""


def lend(session: Session, *, approves_checks: bool = False) -> Lending:
    """Makes the part of a session that another agent may have; `approves_checks` as of `Lending`.

    Example::

        async with command_session(folder, settings) as session:
            lending = lend(session)
    """
    workspace = Workspace(session.root)

    def visible(path: Path) -> bool:
        # Rules may be granted, and settings change, while it is lent.
        settings = session.granted_rules.added_to(session.settings)
        return Approval(settings.permissions, workspace).visible(path) and not is_secret_file(
            path.name
        )

    history = RunHistory(
        JournalSearch(session.runs.store.folder / NO_RUN / JOURNAL_NAME), session.memory
    )
    return Lending(session, history, session.redactor, visible, approves_checks)
