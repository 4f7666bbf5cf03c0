"""What one journal holds, in words that can be searched.

It is read once and from then on only what was appended. The words of each entry
are kept, its text is not: that stays in the journal and is read when it is asked
for. Blocking; call it off the event loop.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lsp_server.agent.journal import read_from
from lsp_server.domain.events import (
    Event,
    GoalChecked,
    ModelAnswered,
    RunStarted,
    Told,
    ToolCalled,
    ToolReturned,
)
from lsp_server.text.tokenizer import distinct_words
from lsp_server.wording.run_texts import report_text

ENTRIES_MAX = 10_000
"""The oldest go first; the journal still has them."""

EARLIER_RUNS_MAX = 100
EARLIER_BYTES_MAX = 128_000_000
"""Of the newest runs beside the own one, so many and so much of their journals."""

HEAD_CHARS = 12_000
TAIL_CHARS = 4000
"""Of a longer text, the words of its beginning and its end."""

LOOKING_BACK = ("recall", "plan", "finish")
"""Tools whose results only repeat what is recorded elsewhere."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One thing that happened. `words` are its different words, each between spaces.

    `kind` is a tool's name, or `person`, `answer`, `verdict`. `called_at` and `at`
    are the places of its records in the journal.
    """

    id: str
    step: int
    kind: str
    title: str
    words: str
    at: int
    called_at: int | None = None


class JournalIndex:
    """The entries of one journal, oldest first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: list[JournalEntry] = []
        self._read_bytes = 0
        self._file = 0
        """Its number in the file system: a journal from which words were taken is a new file."""
        self._step = 0
        self._called: dict[str, tuple[int, ToolCalled]] = {}

    def update(self) -> None:
        """Reads what was appended since; all of it again if another file has its place.

        Raises OSError.
        """
        file = self.path.stat()
        if file.st_ino != self._file or file.st_size < self._read_bytes:
            self._file, self._read_bytes = file.st_ino, 0
            self.entries.clear()
            self._called.clear()
        for start, end, recorded in read_from(self.path, self._read_bytes):
            self._read_bytes = end
            entry = self._entry(start, recorded.event)
            if entry is not None:
                self.entries.append(entry)
        del self.entries[:-ENTRIES_MAX]

    def text(self, entry: JournalEntry) -> str:
        """What it is about as a whole: for an action what was called and what came of it."""
        called = self._event(entry.called_at)
        parts = [called.call.arguments] if isinstance(called, ToolCalled) else []
        return "\n".join([*parts, self.result(entry)])

    def result(self, entry: JournalEntry) -> str:
        """The text that the entry's id stands for, whole."""
        return _own_text(self._event(entry.at))

    def _event(self, at: int | None) -> Event | None:
        if at is None:
            return None
        return next((recorded.event for _, _, recorded in read_from(self.path, at)), None)

    def _entry(self, at: int, event: Event) -> JournalEntry | None:
        match event:
            case RunStarted():
                return self._new("task", "person", "the task", event, at)
            case ModelAnswered():
                self._step = event.step
                if event.message.text.strip():
                    return self._new(f"step-{event.step}", "answer", "you said", event, at)
            case ToolCalled():
                self._called[event.call.id] = (at, event)
            case ToolReturned() if event.call_id in self._called:
                return self._action(event, at)
            case Told(origin="person"):
                return self._new(f"said-{at}", "person", "the person said", event, at)
            case GoalChecked():
                return self._new(f"check-{at}", "verdict", "the goal was checked", event, at)
            case _:
                pass
        return None

    def _action(self, event: ToolReturned, at: int) -> JournalEntry | None:
        called_at, called = self._called.pop(event.call_id)
        if event.tool in LOOKING_BACK:
            return None
        text = f"{called.title}\n{called.call.arguments}\n{_ends(event.result.text)}"
        bag = _bag(text)
        return JournalEntry(event.call_id, event.step, event.tool, called.title, bag, at, called_at)

    def _new(self, entry_id: str, kind: str, title: str, event: Event, at: int) -> JournalEntry:
        return JournalEntry(entry_id, self._step, kind, title, _bag(_ends(_own_text(event))), at)


class JournalIndexes:
    """The digests of a workspace's runs, each read once however many runs look back."""

    def __init__(self) -> None:
        self._by_path: dict[Path, JournalIndex] = {}
        self._reading = threading.Lock()

    def of(self, own: Path) -> list[tuple[str, JournalIndex]]:
        """Each run's name and its digest, up to date, oldest first.

        The run whose journal is `own` comes last and has no name; the others lie in
        folders beside its own.
        """
        with self._reading:
            paths = [*_earlier(own), own]
            known = {path: self._by_path.get(path) or JournalIndex(path) for path in paths}
            self._by_path |= known
            for index in known.values():
                with suppress(OSError):
                    index.update()
        return [("" if path == own else path.parent.name, known[path]) for path in known]


def _earlier(own: Path) -> list[Path]:
    """The newest other journals, as far as the limits reach, oldest first."""
    beside = own.parent.parent.glob(f"*/{own.name}")
    others = sorted((path for path in beside if path != own), reverse=True)[:EARLIER_RUNS_MAX]
    left_bytes, kept = EARLIER_BYTES_MAX, 0
    for path in others:
        with suppress(FileNotFoundError):
            left_bytes -= path.stat().st_size
        if left_bytes < 0:
            break
        kept += 1
    return others[:kept][::-1]


def _own_text(event: Event | None) -> str:
    match event:
        case RunStarted():
            return event.task.instruction
        case ModelAnswered():
            return event.message.text
        case ToolReturned():
            return event.result.text
        case Told():
            return event.text
        case GoalChecked():
            return report_text(event.report)
        case _:
            return ""


def _bag(text: str) -> str:
    return f" {' '.join(distinct_words(text))} "


def _ends(text: str) -> str:
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text
    return f"{text[:HEAD_CHARS]}\n{text[-TAIL_CHARS:]}"
