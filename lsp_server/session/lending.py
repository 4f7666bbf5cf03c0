"""This module defines what another agent may have of a session: goals and memory, as a model sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lsp_server.redaction.redactor import Redactor
from lsp_server.session.session import Session
from lsp_server.tools.recall import History


@dataclass(frozen=True, slots=True)
class Lending:
    """A `Lending` is a session with the bounds of what a model may see of it.

    `history` looks back over all runs of the workspace. `redactor` takes secrets out of what
    is answered. `visible` says whether the contents of a file, by its absolute path, may be shown.
    With `approves_checks` a person said that checks need no answer before their first run.
    """

    session: Session
    history: History
    redactor: Redactor
    visible: Callable[[Path], bool]
    approves_checks: bool = False
