"""What runs did, how it ended and what it touched."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lsp_server.domain.memories import ActionRecord, Hit, Query
from lsp_server.memory.hybrid import HybridResult, hybrid_search
from lsp_server.memory.parsing import digest
from lsp_server.memory.ranking import FUSION_K, about_errors, action_weight
from lsp_server.memory.records import RecordTable
from lsp_server.memory.table_schema import Row, TableSchema
from lsp_server.memory.tables import Database, sql_quoted
from lsp_server.memory.vectors import VectorTable
from lsp_server.redaction.secrets import redact
from lsp_server.text.tokenizer import tokenize

TITLE_CHARS_MAX = 120
ARGUMENTS_CHARS_MAX = 2_000
RESULT_CHARS_MAX = 8_000
REASON_CHARS_MAX = 1_000
PATH_CHARS_MAX = 4_096
EMBEDDED_RESULT_CHARS = 500
PER_RUN_MAX = 2
"""Hits of one run, unless a query asks for that run."""
TOLD_MAX = 3
LIKENESS_MIN = 0.45
"""Cosine; unrelated texts lie below 0.3 with the shipped embedder."""
SHARED_WORDS_MIN = 0.5
"""Of the words of the question."""
COMMIT_FACTOR = 0.5
"""The project's history, which does not age, against what runs did."""
CHANGES_MAX = 5_000
KEEP_DAYS = 180
"""Pinned actions stay."""

ACTIONS = TableSchema(
    "actions",
    1,
    {
        "id": "text",
        "run_id": "text",
        "step": "count",
        "at": "text",
        "tool": "text",
        "title": "text",
        "arguments": "text",
        "result": "text",
        "outcome": "text",
        "files": "texts",
        "reason": "text",
        "seconds": "number",
        "tree": "text",
        "pinned": "flag",
        "words": "text",
        "vector_key": "text",
    },
    {
        "id": "btree",
        "run_id": "btree",
        "at": "btree",
        "vector_key": "btree",
        "files": "labels",
        "words": "words",
    },
    derived=False,
)
COLUMNS = tuple(name for name in ACTIONS.columns if name not in ("id", "vector_key"))


class ActionTable:
    """The table `actions`."""

    def __init__(self, database: Database, vectors: VectorTable) -> None:
        self.records = RecordTable(database, ACTIONS, vectors, _embedded)

    async def put(self, records: Sequence[ActionRecord]) -> None:
        """Inserts or replaces cleaned records by id. Raises MemoryUnavailable."""
        newest = {record.id: record for record in records}
        # Cutting their texts into words takes half a millisecond each.
        rows = await asyncio.to_thread(lambda: [_row(record) for record in newest.values()])
        await self.records.put(rows)

    async def find(self, query: Query, now: datetime | None = None) -> list[Hit]:
        """Best first: by content, outcome, age and nearness. Raises MemoryUnavailable."""
        return self._ranked(await self._found(query), query, now or datetime.now(UTC))

    async def worth_telling(self, query: Query, now: datetime | None = None) -> list[Hit]:
        """The few that a model may be told unasked: alike in words or meaning, not just best.

        Raises MemoryUnavailable.
        """
        found = await self._found(query)
        asked = set(tokenize(query.text).split())
        alike = {
            key: row
            for key, row in found.rows.items()
            if found.likeness.get(key, 0.0) >= LIKENESS_MIN
            or len(asked & set(row["words"].split())) >= max(2.0, SHARED_WORDS_MIN * len(asked))
        }
        hits = self._ranked(replace(found, rows=alike), query, now or datetime.now(UTC))
        return hits[:TOLD_MAX]

    async def get(self, action_id: str) -> ActionRecord | None:
        rows = await self.records.table.rows(("id", *COLUMNS), f"id = {sql_quoted(action_id)}", 1)
        return action_of(rows[0]) if rows else None

    async def history(self, path: str, limit: int) -> list[ActionRecord]:
        """Those that touched a file, the newest first. Raises MemoryUnavailable."""
        where = f"array_has_any(files, [{sql_quoted(path)}])"
        rows = await self.records.table.rows(("id", *COLUMNS), where)
        actions = sorted(map(action_of, rows), key=lambda one: (one.at, one.id), reverse=True)
        return actions[:limit]

    async def ended_runs(self) -> frozenset[str]:
        """Those whose last row is there: their task with how it ended. Raises MemoryUnavailable."""
        rows = await self.records.table.rows(["run_id"], "tool = 'task' AND pinned")
        return frozenset(row["run_id"] for row in rows)

    async def commits(self) -> frozenset[str]:
        """The ids of those that are remembered. Raises MemoryUnavailable."""
        rows = await self.records.table.rows(["id"], "tool = 'commit'")
        return frozenset(row["id"] for row in rows)

    async def changes(self) -> list[ActionRecord]:
        """Of runs, not of the project's history; the last CHANGES_MAX. Raises MemoryUnavailable."""
        where = "tool IN ('edit', 'write', 'shell') AND array_length(files) > 0"
        rows = await self.records.table.rows(("id", *COLUMNS), where)
        rows.sort(key=lambda row: row["at"])
        return [action_of(row) for row in rows[-CHANGES_MAX:]]

    async def _found(self, query: Query) -> HybridResult:
        where = _condition(query)
        records = self.records
        return await hybrid_search(records.table, records.vectors, query.text, COLUMNS, where)

    def _ranked(self, found: HybridResult, query: Query, now: datetime) -> list[Hit]:
        errors = about_errors(query.text)
        hits = [
            Hit(
                found.scores[key] * (FUSION_K + 1) * _weight(row, query, now, errors),
                action_of(row),
            )
            for key, row in found.rows.items()
        ]
        hits.sort(key=lambda hit: (-hit.score, hit.found.id))
        per_run = query.limit if query.run_id else PER_RUN_MAX
        return list(_spread(hits, per_run))[: query.limit]

    async def expire(self) -> int:
        """Removes what is older than KEEP_DAYS. Raises MemoryUnavailable."""
        oldest = (datetime.now(UTC) - timedelta(days=KEEP_DAYS)).isoformat()
        return await self.records.delete(f"at < {sql_quoted(oldest)} AND NOT pinned")


def action_of(row: Row) -> ActionRecord:
    return ActionRecord(
        id=row["id"],
        run_id=row["run_id"],
        step=row["step"],
        at=row["at"],
        tool=row["tool"],
        title=row["title"],
        arguments=row["arguments"],
        result=row["result"],
        outcome=row["outcome"],
        files=tuple(row["files"] or ()),
        reason=row["reason"],
        seconds=row["seconds"],
        tree=row["tree"],
        pinned=row["pinned"],
    )


def clean_action(record: ActionRecord) -> ActionRecord:
    """Without secrets and within bounds: what may be written anywhere."""
    return replace(
        record,
        id=_writable(record.id),
        run_id=_writable(record.run_id),
        at=_writable(record.at),
        tool=_safe(record.tool, TITLE_CHARS_MAX),
        tree=_writable(record.tree),
        files=tuple(_safe(path, PATH_CHARS_MAX) for path in record.files),
        title=_safe(record.title, TITLE_CHARS_MAX),
        arguments=_safe(record.arguments, ARGUMENTS_CHARS_MAX),
        result=_safe(record.result, RESULT_CHARS_MAX),
        reason=_safe(record.reason, REASON_CHARS_MAX),
    )


def _row(record: ActionRecord) -> Row:
    row: Row = {name: getattr(record, name) for name in ("id", *COLUMNS) if name != "words"}
    row["files"] = list(record.files)
    searched = ("tool", "title", "reason", "arguments", "result")
    row["words"] = tokenize(" ".join((*(row[name] for name in searched), *record.files)))
    row["vector_key"] = digest(_embedded(row))
    return row


def _safe(text: str, chars_max: int) -> str:
    """Without secrets, and its end rather than its middle cut off."""
    # Redacted before it is cut: half of a secret has no shape.
    text = _writable(redact(text).text)
    return text if len(text) <= chars_max else f"{text[: chars_max - 1]}…"


def _writable(text: str) -> str:
    """Without halves of surrogate pairs, which names of files may have."""
    return text.encode("utf-8", "replace").decode()


def _embedded(row: Row) -> str:
    parts = (
        row["title"],
        row["reason"],
        *(row["files"] or ()),
        row["result"][:EMBEDDED_RESULT_CHARS],
    )
    return "\n".join(part for part in parts if part)


def _condition(query: Query) -> str | None:
    parts: list[str] = []
    if query.run_id:
        parts.append(f"run_id = {sql_quoted(query.run_id)}")
    if query.tool:
        parts.append(f"tool = {sql_quoted(query.tool)}")
    if query.since:
        parts.append(f"at >= {sql_quoted(query.since)}")
    if query.path:
        parts.append(f"array_has_any(files, [{sql_quoted(query.path)}])")
    return " AND ".join(parts) or None


def _weight(row: Row, query: Query, now: datetime, errors: bool) -> float:
    files = row["files"] or ()
    near = len(set(files) & set(query.near_files)) / len(files) if files else 0.0
    of_past = COMMIT_FACTOR if row["tool"] == "commit" else 1.0
    return of_past * action_weight(
        row["outcome"],
        _age_days(row["at"], now),
        near=near,
        about_errors=errors,
        pinned=row["pinned"],
    )


def _age_days(at: str, now: datetime) -> float:
    try:
        then = datetime.fromisoformat(at)
    except ValueError:
        return 0.0
    return (now - (then if then.tzinfo else then.replace(tzinfo=UTC))) / timedelta(days=1)


def _spread(hits: Iterable[Hit], per_run_max: int) -> Iterable[Hit]:
    """Few of each run, and of equal ones the best."""
    seen: set[tuple[str, str, str]] = set()
    of_run: Counter[str] = Counter()
    for hit in hits:
        action = hit.found
        assert isinstance(action, ActionRecord)
        same = (action.tool, action.title, action.outcome)
        if same not in seen and of_run[action.run_id] < per_run_max:
            seen.add(same)
            of_run[action.run_id] += 1
            yield hit
