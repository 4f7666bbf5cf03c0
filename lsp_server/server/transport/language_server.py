"""This module has pygls' registry of handlers, as far as it is used."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from pygls.lsp.server import LanguageServer

from lsp_server.server.transport.json_rpc import JsonRpc, converter

log = logging.getLogger(__name__)


class HandlerServer(LanguageServer):
    """A `HandlerServer` keeps the handlers of a connection by method.

    `protocol` carries the messages.
    """

    protocol: JsonRpc

    def __init__(self, name: str, version: str) -> None:
        super().__init__(name, version, protocol_cls=JsonRpc, converter_factory=converter)

    def on(self, method: str, handler: Callable[[Any], Any], options: Any = None) -> None:
        """Handles a method; `options` go into the server's capabilities."""
        # pygls marks handlers with attributes, which methods cannot carry.
        self.feature(method, options)(partial(handler))

    def report_server_error(self, error: Exception, source: Any) -> None:  # noqa: ARG002 - pygls'
        log.error("a message could not be handled", exc_info=error)
