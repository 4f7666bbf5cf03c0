"""Parameters that an endpoint refuses are left out, once and for all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lsp_server.domain.errors import ModelRefused
from lsp_server.domain.messages import AnswerSchema, Message, Request
from lsp_server.models.dialect import Dialect
from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.fakes.faults import FaultyBehaviour
from tests.fakes.faulty_server import FaultyServer
from tests.fakes.wire_server import QUESTION, Reply, WireServer, model_at

SCHEMA = AnswerSchema("verdict", {"type": "object"})
ALL = Request(
    (Message("user", "Which?"), Message("assistant", "Hi", "Hm"), Message("user", "Why?")),
    temperature=0.5,
    choices=3,
    answer=SCHEMA,
)


@pytest.mark.parametrize(
    ("refuses", "tries"),
    [
        ((), 1),
        (("stream_options",), 2),
        (("stream",), 2),
        (("stream", "stream_options"), 2),
        (("response_format",), 2),
        (("temperature",), 2),
        (("stream_options", "response_format", "temperature"), 4),
    ],
)
async def test_a_refused_parameter_is_remembered(refuses: tuple[str, ...], tries: int) -> None:
    async with (
        FaultyServer(
            [ScriptedTurn(text="A"), ScriptedTurn(text="B")],
            behaviour=FaultyBehaviour(refuses=refuses),
        ) as server,
        model_at(server.base_url) as model,
    ):
        assert (await model.respond(ALL)).message.text == "A"
        assert len(server.requests) == tries
        assert (await model.respond(ALL)).message.text == "B"
        assert len(server.requests) == tries + 1
        last = server.requests[-1].body
        assert not any(last.get(name) for name in refuses)
        in_words = '{"type": "object"}' in last["messages"][-1]["content"]
        assert in_words == ("response_format" in refuses)


async def test_a_refusal_for_another_reason_changes_nothing() -> None:
    async with (
        FaultyServer(
            [ScriptedTurn(text="A")], behaviour=FaultyBehaviour(refuses=("model",))
        ) as server,
        model_at(server.base_url) as model,
    ):
        with pytest.raises(ModelRefused):
            await model.respond(ALL)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("way", "texts", "tries"),
    [
        ("honour", ["A", "B", "C"], 1),
        ("fewer", ["A", "B"], 1),
        ("ignore", ["A"], 1),
        ("refuse", ["A"], 2),
    ],
)
async def test_several_choices_as_the_endpoint_has_it(
    way: Any, texts: list[str], tries: int
) -> None:
    turn = ScriptedTurn(text="A", alternatives=(ScriptedTurn(text="B"), ScriptedTurn(text="C")))
    async with (
        FaultyServer([turn], behaviour=FaultyBehaviour(n=way)) as server,
        model_at(server.base_url) as model,
    ):
        response = await model.respond(ALL)
        assert [choice.message.text for choice in response.choices] == texts
        assert len(server.requests) == tries


async def test_an_endpoint_that_does_not_stream_is_read_whole() -> None:
    async with (
        FaultyServer(
            [ScriptedTurn(text="A", reasoning="Hm")], behaviour=FaultyBehaviour(streams=False)
        ) as server,
        model_at(server.base_url) as model,
    ):
        message = (await model.respond(QUESTION)).message
        assert (message.text, message.reasoning) == ("A", "Hm")


@pytest.mark.parametrize(
    ("objection", "narrower"),
    [
        ("'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
         Dialect(tokens_key="max_completion_tokens")),
        ("Unsupported value: 'temperature' does not support 0.5", Dialect(temperature=False)),
        ("body.stream_options: Extra inputs are not permitted", Dialect(stream_options=False)),
        ("unsupported_value stream Unsupported value: 'stream' does not support true",
         Dialect(stream=False)),
        ("This response_format type is unavailable now", Dialect(response_format=False)),
        ("Only one completion choice is allowed", Dialect(n=False)),
        ("n must be 1 when streaming", Dialect(n=False)),
        ("body.n: Extra inputs are not permitted", Dialect(n=False)),
        ("messages.1.reasoning_content: Extra inputs are not permitted", Dialect(reasoning_key=None)),
        ("The reasoning_content in the thinking mode must be passed back to the API.", None),
        ("Missing `reasoning_content` field in the assistant message", None),
        ("max_tokens is too large: 8192", None),
        ("the model does not support tools", None),
    ],
)  # fmt: skip
def test_wordings_of_refusals(objection: str, narrower: Dialect | None) -> None:
    assert Dialect().without(objection, ALL) == narrower


def test_what_was_not_sent_is_not_to_blame() -> None:
    for objection in ("'n' is bad", "response_format is bad", "reasoning_content is bad"):
        assert Dialect().without(objection, QUESTION) is None


def test_asking_again_comes_to_an_end() -> None:
    dialect, asked = Dialect(), 0
    words = "stream_options response_format temperature 'n' reasoning stream"
    while narrower := dialect.without(words, ALL):
        dialect, asked = narrower, asked + 1
    assert asked == 6


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
async def test_reasoning_goes_back_under_the_key_it_came_with(key: str) -> None:
    piece = {"choices": [{"delta": {key: "Hm", "content": "Hi"}, "finish_reason": "stop"}]}
    reply = Reply((f"data: {json.dumps(piece)}\n\n".encode(),))
    async with WireServer(reply).serving() as server, model_at(server.base_url) as model:
        answer = (await model.respond(QUESTION)).message
        await model.respond(Request((*QUESTION.messages, answer)))
        sent = json.loads(server.requests[1].body)["messages"][-1]
        assert sent == {"role": "assistant", "content": "Hi", key: "Hm"}
