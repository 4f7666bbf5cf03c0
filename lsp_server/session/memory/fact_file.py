"""What is remembered and stands in no journal of a run: facts, and what was to be forgotten.

Two small files beside the tables, so that a database that is lost or damaged
comes back with the facts, and without the commits that somebody wanted gone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from lsp_server.domain.errors import EditRejected, MemoryUnavailable
from lsp_server.domain.memories import Fact
from lsp_server.memory.facts import FACTS_MAX, TOO_MANY
from lsp_server.system.private_folder import make_private
from lsp_server.workspace.disk import write_bytes

_FACT: TypeAdapter[Fact] = TypeAdapter(Fact)


class FactFile:
    """Blocking; call it in a thread. Raises MemoryUnavailable when it cannot be written."""

    def __init__(self, folder: Path) -> None:
        self._facts = folder / "facts.jsonl"
        self._forgotten = folder / "forgotten-commits"

    def add(self, fact: Fact) -> None:
        """The same id again replaces. Raises MemoryUnavailable, also when it is full."""
        others = [one for one in self.facts() if one.id != fact.id]
        if len(others) >= FACTS_MAX:
            raise MemoryUnavailable(TOO_MANY)
        self._write_facts([*others, fact])

    def facts(self) -> tuple[Fact, ...]:
        """The oldest first; a line that cannot be read says nothing."""
        found: list[Fact] = []
        with suppress(OSError):
            for line in self._facts.read_bytes().splitlines():
                with suppress(ValidationError):
                    found.append(_FACT.validate_json(line))
        return tuple(found)

    def forget(self, ids: Collection[str]) -> None:
        """Facts go; that other things were to go is noted, by their ids alone."""
        facts = self.facts()
        kept = [fact for fact in facts if fact.id not in ids]
        if len(kept) < len(facts):
            self._write_facts(kept)
        others = {one for one in ids if one.startswith("git/")}
        if others:
            lines = sorted(self.forgotten() | others)
            self._write(self._forgotten, "".join(f"{line}\n" for line in lines))

    def forgotten(self) -> frozenset[str]:
        """The ids of commits that nobody wants to be reminded of."""
        with suppress(OSError):
            return frozenset(self._forgotten.read_text("utf-8").split())
        return frozenset()

    def _write_facts(self, facts: Iterable[Fact]) -> None:
        lines = (json.dumps(asdict(fact), ensure_ascii=False) for fact in facts)
        self._write(self._facts, "".join(f"{line}\n" for line in lines))

    def _write(self, path: Path, text: str) -> None:
        try:
            make_private(path.parent)
            write_bytes(path, text.encode("utf-8", "replace"))
        except (OSError, EditRejected) as error:
            raise MemoryUnavailable(f"{path} cannot be written: {error}") from error
