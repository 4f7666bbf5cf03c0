"""This module takes system calls away from a thread and all that it starts.

Landlock bounds files. A seccomp filter refuses what gets around it or reaches the
outside in other ways: sockets, the queues and memory that programs of a user share,
new namespaces, limits of other processes. It sees numbers and never what a pointer
leads to, so it cannot judge a path or an address; what a path decides waits for
somebody who can (`call_listener.py`).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import socket
import stat
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from lsp_server.sandbox.call_numbers import call_numbers
from lsp_server.sandbox.system_calls import forbid_new_privileges, prctl, syscall

PR_SET_SECCOMP, MODE_FILTER = 22, 2
SET_MODE_FILTER, NEW_LISTENER, WAIT_TO_THE_END = 1, 1 << 3, 1 << 5
"""The last one, of Linux 5.19: no signal but a deadly one interrupts a call that is being answered."""

LOAD, AND, JUMP_EQUAL, JUMP_SET, RETURN = 0x20, 0x54, 0x15, 0x45, 0x06
ALLOW, ASK, REFUSE, KILL = 0x7FFF0000, 0x7FC00000, 0x00050000, 0x80000000
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16
ALL_BITS = 0xFFFFFFFF
X32_BIT = 0x40000000
"""Numbers with it are system calls of x86-64's second interface, which nobody needs."""

ARCHITECTURES: Mapping[str, int] = MappingProxyType({"x86_64": 0xC000003E, "aarch64": 0xC00000B7})

BYPASSES = (
    # Other namespaces and mounts, where a rule about paths means something else.
    *("mount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr", "move_mount"),
    *("fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "setns", "open_by_handle_at"),
    # Input and output that a filter does not see, and parts of the kernel for experts.
    *("io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "perf_event_open"),
    *("userfaultfd", "fanotify_init", "add_key", "request_key", "keyctl"),
    # Other processes and the machine as a whole.
    *("process_madvise", "process_mrelease", "migrate_pages", "move_pages", "kexec_load"),
    *("kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "swapon"),
    *("swapoff", "acct", "quotactl"),
)
"""System calls that are refused whatever the policy."""

SHARED_BY_USER = (
    *("shmget", "shmat", "shmctl", "semget", "semop", "semctl", "semtimedop"),
    *("msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink"),
)
"""Memory, semaphores and queues without a path, which all programs of a user share."""

OF_A_PROCESS = (
    *(("prlimit64", 0), ("setpriority", 1), ("ioprio_set", 1), ("sched_setaffinity", 0)),
    *(("sched_setscheduler", 0), ("sched_setparam", 0), ("sched_setattr", 0)),
)
"""Calls that change a process, with the place of its number; 0 is the caller itself."""

METADATA = (
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
    *("utime", "utimes", "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr"),
    *("setxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat"),
)
"""Calls that change owner, mode, times and attributes of a file, wherever it is."""

GIVE_A_MODE = (
    *(("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("fchmodat2", 2)),
    *(("creat", 1), ("mknod", 1), ("mknodat", 2)),
)
"""Calls that give a file its mode, with the place of it."""
CREATES = os.O_CREAT | 0o20000000
"""Flags by which `open` makes a file, with a name or without one."""

NEW_NAMESPACES = 0x7E020080
"""The flags of `clone` and `unshare` that make a namespace, the user's among them."""
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
"""Requests that type into a terminal."""
OF_FILE_SYSTEMS = tuple(ord(kind) << 8 for kind in "fvXr\x94\x97\xbc\xcf\xf5")
"""The kinds of requests that file systems know. Many change a file or folder (flags, encryption,
seals, copies of folders) through a descriptor that may only read."""
READ_OR_COPY = (
    # Flags, generation, attributes and label of a file, and where on the disk it lies.
    *(0x80086601, 0x80046601, 0x80087601, 0x801C581F, 0x81009431, 0xC020660B),
    # Copies between descriptors, one of which may write.
    *(0x40049409, 0x4020940D, 0xC0189436),
)
"""Those of them that programs of every day make."""
OF_THE_USER = (("setpriority", 2), ("ioprio_set", 3))
"""Calls that change all processes of the user when their first argument is that number."""

INTERNET = (socket.AF_INET, socket.AF_INET6)


@dataclass(frozen=True, slots=True)
class ArgumentTest:
    """An `ArgumentTest` is one look at an argument of a system call: whether `argument & mask` is among `values`.

    `argument` counts from 0; `high` takes its upper 32 bits; `negated` turns it around.
    """

    argument: int
    values: tuple[int, ...]
    mask: int = ALL_BITS
    high: bool = False
    negated: bool = False


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """The system call `call` fails with `error` when all tests hold."""

    call: str
    tests: tuple[ArgumentTest, ...] = ()
    error: int = errno.EPERM


def is_known() -> bool:
    """Says whether the numbers of this machine's system calls are known here."""
    return os.uname().sysname == "Linux" and platform.machine() in ARCHITECTURES


def rules(
    families: Iterable[int],
    *,
    has_namespaces: bool = False,
    truncates_unseen: bool = False,
    keeps_metadata: bool = False,
) -> list[RefusedCall]:
    """Returns what is refused.

    `families` are the kinds of sockets that are allowed. `has_namespaces` says that
    other processes, and the memory and queues they share, are out of sight anyway.
    `truncates_unseen` is for versions of Landlock that do not bound truncation,
    `keeps_metadata` for a process that has nothing to change.
    """
    found = [RefusedCall(call) for call in BYPASSES]
    if not has_namespaces:
        found += [RefusedCall(call) for call in SHARED_BY_USER]
        found += _of_other_processes()
    if keeps_metadata:
        found += [RefusedCall(call) for call in METADATA]
    found += _of_own_processes()
    found += _of_files()
    found += _of_sockets(tuple(families))
    if truncates_unseen:
        found += _of_truncation()
    return found


def program(
    refused: Iterable[RefusedCall], machine: str | None = None, asked: Iterable[str] = ()
) -> bytes:
    """Returns the rules as a program of the kernel's packet filter.

    `asked` are calls that nothing refuses and that wait for the answer of a listener.
    Raises ValueError for a machine whose numbers are not known.
    """
    machine = machine or platform.machine()
    numbers = call_numbers(machine)
    lines = [
        _line(LOAD, ARCHITECTURE_AT),
        _line(JUMP_EQUAL, ARCHITECTURES[machine], 1, 0),
        _line(RETURN, KILL),
        _line(LOAD, NUMBER_AT),
        _line(JUMP_SET, X32_BIT, 0, 1),
        _line(RETURN, REFUSE | errno.ENOSYS),
    ]
    for rule in refused:
        if rule.call in numbers:
            lines += _block(rule, numbers[rule.call])
    for call in asked:
        if call in numbers:
            lines += [_line(JUMP_EQUAL, numbers[call], 0, 1), _line(RETURN, ASK)]
    return b"".join([*lines, _line(RETURN, ALLOW)])


def restrict_thread(filter_program: bytes) -> None:
    """Installs the filter on the calling thread, and all that it starts, for good. Raises OSError."""
    forbid_new_privileges()
    with _as_argument(filter_program) as head:
        prctl(PR_SET_SECCOMP, MODE_FILTER, head)


def restrict_thread_and_listen(filter_program: bytes) -> int:
    """Installs the filter as `restrict_thread` does, and returns the descriptor of its listener.

    Whoever reads from it answers the calls that the filter asks about. Raises OSError
    with EBUSY where somebody else listens to this process already; nothing is installed then.
    """
    forbid_new_privileges()
    with suppress(OSError):  # An older kernel; or EBUSY, which comes again.
        return _listen(filter_program, NEW_LISTENER | WAIT_TO_THE_END)
    return _listen(filter_program, NEW_LISTENER)


def _listen(filter_program: bytes, flags: int) -> int:
    number = call_numbers(platform.machine())["seccomp"]
    with _as_argument(filter_program) as head:
        return syscall(number, ctypes.c_ulong(SET_MODE_FILTER), ctypes.c_ulong(flags), head)


@cache
def can_listen() -> bool:
    """Says whether a filter of ours may have a listener. Tries it on a thread that ends."""
    found: list[int] = []

    def attempt() -> None:
        with suppress(OSError):
            found.append(restrict_thread_and_listen(program(())))

    thread = threading.Thread(target=attempt, name="sandbox")
    thread.start()
    thread.join()
    for listener in found:
        os.close(listener)
    return bool(found)


@contextmanager
def _as_argument(filter_program: bytes) -> Iterator[ctypes.c_char_p]:
    """The filter as a `struct sock_fprog`: the number of instructions, and where they are."""
    code = ctypes.create_string_buffer(filter_program, len(filter_program))
    head = struct.pack("HxxxxxxP", len(filter_program) // 8, ctypes.addressof(code))
    yield ctypes.c_char_p(head)


def _of_own_processes() -> Iterator[RefusedCall]:
    yield RefusedCall("clone", (_any_bit(0, NEW_NAMESPACES),))
    yield RefusedCall("unshare", (_any_bit(0, NEW_NAMESPACES),))
    # Its flags are behind a pointer; the C library falls back to `clone`.
    yield RefusedCall("clone3", error=errno.ENOSYS)
    # The limit that is the mark of our own.
    for high in (False, True):
        changes = ArgumentTest(2, (0,), high=high, negated=True)
        yield RefusedCall("prlimit64", (ArgumentTest(1, (resource.RLIMIT_RTTIME,)), changes))
    yield RefusedCall("setrlimit", (ArgumentTest(0, (resource.RLIMIT_RTTIME,)),))
    yield RefusedCall("ioctl", (ArgumentTest(1, (TIOCSTI, TIOCLINUX)),))


def _of_other_processes() -> Iterator[RefusedCall]:
    # To all processes of the user: older versions of Landlock do not bound signals.
    yield RefusedCall("kill", (ArgumentTest(0, (ALL_BITS,)),))
    for call, which in OF_THE_USER:
        yield RefusedCall(call, (ArgumentTest(0, (which,)),))
    # Limits by which another process could be ended, and its share of the processors.
    for call, argument in OF_A_PROCESS:
        yield RefusedCall(call, (ArgumentTest(argument, (0,), negated=True),))


def _of_files() -> Iterator[RefusedCall]:
    """Set-user-ID bits and device files, by which root could leave something behind."""
    yield RefusedCall("file_setattr", error=errno.ENOSYS)
    changes = ArgumentTest(1, READ_OR_COPY, negated=True)
    yield RefusedCall("ioctl", (ArgumentTest(1, OF_FILE_SYSTEMS, mask=0xFF00), changes))
    for call, argument in GIVE_A_MODE:
        yield RefusedCall(call, (_any_bit(argument, stat.S_ISUID | stat.S_ISGID),))
    for call, argument in (("open", 1), ("openat", 2)):
        sets = _any_bit(argument + 1, stat.S_ISUID | stat.S_ISGID)
        yield RefusedCall(call, (_any_bit(argument, CREATES), sets))
    # Its mode is behind a pointer, and every program has a way without it.
    yield RefusedCall("openat2", error=errno.ENOSYS)
    for call, argument in (("mknod", 1), ("mknodat", 2)):
        devices = ArgumentTest(argument, (stat.S_IFBLK, stat.S_IFCHR), mask=0o170000)
        yield RefusedCall(call, (devices,))


def _of_sockets(families: tuple[int, ...]) -> Iterator[RefusedCall]:
    yield RefusedCall(
        "socket", (ArgumentTest(0, (*families, *INTERNET), negated=True),), errno.EACCES
    )
    refused = tuple(family for family in INTERNET if family not in families)
    if refused:
        yield RefusedCall("socket", (ArgumentTest(0, refused),), errno.ENETUNREACH)


def _of_truncation() -> Iterator[RefusedCall]:
    yield RefusedCall("truncate")
    for call, argument in (("open", 1), ("openat", 2)):
        reads_and_truncates = ArgumentTest(argument, (os.O_TRUNC,), mask=os.O_ACCMODE | os.O_TRUNC)
        yield RefusedCall(call, (reads_and_truncates,))


def _any_bit(argument: int, bits: int) -> ArgumentTest:
    return ArgumentTest(argument, (0,), mask=bits, negated=True)


def _block(rule: RefusedCall, number: int) -> list[bytes]:
    """The instructions of one rule, which leave the number of the call loaded."""
    inner: list[bytes] = []
    for test in reversed(rule.tests):
        inner = _test(test, len(inner) + 1) + inner
    inner.append(_line(RETURN, REFUSE | rule.error))
    if rule.tests:
        inner.append(_line(LOAD, NUMBER_AT))
        # A test that fails jumps behind the return, to where the number is loaded anew.
    return [_line(JUMP_EQUAL, number, 0, len(inner)), *inner]


def _test(test: ArgumentTest, rest: int) -> list[bytes]:
    """The instructions of one test; when it fails they skip the `rest` behind them."""
    lines = [_line(LOAD, ARGUMENTS_AT + 8 * test.argument + (4 if test.high else 0))]
    if test.mask != ALL_BITS:
        lines.append(_line(AND, test.mask))
    count = len(test.values)
    for place, value in enumerate(test.values):
        left = count - place - 1
        if test.negated:
            lines.append(_line(JUMP_EQUAL, value, left + rest, 0))
        elif left:
            lines.append(_line(JUMP_EQUAL, value, left, 0))
        else:
            lines.append(_line(JUMP_EQUAL, value, 0, rest))
    return lines


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value & ALL_BITS)
