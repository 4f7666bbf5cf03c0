"""Scripts: which turn is played when, in process and over HTTP alike."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.errors import ConfigurationError, ModelUnavailable
from lsp_server.domain.messages import Delta, Message, Request, Response, TextDelta
from lsp_server.models.chat_completions import ChatCompletions
from lsp_server.models.scripted.scenario import Scenario, ScriptedCall, ScriptedTurn, Source
from lsp_server.models.scripted.script_player import EXHAUSTED_TEXT, ScriptPlayer
from tests.fakes.faults import Drop, FaultyScenario, FaultyTurn, HttpError, InvalidUtf8, Silence
from tests.fakes.faulty_server import FaultyServer
from tests.fakes.scripted_model import ScriptedModel
from tests.fakes.wire_server import settings_for


async def over_http(source: Source, request: Request, times: int) -> list[Response | str]:
    async with FaultyServer(source) as server:
        settings = settings_for(server.base_url, silence_timeout_seconds=0.15)
        model = ChatCompletions(settings)
        try:
            return [await _answer(model, request) for _ in range(times)]
        finally:
            await model.close()


async def in_process(source: Source, request: Request, times: int) -> list[Response | str]:
    model = ScriptedModel(source)
    return [await _answer(model, request) for _ in range(times)]


async def _answer(model: ChatCompletions | ScriptedModel, request: Request) -> Response | str:
    try:
        return await model.respond(request)
    except ModelUnavailable:
        return "unavailable"


def texts(answers: list[Response | str]) -> list[str]:
    return [each if isinstance(each, str) else each.message.text for each in answers]


def ask(text: str, choices: int = 1) -> Request:
    return Request((Message("user", text),), choices=choices)


def from_body(body: Mapping[str, Any]) -> ScriptedTurn:
    return ScriptedTurn(text=f"{len(body['messages'])} {body['messages'][-1]['content']}")


A, B = ScriptedTurn(text="A"), ScriptedTurn(text="B")
VERDICT = ScriptedTurn(text="verdict", when="^Judge")
SAME = Scenario(
    turns=(ScriptedTurn(text="A", alternatives=(ScriptedTurn(text="a"),)), B),
    same_turn_for_same_prompt=True,
)


@pytest.mark.parametrize("play", [over_http, in_process])
@pytest.mark.parametrize(
    ("source", "prompt", "expected"),
    [
        ([A, B], "go", ["A", "B", EXHAUSTED_TEXT, EXHAUSTED_TEXT]),
        ([], "go", [EXHAUSTED_TEXT]),
        ([A, VERDICT, B], "go", ["A", "B", EXHAUSTED_TEXT]),
        ([A, VERDICT, B], "Judge this", ["verdict", "verdict", "verdict"]),
        ([FaultyTurn(text="A", fault=HttpError(times=2)), B], "go", ["unavailable", "unavailable", "A", "B"]),
        ([FaultyTurn(text="A", fault=Drop(after_pieces=0)), B], "go", ["unavailable", "A", "B"]),
        ([FaultyTurn(text="A", fault=Drop(after_pieces=9)), B], "go", ["unavailable", "A", "B"]),
        ([FaultyTurn(text="A", fault=Silence()), B], "go", ["unavailable", "A", "B"]),
        ([FaultyTurn(text="A", fault=HttpError(), when="go")], "go", ["unavailable", "A", "A"]),
        ([FaultyTurn(text="A", alternatives=(B,), fault=HttpError())], "go", ["unavailable", "A"]),
        (from_body, "go", ["1 go", "1 go"]),
        (SAME, "go", ["A", "a", "A"]),
    ],
)  # fmt: skip
async def test_turns_come_in_their_order(
    play: Any, source: Source, prompt: str, expected: list[str]
) -> None:
    assert texts(await play(source, ask(prompt), len(expected))) == expected


async def test_a_turn_that_consumes_moves_the_sequence_on() -> None:
    model = ScriptedModel([A, ScriptedTurn(text="skip", when="skip", consumes=True), B])
    for prompt, expected in [("skip it", "skip"), ("go", "B"), ("skip it", "skip")]:
        assert (await model.respond(ask(prompt))).message.text == expected


async def test_requests_under_way_together_share_a_turn() -> None:
    script = ScriptPlayer([A, B])
    replies = [script.next_reply({"messages": []}) for _ in range(3)]
    assert {reply.turn.text for reply in replies} == {"A"}
    for reply in replies:
        script.finish(reply)
    assert script.next_reply({"messages": []}).turn.text == "B"


@pytest.mark.parametrize("play", [over_http, in_process])
async def test_choices_are_the_alternatives_in_turn(play: Any) -> None:
    turn = ScriptedTurn(text="A", alternatives=(B, ScriptedTurn(text="C")))
    (response,) = await play([turn], ask("go", choices=4), 1)
    assert [choice.message.text for choice in response.choices] == ["A", "B", "C", "A"]


@pytest.mark.parametrize("play", [over_http, in_process])
async def test_an_answer_is_whole(play: Any) -> None:
    turn = ScriptedTurn(
        text="It is 日本. " * 5,
        reasoning="Let me think about it for a while.",
        tool_calls=(
            ScriptedCall(name="read", arguments={"path": "src/a.py"}),
            ScriptedCall(name="list"),
        ),
    )
    (response,) = await play([turn], ask("Go on."), 1)
    message = response.message
    assert (message.text, message.reasoning) == (turn.text, turn.reasoning)
    assert [(call.name, call.arguments) for call in message.tool_calls] == [
        ("read", '{"path": "src/a.py"}'),
        ("list", "{}"),
    ]
    assert len({call.id for call in message.tool_calls}) == 2
    assert response.stop_reason == "tool_calls"
    assert response.usage.prompt_tokens > 0
    assert response.usage.completion_tokens > 20


@pytest.mark.parametrize("play", [over_http, in_process])
async def test_several_choices_take_no_longer_than_one(play: Any) -> None:
    turn = ScriptedTurn(text="x" * 64, tokens_per_second=200.0)
    began = time.monotonic()
    (response,) = await play([turn], ask("go", choices=16), 1)
    # One after the other they would take 16 x 0.08 s.
    assert time.monotonic() - began < 0.8
    assert [choice.message.text for choice in response.choices] == ["x" * 64] * 16


async def test_scripted_reports_a_cached_prefix() -> None:
    model = ScriptedModel([A, B])
    first = (Message("system", "x" * 400), Message("user", "y" * 40))
    await model.respond(Request(first))
    response = await model.respond(Request((*first, Message("user", "z" * 40))))
    assert (response.usage.prompt_tokens, response.usage.cached_tokens) == (120, 110)


async def test_scripted_takes_its_time_through_the_given_sleep() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    turn = ScriptedTurn(text="x" * 32, first_token_seconds=2.0, tokens_per_second=8.0)
    await ScriptedModel([turn], sleep=sleep).respond(ask("go"))
    assert slept == [2.0, 0.5, 0.5]


async def test_scripted_streams_pieces() -> None:
    heard: list[Delta] = []
    await ScriptedModel([ScriptedTurn(text="x" * 20)]).respond(ask("go"), heard.append)
    assert heard == [TextDelta("x" * 16), TextDelta("xxxx")]


@pytest.mark.parametrize("play", [over_http, in_process])
async def test_invalid_bytes_do_not_end_a_play(play: Any) -> None:
    (answer,) = texts(await play([FaultyTurn(text="A", fault=InvalidUtf8())], ask("go"), 1))
    assert "A" in answer
    assert "�" in answer


def test_a_scenario_file_is_a_list_or_an_object(tmp_path: Path) -> None:
    turns = [
        {"text": "A", "tool_calls": [{"name": "read", "arguments": {"path": "x"}}]},
        {"fault": {"kind": "status", "status": 429, "retry_after": 2}},
    ]
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps(turns))
    listed = FaultyScenario.load(path)
    path.write_text(json.dumps({"turns": turns, "n": "refuse"}))
    assert listed.turns == FaultyScenario.load(path).turns
    assert listed.turns[1].fault == HttpError(status=429, retry_after=2)
    assert FaultyScenario.load(path).n == "refuse"


@pytest.mark.parametrize(
    "text",
    ["{", "[1]", '[{"txt": "A"}]', '{"turns": [], "speed": 1}', '[{"fault": {"kind": "fire"}}]'],
)
def test_a_wrong_scenario_names_its_file(text: str, tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"scenario\.json is no scenario"):
        FaultyScenario.load(path)
