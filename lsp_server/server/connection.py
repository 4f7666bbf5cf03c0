"""This module serves one editor, from its first byte to the exit code of the process.

It connects the stream to the handlers. Handlers that change state are plain and quick;
those that wait are coroutines. Nothing heavy is imported here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import Callable
from typing import Any

from lsprotocol import types

from lsp_server import __version__
from lsp_server.server.capabilities import Capabilities
from lsp_server.server.client import Client
from lsp_server.server.client_log import log_to_editor
from lsp_server.server.lifecycle import Lifecycle
from lsp_server.server.notebooks import SYNC
from lsp_server.server.protocol import DOCUMENT_SCHEME, SOURCE, ActionKind, CommandName, Method
from lsp_server.server.sessions import Sessions
from lsp_server.server.transport.framing import Frames, frame
from lsp_server.server.transport.language_server import HandlerServer
from lsp_server.server.workspace_events import WorkspaceEvents
from lsp_server.system.message_stream import ByteStream, MessageReader, MessageWriter
from lsp_server.system.process_watch import process_is_alive, wait_until_gone
from lsp_server.system.termination import on_termination

log = logging.getLogger(__name__)

LAST_WRITES_SECONDS = 1.0
"""How long a client may take to read what is left for it at the end."""

EXIT_SECONDS = 5.0
"""After that an exit that hangs, in a thread that does not end, is forced."""


class Connection:
    """A `Connection` joins a client, the handlers of its messages, and the end.

    `parent_process_id` is a process that the connection does not outlive. `sessions` own
    the sessions of its folders.
    """

    def __init__(
        self, stream: ByteStream, parent_process_id: int | None, sessions: Sessions
    ) -> None:
        self._stream = stream
        self._parent_process_id = parent_process_id
        self._server = HandlerServer(SOURCE, __version__)
        self._rpc = self._server.protocol
        self._client = Client(self._rpc)
        self._lifecycle = Lifecycle(self._client, self._watch, sessions)
        self._rpc.exited = self._end
        self._rpc.describe = lambda capabilities: _describe(self._client.can, capabilities)
        self._rpc.dropped = self._lifecycle.dropped
        self._register()

    async def serve_alone(self, deadline: contextlib.ExitStack) -> int:
        """Serves as the one connection of a process until the end; the exit code of the process.

        An end that takes too long is forced. `deadline` takes that back once the loop
        is closed.
        """

        def force_end(code: int) -> None:
            # A thread that hangs, in a library or on a dead disk, would keep the process.
            forced = threading.Timer(EXIT_SECONDS, os._exit, (code,))
            forced.daemon = True
            forced.start()
            deadline.callback(forced.cancel)

        with on_termination(self.end):
            return await self.serve(force_end)

    async def serve(self, ending: Callable[[int], None] = lambda _: None) -> int:
        """Serves until the end, and returns the exit code; `ending` is called with it first."""
        self._loop = asyncio.get_running_loop()
        self._exit_code: asyncio.Future[int] = self._loop.create_future()
        writer = MessageWriter(self._stream.send, frame, self._lost)
        self._rpc.sink = writer
        with log_to_editor(self._client):
            if self._parent_process_id is not None:
                self._watch(self._parent_process_id)
            MessageReader(self._stream.receive, Frames().feed, self._deliver, self.end)
            code = await self._exit_code
            ending(code)
            self._rpc.open_requests.give_up()
            await self._lifecycle.close()
        # After the log is detached, so that nothing is queued any more.
        writer.close(LAST_WRITES_SECONDS)
        return code

    def _register(self) -> None:
        """Says which method is handled where."""
        on = self._server.on
        life, documents = self._lifecycle, self._lifecycle.documents
        workspace = WorkspaceEvents(life)
        on(types.INITIALIZE, life.initialize)
        on(types.INITIALIZED, life.initialized)
        on(types.SHUTDOWN, life.shutdown)
        on(types.TEXT_DOCUMENT_DID_OPEN, documents.did_open)
        on(types.TEXT_DOCUMENT_DID_CHANGE, documents.did_change)
        on(types.TEXT_DOCUMENT_DID_CLOSE, documents.did_close)
        on(types.NOTEBOOK_DOCUMENT_DID_OPEN, life.notebooks.did_open)
        on(types.NOTEBOOK_DOCUMENT_DID_CHANGE, life.notebooks.did_change)
        on(types.NOTEBOOK_DOCUMENT_DID_CLOSE, life.notebooks.did_close)
        on(types.TEXT_DOCUMENT_DID_SAVE, workspace.did_save)
        on(types.WORKSPACE_DID_CHANGE_CONFIGURATION, workspace.did_change_configuration)
        on(types.WORKSPACE_DID_CHANGE_WATCHED_FILES, workspace.did_change_watched_files)
        on(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, workspace.did_change_workspace_folders)
        on(types.WINDOW_WORK_DONE_PROGRESS_CANCEL, workspace.cancel_progress)
        on(types.WORKSPACE_EXECUTE_COMMAND, self._execute_command)
        kinds = types.CodeActionOptions(code_action_kinds=list(ActionKind))
        on(types.TEXT_DOCUMENT_CODE_ACTION, self._code_action, kinds)
        lenses = types.CodeLensOptions(resolve_provider=False)
        on(types.TEXT_DOCUMENT_CODE_LENS, self._code_lens, lenses)
        on(types.WORKSPACE_SYMBOL, self._symbols)
        on(types.WORKSPACE_TEXT_DOCUMENT_CONTENT, self._virtual_document)

    async def _execute_command(self, params: types.ExecuteCommandParams) -> dict[str, Any]:
        return await (await self._lifecycle.editor_services()).commands.execute(params)

    async def _code_action(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        return (await self._lifecycle.editor_services()).code_actions.offer(params)

    async def _code_lens(self, params: types.CodeLensParams) -> list[types.CodeLens]:
        return (await self._lifecycle.editor_services()).code_lenses.offer(params)

    async def _symbols(self, params: types.WorkspaceSymbolParams) -> list[types.SymbolInformation]:
        return await (await self._lifecycle.editor_services()).symbols.find(params)

    async def _virtual_document(
        self, params: types.TextDocumentContentParams
    ) -> types.TextDocumentContentResult:
        return await (await self._lifecycle.editor_services()).virtual_documents.text(params)

    def _deliver(self, body: bytes) -> None:
        try:
            self._rpc.receive(body)
        except Exception:  # the boundary: no message may take the server down
            log.exception("a message could not be handled")
            self._client.show("error", "a message from the editor failed; the log has the details")

    def end(self) -> None:
        """Ends the connection, as when the editor is gone."""
        self._end(0 if self._rpc.phase == "shut down" else 1)

    def _lost(self) -> None:
        # The loop is closed when the client goes last.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.end)

    def _end(self, code: int) -> None:
        if not self._exit_code.done():
            self._exit_code.set_result(code)

    def _watch(self, process_id: int) -> None:
        """Ends with that process. One that is not there is in another namespace."""
        if process_is_alive(process_id):
            task = self._lifecycle.tasks.start(wait_until_gone(process_id), "watch of the parent")
            task.add_done_callback(lambda _: self.end())


def _describe(can: Capabilities, capabilities: types.ServerCapabilities) -> None:
    """Adds the capabilities that pygls cannot derive from the handlers."""
    capabilities.execute_command_provider = types.ExecuteCommandOptions(commands=list(CommandName))
    capabilities.workspace = types.WorkspaceOptions(
        workspace_folders=types.WorkspaceFoldersServerCapabilities(
            supported=True, change_notifications=True
        ),
        text_document_content=(
            types.TextDocumentContentOptions([DOCUMENT_SCHEME]) if can.virtual_documents else None
        ),
    )
    capabilities.notebook_document_sync = SYNC if can.notebooks else None
    capabilities.experimental = {SOURCE: {"methods": list(Method)}}
