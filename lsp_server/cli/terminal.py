"""This module shows a run on a terminal: rendered text, colours, and a last line that is alive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from lsp_server.cli.keyboard import Keyboard
from lsp_server.cli.markdown_blocks import MarkdownBlocks
from lsp_server.cli.rich_views import SafeMarkdown
from lsp_server.cli.screen import RunFormatter, ScreenLine
from lsp_server.domain.events import (
    Event,
    ModelAnswered,
    RecordedEvent,
    RunEnded,
    StepFinished,
    StepStarted,
    Streamed,
    ToolCalled,
)
from lsp_server.domain.permissions import visible
from lsp_server.domain.tasks import RunId
from lsp_server.session.child_runs import parent_id
from lsp_server.wording.event_view import view_of
from lsp_server.wording.shown_event import Tone

_STYLES: Mapping[Tone, str] = {
    "plain": "",
    "good": "green",
    "bad": "red",
    "waiting": "yellow",
    "muted": "dim",
}
UNFINISHED_LINES_MAX = 6
UNFINISHED_CHARS_MAX = 2000
"""Of a block that still streams its end is shown."""
REFRESH_SECONDS = 0.1


class TerminalScreen:
    """A `TerminalScreen` shows what a run says, as it comes, above a line that tells what it does.

    What a person types meanwhile stands below that line.
    """

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._formatter = RunFormatter()
        self._blocks = MarkdownBlocks()
        self._footer = Footer(self._console)
        self._live: Live | None = None
        self._next: asyncio.TimerHandle
        self._keyboard: Keyboard | None = None
        self._is_asking = False

    def show(self, run_id: RunId, recorded: RecordedEvent) -> None:
        event, is_child = recorded.event, parent_id(run_id) is not None
        if isinstance(event, Streamed):
            if not is_child:  # Several at once could not be read.
                self._stream(event)
            return
        lines = list(self._formatter.lines(run_id, event))
        if isinstance(event, ModelAnswered) and not is_child:
            self._end_stream()  # Its text was streamed.
            lines = []
        if isinstance(event, RunEnded) and not is_child:
            self._stop()
            self._print_end(event)
            return
        for line in lines:
            self._console.print(
                _styled(line, is_bold=isinstance(event, StepStarted)), soft_wrap=True
            )
        if not is_child:
            self._follow(event)

    def listen(self, told: Callable[[str], None]) -> None:
        def on_line(line: str) -> None:
            self._console.print(f"[dim]you: {escape(visible(line))}[/dim]", soft_wrap=True)
            told(line)

        self._keyboard = Keyboard(on_line)
        self._footer.keyboard = self._keyboard
        if not self._is_asking:
            self._keyboard.open()

    @contextmanager
    def asking(self) -> Iterator[None]:
        self._is_asking = True
        self._stop()
        try:
            yield
        finally:
            self._is_asking = False
            self._footer.begin()  # The person's time is not the call's.
            if self._keyboard is not None:
                self._keyboard.open()
            self._spin(self._footer.doing)

    def close(self) -> None:
        self._end_stream()
        self._stop()
        self._keyboard = None

    def _follow(self, event: Event) -> None:
        match event:
            case StepStarted():
                self._spin("thinking")
            case ToolCalled():
                self._spin(event.title)
            case StepFinished():
                self._footer.spent(event)
            case _:
                pass

    def _print_end(self, event: RunEnded) -> None:
        view = view_of(event)
        self._console.print()
        outcome = ScreenLine(f"{event.outcome.outcome}:", view.tone)
        self._console.print(_styled(outcome, is_bold=True))
        self._console.print(SafeMarkdown(view.detail))

    def _stream(self, event: Streamed) -> None:
        if event.channel != "text":
            self._spin("writing a call" if event.channel == "tool" else "reasoning")
            return
        for block in self._blocks.feed(event.text):
            self._print_block(block)
        self._footer.unfinished = self._blocks.rest
        self._spin("answering")

    def _end_stream(self) -> None:
        self._footer.unfinished = ""
        if (rest := self._blocks.end()).strip():
            self._print_block(rest)

    def _print_block(self, block: str) -> None:
        self._console.print(SafeMarkdown(block))
        self._console.print()

    def _spin(self, doing: str) -> None:
        self._footer.say(doing)
        if self._live is None and not self._is_asking and doing:
            self._live = Live(
                self._footer,
                console=self._console,
                transient=True,
                # A thread of its own would draw into what is printed here.
                auto_refresh=False,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
            self._refresh()

    def _refresh(self) -> None:
        if self._live is not None:
            self._live.refresh()
            self._next = asyncio.get_running_loop().call_later(REFRESH_SECONDS, self._refresh)

    def _stop(self) -> None:
        if self._live is not None:
            self._next.cancel()
            self._live.stop()
            self._live = None
        if self._keyboard is not None:
            self._keyboard.close()


class Footer:
    """A `Footer` is the end of a block that streams, what the run does, and what is typed meanwhile."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = self._since = time.monotonic()
        self._spinner = Spinner("dots")
        self._spent = ""
        self.doing = ""
        self.unfinished = ""
        self.keyboard: Keyboard | None = None

    def say(self, doing: str) -> None:
        """Takes in what the run does from now on."""
        if doing != self.doing:
            self.doing = doing
            self.begin()

    def begin(self) -> None:
        """Counts the time of what the run does from now on."""
        self._since = time.monotonic()

    def spent(self, event: StepFinished) -> None:
        """Takes in what the run took so far."""
        tokens = event.billed.prompt_tokens + event.billed.completion_tokens
        cost = f" · ${event.cost_usd:.2f}" if event.cost_usd else ""
        self._spent = f" · {token_count(tokens)} tokens{cost}"

    def __rich__(self) -> RenderableType:
        parts: list[RenderableType] = []
        if self.unfinished.strip():
            end = Text(visible(self.unfinished[-UNFINISHED_CHARS_MAX:]).strip("\n"))
            lines = end.wrap(self._console, self._console.width)
            parts += lines[-UNFINISHED_LINES_MAX:]
        parts.append(self._line())
        if self.keyboard is not None and (typed := self.keyboard.editor.text):
            shown = Text(f"> {visible(typed)}▏".replace("\n", "⏎"))
            # The end is what one is writing.
            parts.append(
                shown
                if shown.cell_len < self._console.width
                else _end_of(shown, self._console.width)
            )
        return Group(*parts)

    def _line(self) -> RenderableType:
        now = time.monotonic()
        figures = f" {clock(now - self._since)}{self._spent} · {clock(now - self._began)} in all"
        line = Table.grid(padding=(0, 1, 0, 0))
        line.add_column(no_wrap=True)
        line.add_column(no_wrap=True)
        doing = Text(visible(self.doing).replace("\n", " "))
        doing.truncate(max(8, self._console.width - len(figures) - 3), overflow="ellipsis")
        line.add_row(self._spinner, Text.assemble(doing, (figures, "dim")))
        return line


def _end_of(text: Text, columns: int) -> Text:
    return Text("…" + text.plain[-max(1, (columns - 2) // 2) :])


def clock(seconds: float) -> str:
    """Returns a time as it runs.

    >>> clock(7.9), clock(75), clock(3700)
    ('7 s', '1:15', '1:01:40')
    """
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d}" if minutes else f"{rest} s"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def token_count(tokens: int) -> str:
    """Returns a number of tokens in short.

    >>> token_count(999), token_count(34_120), token_count(2_500_000)
    ('999', '34k', '2.5M')
    """
    if tokens < 1000:
        return str(tokens)
    return f"{tokens // 1000}k" if tokens < 1_000_000 else f"{tokens / 1_000_000:.1f}M"


def _styled(line: ScreenLine, *, is_bold: bool) -> str:
    bold = "bold " if is_bold else ""
    style = f"{bold}{_STYLES[line.tone]}".strip()
    text = escape(visible(line.text))
    return f"[{style}]{text}[/{style}]" if style else text
