"""This module keeps what a person said of the things that a checkout brings along.

A skill, a command or a server in a project's files can make the agent do what its author
wants, so none is used before a person looked at it and trusted it. Trust holds for one
text: what has changed since is asked about again.
"""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from pydantic import TypeAdapter, ValidationError

from lsp_server.system.atomic_file import replace_file
from lsp_server.system.private_folder import make_private

DECISIONS_MAX = 2000
"""The oldest beyond that are forgotten, and asked about again."""

NAMED_MAX = 5
"""So many things that wait for trust are named in one sentence."""

TrustState: TypeAlias = Literal["trusted", "refused", "new", "changed"]
"""`new`: nobody was asked. `changed`: it was trusted or refused with another text."""


@dataclass(frozen=True, slots=True)
class TrustItem:
    """A `TrustItem` is one thing of a project that waits for trust.

    `id` names it in this project, as in `skill deploy`. `summary` is what it is in a
    line, `detail` all that a person should see before the answer, and `fingerprint`
    changes with its text.
    """

    id: str
    summary: str
    detail: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class _Decision:
    fingerprint: str
    trusted: bool


@functools.cache
def _format() -> TypeAdapter[dict[str, _Decision]]:
    # It takes a while to make, and most folders bring nothing to decide on.
    return TypeAdapter(dict[str, _Decision])


class Trust:
    """`Trust` has the decisions of one person about one workspace, kept in the file `path`.

    >>> import tempfile
    >>> trust = Trust(Path(tempfile.mkdtemp()) / "trusted.json")
    >>> skill = TrustItem("skill deploy", "skill deploy: how we deploy", "the text", "4f2a")
    >>> trust.decide([skill], trusted=True)
    >>> trust.state(skill), trust.state(TrustItem("skill deploy", "", "", "77b0"))
    ('trusted', 'changed')
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def state(self, item: TrustItem) -> TrustState:
        """Says what was decided about this text of the item."""
        return self.states([item])[item.id]

    def states(self, items: Iterable[TrustItem]) -> dict[str, TrustState]:
        """Says by id what was decided. Reads the file, as other processes write it too."""
        decisions = self._load()
        return {item.id: _state(item, decisions.get(item.id)) for item in items}

    def decide(self, items: Iterable[TrustItem], *, trusted: bool) -> None:
        """Keeps an answer for the texts as they are. Raises OSError when it cannot be kept."""
        decisions = self._load()
        for item in items:
            decisions.pop(item.id, None)  # The newest stand last.
            decisions[item.id] = _Decision(item.fingerprint, trusted)
        kept = dict(list(decisions.items())[-DECISIONS_MAX:])
        make_private(self._path.parent)
        replace_file(self._path, _format().dump_json(kept), private=True)

    def _load(self) -> dict[str, _Decision]:
        # What cannot be read is trusted by nobody.
        with suppress(OSError, ValidationError, json.JSONDecodeError):
            data = self._path.read_bytes()
            return _format().validate_json(data)
        return {}


class TrustSource(Protocol):
    """A `TrustSource` finds things of one kind that a project brings."""

    async def brought(self) -> tuple[TrustItem, ...]:
        """Returns all of them, whatever a person said of them."""
        ...


@dataclass(frozen=True, slots=True)
class TrustChoice:
    """A `TrustChoice` is a thing of the project with what a person said of it."""

    item: TrustItem
    state: TrustState

    @property
    def waits(self) -> bool:
        """Says whether nobody was asked about this text yet."""
        return waits(self.state)


class ProjectTrust:
    """A `ProjectTrust` has all that a project brings, of every kind, and a person's trust in it."""

    def __init__(self, trust: Trust, sources: Sequence[TrustSource]) -> None:
        self._trust = trust
        self._sources = sources

    async def choices(self) -> tuple[TrustChoice, ...]:
        """Returns all that the project brings, with what was said of it."""
        found = await asyncio.gather(*(source.brought() for source in self._sources))
        items = [item for items in found for item in items]
        states = await asyncio.to_thread(self._trust.states, items)
        return tuple(TrustChoice(item, states[item.id]) for item in items)

    async def waiting(self) -> tuple[TrustItem, ...]:
        """Returns what nobody was asked about yet."""
        return tuple(one.item for one in await self.choices() if one.waits)

    async def decide(self, items: Iterable[TrustItem], *, trusted: bool) -> None:
        """Keeps what a person said of things of the project. Raises OSError."""
        await asyncio.to_thread(self._trust.decide, tuple(items), trusted=trusted)


def waits(state: TrustState) -> bool:
    """Says whether nobody was asked yet about a text of which this is known."""
    return state in ("new", "changed")


def waiting_text(items: Sequence[TrustItem]) -> str:
    """Says in a sentence what waits for a person's trust."""
    names = ", ".join(item.id for item in items[:NAMED_MAX])
    more = f" and {len(items) - NAMED_MAX} more" if len(items) > NAMED_MAX else ""
    return (
        f"not used, as nobody has trusted what this project brings: {names}{more}; "
        "`holdfast trust` or the command holdfast.trust shows it and asks"
    )


def _state(item: TrustItem, decision: _Decision | None) -> TrustState:
    if decision is None:
        return "new"
    if decision.fingerprint != item.fingerprint:
        return "changed"
    return "trusted" if decision.trusted else "refused"
