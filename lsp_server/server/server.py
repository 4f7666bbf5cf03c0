"""One editor, from its first byte to the exit code of the process.

Wires the connection to the handlers. Handlers that change state are plain and
quick; those that wait are coroutines. Nothing heavy is imported here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from lsp_server import __version__
from lsp_server.server.client import Client
from lsp_server.server.client_log import ClientLog
from lsp_server.server.lifecycle import Lifecycle
from lsp_server.server.protocol import SOURCE, ActionKind, CommandName, Method
from lsp_server.server.transport.framing import (
    ByteStream,
    FrameReader,
    FrameWriter,
    standard_streams,
)
from lsp_server.server.transport.json_rpc import JsonRpc, converter
from lsp_server.server.transport.process_watch import process_is_alive, wait_until_gone
from lsp_server.server.transport.tcp import authenticated_client

log = logging.getLogger(__name__)

LAST_WORDS_SECONDS = 1.0
"""How long a client may take to read what is left for it at the end."""

EXIT_SECONDS = 5.0
"""After that an exit that hangs, in a thread that does not end, is forced."""


def serve_stdio(*, parent_process_id: int | None = None) -> int:
    """Serves the client on stdin and stdout; returns the exit code of the process.

    Ends with the process `parent_process_id` too, and with the one that the
    client names in `initialize`.
    """
    with standard_streams() as stream:
        return _run(stream, parent_process_id)


def serve_tcp(
    host: str, port: int, token: str | None = None, *, parent_process_id: int | None = None
) -> int:
    """Serves the first client that shows the token; returns the exit code of the process.

    The client sends the token as `initializationOptions.token` of `initialize`,
    its first message. None makes a random one. One line on stderr tells the
    port, as 0 lets the system choose it, and the token if it was made here.
    Raises ConfigurationError when it cannot listen.
    """
    wanted = token or secrets.token_urlsafe(24)

    def listening(chosen: int) -> None:
        made = "" if token else f", token {wanted}"
        sys.stderr.write(f"holdfast listens on {host}:{chosen}{made}\n")
        sys.stderr.flush()

    with authenticated_client(host, port, wanted, listening) as stream:
        return _run(stream, parent_process_id)


def _run(stream: ByteStream, parent_process_id: int | None) -> int:
    # It logs whole messages: source code, and what is secret in it.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as deadline:
        return asyncio.run(_Connection(stream, parent_process_id).serve(deadline))


class _Server(LanguageServer):
    """pygls' registry of handlers; errors go to the log instead of the screen."""

    protocol: JsonRpc

    def __init__(self) -> None:
        super().__init__(SOURCE, __version__, protocol_cls=JsonRpc, converter_factory=converter)

    def report_server_error(self, error: Exception, source: Any) -> None:  # noqa: ARG002 - pygls'
        log.error("a message could not be handled", exc_info=error)


class _Connection:
    """A client, the handlers of its messages, and the end."""

    def __init__(self, stream: ByteStream, parent_process_id: int | None) -> None:
        self._stream = stream
        self._parent_process_id = parent_process_id
        self._server = _Server()
        self._rpc = self._server.protocol
        self._client = Client(self._rpc)
        self._lifecycle = Lifecycle(self._client, self._watch)
        self._rpc.exited = self._end
        self._rpc.describe = _describe
        self._register()

    async def serve(self, deadline: contextlib.ExitStack) -> int:
        """Serves until the end; forces it when it takes too long."""
        self._loop = asyncio.get_running_loop()
        self._exit_code: asyncio.Future[int] = self._loop.create_future()
        outbox = FrameWriter(self._stream.send, self._lost)
        self._rpc.sink = outbox
        with self._logging(), self._signals():
            if self._parent_process_id is not None:
                self._watch(self._parent_process_id)
            FrameReader(self._stream.receive, self._deliver, self._end_of_input)
            code = await self._exit_code
            forced = threading.Timer(EXIT_SECONDS, os._exit, (code,))
            forced.daemon = True
            forced.start()
            deadline.callback(forced.cancel)
            await self._lifecycle.close()
        outbox.close(LAST_WORDS_SECONDS)
        return code

    def _register(self) -> None:
        """Which method is handled where."""
        life, documents, on = self._lifecycle, self._lifecycle.documents, self._on
        on(types.INITIALIZE, life.initialize)
        on(types.INITIALIZED, life.initialized)
        on(types.SHUTDOWN, life.shutdown)
        on(types.TEXT_DOCUMENT_DID_OPEN, documents.did_open)
        on(types.TEXT_DOCUMENT_DID_CHANGE, documents.did_change)
        on(types.TEXT_DOCUMENT_DID_CLOSE, documents.did_close)
        on(types.TEXT_DOCUMENT_DID_SAVE, life.did_save)
        on(types.WORKSPACE_DID_CHANGE_CONFIGURATION, life.did_change_configuration)
        on(types.WORKSPACE_DID_CHANGE_WATCHED_FILES, life.did_change_watched_files)
        on(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, life.did_change_workspace_folders)
        on(types.WINDOW_WORK_DONE_PROGRESS_CANCEL, life.cancel_progress)
        on(types.WORKSPACE_EXECUTE_COMMAND, self._execute_command)
        kinds = types.CodeActionOptions(code_action_kinds=list(ActionKind))
        on(types.TEXT_DOCUMENT_CODE_ACTION, self._code_action, kinds)
        lenses = types.CodeLensOptions(resolve_provider=False)
        on(types.TEXT_DOCUMENT_CODE_LENS, self._code_lens, lenses)
        on(types.WORKSPACE_SYMBOL, self._symbols)

    def _on(self, method: str, handler: Callable[[Any], Any], options: Any = None) -> None:
        # pygls marks handlers with attributes, which methods cannot carry.
        self._server.feature(method, options)(partial(handler))

    async def _execute_command(self, params: types.ExecuteCommandParams) -> dict[str, Any]:
        return await (await self._lifecycle.editor_services()).commands.execute(params)

    async def _code_action(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        return (await self._lifecycle.editor_services()).code_actions.offer(params)

    async def _code_lens(self, params: types.CodeLensParams) -> list[types.CodeLens]:
        return (await self._lifecycle.editor_services()).code_lenses.offer(params)

    async def _symbols(self, params: types.WorkspaceSymbolParams) -> list[types.SymbolInformation]:
        return await (await self._lifecycle.editor_services()).symbols.find(params)

    def _deliver(self, body: bytes) -> None:
        try:
            self._rpc.receive(body)
        except Exception:  # the boundary: no message may take the server down
            log.exception("a message could not be handled")
            self._client.show("error", "a message from the editor failed; the log has the details")

    def _end_of_input(self) -> None:
        self._end(0 if self._rpc.phase == "shut down" else 1)

    def _lost(self) -> None:
        # The loop is closed when the client goes last.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._end_of_input)

    def _end(self, code: int) -> None:
        if not self._exit_code.done():
            self._exit_code.set_result(code)

    def _watch(self, process_id: int) -> None:
        """Ends with that process. One that is not there is in another namespace."""
        if process_is_alive(process_id):
            task = self._lifecycle.background.start(
                wait_until_gone(process_id), "watch of the parent"
            )
            task.add_done_callback(lambda _: self._end_of_input())

    @contextlib.contextmanager
    def _logging(self) -> Iterator[None]:
        logger = logging.getLogger("lsp_server")
        handler = ClientLog(self._client)
        logger.addHandler(handler)
        try:
            yield
        finally:
            logger.removeHandler(handler)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        ours = (signal.SIGTERM, signal.SIGINT)
        caught = ours if threading.current_thread() is threading.main_thread() else ()
        for number in caught:
            self._loop.add_signal_handler(number, self._end_of_input)
        try:
            yield
        finally:
            for number in caught:
                self._loop.remove_signal_handler(number)


def _describe(capabilities: types.ServerCapabilities) -> None:
    """What pygls does not say of itself."""
    capabilities.execute_command_provider = types.ExecuteCommandOptions(commands=list(CommandName))
    capabilities.workspace = types.WorkspaceOptions(
        workspace_folders=types.WorkspaceFoldersServerCapabilities(
            supported=True, change_notifications=True
        )
    )
    capabilities.experimental = {SOURCE: {"methods": list(Method)}}
