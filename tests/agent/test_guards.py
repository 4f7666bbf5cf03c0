from __future__ import annotations

import pytest

from lsp_server.agent import guards
from lsp_server.agent.guards import Advice, GuardCounts, Proceed, Remind, Stop
from lsp_server.domain.messages import Choice, Message, StopReason
from lsp_server.domain.tools import ToolCall, ToolResult


def answer(text: str, stop_reason: StopReason = "stop") -> Choice:
    return Choice(Message("assistant", text), stop_reason)


def kinds(advices: list[Advice]) -> list[str]:
    return [type(advice).__name__.lower() for advice in advices]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([("hello", "stop")], ["proceed"]),
        ([("", "stop")] * 3, ["remind", "remind", "stop"]),
        (
            [("", "stop"), ("x", "stop"), ("", "stop"), ("", "stop")],
            ["remind", "proceed", "remind", "remind"],
        ),
        ([("x", "length")] * 4, ["remind", "remind", "remind", "stop"]),
        ([("x", "length"), ("x", "stop"), ("x", "length")], ["remind", "proceed", "remind"]),
    ],
)
def test_answers_that_lead_nowhere_are_bounded(
    answers: list[tuple[str, StopReason]], expected: list[str]
) -> None:
    counts, advices = GuardCounts(), []
    for text, reason in answers:
        counts, advice = guards.check_answer(counts, answer(text, reason))
        advices.append(advice)
    assert kinds(advices) == expected


def step(call: str, result: str) -> list[tuple[ToolCall, ToolResult]]:
    return [(ToolCall("1", "shell", call), ToolResult(result))]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([("a", "x")] * 2, ["proceed", "proceed"]),
        (
            [("a", "x")] * 7,
            ["proceed", "proceed", "remind", "proceed", "remind", "proceed", "stop"],
        ),
        (
            [("a", "exit 0 in 2.1 s"), ("a", "exit 0 in 3 s"), ("a", "exit 0 in 9.9 s")],
            ["proceed", "proceed", "remind"],
        ),
        ([("read", "v1"), ("read", "v2"), ("read", "v3"), ("read", "v4")], ["proceed"] * 4),
        ([("a", "x"), ("b", "x"), ("a", "x"), ("b", "x"), ("a", "x")], ["proceed"] * 5),
        ([("a", "x"), ("b", "x")] * 4, ["proceed"] * 5 + ["remind"] + ["proceed"] * 2),
        (
            [("a", "x"), ("b", "y")] * 7,
            ["proceed"] * 5
            + ["remind"]
            + ["proceed"] * 3
            + ["remind"]
            + ["proceed"] * 3
            + ["stop"],
        ),
        ([("a", "x"), ("b", "y"), ("c", "z")] * 3, ["proceed"] * 8 + ["remind"]),
        (
            [("edit", str(n)) if n % 2 else ("pytest", "1 failed") for n in range(40)],
            ["proceed"] * 40,
        ),
        ([("flaky", "ok" if n % 3 else "1 failed in 2.1 s") for n in range(5)], ["proceed"] * 5),
    ],
)
def test_only_the_same_call_with_the_same_result_is_standing_still(
    steps: list[tuple[str, str]], expected: list[str]
) -> None:
    counts, advices = GuardCounts(), []
    for call, result in steps:
        counts, advice = guards.check_step(counts, guards.step_signature(step(call, result)), False)
        advices.append(advice)
    assert kinds(advices) == expected


def test_waiting_is_told_once_in_a_while_and_never_stopped() -> None:
    counts, advices = GuardCounts(), []
    for _ in range(100):
        polled = guards.step_signature(step("sleep 30; status", "pending"))
        counts, advice = guards.check_step(counts, polled, False, seconds=30.0)
        advices.append(advice)
    assert kinds(advices).count("remind") == 2
    assert "stop" not in kinds(advices)


def test_a_flaky_test_that_is_tried_again_is_told_and_forgiven_by_another_result() -> None:
    counts, advices = GuardCounts(), []
    for number in range(60):
        text = "1 failed in 2.1 s" if number % 6 else "1 passed in 3.0 s"
        counts, advice = guards.check_step(
            counts, guards.step_signature(step("pytest", text)), False
        )
        advices.append(advice)
    assert "stop" not in kinds(advices)


def test_malformed_steps_are_told_twice_and_a_good_step_forgives() -> None:
    counts = GuardCounts()
    counts, first = guards.check_step(counts, (), True)
    counts, _ = guards.check_step(counts, guards.step_signature(step("a", "x")), False)
    counts, second = guards.check_step(counts, (), True)
    counts, third = guards.check_step(counts, (), True)
    _, fourth = guards.check_step(counts, (), True)
    assert isinstance(first, Remind)
    assert isinstance(second, Remind)
    assert isinstance(third, Remind)
    assert isinstance(fourth, Stop)


def calls(*pairs: tuple[str, str]) -> tuple[ToolCall, ...]:
    return tuple(ToolCall(str(n), name, text) for n, (name, text) in enumerate(pairs))


def test_of_more_than_eight_calls_the_first_eight_run() -> None:
    admitted = guards.admit_calls(calls(*(("read", str(n)) for n in range(11))), cut_off=False)
    assert [call.id for call in admitted.calls] == [str(n) for n in range(8)]
    assert set(admitted.refused) == {"8", "9", "10"}


def test_an_exact_duplicate_runs_once() -> None:
    admitted = guards.admit_calls(calls(("read", "a"), ("read", "a"), ("read", "b")), cut_off=False)
    assert [call.id for call in admitted.calls] == ["0", "2"]
    assert "the same call as 0" in admitted.refused["1"]


def test_nothing_runs_from_a_cut_off_answer() -> None:
    admitted = guards.admit_calls(
        calls(("shell", '{"command": "rm -rf'), ("read", "a")), cut_off=True
    )
    assert admitted.calls == ()
    assert set(admitted.refused) == {"0", "1"}


def test_a_good_answer_passes() -> None:
    assert guards.check_answer(GuardCounts(), answer("fine"))[1] == Proceed()
