"""This module replaces a file as a whole, so that a crash leaves the old file or the new one."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

STAGING_PREFIX = ".holdfast-staging-"
"""Begins the name of a file that is about to be renamed into place."""


def replace_file(path: Path, data: bytes, *, private: bool = False, durable: bool = True) -> None:
    """Writes `data` to `path`, whole or not at all. Blocking.

    A file that is there keeps its mode and, where that is allowed, its owner. A
    new one gets what the umask leaves, or with `private` is open to its owner
    alone. Without `durable` a power cut may lose the new content, never mix it
    with the old. Missing folders are made.

    Raises OSError; then the old file is as it was.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "state.json"
    >>> replace_file(target, b"{}")
    >>> target.read_bytes()
    b'{}'
    """
    staged = stage_file(path, data, private=private, durable=durable)
    try:
        staged.replace(path)
    except OSError:
        staged.unlink(missing_ok=True)
        raise


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
    staged = stage_file(path, data, private=private)
    try:
        # A link, unlike a rename, replaces nothing.
        os.link(staged, path)
    except FileExistsError:
        return False
    finally:
        staged.unlink(missing_ok=True)
    return True


def stage_file(path: Path, data: bytes, *, private: bool = False, durable: bool = True) -> Path:
    """Writes `data` beside `path`, ready to be renamed into its place; returns where.

    For callers that stage several files before they replace the first. Raises
    OSError; then nothing is left behind.
    """
    staged = path.with_name(STAGING_PREFIX + secrets.token_hex(8))
    path.parent.mkdir(parents=True, exist_ok=True)
    state = path.stat() if path.exists() else None
    # What may be private is never open to others, not even for a moment.
    mode = 0o600 if private or state is not None else 0o666
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        descriptor = os.open(staged, flags, mode)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
            if state is not None:
                _copy_mode_and_owner(descriptor, state)
            file.write(data)
            file.flush()
            if durable:
                os.fsync(descriptor)
    except OSError:
        with suppress(OSError):
            staged.unlink(missing_ok=True)
        raise
    return staged


def _copy_mode_and_owner(descriptor: int, state: os.stat_result) -> None:
    with suppress(PermissionError):
        os.fchown(descriptor, state.st_uid, state.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(state.st_mode))
