"""This module lets a person keep or take back what a run changed, by run, file and hunk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from lsp_server.agent.journal import journal_lock, replay
from lsp_server.agent.rewinding import counted
from lsp_server.domain.errors import ConfigurationError, HoldfastError
from lsp_server.domain.events import FileChanged, SnapshotTaken
from lsp_server.domain.tasks import RunId
from lsp_server.session.child_runs import run_folder
from lsp_server.session.review.review_marks import read_marks, write_marks
from lsp_server.session.review.reviewed_file import Contents, ReviewedFile, decoded_text
from lsp_server.session.review.run_changes import changed_files
from lsp_server.session.run_errors import ChangeNotFound, RunBusy
from lsp_server.session.run_undo import FileChanges, TakeBack, own, with_children
from lsp_server.session.runs import Runs
from lsp_server.text.line_hunks import LineHunk, LineRange, line_hunks, moved, places_without
from lsp_server.workspace.checkpoints.merge import merge
from lsp_server.workspace.checkpoints.undo import UndoReport

ANSWER_SECONDS_MAX = 2.0

PartState: TypeAlias = Literal["open", "kept", "undone"]
ReadText: TypeAlias = Callable[[str], Awaitable[str | None]]
"""Returns the text of a file as it is now, unsaved text included; None for what is no text."""


@dataclass(frozen=True, slots=True)
class ReviewedHunk:
    """A `ReviewedHunk` is a hunk with where it is now.

    `before` are its lines in the text before the run, `place` its lines in the text of now;
    `is_edited` says that these were changed since. `added` and `removed` are its lines.
    """

    id: str
    state: PartState
    before: LineRange
    place: LineRange
    is_edited: bool = False


@dataclass(frozen=True, slots=True)
class FileReview:
    """A `FileReview` is a file that a run changed, as a person reviews it.

    `before` is the text that taking all of it back would leave, None for what is no text or
    was not there.
    """

    file: ReviewedFile
    hunks: tuple[ReviewedHunk, ...]
    additions: int
    deletions: int
    before: str | None
    is_binary: bool

    @property
    def state(self) -> PartState | Literal["partly"]:
        """Returns what was answered to all of it, `partly` if its parts differ."""
        states = {_state(self.file, part) for part in self.file.parts}
        return states.pop() if len(states) == 1 else "partly"


@dataclass(frozen=True, slots=True)
class ReviewAnswer:
    """A `ReviewAnswer` says what an answer did: which parts it was about, and what undo reports."""

    run_id: RunId
    files: int
    parts: int
    gave_back: bool
    report: UndoReport


@dataclass(frozen=True, slots=True)
class PartHere:
    """A `PartHere` is what the newest run changed at some lines; `hunk` is None for the whole file."""

    run_id: RunId
    path: str
    hunk: str | None
    is_undone: bool


class RunReview:
    """A `RunReview` answers what runs of one workspace changed, while they are not at work.

    `take_back` undoes changes of files, `contents` are those that are kept for it, and
    `read` gives the text that a file has now.
    """

    def __init__(self, runs: Runs, take_back: TakeBack, contents: Contents, read: ReadText) -> None:
        self._runs = runs
        self.take_back = take_back
        self._contents = contents
        self._read = read
        self.turn = asyncio.Lock()
        """Held while something is kept or taken back: the next answer waits for it."""
        self._newest: tuple[RunId, Mapping[str, ReviewedFile]] | None = None

    async def look(self, run_id: RunId | None = None) -> None:
        """Looks at what a run changed, by default the newest, so that `at` knows it."""
        with suppress(HoldfastError):
            chosen = self._runs.choose(run_id, "review").run_id
            self._newest = chosen, {file.path: file for file in await self._files(chosen)}

    def at(self, path: str, text: str, first: int, last: int) -> Iterator[PartHere]:
        """Yields what the run that was looked at changed in these lines of a text, then its file.

        Lines count from 0, the last one included.
        """
        run_id, files = self._newest or (None, {})
        if run_id is None or (file := files.get(path)) is None:
            return
        found = [hunk for hunk in _places(file, text) if _touches(hunk.place, first, last)]
        for hunk in found:
            yield PartHere(run_id, path, hunk.id, hunk.state == "undone")
        if (found or file.text is None) and file.undone != file.parts:
            yield PartHere(run_id, path, None, is_undone=False)

    async def changes(
        self, run_id: RunId | None = None, path: str | None = None
    ) -> tuple[RunId, tuple[FileReview, ...]]:
        """Returns what a run, by default the newest, changed, or what it changed in one file.

        An answer that is under way is waited for, ANSWER_SECONDS_MAX at most: an editor may ask
        about its edit. Raises RunNotFound, ChangeNotFound, JournalDamaged.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS_MAX), self.turn:
                pass
        chosen = self._runs.choose(run_id, "review").run_id
        files = await self._files(chosen)
        named = _named(chosen, files, path)
        return chosen, tuple([await self._review(file) for file in named])

    async def undo(
        self, run_id: RunId | None = None, path: str | None = None, hunk: str | None = None
    ) -> ReviewAnswer:
        """Takes back a file or a hunk, by default all files, and keeps what a person did since.

        Raises RunNotFound, RunBusy, ChangeNotFound, JournalDamaged, ConfigurationError.
        """
        return await self._answer(run_id, path, hunk, keeps=False)

    async def keep(
        self, run_id: RunId | None = None, path: str | None = None, hunk: str | None = None
    ) -> ReviewAnswer:
        """Keeps a hunk, a file, or all that is not taken back.

        Where all that is named was taken back it is given back: this undoes an undo.
        Raises as `undo`.
        """
        return await self._answer(run_id, path, hunk, keeps=True)

    async def note_undone(self, run_id: RunId, report: UndoReport) -> None:
        """Takes in that a whole run was taken back: all parts of its files but those left alone."""
        left = _left_alone(report)
        files = [file for file in await self._files(run_id) if not left & {file.path, file.origin}]
        undone = [_answered(file, file.parts, keeps=False) for file in files]
        await asyncio.to_thread(self._write, run_id, undone)
        await self.look(run_id)

    async def note_rewound(self, run_id: RunId, report: UndoReport) -> None:
        """Takes in that a run went back to a step: what was answered before counts no more.

        Files that were left alone keep their answers.
        """
        await asyncio.to_thread(self._write, run_id, (), _left_alone(report))
        await self.look(run_id)

    def remaining(
        self, run_id: RunId, changes: Sequence[FileChanged | SnapshotTaken]
    ) -> FileChanges:
        """Returns changes of a whole run without what a person took back of it. Blocking."""
        answered = {
            file.path: file
            for file in self._read_files(run_id)
            if file.text is not None and file.undone
        }
        kept = [c for c in changes if not (isinstance(c, FileChanged) and c.path in answered)]
        return [
            *kept,
            *(c for f in answered.values() for c in f.change_to(f.parts, self._contents)),
        ]

    async def _answer(
        self, run_id: RunId | None, path: str | None, hunk: str | None, *, keeps: bool
    ) -> ReviewAnswer:
        verb = "keep changes of" if keeps else "undo"
        async with self.turn:
            chosen = self._runs.choose(run_id, verb, idle=True).run_id
            # Nobody resumes the run meanwhile.
            lock = journal_lock(self._runs.store.journal(chosen))
            if not lock.acquire():
                raise RunBusy(chosen, elsewhere=True)
            try:
                files = _named(chosen, await self._files(chosen), path)
                answered = await self._apply(chosen, files, hunk, keeps=keeps)
            finally:
                lock.release()
            await self.look(chosen)
            return answered

    async def _apply(
        self, run_id: RunId, files: Sequence[ReviewedFile], hunk: str | None, *, keeps: bool
    ) -> ReviewAnswer:
        parts = {file.path: _parts(run_id, file, hunk) for file in files}
        gives_back = keeps and all(parts[file.path] <= file.undone for file in files)
        if keeps and not gives_back:
            parts = {file.path: parts[file.path] - file.undone for file in files}
        answered = {file.path: _answered(file, parts[file.path], keeps=keeps) for file in files}
        changes = [
            change
            for file in files
            if (wanted := answered[file.path].undone) != file.undone
            for change in await asyncio.to_thread(file.change_to, wanted, self._contents)
        ]
        report = await self.take_back(changes, lambda _: None) if changes else UndoReport((), ())
        failed = _left_alone(report)
        done = [file for file in answered.values() if not failed & {file.path, file.origin}]
        await asyncio.to_thread(self._write, run_id, done)
        return ReviewAnswer(run_id, len(files), sum(map(len, parts.values())), gives_back, report)

    def _write(
        self, run_id: RunId, answered: Iterable[ReviewedFile], only: Collection[str] | None = None
    ) -> None:
        """Adds the marks of these files; with `only` no others but those of these paths stay."""
        folder = run_folder(self._runs.store.folder, run_id)
        known = read_marks(folder)
        stay = {path: one for path, one in known.items() if only is None or path in only}
        marks = {**stay, **{file.path: file.marks for file in answered}}
        if marks == known:
            return
        try:
            write_marks(folder, marks)
        except OSError as error:
            raise self._runs.store.refusal(error) from error

    async def _files(self, run_id: RunId) -> tuple[ReviewedFile, ...]:
        return await asyncio.to_thread(self._read_files, run_id)

    def _read_files(self, run_id: RunId) -> tuple[ReviewedFile, ...]:
        store = self._runs.store
        try:
            records = with_children(store, own(counted(replay(store.journal(run_id)))))
        except OSError as error:
            raise ConfigurationError(
                f"run {run_id} cannot be read: {error.strerror or error}"
            ) from error
        marks = read_marks(run_folder(store.folder, run_id))
        return changed_files(records, marks, self._contents.content)

    async def _review(self, file: ReviewedFile) -> FileReview:
        current = await self._read(file.path)
        return await asyncio.to_thread(_review, file, current, self._contents)


def _named(
    run_id: RunId, files: Sequence[ReviewedFile], path: str | None
) -> Sequence[ReviewedFile]:
    if path is None:
        return files
    found = [file for file in files if path in (file.path, file.origin)]
    if not found:
        raise ChangeNotFound(run_id, path)
    return found


def _parts(run_id: RunId, file: ReviewedFile, hunk: str | None) -> frozenset[str]:
    if hunk is None:
        return file.parts
    if hunk not in file.parts:
        raise ChangeNotFound(run_id, file.path, hunk)
    return frozenset((hunk,))


def _state(file: ReviewedFile, part: str) -> PartState:
    if part in file.marks.undone:
        return "undone"
    return "kept" if part in file.marks.kept else "open"


def _left_alone(report: UndoReport) -> set[str]:
    # Of what is restored but for a detail there is a note among the conflicts.
    return {conflict.path for conflict in report.conflicts} - set(report.restored)


def _answered(file: ReviewedFile, parts: frozenset[str], *, keeps: bool) -> ReviewedFile:
    answer = file.marks.with_kept if keeps else file.marks.with_undone
    return replace(file, marks=answer(parts, len(file.history)))


def _review(file: ReviewedFile, current: str | None, contents: Contents) -> FileReview:
    """The file as it is now. Blocking."""
    if file.text is None:
        before, after = _whole_texts(file, contents)
        counts = _counts(line_hunks(before or "", after or ""))
        is_binary = before is None and after is None
        return FileReview(file, (), *counts, before, is_binary)
    text, expected = file.text, file.expected() or ""
    # What a person changed since is on both sides of the comparison.
    merged = None if current in (None, expected) else merge(expected, current or "", text.before)
    hunks = _places(file, _or(current, expected))
    return FileReview(file, hunks, *_counts(text.hunks), _or(merged, text.before), is_binary=False)


def _places(file: ReviewedFile, current: str) -> tuple[ReviewedHunk, ...]:
    """The hunks of a file with where they are in its text of now."""
    if file.text is None:
        return ()
    expected = file.expected() or ""
    places = places_without(file.text.hunks, file.undone)
    return tuple(
        ReviewedHunk(hunk.id, _state(file, hunk.id), hunk.before, place, is_edited=not is_same)
        for hunk in file.text.hunks
        for place, is_same in [moved(places[hunk.id], expected, current)]
    )


def _touches(place: LineRange, first: int, last: int) -> bool:
    # Where lines are gone it is offered on the lines on both sides.
    return (place.start <= last and first < place.end) or (
        place.count == 0 and (first - 1 <= place.start - 1 <= last)
    )


def _or(text: str | None, otherwise: str) -> str:
    return otherwise if text is None else text


def _counts(hunks: Iterable[LineHunk]) -> tuple[int, int]:
    """The lines added and those removed."""
    found = list(hunks)
    return sum(hunk.after.count for hunk in found), sum(hunk.before.count for hunk in found)


def _whole_texts(file: ReviewedFile, contents: Contents) -> tuple[str | None, str | None]:
    first, last = file.history[0].before, file.history[-1].after
    return (
        decoded_text(first, contents.content) if first else None,
        decoded_text(last, contents.content) if last else None,
    )
