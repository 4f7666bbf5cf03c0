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
        ([("a", "x"), ("b", "x")] * 4, ["pass"] * 5 + ["tell"] + ["pass"] * 2),
        (
            [("a", "x"), ("b", "y")] * 7,
            ["pass"] * 5 + ["tell"] + ["pass"] * 3 + ["tell"] + ["pass"] * 3 + ["halt"],
        ),
        ([("a", "x"), ("b", "y"), ("c", "z")] * 3, ["pass"] * 8 + ["tell"]),
        ([("edit", str(n)) if n % 2 else ("pytest", "1 failed") for n in range(40)], ["pass"] * 40),
        ([("flaky", "ok" if n % 3 else "1 failed in 2.1 s") for n in range(5)], ["pass"] * 5),
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


def test_waiting_is_told_once_in_a_while_and_never_stopped() -> None:
    counts, advices = Counts(), []
    for _ in range(100):
        polled = fences.signature(step("sleep 30; status", "pending"))
        counts, advice = fences.of_step(counts, polled, False, seconds=30.0)
        advices.append(advice)
    assert kinds(advices).count("tell") == 2
    assert "halt" not in kinds(advices)


def test_a_flaky_test_that_is_tried_again_is_told_and_forgiven_by_another_result() -> None:
    counts, advices = Counts(), []
    for number in range(60):
        text = "1 failed in 2.1 s" if number % 6 else "1 passed in 3.0 s"
        counts, advice = fences.of_step(counts, fences.signature(step("pytest", text)), False)
        advices.append(advice)
    assert "halt" not in kinds(advices)


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
