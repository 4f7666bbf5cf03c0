"""This module shows the progress of one run in the editor: begin, reports, end."""

from __future__ import annotations

from lsprotocol import types

from lsp_server.domain.events import (
    Event,
    PermissionAsked,
    StepFinished,
    StepStarted,
    Streamed,
    ToolCalled,
    ToolReturned,
)
from lsp_server.server.client import Client
from lsp_server.server.notices import notice
from lsp_server.server.protocol import progress_token
from lsp_server.server.views.throttle import Throttle
from lsp_server.system.task_set import TaskSet
from lsp_server.text.truncate import one_line
from lsp_server.wording.event_view import view_of

REPORT_SECONDS = 0.1
"""At most ten reports a second; editors, not we, are the bottleneck."""

MESSAGE_CHARS_MAX = 80


class RunProgress:
    """A `RunProgress` has messages and no percentage; its Cancel button stops the run.

    A client without progress gets one message at the start instead; a message says how
    the run ended anyway.
    """

    def __init__(self, client: Client, tasks: TaskSet, run_id: str, title: str) -> None:
        self._client = client
        self._token = progress_token(run_id)
        self._title = notice(title)
        self._begun = False
        self._ended = False
        self._message = "starting"
        self._step = 0
        self._cost_usd = 0.0
        self._reports: Throttle[str] = Throttle(REPORT_SECONDS, self._send)
        tasks.start(self._create(), f"progress of {run_id}")

    def follow(self, event: Event) -> None:
        """Reports what the run does now, in the words of the Event."""
        match event:
            case Streamed() | ToolReturned():
                pass  # There are thousands; and that a call came back is over when it is read.
            case StepStarted():
                self._step = event.step
                self._report_in_step("thinking")
            case StepFinished():
                self._cost_usd = event.cost_usd
            case _:
                view = view_of(event)
                if view.label and view.tone != "muted":
                    self._report_in_step(view.label)

    def follow_subagent(self, number: int, event: Event) -> None:
        """Reports what a subagent of the run does now; its number tells several apart."""
        match event:
            case ToolCalled() | PermissionAsked():
                self._report_in_step(f"[{number}] {view_of(event).label}")
            case _:
                pass

    def report(self, message: str) -> None:
        """Reports what the run does now, in one line."""
        self._message = one_line(notice(message), MESSAGE_CHARS_MAX)
        if self._begun:
            self._reports.offer(self._message)

    def end(self, message: str) -> None:
        """Ends the progress with how the run ended."""
        self._reports.close()
        self._ended = True
        if self._begun:
            end = types.WorkDoneProgressEnd(message=one_line(notice(message), MESSAGE_CHARS_MAX))
            self._client.progress(self._token, end)

    def _report_in_step(self, text: str) -> None:
        cost = f" · ${self._cost_usd:.2f}" if self._cost_usd else ""
        self.report(f"step {self._step}{cost} · {text}" if self._step else text)

    async def _create(self) -> None:
        created = await self._client.create_progress(self._token)
        if not created:
            self._client.show("info", f"works on: {self._title}")
        elif not self._ended:  # A run may be over before the editor has answered.
            self._begun = True
            begin = types.WorkDoneProgressBegin(
                title=f"Holdfast: {self._title}", cancellable=True, message=self._message
            )
            self._client.progress(self._token, begin)

    def _send(self, message: str) -> None:
        report = types.WorkDoneProgressReport(message=message, cancellable=True)
        self._client.progress(self._token, report)
