"""This module reads what a server writes in a line: a message of the protocol, or nearly one."""

from __future__ import annotations

import json
from contextlib import suppress

from mcp_types import (
    INTERNAL_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError

from lsp_server.models.surrogates import without_lone_escapes
from lsp_server.text.truncate import one_line

SHOWN_CHARS_MAX = 200


def read_message(line: bytes) -> JSONRPCMessage | None:
    r"""Returns the message of a line, or None where there is none.

    What most readers of JSON take is taken, such as half of a surrogate pair, which becomes
    U+FFFD. An answer that breaks the protocol is returned as an error of the server, so that
    nobody waits for another one.

    >>> read_message(b'{"jsonrpc": "2.0", "id": 1, "result": {"text": "\\ud83d!"}}').result
    {'text': '\ufffd!'}
    >>> read_message(b'{"jsonrpc": "2.0", "id": 1, "result": null}').error.message
    'its answer breaks the protocol: null'
    """
    with suppress(ValidationError):
        return jsonrpc_message_adapter.validate_json(line)
    text = line.decode("utf-8-sig", "replace")
    try:
        value = json.loads(without_lone_escapes(text), strict=False)
    except (ValueError, RecursionError):
        return None
    with suppress(ValidationError):
        return jsonrpc_message_adapter.validate_python(value)
    return _as_error(value)


def _as_error(value: object) -> JSONRPCError | None:
    """What is an answer by its id, with what it says."""
    match value:
        case {"id": int() | str() as number, "error": said}:
            pass
        case {"id": int() | str() as number, "result": said}:
            pass
        case _:
            return None
    shown = one_line(json.dumps(said, ensure_ascii=False), SHOWN_CHARS_MAX)
    error = ErrorData(code=INTERNAL_ERROR, message=f"its answer breaks the protocol: {shown}")
    return JSONRPCError(jsonrpc="2.0", id=number, error=error)
