"""The progress of one run in the editor: begin, reports, end, then forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from lsprotocol import types

from lsp_server.memory.indexing import IndexProgress
from lsp_server.server.background import Background
from lsp_server.server.client import Client
from lsp_server.server.notices import notice
from lsp_server.server.protocol import INDEX_TOKEN, progress_token

REPORT_SECONDS = 0.1
"""At most ten reports a second; editors, not we, are the bottleneck."""

SHARE = 0.1

MESSAGE_CHARS_MAX = 80

FILES_SHOWN_MIN = 20
"""A run over fewer files is over before an editor shows that it began."""

Value = TypeVar("Value")


class Throttle(Generic[Value]):
    """Passes values on at most once in `interval_seconds`; the latest one always arrives.

    What takes long to send is sent less often: at most `SHARE` of the time goes into it.
    """

    def __init__(self, interval_seconds: float, send: Callable[[Value], None]) -> None:
        self._interval_seconds = interval_seconds
        self._send = send
        self._latest: Value
        self._timer: asyncio.TimerHandle | None = None
        self._next_at = 0.0

    def offer(self, value: Value) -> None:
        """Sends now, or as soon as the interval is over."""
        self._latest = value
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(self._next_at, loop.time()), self._pass)

    def close(self) -> None:
        """What waits is not sent any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pass(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        begun = loop.time()
        self._next_at = begun + self._interval_seconds
        self._send(self._latest)
        now = loop.time()
        self._next_at = max(self._next_at, now + (now - begun) / SHARE)


class RunProgress:
    """Open-ended work, so messages and no percentage; its Cancel button stops the run.

    A client without progress gets one message at the start instead; that the
    run ends is told by a message anyway.
    """

    def __init__(self, client: Client, background: Background, run_id: str, title: str) -> None:
        self._client = client
        self._token = progress_token(run_id)
        self._title = notice(title)
        self._begun = False
        self._ended = False
        self._message = "starting"
        self._reports: Throttle[str] = Throttle(REPORT_SECONDS, self._report)
        background.start(self._create(), f"progress of {run_id}")

    def report(self, message: str) -> None:
        """What the run does now, in one line."""
        self._message = _short(message)
        if self._begun:
            self._reports.offer(self._message)

    def end(self, message: str) -> None:
        """How the run ended."""
        self._reports.close()
        self._ended = True
        if self._begun:
            self._client.progress(self._token, types.WorkDoneProgressEnd(message=_short(message)))

    async def _create(self) -> None:
        created = await self._client.create_progress(self._token)
        if not created:
            self._client.show("info", f"works on: {self._title}")
        elif not self._ended:
            self._begun = True
            begin = types.WorkDoneProgressBegin(
                title=f"Holdfast: {self._title}", cancellable=True, message=self._message
            )
            self._client.progress(self._token, begin)

    def _report(self, message: str) -> None:
        self._client.progress(
            self._token, types.WorkDoneProgressReport(message=message, cancellable=True)
        )


class IndexProgressView:
    """The progress of an index run, with a percentage: begun at its first report."""

    def __init__(self, client: Client, background: Background, name: str) -> None:
        self._client = client
        self._background = background
        self._title = f"Holdfast: indexing {notice(name)}"
        self._runs = 0
        self._begun: asyncio.Task[bool] | None = None
        self._reports: Throttle[IndexProgress] = Throttle(REPORT_SECONDS, self._report)

    def follow(self, progress: IndexProgress | None) -> None:
        """How far it is; None: it is over."""
        if progress is None:
            self._end()
        elif progress.total >= FILES_SHOWN_MIN:
            if self._begun is None:
                self._runs += 1
                self._begun = self._background.start(self._begin(), "progress of indexing")
            self._reports.offer(progress)

    @property
    def _token(self) -> str:
        return f"{INDEX_TOKEN}-{self._runs}"

    async def _begin(self) -> bool:
        """Whether the editor shows it."""
        if not await self._client.create_progress(self._token):
            return False
        begin = types.WorkDoneProgressBegin(title=self._title, cancellable=False, percentage=0)
        self._client.progress(self._token, begin)
        return True

    def _report(self, progress: IndexProgress) -> None:
        if self._begun is not None and self._begun.done() and self._begun.result():
            report = types.WorkDoneProgressReport(
                message=f"{progress.done} of {progress.total} files",
                percentage=progress.done * 100 // progress.total,
            )
            self._client.progress(self._token, report)

    def _end(self) -> None:
        self._reports.close()
        begun, self._begun = self._begun, None
        if begun is not None:
            token = self._token
            begun.add_done_callback(lambda task: self._ended(task, token))

    def _ended(self, begun: asyncio.Task[bool], token: str) -> None:
        if not begun.cancelled() and begun.exception() is None and begun.result():
            self._client.progress(token, types.WorkDoneProgressEnd())


def _short(message: str) -> str:
    line = notice(" ".join(message.split()))
    return line if len(line) <= MESSAGE_CHARS_MAX else f"{line[: MESSAGE_CHARS_MAX - 1]}…"
