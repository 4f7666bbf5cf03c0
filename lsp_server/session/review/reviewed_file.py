"""This module says what a run changed in one file, in parts that can be kept or taken back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeAlias

from lsp_server.domain.errors import EditRejected, ToolError
from lsp_server.domain.events import FileChanged
from lsp_server.session.review.review_marks import UNMARKED, FileMarks
from lsp_server.text.line_hunks import LineHunk, keep_lines, line_hunks, without_hunks
from lsp_server.workspace.checkpoints.change_history import content_before
from lsp_server.workspace.checkpoints.file_state import FileState, digest_of, read_state
from lsp_server.workspace.files.encoding import UTF_8, Encoding, decode, encode

WHOLE = "file"
"""The only part of a file that has no hunks: it was made, removed, renamed, or is no text."""
TEXT_BYTES_MAX = 1_000_000
"""A larger text is one part."""
_ENDS = "\r\n"

FileStatus: TypeAlias = Literal["added", "modified", "deleted", "renamed"]


class Contents(Protocol):
    """`Contents` are what is kept for undo. All of it blocks."""

    def content(self, name: str) -> bytes | None:
        """Returns the content with this name, None when it is not kept."""
        ...

    def keep(self, data: bytes) -> None:
        """Keeps a content for as long as an undo takes."""
        ...


@dataclass(frozen=True, slots=True)
class TextChange:
    """A `TextChange` is a text before and after a run, with its hunks.

    `state` is that of the file after the run, which was encoded as `encoding`.
    """

    before: str
    after: str
    hunks: tuple[LineHunk, ...]
    encoding: Encoding
    state: FileState

    def hunk_lines(self) -> Iterator[tuple[str, ...]]:
        """Yields the lines of each hunk as a diff has them, without their endings."""
        old, new = keep_lines(self.before), keep_lines(self.after)
        for hunk in self.hunks:
            removed = old[hunk.before.start : hunk.before.end]
            added = new[hunk.after.start : hunk.after.end]
            yield (
                *(f"-{line.rstrip(_ENDS)}" for line in removed),
                *(f"+{line.rstrip(_ENDS)}" for line in added),
            )


@dataclass(frozen=True, slots=True)
class ReviewedFile:
    """A `ReviewedFile` is a file that a run changed, with what a person answered to its parts.

    `history` has the run's own changes, those of `origin` first where it was renamed from there;
    `folders` are those that it made or removed for it. `text` is None for what has no hunks.
    """

    path: str
    status: FileStatus
    history: tuple[FileChanged, ...]
    marks: FileMarks = UNMARKED
    text: TextChange | None = None
    origin: str | None = None
    folders: tuple[FileChanged, ...] = ()

    @property
    def parts(self) -> frozenset[str]:
        """Returns the ids of what can be kept or taken back on its own."""
        if self.text is None:
            return frozenset((WHOLE,))
        return frozenset(hunk.id for hunk in self.text.hunks)

    @property
    def undone(self) -> frozenset[str]:
        """Returns the ids of what is taken back."""
        return self.marks.undone & self.parts

    def expected(self) -> str | None:
        """Returns the text as it is if nobody changed it since; None for what has no hunks."""
        return self.text_without(self.undone)

    def text_without(self, undone: Collection[str]) -> str | None:
        """Returns the text as the run left it, but for what is taken back."""
        if (text := self.text) is None:
            return None
        return without_hunks(text.before, text.after, text.hunks, undone)

    def change_to(self, undone: frozenset[str], contents: Contents) -> list[FileChanged]:
        """Returns changes; to take them back leaves exactly these parts taken back. Blocking."""
        if self.text is None:
            changes = [*self.folders, *self.history]
            if WHOLE in undone:
                return changes
            # To make a change is to take back its opposite.
            return [FileChanged(c.path, c.after, c.before) for c in reversed(changes)]
        before, after = self._name(undone, contents), self._name(self.undone, contents)
        return [FileChanged(self.path, before, after)]

    def _name(self, undone: frozenset[str], contents: Contents) -> str:
        """The name of the file's state without these parts; its content is kept."""
        assert self.text is not None
        first, last = self.history[0].before, self.history[-1].after
        text = self.text_without(undone)
        assert first
        assert last
        assert text is not None
        if not undone:
            return last
        # All of it taken back is what was before, to the last byte and bit.
        if undone == self.parts and text == decoded_text(first, contents.content):
            return first
        data = _encoded(text, self.text.encoding)
        contents.keep(data)
        return str(replace(self.text.state, digest=digest_of(data)))


def reviewed_file(
    path: str, history: Sequence[FileChanged], content: Callable[[str], bytes | None]
) -> ReviewedFile:
    """Makes the file out of the changes of a run to it, of which there is one at least. Blocking."""
    before, after = history[0].before, history[-1].after
    status: FileStatus = "added" if before is None else "deleted" if after is None else "modified"
    text = _text_change(history, content) if status == "modified" else None
    return ReviewedFile(path, status, tuple(history), text=text)


def _text_change(
    history: Sequence[FileChanged], content: Callable[[str], bytes | None]
) -> TextChange | None:
    names = {name for change in history for name in (change.before, change.after)}
    texts = {name: decoded_text(name, content) if name else None for name in names}
    last = history[-1].after
    state = read_state(last) if last else None
    after = texts[last]
    if after is None or not isinstance(state, FileState) or history[0].before is None:
        return None
    if any(text is None for name, text in texts.items() if name):
        return None
    try:
        # What a person changed between two changes of the run is no part of it.
        before = content_before(after, history, {name: texts[name] for name in names if name})
    except ToolError:
        return None
    if not isinstance(before, str) or before == after:
        return None
    decoded = decode(content(last or "") or b"")
    encoding = decoded[1] if decoded else UTF_8
    return TextChange(before, after, line_hunks(before, after), encoding, state)


def decoded_text(name: str, content: Callable[[str], bytes | None]) -> str | None:
    """Returns the text of a state; None for what is no text of a file, too long, or not kept."""
    if not isinstance(read_state(name), FileState):
        return None
    data = content(name)
    decoded = decode(data) if data is not None and len(data) <= TEXT_BYTES_MAX else None
    return decoded[0] if decoded else None


def _encoded(text: str, encoding: Encoding) -> bytes:
    try:
        return encode(text, encoding)
    except EditRejected:
        return text.encode("utf-8", "surrogatepass")
