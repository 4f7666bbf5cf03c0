"""This module takes sockets of the internet away from a thread and all that it starts.

Landlock bounds TCP alone. A seccomp filter refuses `socket` for every family but
local ones, so that there is no UDP, no raw socket and no name lookup either; and
it refuses system calls by which a process could get around a sandbox.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import struct
from collections.abc import Mapping
from types import MappingProxyType

from lsp_server.sandbox.policy import Network

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 38, 22
MODE_FILTER = 2

LOAD, JUMP_EQUAL, JUMP_SET, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
NUMBER_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT = 0, 4, 16
X32_BIT = 0x40000000
"""Numbers with it are system calls of x86-64's second interface, which nobody needs."""

ARCHITECTURES: Mapping[str, int] = MappingProxyType({"x86_64": 0xC000003E, "aarch64": 0xC00000B7})
SOCKET: Mapping[str, int] = MappingProxyType({"x86_64": 41, "aarch64": 198})
REFUSED: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        # mount, umount2, pivot_root, ptrace, process_vm_readv, process_vm_writev, bpf,
        # keyctl, add_key, request_key, io_uring_setup, open_by_handle_at, setns, unshare
        "x86_64": (165, 166, 155, 101, 310, 311, 321, 250, 248, 249, 425, 304, 308, 272),
        "aarch64": (40, 39, 41, 117, 270, 271, 280, 219, 217, 218, 425, 265, 268, 97),
    }
)
"""System calls that change mounts, look into other processes, or do input and output past the filter."""


def is_known() -> bool:
    """Whether the numbers of this machine's system calls are known here."""
    return os.uname().sysname == "Linux" and platform.machine() in ARCHITECTURES


def restrict_thread(network: Network) -> None:
    """Installs the filter on the calling thread for good. Raises OSError."""
    machine = platform.machine()
    program = _program(machine, network)
    code = ctypes.create_string_buffer(program, len(program))
    libc = ctypes.CDLL(None, use_errno=True)
    # struct sock_fprog: the number of instructions, and where they are.
    filter_ = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    for arguments in (
        (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (PR_SET_SECCOMP, MODE_FILTER, ctypes.c_char_p(filter_), 0, 0),
    ):
        if libc.prctl(*arguments) < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


def _program(machine: str, network: Network) -> bytes:
    """The filter as instructions of the kernel's packet filter."""
    refuse = REFUSE | errno.EPERM
    lines = [
        _line(LOAD, ARCHITECTURE_AT),
        _line(JUMP_EQUAL, ARCHITECTURES[machine], 1, 0),
        _line(RETURN, KILL),
        _line(LOAD, NUMBER_AT),
        _line(JUMP_SET, X32_BIT, 0, 1),
        _line(RETURN, refuse),
    ]
    for number in REFUSED[machine]:
        lines += [_line(JUMP_EQUAL, number, 0, 1), _line(RETURN, refuse)]
    if network == "off":
        lines += [
            _line(JUMP_EQUAL, SOCKET[machine], 1, 0),
            _line(RETURN, ALLOW),
            _line(LOAD, FIRST_ARGUMENT_AT),
            _line(JUMP_EQUAL, socket.AF_UNIX, 0, 1),
            _line(RETURN, ALLOW),
            _line(JUMP_EQUAL, socket.AF_NETLINK, 0, 1),
            _line(RETURN, ALLOW),
            _line(RETURN, REFUSE | errno.EACCES),
        ]
    lines.append(_line(RETURN, ALLOW))
    return b"".join(lines)


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
