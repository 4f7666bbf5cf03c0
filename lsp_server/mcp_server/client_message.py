"""This module reads what a client writes in a line: a message of the protocol, or something else."""

from __future__ import annotations

from mcp_types import (
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    RequestId,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError

from lsp_server.models.json_line import read_json
from lsp_server.text.count import count_of


def read_message(line: bytes, bytes_max: int) -> JSONRPCMessage | None:
    r"""Returns the message of a line; where there is none, the error to answer with.

    None is returned of what nobody waits for. Half of a surrogate pair becomes U+FFFD. A line
    of more than `bytes_max` is not read.

    >>> read_message(b'{"jsonrpc": "2.0", "id": 1, "method": "\\ud83d!"}', 99).method
    '\ufffd!'
    >>> read_message(b'{"jsonrpc": "2.0", "id": 1, "method": 7}', 99).id
    1
    >>> read_message(b"{", 99).error.message.partition(":")[0]
    'the line is no JSON'
    """
    if len(line) > bytes_max:
        return _error(
            None, INVALID_REQUEST, f"a message has more than {count_of(bytes_max, 'byte')}"
        )
    try:
        value = read_json(line)
    except ValueError as error:
        return _error(None, PARSE_ERROR, f"the line is no JSON: {error}")
    try:
        message = jsonrpc_message_adapter.validate_python(value, by_name=False)
    except ValidationError:
        return _refusal(value)
    # A request whose id is none would pass as a notification, which nobody answers.
    if isinstance(message, JSONRPCNotification) and "id" in value:
        return _refusal(value)
    return message


def _refusal(value: object) -> JSONRPCError | None:
    number: RequestId | None = None
    match value:
        case {"result": _} | {"error": _}:
            return None  # What is answered to an answer confuses the client.
        case {"id": str() | int() as number} if not isinstance(number, bool):
            pass
        case {"id": _}:
            number = None
        case {"method": str()}:
            return None
        case _:
            pass
    return _error(number, INVALID_REQUEST, "the line is no message of JSON-RPC 2.0")


def _error(number: RequestId | None, code: int, message: str) -> JSONRPCError:
    return JSONRPCError(jsonrpc="2.0", id=number, error=ErrorData(code=code, message=message))
