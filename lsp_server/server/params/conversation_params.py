"""This module has the shape of the command that sends what is written in a conversation."""

from __future__ import annotations

from pydantic import StrictStr

from lsp_server.server.params.base import CommandParams


class ConversationSend(CommandParams):
    """`holdfast.conversation.send` takes a file `NAME.holdfast.md`, by default the one open.

    What stands below the last answer goes to the run that gave it, or begins one.
    """

    uri: StrictStr | None = None
