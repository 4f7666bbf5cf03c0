"""What is remembered, and how it is asked for.

Times are ISO 8601 in UTC, paths relative to the workspace with slashes, lines
count from 1 with both ends included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from lsp_server.domain.ids import Id, ToolName

MemoryKind: TypeAlias = Literal["code", "action", "fact"]
ActionOutcome: TypeAlias = Literal["ok", "failed", "reverted", "rejected", "unknown"]
"""`rejected`: proposed and not done. `unknown`: it has not ended, or nobody saw how."""
FactStatus: TypeAlias = Literal["claimed", "verified", "refuted", "stale"]
FactSource: TypeAlias = Literal["person", "agent"]

MEMORY_KINDS: tuple[MemoryKind, ...] = ("code", "action", "fact")


@dataclass(frozen=True, slots=True)
class CodeChunk:
    """A stretch of a file, secrets blacked out.

    `symbol` is the dotted path of the definition that it belongs to, perhaps
    empty; `kind` says what that is: `function`, `class`, … or `text`. `defines`
    are the names of all definitions that begin in it.
    """

    id: str
    path: str
    language: str
    kind: str
    symbol: str
    start_line: int
    end_line: int
    text: str
    defines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """Something that a run did or meant to do, and how it ended.

    `arguments` and `result` are digests; the journal has them whole. `tree` is
    the working tree's hash after it, if it was taken.
    """

    id: Id
    run_id: Id
    step: int
    at: str
    tool: ToolName
    title: str
    arguments: str = ""
    result: str = ""
    outcome: ActionOutcome = "unknown"
    files: tuple[str, ...] = ()
    reason: str = ""
    seconds: float = 0.0
    tree: Id = ""
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """Durable knowledge about the project; `evidence_id` is what showed or refuted it."""

    id: Id
    text: str
    source: FactSource
    status: FactStatus
    at: str
    checked_at: str
    evidence_id: Id = ""

    @property
    def trusted(self) -> bool:
        """Whether it may be told to a model unasked."""
        return self.status == "verified" or (self.source == "person" and self.status == "claimed")


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for.

    `path` narrows to a file or folder, `run_id`, `tool` and `since` to actions.
    `near_files` are open or just found; what touched them counts for more.
    """

    text: str
    kinds: tuple[MemoryKind, ...] = MEMORY_KINDS
    limit: int = 10
    path: str | None = None
    run_id: str | None = None
    tool: str | None = None
    since: str | None = None
    near_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found; scores compare within one kind only, higher is better."""

    score: float
    found: CodeChunk | ActionRecord | Fact
