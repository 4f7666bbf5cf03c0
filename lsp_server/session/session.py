"""A session: what a server or a command line holds for one workspace folder."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import RunId
from lsp_server.max_mode.sampler import EndpointStats
from lsp_server.memory.forget_request import ForgetRequest
from lsp_server.models.provider import ModelProvider
from lsp_server.session.goals import Goals, GoalTotals
from lsp_server.session.goals.check_approvals import CheckApprovals
from lsp_server.session.memory import MemoryState, SessionMemory
from lsp_server.session.memory.forgetting import Forgotten, forget
from lsp_server.session.permissions import Permissions
from lsp_server.session.run_summary import RunSummary
from lsp_server.session.runs import Runs
from lsp_server.settings.sections import Settings
from lsp_server.workspace.documents import Documents
from lsp_server.workspace.watching import watch_files

FILES_LOOKED_AT_MAX = 200
"""Of those that changed together, for comments with goals."""


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """The state for a status bar: of the newest active run, else of the last one.

    `endpoint` is the model's name and place, None while none is known.
    """

    state: Literal["idle", "indexing", "running", "waiting", "error"]
    run_id: RunId | None
    title: str
    step: int
    usage: Usage
    cost_usd: float
    message: str
    endpoint: str | None
    goals: GoalTotals
    memory: MemoryState
    max_mode: bool


class Session:
    """One workspace folder. Close it: it owns tasks, files and connections.

    `release` frees what its runs share, once none is left.
    """

    def __init__(
        self,
        root: Path,
        settings: Settings,
        documents: Documents,
        worker: ModelProvider,
        permissions: Permissions,
        runs: Runs,
        goals: Goals,
        check_approvals: CheckApprovals,
        memory: SessionMemory,
        endpoint_stats: Mapping[str, EndpointStats],
        *,
        release: Callable[[], Awaitable[None]],
    ) -> None:
        self.root = root
        self.settings = settings
        self.documents = documents
        self.permissions = permissions
        self.runs = runs
        self.goals = goals
        self.check_approvals = check_approvals
        self.memory = memory
        self.endpoint_stats = endpoint_stats
        """What was learned of each endpoint, by its name."""
        self._watching: asyncio.Task[None] | None = None
        self._worker = worker
        self._release = release

    def status(self) -> SessionStatus:
        """A snapshot; cheap."""
        summary = self.runs.newest()
        waiting = self.permissions.pending()
        return SessionStatus(
            state=self._state(summary, waiting=bool(waiting)),
            run_id=summary.run_id if summary else None,
            title=summary.title if summary else "",
            step=summary.step if summary else 0,
            usage=summary.usage if summary else Usage(),
            cost_usd=summary.cost_usd if summary else 0.0,
            message=waiting[0].question.summary if waiting else self._message(summary),
            endpoint=self._worker.description,
            memory=self.memory.state(),
            goals=self.goals.statuses.counts(),
            max_mode=summary is not None and summary.max_mode,
        )

    def watch(self) -> None:
        """Follows the files of the workspace, and opens memory; for sessions that last."""
        self.memory.start()
        if self._watching is None:
            self._watching = asyncio.create_task(self._follow(), name="watch of the files")

    def files_changed(self, paths: Collection[Path]) -> None:
        """Whoever changed them: what was shown of goals may not hold, and code is read again."""
        self.memory.changed(paths)
        self.goals.tree_moved()
        for path in islice(paths, FILES_LOOKED_AT_MAX):
            self.goals.text_changed(path)

    async def forget(self, wish: ForgetRequest) -> Forgotten:
        """Removes rows of memory, and words from journals. Raises HoldfastError."""
        return await forget(self.memory, self.runs.folder, wish)

    def reconfigure(self, settings: Settings) -> None:
        """New runs take the new settings, running ones keep theirs."""
        self.settings = settings
        self._worker.reconfigure(settings.model)
        self.runs.reconfigure(settings)
        self.memory.reconfigure(settings.memory)

    async def endpoint(self) -> str:
        """Asks the endpoint for its models; what it is and has. Raises HoldfastError."""
        return await self._worker.examine()

    async def close(self) -> None:
        """Stops all runs and releases everything; within a second for well-behaved tools."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self.runs.close()
        await self.goals.close()
        await self._release()
        await self._worker.close()
        await self.memory.close()

    async def _follow(self) -> None:
        async for paths in watch_files(self.root):
            self.files_changed(paths)

    def _message(self, summary: RunSummary | None) -> str:
        if summary is not None:
            return summary.message
        return "ready" if self._worker.description else "no model endpoint yet"

    def _state(
        self, summary: RunSummary | None, *, waiting: bool
    ) -> Literal["idle", "indexing", "running", "waiting", "error"]:
        if waiting:
            return "waiting"
        if summary is not None and summary.state in ("running", "waiting"):
            return "running"
        if self.memory.state().index is not None:
            return "indexing"
        return "error" if summary is not None and summary.state == "failed" else "idle"
