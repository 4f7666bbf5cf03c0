"""What is wrong, as a person at a terminal can act on it."""

from __future__ import annotations

import sys

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.permissions import visible
from lsp_server.session.unknown_run import UnknownRun


def complain(text: str) -> None:
    """One sentence on standard error; it may quote what others wrote."""
    sys.stderr.write(visible(f"holdfast: {text}\n"))


def sentence(error: HoldfastError, run_id: str | None) -> str:
    """What went wrong with the run that was meant, and the way out that a terminal has."""
    match error:
        case UnknownRun(fact=fact, mend="list"):
            return f"{fact}; `holdfast doctor` lists the runs of a folder"
        case UnknownRun(fact=fact, mend="send"):
            return f'{fact}; go on with it: holdfast run --resume {run_id} "what else to do"'
        case _:
            return str(error)
