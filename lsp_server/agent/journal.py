"""This module appends a run's Events to a file, one line each, and reads them back.

A line is written by one `write` of all of it, so a killed process loses at most
the line it was writing; `flush` makes what was written survive a power cut. A
torn last line is dropped when the journal is opened again, a damaged line
anywhere else is refused: guessing at the past would repeat or lose work. What a
line looks like is `journal_format.py`'s business.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from lsp_server.agent.journal_format import (
    JournalDamaged,
    LineDamaged,
    decode_record,
    encode_record,
)
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import Event, FileRestored, RecordedEvent, Streamed
from lsp_server.system.private_folder import make_private
from lsp_server.system.process_lock import ProcessLock, is_locked

JOURNAL_NAME = "journal.jsonl"
"""The file name of a run's journal."""
CHILDREN = "children"
"""The folder, beside the journal of a run, with the runs that it began."""

ENDS_BYTES = 65_536
"""How many bytes of a journal's end are read first to find its last records."""


class JournalBusy(HoldfastError):
    """Another process has the journal open for writing: it is running this run."""


class Journal:
    """A `Journal` is a file of Events that is open for writing, locked against other writers.

    `path` is its file; `past` are the records that were in it when it was opened.

    >>> import tempfile
    >>> from lsp_server.domain.events import Warned
    >>> path = Path(tempfile.mkdtemp()) / "a-run" / JOURNAL_NAME
    >>> journal = Journal(path)
    >>> journal.append(Warned("low on disk")).seq
    0
    >>> journal.close()
    >>> [recorded.event.message for recorded in replay(path)]
    ['low on disk']
    """

    def __init__(self, path: Path) -> None:
        """Opens or creates `path`. Raises JournalBusy, JournalDamaged, FormatTooNew, OSError."""
        self.path = path
        make_private(path.parent)
        # Not on the journal itself: it is replaced when secrets or words are taken out of it.
        self._lock = journal_lock(path)
        if not self._lock.acquire():
            raise JournalBusy(f"run {path.parent.name} is active in another process")
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except BaseException:
            self._lock.release()
            raise
        try:
            self.past, self._length_bytes = _read(path)
            # What a killed process had begun to write would damage the next line.
            os.ftruncate(self._file, self._length_bytes)
        except BaseException:
            self.close()
            raise
        self._seq = len(self.past)
        self._synced = True

    def append(self, event: Event) -> RecordedEvent:
        """Records the Event and returns it with its place; ephemeral ones are not kept.

        It blocks for as long as the system takes to buffer a line; `flush` waits for the
        disk. Raises OSError when it cannot be kept; then nothing of it is.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        recorded = RecordedEvent(self._seq, now, event)
        if isinstance(event, Streamed):
            return recorded
        # An Event that could not be written takes no place in the numbering.
        self._write(encode_record(recorded))
        self._seq += 1
        self._synced = False
        return recorded

    async def flush(self) -> None:
        """Waits until all that was appended is on the disk. Raises OSError."""
        if not self._synced:
            # Set before the wait: what is appended during it needs another one.
            self._synced = True
            await asyncio.to_thread(os.fsync, self._file)

    def close(self) -> None:
        """Closes the file and gives the lock back."""
        os.close(self._file)
        self._lock.release()

    def _write(self, line: bytes) -> None:
        """Writes all of the line or nothing: half of one would damage the journal."""
        rest = line
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            os.ftruncate(self._file, self._length_bytes)
            raise
        self._length_bytes += len(line)


def replay(path: Path) -> list[RecordedEvent]:
    """Reads all records of a journal, without locking it.

    Raises JournalDamaged, FormatTooNew, OSError.
    """
    return _read(path)[0]


def read_from(path: Path, offset: int) -> Iterator[tuple[int, int, RecordedEvent]]:
    """Yields the records from a byte on, each with the byte where it begins and where it ends.

    It ends at a line that is torn or damaged. Raises FormatTooNew, OSError.
    """
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            try:
                recorded = decode_record(line)
            except LineDamaged:
                return
            yield offset, offset + len(line), recorded
            offset += len(line)


def records_after(path: Path, seq: int) -> Iterator[tuple[RecordedEvent, int]]:
    """Yields the records behind number `seq`, each with the length of its line in bytes.

    Those before are not parsed, -1 leaves out none, and a torn last line is none yet.
    Raises JournalDamaged, FormatTooNew, OSError.
    """
    with path.open("rb") as file:
        # A record's number is that of its line.
        for number, line in enumerate(islice(file, seq + 1, None), start=seq + 2):
            if not line.endswith(b"\n"):
                return
            try:
                recorded = decode_record(line)
            except LineDamaged:
                if not file.read(1) and not _is_json(line):
                    return
                raise _damaged(number, path) from None
            yield recorded, len(line)


def read_ends(path: Path) -> tuple[RecordedEvent, list[RecordedEvent]]:
    """Reads the first record and the last few, and not what is between them.

    A list of runs needs no more: how a run began, and how it ended, which what an undo
    restored comes after. Raises JournalDamaged when there is no first record, FormatTooNew,
    OSError.
    """
    with path.open("rb") as file:
        try:
            first = decode_record(file.readline())
        except LineDamaged:
            raise JournalDamaged(f"{path} has no readable beginning") from None
        second, end = file.tell(), file.seek(0, os.SEEK_END)
        window = ENDS_BYTES
        while True:
            start = max(second, end - window)
            file.seek(start)
            last = _whole_records(file.read())
            if start == second or not all(isinstance(r.event, FileRestored) for r in last):
                return first, last
            window *= 4  # A single record, the result of a tool, may be larger.


def is_running(path: Path) -> bool:
    """Says whether some process has this journal open for writing."""
    return is_locked(_lock_path(path))


def journal_lock(path: Path) -> ProcessLock:
    """Returns the lock that whoever writes the journal at `path` holds."""
    return ProcessLock(_lock_path(path))


def _lock_path(path: Path) -> Path:
    return path.with_suffix(".lock")


def _read(path: Path) -> tuple[list[RecordedEvent], int]:
    """Returns the records, and the length in bytes of the lines that are whole."""
    records: list[RecordedEvent] = []
    length = 0
    for number, line, is_last in _lines(path.read_bytes()):
        try:
            records.append(decode_record(line))
        except LineDamaged:
            # The last line was being written when a process was killed; one that is whole
            # JSON was written by a version that knows more.
            if is_last and not _is_json(line):
                break
            raise _damaged(number, path) from None
        length += len(line) + 1
    return records, length


def _lines(data: bytes) -> Iterator[tuple[int, bytes, bool]]:
    """Yields each line with its number; one that lacks its line feed is torn and left out."""
    whole = data.split(b"\n")[:-1]
    for number, line in enumerate(whole, start=1):
        yield number, line, number == len(whole)


def _whole_records(data: bytes) -> list[RecordedEvent]:
    """Returns the records that are whole in a piece of a journal, whose first line may be cut."""
    records: list[RecordedEvent] = []
    for line in data.split(b"\n")[:-1]:
        with contextlib.suppress(LineDamaged):
            records.append(decode_record(line))
    return records


def _damaged(number: int, path: Path) -> JournalDamaged:
    return JournalDamaged(f"line {number} of {path} is damaged, or written by a newer Holdfast")


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
