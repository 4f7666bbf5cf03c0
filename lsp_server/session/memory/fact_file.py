"""A `FactFile` keeps what no journal of a run has: facts, and which commits are forgotten.

These are two small files beside the tables, so that a database that is lost or
damaged comes back with the facts, and without the commits that somebody wanted
gone.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.memories import Fact
from lsp_server.memory.made_facts import FACTS_MAX, TOO_MANY
from lsp_server.system.atomic_file import replace_file
from lsp_server.system.private_folder import make_private


@functools.cache
def _format() -> TypeAdapter[Fact]:
    # It takes a while to make, and most starts read no fact.
    return TypeAdapter(Fact)


class FactFile:
    """A `FactFile` keeps facts and forgotten commits, in two files in `folder`.

    Blocking; call it in a thread.

    Methods that write raise MemoryUnavailable when a file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._facts = folder / "facts.jsonl"
        self._forgotten = folder / "forgotten-commits"

    def add(self, fact: Fact) -> None:
        """Adds a fact, or replaces the one with this id.

        Raises MemoryUnavailable, also when there are FACTS_MAX others.
        """
        # Facts are few, so that the whole file is written, and never half of it.
        others = [one for one in self.facts() if one.id != fact.id]
        if len(others) >= FACTS_MAX:
            raise MemoryUnavailable(TOO_MANY)
        self._write_facts([*others, fact])

    def facts(self) -> tuple[Fact, ...]:
        """Returns the facts, oldest first; a line that cannot be read is left out."""
        found: list[Fact] = []
        with suppress(OSError):
            for line in self._facts.read_bytes().splitlines():
                with suppress(ValidationError):
                    found.append(_format().validate_json(line))
        return tuple(found)

    def forget(self, ids: Collection[str]) -> None:
        """Removes facts, and notes the ids of commits so that they are not learned again."""
        facts = self.facts()
        kept = [fact for fact in facts if fact.id not in ids]
        if len(kept) < len(facts):
            self._write_facts(kept)
        commits = {one for one in ids if one.startswith("git/")}
        if commits:
            lines = sorted(self.forgotten() | commits)
            self._write(self._forgotten, "".join(f"{line}\n" for line in lines))

    def forgotten(self) -> frozenset[str]:
        """Returns the ids of forgotten commits."""
        with suppress(OSError):
            return frozenset(self._forgotten.read_text("utf-8").split())
        return frozenset()

    def _write_facts(self, facts: Iterable[Fact]) -> None:
        lines = (json.dumps(asdict(fact), ensure_ascii=False) for fact in facts)
        self._write(self._facts, "".join(f"{line}\n" for line in lines))

    def _write(self, path: Path, text: str) -> None:
        try:
            make_private(path.parent)
            # A person may have typed half of a surrogate pair.
            replace_file(path, text.encode("utf-8", "replace"), private=True)
        except OSError as error:
            why = error.strerror or error
            raise MemoryUnavailable(f"{path} cannot be written: {why}") from error
