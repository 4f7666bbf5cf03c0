"""This module says what an attempt needs of the copy of the workspace that it works in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from lsp_server.domain.events import Emit
from lsp_server.domain.goals import Goal
from lsp_server.goals.changes import StopAttempt
from lsp_server.goals.verifier import Verified
from lsp_server.session.run import RunAgent
from lsp_server.session.run_context import RunContext
from lsp_server.workspace.worktrees.worktrees import Worktree


class AttemptWorkspace(Protocol):
    """An `AttemptWorkspace` is a copy of the workspace, with all that works in it. Close it."""

    async def states(self) -> Mapping[str, str]:
        """Returns the names of the states of all files that count, by path; contents are kept."""
        ...

    async def agent(self, run_context: RunContext) -> RunAgent:
        """Makes the agent of a run that works here. Raises HoldfastError."""
        ...

    async def verify(self, run_context: RunContext, goal: Goal, shown: StopAttempt) -> Verified:
        """Checks a goal here as it is now, by the rules of that run."""
        ...

    async def close(self) -> None:
        """Ends what was started here."""
        ...


OpenWorkspace: TypeAlias = Callable[[Worktree, str, Emit], AttemptWorkspace]
"""Opens a copy, for an attempt with that name; questions are recorded by the function as well, so that a person sees them in the run that they know."""
