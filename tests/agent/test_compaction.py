"""When the prompt is full: what a new cycle begins with, and what it survives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lsp_server.agent.compaction import Compaction, first_prompt, next_prompt
from lsp_server.agent.context import Context
from lsp_server.agent.event_log import EventLog
from lsp_server.agent.journal import Journal
from lsp_server.agent.memory_source import HEADING, MemoryItem, MemorySource, NoMemorySource
from lsp_server.agent.run_config import RunConfig
from lsp_server.agent.state import State
from lsp_server.agent.workspace_view import NoWorkspaceView
from lsp_server.domain.errors import MemoryUnavailable, ModelUnavailable
from lsp_server.domain.events import (
    BriefWritten,
    CyclePacked,
    CycleStarted,
    Event,
    ModelAnswered,
    RunStarted,
    StepStarted,
    Told,
    ToolCalled,
    ToolReturned,
    Warned,
)
from lsp_server.domain.messages import (
    Choice,
    Listener,
    Message,
    Request,
    Response,
    Usage,
    ignore_deltas,
)
from lsp_server.domain.prompt_sections import PromptParts
from lsp_server.domain.tasks import Budget, Finished, RunId, Task
from lsp_server.domain.tools import ToolCall, ToolResult
from tests.harness.workshop import calls, finish, says, workshop

TERMS = RunConfig("system", "Do it.", Budget(), 2800, brief=True)


def step(number: int, *results: str) -> list[Event]:
    made = tuple(ToolCall(f"call{number}-{n}", "shell", "{}") for n in range(len(results)))
    message = Message("assistant", f"Decision: {number} it is.", tool_calls=made)
    events: list[Event] = [
        StepStarted(number, 0),
        ModelAnswered(number, message, "tool_calls", Usage(), Usage(), 0.0),
    ]
    for call, result in zip(made, results, strict=True):
        events.append(ToolCalled(number, call, "$ x"))
        events.append(ToolReturned(number, call.id, "shell", ToolResult(result), 0.1))
    return events


class Scribe:
    """A model that writes a brief, or fails as it is told."""

    def __init__(self, answer: str | Exception) -> None:
        self._answer = answer
        self.requests: list[Request] = []

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        self.requests.append(request)
        if isinstance(self._answer, Exception):
            raise self._answer
        usage = Usage(100, 90, 5)
        return Response((Choice(Message("assistant", self._answer), "stop"),), usage, usage, 5.0)


class Shelf:
    """A memory with these things in it."""

    opens_soon = False

    def __init__(self, *offered: MemoryItem | Exception, facts: Sequence[MemoryItem] = ()) -> None:
        self._offered = offered
        self._facts = facts
        self.asked: list[tuple[str, tuple[str, ...], int]] = []

    async def project_facts(self) -> Sequence[MemoryItem]:
        return self._facts

    async def relevant_to(
        self, about: str, files: Sequence[str], tokens_max: int
    ) -> Sequence[MemoryItem]:
        self.asked.append((about, tuple(files), tokens_max))
        if isinstance(self._offered[0], Exception):
            raise self._offered[0]
        return [one for one in self._offered if isinstance(one, MemoryItem)]


def record(tmp_path: Path, *parts: list[Event]) -> tuple[EventLog, list[Event]]:
    events: list[Event] = []
    journal = Journal(tmp_path / "r" / "journal.jsonl")
    made = EventLog(journal, Context(8000), lambda recorded: events.append(recorded.event))
    for part in parts:
        for event in part:
            made.emit(event)
    return made, events


START: list[Event] = [
    RunStarted(RunId("r"), Task("Do it."), "/w", "m"),
    CycleStarted(1, "the run starts", "system", "Do it."),
]


async def full(
    tmp_path: Path, summarizer: Scribe, memory: MemorySource = NoMemorySource()
) -> tuple[EventLog, list[Event]]:
    """A record whose prompt has just been renewed."""
    steps = [event for number in range(1, 30) for event in step(number, "r" * 600)]
    made, events = record(tmp_path, START, steps)
    await Compaction(made, TERMS, memory, NoWorkspaceView(), summarizer).make_room()
    return made, events


async def test_a_brief_is_asked_for_behind_the_unchanged_prompt(tmp_path: Path) -> None:
    summarizer = Scribe("I go on with step 30.")
    made, events = await full(tmp_path, summarizer)
    (request,) = summarizer.requests
    assert len(request.messages) == 2 + 29 * 2 + 1
    assert request.messages[-1].role == "user"
    assert "## Your brief\n> I go on with step 30." in made.context.messages[1].text
    assert [e.cost_usd for e in events if isinstance(e, BriefWritten)] == [5.0]
    assert made.state.progress.cost_usd == 5.0
    assert made.state.progress.billed == Usage(100, 90, 5)


@pytest.mark.parametrize("answer", [ModelUnavailable("the endpoint is down"), ""])
async def test_a_cycle_begins_without_a_brief_too(tmp_path: Path, answer: str | Exception) -> None:
    made, events = await full(tmp_path, Scribe(answer))
    assert made.state.progress.cycle == 2
    assert "Your brief" not in made.context.messages[1].text
    assert "29 it is." in made.context.messages[1].text
    warned = [event.message for event in events if isinstance(event, Warned)]
    assert bool(warned) == isinstance(answer, Exception)


async def test_memory_adds_to_the_opening_and_the_receipt_tells(tmp_path: Path) -> None:
    shelf = Shelf(
        MemoryItem("f1", "fact", "", "The broker is on 48123.", 1.0),
        MemoryItem("a1", "action", "$ make", "x " * 4000, 1.0),
    )
    made, events = await full(tmp_path, Scribe(""), shelf)
    assert shelf.asked == [("Do it.", (), round(2800 * 0.06))]
    assert f"{HEADING}\n\n## Known of this project\n- The broker is on 48123." in (
        made.context.messages[1].text
    )
    (packed,) = [event for event in events if isinstance(event, CyclePacked)]
    assert [p.id for p in packed.taken if p.kind == "fact"] == ["f1"]
    assert ("action", "a1") in [(p.kind, p.id) for p in packed.left_out]
    assert sum(portion.tokens for portion in packed.taken) == pytest.approx(
        made.context.tokens, abs=100
    )


async def test_a_locked_memory_is_a_warning_and_the_cycle_begins(tmp_path: Path) -> None:
    made, events = await full(tmp_path, Scribe(""), Shelf(MemoryUnavailable("it is locked")))
    assert made.state.progress.cycle == 2
    assert any("it is locked" in e.message for e in events if isinstance(e, Warned))


def folded(*parts: list[Event]) -> tuple[State, Context]:
    state, context = State(), Context(8000)
    for part in parts:
        for event in part:
            state.apply(event)
            context.fold(event)
    return state, context


@pytest.mark.parametrize(
    "steps",
    [
        [step(1, "r" * 8000)],
        [step(1, *["r" * 8000] * 8)],
        [step(1, *["\u4f60" * 8000] * 8)],
        [step(n, "r" * 3000) for n in range(1, 40)],
        [step(n, "") for n in range(1, 400)],
        [step(1, "x"), [Told("y" * 50_000, "person")], step(2, "z")],
    ],
)
def test_whatever_fills_the_window_the_next_cycle_begins_well_below_it(
    steps: list[list[Event]],
) -> None:
    state, context = folded(START, *steps)
    started, packed = next_prompt(state, context, TERMS, PromptParts(), 2800, "full")
    context.fold(started)
    assert context.tokens < 0.75 * 2800
    assert context.messages[-1].role in ("tool", "user")
    assert {m.tool_call_id for m in context.messages[2:] if m.role == "tool"} == {
        call.id for m in context.messages[2:] for call in m.tool_calls
    }
    assert packed.cycle == started.number == 2


def test_a_task_as_long_as_the_window_is_cut_and_can_be_recalled() -> None:
    run_config = RunConfig("system", "t" * 100_000, Budget(), 2800)
    context = Context(8000)
    started, _ = first_prompt(context, run_config, PromptParts())
    context.fold(started)
    assert context.tokens < 1000
    assert '{"id": "task", "cursor": ' in context.messages[1].text


async def test_a_run_with_briefs_keeps_what_the_model_intends(project: Path) -> None:
    brief = says("Intent: go on.", when="Before the conversation so far is put away")
    turns = [brief, *(calls(("shell", {"command": f"seq {n} 700"})) for n in range(16)), finish()]
    async with workshop(project, turns, context={"budget_tokens": 6000, "brief": True}) as shop:
        assert await shop.run() == Finished("done")
        written = shop.events(BriefWritten)
        assert written
        assert {event.text for event in written} == {"Intent: go on."}
        assert "Intent: go on." in shop.prompts()[-1][1]["content"]


async def test_where_there_is_no_room_for_work_it_is_said_once(tmp_path: Path) -> None:
    run_config = replace(TERMS, system="s" * 20_000, brief=False)
    made, events = record(tmp_path, START, step(1, "r" * 8000, "r" * 8000))
    cycles = Compaction(made, run_config, NoMemorySource(), NoWorkspaceView(), Scribe(""))
    for number in (2, 3):
        await cycles.make_room()
        for event in step(number, "r"):
            made.emit(event)
    (warned,) = [event for event in events if isinstance(event, Warned)]
    assert "raise context.budget_tokens" in warned.message


async def test_a_run_does_not_wait_for_a_memory_that_is_being_opened(tmp_path: Path) -> None:
    brought = MemoryItem("b", "fact", "Never on a Friday", "Never on a Friday", 1.0)
    kept = MemoryItem("f", "fact", "Tests run with make", "Tests run with make", 1.0)
    shelf = Shelf(kept, facts=[brought])
    shelf.opens_soon = True
    made, events = record(tmp_path, START[:1])
    cycles = Compaction(made, TERMS, shelf, NoWorkspaceView(), Scribe("no"))
    await cycles.begin()
    await cycles.catch_up()
    assert shelf.asked == []
    before = made.context.messages
    assert "Never on a Friday" in before[1].text
    shelf.opens_soon = False
    for _ in range(2):
        await cycles.catch_up()
    assert len(shelf.asked) == 1
    assert made.context.messages[:-1] == before
    assert "Tests run with make" in made.context.messages[-1].text
    late = [event for event in events if isinstance(event, CyclePacked)][-1]
    assert [portion.id for portion in late.taken] == ["f"]
