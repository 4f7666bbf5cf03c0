"""This module keeps what runs propose until a person accepts it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lsp_server.domain.events import CandidateAccepted, CandidatesJudged, Event
from lsp_server.domain.tasks import RunId
from lsp_server.session.run import Run
from lsp_server.session.run_errors import NothingProposed
from lsp_server.session.runs import Runs


@dataclass(frozen=True, slots=True)
class Proposal:
    """A `Proposal` is a change in several candidates or attempts, of which a person may accept one."""

    run_id: RunId
    judged: CandidatesJudged


class Proposals:
    """Keeps and accepts the proposals of one session's runs.

    `newest` is the newest proposal of this process that nobody has accepted.
    """

    def __init__(self, runs: Runs) -> None:
        self.newest: Proposal | None = None
        self._runs = runs

    def see(self, run_id: RunId, event: Event) -> None:
        """Takes in an Event of a run at work; writes the document that compares proposals."""
        match event:
            case CandidatesJudged():
                task = self._runs.active_run(run_id).context.task
                # Max Mode judges candidates too, and goes on with the winner by itself.
                if task.sampling.propose or task.attempts.count > 1:
                    self.newest = Proposal(run_id, event)
                    self._runs.store.write_proposals(run_id, event, task)
            case CandidateAccepted():
                self.newest = None
            case _:
                pass

    def accept(self, run_id: RunId | None = None, candidate: int | None = None) -> Run:
        """Lets a run carry out one of its proposals.

        Without `run_id` it is the newest proposal, or the newest run; without
        `candidate`, which counts from 1, the winner.

        Raises RunNotFound, RunBusy, NothingToAccept, and as `Runs.begin`.
        """
        if run_id is None and self.newest is not None:
            run_id = self.newest.run_id
        past = self._runs.choose(run_id, "accept a proposal of", idle=True)
        return self._runs.begin(past.run_id, lambda run: run.accept(candidate))

    def comparison(self, run_id: RunId | None = None) -> Path:
        """Returns the document that compares the proposals of a run, by default the newest.

        Raises RunNotFound, NothingProposed.
        """
        past = self._runs.choose(run_id, "show")
        path = self._runs.store.proposals(past.run_id)
        if path is None:
            raise NothingProposed(past.run_id)
        return path
