"""This module has the command that sends what a person wrote in a conversation."""

from __future__ import annotations

from pathlib import Path

from lsp_server.domain.errors import HoldfastError
from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.targets import locate, task_of
from lsp_server.server.conversations.conversation_file import (
    SUFFIX,
    ConversationFile,
    is_conversation,
    read_conversation,
)
from lsp_server.server.folders import Folder
from lsp_server.server.params.base import Reply
from lsp_server.server.params.conversation_params import ConversationSend
from lsp_server.server.params.run_params import RunStart
from lsp_server.server.protocol import CommandName
from lsp_server.session.run import Run


class ConversationCommands:
    """`ConversationCommands` has the command about conversations in files."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (ServerCommand(CommandName.CONVERSATION_SEND, ConversationSend, self._send),)

    async def _send(self, arguments: ConversationSend) -> Reply:
        folder, path = self._chosen(arguments.uri)
        found = read_conversation((await folder.documents.read(path)).text)
        if not found.message:
            raise HoldfastError(f"write what to do below the last answer in {path.name} first")
        with self._context.conversations.sending(path):
            run, seen = await self._given(folder, found)
            self._context.conversations.begin(folder, path, run.run_id, seen, found.message)
        summary = run.summary()
        return Reply(state=summary.state, message=f"sent: {summary.title}", run_id=run.run_id)

    async def _given(self, folder: Folder, found: ConversationFile) -> tuple[Run, int]:
        """The run that takes the message, and the last of its Events that the file tells."""
        session = folder.require_session()
        if found.run_id is not None and session.runs.find(found.run_id) is not None:
            return session.runs.send(found.run_id, found.message, "steer"), found.seen
        start = RunStart(prompt=found.message)
        task = await task_of(start, folder, None, self._context.client.can.encoding)
        return session.runs.start(task), -1

    def _chosen(self, uri: str | None) -> tuple[Folder, Path]:
        """The conversation that is meant: the only one that is open, where none is named."""
        if uri is not None:
            folder, path = locate(uri, self._context.folders)
            if path is not None and is_conversation(path):
                return folder, path
            raise HoldfastError(f"a conversation is a file whose name ends with {SUFFIX}")
        opened = [
            (folder, path)
            for folder, _ in self._context.folders.opened()
            for path, text in folder.documents.buffers().items()
            if is_conversation(path) and read_conversation(text).message
        ]
        if len(opened) != 1:
            what = "several wait" if opened else "none waits"
            raise HoldfastError(f"pass the `uri` of a file *{SUFFIX}; {what} to be sent")
        return opened[0]
