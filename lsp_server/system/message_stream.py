"""This module moves messages over a stream of bytes, whatever protocol they are of.

Reading and writing have a thread each, so that neither a client that sends half a
message nor one that does not read its answers can hold up the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

UNHANDLED_MESSAGES_MAX = 256
"""So many messages are read ahead; then the reader waits, and the sender with it."""

UNREAD_BYTES_MAX = 64 * 2**20
"""How much a client may leave unread before it counts as lost."""

READ_BYTES = 2**16


class BrokenStream(Exception):
    """The bytes that come cannot be messages, or lead no further."""


@dataclass(frozen=True, slots=True)
class ByteStream:
    """A `ByteStream` is two blocking functions.

    `receive` takes the most bytes to return, and returns b"" at the end. Both raise OSError.
    """

    receive: Callable[[int], bytes]
    send: Callable[[bytes], object]


class MessageWriter:
    """A `MessageWriter` queues messages for a client that may read slowly; a thread writes them.

    `frame` makes of a body the bytes that are sent. A body with a `key` takes the place of one with the same key that still waits.
    `lost` is called once, from any thread, when the client is gone or leaves more than
    UNREAD_BYTES_MAX unread.
    """

    def __init__(
        self,
        send: Callable[[bytes], object],
        frame: Callable[[bytes], bytes],
        lost: Callable[[], None],
    ) -> None:
        self._send = send
        self._frame = frame
        self._lost = lost
        self._waiting: OrderedDict[object, bytes] = OrderedDict()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._write_all, name="message writer", daemon=True)
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
                self._send(self._frame(body))
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


class MessageReader:
    """A `MessageReader` reads messages on a thread of its own.

    `split` takes bytes, which come in any pieces, and returns the bodies that are complete
    now; it may raise BrokenStream. `deliver` is called with each body, `ended` once at the end of the stream; both on
    the event loop that runs when the reader is made.
    """

    def __init__(
        self,
        receive: Callable[[int], bytes],
        split: Callable[[bytes], list[bytes]],
        deliver: Callable[[bytes], None],
        ended: Callable[[], None],
    ) -> None:
        self._receive = receive
        self._split = split
        self._deliver = deliver
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._room = threading.BoundedSemaphore(UNHANDLED_MESSAGES_MAX)
        threading.Thread(target=self._read_all, name="message reader", daemon=True).start()

    def _read_all(self) -> None:
        # The loop is closed when the server ended first; then nobody listens.
        with contextlib.suppress(RuntimeError):
            with contextlib.suppress(OSError, BrokenStream):
                while data := self._receive(READ_BYTES):
                    for body in self._split(data):
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
