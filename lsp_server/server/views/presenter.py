"""This module turns Events into what a person sees: progress, diagnostics, messages, status.

An Event without a case in `_react` is shown in its own words, as progress and to clients
that show Events themselves.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from typing import assert_never

from lsprotocol import types

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import (
    RecordedEvent,
    RunEnded,
    RunResumed,
    RunStarted,
    SamplingChanged,
    Warned,
)
from lsp_server.domain.permission_events import PermissionAnswered, PermissionAsked
from lsp_server.domain.tasks import (
    Achieved,
    Blocked,
    Failed,
    Finished,
    Outcome,
    RunId,
    Stopped,
    Unmet,
)
from lsp_server.memory.indexing import IndexProgress
from lsp_server.server.client import Client, Level
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.protocol import CommandName, Method
from lsp_server.server.views.diagnostics_view import DiagnosticsView
from lsp_server.server.views.event_notice import event_notice
from lsp_server.server.views.index_progress import IndexProgressView
from lsp_server.server.views.questions_view import QuestionsView
from lsp_server.server.views.run_progress import RunProgress
from lsp_server.server.views.status_view import StatusView
from lsp_server.server.views.throttle import Throttle
from lsp_server.session.child_runs import child_number, parent_id
from lsp_server.session.session import Session
from lsp_server.system.task_set import TaskSet
from lsp_server.wording.run_texts import outcome_text, run_title

REFRESH_SECONDS = 0.15
"""How often goals are shown anew while a person types."""


class Presenter:
    """A `Presenter` shows all sessions: `publish` takes each Event, `refresh` other changes."""

    def __init__(
        self,
        client: Client,
        folders: Folders,
        diagnostics: DiagnosticsView,
        status: StatusView,
        tasks: TaskSet,
    ) -> None:
        self._questions = QuestionsView(client, folders)
        self._client = client
        self._folders = folders
        self._diagnostics = diagnostics
        self._status = status
        self._tasks = tasks
        self._progress: dict[RunId, RunProgress] = {}
        self._turns: Counter[RunId] = Counter()
        self._refreshes: Throttle[None] = Throttle(REFRESH_SECONDS, lambda _: self.refresh())

    def show_interrupted(self, session: Session) -> None:
        """Says which run waits to be resumed; a client that shows runs offers it itself."""
        newest = None if self._client.can.events else session.runs.newest()
        if newest is not None and newest.state == "interrupted":
            where = f" after step {newest.step}" if newest.step else ""
            self._client.show(
                "info",
                f"“{newest.title}” was interrupted{where} and nothing is lost; "
                f"{CommandName.RUN_RESUME} goes on with it",
            )

    def show_at_work(self, session: Session) -> None:
        """Shows the runs that are at work already, as they are when an editor comes later."""
        for run in session.runs.active():
            self._begin(session, run.run_id, run.title)

    def publish(self, session: Session, run_id: RunId, recorded: RecordedEvent) -> None:
        """Shows one Event of a run."""
        if self._client.can.events:
            quiet = isinstance(recorded.event, RunEnded) and _is_quiet(session, run_id)
            self._client.notify(Method.EVENT, event_notice(run_id, recorded, quiet=quiet or None))
        self._react(session, run_id, recorded)
        parent = parent_id(run_id)
        if (progress := self._progress.get(parent or run_id)) is not None:
            if parent is None:
                progress.follow(recorded.event)
            else:
                progress.follow_subagent(child_number(run_id), recorded.event)
        self._status.update()

    def index_progress(self, folder: Folder) -> Callable[[IndexProgress | None], None]:
        """Makes a function that shows how far the index of a folder is, also in the status."""
        view = IndexProgressView(self._client, self._tasks, folder.root.name)

        def show(progress: IndexProgress | None) -> None:
            view.follow(progress)
            self._status.update()

        return show

    def refresh_soon(self) -> None:
        """Does a `refresh` soon, for changes that come with every key that is typed."""
        self._refreshes.offer(None)

    def refresh(self) -> None:
        """Shows everything anew that is derived from the sessions."""
        self._diagnostics.publish()
        self._questions.update()
        self._tasks.start(
            self._client.refresh(types.WORKSPACE_CODE_LENS_REFRESH), "refresh of the code lenses"
        )
        self._status.update()

    def _react(self, session: Session, run_id: RunId, recorded: RecordedEvent) -> None:
        """Shows what an Event means beyond its own words."""
        event = recorded.event
        if parent_id(run_id) is not None and isinstance(event, RunStarted | RunResumed | RunEnded):
            return  # Its parent says when a subagent begins and ends, and has the progress.
        match event:
            case RunStarted():
                self._begin(session, run_id, run_title(event.task))
            case RunResumed():
                self._begin(session, run_id, _title(session, run_id))
            case PermissionAsked() | PermissionAnswered() | SamplingChanged():
                self.refresh()
            case Warned():
                self._client.log("warning", event.message)
            case RunEnded():
                self._end(session, run_id, event.outcome)
            case _:
                pass

    def _begin(self, session: Session, run_id: RunId, title: str) -> None:
        self._diagnostics.failures.pop(session.root, None)
        name = self._folders.name_among_several(session.root)
        shown = f"{title} (in {name})" if name else title
        self._turns[run_id] += 1
        turn = self._turns[run_id]
        self._progress[run_id] = RunProgress(self._client, self._tasks, run_id, shown, turn)
        self.refresh()

    def _end(self, session: Session, run_id: RunId, outcome: Outcome) -> None:
        text = outcome_text(outcome)
        if (progress := self._progress.pop(run_id, None)) is not None:
            progress.end(f"{outcome.outcome}: {text}")
        if isinstance(outcome, Failed):
            self._diagnostics.failures[session.root] = f"run {run_id} failed: {outcome.error}"
        if not self._client.can.ends and not _is_quiet(session, run_id):
            self._client.show(_level(outcome), text)
        self._tasks.start(self._refresh_when_over(session, run_id), f"end of {run_id}")

    async def _refresh_when_over(self, session: Session, run_id: RunId) -> None:
        """Shows the state after the run, which counts as active until it is written down."""
        # It may be over already.
        with contextlib.suppress(HoldfastError):
            await session.runs.active_run(run_id).wait()
        self.refresh()


def _is_quiet(session: Session, run_id: RunId) -> bool:
    """Says whether what came of a run is said in another way."""
    return run_id in session.code_review.run_ids


def _level(outcome: Outcome) -> Level:
    match outcome:
        case Achieved() | Finished() | Stopped():
            return "info"
        case Unmet() | Blocked():
            return "warning"
        case Failed():
            return "error"
        case _:
            assert_never(outcome)


def _title(session: Session, run_id: RunId) -> str:
    return next((run.title for run in session.runs.active() if run.run_id == run_id), run_id)
