"""This module reads and writes frames: `Content-Length: N`, a blank line, N bytes of JSON.

`system/message_stream.py` moves them, and `json_rpc.py` knows what the bodies mean.
"""

from __future__ import annotations

import re

from lsp_server.system.message_stream import BrokenStream
from lsp_server.text.count import count_of

FRAME_BYTES_MAX = 256 * 2**20
"""A larger message is an error of the sender; the stream is given up."""

HEADER_BYTES_MAX = 64 * 2**10

_LENGTH = re.compile(rb"Content-Length: *(\d{1,18})\s*$", re.IGNORECASE)


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
                raise BrokenStream(f"a message of {count_of(self._length, 'byte')} is too large")
        elif not line.strip():
            self._in_body = self._length is not None

    def _take(self, count: int) -> bytearray:
        taken = self._buffer[:count]
        del self._buffer[:count]
        return taken


def frame(body: bytes) -> bytes:
    """Returns the body with its header."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
