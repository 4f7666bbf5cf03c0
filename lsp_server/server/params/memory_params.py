"""This module has the shapes of the commands about memory.

`uri` names the folder that is meant by any document in it. Without one a fact belongs
to the folder in use, and every other command means all folders.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from lsp_server.domain.memories import MemoryKind
from lsp_server.server.params.base import CommandParams, Payload, Reply, WireRange
from lsp_server.server.params.method_params import IndexState


class MemorySearch(CommandParams):
    """`holdfast.memory.search` looks for words; `path` is workspace-relative.

    `repository` is another one of the team's base, `*` all of them: there code is found, and facts
    and skills as files of it.
    """

    query: StrictStr | None = None
    uri: StrictStr | None = None
    kind: Literal["code", "action", "fact", "all"] = "all"
    limit: Annotated[StrictInt, Field(ge=1, le=100)] = 10
    path: StrictStr | None = None
    repository: StrictStr = ""


class MemoryWhy(CommandParams):
    """`holdfast.memory.why` takes a file, and lines that an earlier run may have changed."""

    uri: StrictStr | None = None
    range: WireRange | None = None


class MemoryRemember(CommandParams):
    """`holdfast.memory.remember` takes a fact, in a sentence or two."""

    text: Annotated[StrictStr, Field(max_length=2000)] | None = None
    uri: StrictStr | None = None


class MemoryForget(CommandParams):
    """`holdfast.memory.forget` takes conditions that must all hold; `before` is ISO 8601."""

    id: StrictStr | None = None
    uri: StrictStr | None = None
    query: Annotated[StrictStr, Field(min_length=3)] | None = None
    before: datetime | None = None


class MemoryReindex(CommandParams):
    """`holdfast.memory.reindex` keeps nothing of the present index with `full`."""

    full: StrictBool = False
    uri: StrictStr | None = None


class MemoryHit(Payload):
    """A `MemoryHit` is one thing found. Scores compare within a kind.

    `provenance` says where it comes from: a run and its step, or who said so and
    what shows it. Code has a `uri` and a `range`.
    """

    id: str
    kind: MemoryKind
    score: float
    title: str
    text: str
    path: str | None = None
    uri: str | None = None
    range: WireRange | None = None
    provenance: str = ""
    repository: str | None = None
    commit: str | None = None


class MemorySearchReply(Reply):
    """The hits are best first within each kind: code, actions, facts."""

    hits: tuple[MemoryHit, ...] = ()


class ForgetReply(Reply):
    """A `ForgetReply` counts the rows that went, and the journals that lost words."""

    rows: int = 0
    journals: int = 0


class MemoryStatusReply(Reply):
    """A `MemoryStatusReply` says how memory is; `skipped` counts unsearched files by reason."""

    phase: str
    writes: bool = False
    index: IndexState = IndexState()
    chunks: int = 0
    actions: int = 0
    facts: int = 0
    bytes_on_disk: int | None = None
    failed_optimizes: int = 0
    skipped: dict[str, int] = Field(default_factory=dict)
    problems: tuple[str, ...] = ()
