"""A run as it goes, on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from lsp_server.cli.screen import EventFormatter
from lsp_server.domain.events import (
    Event,
    ModelAnswered,
    ModelWaited,
    PermissionAsked,
    RecordedEvent,
    RunEnded,
    StepStarted,
    Streamed,
    ToolCalled,
    ToolReturned,
    Warned,
)
from lsp_server.domain.permissions import visible
from lsp_server.domain.tasks import RunId


class TerminalScreen:
    """The answer as it streams, calls and results in short, a spinner while waiting."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._narrator = EventFormatter()
        self._status: Status | None = None
        self._streaming = False

    def show(self, run_id: RunId, recorded: RecordedEvent) -> None:
        event = recorded.event
        if isinstance(event, Streamed):
            self._stream(event)
            return
        self._end_stream()
        lines = [visible(line) for line in self._narrator.lines(run_id, event)]
        if not isinstance(event, ModelAnswered):  # Its text was streamed.
            for line in lines:
                self._console.print(_styled(event, line), soft_wrap=True)
        if isinstance(event, StepStarted):
            self._spin("thinking")
        if isinstance(event, ToolCalled):
            self._spin(escape(visible(event.title)))

    def pause(self) -> None:
        self._end_stream()
        self._rest()

    def close(self) -> None:
        self.pause()

    def _stream(self, event: Streamed) -> None:
        if event.channel == "text":
            self._rest()
            self._streaming = True
            self._console.print(visible(event.text), end="", markup=False, soft_wrap=True)
        elif not self._streaming:
            self._spin("writing a call" if event.channel == "tool" else "reasoning")

    def _end_stream(self) -> None:
        if self._streaming:
            self._console.print()
        self._streaming = False
        self._rest()

    def _spin(self, text: str) -> None:
        if self._status is None:
            self._status = self._console.status(text)
            self._status.start()
        else:
            self._status.update(text)

    def _rest(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def _styled(event: Event, line: str) -> str:
    text = escape(line)
    match event:
        case StepStarted():
            return f"[bold]{text}[/bold]"
        case ToolReturned(result=result):
            return f"[red]{text}[/red]" if result.is_error else f"[dim]{text}[/dim]"
        case ModelWaited() | Warned() | PermissionAsked():
            return f"[yellow]{text}[/yellow]"
        case RunEnded(outcome=outcome):
            colour = "green" if outcome.outcome == "achieved" else "yellow"
            return f"[bold {colour}]{text}[/bold {colour}]"
        case _:
            return text
