"""This module shows on a terminal what a run changed, and keeps or takes back a file or a hunk of it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lsp_server.cli.command_session import command_session
from lsp_server.cli.command_settings import load_settings
from lsp_server.cli.exit_status import FAILED, UsageError, run_command
from lsp_server.cli.runs_folder import runs_folder
from lsp_server.domain.permissions import visible
from lsp_server.domain.tasks import RunId
from lsp_server.session.review.run_review import FileReview, ReviewAnswer, ReviewedHunk, RunReview
from lsp_server.session.run_errors import ChangeNotFound, NotFound
from lsp_server.text.legible import on_one_line

NOTHING_CHANGED = "the run changed no file\n"
_WITHOUT_MEMORY = {"memory": {"enabled": False}}
_ANSWERED = {"open": "", "kept": ", kept", "undone": ", taken back", "partly": ", in part"}


@dataclass(frozen=True, slots=True)
class ChangePart:
    """A `ChangePart` is a run, a file or a hunk of it; by default the newest run, all of it.

    `path` is as a person types it, `hunk` the number that `holdfast changes` shows.
    """

    run_id: str | None = None
    path: str | None = None
    hunk: int | None = None

    @property
    def run(self) -> RunId | None:
        """Returns the id of the run, None for the newest."""
        return RunId(self.run_id) if self.run_id is not None else None


def changes(part: ChangePart, workspace: Path, *, as_json: bool) -> int:
    """Shows what a run changed, as numbered hunks; 0 when that can be done."""
    return run_command(_changes(part, workspace, as_json), failed=FAILED)


def undo_part(part: ChangePart, workspace: Path) -> int:
    """Takes back a file or a hunk; 0 when it came back, else 1."""
    return run_command(_answer(part, workspace, keeps=False), failed=FAILED)


def keep(part: ChangePart, workspace: Path) -> int:
    """Keeps a run, a file or a hunk, or gives back what was taken back of it; 0 when it did, else 1."""
    return run_command(_answer(part, workspace, keeps=True), failed=FAILED)


async def _changes(part: ChangePart, workspace: Path, as_json: bool) -> int:
    folder = runs_folder(workspace)
    async with command_session(folder, load_settings(folder, _WITHOUT_MEMORY)) as session:
        run_id, files = await session.review.changes(part.run)
        if part.path is not None:
            files = (_file(run_id, files, part.path, folder),)
    if as_json:
        sys.stdout.writelines(f"{json.dumps(_value(file))}\n" for file in files)
    elif not files:
        sys.stdout.write(NOTHING_CHANGED)
    else:
        _print("\n".join(line for file in files for line in file_lines(file)))
    return 0


def _print(diff: str) -> None:
    if sys.stdout.isatty():
        from lsp_server.cli.rich_views import print_text

        print_text(diff, is_diff=True)
    else:
        sys.stdout.write(f"{visible(diff)}\n")


async def _answer(part: ChangePart, workspace: Path, *, keeps: bool) -> int:
    if part.hunk is not None and part.path is None:
        raise UsageError("--hunk needs the --path of the file that the hunk is in")
    folder = runs_folder(workspace)
    async with command_session(folder, load_settings(folder, _WITHOUT_MEMORY)) as session:
        path, hunk = await _named(session.review, part, folder)
        answer = session.review.keep if keeps else session.review.undo
        answered = await answer(part.run, path, hunk)
    for conflict in answered.report.conflicts:
        sys.stdout.write(visible(f"left alone {conflict.path}: {conflict.reason}\n"))
    if answered.report.conflicts:
        return FAILED
    file = on_one_line(path or "all")
    what = f"hunk {part.hunk} of {file}" if hunk else file
    if not keeps and not answered.report.restored:
        sys.stdout.write(visible(f"nothing to take back: {what} was taken back before\n"))
        return 0
    sys.stdout.write(visible(f"{_verb(answered, keeps=keeps)} {what}\n"))
    return 0


def _verb(answered: ReviewAnswer, *, keeps: bool) -> str:
    if not keeps:
        return "took back"
    return "gave back" if answered.gave_back else "kept"


async def _named(
    review: RunReview, part: ChangePart, folder: Path
) -> tuple[str | None, str | None]:
    """The path and the id of the hunk that are meant. Raises ChangeNotFound, HoldfastError."""
    if part.path is None:
        return None, None
    run_id, files = await review.changes(part.run)
    file = _file(run_id, files, part.path, folder)
    path = file.file.path
    if part.hunk is None:
        return path, None
    if part.hunk > len(file.hunks):
        has = f"1 to {len(file.hunks)}" if file.hunks else "none, it is answered as a whole"
        raise NotFound(f"run {run_id} has no hunk {part.hunk} in {path}; it has {has}")
    return path, file.hunks[part.hunk - 1].id


def _file(run_id: RunId, files: Sequence[FileReview], path: str, folder: Path) -> FileReview:
    """The file that a person means, seen from where they are, else from the project's folder."""
    here = Path(os.path.normpath(Path.cwd() / path))
    names = [here.relative_to(folder).as_posix()] if here.is_relative_to(folder) else []
    for name in (*names, path):
        for file in files:
            if name in (file.file.path, file.file.origin):
                return file
    raise ChangeNotFound(run_id, path)


def file_lines(file: FileReview) -> Iterator[str]:
    """Yields a file as lines of a diff: what happened to it, then its hunks with their numbers."""
    changed = file.file
    where = f" from {on_one_line(changed.origin)}" if changed.origin else ""
    numbers = "binary" if file.is_binary else f"+{file.additions} -{file.deletions}"
    name = on_one_line(changed.path)
    yield f"+++ {name}: {changed.status}{where}, {numbers}{_ANSWERED[file.state]}"
    if changed.text is None:
        return
    shown = zip(file.hunks, changed.text.hunk_lines(), strict=True)
    for number, (hunk, lines) in enumerate(shown, 1):
        yield f"@@ hunk {number}, line {hunk.place.start + 1}{_told(hunk)} @@"
        yield from lines


def _told(hunk: ReviewedHunk) -> str:
    return _ANSWERED[hunk.state] + (", edited since" if hunk.is_edited else "")


def _value(file: FileReview) -> dict[str, object]:
    return {
        "path": file.file.path,
        "status": file.file.status,
        "from_path": file.file.origin,
        "state": file.state,
        "additions": file.additions,
        "deletions": file.deletions,
        "hunks": [
            {"hunk": number, "line": hunk.place.start + 1, "state": hunk.state}
            for number, hunk in enumerate(file.hunks, 1)
        ],
    }
