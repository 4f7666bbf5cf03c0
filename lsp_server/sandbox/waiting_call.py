"""A `WaitingCall` is a system call of a confined thread that waits for our answer.

Its arguments are numbers; what they point to lies in the memory of that thread.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import re
import struct
from dataclasses import dataclass

from lsp_server.sandbox.call_numbers import call_numbers
from lsp_server.sandbox.system_calls import syscall

CURRENT_FOLDER = -100
NOT_THE_TARGET, ITSELF = 0x100, 0x1000
"""Flags: a link is not followed; an empty path means the descriptor itself."""
PATH_BYTES_MAX = 4096
PAGE_BYTES = 4096
OF_THE_CALLER = re.compile(
    rb"/+(?:proc/(?:thread-)?self/(cwd|root|exe|fd/\d+)|dev/(fd/\d+|std(?:in|out|err)))(?=/|$)/*"
)
"""Where a path starts that means another file for each process."""
STREAMS = {b"stdin": b"fd/0", b"stdout": b"fd/1", b"stderr": b"fd/2"}
NO_MAGIC_LINKS = 2
"""Makes `openat2` refuse links in /proc that lead to what a process has open or works in."""


@dataclass(frozen=True, slots=True)
class WaitingCall:
    """A `WaitingCall` has the number of its thread and six arguments of 64 bits."""

    thread: int
    arguments: tuple[int, ...]

    def signed(self, place: int) -> int:
        """Returns an argument as a signed number of 32 bits."""
        return ctypes.c_int(self.arguments[place]).value

    def text(self, place: int, bytes_max: int = PATH_BYTES_MAX) -> bytes:
        """Returns the text that an argument points to. Raises OSError."""
        found = b""
        # Page by page, since the text may stand at the end of what can be read.
        while len(found) < bytes_max and b"\0" not in found:
            address = self.arguments[place] + len(found)
            size = min(PAGE_BYTES - address % PAGE_BYTES, bytes_max - len(found))
            found += self._memory(address, size)
        text, end, _ = found.partition(b"\0")
        if not end:
            raise _error(errno.ENAMETOOLONG)
        return text

    def data(self, place: int, size: int) -> bytes:
        """Returns the `size` bytes that an argument points to. Raises OSError."""
        return self._memory(self.arguments[place], size) if size else b""

    def open(
        self, folder: int | None, path: int | None, flags: int = 0, *, may_be_null: bool = False
    ) -> int:
        """Opens the file of the call as a place, reading nothing. Returns a descriptor. Raises OSError.

        `folder` and `path` are places of arguments. Without `path`, or where it is null
        and `may_be_null`, the descriptor at `folder` is the file.
        """
        start = CURRENT_FOLDER if folder is None else self.signed(folder)
        may_be_null = may_be_null and start != CURRENT_FOLDER
        if path is None or (may_be_null and not self.arguments[path]):
            return self._own(f"fd/{start}")
        return self._named(self.text(path), start, flags)

    def _named(self, name: bytes, start: int, flags: int) -> int:
        """What a path means for the thread, where it is not absolute seen from a folder of it."""
        if not name and not flags & ITSELF:
            raise _error(errno.ENOENT)
        own = "cwd" if start == CURRENT_FOLDER or name.startswith(b"/") else f"fd/{start}"
        if found := OF_THE_CALLER.match(name):
            part = found[1] or found[2]
            own, name = os.fsdecode(STREAMS.get(part, part)), name[found.end() :]
            if not name and flags & NOT_THE_TARGET:
                raise _error(errno.EPERM)
        opened = self._own(own)
        if not name:
            return opened
        try:
            return _open_plainly(name, opened, follows=not flags & NOT_THE_TARGET)
        finally:
            os.close(opened)

    def _own(self, name: str) -> int:
        try:
            return os.open(f"/proc/{self.thread}/{name}", os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            raise _error(errno.EBADF) from None

    def _memory(self, address: int, size: int) -> bytes:
        try:
            memory = os.open(f"/proc/{self.thread}/mem", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            raise _error(errno.EPERM) from None
        try:
            found = os.pread(memory, size, address)
        except (OSError, OverflowError):
            found = b""
        finally:
            os.close(memory)
        if len(found) < size:
            raise _error(errno.EFAULT)
        return found


def _open_plainly(path: bytes, folder: int, *, follows: bool) -> int:
    """Opens a place by names alone: `/proc` would lead to what our own process has open."""
    flags = os.O_PATH | os.O_CLOEXEC | (0 if follows else os.O_NOFOLLOW)
    how = struct.pack("3Q", flags, 0, NO_MAGIC_LINKS)
    number = call_numbers(platform.machine())["openat2"]
    return syscall(number, ctypes.c_int(folder), path, how, ctypes.c_size_t(len(how)))


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
