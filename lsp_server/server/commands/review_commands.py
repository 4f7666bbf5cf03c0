"""This module has the commands about what a run changed: see it, keep it, take it back in parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.tasks import RunId
from lsp_server.server import from_lsp, to_lsp
from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.run_commands import run_id_of, undo_text
from lsp_server.server.params.base import Reply, WirePosition, WireRange
from lsp_server.server.params.review_params import (
    ChangedFile,
    ChangeHunk,
    RunChanges,
    RunChangesReply,
    RunPart,
)
from lsp_server.server.protocol import CommandName
from lsp_server.session.review.run_review import FileReview, ReviewAnswer, ReviewedHunk
from lsp_server.session.session import Session
from lsp_server.text.count import count_of
from lsp_server.text.legible import on_one_line
from lsp_server.text.line_hunks import LineRange
from lsp_server.text.truncate import truncate_counting

FILES_MAX = 2000
LISTED_IN_MESSAGE_MAX = 20
DIFF_CHARS_MAX = 10_000
"""Of one hunk."""
DIFFS_CHARS_MAX = 1_000_000
"""Of a reply; hunks behind them come without their lines."""


class ReviewCommands:
    """`ReviewCommands` has the commands about what a run changed."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (
            ServerCommand(CommandName.RUN_CHANGES, RunChanges, self._changes),
            ServerCommand(CommandName.RUN_KEEP, RunPart, self._keep),
            ServerCommand(CommandName.RUN_UNDO, RunPart, self._undo),
        )

    async def _changes(self, arguments: RunChanges) -> RunChangesReply:
        session = self._context.session_of_run(run_id_of(arguments.run_id))
        path = _relative(session, arguments.path)
        run_id, files = await session.review.changes(run_id_of(arguments.run_id), path)
        entries = [_entry(session, file, with_text=path is not None) for file in files[:FILES_MAX]]
        if arguments.diffs:
            entries = _with_diffs(entries, files)
        lines = [_line(entry) for entry in entries[:LISTED_IN_MESSAGE_MAX]]
        message = "\n".join([_summary(entries), *lines]) if entries else "the run changed no file"
        if path is None and not arguments.diffs:
            self._context.show_message(message)
        return RunChangesReply(
            state=self._context.state,
            message=message,
            run_id=run_id,
            files=tuple(entries),
            left_out=max(0, len(files) - FILES_MAX),
        )

    async def _undo(self, arguments: RunPart) -> Reply:
        run_id = run_id_of(arguments.run_id)
        session = self._context.session_of_run(run_id)
        path = _part(session, arguments)
        if path is None:
            return await self._context.work_soon(
                self._undo_run(session, run_id),
                "the run's changes are taken back; a message says when that is done",
            )

        async def work() -> Reply:
            answered = await session.review.undo(run_id, path, arguments.hunk)
            what = f"hunk of {path}" if arguments.hunk else path
            return self._answered(session, answered, f"taken back: {what}", path)

        return await self._context.work_soon(work(), f"{path} is taken back")

    async def _keep(self, arguments: RunPart) -> Reply:
        run_id = run_id_of(arguments.run_id)
        session = self._context.session_of_run(run_id)
        path = _part(session, arguments)

        async def work() -> Reply:
            answered = await session.review.keep(run_id, path, arguments.hunk)
            verb = "given back" if answered.gave_back else "kept"
            what = f"hunk of {path}" if arguments.hunk else path or count_of(answered.files, "file")
            return self._answered(session, answered, f"{verb}: {what}", path)

        return await self._context.work_soon(work(), "the changes are kept")

    async def _undo_run(self, session: Session, run_id: RunId | None) -> Reply:
        report = await session.undo(run_id)
        message = undo_text(report)
        self._context.client.show("warning" if report.conflicts else "info", message)
        return Reply(state=self._context.state, message=message)

    def _answered(
        self, session: Session, answered: ReviewAnswer, message: str, path: str | None
    ) -> Reply:
        conflicts = answered.report.conflicts
        if conflicts:
            kept = "; ".join(f"{one.path}: {one.reason}" for one in conflicts)
            message = f"left alone: {kept}"
            self._context.client.show("warning", message)
        else:
            self._context.show_message(message)
        session.files_changed(
            [session.root / name for name in (*answered.report.restored, path) if name]
        )
        return Reply(
            state="error" if conflicts else self._context.state,
            message=message,
            run_id=answered.run_id,
        )


def _part(session: Session, arguments: RunPart) -> str | None:
    """The path of the file that is meant, None for the whole run. Raises HoldfastError."""
    if arguments.path is None and arguments.hunk is not None:
        raise HoldfastError("pass the `path` of the file that the hunk is in")
    return _relative(session, arguments.path)


def _relative(session: Session, path: str | None) -> str | None:
    """The path as runs name it, of one that is relative, absolute, or a URI."""
    if path is None:
        return None
    found = from_lsp.path(path) if path.startswith("file:") else Path(path)
    if found is not None and found.is_absolute() and found.is_relative_to(session.root):
        return found.relative_to(session.root).as_posix()
    return path


def _entry(session: Session, file: FileReview, *, with_text: bool) -> ChangedFile:
    return ChangedFile(
        uri=to_lsp.uri(session.root / file.file.path),
        path=file.file.path,
        status=file.file.status,
        state=file.state,
        additions=file.additions,
        deletions=file.deletions,
        hunks=tuple(map(_hunk, file.hunks)),
        binary=file.is_binary,
        from_path=file.file.origin,
        text=file.before if with_text else None,
    )


def _with_diffs(entries: Sequence[ChangedFile], files: Sequence[FileReview]) -> list[ChangedFile]:
    """The entries, with the lines of their hunks as far as they fit."""
    left = DIFFS_CHARS_MAX
    found = []
    for entry, file in zip(entries, files, strict=False):
        hunks = []
        lines = file.file.text.hunk_lines() if file.file.text and left > 0 else ()
        for hunk, diff in zip(entry.hunks, lines, strict=False):
            text = truncate_counting("\n".join(diff), DIFF_CHARS_MAX)
            left -= len(text)
            hunks.append(hunk.model_copy(update={"diff": text}))
        found.append(entry.model_copy(update={"hunks": (*hunks, *entry.hunks[len(hunks) :])}))
    return found


def _hunk(hunk: ReviewedHunk) -> ChangeHunk:
    return ChangeHunk(
        id=hunk.id,
        state=hunk.state,
        before=_range(hunk.before),
        after=_range(hunk.place),
        edited=hunk.is_edited,
    )


def _range(lines: LineRange) -> WireRange:
    return WireRange(
        start=WirePosition(line=lines.start, character=0),
        end=WirePosition(line=lines.end, character=0),
    )


def _summary(files: Sequence[ChangedFile]) -> str:
    added, removed = (sum(getattr(file, name) for file in files) for name in _COUNTS)
    return f"{count_of(len(files), 'file')} changed, +{added} -{removed} lines"


_COUNTS = ("additions", "deletions")


def _line(file: ChangedFile) -> str:
    answered = {"open": "", "kept": ", kept", "undone": ", taken back", "partly": ", in part"}
    return (
        f"{file.status} {on_one_line(file.path)}, +{file.additions} -{file.deletions}"
        f"{answered[file.state]}"
    )
