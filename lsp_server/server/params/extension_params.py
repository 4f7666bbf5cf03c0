"""This module has the shapes of the command that lists what people bring for the agent."""

from __future__ import annotations

from typing import Literal

from lsp_server.server.params.base import Payload, Reply
from lsp_server.session.trust import TrustState


class ExtensionEntry(Payload):
    """An `ExtensionEntry` is a skill, a custom command, an agent, an MCP server, or of a later kind.

    `state` is that of a connection, empty for what has none; `tools` how many it offers,
    left out while nobody knows. `problem` says why it cannot be used. `uri` is the file
    that it is written in, empty where it is not known. `trustId` is what `holdfast.trust`
    takes as `what`, empty for what needs no trust.
    """

    kind: str
    name: str
    description: str
    origin: Literal["project", "user"]
    trust: TrustState
    state: str = ""
    problem: str = ""
    tools: int | None = None
    uri: str = ""
    trust_id: str = ""


class ExtensionListReply(Reply):
    """An `ExtensionListReply` lists extensions by their kinds, the strongest place first."""

    extensions: tuple[ExtensionEntry, ...] = ()
