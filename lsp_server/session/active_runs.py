"""This module has the runs that are at work in this process: those that people began, and their children."""

from __future__ import annotations

from lsp_server.domain.tasks import RunId
from lsp_server.session.child_runs import child_number, top_id
from lsp_server.session.run import Run
from lsp_server.session.run_summary import RunSummary


class ActiveRuns(dict[RunId, Run]):
    """An `ActiveRuns` holds the runs at work by their ids, in the order in which they began."""

    @property
    def own(self) -> tuple[Run, ...]:
        """Returns those that people began."""
        return tuple(run for run_id, run in self.items() if not child_number(run_id))

    def top_of(self, run_id: RunId) -> Run | None:
        """Returns the run at work that a person began, where this one is a part of it."""
        top = top_id(run_id)
        return self.get(top) if top != run_id else None

    @property
    def children(self) -> tuple[Run, ...]:
        """Returns those that other runs began."""
        return tuple(run for run_id, run in self.items() if child_number(run_id))

    def summaries(self) -> dict[RunId, RunSummary]:
        """Returns what each of them is and does now."""
        return {run_id: run.summary() for run_id, run in self.items()}
