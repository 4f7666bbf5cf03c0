"""This module turns what pydantic found wrong into the end of a sentence of ours."""

from __future__ import annotations

from collections.abc import Mapping


def why_wrong(detail: Mapping[str, object]) -> str:
    """Says what is wrong with a value, by one detail of a ValidationError.

    A sentence of pydantic's own loses its capital letter. One of a check of ours stays as it
    is, as it may begin with what a person wrote.

    >>> why_wrong({"type": "int_type", "msg": "Input should be a valid integer"})
    'input should be a valid integer'
    >>> why_wrong({"type": "value_error", "msg": "Value error, 'Key*' is a pattern"})
    "'Key*' is a pattern"
    """
    message = str(detail["msg"])
    if detail["type"] == "value_error":
        return message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
