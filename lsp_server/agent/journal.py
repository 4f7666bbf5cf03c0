"""The append-only record of a run, one JSON line an Event.

Writing is one `write` of a whole line, so a killed process loses at most the
line it was writing; `flush` makes what was written survive a power cut. A torn
last line is dropped when the journal is opened again, a damaged line anywhere
else is refused: guessing at the past would repeat or lose work.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import Event, RecordedEvent, Streamed

GLANCE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class _Line(RecordedEvent):
    """A record that is told by its `kind` what it is, instead of by trying them all."""

    event: Annotated[Event, Field(discriminator="kind")]


_LINE: TypeAdapter[_Line] = TypeAdapter(_Line)


class JournalDamaged(HoldfastError):
    """A line before the last one cannot be read."""


class JournalBusy(HoldfastError):
    """Another process is running this run."""


class Journal:
    """A journal open for writing, locked against a second writer."""

    def __init__(self, path: Path) -> None:
        """Opens or creates `path`. Raises JournalBusy, JournalDamaged, OSError."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            _lock(self._file, path)
            self.past, self._length_bytes = _read(path)
            os.ftruncate(self._file, self._length_bytes)
        except BaseException:
            os.close(self._file)
            raise
        self._seq = len(self.past)
        self._synced = True

    def append(self, event: Event) -> RecordedEvent:
        """Records the Event and gives it its place; ephemeral ones are not kept.

        Raises OSError when it cannot be kept; then nothing of it is.
        """
        record = _Line(self._seq, datetime.now(UTC).isoformat(timespec="milliseconds"), event)
        if isinstance(event, Streamed):
            return record
        self._write(_LINE.dump_json(record) + b"\n")
        self._seq += 1
        self._synced = False
        return record

    async def flush(self) -> None:
        """Returns when all that was appended is on the disk."""
        if not self._synced:
            self._synced = True
            await asyncio.to_thread(os.fsync, self._file)

    def close(self) -> None:
        """Gives the lock back and closes the file."""
        # Closing alone would not: the thread of a cancelled `flush` may still use the file.
        fcntl.flock(self._file, fcntl.LOCK_UN)
        os.close(self._file)

    def _write(self, line: bytes) -> None:
        """All of the line or nothing: half of one would damage the journal."""
        rest = line
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            os.ftruncate(self._file, self._length_bytes)
            raise
        self._length_bytes += len(line)


def plain_value(event: Event) -> dict[str, Any]:
    """The Event as JSON types, as the journal has it."""
    record = _LINE.dump_python(_Line(0, "", event), mode="json")
    value: dict[str, Any] = record["event"]
    return value


def replay(path: Path) -> list[RecordedEvent]:
    """What a journal holds, without locking it. Raises JournalDamaged, OSError."""
    return _read(path)[0]


def read_from(path: Path, offset: int) -> Iterator[tuple[int, int, RecordedEvent]]:
    """The records from a byte on, each with the byte where it begins and where it ends.

    A line that is torn or damaged ends it. Raises OSError.
    """
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            try:
                record = _LINE.validate_json(line)
            except ValidationError:
                return
            yield offset, offset + len(line), record
            offset += len(line)


def read_ends(path: Path) -> tuple[RecordedEvent, list[RecordedEvent]]:
    """The first record and the last few, without reading what lies between.

    Raises JournalDamaged when there is no first record, OSError.
    """
    with path.open("rb") as file:
        try:
            first = _LINE.validate_json(file.readline())
        except ValidationError:
            raise JournalDamaged(f"{path} has no readable beginning") from None
        second, end = file.tell(), file.seek(0, os.SEEK_END)
        window = GLANCE_BYTES
        while True:
            start = max(second, end - window)
            file.seek(start)
            last = _readable(file.read())
            if last or start == second:
                return first, last
            window *= 4


def is_running(path: Path) -> bool:
    """Whether some process has this journal open for writing."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        _lock(file, path)
    except JournalBusy:
        return True
    finally:
        os.close(file)
    return False


def _lock(file: int, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise JournalBusy(f"run {path.parent.name} is active in another process") from None


def _read(path: Path) -> tuple[list[RecordedEvent], int]:
    """The records, and the length in bytes of what is whole."""
    records: list[RecordedEvent] = []
    length = 0
    for number, line, is_last in _lines(path.read_bytes()):
        try:
            records.append(_LINE.validate_json(line))
        except ValidationError:
            if is_last:
                break
            raise JournalDamaged(f"line {number} of {path} is damaged") from None
        length += len(line) + 1
    return records, length


def _lines(data: bytes) -> Iterator[tuple[int, bytes, bool]]:
    """Each line with its number; one that lacks its line feed is torn and left out."""
    whole = data.split(b"\n")[:-1]
    for number, line in enumerate(whole, start=1):
        yield number, line, number == len(whole)


def _readable(data: bytes) -> list[RecordedEvent]:
    """The whole records in a piece of a journal."""
    records: list[RecordedEvent] = []
    for line in data.split(b"\n")[:-1]:
        with contextlib.suppress(ValidationError):
            records.append(_LINE.validate_json(line))
    return records
