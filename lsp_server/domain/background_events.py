"""This module defines the Events of commands that run in the background, beside the steps of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lsp_server.domain.ids import Id


@dataclass(frozen=True, slots=True)
class BackgroundStarted:
    """A command began to run in the background, by the name `id`."""

    id: Id
    command: str
    kind: Literal["background_started"] = "background_started"


@dataclass(frozen=True, slots=True)
class BackgroundEnded:
    """A command in the background ended: by itself, stopped by the agent, or with the run.

    `ending` says how, in a few words; `last_lines` are the end of its output. With `told`
    a tool's result says it to the model.
    """

    id: Id
    command: str
    ending: str
    exit_status: int | None
    last_lines: str
    by: Literal["itself", "agent", "run"] = "itself"
    told: bool = False
    kind: Literal["background_ended"] = "background_ended"
