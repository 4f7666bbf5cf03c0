"""The other end of a connection to pygls as it comes, without our fixes."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from tests.fakes.peer import Message, Peer


class PyglsPeer(Peer):
    """A Peer of a plain `pygls` server, which reads messages as `pygls.io_` does."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.answers = {}
        self.plain = LanguageServer("test", "0")
        self.plain.protocol.set_writer(self, include_headers=False)

    def write(self, body: bytes) -> None:
        """Takes a message of the server, as its writer."""
        self.sent.append(json.loads(body))

    def close(self) -> None:
        """The end of the writer."""

    def receive(self, message: Any) -> None:
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        protocol = self.plain.protocol
        try:
            protocol.handle_message(json.loads(body, object_hook=protocol.structure_message))
        except Exception as error:  # noqa: BLE001  as the loop of pygls does
            self.plain.report_server_error(error, type(error))  # type: ignore[arg-type]

    def on(self, method: str, handler: Callable[[Any], Any]) -> None:
        self.plain.feature(method)(handler)

    def on_command(self, handler: Callable[..., Any]) -> None:
        self.plain.command("x")(partial(handler))

    @property
    def protocol(self) -> Any:
        return self.plain.protocol

    def ask(self, method: str, params: Any) -> Any:
        return self.plain.protocol.send_request_async(method, params)

    def document_uris(self) -> list[str]:
        return list(self.plain.workspace.text_documents)

    def initialize(self, capabilities: Any = None) -> None:
        super().initialize(capabilities)
        self.tell(types.INITIALIZED, {})
