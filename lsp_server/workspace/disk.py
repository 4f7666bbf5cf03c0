"""Text files on disk: whole reads, atomic writes. Blocking; call it in a thread.

A write is staged next to its target, flushed to the disk and then renamed, so
a full disk or a crash leaves the old file or the new one, never half of one.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from lsp_server.domain.edits import FileEdit
from lsp_server.domain.errors import EditRejected, ToolError
from lsp_server.settings.regular_files import open_regular
from lsp_server.workspace.encoding import UTF_8, Encoding, decode, encode

FILE_BYTES_MAX = 10_000_000
"""Larger files are not for a model to read or edit."""

STAGING_PREFIX = ".holdfast-staging-"
"""The name of a file that is about to be renamed into place."""


class FileMissing(ToolError):
    """There is no file at the path."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """The text of a file without byte order mark, and how it is spelled."""

    text: str
    encoding: Encoding


def read_text(path: Path, bytes_max: int = FILE_BYTES_MAX) -> TextFile:
    """Raises ToolError: missing, a directory, too large, unreadable, binary."""
    decoded = decode(read_bytes(path, bytes_max))
    if decoded is None:
        raise ToolError(f"{path.name} is binary; use `shell` to look into it")
    return TextFile(*decoded)


def read_bytes(path: Path, bytes_max: int = FILE_BYTES_MAX) -> bytes:
    """Raises ToolError: missing, a directory, not a regular file, too large, unreadable."""
    try:
        state = path.stat()
        if stat.S_ISDIR(state.st_mode):
            raise ToolError(f"{path.name} is a directory; use `list` to see what is in it")
        if not stat.S_ISREG(state.st_mode):
            raise ToolError(f"{path.name} is a device, a pipe or a socket, not a file with text")
        with open_regular(path) as file:
            data = file.read(bytes_max + 1) if state.st_size <= bytes_max else b""
    except OSError as error:
        raise _unreadable(path, error) from error
    if max(state.st_size, len(data)) > bytes_max:
        raise ToolError(
            f"{path.name} is too large: {state.st_size / 1e6:.0f} MB, the limit is "
            f"{bytes_max / 1e6:.0f} MB; use `search`, or `shell` with head or sed"
        )
    return data


def apply_edits_on_disk(edits: Sequence[FileEdit]) -> None:
    """All of the edits or none.

    Each is checked against the text on disk and staged before the first file
    is replaced. Raises EditRejected.
    """
    with ExitStack() as staged:
        writes: list[tuple[Path, Path | None]] = []
        for edit in edits:
            data = _checked(edit)
            temporary = None if data is None else _stage(edit.path, data)
            if temporary is not None:
                staged.callback(temporary.unlink, missing_ok=True)
            writes.append((edit.path, temporary))
        for path, temporary in writes:
            try:
                _put(path, temporary)
            except OSError as error:
                raise EditRejected(f"{path.name} cannot be replaced: {error.strerror}") from error


def write_bytes(path: Path, data: bytes) -> None:
    """Replaces or creates one file. Raises EditRejected."""
    temporary = _stage(path, data)
    try:
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise EditRejected(f"{path.name} cannot be replaced: {error.strerror}") from error


def _checked(edit: FileEdit) -> bytes | None:
    """The bytes to write, None to delete. Raises EditRejected."""
    path = edit.path
    if path.resolve() != path:
        raise EditRejected(
            f"{path.name} leads elsewhere by now, to {path.resolve()}; read it again"
        )
    if edit.base is None and not edit.deletes:
        if path.exists():
            raise EditRejected(f"{path.name} exists already; read it and edit that version")
        return encode(edit.result(""), UTF_8)
    try:
        current = read_text(path)
    except FileMissing as error:
        raise EditRejected(f"{path.name} is gone since it was read") from error
    except ToolError as error:
        raise EditRejected(str(error)) from error
    if path.stat().st_mode & 0o222 == 0:
        raise EditRejected(f"{path.name} is read-only; a person has to make it writable first")
    text = edit.result(current.text)
    return None if edit.deletes else encode(text, current.encoding)


def _stage(path: Path, data: bytes) -> Path:
    """A flushed file next to `path` with its mode and owner. Raises EditRejected."""
    temporary = path.with_name(STAGING_PREFIX + secrets.token_hex(8))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        state = path.stat() if path.exists() else None
        # A new file gets what the umask leaves; a private one is never open to others.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(temporary, flags, 0o666 if state is None else 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
            if state is not None:
                _like(descriptor, state)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise EditRejected(f"{path.name} cannot be written: {error.strerror}") from error
    return temporary


def _like(descriptor: int, state: os.stat_result) -> None:
    with suppress(PermissionError):
        os.fchown(descriptor, state.st_uid, state.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(state.st_mode))


def _put(path: Path, temporary: Path | None) -> None:
    if temporary is None:
        path.unlink(missing_ok=True)
    else:
        temporary.replace(path)


def _unreadable(path: Path, error: OSError) -> ToolError:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return FileMissing(f"{path.name} does not exist; use `list` to see which files do")
        case PermissionError():
            return ToolError(f"{path.name} may not be read; a person has to change its permissions")
        case _:
            return ToolError(f"{path.name} cannot be read: {error.strerror}")
