"""This module splits bytes, which come in any pieces, into lines."""

from __future__ import annotations

from lsp_server.system.message_stream import BrokenStream


class LineSplitter:
    r"""A `LineSplitter` keeps the beginning of a line until the rest of it comes.

    >>> lines = LineSplitter(bytes_max=100)
    >>> lines.feed(b'{"a":'), lines.feed(b'1}\n\n{}\n')
    ([], [b'{"a":1}', b'{}'])
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._parts: list[bytes] = []
        self._bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Takes bytes and returns the lines that are complete now and not blank.

        Raises BrokenStream when a line has more than `bytes_max`.
        """
        *ends, rest = data.split(b"\n")
        lines = [b"".join([*self._parts, ends[0]]), *ends[1:]] if ends else []
        self._parts = [rest] if ends else [*self._parts, rest]
        self._bytes = len(rest) if ends else self._bytes + len(rest)
        if self._bytes > self._bytes_max:
            raise BrokenStream(f"a line of more than {self._bytes_max:,} bytes is too long")
        return [line for line in lines if line.strip()]
