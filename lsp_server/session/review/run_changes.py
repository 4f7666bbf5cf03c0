"""This module says which files a run changed, from its journal and those of its children."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from lsp_server.domain.events import FileChanged, FileRestored, RecordedEvent
from lsp_server.session.review.review_marks import UNMARKED, FileMarks
from lsp_server.session.review.reviewed_file import ReviewedFile, reviewed_file
from lsp_server.session.run_undo import undos_as_changes
from lsp_server.workspace.checkpoints.file_state import FileState, digest_of, is_same, read_state

_EMPTY = digest_of(b"")


def changed_files(
    records: Sequence[RecordedEvent],
    marks: Mapping[str, FileMarks],
    content: Callable[[str], bytes | None],
) -> tuple[ReviewedFile, ...]:
    """Returns the files that a run left otherwise than they were, in the order of their paths.

    `records` are those of the run and its children in their order, `marks` what a person
    answered. What an undo of the whole run gave back since counts as taken back. Blocking.
    """
    last = _last_changes(records)
    restored = _restored(records, last)
    # An undo behind the last change of a file is an answer to it, an earlier one part of its past.
    past = [
        record
        for number, record in enumerate(records)
        if not isinstance(record.event, FileRestored) or number < last.get(record.event.path, 0)
    ]
    histories: dict[str, list[FileChanged]] = {}
    for record in undos_as_changes(past):
        if isinstance(change := record.event, FileChanged):
            histories.setdefault(change.path, []).append(change)
    changed = {
        path: history
        for path, history in histories.items()
        if not is_same(history[0].before, history[-1].after)
    }
    files = [
        replace(reviewed_file(path, history, content), folders=_folders(path, changed))
        for path, history in changed.items()
        if not path.endswith("/")
    ]
    return tuple(
        _marked(file, marks, restored)
        for file in sorted(_renames_joined(files), key=lambda file: file.path)
    )


def _folders(path: str, changed: Mapping[str, Sequence[FileChanged]]) -> tuple[FileChanged, ...]:
    """The folders above a file that were made or removed."""
    above = (f"{folder}/" for folder in PurePosixPath(path).parents)
    return tuple(
        FileChanged(folder, history[0].before, history[-1].after)
        for folder in above
        if (history := changed.get(folder)) and None in (history[0].before, history[-1].after)
    )


def _last_changes(records: Iterable[RecordedEvent]) -> dict[str, int]:
    return {
        record.event.path: number
        for number, record in enumerate(records)
        if isinstance(record.event, FileChanged)
    }


def _restored(records: Iterable[RecordedEvent], last: Mapping[str, int]) -> frozenset[str]:
    return frozenset(
        path
        for number, record in enumerate(records)
        if isinstance(record.event, FileRestored) and record.event.conflict is None
        for path in [record.event.path]
        if number > last.get(path, number)
    )


def _marked(
    file: ReviewedFile, marks: Mapping[str, FileMarks], restored: frozenset[str]
) -> ReviewedFile:
    given = marks.get(file.path)
    if given is not None and given.changes != len(file.history):
        given = None
    if given is None and file.path in restored:
        given = FileMarks(undone=file.parts)
    return replace(file, marks=given or UNMARKED)


def _renames_joined(files: Iterable[ReviewedFile]) -> list[ReviewedFile]:
    """The files, with each that has the content of a removed one as that one's new name."""
    removed = {
        digest: file
        for file in files
        if file.status == "deleted" and (digest := _digest(file.history[0].before)) is not None
    }
    found: list[ReviewedFile] = []
    origins: set[str] = set()
    for file in files:
        digest = _digest(file.history[0].after) if file.status == "added" else None
        if digest is None or (old := removed.pop(digest, None)) is None:
            found.append(file)
            continue
        origins.add(old.path)
        history, folders = (*old.history, *file.history), (*old.folders, *file.folders)
        found.append(
            replace(file, status="renamed", history=history, origin=old.path, folders=folders)
        )
    return [file for file in found if file.status != "deleted" or file.path not in origins]


def _digest(name: str | None) -> str | None:
    state = read_state(name) if name else None
    return state.digest if isinstance(state, FileState) and state.digest != _EMPTY else None
