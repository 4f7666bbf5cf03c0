from __future__ import annotations

import pytest

from lsp_server.agent import fences
from lsp_server.agent.fences import Advice, Counts, Halt, Pass, Tell
from lsp_server.domain.messages import Choice, Message, StopReason, ToolCall, ToolResult


def answer(text: str, stop_reason: StopReason = "stop") -> Choice:
    return Choice(Message("assistant", text), stop_reason)


def kinds(advices: list[Advice]) -> list[str]:
    return [type(advice).__name__.lower() for advice in advices]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([("hello", "stop")], ["pass"]),
        ([("", "stop")] * 3, ["tell", "tell", "halt"]),
        (
            [("", "stop"), ("x", "stop"), ("", "stop"), ("", "stop")],
            ["tell", "pass", "tell", "tell"],
        ),
        ([("x", "length")] * 4, ["tell", "tell", "tell", "halt"]),
        ([("x", "length"), ("x", "stop"), ("x", "length")], ["tell", "pass", "tell"]),
    ],
)
def test_answers_that_lead_nowhere_are_bounded(
    answers: list[tuple[str, StopReason]], expected: list[str]
) -> None:
    counts, advices = Counts(), []
    for text, reason in answers:
        counts, advice = fences.of_answer(counts, answer(text, reason))
        advices.append(advice)
    assert kinds(advices) == expected


def step(call: str, result: str) -> list[tuple[ToolCall, ToolResult]]:
    return [(ToolCall("1", "shell", call), ToolResult(result))]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([("a", "x")] * 2, ["pass", "pass"]),
        (
            [("a", "x")] * 7,
            ["pass", "pass", "tell", "pass", "tell", "pass", "halt"],
        ),
        (
            [("a", "exit 0 in 2.1 s"), ("a", "exit 0 in 3 s"), ("a", "exit 0 in 9.9 s")],
            ["pass", "pass", "tell"],
        ),
        ([("read", "v1"), ("read", "v2"), ("read", "v3"), ("read", "v4")], ["pass"] * 4),
        ([("a", "x"), ("b", "x"), ("a", "x"), ("b", "x"), ("a", "x")], ["pass"] * 5),
    ],
)
def test_only_the_same_call_with_the_same_result_is_standing_still(
    steps: list[tuple[str, str]], expected: list[str]
) -> None:
    counts, advices = Counts(), []
    for call, result in steps:
        counts, advice = fences.of_step(counts, fences.signature(step(call, result)), False)
        advices.append(advice)
    assert kinds(advices) == expected


def test_malformed_steps_are_told_twice_and_a_good_step_forgives() -> None:
    counts = Counts()
    counts, first = fences.of_step(counts, (), True)
    counts, _ = fences.of_step(counts, fences.signature(step("a", "x")), False)
    counts, second = fences.of_step(counts, (), True)
    counts, third = fences.of_step(counts, (), True)
    _, fourth = fences.of_step(counts, (), True)
    assert isinstance(first, Tell)
    assert isinstance(second, Tell)
    assert isinstance(third, Tell)
    assert isinstance(fourth, Halt)


def calls(*pairs: tuple[str, str]) -> tuple[ToolCall, ...]:
    return tuple(ToolCall(str(n), name, text) for n, (name, text) in enumerate(pairs))


def test_of_more_than_eight_calls_the_first_eight_run() -> None:
    admitted = fences.admit(calls(*(("read", str(n)) for n in range(11))), cut_off=False)
    assert [call.id for call in admitted.calls] == [str(n) for n in range(8)]
    assert set(admitted.refused) == {"8", "9", "10"}


def test_an_exact_duplicate_runs_once() -> None:
    admitted = fences.admit(calls(("read", "a"), ("read", "a"), ("read", "b")), cut_off=False)
    assert [call.id for call in admitted.calls] == ["0", "2"]
    assert "the same call as 0" in admitted.refused["1"]


def test_nothing_runs_from_a_cut_off_answer() -> None:
    admitted = fences.admit(calls(("shell", '{"command": "rm -rf'), ("read", "a")), cut_off=True)
    assert admitted.calls == ()
    assert set(admitted.refused) == {"0", "1"}


def test_a_good_answer_passes() -> None:
    assert fences.of_answer(Counts(), answer("fine"))[1] == Pass()
