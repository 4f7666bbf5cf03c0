"""A `WaitingCall` is a system call of a confined thread that waits for our answer.

Its arguments are numbers; what they point to lies in the memory of that thread.
"""

from __future__ import annotations

import ctypes
import errno
import os
from dataclasses import dataclass

CURRENT_FOLDER = -100
NOT_THE_TARGET, ITSELF = 0x100, 0x1000
"""Flags: a link is not followed; an empty path means the descriptor itself."""
PATH_BYTES_MAX = 4096
PAGE_BYTES = 4096
OWN_FOLDERS = (("/proc/self/", ""), ("/proc/thread-self/", ""), ("/dev/fd/", "fd/"))
"""Folders that mean another one for each process, and what they are below that of a process."""


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

    def open(self, folder: int | None, path: int | None, flags: int = 0) -> int:
        """Opens the file of the call as a place, reading nothing. Returns a descriptor. Raises OSError.

        `folder` and `path` are places of arguments; without `path`, or where it is
        null, the descriptor at `folder` is the file.
        """
        at = CURRENT_FOLDER if folder is None else self.signed(folder)
        try:
            start = os.open(self._place(at), os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            raise _error(errno.EBADF) from None
        try:
            name = self._path(folder, path, flags)
            if not name:
                return os.dup(start)
            follow = os.O_NOFOLLOW if flags & NOT_THE_TARGET else 0
            return os.open(self._seen(name), os.O_PATH | os.O_CLOEXEC | follow, dir_fd=start)
        finally:
            os.close(start)

    def _place(self, descriptor: int) -> str:
        name = "cwd" if descriptor == CURRENT_FOLDER else f"fd/{descriptor}"
        return f"/proc/{self.thread}/{name}"

    def _path(self, folder: int | None, path: int | None, flags: int) -> str:
        if path is None or (folder is not None and not self.arguments[path]):
            return ""
        name = os.fsdecode(self.text(path))
        if not name and not flags & ITSELF:
            raise _error(errno.ENOENT)
        return name

    def _seen(self, path: str) -> str:
        """The path with the folders of ourselves turned into those of the thread."""
        for own, below in OWN_FOLDERS:
            if path.startswith(own):
                return f"/proc/{self.thread}/{below}{path.removeprefix(own)}"
        return path

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


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
