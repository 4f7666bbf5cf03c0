"""This module makes replies and pages of what was found in memory, and of its state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from lsp_server.domain.memories import ActionRecord, CodeChunk, Fact, Hit
from lsp_server.server import to_lsp
from lsp_server.server.folders import Folder
from lsp_server.server.params.base import WirePosition, WireRange
from lsp_server.server.params.memory_params import MemoryHit, MemoryStatusReply
from lsp_server.server.params.method_params import IndexState
from lsp_server.session.memory import MemoryState, hit_format
from lsp_server.text.markdown import code_block, code_span, safe_markdown

Hits: TypeAlias = Sequence[tuple[Folder, Hit]]
"""Best first, each with the folder that it belongs to."""


def counts_text(hits: Hits) -> str:
    """Says how many hits there are, and which is the best."""
    first = f": {hit_format.hit_title(hits[0][1].found)}" if hits else "; try other words"
    return f"{len(hits)} found{first}"


def hit_payload(folder: Folder, hit: Hit) -> MemoryHit:
    """Returns a hit as a reply carries it."""
    one = hit.found
    entry = MemoryHit(
        id=one.id,
        kind="code",
        score=hit.score,
        title=hit_format.hit_title(one),
        text=hit_format.hit_excerpt(one),
        provenance=hit_format.hit_source(one),
    )
    match one:
        case CodeChunk():
            span = WireRange(
                start=WirePosition(line=one.start_line - 1, character=0),
                end=WirePosition(line=one.end_line, character=0),
            )
            found: dict[str, object] = {"path": one.path, "range": span}
            if hit.repository:  # The file of that name here is another one.
                found |= {"repository": hit.repository, "commit": hit.commit}
            else:
                found["uri"] = to_lsp.uri(folder.root / one.path)
            return entry.model_copy(update=found)
        case ActionRecord():
            first = one.files[0] if one.files else None
            place = to_lsp.uri(folder.root / first) if first else None
            return entry.model_copy(update={"kind": "action", "path": first, "uri": place})
        case Fact():
            return entry.model_copy(update={"kind": "fact"})


def hits_markdown(title: str, hits: Hits) -> str:
    """Returns hits as a page of Markdown, with links to their places."""
    parts = [_section(folder, hit) for folder, hit in hits]
    return "\n".join(
        [f"# {safe_markdown(title)}\n", *(parts or ["Nothing found; try other words.\n"])]
    )


def status_reply(state: MemoryState) -> MemoryStatusReply:
    """Returns the state of memory in numbers and in a sentence."""
    message = hit_format.memory_text(state)
    status = state.status
    if status is None:
        problems = (state.problem,) if state.problem else ()
        return MemoryStatusReply(
            state="idle", message=message, phase=state.phase, problems=problems
        )
    return MemoryStatusReply(
        state="indexing" if state.index is not None else "idle",
        message=message,
        phase=state.phase,
        writes=status.writes,
        index=IndexState(files=status.files, pending=status.pending),
        chunks=status.chunks,
        actions=status.actions,
        facts=status.facts,
        bytes_on_disk=status.bytes_on_disk,
        failed_optimizes=status.failed_optimizes,
        skipped=status.skipped,
        problems=status.problems,
    )


def _section(folder: Folder, hit: Hit) -> str:
    match hit.found:
        case CodeChunk() as code:
            place = f"{to_lsp.uri(folder.root / code.path)}#L{code.start_line}"
            # A bracket in a name would end the link's text, and begin a target of its own.
            name = code.path.translate({ord(char): f"\\{char}" for char in "[]\\"})
            link = f"[{name}:{code.start_line}]({place})"
            if hit.repository:
                link = code_span(f"{hit_format.hit_place(hit)}{code.path}:{code.start_line}")
            symbol = safe_markdown(code.symbol or code.path)
            return f"## {symbol}\n\n{link}\n\n{code_block(code.text)}\n"
        case ActionRecord() as action:
            title = safe_markdown(hit_format.hit_title(action))
            return f"## {title}\n\n{hit_format.action_markdown(action)}\n"
        case Fact() as fact:
            return f"## Fact\n\n{safe_markdown(hit_format.hit_text(fact).strip())}\n"
