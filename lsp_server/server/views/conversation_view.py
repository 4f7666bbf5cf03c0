"""This module offers in a conversation what can be done with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from lsprotocol import types

from lsp_server.server import to_lsp
from lsp_server.server.conversations.conversation_file import is_conversation, read_conversation
from lsp_server.server.folders import Folder
from lsp_server.server.protocol import CommandName

SEND = "Holdfast: Send"


def lenses(
    folder: Folder, path: Path, about_runs: Iterable[types.Command]
) -> Iterator[types.CodeLens]:
    """Yields lenses above what is not sent yet: those `about_runs`, and one that sends it."""
    if not is_conversation(path):
        return
    line = read_conversation(_text(folder, path)).line
    for command in (*about_runs, *commands(folder, path)):
        yield types.CodeLens(range=to_lsp.whole_line(line), command=command)


def commands(folder: Folder, path: Path) -> Iterator[types.Command]:
    """Yields the command that sends what is written below the last answer, if that is something."""
    if is_conversation(path) and read_conversation(_text(folder, path)).message:
        arguments = [{"uri": to_lsp.uri(path)}]
        yield types.Command(SEND, CommandName.CONVERSATION_SEND, arguments=arguments)


def _text(folder: Folder, path: Path) -> str:
    return folder.documents.buffers().get(path, "")
