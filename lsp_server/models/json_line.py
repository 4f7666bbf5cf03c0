"""This module reads JSON that another program wrote in a line."""

from __future__ import annotations

import json
from typing import Any

from lsp_server.models.surrogates import without_lone_escapes


def read_json(line: bytes) -> Any:
    r"""Returns the value of a line in UTF-8. Raises ValueError for what is no JSON.

    Half of a surrogate pair, as of an emoji that an editor cut, becomes U+FFFD: no file and no
    message can hold it.

    >>> read_json(b'["cut \\ud83d"]')
    ['cut \ufffd']
    >>> read_json(b"[NaN]")
    Traceback (most recent call last):
    ValueError: NaN is no value of JSON
    """
    try:
        return json.loads(without_lone_escapes(line.decode("utf-8-sig")), parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no value of JSON")
