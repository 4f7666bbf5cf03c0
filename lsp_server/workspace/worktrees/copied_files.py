"""This module copies what counts of a workspace into several folders at once. All of it blocks."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from lsp_server.domain.edits import FileEdit, fingerprint, minimal_edit
from lsp_server.domain.errors import EditRejected, ToolError
from lsp_server.sandbox.real_files import remove_real
from lsp_server.workspace.files.disk import FileMissing, apply_edits_on_disk, read_text

OPEN_BITS = 0o700
"""What the owner of a folder needs to fill it."""


def copy_files(source: Path, paths: Iterable[str], targets: Sequence[Path]) -> list[str]:
    """Copies files, links and folders, whose paths end with a slash, with modes and times.

    `paths` are relative to `source`, those of folders before what is in them. Each is read once
    for all `targets`, so that these are equal. Returns what could not be read; what is no file,
    as a socket, is left out. Raises OSError where a target cannot be written.
    """
    unread: list[str] = []
    for path in paths:
        original = source / path
        try:
            state = original.lstat()
            copy = _copier(original, state.st_mode)
        except FileNotFoundError:
            continue  # It went meanwhile.
        except OSError:
            unread.append(path)
            continue
        for target in targets:
            place = target / path
            place.parent.mkdir(parents=True, exist_ok=True)
            copy(place)
    return unread


def _copier(original: Path, mode: int) -> Callable[[Path], object]:
    """Returns what makes a copy at a place. Raises OSError when the original cannot be read."""
    if stat.S_ISDIR(mode):
        return lambda place: place.mkdir(mode=stat.S_IMODE(mode) | OPEN_BITS, exist_ok=True)
    if stat.S_ISLNK(mode):
        target = original.readlink()
        return lambda place: place.symlink_to(target)
    if not stat.S_ISREG(mode):
        return lambda _: None
    if not os.access(original, os.R_OK):
        raise PermissionError
    return lambda place: shutil.copy2(original, place, follow_symlinks=False)


def link_folders(source: Path, paths: Iterable[str], targets: Iterable[Path]) -> None:
    """Puts a link to each folder into the targets, where nothing has its name."""
    for target in targets:
        for path in paths:
            with suppress(FileExistsError, FileNotFoundError):
                (target / path.rstrip("/")).symlink_to(source / path)


def copy_folders(source: Path, paths: Iterable[str], targets: Sequence[Path]) -> None:
    """Copies whole folders; what cannot be copied in them is left out, as for a build folder."""
    for target in targets:
        for path in paths:
            with suppress(shutil.Error, OSError):
                shutil.copytree(source / path, target / path, symlinks=True, dirs_exist_ok=True)


def write_buffers(source: Path, buffers: Mapping[Path, str], targets: Sequence[Path]) -> list[str]:
    """Gives the copies the texts of open buffers that are not saved, in their files' encodings.

    Returns the paths of those that cannot be written, as of files that are binary on the disk.
    """
    unwritten = []
    for path, text in buffers.items():
        if not path.is_relative_to(source):
            continue
        relative = path.relative_to(source)
        try:
            apply_edits_on_disk(
                [edit for target in targets for edit in _text_edit(target / relative, text)]
            )
        except (ToolError, EditRejected):
            unwritten.append(relative.as_posix())
    return unwritten


def _text_edit(path: Path, text: str) -> list[FileEdit]:
    """Returns the edit that gives a file this text, if it has another one. Raises ToolError."""
    try:
        now = read_text(path).text
    except FileMissing:
        return [FileEdit(path, None, minimal_edit("", text))]
    return [FileEdit(path, fingerprint(now), minimal_edit(now, text))] if now != text else []


def remove_tree(folder: Path) -> None:
    """Removes a folder with all in it, whatever modes a command left there. Raises nothing."""
    with suppress(OSError):
        remove_real(folder, folder.parent)
