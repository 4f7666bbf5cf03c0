"""This module restricts a thread, and all that it starts, by Landlock.

Landlock is part of Linux since 5.13 and needs no rights and no program: a thread
gives up what it will not need, and neither it nor its children get it back. A
right is granted for a folder with all that is below it and can be taken away
nowhere inside; so what is hidden is left out by granting its neighbours one by
one. See `man 7 landlock`.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import ClassVar

from lsp_server.sandbox.policy import Policy

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Numbers of the system calls, the same on every architecture."""
GET_VERSION = 1
PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = (1 << bit for bit in range(4))
REFER, TRUNCATE, IOCTL_DEV = (1 << bit for bit in (13, 14, 15))
ALL_BY_VERSION = (0, (1 << 13) - 1, (1 << 14) - 1, (1 << 15) - 1, (1 << 15) - 1, (1 << 16) - 1)
"""The rights to files that each version of Landlock knows."""
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
"""Those that a rule about a single file may have."""
READ = EXECUTE | READ_FILE | READ_DIR
BIND_TCP, CONNECT_TCP = 1, 2
SCOPE_ABSTRACT_SOCKETS, SCOPE_SIGNALS = 1, 2

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx")
DEVICE_FOLDERS = ("/dev/shm", "/dev/pts")
"""What programs write to and what nobody can lose anything in."""


class _Ruleset(ctypes.Structure):
    _fields_: ClassVar = [
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    ]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_: ClassVar = [("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32)]


@cache
def version() -> int:
    """The version of Landlock that the kernel has; 0 for none, or where it is switched off."""
    found = _libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), GET_VERSION)
    return max(0, int(found))


def restrict_thread(policy: Policy) -> None:
    """Restricts the calling thread for good. Raises OSError; then it may be half restricted.

    Only from a thread that ends after it has started what it was made for.
    """
    known = version()
    if known < 1:
        raise OSError(errno.ENOSYS, "Landlock is not there")
    handled = ALL_BY_VERSION[min(known, len(ALL_BY_VERSION) - 1)]
    attributes = _Ruleset(
        handled,
        BIND_TCP | CONNECT_TCP if known >= 4 and policy.network == "off" else 0,
        SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS if known >= 6 else 0,
    )
    size = 8 if known < 4 else 16 if known < 6 else 24
    ruleset = _checked(
        _libc().syscall(CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), 0)
    )
    try:
        for path, rights in _grants(policy, handled):
            _grant(ruleset, path, rights & handled)
        _checked(_libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(_libc().syscall(RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _grants(policy: Policy, everything: int) -> Iterator[tuple[Path, int]]:
    yield from ((path, READ) for path in _visible(Path("/"), policy.hidden))
    for folder in (*policy.writable, *((policy.scratch,) if policy.scratch else ())):
        yield folder, everything
    for device in DEVICES:
        yield Path(device), READ_FILE | WRITE_FILE | IOCTL_DEV | TRUNCATE
    for folder in map(Path, DEVICE_FOLDERS):
        yield folder, everything


def _visible(folder: Path, hidden: tuple[Path, ...]) -> Iterator[Path]:
    """The folder, or where something below it is hidden its entries one by one."""
    within = tuple(path for path in hidden if path.is_relative_to(folder))
    if not within:
        yield folder
        return
    if folder in within:
        return
    try:
        entries = [folder / entry.name for entry in os.scandir(folder)]
    except OSError:
        return
    for entry in entries:
        if entry.is_symlink():
            continue  # Where it leads is granted or hidden on its own account.
        yield from _visible(entry, within)


def _grant(ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # It is gone by now, or nobody may look at it: then there is nothing to grant.
    try:
        if not path.is_dir():
            rights &= FILE_RIGHTS
        beneath = _PathBeneath(rights, descriptor)
        _checked(_libc().syscall(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(beneath), 0))
    finally:
        os.close(descriptor)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)
