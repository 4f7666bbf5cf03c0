"""This module defines what memory holds (code, actions, facts), and how it is asked.

Times are ISO 8601 in UTC, paths are relative to the workspace with slashes, lines
count from 1 with both ends included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from lsp_server.domain.ids import Id, ToolName

MemoryKind: TypeAlias = Literal["code", "action", "fact"]
ActionOutcome: TypeAlias = Literal["ok", "failed", "reverted", "rejected", "unknown"]
"""How an action ended. `rejected`: proposed and not done. `unknown`: not ended, or not seen."""
FactStatus: TypeAlias = Literal["claimed", "verified", "refuted", "stale"]
FactSource: TypeAlias = Literal["person", "agent", "runs"]
"""`runs`: what Holdfast itself found in past runs, and nobody wrote."""

MEMORY_KINDS: tuple[MemoryKind, ...] = ("code", "action", "fact")


@dataclass(frozen=True, slots=True)
class CodeChunk:
    """A `CodeChunk` is a stretch of a file, with its secrets redacted.

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


TASK = "task"
"""The `tool` of the row that describes a whole run; it is pinned when the run has ended."""
COMMIT = "commit"
"""The `tool` of the row of a commit of the project's history."""


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """An `ActionRecord` is something that a run did or meant to do, and how it ended.

    `id` begins with the run's id. `title` is one line for people, `reason` what the
    model said before it. `arguments` and `result` may be shortened; the journal has them
    whole. `tree` is the hash of the working tree after it, if it was taken. A `pinned`
    row is kept when old ones are dropped. One that only `looked` changed nothing and was to
    show what the index of the code has anyway: it is found by words alone.
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
    looked: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A `Fact` is durable knowledge about the project.

    `evidence_id` names the evidence that showed or refuted it, `checked_at` says when. `merged` are
    the ids of facts that said the same and are told no more, and of their evidence.
    """

    id: Id
    text: str
    source: FactSource
    status: FactStatus
    at: str
    checked_at: str
    evidence_id: Id = ""
    merged: tuple[Id, ...] = ()

    @property
    def trusted(self) -> bool:
        """Says whether the fact may go into a prompt that did not ask for it."""
        # A person's word counts until a check refutes it, the agent's once a check has shown it.
        return self.status == "verified" or (self.source == "person" and self.status == "claimed")


EVERY_REPOSITORY = "*"
"""The `repository` of a query that means all of a team's base."""
FACTS_FILE = ".holdfast/facts.md"
"""The file of a repository with the facts that its team reviews."""


@dataclass(frozen=True, slots=True)
class Query:
    """A `Query` says what to look for in memory, and where.

    `limit` bounds the hits of each kind. `path` narrows to a file or folder; `run_id`,
    `tool` and `since` (a time) narrow actions. `near_files` are files that are open or
    were just found: actions that touched them count for more. `repository` looks through
    another one of the team's base, or EVERY_REPOSITORY, of which there are files alone: those of
    facts and skills are code, too, and what is looked through for facts. Empty is the workspace.
    """

    text: str
    kinds: tuple[MemoryKind, ...] = MEMORY_KINDS
    limit: int = 10
    path: str | None = None
    run_id: str | None = None
    tool: str | None = None
    since: str | None = None
    near_files: tuple[str, ...] = ()
    repository: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A `Hit` is one result of a search; a higher score is better, within one kind only.

    Of code that was found in a team's base as such, `repository` and `commit` say where.
    """

    score: float
    found: CodeChunk | ActionRecord | Fact
    repository: str = ""
    commit: str = ""
