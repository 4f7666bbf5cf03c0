"""This module has the words of an editor for errors about runs, with the command that helps."""

from __future__ import annotations

from lsp_server.domain.errors import HoldfastError
from lsp_server.server.protocol import CommandName
from lsp_server.session.run_errors import (
    AlreadyOver,
    ModeFixed,
    NothingProposed,
    NothingToAccept,
    RunNotFound,
)


def error_text(error: HoldfastError) -> str:
    """Says in a sentence what went wrong, and which command of an editor helps, if one does."""
    match error:
        case RunNotFound():
            return f"{error}; {CommandName.RUN_LIST} names them"
        case AlreadyOver():
            return f"{error}; send it a message with {CommandName.RUN_SEND} to go on with it"
        case ModeFixed():
            return f"{error} ({CommandName.RUN_STOP} stops it)"
        case NothingProposed() | NothingToAccept():
            return f"{error}; {CommandName.MAX_PROPOSE} asks"
        case _:
            return str(error)
