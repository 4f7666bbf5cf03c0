"""This module defines the lines of a journal: how an Event is written, and how old ones are read.

A line is one JSON object: `format`, `seq`, `at` and `event`. Lines of an older
format are upgraded to this one, step by step, before they become Events; so
an Event may be renamed or gain a field, and a run of last year can still be read.
To change the format after a release: raise FORMAT, add to UPCASTERS a function that turns a
line of the format before into one of the new, and record a data folder of the version before,
as `tests/recorded` has it, so that a test shows it. A new Event, field or outcome is a change,
as an older Holdfast cannot read it: `python -m scripts.journal_words` writes down the words of
a format, and a test compares.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import to_json, to_jsonable_python

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import Event, RecordedEvent

FORMAT = 3

Line: TypeAlias = dict[str, Any]
"""The JSON object of one line."""


class LineDamaged(HoldfastError):
    """A line of a journal is no record of an Event."""


class JournalDamaged(HoldfastError):
    """A journal cannot be read, and nothing of it is guessed."""


class FormatTooNew(JournalDamaged):
    """The journal was written by a newer Holdfast; update Holdfast to open it."""


@dataclass(frozen=True, slots=True)
class _Record(RecordedEvent):
    """A `_Record` is read by the Event's `kind`, instead of trying all types of the union."""

    event: Annotated[Event, Field(discriminator="kind")]
    format: int = FORMAT


@cache
def _reader() -> TypeAdapter[_Record]:
    """What reads a line, made when the first one is read: it costs as much as many imports."""
    return TypeAdapter(_Record)


_CURRENT = b'"format":%d}' % FORMAT
"""How a line of today's format ends, by which it is known without parsing it twice."""


def encode_record(recorded: RecordedEvent) -> bytes:
    """Returns the line of a record, its line feed included.

    >>> from lsp_server.domain.events import Warned
    >>> recorded = RecordedEvent(0, "2026-01-01T00:00:00+00:00", Warned("low on disk"))
    >>> decode_record(encode_record(recorded)) == recorded
    True
    """
    record = _Record(recorded.seq, recorded.at, recorded.event)
    return to_json(record, inf_nan_mode="null") + b"\n"


def decode_record(line: bytes) -> RecordedEvent:
    """Returns the record in a line of any format so far. Raises LineDamaged, FormatTooNew."""
    try:
        if line.rstrip().endswith(_CURRENT):
            record = _reader().validate_json(line)
        else:
            record = _reader().validate_python(_upgrade(json.loads(line)))
    except (ValidationError, ValueError, RecursionError, *_MALFORMED) as error:
        raise LineDamaged("the line is no record of an Event") from error
    return RecordedEvent(record.seq, record.at, record.event)


def event_value(event: Event) -> dict[str, Any]:
    """Returns the Event as JSON types, in the form that the journal has."""
    value: dict[str, Any] = to_jsonable_python(event, inf_nan_mode="null")
    return value


def journal_schema() -> dict[str, Any]:
    """Returns the JSON schema of a line of today's format."""
    return _reader().json_schema()


_MALFORMED = (AttributeError, KeyError, TypeError)
"""What an upcaster raises where a value has not the shape that its format promises."""


def _upgrade(line: Any) -> Line:
    if not isinstance(line, dict) or not isinstance(line.get("event"), dict):
        raise LineDamaged("the line is no record of an Event")
    written = line.get("format", 1)
    if not isinstance(written, int) or written < 1:
        raise LineDamaged(f"the line has the format {written!r:.20}, which there never was")
    if written > FORMAT:
        raise FormatTooNew(
            f"the journal has format {written}, and this Holdfast reads up to {FORMAT}; update it"
        )
    for step in range(written, FORMAT):
        line = UPCASTERS[step](line)
    return {**line, "format": FORMAT}


_KINDS_1: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("read", "list", "search", "diagnostics"), "read"),
        **dict.fromkeys(("edit", "write"), "edit"),
        **dict.fromkeys(("recall", "remember"), "recall"),
        "shell": "execute",
        "plan": "plan",
        "finish": "finish",
    }
)
"""The kinds of the tools that format 1 knew, of which it had the names alone."""
_ENDING_1 = re.compile(r"(?P<ending>exit status (?P<status>\d+)|[^\n]*?) after [\d.]+ s(?=[;\n]|$)")


def _upgrade_1(line: Line) -> Line:
    """Adds the fields in which format 2 says what tools are, and how commands ended.

    Format 1 had this in the text of results and in names of tools, which is read here.
    """
    event = dict(line["event"])
    match event.get("kind"):
        case "tool_called":
            event |= _describe_call_1(event.get("call") or {})
        case "tool_returned":
            event["tool_kind"] = _KINDS_1.get(str(event.get("tool")), "other")
            if event["tool_kind"] == "execute":
                event["result"] = _add_ending_1(event.get("result") or {})
        case "candidates_judged":
            event["groups"] = [_upgrade_group_1(group) for group in event.get("groups") or ()]
        case _:
            pass
    return {**line, "event": event}


def _describe_call_1(call: Mapping[str, Any]) -> Line:
    kind = _KINDS_1.get(str(call.get("name")), "other")
    try:
        arguments = json.loads(call.get("arguments") or "")
    except (ValueError, RecursionError):
        arguments = None
    match kind, arguments:
        case "execute", {"command": str(command)}:
            needs: Line = {"needs": "command", "command": command}
        case "read" | "edit", {"path": str(path)}:
            needs = {"needs": "path", "path": path, "writes": kind == "edit"}
        case _:
            needs = {"needs": "unknown" if kind == "other" else "nothing"}
    return {"tool_kind": kind, "needs": needs}


def _add_ending_1(result: Mapping[str, Any]) -> Line:
    ended = _ENDING_1.match(str(result.get("text", "")))
    if ended is None:
        return dict(result)
    status = ended["status"]
    return {
        **result,
        "ending": ended["ending"],
        "exit_status": None if status is None else int(status),
    }


def _upgrade_group_1(group: Line) -> Line:
    met = group.pop("met", {})
    edits = [call["id"] for call in group.get("calls", ()) if _KINDS_1.get(call["name"]) == "edit"]
    return {**group, "read_versions": met, "diffed": edits if group.get("changes") else []}


def _upgrade_2(line: Line) -> Line:
    """Format 3 adds Events, the outcome `finished` and fields that may be missing, and renames none."""
    return line


UPCASTERS: Mapping[int, Callable[[Line], Line]] = MappingProxyType({1: _upgrade_1, 2: _upgrade_2})
"""By format, the function that turns a line of it into one of the next format."""
