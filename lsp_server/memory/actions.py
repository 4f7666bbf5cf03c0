"""An `ActionTable` stores what runs did, how it ended and which files it touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lsp_server.domain.memories import COMMIT, TASK, ActionRecord, Hit, Query
from lsp_server.memory.action_ranking import action_weight, is_about_errors
from lsp_server.memory.database import Database
from lsp_server.memory.fusion import FUSION_K
from lsp_server.memory.hybrid import HybridResult
from lsp_server.memory.records import RecordTable
from lsp_server.memory.sql import all_of, equals, quote
from lsp_server.memory.table_schema import Row, record_schema
from lsp_server.memory.vectors import VectorTable
from lsp_server.redaction.secrets import redact
from lsp_server.text.tokenizer import tokenize
from lsp_server.text.truncate import ELLIPSIS

TITLE_CHARS_MAX = 120
ARGUMENTS_CHARS_MAX = 2_000
RESULT_CHARS_MAX = 8_000
REASON_CHARS_MAX = 1_000
PATH_CHARS_MAX = 4_096
EMBEDDED_RESULT_CHARS = 500
PER_RUN_MAX = 2
"""Hits of one run, unless a query asks for that run."""
RELEVANT_MAX = 3
COSINE_MIN = 0.45
"""Unrelated texts have less than 0.3 with the shipped embedder."""
SHARED_WORDS_MIN = 0.5
"""An action with so much of the question's words is relevant without a near vector."""
COMMIT_FACTOR = 0.5
"""The weight of the project's history, which does not age, beside what runs did."""
CHANGES_MAX = 5_000
KEEP_DAYS = 180
"""Older actions are deleted, unless they are pinned."""

ACTIONS = record_schema(
    "actions",
    2,
    ActionRecord,
    computed={"words": "text", "vector_key": "text"},
    indexes={
        "id": "btree",
        "run_id": "btree",
        "at": "btree",
        "vector_key": "btree",
        "files": "labels",
        "words": "words",
    },
    derived=False,
)


class ActionTable:
    """An `ActionTable` reads and writes the table `actions`.

    Each method that waits raises MemoryUnavailable.
    """

    def __init__(self, database: Database, vectors: VectorTable) -> None:
        self.records = RecordTable(database, ACTIONS, vectors, _searched_text, _embedded_text)

    async def find(self, query: Query, now: datetime | None = None) -> list[Hit]:
        """Returns the best hits first, by content, outcome, age and nearness.

        `now` is the time from which ages count, UTC; the clock's when left out.
        """
        found = await self.records.search(query.text, _condition(query))
        return _rank(found, query, now or datetime.now(UTC))

    async def find_relevant(self, query: Query, now: datetime | None = None) -> list[Hit]:
        """Returns up to RELEVANT_MAX hits that are alike in words or meaning, not just the best.

        These may go into a prompt that did not ask for them.
        """
        found = await self.records.search(query.text, _condition(query))
        asked = set(tokenize(query.text).split())
        alike = {
            key: row
            for key, row in found.rows.items()
            if found.cosines.get(key, 0.0) >= COSINE_MIN
            # One word alone is shared by chance.
            or len(asked & set(row["words"].split())) >= max(2.0, SHARED_WORDS_MIN * len(asked))
        }
        # Found without being asked for: a wrong one costs more than a missing one.
        hits = _rank(replace(found, rows=alike), query, now or datetime.now(UTC))
        return hits[:RELEVANT_MAX]

    async def history(self, path: str, limit: int) -> list[ActionRecord]:
        """Returns the last `limit` actions that touched a file, the newest first."""
        actions = await self.records.select(f"array_has_any(files, [{quote(path)}])")
        actions.sort(key=lambda one: (one.at, one.id), reverse=True)
        return actions[:limit]

    async def ended_runs(self) -> frozenset[str]:
        """Returns the ids of the runs that are known to their end."""
        # The row of a task is there from the start, and pinned at the end.
        where = f"{equals('tool', TASK)} AND pinned"
        return frozenset(row["run_id"] for row in await self.records.table.rows(["run_id"], where))

    async def commits(self) -> frozenset[str]:
        """Returns the ids of the rows of commits."""
        rows = await self.records.table.rows(["id"], equals("tool", COMMIT))
        return frozenset(row["id"] for row in rows)

    async def changes(self) -> list[ActionRecord]:
        """Returns the last CHANGES_MAX actions of runs that changed files, the oldest first."""
        # Only calls of tools change files: a task's row repeats theirs, a commit is no run's.
        where = f"array_length(files) > 0 AND tool NOT IN ({quote(TASK)}, {quote(COMMIT)})"
        actions = await self.records.select(where)
        actions.sort(key=lambda action: action.at)
        return actions[-CHANGES_MAX:]

    async def expire(self) -> int:
        """Deletes what is older than KEEP_DAYS and returns how many rows."""
        oldest = (datetime.now(UTC) - timedelta(days=KEEP_DAYS)).isoformat()
        return await self.records.delete(f"at < {quote(oldest)} AND NOT pinned")


def clean_action(record: ActionRecord) -> ActionRecord:
    """Returns the record with secrets redacted and its texts cut to what a row may have."""
    return replace(
        record,
        id=_writable(record.id),
        run_id=_writable(record.run_id),
        at=_writable(record.at),
        tool=_clean(record.tool, TITLE_CHARS_MAX),
        tree=_writable(record.tree),
        files=tuple(_clean(path, PATH_CHARS_MAX) for path in record.files),
        title=_clean(record.title, TITLE_CHARS_MAX),
        arguments=_clean(record.arguments, ARGUMENTS_CHARS_MAX),
        result=_clean(record.result, RESULT_CHARS_MAX),
        reason=_clean(record.reason, REASON_CHARS_MAX),
    )


def _clean(text: str, chars_max: int) -> str:
    # Redacted before it is cut: half of a secret has no shape to know it by.
    text = _writable(redact(text).text)
    return text if len(text) <= chars_max else text[: chars_max - 1] + ELLIPSIS


def _writable(text: str) -> str:
    # Names of files may have halves of surrogate pairs, which UTF-8 cannot write.
    return text.encode("utf-8", "replace").decode()


def _searched_text(record: ActionRecord) -> str:
    texts = (record.tool, record.title, record.reason, record.arguments, record.result)
    return " ".join((*texts, *record.files))


def _embedded_text(record: ActionRecord) -> str:
    if record.looked:
        return ""
    result = record.result[:EMBEDDED_RESULT_CHARS]
    parts = (record.title, record.reason, *record.files, result)
    return "\n".join(part for part in parts if part)


def _condition(query: Query) -> str | None:
    return all_of(
        equals("run_id", query.run_id) if query.run_id else None,
        equals("tool", query.tool) if query.tool else None,
        f"at >= {quote(query.since)}" if query.since else None,
        f"array_has_any(files, [{quote(query.path)}])" if query.path else None,
    )


def _rank(found: HybridResult, query: Query, now: datetime) -> list[Hit]:
    about_errors = is_about_errors(query.text)
    # Scaled so that a row that comes first in both rankings has 1 before its weight.
    hits = [
        Hit(
            found.scores[key] * (FUSION_K + 1) * _weight(row, query, now, about_errors),
            ACTIONS.record(row),
        )
        for key, row in found.rows.items()
    ]
    hits.sort(key=lambda hit: (-hit.score, hit.found.id))
    per_run = query.limit if query.run_id else PER_RUN_MAX
    return list(_spread(hits, per_run))[: query.limit]


def _weight(row: Row, query: Query, now: datetime, about_errors: bool) -> float:
    files = row["files"] or ()
    near = len(set(files) & set(query.near_files)) / len(files) if files else 0.0
    factor = COMMIT_FACTOR if row["tool"] == COMMIT else 1.0
    return factor * action_weight(
        row["outcome"],
        _age_days(row["at"], now),
        near=near,
        about_errors=about_errors,
        pinned=row["pinned"],
    )


def _age_days(at: str, now: datetime) -> float:
    try:
        then = datetime.fromisoformat(at)
    except ValueError:  # An odd time must not fail a whole search.
        return 0.0
    return (now - (then if then.tzinfo else then.replace(tzinfo=UTC))) / timedelta(days=1)


def _spread(hits: Iterable[Hit], per_run_max: int) -> Iterable[Hit]:
    """Returns the hits without those beyond `per_run_max` of one run, and without repeats."""
    seen: set[tuple[str, str, str]] = set()
    of_run: Counter[str] = Counter()
    for hit in hits:
        action = hit.found
        assert isinstance(action, ActionRecord)
        # A command that is run again and again is one hit.
        same = (action.tool, action.title, action.outcome)
        if same not in seen and of_run[action.run_id] < per_run_max:
            seen.add(same)
            of_run[action.run_id] += 1
            yield hit
