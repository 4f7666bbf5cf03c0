"""This module lets a run give parts of its work to subagents: children that are runs like any other.

A child has a journal, a context, guards and a stop of its own; it is the same `Run` with
another task, a share of its parent's budget, and no tool to begin children itself. What
it says of itself is its summary; what it changed, what it ran and how it ended is read in
its journal here. A call and its child find each other by the call's id, which the
parent's journal has (`ChildStarted`): a call that a crash interrupted goes on with the
very child that it began, or reads how that one ended.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from lsp_server.agent import budget
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.agent.state import State
from lsp_server.domain.child_events import ChildChange, ChildEnded, ChildStarted
from lsp_server.domain.errors import BudgetExceeded, HoldfastError, ToolError
from lsp_server.domain.events import Event, RunEnded
from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import AgentProfile, Budget, Failed, Mode, Outcome, RunId, Task
from lsp_server.domain.tools import ToolResult
from lsp_server.session.child_runs import new_child_id
from lsp_server.session.run import Run
from lsp_server.session.run_context import RunContext
from lsp_server.session.runs import Runs
from lsp_server.session.skills import SessionSkills, agent_named
from lsp_server.session.subagent_report import report_text
from lsp_server.tools.task import TaskArguments

WITH_PARENT = "stopped with the run that began it"
NO_ROOM = "there is no room in the budget for a subagent ({}); do it yourself, or finish"


class Subagents:
    """`Subagents` are the children of one run, `children_max` of them at work at once.

    It is the `Delegate` of the run's tool. What children spend and change is recorded in
    the journal of the parent when they end.
    """

    def __init__(self, runs: Runs, parent: RunContext, skills: SessionSkills) -> None:
        self._runs = runs
        self._parent = parent
        self._skills = skills
        self._state = parent.event_log.state
        self._emit = parent.event_log.emit
        self._places_max = parent.settings.run.children_max
        self._places = asyncio.Semaphore(self._places_max)
        self._held: dict[RunId, Budget] = {}
        """The shares of the children that are at work."""
        self._steps_before = self._state.progress.all_steps
        self._started = time.monotonic()

    def has_begun(self, call_id: Id) -> bool:
        """Says whether a child works, or has worked, for the call."""
        return call_id in self._state.conversation.children

    async def work(self, call_id: Id, wish: TaskArguments) -> ToolResult:
        """Lets a child work, or go on, until it ends. Raises ToolError when it cannot begin.

        When the call is cancelled, so is the child; what it spent until then is recorded.
        """
        agent, mode = await self._role(wish)
        async with self._places:
            share = self._share()
            text = f"{wish.description.strip()}\n\n{wish.prompt.strip()}"
            task = Task(text, mode=mode, budget=share, agent=agent, parent_call=call_id)
            run_id = self._state.conversation.children.get(call_id)
            ended = None if run_id is None else await self._outcome(run_id)
            if run_id is None:
                run_id = self._begin(call_id, wish)
            if ended is None:
                ended = await self._run(run_id, call_id, wish, task)
            return await self._end(run_id, call_id, wish, ended)

    async def _role(self, wish: TaskArguments) -> tuple[AgentProfile | None, Mode]:
        """Returns the agent that the child works as, and its mode, never a freer one than the run's."""
        mode: Mode = "plan" if self._parent.task.mode == "plan" else wish.mode
        if wish.agent is None:
            return None, mode
        try:
            agent = await agent_named(self._skills, wish.agent)
        except HoldfastError as error:
            raise ToolError(str(error)) from error
        return agent.profile, "plan" if agent.mode == "plan" else mode

    def _begin(self, call_id: Id, wish: TaskArguments) -> RunId:
        # It is taken once its journal is open, so nothing may be waited for until then.
        run_id = new_child_id(
            self._runs.store.folder, self._parent.run_id, self._state.conversation.children.values()
        )
        self._emit(ChildStarted(run_id, call_id, wish.description, wish.agent or ""))
        return run_id

    async def _run(self, run_id: RunId, call_id: Id, wish: TaskArguments, task: Task) -> Outcome:
        try:
            run = self._runs.start(task, run_id=run_id, settings=self._parent.current_settings)
        except HoldfastError as error:
            return Failed(str(error))
        self._held[run_id] = task.budget
        try:
            return await run.wait()
        except asyncio.CancelledError:
            await self._stop(run, call_id, wish)
            raise
        finally:
            self._held.pop(run_id, None)

    async def _stop(self, run: Run, call_id: Id, wish: TaskArguments) -> None:
        if not run.stopping:
            run.stop(WITH_PARENT)
        # What is left undone here is done when the parent goes on.
        with suppress(asyncio.CancelledError, OSError):
            await self._end(run.run_id, call_id, wish, await run.wait())

    async def _outcome(self, run_id: RunId) -> Outcome | None:
        """Returns how a child ended that a crash kept from being told; None for any other."""
        events = await self._events(run_id)
        last = events[-1] if events else None
        return last.outcome if isinstance(last, RunEnded) else None

    async def _events(self, run_id: RunId) -> list[Event]:
        """Returns what the journal of a child holds; nothing where there is none to be read."""
        try:
            return list(await asyncio.to_thread(self._runs.store.events, run_id))
        except (JournalDamaged, OSError):
            return []

    async def _end(
        self, run_id: RunId, call_id: Id, wish: TaskArguments, outcome: Outcome
    ) -> ToolResult:
        """Records the end of a child, once, and says what the model reads of it."""
        state = State()
        for event in await self._events(run_id):
            state.apply(event)
        done = state.progress
        changes = tuple(ChildChange(c.path, c.before, c.after) for c in state.work.changes.values())
        if run_id not in self._state.conversation.ended_children:
            self._emit(
                ChildEnded(
                    run_id,
                    call_id,
                    wish.description,
                    outcome.outcome,
                    done.step,
                    done.billed,
                    done.cost_usd,
                    changes,
                )
            )
        return ToolResult(
            report_text(run_id, outcome, state),
            changed=tuple(change.path for change in changes),
            failed=outcome.outcome in ("failed", "stopped"),
        )

    def _share(self) -> Budget:
        """Returns what one more child may spend: all that may work get as much, and the parent too."""
        done = self._state.progress
        try:
            return budget.share(
                self._parent.budget,
                steps=done.all_steps - self._steps_before,
                billed=done.billed,
                cost_usd=done.cost_usd,
                seconds=time.monotonic() - self._started,
                held=tuple(self._held.values()),
                parts=self._places_max - len(self._held) + 1,
            )
        except BudgetExceeded as error:
            raise ToolError(NO_ROOM.format(error)) from error
