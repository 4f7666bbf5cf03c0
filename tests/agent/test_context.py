from __future__ import annotations

from lsp_server.agent import cycle
from lsp_server.agent.context import Context, cut
from lsp_server.agent.recollection import Chosen
from lsp_server.agent.state import State, render
from lsp_server.domain.events import (
    CycleStarted,
    Event,
    FileChanged,
    ModelAnswered,
    PlanChanged,
    RunStarted,
    StepStarted,
    Told,
    ToolReturned,
)
from lsp_server.domain.messages import Message, ToolCall, ToolResult, ToolSpec, Usage
from lsp_server.domain.plans import PlanItem
from lsp_server.domain.tasks import RunId, Task

START = CycleStarted(1, "the run starts", "system", "do it")


def step(number: int, result: str, arguments: str = "{}", prompt_tokens: int = 0) -> list[Event]:
    call = ToolCall(f"call{number}", "shell", arguments)
    message = Message("assistant", f"step {number}", tool_calls=(call,))
    usage = Usage(prompt_tokens, 0, 10)
    return [
        StepStarted(number, 0),
        ModelAnswered(number, message, "tool_calls", usage, usage, 0.0),
        ToolReturned(number, call.id, "shell", ToolResult(result), 0.1),
    ]


def folded(*events: Event, result_chars_max: int = 1000) -> Context:
    context = Context(result_chars_max)
    for event in events:
        context.fold(event)
    return context


def test_within_a_cycle_the_prompt_only_grows_at_its_end() -> None:
    events: list[Event] = [START, *step(1, "a"), Told("more", "person"), *step(2, "b")]
    before: tuple[Message, ...] = ()
    for count in range(len(events) + 1):
        messages = folded(*events[:count]).messages
        assert messages[: len(before)] == before
        before = messages
    assert [message.role for message in before] == [
        "system", "user", "assistant", "tool", "user", "assistant", "tool",
    ]  # fmt: skip


def test_a_long_result_names_the_id_that_fetches_the_rest() -> None:
    text = "a" * 600 + "b" * 5000 + "c" * 400
    shown = cut(text, 1000, "call7")
    assert shown.startswith("a" * 600)
    assert shown.endswith("c" * 333)
    assert '"id": "call7"' in shown
    assert '"cursor": 666' in shown
    assert len(shown) < 1200


def test_a_result_that_fits_is_shown_whole() -> None:
    assert cut("x" * 1000, 1000, "call1") == "x" * 1000


def test_malformed_arguments_go_back_as_an_empty_object() -> None:
    context = folded(START, *step(1, "told", arguments='{"command": "rm'))
    assert context.messages[2].tool_calls[0].arguments == "{}"


def test_the_estimate_follows_the_endpoints_own_count() -> None:
    context = folded(START, *step(1, "x" * 900))
    spec = ToolSpec("read", "d" * 4000, {}, True)
    by_guess = context.tokens
    context.pin([spec])
    assert context.tokens > by_guess
    for event in step(2, "y", prompt_tokens=context.tokens * 2):
        context.fold(event)
    assert context.tokens > by_guess * 2


def test_a_tail_is_made_of_whole_steps_and_has_one_at_least() -> None:
    context = folded(START, *step(1, "a" * 400), *step(2, "b" * 400), *step(3, "c" * 400))
    assert context.tail(0) == 2
    assert context.tail(250) == 4
    assert context.tail(10_000) == 6


def test_a_new_cycle_keeps_the_tail_and_the_facts() -> None:
    state, context = State(), Context(1000)
    task = Task("Mend the parser; never touch port 8123.")
    events: list[Event] = [
        RunStarted(RunId("r"), task, "/w", "m"),
        START,
        *step(1, "exit 1\nboom", arguments='{"command": "pytest"}'),
        FileChanged("src/a.py", "1", "2"),
        PlanChanged((PlanItem("find it", "done"), PlanItem("mend it", "in_progress"))),
        Told("Use the second way.", "person"),
        *step(2, "b"),
    ]
    for event in events:
        state.fold(event)
        context.fold(event)
    opening = cycle.next_cycle(state, context, "system", "do it", Chosen(), 1500, "full")
    context.fold(opening.started)
    state.fold(opening.started)
    text = context.messages[1].text
    for fact in (
        "port 8123",
        "Use the second way.",
        "[in_progress] mend it",
        "src/a.py",
        "pytest",
        "exit 1",
    ):
        assert fact in text
    roles = [message.role for message in context.messages[2:]]
    assert roles == ["assistant", "tool", "user", "assistant", "tool"]
    assert state.cycle == 2


def test_state_is_the_same_whenever_it_is_rendered() -> None:
    events: list[Event] = [RunStarted(RunId("r"), Task("t"), "/w", "m"), START]
    for number in range(1, 90):
        events += step(number, f"exit {number % 3}", arguments=f'{{"command": "c{number}"}}')
    one, two = State(), State()
    for event in events:
        one.fold(event)
        two.fold(event)
    assert render(one, 3000) == render(two, 3000)
    assert len(render(one, 3000)) < 3500
    assert "c89" in render(one, 3000), "the newest facts are the ones that are kept"
