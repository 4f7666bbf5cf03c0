"""This module keeps the output of a command within bounds, as the event loop reads it from a pipe."""

from __future__ import annotations

import asyncio
import codecs
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from lsp_server.text.count import count_of

_READ_BYTES = 1 << 16

Listen: TypeAlias = Callable[[bytes], None]
"""Takes a piece of output as it comes."""


class HeadAndTail:
    """A `HeadAndTail` keeps the first and the last bytes of a stream, at most `bytes_max`."""

    def __init__(self, bytes_max: int) -> None:
        self._head_room = bytes_max // 2
        self._tail_room = bytes_max - self._head_room
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self.truncated_bytes = 0

    def add(self, data: bytes) -> None:
        """Takes the next bytes of the stream."""
        room = self._head_room - len(self._head)
        self._head += data[:room]
        rest = data[room:]
        if not rest:
            return
        self._tail.append(rest)
        self._tail_bytes += len(rest)
        while self._tail_bytes > self._tail_room:
            excess = self._tail_bytes - self._tail_room
            first = self._tail.popleft()
            if len(first) > excess:
                self._tail.appendleft(first[excess:])
            dropped = min(excess, len(first))
            self._tail_bytes -= dropped
            self.truncated_bytes += dropped

    def text(self) -> str:
        """Returns all that was kept as text, with a line that says how much is missing."""
        tail = b"".join(self._tail)
        if not self.truncated_bytes:
            return (bytes(self._head) + tail).decode("utf-8", "replace")
        # A character that the cut went through belongs to what is left out.
        head = codecs.getincrementaldecoder("utf-8")("replace").decode(bytes(self._head))
        while tail and 0x80 <= tail[0] < 0xC0:
            tail = tail[1:]
        left_out = f"\n[… {count_of(self.truncated_bytes, 'byte')} left out …]\n"
        return head + left_out + tail.decode("utf-8", "replace")


class CommandOutput(HeadAndTail):
    """A `CommandOutput` is the output of a command, which the event loop reads from a pipe.

    `listen` is called with each piece of it.
    """

    def __init__(self, read_end: int, bytes_max: int, listen: Listen | None = None) -> None:
        super().__init__(bytes_max)
        self._read_end = read_end
        self._listen = listen

    def add(self, data: bytes) -> None:
        """Takes the next bytes of the stream, and hands them on."""
        super().add(data)
        if self._listen is not None:
            self._listen(data)

    def read(self) -> bool:
        """Reads one piece; False when there is none now, or never again."""
        try:
            data = os.read(self._read_end, _READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            asyncio.get_running_loop().remove_reader(self._read_end)
            return False
        self.add(data)
        return True

    def drain(self) -> None:
        """Reads the rest of the pipe, with a bound, as a program that escaped may go on to fill it."""
        for _ in range(64):
            if not self.read():
                return


@contextmanager
def output_pipe(
    bytes_max: int, listen: Listen | None = None
) -> Iterator[tuple[CommandOutput, int]]:
    """Opens a pipe that the event loop reads, and its write end, which the caller closes."""
    read_end, write_end = os.pipe()
    loop = asyncio.get_running_loop()
    os.set_blocking(read_end, False)
    output = CommandOutput(read_end, bytes_max, listen)
    loop.add_reader(read_end, output.read)
    try:
        yield output, write_end
    finally:
        loop.remove_reader(read_end)
        os.close(read_end)
