"""A `FactTable` stores durable knowledge about a project: claims, and what was verified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from lsp_server.domain.memories import Fact, FactStatus, Hit, Query
from lsp_server.memory.database import Database
from lsp_server.memory.made_facts import FACTS_MAX
from lsp_server.memory.records import RecordTable
from lsp_server.memory.sql import equals
from lsp_server.memory.table_schema import record_schema
from lsp_server.memory.vectors import VectorTable

FACTS = record_schema(
    "facts",
    2,
    Fact,
    lines=("merged",),
    computed={"words": "text", "vector_key": "text"},
    indexes={"id": "btree", "vector_key": "btree", "words": "words"},
    derived=False,
)


class FactTable:
    """A `FactTable` reads and writes the table `facts`.

    Each method that waits raises MemoryUnavailable.

    One text is one fact, however often it is remembered.
    """

    def __init__(self, database: Database, vectors: VectorTable) -> None:
        self.records = RecordTable(database, FACTS, vectors, _text, _text)

    async def is_full(self) -> bool:
        """Says whether facts have to be forgotten before more can be remembered."""
        # An agent in a loop must not fill the file that is read at each start.
        return await self.records.table.count() >= FACTS_MAX

    async def find(self, query: Query) -> list[Hit]:
        """Returns the best hits first."""
        found = await self.records.search(query.text, None)
        hits = [Hit(found.scores[key], FACTS.record(row)) for key, row in found.rows.items()]
        hits.sort(key=lambda hit: (-hit.score, hit.found.id))
        return hits[: query.limit]

    async def checked(self) -> Mapping[str, str]:
        """Returns when each fact was last looked at, by its id."""
        rows = await self.records.table.rows(["id", "checked_at"])
        return {row["id"]: row["checked_at"] for row in rows}

    async def trusted(self, limit: int) -> list[Fact]:
        """Returns the facts that may go into any prompt, the newest first."""
        where = "status = 'verified' OR (status = 'claimed' AND source = 'person')"
        facts = await self.records.select(where)
        return sorted(facts, key=lambda fact: (fact.at, fact.id), reverse=True)[:limit]

    async def set_status(self, evidence_id: str, status: FactStatus) -> int:
        """Gives the facts that rest on some evidence a new status; returns how many they are."""
        facts = await self.records.select(equals("evidence_id", evidence_id))
        now = datetime.now(UTC).isoformat()
        await self.records.put(replace(fact, status=status, checked_at=now) for fact in facts)
        return len(facts)


def _text(fact: Fact) -> str:
    return fact.text
