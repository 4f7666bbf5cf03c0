"""This module words errors about runs for an editor, with the command that helps."""

from __future__ import annotations

from lsp_server.domain.errors import HoldfastError
from lsp_server.server.protocol import CommandName
from lsp_server.session.run_errors import (
    AlreadyAchieved,
    NothingProposed,
    NothingToAccept,
    RunNotFound,
)


def error_text(error: HoldfastError) -> str:
    """One sentence: what went wrong, and the command of an editor that helps, if one does."""
    match error:
        case RunNotFound():
            return f"{error}; {CommandName.RUN_LIST} names them"
        case AlreadyAchieved():
            return f"{error}; send it a message with {CommandName.RUN_SEND} to go on with it"
        case NothingProposed() | NothingToAccept():
            return f"{error}; {CommandName.MAX_PROPOSE} asks"
        case _:
            return str(error)
