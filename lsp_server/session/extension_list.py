"""This module lists all that people bring for the agent, of every kind, with how it stands with each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lsp_server.session.trust import TrustState, waits
from lsp_server.skills.source import Origin


@dataclass(frozen=True, slots=True)
class Extension:
    """An `Extension` is one thing that a person or a project brings for the agent.

    `kind` is its word, as `skill` or `server`; other kinds may come. `state` is that of a
    connection, empty for what has none, `tools` how many tools it offers, None while
    nobody knows. `problem` says why it cannot be used. `path` is the file that it is
    written in, None where it is not known. `trust_id` names it in the question about
    trust, and is empty for what needs none.
    """

    kind: str
    name: str
    description: str
    origin: Origin
    trust: TrustState
    state: str = ""
    problem: str = ""
    tools: int | None = None
    path: Path | None = None
    trust_id: str = ""

    @property
    def waits(self) -> bool:
        """Says whether it is not used since no person looked at this text of it."""
        return bool(self.trust_id) and waits(self.trust)


@dataclass(frozen=True, slots=True)
class ExtensionTotals:
    """An `ExtensionTotals` counts extensions: all, those that wait for trust, those with a problem."""

    total: int = 0
    waiting: int = 0
    failed: int = 0


NO_EXTENSIONS = ExtensionTotals()


class ExtensionSource(Protocol):
    """An `ExtensionSource` finds extensions of one kind or several."""

    async def extensions(self) -> Sequence[Extension]:
        """Returns them, usable or not, and what could not be read with its problem."""
        ...


class ExtensionList:
    """An `ExtensionList` has the extensions of one session as they were when it last looked."""

    def __init__(self, sources: Sequence[ExtensionSource]) -> None:
        self._sources = sources
        self.seen: tuple[Extension, ...] = ()

    async def look(self) -> tuple[Extension, ...]:
        """Returns what there is now. Asks no server."""
        found = await asyncio.gather(*(source.extensions() for source in self._sources))
        self.seen = tuple(extension for extensions in found for extension in extensions)
        return self.seen

    def totals(self) -> ExtensionTotals:
        """Counts what was seen."""
        return ExtensionTotals(
            len(self.seen),
            sum(one.waits for one in self.seen),
            sum(bool(one.problem) for one in self.seen),
        )
