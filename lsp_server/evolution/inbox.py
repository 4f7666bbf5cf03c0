"""An `Inbox` keeps suggestions until a person accepts or rejects them, and what was said of them.

It is one small file, written as a whole, so that a process that is killed leaves the old one or the
new one. Two processes take turns by a lock beside it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.ids import Id
from lsp_server.evolution.suggestion import Suggestion, SuggestionKind
from lsp_server.system.atomic_file import replace_file
from lsp_server.system.private_folder import make_private
from lsp_server.system.process_lock import ProcessLock

OPEN_MAX = 100
"""More nobody reads; the rest is found again once these are answered."""
SETTLED_MAX = 2_000
"""Answered ones that are remembered, so that they do not come back; of more, the oldest go."""
LOCK_SECONDS_MAX = 10.0
NAMED_MAX = 20
"""So many are named where none is the one that was meant."""


@functools.cache
def _format() -> TypeAdapter[Suggestion]:
    # It takes a while to make, and most starts find no suggestion.
    return TypeAdapter(Suggestion)


class NoSuchSuggestion(HoldfastError):
    """There is no suggestion of the id that was given, or it was answered."""


class InboxBusy(HoldfastError):
    """Another process keeps the inbox for itself for too long, or it cannot be written."""


class Inbox:
    """An `Inbox` is the file `inbox.jsonl` in `folder`. Blocking.

    Methods that write raise InboxBusy.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "inbox.jsonl"
        self._learned = folder / "learned-run"
        self._lock = folder / "inbox.lock"

    def all(self) -> tuple[Suggestion, ...]:
        """Returns all suggestions, oldest first; a line that cannot be read is left out."""
        with suppress(OSError):
            return self._read()
        return ()

    def open(self) -> tuple[Suggestion, ...]:
        """Returns those that wait for an answer."""
        return tuple(one for one in self.all() if one.state == "open")

    def find(self, suggestion_id: Id, *, answered: bool = False) -> Suggestion:
        """Returns one that waits, or was answered, by its id or the beginning of it. Raises NoSuchSuggestion.

        Capitals, and a comma or colon that was copied with the id, do not matter.
        """
        meant = [one for one in self.all() if (one.state != "open") == answered]
        wanted = suggestion_id.strip(" ,:").lower()
        found = [one for one in meant if wanted and one.id.startswith(wanted)]
        if len(found) != 1:
            known = ", ".join(one.id for one in meant[-NAMED_MAX:]) or "there are none"
            what = "was answered" if answered else "waits"
            why = "several begin with" if found else f"none that {what} has the id"
            raise NoSuchSuggestion(f"{why} {suggestion_id!r}; known: {known}")
        return found[0]

    def last_answered(self) -> Suggestion:
        """Returns the one that was answered last. Raises NoSuchSuggestion where none was."""
        answered = [one for one in self.all() if one.state != "open"]
        if not answered:
            raise NoSuchSuggestion(
                "no suggestion was answered yet, so there is nothing to take back"
            )
        return answered[-1]

    def offer(
        self, suggestions: Iterable[Suggestion], at: str, kinds: Collection[SuggestionKind]
    ) -> tuple[Suggestion, ...]:
        """Puts suggestions in and returns those that are new; answered ones do not come back.

        What waited of these `kinds` and is not suggested any more goes out. `at` is the time of it.
        """
        wanted = {one.id: one for one in suggestions}
        with self._changing() as known:
            new = [replace(one, at=at) for key, one in wanted.items() if key not in known]
            for key, one in tuple(known.items()):
                if one.state != "open" or one.kind not in kinds:
                    continue
                if key in wanted:
                    known[key] = replace(wanted[key], at=one.at)
                else:
                    del known[key]
            room = OPEN_MAX - sum(one.state == "open" for one in known.values())
            new = new[: max(0, room)]
            known.update((one.id, one) for one in new)
        return tuple(new)

    def learned_run(self) -> Id:
        """Returns the newest run that was learned from; empty where there is none."""
        with suppress(OSError, UnicodeDecodeError):
            return self._learned.read_text("utf-8").strip()
        return ""

    def learn(self, run_id: Id) -> None:
        """Notes the newest run that was learned from."""
        with self._changing():
            replace_file(self._learned, f"{run_id}\n".encode(), private=True)

    def settle(self, answered: Suggestion) -> None:
        """Keeps a suggestion as it is by now: answered, or tried."""
        with self._changing() as known:
            if known.pop(answered.id, None) is not None:
                known[answered.id] = answered  # The latest answer stands last.

    def forget(self, matches: Callable[[str], bool]) -> int:
        """Removes suggestions, answered ones too, whose text matches; returns how many."""
        with self._changing() as known:
            gone = [key for key, one in known.items() if matches(f"{one.text}\n{one.applied}")]
            for key in gone:
                del known[key]
        return len(gone)

    @contextmanager
    def _changing(self) -> Iterator[dict[Id, Suggestion]]:
        """Gives all suggestions by their ids, and writes what has become of them."""
        try:
            make_private(self._path.parent)
            with ProcessLock(self._lock).waiting(LOCK_SECONDS_MAX):
                known = {one.id: one for one in self._read()}
                before = dict(known)
                yield known
                if known != before or list(known) != list(before):
                    self._write(known)
        except TimeoutError as error:
            raise InboxBusy("another process writes the inbox; try again in a moment") from error
        except OSError as error:
            why = error.strerror or error
            raise InboxBusy(f"the inbox {self._path} cannot be changed: {why}") from error

    def _read(self) -> tuple[Suggestion, ...]:
        """As `all`, but raises OSError where a file that is there cannot be read."""
        found: list[Suggestion] = []
        with suppress(FileNotFoundError):
            for line in self._path.read_bytes().splitlines():
                with suppress(ValidationError):
                    found.append(_format().validate_json(line))
        return tuple(found)

    def _write(self, known: Mapping[Id, Suggestion]) -> None:
        settled = [one for one in known.values() if one.state != "open"][-SETTLED_MAX:]
        waiting = [one for one in known.values() if one.state == "open"]
        lines = (json.dumps(asdict(one), ensure_ascii=False) for one in (*settled, *waiting))
        data = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
        replace_file(self._path, data, private=True)
