"""This module reads and writes frames: `Content-Length: N`, a blank line, N bytes of JSON.

Reading and writing have a thread each, so that neither a client that sends half a
message nor one that does not read its answers can hold up the event loop. `json_rpc.py`
knows what the bodies mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

FRAME_BYTES_MAX = 256 * 2**20
"""A larger message is an error of the sender; the stream is given up."""

HEADER_BYTES_MAX = 64 * 2**10
UNHANDLED_FRAMES_MAX = 256
"""So many frames are read ahead; then the reader waits, and the client with it."""

UNREAD_BYTES_MAX = 64 * 2**20
"""How much a client may leave unread before it counts as lost."""

READ_BYTES = 2**16

_LENGTH = re.compile(rb"Content-Length: *(\d{1,18})\s*$", re.IGNORECASE)


class BrokenStream(Exception):
    """The bytes that come cannot be frames, or lead no further."""


@dataclass(frozen=True, slots=True)
class ByteStream:
    """A `ByteStream` is two blocking functions.

    `receive` takes the most bytes to return, and returns b"" at the end. Both raise OSError.
    """

    receive: Callable[[int], bytes]
    send: Callable[[bytes], object]


class Frames:
    r"""`Frames` parses bytes, which come in any pieces, into the bodies of whole frames.

    >>> frames = Frames()
    >>> frames.feed(b"Content-Length: 2\r\n\r\n{")
    []
    >>> frames.feed(b"}")
    [b'{}']
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None
        self._in_body = False

    def feed(self, data: bytes) -> list[bytes]:
        """Takes bytes and returns the bodies that are complete now. Raises BrokenStream.

        Lines that are no header are skipped, so that noise costs no message.
        """
        self._buffer += data
        bodies: list[bytes] = []
        while self._step(bodies):
            pass
        return bodies

    def _step(self, bodies: list[bytes]) -> bool:
        """Takes one body or one header line; False when more bytes are needed."""
        if self._in_body:
            length = self._length or 0
            if len(self._buffer) < length:
                return False
            bodies.append(bytes(self._take(length)))
            self._length, self._in_body = None, False
            return True
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > HEADER_BYTES_MAX:
                raise BrokenStream("no header within 64 KiB")
            return False
        self._read_header(bytes(self._take(end + 1)))
        return True

    def _read_header(self, line: bytes) -> None:
        # Searched, not matched: what a child process printed may stand in front of it.
        if match := _LENGTH.search(line):
            self._length = int(match.group(1))
            if self._length > FRAME_BYTES_MAX:
                raise BrokenStream(f"a message of {self._length} bytes is too large")
        elif not line.strip():
            self._in_body = self._length is not None

    def _take(self, count: int) -> bytearray:
        taken = self._buffer[:count]
        del self._buffer[:count]
        return taken


def frame(body: bytes) -> bytes:
    """Returns the body with its header."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class FrameWriter:
    """A `FrameWriter` queues bodies for a client that may read slowly; a thread writes them.

    A body with a `key` takes the place of one with the same key that still waits.
    `lost` is called once, from any thread, when the client is gone or leaves more than
    UNREAD_BYTES_MAX unread.
    """

    def __init__(self, send: Callable[[bytes], object], lost: Callable[[], None]) -> None:
        self._send = send
        self._lost = lost
        self._waiting: OrderedDict[object, bytes] = OrderedDict()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._write_all, name="frame writer", daemon=True)
        self._thread.start()

    def put(self, body: bytes, key: str | None = None) -> None:
        """Queues a body; never waits for the client."""
        with self._changed:
            if self._closed:
                return
            if key is not None and (replaced := self._waiting.pop(key, None)) is not None:
                self._bytes -= len(replaced)
            # A body without a key gets one of its own, and so is never replaced.
            self._waiting[key if key is not None else object()] = body
            self._bytes += len(body)
            overflown = self._bytes > UNREAD_BYTES_MAX
            # Nothing more is queued for a client that has stopped reading.
            self._closed = overflown
            self._changed.notify()
        if overflown:  # Outside of the lock, since it may call back.
            self._lost()

    def close(self, timeout_seconds: float) -> None:
        """Writes what is queued, for at most `timeout_seconds`, and then no more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout_seconds)

    def _write_all(self) -> None:
        while (body := self._next()) is not None:
            try:
                self._send(frame(body))
            except OSError:
                with self._changed:
                    self._closed = True
                    self._waiting.clear()
                self._lost()
                return

    def _next(self) -> bytes | None:
        """The oldest body, once there is one; None when it is closed and empty."""
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            _, body = self._waiting.popitem(last=False)
            self._bytes -= len(body)
            return body


class FrameReader:
    """A `FrameReader` reads frames on a thread of its own.

    `deliver` is called with each body, `ended` once at the end of the stream; both on
    the event loop that runs when the reader is made.
    """

    def __init__(
        self,
        receive: Callable[[int], bytes],
        deliver: Callable[[bytes], None],
        ended: Callable[[], None],
    ) -> None:
        self._receive = receive
        self._deliver = deliver
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._room = threading.BoundedSemaphore(UNHANDLED_FRAMES_MAX)
        threading.Thread(target=self._read_all, name="frame reader", daemon=True).start()

    def _read_all(self) -> None:
        frames = Frames()
        # The loop is closed when the server ended first; then nobody listens.
        with contextlib.suppress(RuntimeError):
            with contextlib.suppress(OSError, BrokenStream):
                while data := self._receive(READ_BYTES):
                    for body in frames.feed(data):
                        # Waits in this thread when the loop is behind; then the pipe fills.
                        self._room.acquire()
                        self._loop.call_soon_threadsafe(self._handle, body)
            self._loop.call_soon_threadsafe(self._ended)

    def _handle(self, body: bytes) -> None:
        # Before the handler, which may raise.
        self._room.release()
        self._deliver(body)


@contextlib.contextmanager
def standard_streams() -> Iterator[ByteStream]:
    """Takes the real stdin and stdout for the protocol alone.

    Meanwhile other code that reads finds nothing, and what is printed, by a child
    process too, goes to stderr.
    """
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    printed = sys.stdout
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    # A parent may share pipes that it made non-blocking.
    os.set_blocking(incoming, True)
    os.set_blocking(outgoing, True)
    try:
        yield ByteStream(
            receive=lambda count: os.read(incoming, count),
            send=lambda data: _write_whole(outgoing, data),
        )
    finally:
        sys.stdout = printed
        os.dup2(outgoing, 1)
        os.dup2(incoming, 0)
        os.close(nothing)


def _write_whole(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
