"""Journals of runs of a given day, told of facts and skills, with what each used and how it ended."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from lsp_server.agent.journal_format import encode_record
from lsp_server.domain.events import (
    CyclePacked,
    Event,
    ModelAnswered,
    RecordedEvent,
    RunEnded,
    RunStarted,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.ids import Id
from lsp_server.domain.messages import Message, Usage
from lsp_server.domain.prompt_sections import PromptSection
from lsp_server.domain.tasks import Failed, Finished, RunId, Task
from lsp_server.domain.tools import ToolCall, ToolResult


@dataclass(frozen=True)
class DatedRun:
    """A run of a day: what it was asked, told, ran, read and loaded, and whether it went well."""

    at: datetime
    task: str = "Do the work of the day."
    told: Collection[Id] = ()
    commands: Sequence[str] = ()
    reads: Sequence[str] = ()
    skills: Sequence[str] = ()
    goes_well: bool = True

    def write(self, runs: Path, project: Path) -> None:
        """Writes its journal, as the run would have done then."""
        run_id = RunId(f"{self.at:%Y%m%d-%H%M%S}-000000")
        place = runs / run_id / "journal.jsonl"
        place.parent.mkdir(parents=True)
        times = (self.at + timedelta(seconds=count) for count in range(1_000))
        lines = (
            encode_record(RecordedEvent(seq, at.isoformat(), event))
            for seq, (at, event) in enumerate(zip(times, self._events(run_id, project)))  # noqa: B905
        )
        place.write_bytes(b"".join(lines))

    def _events(self, run_id: RunId, project: Path) -> Sequence[Event]:
        sections = tuple(PromptSection("fact", one, 10) for one in self.told)
        calls = [
            *(("skill", {"name": one}) for one in self.skills),
            *(("shell", {"command": one}) for one in self.commands),
            *(("read", {"path": one}) for one in self.reads),
        ]
        outcome = Finished("done") if self.goes_well else Failed("it did not work")
        return [
            RunStarted(run_id, Task(self.task), str(project), "scripted"),
            CyclePacked(1, 100_000, sections, ()),
            *(event for n, call in enumerate(calls, 1) for event in _called(n, *call)),
            RunEnded(outcome, len(calls), Usage(), Usage(), 0.0),
        ]


def _called(step: int, name: str, arguments: dict[str, str]) -> Sequence[Event]:
    call = ToolCall(f"call_{step}", name, json.dumps(arguments))
    is_shell = name == "shell"
    result = ToolResult(
        "exit status 0 after 0.1 s\ndone" if is_shell else "done",
        exit_status=0 if is_shell else None,
    )
    answer = Message("assistant", "I go on.", tool_calls=(call,))
    return [
        ModelAnswered(step, answer, "tool_calls", Usage(), Usage(), 0.0),
        ToolCalled(step, call, f"{name} {next(iter(arguments.values()))}", "other"),
        ToolReturned(step, call.id, name, result, 0.1, "other"),
    ]
