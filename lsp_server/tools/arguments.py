"""This module turns the arguments of a call into a value of the tool's own, or says what is wrong.

A tool declares its arguments as one pydantic model; the schema that the model
sees, the check and the words of its errors all come from there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from lsp_server.domain.errors import ToolError
from lsp_server.domain.tools import ArgumentForm, ToolKind, ToolSpec
from lsp_server.domain.wrong_values import why_wrong
from lsp_server.text.truncate import truncate

_SHOWN_CHARS_MAX = 60


class ToolArguments(BaseModel):
    """A `ToolArguments` is the base of a tool's arguments.

    Other keys than its fields are refused, and no value is converted to another type: a
    number in quotes shows that the model has misread the schema. Docstrings of classes
    below the outermost one are sent to the model as descriptions.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


A = TypeVar("A", bound=ToolArguments)


def spec(
    name: str,
    model: type[ToolArguments],
    description: str,
    *,
    kind: ToolKind,
    forms: Mapping[str, ArgumentForm] | None = None,
) -> ToolSpec:
    """Makes a tool's spec, whose schema is derived from `model`.

    `description` is for the model to read, `kind` says how the tool acts, and `forms` what
    an argument holds, by name.
    """
    return ToolSpec(name, description, schema(model), kind, forms or {})


def schema(model: type[BaseModel]) -> dict[str, object]:
    """Returns the JSON schema of `model`, as small as a model can do with.

    Titles and alternatives of null are left out and references resolved: the schema is
    part of every prompt.
    """
    whole = model.model_json_schema(schema_generator=_ArgumentSchema)
    compact: dict[str, object] = _compact(whole, whole.get("$defs", {}))
    compact.pop("$defs", None)
    compact.pop("description", None)
    return compact


class _ArgumentSchema(GenerateJsonSchema):
    def encode_default(self, dft: Any) -> Any:
        # Defaults of arguments are JSON already; pydantic would make an adapter for each.
        return dft


def validate(model: type[A], arguments: Mapping[str, object]) -> A:
    """Turns the arguments of a call into the tool's own value.

    Raises ToolError with a line for each wrong field, and the shape that is right.
    """
    try:
        return model.model_validate(dict(arguments))
    except ValidationError as error:
        lines = [_line(detail) for detail in error.errors()]
        raise ToolError("\n".join([*lines, f"expected: {shape(model)}"])) from error


def describe(name: str, value: object) -> str:
    """Shows a call in one line: the tool's name, and what the call is about if that is a text.

    >>> describe("read", "src/a.py"), describe("read", None)
    ('read src/a.py', 'read')
    """
    return f"{name} {value}" if isinstance(value, str) else name


def shape(model: type[ToolArguments]) -> str:
    """Shows the arguments of a tool in one line.

    >>> class Move(ToolArguments):
    ...     path: str
    ...     line: int | None = None
    >>> shape(Move)
    '{path: string, line?: integer}'
    """
    described = schema(model)
    required = described.get("required", [])
    properties: Any = described["properties"]
    assert isinstance(required, list)
    fields = [
        f"{name}{'' if name in required else '?'}: {_kind(value)}"
        for name, value in properties.items()
    ]
    return "{" + ", ".join(fields) + "}"


def _line(detail: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in detail["loc"]) or "arguments"
    given = json.dumps(detail["input"], ensure_ascii=False, default=str)
    return f"{name}: {why_wrong(detail)}, got {truncate(given, _SHOWN_CHARS_MAX)}"


def _kind(value: Mapping[str, Any]) -> str:
    match value:
        case {"enum": [*names]}:
            return " | ".join(json.dumps(name) for name in names)
        case {"type": "array", "items": items}:
            return f"[{_kind(items)}]"
        case {"properties": properties}:
            return "{" + ", ".join(f"{k}: {_kind(v)}" for k, v in properties.items()) + "}"
        case {"type": str(kind)}:
            return kind
        case _:
            return "value"


def _compact(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_compact(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _compact(definitions[node["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in node:
        # An optional argument can be left out; that it may be null as well helps nobody.
        kinds = [kind for kind in node["anyOf"] if kind != {"type": "null"}]
        rest = {key: value for key, value in node.items() if key not in ("anyOf", "default")}
        if len(kinds) == 1:
            return _compact({**kinds[0], **rest}, definitions)
    # A property may itself be called `title`; then its value is a schema, not a text.
    dropped = {"title"} if isinstance(node.get("title"), str) else set()
    return {key: _compact(value, definitions) for key, value in node.items() if key not in dropped}
