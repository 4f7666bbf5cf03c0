"""An error as a person at a terminal can act on it."""

from __future__ import annotations

from lsp_server.domain.errors import HoldfastError
from lsp_server.session.unknown_run import UnknownRun


def sentence(error: HoldfastError, run_id: str | None) -> str:
    """What went wrong with the run that was meant, and the way out that a terminal has."""
    match error:
        case UnknownRun(fact=fact, mend="list"):
            return f"{fact}; `holdfast doctor` lists the runs of a folder"
        case UnknownRun(fact=fact, mend="send"):
            return f'{fact}; go on with it: holdfast run --resume {run_id} "what else to do"'
        case _:
            return str(error)
