"""This module makes errors of the protocol of what goes wrong, with words that a person can act on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from acp.exceptions import RequestError

from lsp_server.domain.errors import ConfigurationError, HoldfastError
from lsp_server.session.run_errors import InvalidMessage, RunNotFound

INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
SETUP_NEEDED = -32000
"""The protocol's "authentication required": clients offer the methods of `initialize` then."""
NOT_FOUND = -32002

P = ParamSpec("P")
R = TypeVar("R")


class SessionUnknown(HoldfastError):
    """The client names a session that is not open."""


class WrongRequest(HoldfastError):
    """The client asks for something that there is not, or cannot be."""


def answering(
    method: Callable[P, Coroutine[Any, Any, R]],
) -> Callable[P, Coroutine[Any, Any, R]]:
    """Makes an answer of what a method of the protocol raises."""

    @functools.wraps(method)
    async def answered(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await method(*args, **kwargs)
        except (HoldfastError, OSError) as error:
            raise request_error(error) from error

    return answered


def request_error(error: Exception) -> RequestError:
    """Returns the protocol's error for one of ours."""
    return RequestError(_code(error), str(error), _data(error))


def _code(error: Exception) -> int:
    match error:
        case SessionUnknown() | RunNotFound():
            return NOT_FOUND
        case WrongRequest() | InvalidMessage():
            return INVALID_PARAMS
        case ConfigurationError(key=str(key)) if key.startswith("model."):
            return SETUP_NEEDED
        case _:
            return INTERNAL_ERROR


def _data(error: Exception) -> dict[str, Any]:
    return {"error": type(error).__name__}
