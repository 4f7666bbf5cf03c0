"""This module says what a command is, and what every command works with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.tasks import RunId
from lsp_server.server import to_lsp
from lsp_server.server.client import Client
from lsp_server.server.commands.run_errors import error_text
from lsp_server.server.commands.targets import locate
from lsp_server.server.conversations.conversations import Conversations
from lsp_server.server.folders import Folders
from lsp_server.server.params.base import CommandParams, MessagePayload, Reply
from lsp_server.server.protocol import CommandName
from lsp_server.server.views.status_view import StatusView
from lsp_server.server.views.virtual_documents import VirtualDocuments
from lsp_server.session.run import Run
from lsp_server.session.session import Session
from lsp_server.session.session_status import SessionState
from lsp_server.system.task_set import TaskSet

REPLY_SECONDS = 0.15
"""After that a command answers and goes on in the background."""


@dataclass(frozen=True, slots=True)
class ServerCommand:
    """A `ServerCommand` says which shape the argument of a command has and what carries it out.

    `handle` is called with an instance of `params` and answers at once. A HoldfastError
    that it raises becomes a reply with the state `error`.
    """

    name: CommandName
    params: type[CommandParams]
    handle: Callable[[Any], Awaitable[MessagePayload]]


@dataclass(frozen=True, slots=True)
class CommandContext:
    """A `CommandContext` has the editor and its folders, and what all commands do with them.

    `reload` reads all settings again, in the background.
    """

    client: Client
    folders: Folders
    tasks: TaskSet
    status: StatusView
    documents: VirtualDocuments
    conversations: Conversations
    reload: Callable[[], Awaitable[None]]

    @property
    def state(self) -> SessionState:
        """Returns the state of the session where most is going on."""
        return self.status.status().state

    def show_message(self, message: str) -> None:
        """Shows a reply to editors that drop it; a client of our own reads it."""
        if not self.client.can.status:
            self.client.show("info", message)

    def show_document(self, path: Path) -> str:
        """Opens a file in the editor, in the background; its URI."""
        uri = to_lsp.uri(path)
        self.tasks.start(self.client.open(uri), f"showing {path.name}")
        return uri

    def show_page(self, session: Session, name: str, text: str) -> str:
        """Returns the URI of a document of the session that opens as soon as it is written."""
        if self.documents.are_shown:
            return self.show_virtual(self.documents.page(name, text))
        path = session.runs.store.folder.parent / name

        async def write_and_show() -> None:
            await asyncio.to_thread(path.write_text, text, "utf-8")
            await self.client.open(to_lsp.uri(path))

        self.tasks.start(write_and_show(), f"showing {name}")
        return to_lsp.uri(path)

    def show_virtual(self, uri: str) -> str:
        """Opens a document without a file in the editor, in the background; its URI."""
        self.tasks.start(self.client.open(uri), "showing a document")
        return uri

    def show_comparison(self, session: Session, run: Run) -> None:
        """Opens what compares proposals or attempts, once the run has ended; if there is one."""

        async def wait_and_show() -> None:
            await run.wait()
            path = session.runs.store.proposals(run.run_id)
            if path is not None:
                virtual = self.documents.comparison(run.run_id)
                await self.client.open(virtual if self.documents.are_shown else to_lsp.uri(path))

        self.tasks.start(self.show_errors(wait_and_show()), "comparing proposals")

    async def reply_soon(self, work: Coroutine[Any, Any, Reply], meanwhile: str) -> Reply:
        """Returns the reply of `work` if it is quick; else that goes on and shows its result."""
        task = self.tasks.start(work, meanwhile)
        done, _ = await asyncio.wait({task}, timeout=REPLY_SECONDS)
        if done:
            reply: Reply = task.result()
            return reply
        return Reply(state=self.state, message=meanwhile)

    async def work_soon(self, work: Coroutine[Any, Any, Reply], meanwhile: str) -> Reply:
        """Returns the reply of `work` as `reply_soon` does; what it cannot do is shown as well."""

        async def shown() -> Reply:
            try:
                return await work
            except HoldfastError as error:
                # Nobody may wait for the reply any more.
                self.client.show("warning", error_text(error))
                return Reply(state="error", message=error_text(error))

        return await self.reply_soon(shown(), meanwhile)

    def session_of_run(self, run_id: RunId | None, *, active: bool = False) -> Session:
        """Returns the session of a run; without one that of the current folder.

        With `active` a session at work is preferred. Raises ConfigurationError.
        """
        sessions = self.folders.sessions()
        if run_id is not None and len(sessions) > 1:
            for session in sessions:
                if session.runs.find(run_id) is not None:
                    return session
        current = locate(None, self.folders)[0].require_session()
        if active and not current.runs.active():
            return next((session for session in sessions if session.runs.active()), current)
        return current

    async def show_errors(self, work: Awaitable[object]) -> None:
        """Awaits work in the background; what it cannot do is shown, as nobody waits for it."""
        try:
            await work
        except HoldfastError as error:
            self.client.show("warning", error_text(error))
