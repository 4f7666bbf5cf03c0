"""This module keeps the words of journals, so that their entries can be searched.

A journal is read once, and from then on only what was appended. The words of each entry
are kept, its text is not: that stays in the journal and is read when it is asked
for. All of it blocks; call it off the event loop.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lsp_server.agent.action_fold import REPEATING_KINDS
from lsp_server.agent.journal import CHILDREN, read_from
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
"""How many earlier runs are indexed, the newest first, and how large their journals may be."""

HEAD_CHARS = 12_000
TAIL_CHARS = 4000
"""A longer text is indexed by the words of its beginning and its end."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A `JournalEntry` is one thing that happened in a run, by its words.

    `words` are its different words, each between spaces. `kind` is a tool's name, or
    `person`, `answer`, `verdict`. `at` is the byte at which its record begins in the
    journal, `called_at` that of the call, for an action.
    """

    id: str
    step: int
    kind: str
    title: str
    words: str
    at: int
    called_at: int | None = None


class JournalIndex:
    """A `JournalIndex` holds the entries of one journal, oldest first.

    `path` is the journal. The index is empty until `update` is called.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: list[JournalEntry] = []
        self._read_bytes = 0
        self._file = 0
        """Its inode: a journal from which words were taken is a new file."""
        self._step = 0
        self._called: dict[str, tuple[int, ToolCalled]] = {}

    def update(self) -> None:
        """Reads what was appended since; all of it again if another file has taken its place.

        Raises OSError, FormatTooNew.
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
        """Returns all that an entry is about: for an action the arguments and the result."""
        called = self._event(entry.called_at)
        parts = [called.call.arguments] if isinstance(called, ToolCalled) else []
        return "\n".join([*parts, self.result(entry)])

    def result(self, entry: JournalEntry) -> str:
        """Returns the whole text that `recall` gives for the entry's id; "" if it is gone."""
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
                # It becomes an entry with its result, by which it is found as well.
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
        if event.tool_kind in REPEATING_KINDS:
            return None
        text = f"{called.title}\n{called.call.arguments}\n{_keep_ends(event.result.text)}"
        bag = _join_words(text)
        return JournalEntry(event.call_id, event.step, event.tool, called.title, bag, at, called_at)

    def _new(self, entry_id: str, kind: str, title: str, event: Event, at: int) -> JournalEntry:
        return JournalEntry(
            entry_id, self._step, kind, title, _join_words(_keep_ends(_own_text(event))), at
        )


class JournalIndexes:
    """A `JournalIndexes` holds the indexes of a workspace's runs.

    All runs of a session share one, so that each journal is read once however many look
    back.
    """

    def __init__(self) -> None:
        self._by_path: dict[Path, JournalIndex] = {}
        self._reading = threading.Lock()

    def of(self, own: Path) -> list[tuple[str, JournalIndex]]:
        """Returns each run's id and its index, up to date, oldest first.

        The run whose journal is `own` comes last and has "" as its id; before it come those
        that it began, and the others in folders beside its own. Journals that cannot be read
        give the entries known so far.
        """
        # Several runs may look back at once, each in a thread of its own.
        with self._reading:
            paths = [*_find_earlier(own), *sorted(own.parent.glob(f"{CHILDREN}/*/{own.name}")), own]
            known = {path: self._by_path.get(path) or JournalIndex(path) for path in paths}
            self._by_path |= known
            for index in known.values():
                with suppress(OSError):
                    index.update()
        return [("" if path == own else path.parent.name, known[path]) for path in known]


def _find_earlier(own: Path) -> list[Path]:
    """Returns the newest other journals, as far as the limits reach, oldest first."""
    # Ids of runs begin with their time, so that names sort by age.
    # The run that began this one, and what else it began, are no earlier runs.
    top = own.parent
    while top.parent.name == CHILDREN:
        top = top.parent.parent
    beside = top.parent.glob(f"*/{own.name}")
    others = sorted((path for path in beside if path.parent != top), reverse=True)
    others = others[:EARLIER_RUNS_MAX]
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


def _join_words(text: str) -> str:
    return f" {' '.join(distinct_words(text))} "


def _keep_ends(text: str) -> str:
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text
    return f"{text[:HEAD_CHARS]}\n{text[-TAIL_CHARS:]}"
