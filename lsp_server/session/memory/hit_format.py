"""What memory found, in words for people and models."""

from __future__ import annotations

from typing import TypeAlias

from lsp_server.domain.memories import ActionRecord, CodeChunk, Fact
from lsp_server.session.memory.session_memory import MemoryState

Remembered: TypeAlias = CodeChunk | ActionRecord | Fact

EXCERPT_CHARS = 400


def hit_title(found: Remembered) -> str:
    """One line."""
    match found:
        case CodeChunk():
            lines = f"{found.path}:{found.start_line}-{found.end_line}"
            return f"{lines} {found.symbol}".rstrip()
        case ActionRecord():
            return f"{found.title} ({found.outcome}, {found.at[:10]})"
        case Fact():
            return found.text


def hit_excerpt(found: Remembered) -> str:
    """A few lines."""
    text = _text_of(found)
    return text if len(text) <= EXCERPT_CHARS else f"{text[: EXCERPT_CHARS - 1]}…"


def hit_text(found: Remembered) -> str:
    """All that memory has of it."""
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
    """Where it comes from."""
    match found:
        case CodeChunk():
            return f"{found.path}, lines {found.start_line} to {found.end_line}"
        case ActionRecord(tool="commit"):
            return f"commit {found.id.rpartition('/')[2][:12]}"
        case ActionRecord():
            return f"run {found.run_id}, step {found.step}, {found.at}"
        case Fact():
            shown = f", shown by {found.evidence_id}" if found.evidence_id else ""
            return f"{found.source}, {found.status}{shown}"


def action_markdown(record: ActionRecord) -> str:
    """An action as Markdown: why, what, and how it ended."""
    fence = "~~~~"
    parts = [f"*{hit_source(record)}*"]
    if record.reason:
        parts.append(f"Why: {record.reason}")
    if record.files:
        parts.append("Files: " + ", ".join(f"`{path}`" for path in record.files))
    for title, text in (("Asked for", record.arguments), ("Came of it", record.result)):
        if text.strip():
            parts.append(f"{title}:\n\n{fence}\n{text.strip()}\n{fence}")
    return "\n\n".join(parts)


def memory_text(state: MemoryState) -> str:
    """How it is with memory, in one line."""
    status = state.status
    if status is None:
        return f"memory is {state.phase}" + (f": {state.problem}" if state.problem else "")
    parts = [
        f"{status.files} files in {status.chunks} pieces",
        f"{status.actions} actions",
        f"{status.facts} facts",
    ]
    if status.bytes_on_disk is not None:
        parts.append(f"{status.bytes_on_disk / 1e6:.1f} MB on disk")
    if state.index is not None:
        parts.append(f"indexing, {state.index.done} of {state.index.total} files")
    if status.pending:
        parts.append(f"{status.pending} vectors to be made")
    if not status.writes:
        parts.append("another process writes")
    line = ", ".join(parts)
    return f"{line}. Problem: {state.problem}" if state.problem else line


def _text_of(found: Remembered) -> str:
    match found:
        case CodeChunk():
            return found.text
        case ActionRecord():
            return "\n".join(part for part in (found.reason, found.result) if part)
        case Fact():
            return f"{found.status}, from {'a person' if found.source == 'person' else 'a run'}"
