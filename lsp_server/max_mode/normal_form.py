"""This module writes down what a candidate would do, so that doing the same looks the same.

All functions are pure. Two candidates are one proposal when their calls would have the same effect: paths
lead to the same file, a shell command differs in blanks only, an argument is left
out or given its default, an edit is worded otherwise but gives the same text. When
in doubt they differ: then a judge looks at both.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from lsp_server.domain.errors import ToolError
from lsp_server.domain.messages import Message, Request
from lsp_server.domain.tools import ArgumentForm, Malformed, ToolCall, ToolSpec

_NOT_PLAIN = re.compile(r"[\\\n\r]|<<")
"""Signs that blanks in a shell command may mean something: escapes, lines, here-documents."""

Locate: TypeAlias = Callable[[str], str]
"""Returns the one name of a path, however it was written. Raises ToolError if it is none."""

Effect: TypeAlias = Mapping[str, str]
"""The files that a call would leave behind: names, and fingerprints of the texts."""


def normal_form(
    message: Message, specs: Sequence[ToolSpec], locate: Locate, effects: Mapping[int, Effect]
) -> str:
    """Returns a proposal in its normal form: lines of JSON, equal for equal effects.

    `specs` say what arguments hold, `locate` gives paths their one name, and `effects` has
    what dry runs showed, by the call's place. An answer without calls is its text, since
    that is all there is of it.

    >>> import posixpath
    >>> specs = [ToolSpec("read", "", {}, kind="read", forms={"path": "path"})]
    >>> def form(arguments):
    ...     call = ToolCall("call-1", "read", arguments)
    ...     message = Message("assistant", "", tool_calls=(call,))
    ...     return normal_form(message, specs, posixpath.normpath, {})
    >>> form('{"path": "./src/a.py"}') == form('{"path": "src/a.py"}')
    True
    """
    if not message.tool_calls:
        return json.dumps(["says", " ".join(message.text.split())])
    known = {spec.name: spec for spec in specs}
    forms: list[str] = []
    for place, call in enumerate(message.tool_calls):
        effect = effects.get(place)
        if effect is not None:
            form = json.dumps(["leaves", dict(sorted(effect.items()))])
        else:
            form = call_form(call, known.get(call.name), locate)
        if form not in forms:  # An exact duplicate runs once.
            forms.append(form)
    if all(call.name in known and known[call.name].looks for call in message.tool_calls):
        forms.sort()  # Calls that only read run together, so their order means nothing.
    return "\n".join(forms)


def call_form(call: ToolCall, spec: ToolSpec | None, locate: Locate) -> str:
    """Returns one call as JSON; arguments that are no object stay as they were written.

    Arguments that are left out, null, at their default or immaterial make no difference.
    """
    if isinstance(call.parsed, Malformed):
        return json.dumps([call.name, call.arguments])
    defaults = _defaults(spec)
    forms: Mapping[str, ArgumentForm] = spec.forms if spec is not None else {}
    kept = {
        key: _argument(forms.get(key), value, locate)
        for key, value in call.parsed.items()
        if value is not None
        and forms.get(key) != "immaterial"
        and not (key in defaults and defaults[key] == value)
    }
    return json.dumps([call.name, kept], sort_keys=True, ensure_ascii=False)


def shell_form(command: str) -> str:
    """Returns the command with single blanks between its words.

    Where blanks may mean something it is returned as it is, without those at its ends.

    >>> shell_form("pytest   -q  'two  words'")
    "pytest -q 'two  words'"
    """
    stripped = command.strip()
    if _NOT_PLAIN.search(stripped):
        return stripped
    # Quotes stay, and `a&&b` has the same words as `a && b`.
    reader = shlex.shlex(stripped, posix=False, punctuation_chars=True)
    reader.whitespace_split = True
    reader.commenters = ""
    try:
        return " ".join(reader)
    except ValueError:
        return stripped


def call_problem(call: ToolCall, specs: Iterable[ToolSpec]) -> str:
    """Says why a call cannot be carried out as it is written; "" when nothing is wrong.

    It looks at the tool's name and at the names and kinds of its arguments; the tool
    itself checks more when it is called. What a tool from elsewhere takes is known to that
    alone, whose schema may be of any shape.
    """
    spec = next((spec for spec in specs if spec.name == call.name), None)
    if spec is None:
        return f"there is no tool {call.name!r}"
    if isinstance(call.parsed, Malformed):
        return f"the arguments of {call.name} are no JSON object"
    if spec.kind == "other":
        return ""
    arguments = call.parsed
    schema: Mapping[str, Any] = spec.parameters
    properties = schema.get("properties", {})
    missing = [key for key in schema.get("required", ()) if key not in arguments]
    if missing:
        return f"{call.name} lacks {', '.join(missing)}"
    for key, value in arguments.items():
        if key not in properties:
            return f"{call.name} has no argument {key!r}"
        is_left_out = value is None and key not in schema.get("required", ())
        if not is_left_out and not _fits(value, properties[key]):
            return f"{key} of {call.name} is of the wrong kind"
    return ""


def message_chars(message: Message) -> int:
    """Counts the characters of a message: text, reasoning and calls."""
    calls = sum(len(call.name) + len(call.arguments) for call in message.tool_calls)
    return len(message.text) + len(message.reasoning) + calls


def prompt_chars(request: Request) -> int:
    """Counts the characters of a prompt, its tools included, without the frame around them."""
    tools = sum(
        len(spec.name) + len(spec.description) + len(json.dumps(dict(spec.parameters)))
        for spec in request.tools
    )
    return tools + sum(map(message_chars, request.messages))


def _argument(form: ArgumentForm | None, value: object, locate: Locate) -> object:
    match form, value:
        case "path", str(path):
            try:
                return locate(path)
            except ToolError:
                return path
        case "command", str(command):
            return shell_form(command)
        case "prose", str(text):
            return " ".join(text.split())
        case _:
            return value


def _defaults(spec: ToolSpec | None) -> dict[str, object]:
    if spec is None or spec.kind == "other":
        return {}
    properties = spec.parameters.get("properties")
    if not isinstance(properties, dict):
        return {}
    return {key: value["default"] for key, value in properties.items() if "default" in value}


def _fits(value: object, schema: Mapping[str, Any]) -> bool:
    """Says whether a value has the schema's type and is one of its names, where they are given."""
    names = schema.get("enum")
    if names is not None and value not in names:
        return False
    kinds: Mapping[str, type | tuple[type, ...]] = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "array": list,
        "object": dict,
    }
    kind = kinds.get(str(schema.get("type")))
    if kind is None:
        return True
    # To Python, True is an integer.
    if isinstance(value, bool) and kind is not bool:
        return False
    return isinstance(value, kind)
