"""This module knows which commands run in the background, and what the model has to be told of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from lsp_server.domain.background_events import BackgroundEnded, BackgroundStarted
from lsp_server.domain.events import (
    Event,
    RunResumed,
    Told,
)
from lsp_server.text.legible import on_one_line
from lsp_server.text.truncate import one_line

COMMAND_CHARS_MAX = 200
LINE_CHARS_MAX = 300


@dataclass(slots=True)
class Background:
    """A `Background` has the commands in the background, by their ids.

    `running` are those that run, or ran when the run was interrupted. `news` are ends that
    the model was not told of. `started` counts all.
    """

    started: int = 0
    running: dict[str, str] = field(default_factory=dict)
    news: list[BackgroundEnded] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)
    """Those that ended with the run, which may go on."""

    def apply(self, event: Event) -> None:
        """Takes an Event in."""
        match event:
            case BackgroundStarted():
                self.started += 1
                self.running[event.id] = event.command
            case BackgroundEnded():
                self.running.pop(event.id, None)
                if event.by == "itself" and not event.told:
                    self.news.append(event)
                elif event.by == "run":
                    self.lost[event.id] = event.command
            case Told(origin="command"):
                self.news.clear()
            case RunResumed():
                self.running.clear()
                self.lost.clear()
            case _:
                pass

    @property
    def news_text(self) -> str:
        """Returns what the model has to be told, "" for nothing."""
        return "\n".join(map(_news_of, self.news))

    @property
    def lost_text(self) -> str:
        """Returns which commands ended when the run was interrupted, "" for none."""
        lost = {**self.lost, **self.running}
        return "\n".join(f"- {line}" for line in described(lost))

    @property
    def lines(self) -> list[str]:
        """Returns a line for each command that runs."""
        return [f"- {line}" for line in described(self.running)]


def described(commands: dict[str, str]) -> list[str]:
    """Returns a line for each command, by its id."""
    return [
        f"{background_id}: {on_one_line(one_line(command, COMMAND_CHARS_MAX))}"
        for background_id, command in commands.items()
    ]


def _news_of(ended: BackgroundEnded) -> str:
    command = on_one_line(one_line(ended.command, COMMAND_CHARS_MAX))
    quoted = "".join(
        f"\n> {on_one_line(line[:LINE_CHARS_MAX])}" for line in ended.last_lines.splitlines()
    )
    said = f" It said last:{quoted}" if quoted else ""
    return f"The background command {ended.id} ended, {ended.ending}: {command}.{said}"
