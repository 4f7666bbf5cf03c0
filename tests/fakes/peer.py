"""The other end of a connection, in process: real messages, no bytes on a pipe."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from lsprotocol import types

from lsp_server.server.transport.language_server import HandlerServer
from tests.fakes.lsp_client import NoAnswer, Refused, nothing

Message = dict[str, Any]


class Peer:
    """Takes what the server sends and answers its requests as `answers` say."""

    def __init__(self, answers: Mapping[str, Callable[[Any], Any]] | None = None) -> None:
        self.sent: list[Message] = []
        self.keys: list[str | None] = []
        self.exit_codes: list[int] = []
        self.answers = dict(answers or {})
        self.server = HandlerServer("test", "0")
        self.rpc = self.server.protocol
        self.rpc.sink = self
        self.rpc.exited = self.exit_codes.append
        self.rpc.describe = lambda capabilities: None
        self.dropped: list[tuple[str, object]] = []
        self.rpc.dropped = lambda method, params: self.dropped.append((method, params))

    def on(self, method: str, handler: Callable[[Any], Any]) -> None:
        """Handles a method; before `initialize`."""
        self.server.on(method, handler)

    def on_command(self, handler: Callable[..., Any]) -> None:
        """Handles every command."""
        self.on(types.WORKSPACE_EXECUTE_COMMAND, handler)

    @property
    def protocol(self) -> Any:
        """The server's side of the connection, to look inside."""
        return self.rpc

    def ask(self, method: str, params: Any) -> Any:
        """Lets the server ask this client."""
        return self.rpc.ask(method, params, timeout_seconds=1)

    def document_uris(self) -> list[str]:
        """The documents that the protocol library keeps."""
        return list(self.server.workspace.text_documents)

    def put(self, body: bytes, key: str | None = None) -> None:
        message = json.loads(body)
        self.sent.append(message)
        self.keys.append(key)
        if "method" in message and "id" in message:
            asyncio.get_running_loop().call_soon(self._answer, message)

    def receive(self, message: Any) -> None:
        """Sends a message to the server."""
        self.rpc.receive(message if isinstance(message, bytes) else json.dumps(message).encode())

    def call(self, number: int | str, method: str, params: Any = None) -> None:
        message = {"jsonrpc": "2.0", "id": number, "method": method}
        self.receive(message if params is None else {**message, "params": params})

    def tell(self, method: str, params: Any = None) -> None:
        message = {"jsonrpc": "2.0", "method": method}
        self.receive(message if params is None else {**message, "params": params})

    def initialize(self, capabilities: Mapping[str, Any] | None = None) -> None:
        params = {"processId": None, "rootUri": None, "capabilities": capabilities or {}}
        self.call("hello", types.INITIALIZE, params)

    async def reply(self, number: int | str | None) -> Message:
        """The answer to a request, once it is there."""
        async with asyncio.timeout(5):
            while True:
                for message in self.sent:
                    if "method" not in message and message["id"] == number:
                        return message
                await asyncio.sleep(0)

    def methods(self) -> list[str]:
        return [message["method"] for message in self.sent if "method" in message]

    def params(self, method: str) -> list[Any]:
        """The parameters of all messages of a method."""
        return [m.get("params") for m in self.sent if m.get("method") == method]

    def _answer(self, message: Message) -> None:
        reply: Message = {"jsonrpc": "2.0", "id": message["id"]}
        answer = self.answers.get(message["method"], nothing)
        try:
            self.receive({**reply, "result": answer(message.get("params"))})
        except Refused as refusal:
            self.receive({**reply, "error": {"code": refusal.code, "message": "refused"}})
        except NoAnswer:
            pass
