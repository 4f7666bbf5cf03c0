"""This module replaces a file as a whole, so that a crash leaves the old file or the new one."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lsp_server.system.open_folder import open_folder

STAGING_PREFIX = ".holdfast-staging-"
"""Begins the name of a file that is about to be renamed into place."""


def replace_file(path: Path, data: bytes, *, private: bool = False, durable: bool = True) -> None:
    """Writes `data` to `path`, whole or not at all. Blocking.

    A file that is there keeps its permissions and, where that is allowed, its owner, but
    no set-user-ID bit. A new one gets what the umask leaves, or with `private` is open to its owner
    alone. Without `durable` a power cut may lose the new content, never mix it
    with the old. Missing folders are made.

    Raises OSError; then the old file is as it was.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "state.json"
    >>> replace_file(target, b"{}")
    >>> target.read_bytes()
    b'{}'
    """
    parent = _made(path.parent)
    with stage_file(parent / path.name, data, private=private, durable=durable) as staged:
        staged.put_in_place()


def create_file(path: Path, data: bytes, *, private: bool = False) -> bool:
    """Writes `data` to `path` unless a file is there already; says whether it was written. Blocking.

    Of several processes that try at the same time one succeeds, and the others find
    its whole file. Raises OSError.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "key"
    >>> create_file(target, b"first"), create_file(target, b"second")
    (True, False)
    >>> target.read_bytes()
    b'first'
    """
    if path.exists():
        return False
    parent = _made(path.parent)
    with stage_file(parent / path.name, data, private=private) as staged:
        return staged.put_if_none()


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A `StagedFile` lies beside the place it is for, both in a folder that is held open."""

    folder: int
    staged_name: str
    name: str

    def put_in_place(self) -> None:
        """Replaces what is there. Raises OSError."""
        os.rename(self.staged_name, self.name, src_dir_fd=self.folder, dst_dir_fd=self.folder)

    def put_if_none(self) -> bool:
        """Puts it there unless something is, and says whether it did. Raises OSError."""
        try:
            # A link, unlike a rename, replaces nothing.
            os.link(self.staged_name, self.name, src_dir_fd=self.folder, dst_dir_fd=self.folder)
        except FileExistsError:
            return False
        return True


@contextmanager
def stage_file(
    path: Path,
    data: bytes,
    *,
    private: bool = False,
    durable: bool = True,
    mode: int | None = None,
) -> Iterator[StagedFile]:
    """Writes `data` beside `path`, ready to be put into its place, and removes it unless that was done.

    For callers that stage several files before they replace the first. No link is
    followed on the way to the path, which is absolute. Missing folders are made. With
    `mode` it gets these permissions, whatever the file has that is there.
    Raises OSError; then nothing is left behind.
    """
    with open_folder(path.parent, make=True) as folder:
        staged = StagedFile(folder, STAGING_PREFIX + secrets.token_hex(8), path.name)
        try:
            _write(staged, data, private=private or mode is not None, durable=durable, mode=mode)
            yield staged
        finally:
            with suppress(OSError):
                os.unlink(staged.staged_name, dir_fd=folder)


def _write(
    staged: StagedFile, data: bytes, *, private: bool, durable: bool, mode: int | None
) -> None:
    try:
        state = os.stat(staged.name, dir_fd=staged.folder, follow_symlinks=False)
    except FileNotFoundError:
        state = None
    if state is not None and not stat.S_ISREG(state.st_mode):
        state = None
    # What may be private is never open to others, not even for a moment.
    first_mode = 0o600 if private or state is not None else 0o666
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(staged.staged_name, flags, first_mode, dir_fd=staged.folder)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
        if state is not None:
            _copy_mode_and_owner(descriptor, state)
        if mode is not None:
            os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        if durable:
            os.fsync(descriptor)


def _made(folder: Path) -> Path:
    """Makes the folder and returns where it really is."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def _copy_mode_and_owner(descriptor: int, state: os.stat_result) -> None:
    with suppress(PermissionError):
        os.fchown(descriptor, state.st_uid, state.st_gid)
    # Another content under the same rights to be somebody else would be a gift to whoever wrote it.
    os.fchmod(descriptor, state.st_mode & 0o777)
