"""A session: what a server or a command line holds for one workspace folder."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import RunId
from lsp_server.models.worker import Worker
from lsp_server.session.check_permits import CheckPermits
from lsp_server.session.goals import Counts, Goals
from lsp_server.session.permissions import Permissions
from lsp_server.session.runs import Runs
from lsp_server.session.summary import RunSummary
from lsp_server.settings import Settings
from lsp_server.workspace.documents import Documents


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
    goals: Counts


class Session:
    """One workspace folder. Close it: it owns tasks, files and connections.

    `release` frees what its runs share, once none is left.
    """

    def __init__(
        self,
        root: Path,
        settings: Settings,
        documents: Documents,
        worker: Worker,
        permissions: Permissions,
        runs: Runs,
        goals: Goals,
        permits: CheckPermits,
        *,
        release: Callable[[], Awaitable[None]],
    ) -> None:
        self.root = root
        self.settings = settings
        self.documents = documents
        self.permissions = permissions
        self.runs = runs
        self.goals = goals
        self.permits = permits
        self._worker = worker
        self._release = release

    def status(self) -> SessionStatus:
        """A snapshot; cheap."""
        summary = self.runs.newest()
        waiting = self.permissions.pending()
        return SessionStatus(
            state=_state(summary, bool(waiting)),
            run_id=summary.run_id if summary else None,
            title=summary.title if summary else "",
            step=summary.step if summary else 0,
            usage=summary.usage if summary else Usage(),
            cost_usd=summary.cost_usd if summary else 0.0,
            message=waiting[0].question.summary if waiting else self._message(summary),
            endpoint=self._worker.description,
            goals=self.goals.counts(),
        )

    def reconfigure(self, settings: Settings) -> None:
        """New runs take the new settings, running ones keep theirs."""
        self.settings = settings
        self._worker.reconfigure(settings.model)
        self.runs.reconfigure(settings)

    async def endpoint(self) -> str:
        """Asks the endpoint for its models; what it is and has. Raises HoldfastError."""
        return await self._worker.examine()

    async def close(self) -> None:
        """Stops all runs and releases everything; within a second for well-behaved tools."""
        await self.runs.close()
        await self.goals.close()
        await self._release()
        await self._worker.close()

    def _message(self, summary: RunSummary | None) -> str:
        if summary is not None:
            return summary.message
        return "ready" if self._worker.description else "no model endpoint yet"


def _state(
    summary: RunSummary | None, waiting: bool
) -> Literal["idle", "running", "waiting", "error"]:
    if waiting:
        return "waiting"
    if summary is None:
        return "idle"
    if summary.state in ("running", "waiting"):
        return "running"
    return "error" if summary.state == "failed" else "idle"
