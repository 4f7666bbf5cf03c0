"""This module words errors for a person at a terminal and prints them."""

from __future__ import annotations

import sys

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.permissions import visible
from lsp_server.session.run_errors import AlreadyOver, RunNotFound


def print_error(text: str) -> None:
    """Writes one sentence to standard error; it may quote what others wrote."""
    sys.stderr.write(visible(f"holdfast: {text}\n"))


def error_text(error: HoldfastError) -> str:
    """Returns one sentence: what went wrong, and the command that helps, if one does.

    >>> error_text(RunNotFound(None, "undo"))
    'there is no run to undo; `holdfast runs` lists those of a folder'
    """
    match error:
        case RunNotFound():
            return f"{error}; `holdfast runs` lists those of a folder"
        case AlreadyOver(run_id=run_id):
            return f'{error}; go on with it: holdfast run --resume {run_id} "what else to do"'
        case _:
            return str(error)
