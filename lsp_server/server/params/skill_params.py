"""This module has the shapes of the commands about skills, custom commands, servers and trust."""

from __future__ import annotations

from typing import Literal

from pydantic import StrictStr

from lsp_server.mcp_client.server import ServerState
from lsp_server.server.params.base import CommandParams, Payload, Reply, WireRange
from lsp_server.session.trust import TrustState


class CustomCommandRun(CommandParams):
    """`holdfast.command.run` takes a custom command by its name, and what it is to work on.

    Without a name the reply lists the commands.
    """

    name: StrictStr | None = None
    arguments: StrictStr = ""
    uri: StrictStr | None = None
    range: WireRange | None = None


class SkillChoice(CommandParams):
    """`holdfast.skill.show` takes a skill, a command or an agent by its name."""

    name: StrictStr | None = None


class TrustAnswer(CommandParams):
    """`holdfast.trust` takes the id of something that a project brings, or `all`, and an answer.

    Without an answer a person is asked; without an id it is about all that waits.
    """

    what: StrictStr | None = None
    answer: Literal["yes", "no"] | None = None


class SkillEntry(Payload):
    """A `SkillEntry` is a skill, a custom command or an agent; `hint` says what arguments it takes.

    Of a prompt of an MCP server `uri` is empty and `server` its name.
    """

    name: str
    description: str
    origin: Literal["project", "user"]
    state: TrustState
    uri: str
    hint: str = ""
    server: str = ""


class SkillListReply(Reply):
    """A `SkillListReply` lists skills, custom commands and agents, the strongest place first."""

    skills: tuple[SkillEntry, ...] = ()
    commands: tuple[SkillEntry, ...] = ()
    agents: tuple[SkillEntry, ...] = ()


class ServerEntryPayload(Payload):
    """A `ServerEntryPayload` is an MCP server; `problem` says why it cannot be used."""

    name: str
    place: str
    origin: Literal["project", "user"]
    trust: TrustState
    state: ServerState
    version: str = ""
    problem: str = ""


class ServerListReply(Reply):
    """A `ServerListReply` lists MCP servers, the user's first, and what is wrong with entries."""

    servers: tuple[ServerEntryPayload, ...] = ()
    problems: tuple[str, ...] = ()


class TrustEntry(Payload):
    """A `TrustEntry` is something that a project brings and that waits for a person's trust."""

    id: str
    summary: str


class TrustReply(Reply):
    """A `TrustReply` lists what still waits for trust after the command."""

    waiting: tuple[TrustEntry, ...] = ()
