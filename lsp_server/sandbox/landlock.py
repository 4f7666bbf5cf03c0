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
import stat
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import ClassVar, TypeAlias

from lsp_server.sandbox.policy import Policy
from lsp_server.sandbox.system_calls import forbid_new_privileges, syscall

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Numbers of the system calls, the same on every architecture."""
GET_VERSION = 1
PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK = (1 << bit for bit in range(6, 12))
MAKE_SYM, REFER, TRUNCATE, IOCTL_DEV = (1 << bit for bit in range(12, 16))
BITS_BY_VERSION = (0, 13, 14, 15, 15, 16)
"""How many of these rights each version of Landlock knows; the last is that of all later ones."""
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
"""Those that a rule about a single file may have."""
READ = EXECUTE | READ_FILE | READ_DIR
USE_DEVICE = READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV
EVERYTHING = (1 << 16) - 1
CHANGE = EVERYTHING & ~(MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV)
"""All that may be done in a writable folder. Root could reach a disk by a device file of its own."""
SHARE_MEMORY = READ_FILE | WRITE_FILE | MAKE_REG | REMOVE_FILE | TRUNCATE
BIND_TCP, CONNECT_TCP = 1, 2
SCOPE_ABSTRACT_SOCKETS, SCOPE_SIGNALS = 1, 2

DEVICES = tuple(map(Path, ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")))
"""What programs write to and nobody can lose anything in. Terminals are not among them: a
command could type escape sequences into those of the person."""
DEVICE_FOLDER = Path("/dev")
OF_THE_KERNEL = (DEVICE_FOLDER, Path("/proc"), Path("/sys"))
"""Not changed where the whole disk may be."""
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - semaphores of Python and others live there


_Tree: TypeAlias = "dict[str, _Tree | None]"
"""Names in a folder: None for one that is hidden, else what is hidden below it."""


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
    """Returns the version of Landlock that the kernel has; 0 for none, or switched off."""
    if sys.platform != "linux":
        return 0  # The number means another call there.
    try:
        return syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(GET_VERSION))
    except OSError:
        return 0


def make_ruleset(policy: Policy, known: int | None = None) -> int:
    """Returns a descriptor of the policy as rules, which the caller closes. Restricts nothing yet.

    `known` is the version of Landlock to use, not above that of the kernel, which is
    the default. Raises OSError.
    """
    known = version() if known is None else known
    if known < 1:
        raise OSError(errno.ENOSYS, "Landlock is not there")
    handled = (1 << BITS_BY_VERSION[min(known, len(BITS_BY_VERSION) - 1)]) - 1
    attributes = _Ruleset(
        handled,
        BIND_TCP | CONNECT_TCP if known >= 4 and policy.network != "on" else 0,
        SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS if known >= 6 else 0,
    )
    size = 8 if known < 4 else 16 if known < 6 else 24
    ruleset = syscall(
        CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0)
    )
    try:
        for path, rights in _grants(policy):
            _grant(ruleset, path, rights & handled)
    except OSError:
        os.close(ruleset)
        raise
    return ruleset


def restrict_thread(ruleset: int) -> None:
    """Restricts the calling thread, and all that it starts, for good. Raises OSError.

    Only from a thread that ends after it has started what it was made for.
    """
    forbid_new_privileges()
    syscall(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))


def _grants(policy: Policy) -> Iterator[tuple[str, int]]:
    # A disk, a terminal and the memory of the machine are files in /dev.
    unreadable = _tree((*policy.hidden, DEVICE_FOLDER))
    yield from ((path, READ) for path in _visible("/", unreadable))
    shown = [(folder, CHANGE) for folder in policy.changeable]
    shown += [(folder, READ) for folder in policy.readable]
    for folder, rights in shown:
        hidden = _tree(
            path.relative_to(folder) for path in _below(folder, (*policy.hidden, *OF_THE_KERNEL))
        )
        if hidden:
            yield str(folder), READ_DIR
        yield from ((path, rights) for path in _visible(str(folder), hidden))
    yield from ((str(path), USE_DEVICE) for path in (*DEVICES, *policy.devices))
    if not policy.reads_only and not others_share_memory():
        yield str(SHARED_MEMORY), SHARE_MEMORY


def others_share_memory(folder: Path = SHARED_MEMORY) -> bool:
    """Says whether there is shared memory that we may change: no rule could tell it from a command's."""
    try:
        with os.scandir(folder) as entries:
            return any(os.access(entry.path, os.W_OK) for entry in entries)
    except OSError:
        return True


def _below(folder: Path, paths: Iterable[Path]) -> Iterator[Path]:
    # As text, since a path takes ten times as long, and there are hundreds.
    start = f"{str(folder).rstrip(os.sep)}{os.sep}"
    return (path for path in paths if str(path).startswith(start))


def _tree(paths: Iterable[Path]) -> _Tree:
    """The paths by their parts, since comparing paths with each other would take 100 ms."""
    tree: _Tree = {}
    # The outer ones first: what is below something hidden is hidden with it.
    for *folders, name in sorted((_parts(path) for path in paths), key=len):
        node: _Tree | None = tree
        for folder in folders:
            node = node.setdefault(folder, {}) if node is not None else None
        if node is not None:
            node.setdefault(name, None)
    return tree


def _parts(path: Path) -> tuple[str, ...]:
    return path.parts[1:] if path.is_absolute() else path.parts


def _visible(folder: str, hidden: _Tree) -> Iterator[str]:
    """Yields the folder, or where something below it is hidden its entries one by one."""
    if not hidden:
        yield folder
        return
    try:
        with os.scandir(folder) as entries:
            # Where a link leads is granted or hidden on its own account.
            found = [(entry.path, entry.name) for entry in entries if not entry.is_symlink()]
    except OSError:
        return
    for path, name in found:
        if name not in hidden:
            yield path
        elif inner := hidden[name]:
            yield from _visible(path, inner)


def _grant(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return  # It is gone by now, or nobody may look at it: then there is nothing to grant.
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISLNK(mode):
            return
        if not stat.S_ISDIR(mode):
            rights &= FILE_RIGHTS
        beneath = _PathBeneath(rights, descriptor)
        syscall(
            ADD_RULE,
            ctypes.c_int(ruleset),
            ctypes.c_int(PATH_BENEATH),
            ctypes.byref(beneath),
            ctypes.c_uint32(0),
        )
    finally:
        os.close(descriptor)
