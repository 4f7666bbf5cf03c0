"""The progress of one run in the editor: begin, reports, end, then forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from lsprotocol import types

from lsp_server.server.background import Background
from lsp_server.server.client import Client
from lsp_server.server.protocol import progress_token

REPORT_SECONDS = 0.1
"""At most ten reports a second; editors, not we, are the bottleneck."""

SHARE = 0.1

MESSAGE_CHARS_MAX = 80

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
        self._title = title
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


def _short(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= MESSAGE_CHARS_MAX else f"{line[: MESSAGE_CHARS_MAX - 1]}…"
