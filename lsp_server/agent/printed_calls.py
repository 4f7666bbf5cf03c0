"""This module recognises a tool call that a model printed as text, which nothing carries out.

It happens where a server has no parser for the calls of its model. What is recognised is never
run: text may come from anywhere, and only the endpoint knows what was meant as a call. A call
names a tool, its arguments fit that tool, and it is the whole answer or a block at its end. What
an answer may show as well, an example or data, counts only as long as nothing was done.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from lsp_server.agent.announcement import only_announces
from lsp_server.agent.written_calls import MARKER, WrittenCall, written_calls

READ_CHARS_MAX = 32_000
"""Of a longer text only the beginning and the end are looked at."""
BLOCKS_MAX = 16
"""So many places of a text, the last ones, are tried as the beginning of a call."""

Schemas: TypeAlias = Mapping[str, Mapping[str, Any]]
"""The JSON schemas of the arguments of the tools, by name."""

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ ]?(tool|function)?[^`\n]*$", re.MULTILINE)
"""What begins or ends a code block; one for calls is named so."""
_SPAN = re.compile(r"`[^`\n]+`")
_BEGINNING = re.compile(
    rf"""^[ \t]*(?=[\[{{<*@] | (?:\w+[ .=(:]{{1,3}}){{0,3}}[\w.]+(?::\d+)?[ \t]*[:=]*[ \t]*(?:[({{\[] | \n\s*\{{)
    | \**(?:Action|Tool|Function)\**\s*:) | (?:{MARKER.pattern})""",
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
_DONE = re.compile(r"\s(?:done|finished|ready|ok(?:ay)?|fertig)\W{0,3}\Z", re.IGNORECASE)
_SAYS_CALL = frozenset({"markup", "object"})
"""The forms that are a call even where there is no such tool."""
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list,
    "object": dict,
}  # fmt: skip


def is_printed_call(text: str, tools: Schemas, *, nothing_done: bool = True) -> bool:
    """Returns whether a text is a call of a tool rather than an answer.

    `nothing_done` says that no call was carried out since the task or the person's last message.

    >>> read = {"read": {"properties": {"path": {"type": "string"}}, "required": ["path"]}}
    >>> is_printed_call('<tool_call>{"name": "read", "arguments": {}}</tool_call>', read)
    True
    >>> is_printed_call("read(path) returns the text of a file.", read)
    False
    """
    text = _DONE.sub("", _ends_of(text.strip()))
    if any(_is_meant(block, tools, nothing_done) for block in _blocks(text)):
        return True
    return nothing_done and _is_followed(text, tools)


def _is_followed(text: str, tools: Schemas) -> bool:
    """Returns whether a model goes on behind the markup of a call as if it had been carried out."""
    for before, block, is_shown in _blocks(text[: text.rfind(">\n") + 1]):
        calls = () if is_shown or (before and not only_announces(before)) else written_calls(block)
        if calls and all(call.form == "markup" and _fits(call, tools) for call in calls):
            return True
    return False


def _is_meant(found: tuple[str, str, bool], tools: Schemas, nothing_done: bool) -> bool:
    before, block, is_shown = found
    calls = written_calls(block)
    forms = {call.form for call in calls}
    names_more = any(call.arguments or call.form in _SAYS_CALL for call in calls)
    fit = names_more and all(_fits(call, tools) for call in calls)
    if nothing_done and calls and (fit or (not before and forms <= _SAYS_CALL)):
        return True
    if not fit or "data" in forms:
        return False
    # Code is written to be shown, unless its words say that it is about to run.
    is_sure = forms == {"markup"} if before else not is_shown or forms == {"object"}
    return (is_sure and not (before and is_shown)) or only_announces(before)


def _fits(call: WrittenCall, tools: Schemas) -> bool:
    """Returns whether there is such a tool, and it takes such arguments."""
    schema = tools.get(call.name) or tools.get(re.split(r"[.:]", call.name)[-1])
    if schema is None or call.form == "markup":
        return schema is not None
    properties, required = schema.get("properties") or {}, schema.get("required") or []
    given = call.arguments
    if not isinstance(given, Mapping):
        # A text alone stands for the one argument that has to be there.
        given = {required[0]: given} if required else {"": given}
    if call.form != "object" and not all(name in given for name in required):
        return False
    return all(
        name in properties and _is_of_type(value, properties[name]) for name, value in given.items()
    )


def _is_of_type(value: object, schema: object) -> bool:
    kind = schema.get("type") if isinstance(schema, dict) else None
    # Servers may give several types, or none.
    wanted = _TYPES.get(kind, object) if isinstance(kind, str) else object
    # In elements and lines everything is a text.
    if isinstance(value, str) and not isinstance(value, wanted):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return False
    return isinstance(value, wanted)


def _ends_of(text: str) -> str:
    """A text, or the beginning and the end of a long one."""
    if len(text) <= READ_CHARS_MAX:
        return text
    return f"{text[: READ_CHARS_MAX // 2]}\n{text[-READ_CHARS_MAX // 2 :]}"


def _blocks(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yields what may be a call at the end of a text, the words before it, and whether it is shown."""
    code = list(_code(text))
    if code and code[-1][1] == len(text):
        start, _, body, is_shown = code[-1]
        yield text[:start].strip(), body.strip(), is_shown
    yield "", text, False
    words = _SPAN.sub(lambda span: " " * len(span[0]), text)
    for start, end, *_ in code:
        words = words[:start] + " " * (end - start) + words[end:]
    for found in list(_BEGINNING.finditer(words))[-BLOCKS_MAX:]:
        if before := text[: found.start()].strip():
            yield before, text[found.start() :].strip(), False


def _code(text: str) -> Iterator[tuple[int, int, str, bool]]:
    """Yields of each code block where it begins and ends, what is in it, and whether it is for reading."""
    opened: re.Match[str] | None = None
    for found in _FENCE.finditer(text):
        if opened is None:
            opened = found
        elif found[1].startswith(opened[1]):
            body = text[opened.end() : found.start()]
            yield opened.start(), found.end(), body, not opened[2]
            opened = None
    if opened is not None:
        yield opened.start(), len(text), text[opened.end() :], not opened[2]
