"""This module gives one file or link back as it was before a run: content, encoding, mode and kind."""

from __future__ import annotations

import asyncio
import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lsp_server.domain.edits import EditSet, FileEdit, fingerprint, minimal_edit
from lsp_server.domain.errors import EditRejected, ToolError
from lsp_server.domain.events import FileChanged
from lsp_server.domain.ports import Editor
from lsp_server.system.atomic_file import STAGING_PREFIX, stage_file
from lsp_server.system.open_folder import open_folder
from lsp_server.workspace.checkpoints.blobs import Blobs
from lsp_server.workspace.checkpoints.change_history import (
    Content,
    Link,
    content_before,
    mode_before,
    value_before,
)
from lsp_server.workspace.checkpoints.conflict_words import OF_UNDO, ConflictWords
from lsp_server.workspace.checkpoints.file_state import (
    PERMISSIONS,
    FileState,
    LinkState,
    UnreadState,
    digest_of,
    read_state,
)
from lsp_server.workspace.checkpoints.tree import (
    FILE_BYTES_MAX,
    TOTAL_BYTES_MAX,
    look_at,
    status_of,
)
from lsp_server.workspace.files.disk import FileMissing, read_bytes, remove_file
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.encoding import UTF_8, Encoding, decode, encode
from lsp_server.workspace.files.paths import Workspace

SPECIAL_BITS = stat.S_ISUID | stat.S_ISGID
REASONS = {
    "large": f"it had more than {FILE_BYTES_MAX / 1e6:.0f} MB",
    "total": f"all files together have more than {TOTAL_BYTES_MAX / 1e6:.0f} MB",
    "special": "it was a device, a pipe or a socket",
    "unreadable": "it could not be read",
    None: "it was too large, or a link",
}
"""Why a content was not kept."""


@dataclass(frozen=True, slots=True)
class RestoredFile:
    """A `RestoredFile` says whether anything changed, and in words what could not be given back."""

    changed: bool
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the states of a history had: contents, and how texts were encoded, by the states' names."""

    contents: Mapping[str, Content]
    raw: Mapping[str, bytes]
    encodings: Mapping[str, Encoding]


class FileUndo:
    """A `FileUndo` restores files and links of one workspace; `words` say why one is left alone."""

    def __init__(
        self, workspace: Workspace, blobs: Blobs, editor: Editor, words: ConflictWords = OF_UNDO
    ) -> None:
        self._words = words
        self._workspace = workspace
        self._blobs = blobs
        self._editor = editor
        self._disk = DiskEditor(Documents())

    async def restore(self, path: str, history: Sequence[FileChanged]) -> RestoredFile:
        """Restores one path, which is no folder's. Raises ToolError for a conflict."""
        file = self._place(path)
        try:
            mode = await asyncio.to_thread(_mode_of, file)
            changed = await self._restore(file, history, mode)
            before = history[0].before
            return await asyncio.to_thread(_restored, file, before, mode, changed=changed)
        except OSError as error:
            raise ToolError(f"it cannot be restored: {error.strerror or error}") from error

    def _place(self, path: str) -> Path:
        """Returns where the run changed something. Raises ToolError when its path leads elsewhere by now."""
        file = self._workspace.root / path
        above = [folder for folder in file.parents if folder != self._workspace.root]
        is_below = self._workspace.inside(file) and ".." not in file.parts
        if not is_below or any(map(Path.is_symlink, above)):
            raise ToolError("it is outside of the workspace, or leads elsewhere by now")
        return file

    async def _restore(self, file: Path, history: Sequence[FileChanged], mode: int | None) -> bool:
        """Restores content, then mode, which is `mode` now; says whether the content changed.

        Raises ToolError, OSError; then the mode is as it was.
        """
        kept = await asyncio.to_thread(self._kept, history)
        wanted = mode_before(mode, history)
        try:
            # A file that nobody may write goes back all the same.
            if mode is not None and not mode & stat.S_IWUSR:
                await asyncio.to_thread(file.chmod, mode | stat.S_IWUSR)
            # A buffer that never saw the change is right as it is: then the disk is changed back.
            changed = await self._take_back(self._editor, file, history, kept, wanted)
            if not changed:
                changed = await self._take_back(self._disk, file, history, kept, wanted)
            changed |= await asyncio.to_thread(_encode_as_before, file, history, kept)
            await asyncio.to_thread(_set_mode, file, wanted)
        except BaseException:
            with suppress(OSError):
                _set_mode(file, mode)
            raise
        return changed

    async def _take_back(
        self,
        editor: Editor,
        file: Path,
        history: Sequence[FileChanged],
        kept: _Kept,
        mode: int | None,
    ) -> bool:
        """Restores the file as this editor has it; False when it was as before.

        Raises ToolError for a conflict, OSError.
        """
        current = await _current(editor, file)
        target = content_before(current, history, kept.contents, self._words)
        if target == current:
            return False
        match current, target:
            case _, UnreadState(reason):
                raise ToolError(f"{self._words.not_kept}: {REASONS[reason]}")
            case str(), str() if not await asyncio.to_thread(_is_written_raw, file, history, kept):
                edit = FileEdit(file, fingerprint(current), minimal_edit(current, target))
                await editor.apply(EditSet((edit,), self._words.reason))
            case str(), None:
                edit = FileEdit(file, fingerprint(current), (), deletes=True)
                await editor.apply(EditSet((edit,), self._words.reason))
            case _, None:
                await asyncio.to_thread(remove_file, file)
            case _, Link():
                await asyncio.to_thread(_put_link, file, target)
            case _:
                data = _bytes(target, history, kept, None)
                await asyncio.to_thread(_put_file, file, data, mode)
        return True

    def _kept(self, history: Sequence[FileChanged]) -> _Kept:
        """Raises ToolError when something is missing."""
        names = {name for change in history for name in (change.before, change.after) if name}
        contents: dict[str, Content] = {}
        raw: dict[str, bytes] = {}
        encodings: dict[str, Encoding] = {}
        for name in names:
            state = read_state(name)
            if isinstance(state, UnreadState):
                contents[name] = state
                continue
            data = self._blobs.get(name)
            if data is None:
                raise ToolError(
                    "its earlier content is not kept: it was too long ago "
                    "(checkpoints.days_max), or there was no room (checkpoints.bytes_max)"
                )
            if isinstance(state, LinkState):
                contents[name] = Link(data)
                continue
            raw[name] = data
            decoded = decode(data)
            contents[name] = decoded[0] if decoded else data
            if decoded:
                encodings[name] = decoded[1]
        return _Kept(contents, raw, encodings)


async def _current(editor: Editor, file: Path) -> Content:
    found = await asyncio.to_thread(_look, file)
    if not isinstance(found, bytes):
        return found
    try:
        return (await editor.read(file)).text
    except FileMissing:
        return None
    except ToolError:
        return found


def _look(file: Path) -> Content:
    """What is there, a text as bytes. A folder is no file."""
    try:
        state = file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISDIR(state.st_mode):
        return None
    if _answers_to_any_case(file) and file not in file.parent.iterdir():
        return None
    taken: list[bytes] = []

    def take(data: bytes) -> str:
        taken.append(data)
        return digest_of(data)

    found = look_at(str(file), status_of(state), take)
    if isinstance(found, UnreadState):
        return found
    return Link(taken[0]) if isinstance(found, LinkState) else taken[0]


def _answers_to_any_case(file: Path) -> bool:
    """Says whether the disk takes names in upper and lower case for the same."""
    other = file.with_name(file.name.swapcase())
    if other.name == file.name:
        return False
    try:
        return os.path.samestat(other.lstat(), file.lstat())
    except OSError:
        return False


def _mode_of(file: Path) -> int | None:
    """The permission bits of a regular file, None where there is none."""
    try:
        state = file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return stat.S_IMODE(state.st_mode) if stat.S_ISREG(state.st_mode) else None


def _set_mode(file: Path, mode: int | None) -> None:
    """Gives a regular file the mode, but for the rights to be somebody else that it has not."""
    current = _mode_of(file)
    if mode is None or current is None:
        return
    wanted = mode & ~(SPECIAL_BITS & ~current)
    if wanted != current:
        file.chmod(wanted)


def _has_further_names(file: Path) -> bool:
    return file.lstat().st_nlink > 1


def _is_written_raw(file: Path, history: Sequence[FileChanged], kept: _Kept) -> bool:
    """Says whether no editor may replace the text: it would keep another encoding, or cut a hard link."""
    try:
        decoded = decode(read_bytes(file))
    except ToolError:
        return False
    if decoded is None or _has_further_names(file):
        return True
    return value_before(decoded[1], history, kept.encodings) != decoded[1]


def _put_link(file: Path, link: Link) -> None:
    """Puts a link in the place of whatever file is there."""
    with open_folder(file.parent, make=True) as folder:
        staged = STAGING_PREFIX + secrets.token_hex(8)
        os.symlink(link.target, os.fsencode(staged), dir_fd=folder)
        os.rename(staged, file.name, src_dir_fd=folder, dst_dir_fd=folder)


def _put_file(file: Path, data: bytes, mode: int | None) -> None:
    """Writes a file; one with further names stays that one file."""
    with open_folder(file.parent, make=True) as folder:
        try:
            state = os.stat(file.name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            state = None
        if state is not None and stat.S_ISREG(state.st_mode) and state.st_nlink > 1:
            flags = os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(file.name, flags, dir_fd=folder), "wb") as opened:  # noqa: PTH123
                opened.write(data)
            return
    with stage_file(file, data, mode=None if mode is None else mode & PERMISSIONS) as staged:
        staged.put_in_place()


def _bytes(
    target: str | bytes, history: Sequence[FileChanged], kept: _Kept, current: Encoding | None
) -> bytes:
    """The bytes of what was before: the very ones, or a merged text in the encoding of before."""
    first = history[0].before
    encoding = value_before(current, history, kept.encodings)
    if first and kept.contents[first] == target and encoding in (kept.encodings.get(first), None):
        return kept.raw[first]
    if isinstance(target, bytes):
        return target
    try:
        return encode(target, encoding or UTF_8)
    except EditRejected:
        return target.encode("utf-8", "surrogatepass")


def _encode_as_before(file: Path, history: Sequence[FileChanged], kept: _Kept) -> bool:
    """Gives a text back its encoding and byte order mark; says whether they were others."""
    if _mode_of(file) is None:
        return False
    try:
        data = read_bytes(file)
    except ToolError:
        return False
    decoded = decode(data)
    if decoded is None:
        return False
    before = _bytes(decoded[0], history, kept, decoded[1])
    if before == data or decode(before) is None:
        return False
    _put_file(file, before, None)
    return True


def _restored(
    file: Path, name: str | None, mode_found: int | None, *, changed: bool
) -> RestoredFile:
    """What came of it; `name` is the state of before, and `mode_found` the mode when undo began."""
    before = read_state(name) if name else None
    mode = _mode_of(file)
    changed = changed or (mode is not None and mode_found not in (mode, None))
    if not isinstance(before, FileState):
        return RestoredFile(changed)
    missing = []
    if (before.mode or 0) & SPECIAL_BITS & ~(mode or 0):
        missing.append("it is back, but for its set-user-ID or set-group-ID bit")
    if changed and before.is_linked and not _has_further_names(file):
        missing.append("it is back, but a file of its own now: it was one file with another name")
    return RestoredFile(changed, tuple(missing))
