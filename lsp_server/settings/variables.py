"""This module puts environment variables into settings that say `${NAME}` or `${env:NAME}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_REFERENCE = re.compile(r"\$\{(?:env:)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}")


def expanded(value: Any, environment: Mapping[str, str]) -> Any:
    """Returns a value with each reference replaced, in texts inside lists and tables as well.

    Raises ValueError for a variable that is not set or empty, and for any other `${`.

    >>> expanded("http://${HOST}/v1", {"HOST": "localhost:8000"})
    'http://localhost:8000/v1'
    """
    match value:
        case str():
            return _expanded_text(value, environment)
        case Mapping():
            return {key: expanded(item, environment) for key, item in value.items()}
        case list():
            return [expanded(item, environment) for item in value]
        case _:
            return value


def _expanded_text(text: str, environment: Mapping[str, str]) -> str:
    def value_of(found: re.Match[str]) -> str:
        if not (value := environment.get(found["name"], "")):
            raise ValueError(f"the environment variable {found['name']} is not set")
        return value

    rest = _REFERENCE.sub("", text)
    if "${" in rest:
        form = rest[rest.index("${") :].partition("}")[0]
        raise ValueError(f"{form}}} is no environment variable; write it as in ${{NAME}}")
    return _REFERENCE.sub(value_of, text)
