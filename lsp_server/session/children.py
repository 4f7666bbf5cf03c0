"""This module lets children of a run work: runs like any other, with a share of its budget each.

A child and what it works for find each other by a key, such as the id of a tool call, which
the parent's journal has (`ChildStarted`): what a crash interrupted goes on with the very
child that it began, or reads how that one ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeAlias

from lsp_server.agent import budget
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.agent.state import State
from lsp_server.domain.child_events import ChildChange, ChildEnded, ChildStarted
from lsp_server.domain.errors import BudgetExceeded, HoldfastError, ToolError
from lsp_server.domain.events import Event, RunEnded
from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import Budget, Failed, Outcome, RunId, Task
from lsp_server.session.child_runs import new_child_id
from lsp_server.session.run import Run
from lsp_server.session.run_context import RunContext
from lsp_server.session.runs import Runs

WITH_PARENT = "stopped with the run that began it"
NO_ROOM = "there is no room in the budget for another run beside this one ({})"

MakeTask: TypeAlias = Callable[[RunId, Budget], Task]
"""Makes the task of a child, once it has its id and its share of the budget."""


@dataclass(frozen=True, slots=True)
class ChildWork:
    """A `ChildWork` is what came of a child: how it ended, and the state that its journal has.

    `had_ended` says that it did before it was asked for, in an earlier process.
    """

    run_id: RunId
    outcome: Outcome
    state: State
    had_ended: bool = False

    @property
    def changed(self) -> tuple[str, ...]:
        """Returns the paths of the files that it changed."""
        return tuple(change.path for change in self.state.work.changes.values())


class Children:
    """`Children` are those of one run, `children_max` of them at work at once, one at least.

    What they spend and change is recorded in the journal of the parent when they end.
    """

    def __init__(self, runs: Runs, parent: RunContext) -> None:
        self._runs = runs
        self._parent = parent
        self._state = parent.event_log.state
        self._emit = parent.event_log.emit
        self._places_max = max(1, parent.settings.run.children_max)
        self._places = asyncio.Semaphore(self._places_max)
        self._held: dict[RunId, Budget] = {}
        """The shares of the children that are at work."""
        self._steps_before = self._state.progress.all_steps
        self._started = time.monotonic()

    async def work(self, key: Id, title: str, make: MakeTask) -> ChildWork:
        """Lets the child for a key work, or go on, until it ends.

        Raises ToolError when it cannot begin. When it is cancelled, so is the child; what it
        spent until then is recorded.
        """
        async with self._places:
            share = self._share()
            # Its id is taken once its journal is open, so nothing may be waited for until then.
            known = self._state.conversation.children.get(key)
            run_id = known or new_child_id(
                self._runs.store.folder,
                self._parent.run_id,
                self._state.conversation.children.values(),
            )
            task = make(run_id, share)
            if known is None:
                agent = task.agent.name if task.agent is not None else ""
                self._emit(ChildStarted(run_id, key, title, agent))
            ended = None if known is None else await self.outcome(run_id)
            if ended is not None:
                return replace(await self._end(run_id, key, title, ended), had_ended=True)
            ended = await self._run(run_id, key, title, task)
            return await self._end(run_id, key, title, ended)

    async def outcome(self, run_id: RunId) -> Outcome | None:
        """Returns how a child ended, as its journal has it; None for one that did not."""
        events = await self._events(run_id)
        last = events[-1] if events else None
        return last.outcome if isinstance(last, RunEnded) else None

    async def _run(self, run_id: RunId, key: Id, title: str, task: Task) -> Outcome:
        try:
            run = self._runs.start(task, run_id=run_id, settings=self._parent.current_settings)
        except HoldfastError as error:
            return Failed(str(error))
        self._held[run_id] = task.budget
        try:
            return await run.wait()
        except asyncio.CancelledError:
            await self._stop(run, key, title)
            raise
        finally:
            self._held.pop(run_id, None)

    async def _stop(self, run: Run, key: Id, title: str) -> None:
        if not run.stopping:
            run.stop(WITH_PARENT)
        # What is left undone here is done when the parent goes on.
        with suppress(asyncio.CancelledError, OSError):
            await self._end(run.run_id, key, title, await run.wait())

    async def _events(self, run_id: RunId) -> list[Event]:
        """Returns what the journal of a child holds; nothing where there is none to be read."""
        try:
            return list(await asyncio.to_thread(self._runs.store.events, run_id))
        except (JournalDamaged, OSError):
            return []

    async def _end(self, run_id: RunId, key: Id, title: str, outcome: Outcome) -> ChildWork:
        """Records the end of a child, once, and returns what came of it."""
        state = State()
        for event in await self._events(run_id):
            state.apply(event)
        done = state.progress
        changes = tuple(ChildChange(c.path, c.before, c.after) for c in state.work.changes.values())
        if run_id not in self._state.conversation.ended_children:
            self._emit(
                ChildEnded(
                    run_id,
                    key,
                    title,
                    outcome.outcome,
                    done.all_steps,
                    done.billed,
                    done.cost_usd,
                    changes,
                )
            )
        return ChildWork(run_id, outcome, state)

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
