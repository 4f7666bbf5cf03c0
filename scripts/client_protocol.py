"""This script writes the names and shapes of the wire for the VS Code extension: `src/protocol.ts`.

    python scripts/client_protocol.py [--check]

Names come from `server/protocol.py`, shapes from `server/params/`, and what the extension
reads of an Event itself from `domain/`. With `--check` nothing is written: exit status 1
says that the file is stale.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from lsp_server.domain.candidates import CandidateGroup, Scores
from lsp_server.domain.goals import Verdict
from lsp_server.domain.permissions import Answer, PermissionMode, Question
from lsp_server.domain.tasks import RunState
from lsp_server.domain.workflows import NodeState
from lsp_server.mcp_client.server import ServerState
from lsp_server.server.params import (
    base,
    extension_params,
    goal_params,
    memory_params,
    method_params,
    model_params,
    review_params,
    run_list_params,
    run_params,
    skill_params,
    workflow_params,
)
from lsp_server.server.params.base import Payload
from lsp_server.server.protocol import SOURCE, CommandName, Method
from lsp_server.session.review.reviewed_file import FileStatus
from lsp_server.session.review.run_review import PartState
from lsp_server.session.session_status import SessionState
from lsp_server.session.trust import TrustState
from lsp_server.wording.shown_event import Tone

FILE = Path(__file__).parents[1] / "editor-client" / "src" / "protocol.ts"
WIDTH = 100

HEAD = f"""/**
 * The names and shapes of our own on the wire; the only file that has them.
 *
 * Written by scripts/client_protocol.py from those of the server: change them there.
 * Keys that a newer server adds are ignored, and those that an older one lacks have defaults.
 */
import * as v from "valibot";

export const SECTION = {json.dumps(SOURCE)};
export const SAMPLES_MAX = {run_params.SAMPLES_MAX};
export const ATTEMPTS_MAX = {run_params.ATTEMPTS_MAX};
"""

LITERALS: Mapping[str, Any] = {
    "RunState": RunState,
    "PermissionMode": PermissionMode,
    "SessionState": SessionState,
    "NodeState": NodeState,
    "Verdict": Verdict,
    "Answer": Answer,
    "TrustState": TrustState,
    "ServerState": ServerState,
    "Tone": Tone,
    "PartState": PartState,
    "FileStatus": FileStatus,
}

MODELS: tuple[type[BaseModel], ...] = (
    base.Reply,
    run_list_params.RunEntry,
    run_list_params.RunListReply,
    goal_params.GoalEntry,
    goal_params.GoalListReply,
    method_params.GoalCounts,
    method_params.Tokens,
    method_params.IndexState,
    method_params.ExtensionCounts,
    method_params.Status,
    method_params.QuestionChoice,
    method_params.WaitingQuestion,
    method_params.WaitingQuestions,
    base.WirePosition,
    base.WireRange,
    base.WireDiagnostic,
    memory_params.MemoryHit,
    memory_params.MemorySearchReply,
    model_params.ModelEntry,
    model_params.ModelListReply,
    skill_params.SkillEntry,
    skill_params.SkillListReply,
    skill_params.ServerEntryPayload,
    skill_params.ServerListReply,
    extension_params.ExtensionEntry,
    extension_params.ExtensionListReply,
    workflow_params.WorkflowEntry,
    workflow_params.WorkflowListReply,
    skill_params.TrustEntry,
    skill_params.TrustReply,
    method_params.SavedDocument,
    method_params.SaveRequest,
    method_params.DiagnosticsRequest,
    method_params.DiagnosticsOfFile,
    method_params.DiagnosticsReply,
    method_params.WorkflowNodePayload,
    method_params.EventFields,
    method_params.EventViewPayload,
    method_params.EventNotice,
    run_list_params.RunEventsReply,
    review_params.ChangeHunk,
    review_params.ChangedFile,
    review_params.RunChangesReply,
)
"""The shapes, each after those that it is made of."""

RECORDS: Mapping[type, tuple[str, ...]] = {
    Question: (
        "id",
        "summary",
        "detail",
        "rule",
        "run_rule",
        "general",
        "offers_sandbox",
        "freed_by",
    ),
    Scores: ("correctness", "groundedness", "progress", "safety"),
    CandidateGroup: ("title", "text", "size", "problem", "notes", "changes", "scores"),
}
"""The parts of Events that the extension reads, with the keys of them."""

NAMES: Mapping[type, str] = {
    shape: shape.__name__.removesuffix("Payload") for shape in (*MODELS, *RECORDS)
}

SHAPES: Mapping[tuple[str, str], str] = {
    ("EventNotice", "event"): "v.looseObject({ kind: v.string() })",
    # The message of a reply counts, also that of a newer server with more states.
    **{
        (shape.__name__, "state"): "v.string()" for shape in MODELS if issubclass(shape, base.Reply)
    },
}
"""The shapes of fields that are not those of Python's types."""

SIMPLE: Mapping[type, str] = {str: "string", int: "number", float: "number", bool: "boolean"}


def render() -> str:
    """Returns the text of the file as it has to be now."""
    parts = [
        HEAD,
        _enum("CommandName", CommandName),
        _enum("Method", Method),
        *(_literal(name, alias) for name, alias in LITERALS.items()),
        *(_model(shape) for shape in MODELS),
        *(_record(shape, keys) for shape, keys in RECORDS.items()),
    ]
    return "\n".join(parts)


def _enum(name: str, members: type[StrEnum]) -> str:
    lines = [
        f"  {to_camel(member.name.lower())}: {json.dumps(member.value)}," for member in members
    ]
    body = "\n".join(lines)
    return (
        f"export const {name} = {{\n{body}\n}} as const;\n"
        f"export type {name} = (typeof {name})[keyof typeof {name}];\n"
    )


def _literal(name: str, alias: Any) -> str:
    return _exported(name, _picklist(alias, WIDTH - len(f"export const {name} = ;")))


def _model(shape: type[BaseModel]) -> str:
    return f"{_comment(shape)}{_object(shape, _fields_of_model(shape))}"


def _record(shape: type, keys: Iterable[str]) -> str:
    # Without a comment: the words of `domain/` change without the extension.
    hints = get_type_hints(shape)
    return _object(shape, ((to_camel(key), _field(hints[key], "nullish")) for key in keys))


def _fields_of_model(shape: type[BaseModel]) -> Iterator[tuple[str, str]]:
    # A Payload leaves out what is None; other values have null.
    missing = "optional" if issubclass(shape, Payload) else "nullish"
    for name, field in shape.model_fields.items():
        own = SHAPES.get((shape.__name__, name))
        if own is not None:
            yield to_camel(name), own
            continue
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        yield to_camel(name), _field(field.annotation, missing, default)


def _field(annotation: Any, missing: str, default: Any = None) -> str:
    """Returns the shape of a field; a default is for an older server that leaves it out."""
    options = [each for each in get_args(annotation) if each is not NoneType]
    if NoneType in get_args(annotation):
        (only,) = options
        return f"v.{missing}({_shape(only)})"
    if default is None:
        return _shape(annotation)
    if isinstance(default, BaseModel):
        default = default.model_dump(mode="json", by_alias=True, exclude_none=True)
    return f"v.optional({_shape(annotation)}, {_value(default)})"


def _shape(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    for name, alias in LITERALS.items():
        if annotation == alias:
            return name
    if annotation in NAMES:
        return NAMES[annotation]
    if origin is Literal:
        return _picklist(annotation)
    if origin is Annotated:
        return _shape(arguments[0])
    if origin is tuple:
        return f"v.array({_shape(arguments[0])})"
    if origin is dict:
        return f"v.record(v.string(), {_shape(arguments[1])})"
    return f"v.{SIMPLE[annotation]}()"


def _picklist(annotation: Any, room: int = WIDTH) -> str:
    """Lists the values of a Literal, on one line if they fit into `room` characters."""
    listed = [json.dumps(value) for value in get_args(annotation)]
    flat = f"v.picklist([{', '.join(listed)}])"
    if len(flat) <= room:
        return flat
    body = "".join(f"  {each},\n" for each in listed)
    return f"v.picklist([\n{body}])"


def _value(value: Any) -> str:
    """Returns a default in TypeScript, as prettier formats it."""
    if isinstance(value, dict):
        inner = ", ".join(f"{key}: {_value(each)}" for key, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value)


def _object(shape: type, fields: Iterable[tuple[str, str]]) -> str:
    name = NAMES[shape]
    body = "".join(f"  {key}: {value},\n" for key, value in fields)
    return _exported(name, f"v.object({{\n{body}}})")


def _comment(shape: type) -> str:
    text = re.sub(
        r"(?<=`)[a-z_]+(?=`)", lambda name: to_camel(name[0]), inspect.getdoc(shape) or ""
    )
    lines = text.replace("None", "null").replace("True", "true").split("\n")
    if len(lines) == 1:
        return f"/** {lines[0]} */\n"
    body = "".join(f" * {line}".rstrip() + "\n" for line in lines)
    return f"/**\n{body} */\n"


def _exported(name: str, shape: str) -> str:
    return f"export const {name} = {shape};\nexport type {name} = v.InferOutput<typeof {name}>;\n"


def main() -> int:
    fresh = render()
    if "--check" in sys.argv[1:]:
        return int(fresh != FILE.read_text("utf-8"))
    FILE.write_text(fresh, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
