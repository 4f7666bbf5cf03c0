"""This module splits bytes, which come in any pieces, into lines."""

from __future__ import annotations


class LineSplitter:
    r"""A `LineSplitter` keeps the beginning of a line until the rest of it comes.

    A line of more than `bytes_max` is cut to one byte more, so that its reader can tell, and
    what comes after it is read as ever.

    >>> lines = LineSplitter(bytes_max=8)
    >>> lines.feed(b'{"a":'), lines.feed(b'1}\n\n{}\n0123456789'), lines.feed(b"\n[]\n")
    ([], [b'{"a":1}', b'{}'], [b'012345678', b'[]'])
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._begun = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Takes bytes and returns the lines that are complete now and not blank."""
        *ends, rest = data.split(b"\n")
        lines = [self._complete(end) for end in ends]
        self._keep(rest)
        return [line for line in lines if line.strip()]

    def _complete(self, end: bytes) -> bytes:
        self._keep(end)
        line = bytes(self._begun)
        self._begun.clear()
        return line

    def _keep(self, piece: bytes) -> None:
        self._begun += piece[: self._bytes_max + 1 - len(self._begun)]
