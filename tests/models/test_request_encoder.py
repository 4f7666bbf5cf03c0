"""Request bodies: what they say, and that growing conversations share their bytes."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.messages import AnswerSchema, Message, Request
from lsp_server.domain.tools import ToolCall, ToolSpec
from lsp_server.models.dialect import Dialect
from lsp_server.models.request_encoder import RequestEncoder
from tests.fakes.wire_server import settings_for

URL = "http://localhost/v1"
READ = ToolSpec("read", "Reads a file.", MappingProxyType({"type": "object"}), "read")
USER = Message("user", "What now?")
SCHEMA = AnswerSchema("verdict", {"type": "object"})


FULL = Dialect()


def body_of(request: Request, dialect: Dialect = FULL, **settings: Any) -> dict[str, Any]:
    value = json.loads(RequestEncoder(settings_for(URL, **settings)).body(request, dialect))
    assert isinstance(value, dict)
    return value


def test_a_plain_request_asks_for_a_stream_with_usage_and_nothing_else() -> None:
    assert body_of(Request((USER,), tools=(READ,))) == {
        "model": "test-model",
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 8192,
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "read",
                    "description": "Reads a file.",
                    "parameters": {"type": "object"},
                },
            }
        ],
        "messages": [{"role": "user", "content": "What now?"}],
    }


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (Message("system", "Be brief."), {"role": "system", "content": "Be brief."}),
        (Message("user", "日本 \U0001f980"), {"role": "user", "content": "日本 \U0001f980"}),
        (Message("user", "a\udcffb"), {"role": "user", "content": "a?b"}),
        (
            Message("tool", "text", tool_call_id="a"),
            {"role": "tool", "content": "text", "tool_call_id": "a"},
        ),
        (
            Message("assistant", "Hi", "Hm"),
            {"role": "assistant", "content": "Hi", "reasoning_content": "Hm"},
        ),
    ],
)
def test_a_message_is_written_as_the_api_has_it(message: Message, expected: object) -> None:
    assert body_of(Request((message,)))["messages"] == [expected]


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ('{"path": "x"}', '{"path": "x"}'),
        ("", "{}"),
        ('{"path": "x', '{"malformed": "{\\"path\\": \\"x"}'),
        ("[1]", '{"malformed": "[1]"}'),
    ],
)
def test_calls_go_back_with_arguments_that_every_server_can_parse(
    arguments: str, sent: str
) -> None:
    message = Message("assistant", "", tool_calls=(ToolCall("a", "read", arguments),))
    (written,) = body_of(Request((message,)))["messages"]
    assert written["content"] is None
    assert written["tool_calls"] == [
        {"id": "a", "type": "function", "function": {"name": "read", "arguments": sent}}
    ]


@pytest.mark.parametrize(
    ("request_", "settings", "expected"),
    [
        (Request((USER,)), {}, {}),
        (Request((USER,), temperature=0.0), {"temperature": 0.7}, {"temperature": 0.0}),
        (Request((USER,)), {"temperature": 0.7}, {"temperature": 0.7}),
        (Request((USER,), choices=3), {}, {"n": 3}),
        (Request((USER,), choices=3), {"extra_body": {"n": 2}}, {"n": 2}),
        (Request((USER,)), {"output_tokens_max": 99}, {"max_tokens": 99}),
        (Request((USER,)), {"extra_body": {"top_k": 5, "model": "m"}}, {"top_k": 5, "model": "m"}),
        (
            Request((USER,), answer=SCHEMA),
            {},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "verdict",
                        "schema": {"type": "object"},
                        "strict": True,
                    },
                }
            },
        ),
    ],
)
def test_wishes_and_settings_reach_the_body(
    request_: Request, settings: dict[str, Any], expected: dict[str, Any]
) -> None:
    plain = body_of(Request((USER,)))
    assert body_of(request_, **settings) == {**plain, **expected}


@pytest.mark.parametrize(
    ("dialect", "gone", "there"),
    [
        (Dialect(stream_options=False), "stream_options", {}),
        (Dialect(stream=False), "stream_options", {"stream": False}),
        (
            Dialect(tokens_key="max_completion_tokens"),
            "max_tokens",
            {"max_completion_tokens": 8192},
        ),
        (Dialect(temperature=False), "temperature", {}),
        (Dialect(n=False), "n", {}),
        (Dialect(response_format=False), "response_format", {}),
    ],
)
def test_a_dialect_leaves_out_what_is_refused(
    dialect: Dialect, gone: str, there: dict[str, Any]
) -> None:
    body = body_of(Request((USER,), temperature=1.0, choices=2, answer=SCHEMA), dialect)
    assert gone not in body
    assert body == {**body, **there}


@pytest.mark.parametrize("last", [USER, Message("assistant", "Hm"), Message("tool", "x")])
def test_without_response_format_the_schema_is_told_at_the_end(last: Message) -> None:
    request = Request((USER, last), answer=SCHEMA)
    *before, end = body_of(request, Dialect(response_format=False))["messages"]
    assert before[0] == {"role": "user", "content": "What now?"}
    assert end["role"] == "user"
    assert '{"type": "object"}' in end["content"]


@pytest.mark.parametrize("key", ["messages", "tools"])
def test_extra_body_cannot_replace_the_conversation(key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"may not hold {key}"):
        RequestEncoder(settings_for(URL, extra_body={key: []}))


MESSAGES = st.builds(
    Message,
    role=st.sampled_from(["user", "assistant", "tool"]),
    text=st.text(),
    reasoning=st.text(max_size=5),
    tool_calls=st.lists(
        st.builds(ToolCall, id=st.text(), name=st.text(), arguments=st.text()), max_size=2
    ).map(tuple),
)
WISHES = st.fixed_dictionaries(
    {
        "temperature": st.sampled_from([None, 0.0, 1.0]),
        "choices": st.integers(1, 5),
        "answer": st.sampled_from([None, SCHEMA]),
    }
)


@given(
    first=st.lists(MESSAGES, min_size=1, max_size=6).map(tuple),
    then=st.lists(MESSAGES, max_size=4).map(tuple),
    wishes=st.tuples(WISHES, WISHES),
)
def test_a_grown_conversation_begins_with_the_bytes_of_the_shorter_one(
    first: tuple[Message, ...], then: tuple[Message, ...], wishes: tuple[Any, Any]
) -> None:
    encoder = RequestEncoder(settings_for(URL, extra_body={"top_k": 5}))
    shorter = encoder.body(Request(first, (READ,), **wishes[0]), Dialect())
    longer = encoder.body(Request(first + then, (READ,), **wishes[1]), Dialect())
    plain = encoder.body(Request(first, (READ,)), Dialect())
    conversation = plain.removesuffix(b"]}")
    assert shorter.startswith(conversation)
    assert longer.startswith(conversation)


def test_a_message_is_encoded_once() -> None:
    encoder = RequestEncoder(settings_for(URL))
    messages = tuple(Message("user", str(number)) for number in range(500))
    for end in range(400, 501):
        encoder.body(Request(messages[:end]), Dialect())
    assert encoder._fragment.cache_info().misses == 500
