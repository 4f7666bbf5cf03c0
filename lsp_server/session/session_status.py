"""This module says in a few fields how a session is, for a status bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from lsp_server.domain.candidates import DrawStrategy
from lsp_server.domain.messages import Usage
from lsp_server.domain.permissions import PermissionMode
from lsp_server.domain.tasks import RunId, RunState
from lsp_server.session.extension_list import NO_EXTENSIONS, ExtensionTotals
from lsp_server.session.goals import GoalTotals
from lsp_server.session.memory import MemoryState
from lsp_server.session.run_summary import RunSummary

SessionState: TypeAlias = Literal["idle", "indexing", "running", "waiting", "error"]


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """A `SessionStatus` is a session in a few fields, with its newest run, one at work first.

    `endpoint` is the model's name and place, None while none is known. Without a run
    `run_id` is None, and the fields that are about one are empty. `agents` names the custom
    agents that may be used, `extensions` counts what people bring, `children` the subagents and
    attempts at work, `attempts` those alone, `background` has the commands of the run in the background by their ids.
    `permissions` is how much the run may do without asking, None where none is at work,
    `step_usage` what its last answer took, and `prompt_share` how much of the room for a prompt
    it uses, 0 to 1. `max_strategy` is how Max Mode draws for it, None without Max Mode and while
    that is not known.
    """

    state: SessionState
    run_id: RunId | None
    outcome: RunState | None
    """How the newest run ended, None while it is at work."""
    title: str
    step: int
    usage: Usage
    cost_usd: float
    message: str
    endpoint: str | None
    goals: GoalTotals
    memory: MemoryState
    max_mode: bool
    agents: tuple[str, ...] = ()
    background: Mapping[str, str] = field(default_factory=dict)
    extensions: ExtensionTotals = NO_EXTENSIONS
    children: int = 0
    attempts: int = 0
    permissions: PermissionMode | None = None
    step_usage: Usage = Usage()
    prompt_share: float = 0.0
    max_strategy: DrawStrategy | None = None


def session_status(
    run: RunSummary | None,
    question: str | None,
    endpoint: str | None,
    goals: GoalTotals,
    memory: MemoryState,
    agents: tuple[str, ...] = (),
    extensions: ExtensionTotals = NO_EXTENSIONS,
    children: int = 0,
    max_strategy: DrawStrategy | None = None,
) -> SessionStatus:
    """Puts a status together; `question` is what a person is asked first, None: nothing."""
    message = question or (run.message if run is not None else None)
    return SessionStatus(
        state=_state(run, memory, asks=question is not None),
        run_id=run.run_id if run is not None else None,
        outcome=run.state if run is not None and not run.at_work else None,
        title=run.title if run is not None else "",
        step=run.step if run is not None else 0,
        usage=run.usage if run is not None else Usage(),
        cost_usd=run.cost_usd if run is not None else 0.0,
        message=message or ("ready" if endpoint else "no model endpoint yet"),
        endpoint=endpoint,
        goals=goals,
        memory=memory,
        max_mode=run is not None and run.max_mode,
        agents=agents,
        background=run.background if run is not None else {},
        extensions=extensions,
        children=children,
        attempts=run.attempts if run is not None and run.at_work else 0,
        permissions=run.permissions if run is not None else None,
        step_usage=run.step_usage if run is not None else Usage(),
        prompt_share=run.prompt_share if run is not None else 0.0,
        max_strategy=max_strategy if run is not None and run.max_mode else None,
    )


def _state(run: RunSummary | None, memory: MemoryState, *, asks: bool) -> SessionState:
    # What a person has to do comes first, then what goes on, then what went wrong.
    if asks:
        return "waiting"
    if run is not None and run.at_work:
        return "running"
    if memory.index is not None:
        return "indexing"
    return "error" if run is not None and run.state == "failed" else "idle"
