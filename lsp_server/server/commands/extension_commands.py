"""This module has the command that lists what people bring for the agent, whatever its kind."""

from __future__ import annotations

from lsp_server.server import to_lsp
from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.targets import locate
from lsp_server.server.params.base import NoParams
from lsp_server.server.params.extension_params import ExtensionEntry, ExtensionListReply
from lsp_server.server.protocol import CommandName
from lsp_server.session.extension_list import Extension
from lsp_server.text.count import count_of


class ExtensionCommands:
    """`ExtensionCommands` has the command about all kinds of extensions."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (ServerCommand(CommandName.EXTENSION_LIST, NoParams, self._list),)

    async def _list(self, _: NoParams) -> ExtensionListReply:
        session = locate(None, self._context.folders)[0].require_session()
        found = await session.extensions.look()
        self._context.status.update()
        message = "\n".join(map(_line, found)) or "there is nothing of your own or the project's"
        self._context.show_message(message)
        return ExtensionListReply(
            state=self._context.state, message=message, extensions=tuple(map(_entry, found))
        )


def _entry(one: Extension) -> ExtensionEntry:
    return ExtensionEntry(
        kind=one.kind,
        name=one.name,
        description=one.description,
        origin=one.origin,
        trust=one.trust,
        state=one.state,
        problem=one.problem,
        tools=one.tools,
        uri=to_lsp.uri(one.path) if one.path is not None else "",
        trust_id=one.trust_id,
    )


def _line(one: Extension) -> str:
    tools = "" if one.tools is None else count_of(one.tools, "tool")
    state = ", ".join(filter(None, (one.trust, one.state, tools)))
    return f"{one.kind} {one.name} ({state}): {one.problem or one.description}"
