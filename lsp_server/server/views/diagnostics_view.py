"""This module publishes our diagnostics: goals, questions that wait, runs that failed.

They are derived from the sessions each time, so that what is shown cannot drift from
what is.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from lsprotocol import types

from lsp_server.domain.goals import GOALS_FILE
from lsp_server.domain.permissions import visible
from lsp_server.server import to_lsp
from lsp_server.server.client import Client
from lsp_server.server.documents import OpenDocuments
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.protocol import SOURCE, CommandName, DiagnosticCode
from lsp_server.server.views import goal_view, review_view, skill_view
from lsp_server.session.permissions import PendingQuestion
from lsp_server.session.session import Session
from lsp_server.text.truncate import truncate_middle

DETAIL_CHARS_MAX = 2000


class DiagnosticsView:
    """A `DiagnosticsView` publishes our diagnostics of all folders.

    `failures` says why the last run of a root failed.
    """

    def __init__(self, client: Client, folders: Folders, open_documents: OpenDocuments) -> None:
        self.failures: dict[Path, str] = {}
        self._client = client
        self._folders = folders
        self._open = open_documents
        self._published: dict[str, list[types.Diagnostic]] = {}

    def publish(self) -> None:
        """Publishes what differs from what the editor has."""
        current: dict[str, list[types.Diagnostic]] = {}
        for path, diagnostic in self._diagnostics():
            # The editor's own spelling of the URI, or it would show a second file.
            document = self._open.at(path)
            uri = document.uri if document is not None else to_lsp.uri(path)
            current.setdefault(uri, []).append(diagnostic)
        for uri in current.keys() | self._published.keys():
            if current.get(uri, []) != self._published.get(uri, []):
                self._client.publish(uri, current.get(uri, []))
        self._published = current

    def _diagnostics(self) -> Iterator[tuple[Path, types.Diagnostic]]:
        for folder in self._folders:
            if folder.session is not None:
                yield from _questions(folder, folder.session)
                problems = folder.session.skills.problems, folder.session.workflows.problems
                yield from skill_view.diagnostics(chain.from_iterable(problems))
                yield from review_view.diagnostics(folder, folder.session.code_review.findings)
                can = self._client.can
                yield from goal_view.diagnostics(
                    folder, folder.session.goals, can.encoding, related=can.related_information
                )
            if (failure := self.failures.get(folder.root)) is not None:
                text = f"{failure}\n({CommandName.RUN_SHOW} opens its transcript)"
                yield folder.root / GOALS_FILE, _diagnostic(DiagnosticCode.RUN_FAILED, text)


def _questions(folder: Folder, session: Session) -> Iterator[tuple[Path, types.Diagnostic]]:
    """Yields a question twice: in the goals file, and in the file that it is about."""
    for pending in session.permissions.pending():
        diagnostic = _question(pending)
        yield folder.root / GOALS_FILE, diagnostic
        for path in pending.question.paths:
            yield folder.root / path, diagnostic


def _question(pending: PendingQuestion) -> types.Diagnostic:
    question = pending.question
    asked = visible(f"{question.summary}\n{truncate_middle(question.detail, DETAIL_CHARS_MAX)}")
    diagnostic = _diagnostic(
        DiagnosticCode.PERMISSION_PENDING,
        f"Holdfast waits for permission: {asked}\n(answer with a code action here)",
    )
    diagnostic.data = {"id": question.id, "runId": pending.run_id}
    return diagnostic


def _diagnostic(code: DiagnosticCode, message: str) -> types.Diagnostic:
    failed = code is DiagnosticCode.RUN_FAILED
    return types.Diagnostic(
        range=to_lsp.whole_line(0),
        message=message,
        severity=types.DiagnosticSeverity.Error if failed else types.DiagnosticSeverity.Warning,
        code=code.value,
        source=SOURCE,
    )
