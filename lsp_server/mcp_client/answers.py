"""This module says what a person's yes answers to a question that a server asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def answer_of_a_yes(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Returns the values that a yes stands for; None where a yes cannot answer all that is needed.

    A truth value becomes true, a value with a default that, a choice of one that one; what
    is not required is left out.

    >>> answer_of_a_yes({"properties": {"sure": {"type": "boolean"}}, "required": ["sure"]})
    {'sure': True}
    >>> answer_of_a_yes({"properties": {"name": {"type": "string"}}, "required": ["name"]})
    """
    properties = schema.get("properties")
    required = schema.get("required") or ()
    answer: dict[str, Any] = {}
    for name, kind in (properties if isinstance(properties, Mapping) else {}).items():
        match kind:
            case {"default": value} | {"const": value} | {"enum": [value]}:
                answer[name] = value
            case {"type": "boolean"}:
                answer[name] = True
            case _:
                if name in required:
                    return None
    return answer
