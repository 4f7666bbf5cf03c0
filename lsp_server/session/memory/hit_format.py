"""This module puts what memory found into words, for people and models."""

from __future__ import annotations

from typing import TypeAlias

from lsp_server.domain.memories import COMMIT, ActionRecord, CodeChunk, Fact, Hit
from lsp_server.memory.made_facts import evidence_command
from lsp_server.session.memory.session_memory import MemoryState
from lsp_server.text.count import count_of
from lsp_server.text.markdown import code_block, code_span, safe_markdown
from lsp_server.text.truncate import truncate

Remembered: TypeAlias = CodeChunk | ActionRecord | Fact

EXCERPT_CHARS = 400


def hit_title(found: Remembered) -> str:
    """Returns one line that names a record."""
    match found:
        case CodeChunk():
            lines = f"{found.path}:{found.start_line}-{found.end_line}"
            return f"{lines} {found.symbol}".rstrip()
        case ActionRecord(tool=tool) if tool == COMMIT:
            return f"commit of {found.at[:10]}: {found.title}"
        case ActionRecord():
            return f"{found.title} ({found.outcome}, {found.at[:10]})"
        case Fact():
            return found.text


def hit_place(hit: Hit) -> str:
    """Returns which repository of a team's base a hit is from, at which commit; "" for one of here.

    >>> at = "2026-01-01T00:00:00+00:00"
    >>> fact = Fact("f", "a fact", "person", "claimed", at, at)
    >>> hit_place(Hit(1.0, fact, "acme/rocket", "0123456789abcdef"))
    'acme/rocket at 0123456789ab: '
    """
    return f"{hit.repository} at {hit.commit[:12]}: " if hit.repository else ""


def hit_excerpt(found: Remembered) -> str:
    """Returns the beginning of a record's text, EXCERPT_CHARS characters at most."""
    match found:
        case CodeChunk():
            return truncate(found.text, EXCERPT_CHARS)
        case ActionRecord():
            texts = (part for part in (found.reason, found.result) if part)
            return truncate("\n".join(texts), EXCERPT_CHARS)
        case Fact():
            return f"{found.status}, from {'a person' if found.source == 'person' else 'a run'}"


def hit_text(found: Remembered) -> str:
    """Returns everything that memory has of a record."""
    match found:
        case CodeChunk():
            return f"{hit_title(found)}\n{found.text}"
        case ActionRecord():
            files = ", ".join(found.files)
            parts = (hit_title(found), found.reason, found.arguments, found.result, files)
            return "\n".join(part for part in parts if part)
        case Fact():
            return f"{found.text}\n{hit_excerpt(found)}"


def hit_source(found: Remembered) -> str:
    """Returns the origin of a record.

    It is lines of a file, a commit, a step of a run, or who claimed it.
    """
    match found:
        case CodeChunk():
            return f"{found.path}, lines {found.start_line} to {found.end_line}"
        case ActionRecord(tool=tool) if tool == COMMIT:
            return f"commit {found.id.rpartition('/')[2][:12]}"
        case ActionRecord():
            return f"run {found.run_id}, step {found.step}, {found.at}"
        case Fact():
            shown = f", shown by {found.evidence_id}" if found.evidence_id else ""
            said = f", merged with {', '.join(found.merged)}" if found.merged else ""
            return f"{found.source}, {found.status}{shown}{said}"


def fact_claim(fact: Fact) -> str:
    """Returns a fact for a prompt: a person's own words, or a run's claim with its evidence.

    A run may have read its claim anywhere, so it is quoted as somebody's words and
    never as something to do.

    >>> at = "2026-01-01T00:00:00+00:00"
    >>> claim = "Tests pass with `pytest -q`"
    >>> print(fact_claim(Fact("f", claim, "agent", "verified", at, at, "command: pytest -q")))
    an earlier run claimed "Tests pass with 'pytest -q'", and `pytest -q` succeeded
    """
    if fact.source == "person":
        return fact.text
    if fact.source == "runs":
        return f"earlier runs showed: {fact.text}"
    quoted = '"' + fact.text.replace('"', "'").replace("`", "'") + '"'
    command = evidence_command(fact.evidence_id)
    shown = f", and {code_span(command)} succeeded" if command else ""
    return f"an earlier run claimed {quoted}{shown}"


def action_markdown(record: ActionRecord) -> str:
    """Returns an action as Markdown: why, what, and how it ended."""
    parts = [f"*{hit_source(record)}*"]
    if record.reason:
        parts.append(f"Why: {safe_markdown(record.reason)}")
    if record.files:
        parts.append("Files: " + ", ".join(map(code_span, record.files)))
    for title, text in (("Asked for", record.arguments), ("Came of it", record.result)):
        if text.strip():
            parts.append(f"{title}:\n\n{code_block(text.strip())}")
    return "\n\n".join(parts)


def memory_text(state: MemoryState) -> str:
    """Returns the state of memory, in one line."""
    status = state.status
    if status is None:
        return f"memory is {state.phase}" + (f": {state.problem}" if state.problem else "")
    parts = [
        f"{count_of(status.files, 'file')} in {count_of(status.chunks, 'piece')}",
        count_of(status.actions, "action"),
        count_of(status.facts, "fact"),
    ]
    if status.base:
        parts.append(status.base)
    if status.bytes_on_disk is not None:
        parts.append(f"{status.bytes_on_disk / 1e6:.1f} MB on disk")
    if state.index is not None:
        parts.append(f"indexing, {state.index.done} of {count_of(state.index.total, 'file')}")
    if status.pending:
        parts.append(f"{count_of(status.pending, 'vector')} to be made")
    if not status.writes:
        parts.append("another process writes")
    line = ", ".join(parts)
    return f"{line}. Problem: {state.problem}" if state.problem else line
