"""This module shows the progress of one run in the editor: begin, reports, end."""

from __future__ import annotations

import asyncio

from lsprotocol import types

from lsp_server.domain.events import (
    Event,
    StepFinished,
    StepStarted,
    Streamed,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.permission_events import PermissionAsked
from lsp_server.server.client import Client
from lsp_server.server.notices import notice
from lsp_server.server.protocol import progress_token
from lsp_server.server.views.current_work import CurrentWork, Doing
from lsp_server.server.views.throttle import Throttle
from lsp_server.system.task_set import TaskSet
from lsp_server.text.truncate import one_line
from lsp_server.wording.event_view import view_of

REPORT_SECONDS = 0.1
"""At most ten reports a second; editors, not we, are the bottleneck."""

WORDS_SECONDS = 0.5
"""What the model writes is shown twice a second at most, and seconds are counted one by one."""
TICK_SECONDS = 1.0

MESSAGE_CHARS_MAX = 80


class RunProgress:
    """A `RunProgress` has messages and no percentage; its Cancel button stops the run.

    A message is one line: the last words of the model while it writes, what is done and for
    how many seconds, or what the run waits for. `turn` counts how often the run began or
    went on, as clients take a token once.

    A client without progress gets one message at the start instead; a message says how
    the run ended anyway.
    """

    def __init__(
        self, client: Client, tasks: TaskSet, run_id: str, title: str, turn: int = 1
    ) -> None:
        self._client = client
        self._token = progress_token(run_id, turn)
        self._title = notice(title)
        self._begun = False
        self._ended = False
        self._message = "starting"
        self._step = 0
        self._cost_usd = 0.0
        self._work = CurrentWork()
        self._reports: Throttle[str] = Throttle(REPORT_SECONDS, self._send)
        self._words: Throttle[None] = Throttle(WORDS_SECONDS, lambda _: self._report_work())
        self._tick: asyncio.TimerHandle | None = None
        tasks.start(self._create(), f"progress of {run_id}")

    def follow(self, event: Event) -> None:
        """Reports what the run does now, in the words of the Event."""
        match event:
            case Streamed(channel="text"):
                self._work.write(event.text, at=_now())
                self._words.offer(None)
            case Streamed() | ToolReturned():
                pass  # There are thousands; and that a call came back is over when it is read.
            case StepStarted():
                self._step = event.step
                self._begin("thinks", "thinking")
            case StepFinished():
                self._cost_usd = event.cost_usd
            case ToolCalled():
                self._begin("works", view_of(event).label)
            case _:
                view = view_of(event)
                if view.label and view.tone != "muted":
                    self._begin("waits", view.label)

    def follow_subagent(self, number: int, event: Event) -> None:
        """Reports what a subagent of the run does now; its number tells several apart."""
        match event:
            case ToolCalled() | PermissionAsked():
                self._begin("waits", f"[{number}] {view_of(event).label}")
            case _:
                pass

    def report(self, message: str) -> None:
        """Reports what the run does now, in one line."""
        self._message = one_line(notice(message), MESSAGE_CHARS_MAX)
        if self._begun:
            self._reports.offer(self._message)

    def end(self, message: str) -> None:
        """Ends the progress with how the run ended."""
        for throttle in (self._reports, self._words):
            throttle.close()
        self._ended = True
        if self._tick is not None:
            self._tick.cancel()
        if self._begun:
            end = types.WorkDoneProgressEnd(message=one_line(notice(message), MESSAGE_CHARS_MAX))
            self._client.progress(self._token, end)

    def _begin(self, doing: Doing, label: str) -> None:
        self._work.begin(doing, label, at=_now())
        self._report_work()
        if self._tick is None:
            self._count()

    def _report_work(self) -> None:
        cost = f" · ${self._cost_usd:.2f}" if self._cost_usd else ""
        where = f"step {self._step}{cost} · " if self._step else ""
        chars_max = MESSAGE_CHARS_MAX - len(where)
        self.report(where + self._work.text(at=_now(), chars_max=chars_max))

    def _count(self) -> None:
        """Reports the seconds of what takes some, as long as the run is at work."""
        if self._tick is not None:
            self._report_work()
        self._tick = None
        if not self._ended and self._work.is_counted(at=_now()):
            self._tick = asyncio.get_running_loop().call_later(TICK_SECONDS, self._count)

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


def _now() -> float:
    return asyncio.get_running_loop().time()
