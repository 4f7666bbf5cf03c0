"""This module takes words out of journals, which are otherwise only appended to.

The Events stay, in their order, so that the rest replays; what was to be
forgotten is gone from them, and from the documents that were made of them. The
new journal is written beside the old one and replaces it as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsp_server.agent.journal import Journal
from lsp_server.domain.tasks import RunId
from lsp_server.session.run_store import RunStore
from lsp_server.workspace.files.disk import write_bytes

FORGOTTEN = "(forgotten)"

STRUCTURE = frozenset(
    [
        "kind",
        "run_id",
        "tool",
        "tool_kind",
        "needs",
        "name",
        "role",
        "stop_reason",
        "status",
        "by",
        "origin",
        "when",
        "mode",
        "verdict",
        "outcome",
        "at",
        "before",
        "after",
        "tree",
        "format",
        "digest",
    ]
)
"""Keys whose values have no words of anybody. Ids may have some: they are changed everywhere."""

Rewrite = Callable[[dict[str, Any]], dict[str, Any]]
"""Takes an Event as JSON and returns the rest of it."""


def without_text(text: str) -> Rewrite:
    """Returns a rewrite that replaces a text everywhere, in upper and lower case."""
    pattern = re.compile(re.escape(text), re.IGNORECASE)
    # The arguments of a call are JSON in a text: there, quotes and line ends are escaped.
    quoted = re.compile(re.escape(json.dumps(text, ensure_ascii=False)[1:-1]), re.IGNORECASE)

    def rewrite(value: Any, key: str = "") -> Any:
        match value:
            case str() if key == "arguments" and "\\u" in value:
                return _in_arguments(value, rewrite)
            case str() if key not in STRUCTURE:
                return quoted.sub(FORGOTTEN, pattern.sub(FORGOTTEN, value))
            case list():
                return [rewrite(item, key) for item in value]
            case dict():
                return {name: rewrite(item, name) for name, item in value.items()}
            case _:
                return value

    return rewrite


def without_call(call_id: str) -> Rewrite:
    """Returns a rewrite that takes out the arguments and the result of one call."""

    def rewrite(event: dict[str, Any]) -> dict[str, Any]:
        match event:
            case {"kind": "tool_called", "call": {"id": str(found)} as call} if found == call_id:
                forgotten = {"title": FORGOTTEN, "needs": {"needs": "unknown"}}
                return {**event, **forgotten, "call": {**call, "arguments": "{}"}}
            case {"kind": "tool_returned", "call_id": str(found), "result": result}:
                if found == call_id:
                    return {**event, "result": {**result, "text": FORGOTTEN, "images": []}}
            case {"kind": "model_answered", "message": {"tool_calls": [*calls]} as message}:
                kept = [
                    {**call, "arguments": "{}"} if call["id"] == call_id else call for call in calls
                ]
                return {**event, "message": {**message, "tool_calls": kept}}
            case _:
                pass
        return event

    return rewrite


def redact_journal(path: Path, rewrite: Rewrite) -> bool:
    """Rewrites a journal in its place; returns whether anything changed. Blocking.

    Raises JournalBusy while a process works on the run, JournalDamaged, EditRejected
    when it cannot be replaced.
    """
    journal = Journal(path)  # Nobody else may write meanwhile.
    try:
        before = path.read_bytes()
        after = b"".join(_rewritten(line, rewrite) for line in before.splitlines(keepends=True))
        if after == before:
            return False
        write_bytes(path, after)
    finally:
        journal.close()
    RunStore(path.parent.parent).remove_documents(RunId(path.parent.name))
    return True


def redact_document(path: Path, rewrite: Rewrite) -> bool:
    """Rewrites a file that is one JSON value; returns whether anything changed. Blocking.

    A file that is missing or damaged stays as it is. Raises EditRejected when it
    cannot be replaced.
    """
    try:
        before = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    after = rewrite(before)
    if after == before:
        return False
    write_bytes(path, json.dumps(after, ensure_ascii=False).encode())
    return True


def _in_arguments(text: str, rewrite: Callable[[Any], Any]) -> str:
    """Returns the arguments of a call rewritten, however their characters are escaped."""
    try:
        given = json.loads(text)
    except ValueError:
        given = text.encode().decode("unicode_escape", "replace")
    clean = rewrite(given)
    return text if clean == given else json.dumps(clean, ensure_ascii=False)


def _rewritten(line: bytes, rewrite: Rewrite) -> bytes:
    record = json.loads(line)
    event = rewrite(record["event"])
    if event == record["event"]:
        return line
    return json.dumps({**record, "event": event}, ensure_ascii=False).encode() + b"\n"
