"""This module lets a run give parts of its work to subagents: children that are runs like any other.

A child has a journal, a context, guards and a stop of its own; it is the same `Run` with
another task, a share of its parent's budget (`children.py`), and no tool to begin children
itself. What it says of itself is its summary; what it changed, what it ran and how it ended
is read in its journal here.
"""

from __future__ import annotations

from lsp_server.agent.state import State
from lsp_server.domain.errors import HoldfastError, ToolError
from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import AgentProfile, Blocked, Mode, Outcome, Task
from lsp_server.domain.tools import Denial, ToolResult
from lsp_server.session.children import Children
from lsp_server.session.run_context import RunContext
from lsp_server.session.skills import SessionSkills, agent_named
from lsp_server.session.subagent_report import report_text
from lsp_server.tools.task import TaskArguments


class Subagents:
    """`Subagents` are children of one run, each for a tool call of it: the `Delegate` of the tool."""

    def __init__(self, children: Children, parent: RunContext, skills: SessionSkills) -> None:
        self._children = children
        self._skills = skills
        self._parent_mode: Mode = parent.task.mode
        self._state: State = parent.event_log.state

    def has_begun(self, call_id: Id) -> bool:
        """Says whether a child works, or has worked, for the call."""
        return call_id in self._state.conversation.children

    async def work(self, call_id: Id, wish: TaskArguments) -> ToolResult:
        """Lets a child work, or go on, until it ends. Raises ToolError when it cannot begin.

        When the call is cancelled, so is the child; what it spent until then is recorded.
        """
        agent, mode = await self._role(wish)
        text = f"{wish.description.strip()}\n\n{wish.prompt.strip()}"
        done = await self._children.work(
            call_id,
            wish.description,
            lambda _, share: Task(text, mode=mode, budget=share, agent=agent, parent_call=call_id),
        )
        return ToolResult(
            report_text(done.run_id, done.outcome, done.state),
            changed=done.changed,
            failed=done.outcome.outcome in ("failed", "stopped"),
            denial=_denial(done.outcome, done.state),
        )

    async def _role(self, wish: TaskArguments) -> tuple[AgentProfile | None, Mode]:
        """Returns the agent that the child works as, and its mode, never a freer one than the run's."""
        mode: Mode = "plan" if self._parent_mode == "plan" else wish.mode
        if wish.agent is None:
            return None, mode
        try:
            agent = await agent_named(self._skills, wish.agent)
        except HoldfastError as error:
            raise ToolError(str(error)) from error
        return agent.profile, "plan" if agent.mode == "plan" else mode


def _denial(outcome: Outcome, state: State) -> Denial | None:
    """Returns what kept a child from its work: then its parent was not allowed it either."""
    denials = tuple(state.grants.denials.values())
    is_kept = isinstance(outcome, Blocked) and not state.work.changes
    return denials[-1] if is_kept and denials else None
