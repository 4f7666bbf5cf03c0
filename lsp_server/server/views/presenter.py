"""Events to what a person sees: progress, diagnostics, messages, status.

What is shown beyond the moment is derived from the session each time, so that
it cannot drift from it. To show a new Event: give it a case in `_tell`, or in
`_Shown.follow` when it is a line of progress.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import (
    Event,
    PermissionAnswered,
    PermissionAsked,
    RecordedEvent,
    RunEnded,
    RunResumed,
    RunStarted,
    SamplingChanged,
    StepFinished,
    StepStarted,
    Streamed,
    ToolReturned,
    Warned,
)
from lsp_server.domain.goals import GOALS_FILE
from lsp_server.domain.tasks import Achieved, Blocked, Failed, Outcome, RunId, Stopped, Unmet
from lsp_server.memory.indexing import IndexProgress
from lsp_server.server import to_lsp
from lsp_server.server.background import Background
from lsp_server.server.client import Client, Level
from lsp_server.server.documents import OpenDocuments
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.params import GoalCounts, IndexState, Status, Tokens
from lsp_server.server.protocol import SOURCE, CommandName, DiagnosticCode
from lsp_server.server.views import goal_view
from lsp_server.server.views.event_notice import event_notice
from lsp_server.server.views.progress import IndexProgressView, RunProgress, Throttle
from lsp_server.session.goals import GoalTotals
from lsp_server.session.memory import MemoryState
from lsp_server.session.permissions import PendingQuestion
from lsp_server.session.session import Session
from lsp_server.wording.event_view import view_of
from lsp_server.wording.run_texts import outcome_text, task_title
from lsp_server.wording.status_line import status_line

STATUS_SECONDS = 0.25
"""At most four a second."""

REFRESH_SECONDS = 0.15
"""How often goals are shown anew while a person types."""

DETAIL_CHARS_MAX = 2000


@dataclass(slots=True)
class _Shown:
    """What the editor shows of a run that is active."""

    progress: RunProgress
    step: int = 0
    cost_usd: float = 0.0

    def follow(self, event: Event) -> None:
        """Reports what the run does now, in the words of the Event."""
        if isinstance(event, Streamed | ToolReturned):
            return  # That a call came back is over before anybody has read it.
        view = view_of(event)
        match event:
            case StepStarted():
                self.step = event.step
                self._report("thinking")
            case StepFinished():
                self.cost_usd = event.cost_usd
            case _ if view.label and view.tone != "muted":
                self._report(view.label)

    def _report(self, text: str) -> None:
        cost = f" · ${self.cost_usd:.2f}" if self.cost_usd else ""
        self.progress.report(f"step {self.step}{cost} · {text}" if self.step else text)


class Presenter:
    """One for all sessions; `publish` is what they call for each Event."""

    def __init__(
        self,
        client: Client,
        folders: Folders,
        open_documents: OpenDocuments,
        background: Background,
    ) -> None:
        self._client = client
        self._folders = folders
        self._open = open_documents
        self._background = background
        self._shown: dict[RunId, _Shown] = {}
        self._failures: dict[Path, str] = {}
        self._published: dict[str, list[types.Diagnostic]] = {}
        self._status: Throttle[None] = Throttle(STATUS_SECONDS, self._send_status)
        self._last_status: Status | None = None
        self._refreshes: Throttle[None] = Throttle(REFRESH_SECONDS, lambda _: self.refresh())

    def opened(self, session: Session) -> None:
        """Says which run waits to be resumed; a client that shows runs offers it itself."""
        newest = None if self._client.can.events else session.runs.newest()
        if newest is not None and newest.state == "interrupted":
            where = f" after step {newest.step}" if newest.step else ""
            self._client.show(
                "info",
                f"“{newest.title}” was interrupted{where} and nothing is lost; "
                f"{CommandName.RUN_RESUME} goes on with it",
            )

    def publish(self, session: Session, run_id: RunId, recorded: RecordedEvent) -> None:
        """Shows one Event."""
        if self._client.can.events:
            self._client.notify_event(event_notice(run_id, recorded).wire())
        self._tell(session, run_id, recorded)
        self._status.offer(None)

    def status(self) -> Status:
        """The state of the folder where most is going on; goals are counted in all of them."""
        order = ("waiting", "running", "indexing", "error", "idle")
        sessions = [folder.session for folder in self._folders if folder.session is not None]
        found = [session.status() for session in sessions]
        chosen = min(found, key=lambda status: order.index(status.state), default=None)
        if chosen is None:
            return Status(state="idle", message="no workspace folder is open")
        goals = _counts([status.goals for status in found])
        return Status(
            state=chosen.state,
            message=chosen.message,
            run_id=chosen.run_id,
            title=chosen.title or None,
            step=chosen.step or None,
            tokens=Tokens(
                input=chosen.usage.prompt_tokens,
                cached=chosen.usage.cached_tokens,
                output=chosen.usage.completion_tokens,
            ),
            cost_usd=chosen.cost_usd or None,
            endpoint=chosen.endpoint,
            max_mode=chosen.max_mode or None,
            goals=goals,
            line=status_line(chosen.state, goals.met, goals.total, chosen.step, chosen.cost_usd),
            index=_index_state(chosen.memory),
        )

    def index_progress(self, folder: Folder) -> Callable[[IndexProgress | None], None]:
        """Shows how far the index of a folder is, also in the status."""
        shown = IndexProgressView(self._client, self._background, folder.root.name)

        def show(progress: IndexProgress | None) -> None:
            shown.follow(progress)
            self._status.offer(None)

        return show

    def refresh_soon(self) -> None:
        """The same as `refresh`, for what comes with every key that is typed."""
        self._refreshes.offer(None)

    def refresh(self) -> None:
        """Shows everything that is derived from the sessions anew."""
        self._publish_diagnostics()
        self._background.start(self._client.refresh_lenses(), "refresh of the code lenses")
        self._status.offer(None)

    def _tell(self, session: Session, run_id: RunId, recorded: RecordedEvent) -> None:
        event = recorded.event
        match event:
            case RunStarted():
                self._begin(session, run_id, task_title(event.task.instruction))
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
        if (shown := self._shown.get(run_id)) is not None:
            shown.follow(event)

    def _begin(self, session: Session, run_id: RunId, title: str) -> None:
        self._failures.pop(session.root, None)
        name = self._folders.display_names(session.root)
        shown = f"{title} (in {name})" if name else title
        progress = RunProgress(self._client, self._background, run_id, shown)
        self._shown[run_id] = _Shown(progress)
        self.refresh()

    def _end(self, session: Session, run_id: RunId, outcome: Outcome) -> None:
        sentence = outcome_text(outcome)
        if (shown := self._shown.pop(run_id, None)) is not None:
            shown.progress.end(f"{outcome.outcome}: {sentence}")
        if isinstance(outcome, Failed):
            self._failures[session.root] = f"run {run_id} failed: {outcome.error}"
        self._client.show(_level(outcome), sentence)
        self._background.start(self._settle(session, run_id), f"end of {run_id}")

    async def _settle(self, session: Session, run_id: RunId) -> None:
        """Shows the state after the run, which counts as active until it is written down."""
        # It may be over already.
        with contextlib.suppress(HoldfastError):
            await session.runs.wait(run_id)
        self.refresh()

    def _send_status(self, _: None) -> None:
        status = self.status()
        if status != self._last_status:
            self._last_status = status
            self._client.notify_status(status.wire())

    def _publish_diagnostics(self) -> None:
        """Publishes what differs from what the editor has."""
        current: dict[str, list[types.Diagnostic]] = {}
        for folder in self._folders:
            for path, diagnostic in self._diagnostics(folder):
                document = self._open.at(path)
                uri = document.uri if document is not None else to_lsp.uri(path)
                current.setdefault(uri, []).append(diagnostic)
        for uri in current.keys() | self._published.keys():
            if current.get(uri, []) != self._published.get(uri, []):
                self._client.publish(uri, current.get(uri, []))
        self._published = current

    def _diagnostics(self, folder: Folder) -> list[tuple[Path, types.Diagnostic]]:
        goals = folder.root / GOALS_FILE
        found: list[tuple[Path, types.Diagnostic]] = []
        if folder.session is not None:
            for pending in folder.session.permissions.pending():
                diagnostic = _permission(pending)
                found.append((goals, diagnostic))
                if pending.question.path is not None:
                    found.append((folder.root / pending.question.path, diagnostic))
            can = self._client.can
            found += goal_view.diagnostics(
                folder, folder.session.goals, can.encoding, related=can.related_information
            )
        if (failure := self._failures.get(folder.root)) is not None:
            text = f"{failure}\n({CommandName.RUN_SHOW} opens its transcript)"
            found.append((goals, _diagnostic(DiagnosticCode.RUN_FAILED, text)))
        return found


def _counts(of_folders: Sequence[GoalTotals]) -> GoalCounts:
    """The sums, as the same goal of two folders is two."""
    return GoalCounts(
        met=sum(counts.met for counts in of_folders),
        unmet=sum(counts.unmet for counts in of_folders),
        blocked=sum(counts.blocked for counts in of_folders),
        total=sum(counts.total for counts in of_folders),
    )


def _index_state(memory: MemoryState) -> IndexState:
    status = memory.status
    if status is None:
        return IndexState()
    return IndexState(files=status.files, pending=status.pending)


def _permission(pending: PendingQuestion) -> types.Diagnostic:
    question = pending.question
    detail = question.detail[:DETAIL_CHARS_MAX]
    diagnostic = _diagnostic(
        DiagnosticCode.PERMISSION_PENDING,
        f"Holdfast waits for permission: {question.summary}\n{detail}\n"
        "(answer with a code action here)",
    )
    diagnostic.data = {"id": question.id, "runId": pending.run_id}
    return diagnostic


def _diagnostic(code: DiagnosticCode, message: str) -> types.Diagnostic:
    failed = code is DiagnosticCode.RUN_FAILED
    return types.Diagnostic(
        range=to_lsp.whole_line(0),
        message=message,
        severity=types.DiagnosticSeverity.Error if failed else types.DiagnosticSeverity.Warning,
        code=code.value,
        source=SOURCE,
    )


def _level(outcome: Outcome) -> Level:
    match outcome:
        case Achieved() | Stopped():
            return "info"
        case Unmet() | Blocked():
            return "warning"
        case Failed():
            return "error"


def _title(session: Session, run_id: RunId) -> str:
    return next((run.title for run in session.runs.active() if run.run_id == run_id), run_id)
