"""This module parses the argument of a command, and names what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from lsp_server.domain.wrong_values import why_wrong
from lsp_server.server.params.base import CommandParams
from lsp_server.server.transport.errors import InvalidParams

Params = TypeVar("Params", bound=CommandParams)


def parse_arguments(command: str, shape: type[Params], arguments: Sequence[Any]) -> Params:
    """Parses the one argument of a command; errors call it `command`. Raises InvalidParams.

    None, `null` and an empty object are the same, and so are a key without a value,
    with null and with false: some editors turn the one into the other.

    >>> from lsp_server.server.params.run_params import RunStop
    >>> parse_arguments("holdfast.run.stop", RunStop, [{"runId": "r1", "all": False}])
    RunStop(run_id='r1', all=False)
    """
    given = [value for value in arguments if value is not None and value is not False]
    if len(given) > 1:
        raise InvalidParams(f"{command} takes one JSON object, not {len(given)} arguments")
    value = given[0] if given else {}
    if not isinstance(value, Mapping):
        raise InvalidParams(f"{command} takes a JSON object, not {value!r:.50}")
    present = {key: item for key, item in value.items() if item is not None and item is not False}
    try:
        return shape.model_validate(_without_half_characters(present))
    except ValidationError as error:
        raise InvalidParams(_objection(command, shape, error)) from error


def _without_half_characters(value: dict[str, Any]) -> Any:
    """The value with a `?` for each half of a surrogate pair, which no journal or memory takes.

    Editors cut texts in the middle of one.
    """
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _objection(command: str, shape: type[CommandParams], error: ValidationError) -> str:
    """Names the keys that are wrong, and those that there are."""
    wrong: list[str] = []
    for detail in error.errors(include_url=False, include_input=False):
        key = ".".join(str(part) for part in detail["loc"])
        unknown = detail["type"] == "extra_forbidden"
        wrong.append(f"`{key}` is unknown" if unknown else f"`{key}`: {why_wrong(detail)}")
    accepted = ", ".join(shape.keys()) or "no keys"
    return f"{command}: {'; '.join(wrong)}. Accepted: {accepted}"
