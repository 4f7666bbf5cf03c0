"""Arguments of a call: one model per tool, its schema for the model, its errors in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from lsp_server.domain.errors import ToolError
from lsp_server.domain.messages import ToolSpec

_SHOWN_CHARS_MAX = 60


class Arguments(BaseModel):
    """Exactly these keys, and no value is bent into another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


A = TypeVar("A", bound=Arguments)


def spec(name: str, model: type[Arguments], description: str, *, read_only: bool) -> ToolSpec:
    """What the model is told, with a schema of only what it needs."""
    return ToolSpec(name, description, schema(model), read_only)


def schema(model: type[Arguments]) -> dict[str, object]:
    """The JSON schema without titles and null alternatives, references resolved."""
    whole = model.model_json_schema()
    compact: dict[str, object] = _compact(whole, whole.get("$defs", {}))
    compact.pop("$defs", None)
    compact.pop("description", None)
    return compact


def validate(model: type[A], arguments: Mapping[str, object]) -> A:
    """Raises ToolError with a line for each wrong field, and the shape that is right."""
    try:
        # Through JSON, in which a tuple and a list are the same.
        return model.model_validate_json(json.dumps(dict(arguments)))
    except ValidationError as error:
        lines = [_line(detail["loc"], detail["msg"], detail["input"]) for detail in error.errors()]
        raise ToolError("\n".join([*lines, f"expected: {shape(model)}"])) from error


def shape(model: type[Arguments]) -> str:
    """As in `{path: string, start_line?: integer}`."""
    described = schema(model)
    required = described.get("required", [])
    properties: Any = described["properties"]
    assert isinstance(required, list)
    fields = [
        f"{name}{'' if name in required else '?'}: {_kind(value)}"
        for name, value in properties.items()
    ]
    return "{" + ", ".join(fields) + "}"


def _line(place: tuple[int | str, ...], message: str, given: object) -> str:
    name = ".".join(str(part) for part in place) or "arguments"
    text = json.dumps(given, ensure_ascii=False, default=str)
    if len(text) > _SHOWN_CHARS_MAX:
        text = text[:_SHOWN_CHARS_MAX] + "…"
    return f"{name}: {message[0].lower()}{message[1:]}, got {text}"


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
        kinds = [kind for kind in node["anyOf"] if kind != {"type": "null"}]
        rest = {key: value for key, value in node.items() if key not in ("anyOf", "default")}
        if len(kinds) == 1:
            return _compact({**kinds[0], **rest}, definitions)
    # A property may itself be called `title`; then its value is a schema, not a text.
    dropped = {"title"} if isinstance(node.get("title"), str) else set()
    return {key: _compact(value, definitions) for key, value in node.items() if key not in dropped}
