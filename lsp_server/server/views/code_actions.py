"""This module offers code actions: every way into the product that needs no client code.

A command that acts must not run because somebody pressed "fix all". So the kind
`quickfix` is used only with clients that know a preferred fix, none of ours is
preferred, and all others get `refactor.rewrite`. Actions about a run have the kind
`holdfast`. Kate's Quick Fix runs all that is offered for a diagnostic, of whatever
kind: there a request that names a diagnostic gets nothing. Kate's menu names none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lsprotocol import types

from lsp_server.domain.permissions import Answer
from lsp_server.server.client import Client
from lsp_server.server.documents import OpenDocuments
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.protocol import SOURCE, ActionKind, CommandName, DiagnosticCode
from lsp_server.server.questions import action_titles
from lsp_server.server.views import conversation_view, goal_view, inbox_view, skill_view
from lsp_server.session.permissions import PendingQuestion
from lsp_server.session.run_summary import RunSummary
from lsp_server.session.session import Session
from lsp_server.text.truncate import one_line

EXPLAIN = "Explain the selected code: what it does, why, and what to watch out for."
SUMMARY_CHARS_MAX = 60


class CodeActions:
    """Offers what fits the place; nothing here asks a model."""

    def __init__(self, client: Client, folders: Folders, open_documents: OpenDocuments) -> None:
        self._client = client
        self._folders = folders
        self._open = open_documents

    def offer(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """Returns the actions for a range that were asked for, most pressing first."""
        located = self._folders.locate(params.text_document.uri)
        if located is None:
            return []
        self._remember_diagnostics(params)
        if self._client.can.runs_all_fixes and params.context.diagnostics:
            return []
        wanted = params.context.only
        return [
            action
            for action in self._all(*located, params)
            if wanted is None or _is_among(action.kind, wanted)
        ]

    def _all(
        self, folder: Folder, path: Path, params: types.CodeActionParams
    ) -> Iterator[types.CodeAction]:
        session = folder.session
        if session is not None:
            yield from self._answers(session, params)
            for command in conversation_view.commands(folder, path):
                yield _action(command, ActionKind.RUN)
            yield from self._goals(folder, session, path, params)
            yield from self._inbox(folder, session, path, params)
        yield from self._fixes(params)
        yield from self._work(params)
        if session is not None:
            yield from self._changes(folder, session, path, params)
            yield from self._whys(folder, session, path, params)
            yield from self._proposals(session)
            yield from self._custom_commands(session, path, params)
            for command in run_commands(session):
                yield _action(command, ActionKind.RUN)

    def _answers(
        self, session: Session, params: types.CodeActionParams
    ) -> Iterator[types.CodeAction]:
        """The answers to every open question, wherever the person is."""
        for asked in session.permissions.pending():
            shown = [d for d in params.context.diagnostics if _asks(d, asked.question.id)]
            kind = self._fix_kind if shown else ActionKind.RUN
            for answer, title in action_titles(asked.question):
                command = permission_command(title, asked, answer)
                yield _action(command, kind, diagnostics=shown)

    def _goals(
        self, folder: Folder, session: Session, path: Path, params: types.CodeActionParams
    ) -> Iterator[types.CodeAction]:
        """Yields the commands about the goals on these lines."""
        first, last = params.range.start.line, params.range.end.line
        for command in goal_view.commands_at(folder, session.goals, path, first, last):
            shown = [d for d in params.context.diagnostics if _is_of(d, command.condition_id)]
            kind = self._fix_kind if shown else ActionKind.RUN
            yield _action(command.as_action(), kind, diagnostics=shown)

    def _inbox(
        self, folder: Folder, session: Session, path: Path, params: types.CodeActionParams
    ) -> Iterator[types.CodeAction]:
        text = folder.documents.buffers().get(path, "")
        first, last = params.range.start.line, params.range.end.line
        for command in inbox_view.commands_at(session.evolution.inbox, path, text, first, last):
            yield _action(command, ActionKind.RUN)

    def _fixes(self, params: types.CodeActionParams) -> Iterator[types.CodeAction]:
        for diagnostic in params.context.diagnostics:
            if diagnostic.source == SOURCE and diagnostic.code != DiagnosticCode.REVIEW_FINDING:
                continue
            arguments = {
                "uri": params.text_document.uri,
                "range": _wire_range(diagnostic.range),
                "diagnostics": [_wire_diagnostic(diagnostic)],
            }
            message = _short(diagnostic.message)
            for title, more in (
                (f"Fix with Holdfast: {message}", {}),
                (f"Fix with Holdfast and Max Mode: {message}", {"maxMode": True}),
            ):
                values = [{**arguments, **more}]
                command = types.Command(title, CommandName.RUN_START, arguments=values)
                yield _action(command, self._fix_kind, diagnostics=[diagnostic])

    def _work(self, params: types.CodeActionParams) -> Iterator[types.CodeAction]:
        if params.range.start == params.range.end:
            return
        place: dict[str, Any] = {
            "uri": params.text_document.uri,
            "range": _wire_range(params.range),
        }
        explain = {**place, "mode": "plan", "prompt": EXPLAIN}
        for title, name, arguments in (
            ("Holdfast: Work on this…", CommandName.RUN_START, place),
            (
                "Holdfast: Work on this with Max Mode…",
                CommandName.RUN_START,
                {**place, "maxMode": True},
            ),
            ("Holdfast: Propose several changes and compare", CommandName.MAX_PROPOSE, place),
            ("Holdfast: Use as goal", CommandName.GOAL_NEW, place),
            ("Holdfast: Explain this", CommandName.RUN_START, explain),
        ):
            command = types.Command(title, name, arguments=[arguments])
            yield _action(command, ActionKind.REWRITE)

    def _changes(
        self, folder: Folder, session: Session, path: Path, params: types.CodeActionParams
    ) -> Iterator[types.CodeAction]:
        """Takes back what the newest run changed on these lines, or gives it back."""
        document = self._open.get(params.text_document.uri)
        if document is None:
            return
        lines = params.range.start.line, params.range.end.line
        for part in session.review.at(folder.relative(path), document.text, *lines):
            arguments = {"runId": part.run_id, "path": part.path}
            if part.hunk is not None:
                arguments["hunk"] = part.hunk
            what = "this hunk" if part.hunk is not None else "this file"
            title = "Give back what was taken back here" if part.is_undone else f"Take back {what}"
            name = CommandName.RUN_KEEP if part.is_undone else CommandName.RUN_UNDO
            command = types.Command(f"Holdfast: {title}", name, arguments=[arguments])
            yield _action(command, ActionKind.RUN)

    def _whys(
        self, folder: Folder, session: Session, path: Path, params: types.CodeActionParams
    ) -> Iterator[types.CodeAction]:
        """Asks about lines that an earlier run wrote, or about a selection in such a file."""
        changed_lines, relative = session.memory.changed_lines, folder.relative(path)
        span, document = params.range, self._open.get(params.text_document.uri)
        lines = document.text.split("\n") if document is not None else []
        here = changed_lines.wrote(relative, lines[span.start.line : span.end.line + 1])
        if here or (span.start != span.end and relative in changed_lines):
            place = {"uri": params.text_document.uri, "range": _wire_range(params.range)}
            title = "Holdfast: Why was this changed?"
            command = types.Command(title, CommandName.MEMORY_WHY, arguments=[place])
            yield _action(command, ActionKind.RUN)

    def _proposals(self, session: Session) -> Iterator[types.CodeAction]:
        """Accepts a candidate of the newest proposal, the recommended one first."""
        proposal = session.proposals.newest
        if proposal is None:
            return
        judged = proposal.judged
        able = [place for place, group in enumerate(judged.groups) if not group.problem]
        for place in sorted(able, key=lambda place: place != judged.winner):
            mark = " (recommended)" if place == judged.winner else ""
            group = judged.groups[place]
            would = f"{group.title}: {group.text}" if group.text.strip() else group.title
            title = f"Holdfast: Accept {place + 1}{mark}: {_short(would)}"
            arguments = [{"proposalId": proposal.run_id, "candidate": place + 1}]
            command = types.Command(title, CommandName.MAX_ACCEPT, arguments=arguments)
            yield _action(command, ActionKind.RUN)

    def _custom_commands(
        self, session: Session, path: Path, params: types.CodeActionParams
    ) -> Iterator[types.CodeAction]:
        place: dict[str, Any] = {"uri": params.text_document.uri}
        if params.range.start != params.range.end:
            place["range"] = _wire_range(params.range)
        for command in skill_view.commands_for(session.skills, path, place):
            yield _action(command, ActionKind.RUN)

    @property
    def _fix_kind(self) -> ActionKind:
        return ActionKind.QUICK_FIX if self._client.can.quick_fixes else ActionKind.REWRITE

    def _remember_diagnostics(self, params: types.CodeActionParams) -> None:
        """Keeps what other servers found, until the text changes; only code actions name it."""
        document = self._open.get(params.text_document.uri)
        if document is not None:
            others = (d for d in params.context.diagnostics if d.source != SOURCE)
            # Each request names those of its range, so they are collected.
            known = {(d.message, str(d.range)): d for d in (*(document.seen or ()), *others)}
            document.seen = tuple(known.values())


def run_commands(session: Session) -> Iterator[types.Command]:
    """Yields commands to stop, switch and show each run that is active in a session."""
    for run in session.runs.active():
        arguments = [{"runId": run.run_id}]
        title = _short(run.title)
        yield types.Command(f"Holdfast: Stop “{title}”", CommandName.RUN_STOP, arguments=arguments)
        yield _switch_command(run)
        yield types.Command(
            f"Holdfast: Show transcript of “{title}”", CommandName.RUN_SHOW, arguments=arguments
        )


def _switch_command(run: RunSummary) -> types.Command:
    to = "off" if run.max_mode else "on"
    title = f"Holdfast: Switch Max Mode {to} for “{_short(run.title)}”"
    return types.Command(title, CommandName.MAX_SWITCH, arguments=[{"runId": run.run_id, "to": to}])


def permission_command(title: str, pending: PendingQuestion, answer: Answer) -> types.Command:
    """Returns the command that answers a question."""
    arguments = [{"id": pending.question.id, "answer": answer}]
    return types.Command(title, CommandName.PERMISSION_ANSWER, arguments=arguments)


def _action(
    command: types.Command, kind: ActionKind, diagnostics: list[types.Diagnostic] | None = None
) -> types.CodeAction:
    return types.CodeAction(
        title=command.title, kind=kind, command=command, diagnostics=diagnostics or None
    )


def _is_among(kind: types.CodeActionKind | str | None, wanted: Any) -> bool:
    """Says whether a kind was asked for: `refactor` means `refactor.rewrite` too, "" all."""
    own = str(getattr(kind, "value", kind))
    names = [str(getattr(name, "value", name)) for name in wanted]
    return any(not name or own == name or own.startswith(f"{name}.") for name in names)


def _asks(diagnostic: types.Diagnostic, question_id: str) -> bool:
    data = diagnostic.data
    return (
        diagnostic.source == SOURCE
        and diagnostic.code == DiagnosticCode.PERMISSION_PENDING
        and (not isinstance(data, Mapping) or data.get("id") == question_id)
    )


def _is_of(diagnostic: types.Diagnostic, condition_id: str) -> bool:
    data = diagnostic.data
    return isinstance(data, Mapping) and data.get("condition") == condition_id


def _wire_range(range_: types.Range) -> dict[str, Any]:
    return {
        name: {"line": place.line, "character": place.character}
        for name, place in (("start", range_.start), ("end", range_.end))
    }


def _wire_diagnostic(diagnostic: types.Diagnostic) -> dict[str, Any]:
    return {
        "range": _wire_range(diagnostic.range),
        "message": diagnostic.message,
        "severity": int(diagnostic.severity or types.DiagnosticSeverity.Error),
        "source": diagnostic.source or "",
    }


def _short(text: str) -> str:
    return one_line(text, SUMMARY_CHARS_MAX)
