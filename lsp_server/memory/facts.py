"""Durable knowledge about a project: what is claimed, and what was shown of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from lsp_server.domain.memories import Fact, FactSource, FactStatus, Hit, Query
from lsp_server.memory.hybrid import hybrid_search
from lsp_server.memory.parsing import digest
from lsp_server.memory.records import RecordTable
from lsp_server.memory.table_schema import Row, TableSchema
from lsp_server.memory.tables import Database, sql_quoted
from lsp_server.memory.vectors import VectorTable
from lsp_server.redaction.secrets import redact
from lsp_server.text.tokenizer import tokenize

TEXT_CHARS_MAX = 2_000
FACTS_MAX = 5_000
TOO_MANY = "too many facts are remembered; forget some first"

FACTS = TableSchema(
    "facts",
    1,
    {
        "id": "text",
        "text": "text",
        "source": "text",
        "status": "text",
        "at": "text",
        "checked_at": "text",
        "evidence_id": "text",
        "words": "text",
        "vector_key": "text",
    },
    {"id": "btree", "vector_key": "btree", "words": "words"},
    derived=False,
)
COLUMNS = tuple(name for name in FACTS.columns if name not in ("id", "words", "vector_key"))


class FactTable:
    """The table `facts`. A text is one fact, however often it is remembered."""

    def __init__(self, database: Database, vectors: VectorTable) -> None:
        self.records = RecordTable(database, FACTS, vectors, _embedded)

    async def put(self, fact: Fact) -> None:
        """Raises MemoryUnavailable."""
        await self.records.put([_row(fact)])

    async def full(self) -> bool:
        """Whether some have to be forgotten before more are remembered."""
        return await self.records.table.count() >= FACTS_MAX

    async def find(self, query: Query) -> list[Hit]:
        """Best first. Raises MemoryUnavailable."""
        found = await hybrid_search(
            self.records.table, self.records.vectors, query.text, COLUMNS, None
        )
        hits = [Hit(found.scores[row["id"]], fact_of(row)) for row in found.rows.values()]
        hits.sort(key=lambda hit: (-hit.score, hit.found.id))
        return hits[: query.limit]

    async def ids(self) -> frozenset[str]:
        """Of all. Raises MemoryUnavailable."""
        return frozenset(row["id"] for row in await self.records.table.rows(["id"]))

    async def get(self, fact_id: str) -> Fact | None:
        rows = await self.records.table.rows(("id", *COLUMNS), f"id = {sql_quoted(fact_id)}", 1)
        return fact_of(rows[0]) if rows else None

    async def trusted(self, limit: int) -> list[Fact]:
        """Those that a model may be told unasked, the newest first. Raises MemoryUnavailable."""
        where = "status = 'verified' OR (status = 'claimed' AND source = 'person')"
        facts = [fact_of(row) for row in await self.records.table.rows(("id", *COLUMNS), where)]
        return sorted(facts, key=lambda fact: (fact.at, fact.id), reverse=True)[:limit]

    async def judge(self, where: str, status: FactStatus, evidence_id: str) -> int:
        """Gives the facts that meet a condition a new status; says how many."""
        facts = [fact_of(row) for row in await self.records.table.rows(("id", *COLUMNS), where)]
        now = datetime.now(UTC).isoformat()
        await self.records.table.put(
            [
                _row(replace(fact, status=status, checked_at=now, evidence_id=evidence_id))
                for fact in facts
            ]
        )
        return len(facts)


def new_fact(text: str, source: FactSource, evidence_id: str = "") -> Fact:
    """A claim, or, with evidence, something verified. Secrets are blacked out."""
    text = " ".join(redact(text).text.encode("utf-8", "replace").decode().split())
    now = datetime.now(UTC).isoformat()
    return Fact(
        id=digest("fact", text)[:16],
        text=text[:TEXT_CHARS_MAX],
        source=source,
        status="verified" if evidence_id else "claimed",
        at=now,
        checked_at=now,
        evidence_id=evidence_id,
    )


def cites(evidence_id: str) -> str:
    """The condition that a fact rests on this evidence."""
    return f"evidence_id = {sql_quoted(evidence_id)}"


def fact_of(row: Row) -> Fact:
    return Fact(
        id=row["id"],
        text=row["text"],
        source=row["source"],
        status=row["status"],
        at=row["at"],
        checked_at=row["checked_at"],
        evidence_id=row["evidence_id"],
    )


def _row(fact: Fact) -> Row:
    return {
        "id": fact.id,
        "text": fact.text,
        "source": fact.source,
        "status": fact.status,
        "at": fact.at,
        "checked_at": fact.checked_at,
        "evidence_id": fact.evidence_id,
        "words": tokenize(fact.text),
        "vector_key": digest(fact.text),
    }


def _embedded(row: Row) -> str:
    text: str = row["text"]
    return text
