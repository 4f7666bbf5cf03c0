from __future__ import annotations

import pytest

from lsp_server.agent.context import Context, cut_result
from lsp_server.domain.events import (
    CycleStarted,
    Event,
    ModelAnswered,
    StepStarted,
    Told,
    ToolReturned,
)
from lsp_server.domain.messages import Message, Usage
from lsp_server.domain.tools import ToolCall, ToolResult, ToolSpec

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
    shown = cut_result(text, 1000, "call7")
    assert shown.startswith("a" * 600)
    assert shown.endswith("c" * 333)
    assert '"id": "call7"' in shown
    assert '"cursor": 666' in shown
    assert len(shown) < 1200


def test_a_result_that_fits_is_shown_whole() -> None:
    assert cut_result("x" * 1000, 1000, "call1") == "x" * 1000


def test_malformed_arguments_go_back_as_an_empty_object() -> None:
    context = folded(START, *step(1, "told", arguments='{"command": "rm'))
    assert context.messages[2].tool_calls[0].arguments == "{}"


def test_the_estimate_follows_the_endpoints_own_count() -> None:
    context = folded(START, *step(1, "x" * 900))
    spec = ToolSpec("read", "d" * 4000, {}, "read")
    by_guess = context.tokens
    context.pin([spec])
    assert context.tokens > by_guess
    for event in step(2, "y", prompt_tokens=context.tokens * 2):
        context.fold(event)
    assert context.tokens > by_guess * 2


def test_a_count_holds_for_what_was_counted_and_corrects_the_rest() -> None:
    context = folded(START)
    call = ToolCall("c", "shell", "{}")
    answer = Message("assistant", "", tool_calls=(call,))
    usage = Usage(500, 0, 10)
    context.fold(Told("x" * 970, "person"))
    context.fold(ModelAnswered(1, answer, "tool_calls", usage, usage, 0.0))
    context.fold(ToolReturned(1, "c", "shell", ToolResult("y" * 200), 0.1))
    assert 500 + 100 <= context.tokens <= 500 + 160, "about two bytes a token"
    assert context.measure("z" * 100) in range(40, 60)


@pytest.mark.parametrize("count", [0, 3, 10**7])
def test_an_endpoint_that_counts_nonsense_is_not_believed_far(count: int) -> None:
    context = folded(START, *step(1, "x" * 900), *step(2, "y" * 900, prompt_tokens=count))
    assert 1900 / 8 <= context.tokens + 3 * (count == 3) <= max(1900, count * 1.01) + 900


def test_text_without_spaces_takes_more_tokens_than_its_characters_tell() -> None:
    assert folded(START).measure("\u4f60\u597d" * 100) == 150


def test_a_tail_is_made_of_whole_steps_and_has_one_at_least() -> None:
    context = folded(START, *step(1, "a" * 400), *step(2, "b" * 400), *step(3, "c" * 400))
    assert [context.tail(limit)[0] for limit in (0, 250, 10_000)] == [2, 4, 6]
    assert context.tail(0)[1] in range(100, 130)


def test_kept_results_can_be_shortened_and_say_where_the_rest_is() -> None:
    context = folded(START, *step(1, "a" * 900), *step(2, "b" * 900))
    context.fold(CycleStarted(2, "full", "system", "again", kept=2, result_chars_max=100))
    text = context.messages[-1].text
    assert text == "b" * 100 + '\n[cut; recall {"id": "call2", "cursor": 100} shows the rest]'
