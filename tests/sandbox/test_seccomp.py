"""What the filter refuses, by running its program as the kernel does, for each machine."""

from __future__ import annotations

import errno
import os
import resource
import socket
import stat
import struct
from collections.abc import Iterator

import pytest

from lsp_server.sandbox import seccomp
from lsp_server.sandbox.call_numbers import MACHINES, call_numbers

ALLOWED = 0
KILLED = -1
OFFLINE = (socket.AF_NETLINK,)
ONLINE = (*seccomp.INTERNET, socket.AF_NETLINK)


def answer(program: bytes, number: int, arguments: tuple[int, ...], architecture: int) -> int:
    """The error that the call fails with; 0 for a call that is let through, -1 for the end."""
    padded = (*arguments, *(0,) * (6 - len(arguments)))
    data = struct.pack("IIQ6Q", number, architecture, 0, *(value % 2**64 for value in padded))
    lines = list(struct.iter_unpack("HBBI", program))
    place, loaded = 0, 0
    while True:
        code, if_true, if_false, value = lines[place]
        place += 1
        match code:
            case seccomp.LOAD:
                loaded = struct.unpack_from("I", data, value)[0]
            case seccomp.AND:
                loaded &= value
            case seccomp.JUMP_EQUAL:
                place += if_true if loaded == value else if_false
            case seccomp.JUMP_SET:
                place += if_true if loaded & value else if_false
            case seccomp.RETURN:
                return result(value)
            case _:
                raise AssertionError(f"no such instruction: {code}")


def result(value: int) -> int:
    if value == seccomp.ALLOW:
        return ALLOWED
    if value == seccomp.KILL:
        return KILLED
    assert value & 0xFFFF0000 == seccomp.REFUSE
    return value & 0xFFFF


def check(call: str, arguments: tuple[int, ...], **options: bool) -> Iterator[int]:
    """What each machine that has the call answers."""
    families = ONLINE if options.pop("online", False) else OFFLINE
    refused = seccomp.rules(families, **options)
    for machine in MACHINES:
        number = call_numbers(machine).get(call)
        if number is not None:
            program = seccomp.program(refused, machine)
            yield answer(program, number, arguments, seccomp.ARCHITECTURES[machine])


NAMESPACE_OF_USERS = 0x10000000
VFORK = 0x4111
FAR_POINTER = 1 << 40


@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("setpriority", (2, 0, 5), errno.EPERM),
        ("ioprio_set", (3, 0, 0), errno.EPERM),
        ("ioctl", (0, 0x40087602), errno.EPERM),
        ("socket", (socket.AF_INET, 1), errno.ENETUNREACH),
        ("socket", (socket.AF_INET6, 2), errno.ENETUNREACH),
        ("socket", (socket.AF_UNIX, 1), errno.EACCES),
        ("socket", (socket.AF_NETLINK, 3), ALLOWED),
        ("socket", (40, 1), errno.EACCES),
        ("socket", (17, 3), errno.EACCES),
        ("clone", (VFORK,), ALLOWED),
        ("clone", (NAMESPACE_OF_USERS | 17,), errno.EPERM),
        ("clone", (0x40000000 | 17,), errno.EPERM),
        ("clone3", (FAR_POINTER, 88), errno.ENOSYS),
        ("unshare", (0x200,), ALLOWED),
        ("unshare", (NAMESPACE_OF_USERS,), errno.EPERM),
        ("unshare", (0x00020000 | 0x200,), errno.EPERM),
        ("setns", (3, 0), errno.EPERM),
        ("mount", (1, 2, 3), errno.EPERM),
        ("kill", (123, 15), ALLOWED),
        ("kill", (0, 15), ALLOWED),
        ("kill", (-1, 9), errno.EPERM),
        ("prlimit64", (0, resource.RLIMIT_NOFILE, FAR_POINTER, 0), ALLOWED),
        ("prlimit64", (7, resource.RLIMIT_NOFILE, FAR_POINTER, 0), errno.EPERM),
        ("prlimit64", (0, resource.RLIMIT_RTTIME, 0, FAR_POINTER), ALLOWED),
        ("prlimit64", (0, resource.RLIMIT_RTTIME, 0x1000, 0), errno.EPERM),
        ("prlimit64", (0, resource.RLIMIT_RTTIME, FAR_POINTER, 0), errno.EPERM),
        ("setrlimit", (resource.RLIMIT_RTTIME, 0x1000), errno.EPERM),
        ("setrlimit", (resource.RLIMIT_STACK, 0x1000), ALLOWED),
        ("setpriority", (0, 0, 5), ALLOWED),
        ("setpriority", (0, 77, 5), errno.EPERM),
        ("chmod", (FAR_POINTER, 0o755), ALLOWED),
        ("chmod", (FAR_POINTER, 0o4755), errno.EPERM),
        ("fchmod", (3, 0o2755), errno.EPERM),
        ("fchmodat", (-100, FAR_POINTER, 0o1777), ALLOWED),
        ("fchmodat", (-100, FAR_POINTER, 0o6711), errno.EPERM),
        ("mknod", (FAR_POINTER, stat.S_IFIFO | 0o600), ALLOWED),
        ("mknodat", (-100, FAR_POINTER, stat.S_IFREG | 0o600), ALLOWED),
        ("mknodat", (-100, FAR_POINTER, stat.S_IFBLK | 0o600), errno.EPERM),
        ("mknodat", (-100, FAR_POINTER, stat.S_IFCHR | 0o600), errno.EPERM),
        ("ioctl", (0, 0x5401), ALLOWED),
        ("ioctl", (0, 0x5412), errno.EPERM),
        ("ioctl", (0, 0x40086602), errno.EPERM),
        ("io_uring_setup", (4,), errno.EPERM),
        ("keyctl", (0,), errno.EPERM),
        ("utimensat", (-100, FAR_POINTER, 0, 0), ALLOWED),
        ("shmget", (1, 2, 3), errno.EPERM),
        ("mq_unlink", (1,), errno.EPERM),
        ("ioprio_set", (1, 0, 4), ALLOWED),
        ("ioprio_set", (1, 77, 4), errno.EPERM),
        ("sched_setaffinity", (0, 8, FAR_POINTER), ALLOWED),
        ("sched_setaffinity", (77, 8, FAR_POINTER), errno.EPERM),
        ("truncate", (FAR_POINTER, 0), ALLOWED),
        ("openat2", (-100,), errno.ENOSYS),
        ("open", (FAR_POINTER, os.O_CREAT | os.O_RDWR, 0o644), ALLOWED),
        ("open", (FAR_POINTER, os.O_CREAT | os.O_RDWR, 0o4755), errno.EPERM),
        ("open", (FAR_POINTER, os.O_RDWR, 0o4755), ALLOWED),
        ("openat", (-100, FAR_POINTER, os.O_CREAT, 0o2755), errno.EPERM),
        ("openat", (-100, FAR_POINTER, os.O_TMPFILE | os.O_RDWR, 0o6755), errno.EPERM),
        ("openat", (-100, FAR_POINTER, os.O_TMPFILE | os.O_RDWR, 0o600), ALLOWED),
        ("openat", (-100, FAR_POINTER, os.O_DIRECTORY, 0o6755), ALLOWED),
        ("creat", (FAR_POINTER, 0o4755), errno.EPERM),
        ("creat", (FAR_POINTER, 0o1777), ALLOWED),
        ("mknodat", (-100, FAR_POINTER, stat.S_IFREG | 0o4755), errno.EPERM),
        ("ioctl", (3, 0x40806685), errno.EPERM),  # seals a file by its checksum
        ("ioctl", (3, 0x800C6613), errno.EPERM),  # encrypts a folder
        ("ioctl", (3, 0x401C5820), errno.EPERM),  # sets attributes, a project's too
        ("ioctl", (3, 0x5000940F), errno.EPERM),  # removes a subvolume
        ("ioctl", (3, 0x40047211), errno.EPERM),  # sets attributes of a FAT disk
        ("ioctl", (3, 0x80086601), ALLOWED),  # reads flags
        ("ioctl", (3, 0xC020660B), ALLOWED),  # reads where it lies
        ("ioctl", (3, 0x40049409), ALLOWED),  # shares the blocks of a copy
        ("ioctl", (3, 0x541B), ALLOWED),
    ],
)
def test_a_call_is_refused_or_let_through(
    call: str, arguments: tuple[int, ...], expected: int
) -> None:
    answers = set(check(call, arguments))
    assert answers == {expected}


@pytest.mark.parametrize(
    ("call", "arguments", "option", "expected"),
    [
        ("socket", (socket.AF_INET, 1), "online", ALLOWED),
        ("socket", (socket.AF_UNIX, 1), "online", errno.EACCES),
        ("shmget", (1, 2, 3), "has_namespaces", ALLOWED),
        ("kill", (-1, 9), "has_namespaces", ALLOWED),
        ("setpriority", (0, 77, 5), "has_namespaces", ALLOWED),
        ("prlimit64", (0, resource.RLIMIT_RTTIME, 1, 0), "has_namespaces", errno.EPERM),
        ("unshare", (NAMESPACE_OF_USERS,), "has_namespaces", errno.EPERM),
        ("utimensat", (-100, 1, 0, 0), "keeps_metadata", errno.EPERM),
        ("fchmod", (3, 0o600), "keeps_metadata", errno.EPERM),
        ("truncate", (1, 0), "truncates_unseen", errno.EPERM),
        ("openat", (-100, 1, 0o1000), "truncates_unseen", errno.EPERM),
        ("openat", (-100, 1, 0o1001), "truncates_unseen", ALLOWED),
        ("openat", (-100, 1, 0o2000000), "truncates_unseen", ALLOWED),
        ("openat2", (-100,), "truncates_unseen", errno.ENOSYS),
    ],
)
def test_a_filter_is_made_for_its_case(
    call: str, arguments: tuple[int, ...], option: str, expected: int
) -> None:
    assert set(check(call, arguments, **{option: True})) == {expected}


def test_another_interface_of_the_machine_is_no_way_around() -> None:
    program = seccomp.program(seccomp.rules(OFFLINE), "x86_64")
    architecture = seccomp.ARCHITECTURES["x86_64"]
    number = call_numbers("x86_64")["socket"]
    assert answer(program, number, (2, 1), 0x40000003) == KILLED
    assert answer(program, number | seccomp.X32_BIT, (2, 1), architecture) == errno.ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
def test_a_program_fits_the_kernel(machine: str) -> None:
    program = seccomp.program(
        seccomp.rules(OFFLINE, truncates_unseen=True, keeps_metadata=True),
        machine,
    )
    assert len(program) // 8 <= 4096


def test_numbers_of_an_unknown_machine_are_not_guessed() -> None:
    with pytest.raises(ValueError, match="riscv64"):
        seccomp.program(seccomp.rules(OFFLINE), "riscv64")
