"""What is wrong, as a person at a terminal can act on it."""

from __future__ import annotations

import sys

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.permissions import visible
from lsp_server.session.run_errors import RunError


def print_error(text: str) -> None:
    """One sentence on standard error; it may quote what others wrote."""
    sys.stderr.write(visible(f"holdfast: {text}\n"))


def error_text(error: HoldfastError, run_id: str | None) -> str:
    """What went wrong with the run that was meant, and the way out that a terminal has."""
    match error:
        case RunError(fact=fact, mend="list"):
            return f"{fact}; `holdfast doctor` lists the runs of a folder"
        case RunError(fact=fact, mend="send"):
            return f'{fact}; go on with it: holdfast run --resume {run_id} "what else to do"'
        case _:
            return str(error)
