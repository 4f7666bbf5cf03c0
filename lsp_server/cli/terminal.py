"""This module shows a run on a terminal, with colour and a spinner."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from lsp_server.cli.screen import RunFormatter, ScreenLine
from lsp_server.domain.events import (
    Event,
    ModelAnswered,
    RecordedEvent,
    RunEnded,
    StepStarted,
    Streamed,
    ToolCalled,
)
from lsp_server.domain.permissions import visible
from lsp_server.domain.tasks import RunId
from lsp_server.session.child_runs import parent_id
from lsp_server.wording.shown_event import Tone

_STYLES: Mapping[Tone, str] = {
    "plain": "",
    "good": "green",
    "bad": "red",
    "waiting": "yellow",
    "muted": "dim",
}


class TerminalScreen:
    """A `TerminalScreen` shows the answer as it streams, results in short, and a spinner."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._formatter = RunFormatter()
        self._status: Status | None = None
        self._streaming = False

    def show(self, run_id: RunId, recorded: RecordedEvent) -> None:
        event, is_child = recorded.event, parent_id(run_id) is not None
        if isinstance(event, Streamed):
            if not is_child:  # Several at once could not be read.
                self._stream(event)
            return
        self._end_stream()
        lines = list(self._formatter.lines(run_id, event))
        if is_child or not isinstance(event, ModelAnswered):  # Its text was streamed.
            for line in lines:
                self._console.print(_styled(event, line), soft_wrap=True)
        if isinstance(event, StepStarted):
            self._spin("thinking")
        if isinstance(event, ToolCalled):
            self._spin(escape(visible(event.title)))

    def pause(self) -> None:
        self._end_stream()
        self._stop_spinner()

    def close(self) -> None:
        self.pause()

    def _stream(self, event: Streamed) -> None:
        if event.channel == "text":
            self._stop_spinner()
            self._streaming = True
            self._console.print(visible(event.text), end="", markup=False, soft_wrap=True)
        elif not self._streaming:
            self._spin("writing a call" if event.channel == "tool" else "reasoning")

    def _end_stream(self) -> None:
        if self._streaming:
            self._console.print()
        self._streaming = False
        self._stop_spinner()

    def _spin(self, text: str) -> None:
        if self._status is None:
            self._status = self._console.status(text)
            self._status.start()
        else:
            self._status.update(text)

    def _stop_spinner(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def _styled(event: Event, line: ScreenLine) -> str:
    bold = "bold " if isinstance(event, StepStarted | RunEnded) else ""
    style = f"{bold}{_STYLES[line.tone]}".strip()
    text = escape(visible(line.text))
    return f"[{style}]{text}[/{style}]" if style else text
