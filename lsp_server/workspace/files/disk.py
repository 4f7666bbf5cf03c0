"""This module reads and writes text files on disk, each whole or not at all.

All of it blocks; call it in a thread.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from lsp_server.domain.edits import FileEdit
from lsp_server.domain.errors import EditRejected, ToolError
from lsp_server.settings.regular_files import open_regular
from lsp_server.system.atomic_file import StagedFile, replace_file, stage_file
from lsp_server.system.open_folder import open_folder
from lsp_server.text.count import count_of
from lsp_server.workspace.files.encoding import UTF_8, Encoding, decode, encode
from lsp_server.workspace.files.image_header import image_header

FILE_BYTES_MAX = 10_000_000
"""Larger files are not for a model to read or edit."""
HEADER_BYTES = 4096
LOOK_INTO = "use `shell` to look into it"


class FileUnread(ToolError):
    """There is nothing at the path that can be read."""


class FileMissing(FileUnread):
    """There is no file at the path."""


class ImageFile(ToolError):
    """The file is an image, and was to be read as text."""


class FileTooLarge(ToolError):
    """The file has `size_bytes`, more than are read."""

    def __init__(self, what: str, hint: str, size_bytes: int) -> None:
        super().__init__(what, hint)
        self.size_bytes = size_bytes


@dataclass(frozen=True, slots=True)
class TextFile:
    """The text of a file without its byte order mark, and the encoding it is in."""

    text: str
    encoding: Encoding


def read_text(path: Path, bytes_max: int = FILE_BYTES_MAX) -> TextFile:
    """Raises ToolError: missing, a directory, too large, unreadable, binary, an image."""
    try:
        data = read_bytes(path, bytes_max)
    except FileTooLarge as error:
        _refuse_image(path, _beginning(path), error.size_bytes)
        raise
    decoded = decode(data)
    if decoded is None:
        _refuse_image(path, data, len(data))
        raise ToolError(f"{path.name} is binary", LOOK_INTO)
    return TextFile(*decoded)


def read_bytes(path: Path, bytes_max: int = FILE_BYTES_MAX) -> bytes:
    """Reads a file of at most `bytes_max`.

    Raises ToolError: missing, a directory, not a regular file, too large, unreadable.
    """
    try:
        state = path.stat()
        if stat.S_ISDIR(state.st_mode):
            raise FileUnread(f"{path.name} is a directory", "use `list` to see what is in it")
        if not stat.S_ISREG(state.st_mode):
            raise FileUnread(f"{path.name} is a device, a pipe or a socket, not a file with text")
        with open_regular(path) as file:
            data = file.read(bytes_max + 1) if state.st_size <= bytes_max else b""
    except OSError as error:
        raise _read_error(path, error) from error
    if max(state.st_size, len(data)) > bytes_max:
        raise FileTooLarge(
            f"{path.name} is too large: {state.st_size / 1e6:.0f} MB, the limit is "
            f"{bytes_max / 1e6:.0f} MB",
            "use `search`, or `shell` with head or sed",
            max(state.st_size, len(data)),
        )
    return data


def apply_edits_on_disk(edits: Sequence[FileEdit]) -> None:
    """Applies all of the edits or none.

    Each is checked against the text on disk and staged before the first file
    is replaced. Raises EditRejected.
    """
    with ExitStack() as staging:
        writes: list[tuple[Path, StagedFile | None]] = []
        for edit in edits:
            data = _new_bytes(edit)
            # A full disk shows itself here, before the first file is replaced.
            staged = None if data is None else _stage(edit.path, data, staging)
            writes.append((edit.path, staged))
        for path, staged in writes:
            _replace_or_delete(path, staged)


def write_bytes(path: Path, data: bytes) -> None:
    """Replaces or creates one file. Raises EditRejected."""
    try:
        replace_file(path, data)
    except OSError as error:
        raise EditRejected(f"{path.name} cannot be written: {error.strerror}") from error


def _refuse_image(path: Path, data: bytes, size_bytes: int) -> None:
    """Raises ImageFile if the data begins as an image does."""
    if (image := image_header(data)) is not None:
        raise ImageFile(
            f"{path.name} is binary: {image}, {count_of(size_bytes, 'byte')}", LOOK_INTO
        )


def _beginning(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(HEADER_BYTES)
    except OSError:
        return b""


def _new_bytes(edit: FileEdit) -> bytes | None:
    """The bytes to write, None to delete. Raises EditRejected."""
    path = edit.path
    # Somebody may have put a link in its place since the path was allowed.
    if path.resolve() != path:
        raise EditRejected(
            f"{path.name} leads elsewhere by now, to {path.resolve()}", "read it again"
        )
    if edit.base is None and not edit.deletes:
        if path.exists():
            raise EditRejected(f"{path.name} exists already", "read it and edit that version")
        return encode(edit.result(""), UTF_8)
    try:
        current = read_text(path)
    except FileMissing as error:
        raise EditRejected(f"{path.name} is gone since it was read") from error
    except ToolError as error:
        raise EditRejected(error.what, error.hint) from error
    # A rename would replace it all the same: its folder decides about that, not the file.
    if path.stat().st_mode & 0o222 == 0:
        raise EditRejected(f"{path.name} is read-only", "a person has to make it writable first")
    text = edit.result(current.text)
    return None if edit.deletes else encode(text, current.encoding)


def _stage(path: Path, data: bytes, staging: ExitStack) -> StagedFile:
    try:
        return staging.enter_context(stage_file(path, data))
    except OSError as error:
        raise EditRejected(f"{path.name} cannot be written: {error.strerror}") from error


def _replace_or_delete(path: Path, staged: StagedFile | None) -> None:
    try:
        if staged is None:
            remove_file(path)
        else:
            staged.put_in_place()
    except OSError as error:
        raise EditRejected(f"{path.name} cannot be replaced: {error.strerror}") from error


def remove_file(path: Path) -> None:
    """Removes what is at an absolute path, if anything is, and follows no link. Raises OSError."""
    with suppress(FileNotFoundError), open_folder(path.parent) as folder:
        os.unlink(path.name, dir_fd=folder)


def _read_error(path: Path, error: OSError) -> FileUnread:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return FileMissing(f"{path.name} does not exist", "use `list` to see which files do")
        case PermissionError():
            return FileUnread(
                f"{path.name} may not be read", "a person has to change its permissions"
            )
        case _:
            return FileUnread(f"{path.name} cannot be read: {error.strerror}")
