"""Faults on the wire, seen from a whole run: how it ends, and that nothing runs twice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.events import ModelWaited, Told, ToolCalled, ToolReturned
from lsp_server.domain.tasks import Failed, Finished, Outcome
from tests.fakes.faults import FaultyScenario, FaultyTurn
from tests.harness.workshop import Workshop, calls, finish, workshop

STEP = {"tool_calls": [{"name": "shell", "arguments": {"command": "echo ran >> log"}}]}


def step(fault: dict[str, Any] | None = None, **more: Any) -> FaultyTurn:
    return FaultyTurn.model_validate({**STEP, "text": "I run it now. " * 5, "fault": fault, **more})


async def run(
    project: Path, turns: list[FaultyTurn], **sections: Any
) -> tuple[Outcome, Workshop, float]:
    behaviour = sections.pop("behaviour", {})
    scenario = FaultyScenario.model_validate({"turns": turns, **behaviour})
    started = time.monotonic()
    async with workshop(project, scenario, **sections) as shop:
        outcome = await shop.run()
    return outcome, shop, time.monotonic() - started


def runs_of(project: Path) -> int:
    log = project / "log"
    return len(log.read_text().split()) if log.exists() else 0


@pytest.mark.parametrize(
    ("fault", "waits", "seconds_min"),
    [
        ({"kind": "status", "status": 429, "retry_after": 2}, 1, 2.0),
        ({"kind": "status", "status": 500, "times": 2}, 2, 1.5),
        ({"kind": "status", "status": 503}, 1, 0.5),
        ({"kind": "drop", "after_pieces": 0}, 1, 0.5),
        ({"kind": "drop", "after_pieces": 3}, 1, 0.5),
        ({"kind": "silence"}, 1, 1.0),
        ({"kind": "silence", "after_pieces": 3}, 1, 1.0),
        ({"kind": "error_in_stream"}, 1, 0.5),
    ],
    ids=str,
)
async def test_what_passes_is_waited_for_and_the_step_runs_once(
    project: Path, fault: dict[str, Any], waits: int, seconds_min: float
) -> None:
    outcome, shop, seconds = await run(
        project, [step(fault), finish()], model={"silence_timeout_seconds": 0.5}
    )
    assert outcome == Finished("done")
    assert runs_of(project) == 1
    assert len(shop.events(ModelWaited)) == waits, "and a person saw it"
    assert seconds >= seconds_min
    assert [len(request.body["messages"]) for request in shop.server.requests] == [
        *([2] * (waits + 1)),
        4,
    ]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, None, "model.api_key_command"),
        (403, None, "model.api_key_command"),
        (404, {"error": {"message": "model `scripted` not found"}}, "model.name"),
        (402, {"error": {"message": "Insufficient credits"}}, "credit"),
        (429, {"error": {"code": "insufficient_quota", "message": "quota"}}, "quota"),
        (400, {"error": {"message": "Unsupported value: 'foo'"}}, "Unsupported value"),
    ],
)
async def test_what_does_not_pass_ends_the_run_in_one_sentence(
    project: Path, status: int, body: dict[str, Any] | None, words: str
) -> None:
    fault = {"kind": "status", "status": status, "body": body, "times": 9}
    outcome, shop, _ = await run(project, [step(fault)])
    assert isinstance(outcome, Failed)
    assert words.lower() in outcome.error.lower()
    assert "\n" not in outcome.error
    assert runs_of(project) == 0
    assert shop.events(ModelWaited) == []


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (step(tool_calls=[{"name": "shell", "arguments": '{"command": "echo ran >> log'}]), "JSON"),
        (step(stop_reason="length"), "cut off"),
        (
            step(
                tool_calls=[{"name": "shell", "arguments": '{"command": "echo ran'}],
                stop_reason="length",
            ),
            "cut off",
        ),
        (step(tool_calls=[{"name": "launch", "arguments": {}}]), "there is no tool 'launch'"),
        (step({"kind": "invalid_utf8"}), ""),
        (FaultyTurn.model_validate({}), "empty"),
        (step({"kind": "repetition", "chars": 60_000}), "repe"),
    ],
    ids=["malformed", "length", "cut off", "unknown tool", "invalid utf-8", "empty", "endless"],
)
async def test_what_the_model_did_wrong_it_is_told_and_nothing_of_it_runs(
    project: Path, bad: FaultyTurn, told: str
) -> None:
    outcome, shop, _ = await run(project, [bad, step(), finish()])
    assert outcome == Finished("done")
    spoken = [event.text for event in shop.events(Told)]
    results = [event.result.text for event in shop.events(ToolReturned)]
    assert told in " ".join([*spoken, *results])
    # Bytes that are no UTF-8 spoil the text of an answer, not its calls.
    assert runs_of(project) == (
        2 if bad.fault is not None and bad.fault.kind == "invalid_utf8" else 1
    )


async def test_a_prompt_over_the_window_is_rebuilt_once_and_the_run_goes_on(
    project: Path,
) -> None:
    look = calls(("shell", {"command": "seq 1 900"}))
    turns = [*(calls(("shell", {"command": f"seq {n} {n + 900}"})) for n in range(8)), finish()]
    outcome, shop, _ = await run(project, [look, *turns], behaviour={"prompt_tokens_max": 6000})
    assert outcome == Finished("done")
    called = [event.call.arguments for event in shop.events(ToolCalled)]
    assert len(called) == len(set(called)), "no step was done twice"
