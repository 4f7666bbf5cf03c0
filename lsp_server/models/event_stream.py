"""This module reads server-sent events from bytes that arrive in any pieces.

It follows the WHATWG HTML Living Standard, section 9.2, except for `id` and
`retry`, which mean nothing to a request that is never resumed. `error:` lines,
which llama.cpp used to send, count as an event named error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """A `ServerEvent` is one event; bytes that are no UTF-8 became U+FFFD."""

    name: str
    data: str


class EventStream:
    r"""Splits bytes into events. Characters and line ends may be cut anywhere.

    >>> events = EventStream()
    >>> list(events.feed(b"data: a"))
    []
    >>> list(events.feed(b"b\n\n"))
    [ServerEvent(name='', data='ab')]
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._name = ""
        self._data: list[str] = []

    def feed(self, data: bytes) -> Iterator[ServerEvent]:
        """Takes the next bytes; gives the events that they complete."""
        self._pieces.append(data)
        # Joined once a line ends: a long line in small pieces is not copied with each of them.
        if b"\n" not in data and b"\r" not in data:
            return
        lines = b"".join(self._pieces).splitlines(keepends=True)
        self._pieces.clear()
        # A last "\r" may be half of a "\r\n".
        if not lines[-1].endswith(b"\n"):
            self._pieces.append(lines.pop())
        for line in lines:
            yield from self._take(line.rstrip(b"\r\n"))

    def end(self) -> Iterator[ServerEvent]:
        """Gives the event in which the stream ended, complete or not: its reader can see which."""
        line = b"".join(self._pieces).rstrip(b"\r\n")
        self._pieces.clear()
        if line:
            yield from self._take(line)
        yield from self._take(b"")

    def _take(self, line: bytes) -> Iterator[ServerEvent]:
        if not line:
            if self._data:
                yield ServerEvent(self._name, "\n".join(self._data))
            self._name = ""
            self._data.clear()
            return
        field, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        match field:
            case "data":
                self._data.append(value)
            case "event":
                self._name = value
            case "error":
                self._name = "error"
                self._data.append(value)
            case _:
                pass
