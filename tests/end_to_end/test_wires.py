"""Whole runs over each wire, against an endpoint that refuses what its vendor refuses."""

from __future__ import annotations

import base64
import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.agent.journal import replay
from lsp_server.domain.events import ModelAnswered, RunResumed
from lsp_server.models.scripted.messages_form import signature
from lsp_server.models.scripted.responses_form import encrypted
from lsp_server.models.scripted.scenario import EndpointBehaviour, ScriptedAnswer, ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.data.images import png
from tests.harness.command_line import YES, holdfast, started
from tests.harness.files import files_called
from tests.harness.stand import is_verdict, says_verdict
from tests.harness.workshop import calls, finish, says

WIRES = [("chat", "deepseek"), ("messages", "anthropic"), ("responses", "openai")]
JUDGING = b"You are the judge now"
THOUGHT = "I think about é and 🦀 first."


def settings(server: ScriptedServer, wire: str, **more: str) -> dict[str, str]:
    thinking = {"HOLDFAST_MODEL__EXTRA_BODY": '{thinking = {type = "adaptive"}}'}
    return {
        "HOLDFAST_MODEL__BASE_URL": server.base_url,
        "HOLDFAST_MODEL__NAME": "s",
        "HOLDFAST_MODEL__WIRE": wire,
        "HOLDFAST_MEMORY__ENABLED": "false",
        **(thinking if wire == "messages" else {}),
        **more,
    }


def thinks(turn: ScriptedTurn) -> ScriptedTurn:
    return turn.model_copy(update={"reasoning": THOUGHT})


@pytest.mark.parametrize(("wire", "vendor"), WIRES)
async def test_a_task_a_goal_and_what_they_cost(project: Path, wire: str, vendor: str) -> None:
    turns = [
        thinks(calls(("list", {}), ("search", {"query": "x"}), text="I look.")),
        says("I am done."),
        thinks(calls(("write", {"path": "a.txt", "text": "done"}))),
        finish("It is written."),
    ]
    prices = {"HOLDFAST_MODEL__PRICE_INPUT": "1", "HOLDFAST_MODEL__PRICE_OUTPUT": "5"}
    async with ScriptedServer(turns, behaviour=EndpointBehaviour(vendor=vendor)) as server:
        result = await holdfast(
            "run", *YES, "--json", "--check", "grep done a.txt", "write it",
            folder=project, **settings(server, wire, **prices),
        )  # fmt: skip
    assert result.status == 0, result.errors + result.output[-2000:]
    end = result.events[-1]
    assert (end["outcome"], end["usage"]["cached"] > 0) == ("achieved", True)
    assert end["cost_usd"] > 0
    refused = sum(request.ending == "refused" for request in server.requests)
    assert refused <= (1 if vendor == "deepseek" else 0), (
        "what a vendor demands is known or learned once"
    )


@pytest.mark.parametrize(("wire", "vendor"), WIRES)
async def test_the_judge_of_a_task_is_asked_over_it(project: Path, wire: str, vendor: str) -> None:
    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        if "## Conditions to judge" in str(body["messages"][-1]["content"]):
            return says_verdict(body)
        written = any(message["role"] == "tool" for message in body["messages"])
        return finish() if written else thinks(calls(("write", {"path": "a.txt", "text": "x"})))

    async with ScriptedServer(turn, behaviour=EndpointBehaviour(vendor=vendor)) as server:
        result = await holdfast(
            "run", *YES, "--json", "do it", folder=project, **settings(server, wire)
        )
    assert result.status == 0, result.errors + result.output[-2000:]
    assert set(result.events[-1]["roles"]) == {"worker", "judge"}


@pytest.mark.parametrize(("wire", "vendor"), WIRES)
async def test_max_mode_draws_and_judges_over_it(project: Path, wire: str, vendor: str) -> None:
    drawn = 0

    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        nonlocal drawn
        if is_verdict(body):
            return says_verdict(body)
        if any(message["role"] == "tool" for message in body["messages"]):
            return finish()
        first, drawn = drawn, drawn + body.get("n", 1)
        made = [thinks(_writes(number)) for number in range(first, drawn)]
        others = tuple(
            ScriptedAnswer(reasoning=each.reasoning, tool_calls=each.tool_calls)
            for each in made[1:]
        )
        return made[0].model_copy(update={"alternatives": others})

    async with ScriptedServer(turn, behaviour=EndpointBehaviour(vendor=vendor)) as server:
        result = await holdfast(
            "run", *YES, "--json", "--max", "do it",
            folder=project,
            **settings(
                server,
                wire,
                HOLDFAST_GOAL__JUDGE_TASK="false",
                HOLDFAST_MAX_MODE__STRATEGY="adaptive",
                HOLDFAST_MAX_MODE__JUDGE_CONTEXT="shared",
            ),
        )  # fmt: skip
        served = [each.raw for each in server.requests if each.ending != "refused"]
        (judge, *_) = [place for place, raw in enumerate(served) if JUDGING in raw]
        assert judge > 0
        shared = _conversation(served[0]).partition(b"do it")[0] + b"do it"
        for raw in served[: judge + 1]:
            assert _conversation(raw).startswith(shared), "the endpoint has the prompt in its cache"
    assert result.status == 5, result.errors + result.output[-2000:]
    (judged, *_) = [each for each in result.events if each["kind"] == "candidates_judged"]
    assert (judged["by"], len(judged["groups"])) == ("judge", 5)
    assert len(list(project.glob("file-*"))) == 1
    assert not [each for each in result.events if each["kind"] in ("judge_fell_back", "warned")]


def _writes(number: int) -> ScriptedTurn:
    return calls(("write", {"path": f"file-{number}", "text": "x"}))


@pytest.mark.parametrize(("wire", "vendor"), WIRES)
async def test_killed_a_run_goes_on_with_the_same_bytes(
    project: Path, wire: str, vendor: str
) -> None:
    """The journal has what goes back, so that the endpoint finds its cache and its signatures."""
    pid, killed = 0, False

    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        nonlocal killed
        steps = sum(message["role"] == "tool" for message in body["messages"])
        if steps == 3 and not killed:
            killed = True
            os.killpg(pid, signal.SIGKILL)
        if steps < 5:
            return thinks(calls(("shell", {"command": f"echo {steps} >> log"}), text="Next."))
        return finish()

    async with ScriptedServer(turn, behaviour=EndpointBehaviour(vendor=vendor)) as server:
        environment = settings(server, wire, HOLDFAST_GOAL__JUDGE_TASK="false")
        async with started(
            "run", *YES, "--json", "count", folder=project, **environment
        ) as process:
            pid = process.pid
            await process.wait()
        (path,) = files_called("journal.jsonl", Path(os.environ["XDG_DATA_HOME"]))
        before = server.requests[-1]
        again = ("run", *YES, "--json", "--resume", path.parent.name)
        result = await holdfast(*again, folder=project, **environment)
    assert killed
    assert result.status == 5, result.errors + result.output[-2000:]
    assert (project / "log").read_text().split() == ["0", "1", "2", "3", "4"]
    events = [recorded.event for recorded in replay(path)]
    assert any(isinstance(event, RunResumed) for event in events)
    assert sum(isinstance(event, ModelAnswered) for event in events) == 6
    after = server.requests[server.requests.index(before) + 1]
    conversation = _conversation(before.raw)
    assert _conversation(after.raw).startswith(conversation)
    carried = {"messages": signature, "responses": encrypted}.get(wire, json.dumps)
    shown = after.raw.decode()
    marked = carried(THOUGHT) if wire != "chat" else "reasoning_content"
    assert shown.count(marked) == 3


def _conversation(body: bytes) -> bytes:
    """A request without its last bracket and without marks, which the next one goes on from."""
    text = body.replace(b',"cache_control":{"type":"ephemeral"}', b"")
    return text.rstrip(b"]}")


@pytest.mark.parametrize(("wire", "vendor"), WIRES)
async def test_an_image_is_shown_over_it(project: Path, wire: str, vendor: str) -> None:
    content = png(4, 4)
    (project / "shot.png").write_bytes(content)
    async with ScriptedServer(
        [says("It is red.")], behaviour=EndpointBehaviour(vendor=vendor)
    ) as server:
        result = await holdfast(
            "run", *YES, "--json", "--image", "shot.png", "what is it?",
            folder=project, **settings(server, wire, HOLDFAST_GOAL__JUDGE_TASK="false"),
        )  # fmt: skip
    assert result.status == 5, result.errors + result.output[-2000:]
    assert base64.b64encode(content) in server.requests[-1].raw
