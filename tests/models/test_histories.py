"""What a vendor refuses in a history is not sent, or learned from one refusal and then kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from lsp_server.domain.errors import ModelRefused
from lsp_server.domain.messages import Message, Request, Response
from lsp_server.domain.tools import ToolCall, ToolSpec
from lsp_server.models.scripted.scenario import EndpointBehaviour, ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.models.scripted.vendor_checks import VENDORS
from tests.fakes.faults import FaultyTurn, HttpError
from tests.fakes.faulty_server import FaultyServer
from tests.fakes.wire_server import Reply, WireServer, model_at

TRIES_MAX = 12
"""Requests until an endpoint takes what it refused; each wording costs one."""

TOOLS = tuple(ToolSpec(name, f"It does {name}.", {"type": "object"}) for name in ("read", "list"))
SIGNATURE = json.dumps({"extra_content": {"google": {"thought_signature": "Q2lB"}}})
DETAILS = json.dumps({"reasoning_details": [{"type": "reasoning.text", "text": "Hm", "index": 0}]})


def call(
    id_: str = "call_1", name: str = "read", arguments: str = '{"path": "a"}', fields: str = ""
) -> ToolCall:
    return ToolCall(id_, name, arguments, fields)


def step(*calls: ToolCall, text: str = "", reasoning: str = "", fields: str = "") -> list[Message]:
    """An answer with calls, and their results."""
    answer = Message("assistant", text, reasoning, calls, vendor_fields=fields)
    return [answer, *(Message("tool", "x = 1", tool_call_id=each.id) for each in calls)]


def user(text: str = "Go on.") -> Message:
    return Message("user", text)


def says(text: str, reasoning: str = "") -> Message:
    return Message("assistant", text, reasoning)


SHAPES: dict[str, list[Message]] = {
    "an answer": [says("Hi."), user()],
    "an empty answer": [says(""), user()],
    "a blank answer": [says(" \n"), user()],
    "reasoning alone": [says("", "Hm"), user()],
    "a call": step(call()),
    "a call with words": step(call(), text="I look."),
    "a call with reasoning": step(call(), reasoning="Hm"),
    "a call with reasoning, then one without": [*step(call(), reasoning="Hm"), *step(call("call_2"))],
    "two calls": step(call(), call("call_2", "list", "{}")),
    "a name with a dot": step(call(name="functions.read")),
    "a name of another tool": step(call(name="bash")),
    "an empty name": step(call(name="")),
    "a long name": step(call(name="r" * 80)),
    "a long id": step(call("call_" + "x" * 60)),
    "an id with a colon": step(call("functions.read:0")),
    "a cut-off call": step(call(arguments='{"path": "a')),
    "no arguments": step(call(name="list", arguments="")),
    "a person after a result": [*step(call()), user()],
    "two persons in a row": [user(), user("And this.")],
    "an empty result": [step(call())[0], Message("tool", "", tool_call_id="call_1")],
    "fields of the message": step(call(), fields=DETAILS),
    "fields of the call": step(call(fields=SIGNATURE)),
    "all of it": [
        says("", "Hm"), user(), *step(call(fields=SIGNATURE), call("call_2", "a.b"), fields=DETAILS),
        user(), user("And this."), *step(call("x" * 50, "bash", "{")), says(""), user(),
    ],
}  # fmt: skip


def begun(shape: str) -> Request:
    return Request((Message("system", "Be brief."), user("Do it."), *SHAPES[shape]), TOOLS)


def gives_its_fields(vendor: str, shape: str) -> list[Message]:
    """The shape with what this vendor's endpoint gave with it."""
    made = []
    for message in SHAPES[shape]:
        calls = message.tool_calls
        if vendor == "gemini":
            calls = tuple(ToolCall(c.id, c.name, c.arguments, SIGNATURE) for c in calls)
        fields = DETAILS if vendor == "openrouter" and calls else message.vendor_fields
        made.append(
            Message(
                message.role, message.text, message.reasoning, calls, message.tool_call_id, fields
            )
        )
    return made


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_vendor_takes_each_history(vendor: str, shape: str) -> None:
    messages = (Message("system", "Be brief."), user("Do it."), *gives_its_fields(vendor, shape))
    request = Request(messages, TOOLS)
    async with (
        ScriptedServer(
            [ScriptedTurn(text="A"), ScriptedTurn(text="B")],
            behaviour=EndpointBehaviour(vendor=vendor),
        ) as server,
        model_at(server.base_url) as model,
    ):
        assert (await model.respond(request)).message.text == "A"
        tries = len(server.requests)
        assert tries <= TRIES_MAX
        assert (await model.respond(request)).message.text == "B"
        assert len(server.requests) == tries + 1, "what was learned is kept"


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (
            "a call",
            "Invalid type for 'messages[2].content': expected a string, but got null instead.",
        ),
        ("a call", "messages.2.content Field required"),
        ("a call", "Expected content to be str or list, got NoneType"),
        ("a call", "null value not allowed in field"),
        ("an id with a colon", "Unexpected tool call id functions.read:0 in tool results"),
        ("an id with a colon", "invalid tool_call_id"),
        ("a name of another tool", "Unknown function: bash"),
        ("a name of another tool", "Tool 'bash' not found"),
        ("a person after a result", "Role 'tool' must be followed by 'assistant'"),
        ("a person after a result", "messages: invalid order"),
        ("two persons in a row", "multiturn requests alternate between user and model"),
        ("two persons in a row", "messages[3] has an invalid role"),
        ("an answer", "Only user and assistant roles are supported!"),
        ("an answer", "Developer instruction is not enabled for this model"),
        ("two calls", "This model does not support parallel tool calls"),
        ("a call with reasoning", "messages: unexpected keyword argument"),
        ("fields of the message", "messages: unexpected keyword argument"),
        ("fields of the call", 'json: unknown field "extra_content"'),
    ],
)
async def test_a_refusal_is_understood_in_other_words(shape: str, words: str) -> None:
    """The endpoint refuses the messages as they are sent first, whatever they are."""
    seen: list[str] = []

    def script(body: Mapping[str, Any]) -> ScriptedTurn:
        seen.append(json.dumps(body["messages"]))
        if seen[-1] == seen[0]:
            error = {"error": {"message": words}}
            return FaultyTurn(fault=HttpError(status=400, body=error, times=99))
        return ScriptedTurn(text="A")

    async with FaultyServer(script) as server, model_at(server.base_url) as model:
        assert (await model.respond(begun(shape))).message.text == "A"
        assert len(seen) <= TRIES_MAX


ANSWER = Reply((b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n',))
REFUSAL = Reply((b'{"error": "Bad Request"}',), status=400, content_type="application/json")


async def answers(*turns: ScriptedTurn) -> tuple[list[Response], ScriptedServer]:
    given: list[Response] = []
    async with ScriptedServer(turns) as server, model_at(server.base_url) as model:
        messages: tuple[Message, ...] = (user("Do it."),)
        for _ in turns:
            given.append(await model.respond(Request(messages, TOOLS)))
            messages = (*messages, given[-1].message)
    return given, server


async def test_fields_of_a_vendor_come_back_as_they_came() -> None:
    details = [{"type": "reasoning.encrypted", "data": "c2VjcmV0", "index": 0}]
    signature = {"google": {"thought_signature": "Q2lB"}}
    turn = ScriptedTurn.model_validate(
        {
            "tool_calls": [{"name": "list", "vendor_fields": {"extra_content": signature}}],
            "vendor_fields": {
                "reasoning_details": details,
                "thinking_blocks": [{"signature": "x"}],
            },
        }
    )
    _, server = await answers(turn, ScriptedTurn(text="done"))
    sent = server.requests[1].body["messages"][1]
    assert sent["reasoning_details"] == details
    assert sent["thinking_blocks"] == [{"signature": "x"}]
    assert sent["tool_calls"][0]["extra_content"] == signature


@pytest.mark.parametrize("name", ["functions.read", "default_api:read", "tools/read", "read"])
async def test_a_tool_is_known_by_the_end_of_its_name(name: str) -> None:
    turn = ScriptedTurn.model_validate({"tool_calls": [{"name": name, "arguments": {"path": "a"}}]})
    (response,), _ = await answers(turn)
    assert response.message.tool_calls[0].name == "read"


@pytest.mark.parametrize("arguments", ["", " ", "null", "{}"])
async def test_a_tool_that_needs_nothing_may_be_given_nothing(arguments: str) -> None:
    turn = ScriptedTurn.model_validate({"tool_calls": [{"name": "list", "arguments": arguments}]})
    (response,), _ = await answers(turn)
    assert response.message.tool_calls[0].parsed == {}


async def test_a_refusal_without_a_reason_is_learned_from_where_less_was_taken() -> None:
    """Each change is tried, one more with each request, until the endpoint takes them."""

    def takes(body: dict[str, Any]) -> bool:
        said = [each["role"] for each in body["messages"]]
        return all(pair != ("tool", "user") for pair in pairwise(said))

    async with (
        WireServer(ANSWER, *[REFUSAL] * 3, ANSWER).serving() as server,
        model_at(server.base_url) as model,
    ):
        await model.respond(Request((user("Do it."),), TOOLS))
        request = begun("a person after a result")
        assert (await model.respond(request)).message.text == "Hi"
        bodies = [json.loads(each.body) for each in server.requests]
        assert len({json.dumps(body) for body in bodies}) == len(bodies), "no way is tried twice"
        assert any(takes(body) for body in bodies[1:])


async def test_a_refusal_without_a_reason_at_the_first_request_ends_it() -> None:
    async with WireServer(REFUSAL).serving() as server, model_at(server.base_url) as model:
        with pytest.raises(ModelRefused, match="Bad Request"):
            await model.respond(begun("a person after a result"))
        assert len(server.requests) == 1


async def test_what_cannot_be_learned_ends_with_the_first_words_of_the_vendor() -> None:
    said = json.dumps({"error": {"message": "messages[1].content is bad"}}).encode()
    other = json.dumps({"error": {"message": "messages[1].role is worse"}}).encode()
    replies = [
        Reply((each,), status=400, content_type="application/json") for each in (said, other)
    ]
    async with WireServer(*replies).serving() as server, model_at(server.base_url) as model:
        with pytest.raises(Exception, match=r"messages\[1\]\.content is bad"):
            await model.respond(begun("two calls"))
        assert len(server.requests) <= 16
