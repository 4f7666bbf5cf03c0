"""A `FactTable` stores durable knowledge about a project: claims, and what was verified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from lsp_server.domain.memories import Fact, FactSource, FactStatus, Hit, Query
from lsp_server.memory.database import Database
from lsp_server.memory.digest import digest
from lsp_server.memory.records import RecordTable
from lsp_server.memory.sql import equals
from lsp_server.memory.table_schema import record_schema
from lsp_server.memory.vectors import VectorTable
from lsp_server.redaction.secrets import redact

TEXT_CHARS_MAX = 2_000
FACTS_MAX = 5_000
TOO_MANY = "too many facts are remembered; forget some first"

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


def new_fact(text: str, source: FactSource, evidence_id: str = "") -> Fact:
    """Makes a fact with secrets redacted, on one line: verified with evidence, else claimed.

    >>> new_fact("Tests  run with\\npytest", "person").text
    'Tests run with pytest'
    """
    text = " ".join(redact(text).text.encode("utf-8", "replace").decode().split())
    now = datetime.now(UTC).isoformat()
    return Fact(
        id=digest("fact", text)[:16],  # The same text again replaces the fact.
        text=text[:TEXT_CHARS_MAX],
        source=source,
        status="verified" if evidence_id else "claimed",
        at=now,
        checked_at=now,
        evidence_id=evidence_id,
    )


def merged_with(fact: Fact, other: Fact) -> Fact:
    """Returns a fact that also rests on what shows another one, which says the same.

    >>> one, other = new_fact("Run `make`", "runs", "runs: a"), new_fact("run `make`", "agent")
    >>> merged_with(one, other).merged == (other.id,)
    True
    """
    return replace(fact, merged=tuple(dict.fromkeys((*fact.merged, *_ids(other)))))


def parted_from(fact: Fact, other: Fact) -> Fact:
    """Returns a fact as it was before it was merged with another one."""
    return replace(fact, merged=tuple(one for one in fact.merged if one not in _ids(other)))


def evidence_id(command: str) -> str:
    """Returns the id of what a command shows by succeeding."""
    return f"command: {command}"


def lesson_evidence(lesson_id: str) -> str:
    """Returns the id of what past runs show, which a suggestion with this id has."""
    return f"runs: {lesson_id}"


def evidence_command(evidence: str) -> str:
    """Returns the command whose success is the evidence with this id; "" for other evidence."""
    prefix = evidence_id("")
    return evidence.removeprefix(prefix) if evidence.startswith(prefix) else ""


def _ids(fact: Fact) -> tuple[str, ...]:
    """The ids of a fact and of all that shows it."""
    return tuple(filter(None, (fact.id, fact.evidence_id, *fact.merged)))


def _text(fact: Fact) -> str:
    return fact.text
