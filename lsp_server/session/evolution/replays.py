"""`Replays` do the task of a past run again, with a draft and without, and see which takes less."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias

from lsp_server.agent.state import State
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import FileChanged, RunStarted, ToolCalled
from lsp_server.domain.goals import Goal, GoalReport
from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import Failed, Outcome, RunId, Task
from lsp_server.domain.tools import parse_arguments
from lsp_server.evolution.draft_file import DraftFile
from lsp_server.evolution.replayed_case import Replay
from lsp_server.goals.changes import StopAttempt
from lsp_server.goals.verifier import Verified
from lsp_server.session.evolution.past_case import CannotReplay, PastCase, past_case
from lsp_server.session.run import Run, RunAgent, wait_or_stop
from lsp_server.session.run_context import RunContext
from lsp_server.session.run_store import RunStore
from lsp_server.settings.sections import AttemptSettings
from lsp_server.system.cancellation import to_its_end
from lsp_server.tools.skill import SkillTool
from lsp_server.workspace.checkpoints.checkpoints import changes_between
from lsp_server.workspace.worktrees.worktrees import Worktree, Worktrees

BROKEN_OFF = "the replay was broken off"
NAMED_MAX = 3
UNKNOWN = "unknown"
"""In the place of the name of a state that no journal has."""


class ReplayFailed(HoldfastError):
    """A replay has ended by an error, such as that of an endpoint, which says nothing of a draft."""


class ReplayWorkspace(Protocol):
    """A `ReplayWorkspace` is a copy of the workspace in which nobody is asked. Close it."""

    async def take_back(self, changes: Sequence[FileChanged]) -> Sequence[str]:
        """Takes changes back, and returns the paths of which that cannot be done."""
        ...

    async def put_back(self, before: Mapping[str, Id | None], at: str) -> Sequence[str]:
        """Gives files the states with these names, else what was committed then; returns the paths of the others."""
        ...

    async def states(self) -> Mapping[str, str]:
        """Returns the names of the states of all files that count, by path."""
        ...

    async def agent(self, run_context: RunContext) -> RunAgent:
        """Makes the agent of a run that works here. Raises HoldfastError."""
        ...

    async def verify(self, run_context: RunContext, goal: Goal, shown: StopAttempt) -> Verified:
        """Checks a goal here as it is now."""
        ...

    async def close(self) -> None:
        """Ends what was started here."""
        ...


OpenReplay: TypeAlias = Callable[[Worktree, DraftFile | None], ReplayWorkspace]
"""Opens a copy, in which runs are offered the draft if one is given."""
BeginReplay: TypeAlias = Callable[[RunStore, RunId, Task], Run]
"""Opens a run of which nobody is told."""


class Replays:
    """`Replays` have `worktrees` of their own, with journals that go with each copy.

    `store` has the past runs. `open_workspace` opens a copy and `begin` a run. `model` says which
    model is asked, and raises ConfigurationError where there is none.
    """

    def __init__(
        self,
        store: RunStore,
        worktrees: Worktrees,
        open_workspace: OpenReplay,
        begin: BeginReplay,
        model: Callable[[], str],
        settings: Callable[[], AttemptSettings],
    ) -> None:
        self.store = store
        self._worktrees = worktrees
        self._open_workspace = open_workspace
        self._begin = begin
        self._model = model
        self._settings = settings

    @property
    def has_copies(self) -> bool:
        """Says whether there is any copy, in use or left. Cheap."""
        return self._worktrees.folder.exists()

    async def sweep(self) -> None:
        """Removes what a kill left; called by whoever holds the lock."""
        await self._worktrees.sweep(lambda _: False)

    def require_model(self) -> None:
        """Raises ConfigurationError where there is no model to ask."""
        self._model()

    async def case(self, run_id: RunId) -> PastCase:
        """Returns the case that a past run is. Raises CannotReplay."""
        return await asyncio.to_thread(past_case, self.store, run_id)

    async def replay(self, case: PastCase, draft: DraftFile | None = None) -> Replay:
        """Does the task of a past run again, with a draft or without.

        Raises CannotReplay, and HoldfastError where no run can begin.
        """
        name = RunId(f"{case.run_id}-{'with' if draft else 'without'}")
        try:
            (copy,) = await self._worktrees.make([name], self._settings().ignored)
            workspace = self._open_workspace(copy, draft)
            try:
                left: Sequence[str] = [
                    path for changes in case.later for path in await workspace.take_back(changes)
                ]
                states = {path: case.before.get(path, UNKNOWN) for path in left}
                left = await workspace.put_back(states, case.at) if states else ()
                # How another file is by now shows in the task done without a draft.
                if left := [path for path in left if path in case.before]:
                    named = ", ".join(left[:NAMED_MAX])
                    raise CannotReplay(
                        f"files are not as they were before run {case.run_id}: {named}"
                    )
                return await self._work(name, case, workspace, copy, draft)
            finally:
                await to_its_end(lambda _: workspace.close())
        except OSError as error:
            raise CannotReplay(f"no copy can be made: {error.strerror or error}") from error
        finally:
            await to_its_end(lambda _: self._worktrees.remove(name))

    async def _work(
        self,
        name: RunId,
        case: PastCase,
        workspace: ReplayWorkspace,
        copy: Worktree,
        draft: DraftFile | None,
    ) -> Replay:
        store = RunStore(copy.data / "runs")
        task = case.task
        if draft is not None and draft.is_command:
            task = replace(task, instruction=draft.expanded(task.instruction))
        run = self._begin(store, name, task)
        try:
            run.record(RunStarted(name, task, str(copy.root), self._model()))
            await self._require_open(workspace, run, case)
            before = await workspace.states()
        except BaseException:
            run.close()
            raise
        outcome = await _run_to_its_end(run, workspace)
        after = await workspace.states()
        report = await self._verified(workspace, run, case.goal)
        spent = run.context.event_log.state.progress
        changed = {change.path for change in changes_between(before, after)}
        if isinstance(outcome, Failed):
            raise ReplayFailed(f"a past task was not done again to its end: {outcome.error}")
        return Replay(
            report.met and not report.judges_edited,
            spent.step,
            spent.billed.prompt_tokens + spent.billed.completion_tokens,
            frozenset(path for path in changed if not path.endswith("/")),
            cost_usd=spent.cost_usd,
            used=draft is not None and await asyncio.to_thread(_uses, store, name, draft),
        )

    async def _require_open(self, workspace: ReplayWorkspace, run: Run, case: PastCase) -> None:
        """Raises CannotReplay where checks hold already, as they would show nothing then."""
        if (await self._verified(workspace, run, case.goal)).met:
            raise CannotReplay(f"the checks of run {case.run_id} hold before any work")

    async def _verified(self, workspace: ReplayWorkspace, run: Run, goal: Goal) -> GoalReport:
        state: State = run.context.event_log.state
        shown = StopAttempt(state.work.changes)
        return (await workspace.verify(run.context, goal, shown)).report


async def _run_to_its_end(run: Run, workspace: ReplayWorkspace) -> Outcome:
    run.start(workspace.agent, lambda: None)
    return await wait_or_stop(run, BROKEN_OFF)


def _uses(store: RunStore, run_id: RunId, draft: DraftFile) -> bool:
    """Says whether a run read the draft; what its task begins with was read."""
    if draft.is_command:
        return True
    calls = (one.call for one in store.events(run_id) if isinstance(one, ToolCalled))
    loads = (parse_arguments(one.arguments) for one in calls if one.name == SkillTool.spec.name)
    return any(isinstance(one, dict) and one.get("name") == draft.name for one in loads)
