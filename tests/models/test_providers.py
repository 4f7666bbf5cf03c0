"""What providers send, one row each, and what it is read as."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lsp_server.domain.errors import ModelError, ModelMisbehaved, ModelRefused, ModelUnavailable
from lsp_server.domain.messages import ReasoningDelta, TextDelta, ToolCallDelta, Usage
from lsp_server.domain.tools import ToolCall
from tests.fakes.wire_server import Reply, answer_of


def chunk(delta: Any, finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish}], **more}


def call(index: int | None = None, id_: str | None = None, **function: Any) -> dict[str, Any]:
    piece: dict[str, Any] = {"function": function}
    if index is not None:
        piece["index"] = index
    if id_ is not None:
        piece["id"] = id_
    return {"tool_calls": [piece]}


def sse(*chunks: dict[str, Any], done: bool = True) -> Reply:
    lines = [f"data: {json.dumps(each, ensure_ascii=False)}\n\n" for each in chunks]
    return Reply(tuple(line.encode() for line in [*lines, *(["data: [DONE]\n\n"] if done else [])]))


OPENAI = sse(
    chunk({"role": "assistant", "content": None}),
    chunk(call(0, "call_a", name="read", arguments="")),
    chunk(call(0, arguments='{"pa')),
    chunk(call(0, arguments='th": "x"}')),
    chunk(call(1, "call_b", name="list", arguments="")),
    chunk(call(1, arguments="{}")),
    chunk({}, "tool_calls"),
    {"choices": [], "usage": {"prompt_tokens": 90, "completion_tokens": 9,
                              "prompt_tokens_details": {"cached_tokens": 64}}},
)  # fmt: skip
TWO_CALLS = [("read", '{"path": "x"}'), ("list", "{}")]


@pytest.mark.parametrize(
    ("reply", "text", "reasoning", "calls", "stop_reason"),
    [
        pytest.param(OPENAI, "", "", TWO_CALLS, "tool_calls", id="OpenAI"),
        pytest.param(
            sse(chunk({"content": "Hi"}), chunk({"content": " you"}), chunk({}, "stop"), done=False),
            "Hi you", "", [], "stop", id="no [DONE]",
        ),
        pytest.param(
            sse(chunk({"content": "Hi"})), "Hi", "", [], "stop", id="[DONE] without finish_reason"
        ),
        pytest.param(
            sse(chunk({"reasoning_content": "Hm"}), chunk({"content": "Hi", "reasoning_content": None}),
                chunk({"content": ""}, "stop")),
            "Hi", "Hm", [], "stop", id="DeepSeek and MiMo reasoning",
        ),
        pytest.param(
            sse(chunk({"reasoning": "Hm", "reasoning_content": "Hm"}), chunk({"reasoning": "m"}),
                chunk({"content": "Hi"}, "stop")),
            "Hi", "Hmm", [], "stop", id="vLLM reasoning under both keys",
        ),
        pytest.param(
            sse(chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
                                   {"type": "text", "text": "Hi"}]}, "stop")),
            "Hi", "Hm", [], "stop", id="Mistral parts",
        ),
        pytest.param(
            sse(chunk(call(None, "a", name="read", arguments='{"path":')),
                chunk(call(None, arguments=' "x"}')),
                chunk(call(None, "b", name="list", arguments="{}")), chunk({}, "tool_calls")),
            "", "", TWO_CALLS, "tool_calls", id="calls without index",
        ),
        pytest.param(
            sse(chunk(call(name="read", arguments={"path": "x"})),
                chunk(call(name="list", arguments={})), chunk({}, "stop")),
            "", "", TWO_CALLS, "tool_calls", id="Ollama: whole calls, objects, no index, no id",
        ),
        pytest.param(
            sse(chunk(call(0, "a", name="read", arguments='{"path": "x"}')),
                chunk(call(0, "b", name="list", arguments="{}")), chunk({}, "tool_calls")),
            "", "", TWO_CALLS, "tool_calls", id="Ollama: every call is number 0",
        ),
        pytest.param(
            sse(chunk(call(0, "", name="read", arguments='{"path": "x"}')),
                chunk(call(0, "", name="list", arguments="{}")), chunk({}, "stop")),
            "", "", TWO_CALLS, "tool_calls", id="Gemini: number 0 and empty ids",
        ),
        pytest.param(
            sse(chunk(call(0, "", name="", arguments="")), chunk(call(0, "a", name="read")),
                chunk(call(0, "a", name="read", arguments='{"path": ')),
                chunk(call(0, "a", name="read", arguments='"x"}')),
                chunk(call(1, "b", name="list", arguments="{}")), chunk({}, "tool_calls")),
            "", "", TWO_CALLS, "tool_calls", id="ids and names late and repeated",
        ),
        pytest.param(
            sse(chunk(call(1, "b", name="list", arguments="{}")), chunk({}, "function_call")),
            "", "", [("list", "{}")], "tool_calls", id="first index is 1",
        ),
        pytest.param(
            sse(chunk({"content": "cut o"}), chunk({}, "max_tokens")), "cut o", "", [], "length",
            id="length by another name",
        ),
        pytest.param(
            sse(chunk({"refusal": "No."}), chunk({}, "content_filter")), "No.", "", [],
            "content_filter", id="refusal",
        ),
        pytest.param(
            sse({"choices": []}, {"id": "x"}, chunk(None), chunk({"content": "Hi"}, "stop")),
            "Hi", "", [], "stop", id="pieces that say nothing",
        ),
        pytest.param(
            Reply((b": ping\r\n\r\n", *(each.replace(b"\n", b"\r\n") for each in OPENAI.pieces))),
            "", "", TWO_CALLS, "tool_calls", id="CRLF and keep-alive comments",
        ),
        pytest.param(
            Reply(tuple(bytes([byte]) for byte in b"".join(
                sse(chunk({"content": "日本 🦀"}, "stop")).pieces))),
            "日本 🦀", "", [], "stop", id="every byte by itself",
        ),
        pytest.param(
            Reply((b'data: {"choices":[{"delta":{"content":"a\xff\xfeb"},"finish_reason":"stop"}]}\n\n',)),
            "a��b", "", [], "stop", id="invalid UTF-8 is replaced",
        ),
        pytest.param(
            Reply((json.dumps({"choices": [{"message": {
                "content": "Hi", "reasoning_content": "Hm",
                "tool_calls": [{"id": "a", "function": {"name": "read", "arguments": '{"path": "x"}'}},
                               {"id": "a", "function": {"name": "list", "arguments": None}}],
            }, "finish_reason": "tool_calls"}]}).encode(),), content_type="application/json; charset=utf-8"),
            "Hi", "Hm", [("read", '{"path": "x"}'), ("list", "")], "tool_calls", id="whole answer",
        ),
        pytest.param(sse(chunk({}, "stop")), "", "", [], "stop", id="empty message"),
    ],
)  # fmt: skip
async def test_an_answer_is_read(
    reply: Reply, text: str, reasoning: str, calls: list[tuple[str, str]], stop_reason: str
) -> None:
    response, heard = await answer_of(reply)
    message = response.message
    assert (message.text, message.reasoning) == (text, reasoning)
    assert [(each.name, each.arguments) for each in message.tool_calls] == calls
    assert response.stop_reason == stop_reason
    assert all(each.id for each in message.tool_calls)
    assert len({each.id for each in message.tool_calls}) == len(message.tool_calls)
    assert "".join(each.text for each in heard if isinstance(each, TextDelta)) == text
    assert "".join(each.text for each in heard if isinstance(each, ReasoningDelta)) == reasoning
    names = [each.name for each in heard if isinstance(each, ToolCallDelta) and each.name]
    assert names == [each.name for each in message.tool_calls]


async def test_ids_of_the_endpoint_are_kept() -> None:
    response, _ = await answer_of(OPENAI)
    assert response.message.tool_calls == (
        ToolCall("call_a", "read", '{"path": "x"}'),
        ToolCall("call_b", "list", "{}"),
    )


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 90, "completion_tokens": 9}, Usage(90, 0, 9)),
        ({"prompt_tokens": 90, "completion_tokens": 9, "prompt_tokens_details": None}, Usage(90, 0, 9)),
        ({"prompt_tokens": 90, "completion_tokens": 9,
          "prompt_tokens_details": {"cached_tokens": 64}}, Usage(90, 64, 9)),
        ({"prompt_tokens": 90, "completion_tokens": 9, "prompt_cache_hit_tokens": 80}, Usage(90, 80, 9)),
        ({"prompt_tokens": 90, "completion_tokens": 9, "cached_tokens": 70}, Usage(90, 70, 9)),
        ({"prompt_tokens": 90, "completion_tokens": None, "cached_tokens": 500}, Usage(90, 90, 0)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["own chunk", "last chunk", "choice"])
async def test_usage_is_read_wherever_it_stands(
    usage: dict[str, Any], expected: Usage, place: str
) -> None:
    last = chunk({}, "stop")
    more: list[dict[str, Any]] = []
    match place:
        case "own chunk":
            more = [{"choices": [], "usage": usage}]
        case "last chunk":
            last["usage"] = usage
        case _:
            last["choices"][0]["usage"] = usage
    response, _ = await answer_of(sse(chunk({"content": "Hi"}), last, *more))
    assert response.usage == response.billed == expected


async def test_missing_usage_is_estimated_from_bytes() -> None:
    response, _ = await answer_of(sse(chunk({"content": "é" * 20}), chunk({}, "stop")))
    assert response.usage.completion_tokens == 10
    assert 40 < response.usage.prompt_tokens < 60


async def test_choices_are_kept_apart_and_billed_together() -> None:
    response, heard = await answer_of(
        sse(
            chunk({"content": "no"}, index=1),
            chunk({"content": "yesyes"}, index=0),
            chunk({}, "stop", index=1),
            chunk({}, "length", index=0),
            {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 8}},
        )
    )
    assert [choice.message.text for choice in response.choices] == ["yesyes", "no"]
    assert [choice.stop_reason for choice in response.choices] == ["length", "stop"]
    assert heard == [TextDelta("no", 1), TextDelta("yesyes", 0)]
    assert (response.usage, response.billed) == (Usage(10, 0, 6), Usage(10, 0, 8))


HALF = chunk({"content": "Half an answ"})


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (sse(HALF, done=False), ModelUnavailable, "before it was complete"),
        (Reply(sse(HALF, done=False).pieces, ends=False), ModelUnavailable, "broke off"),
        (Reply((b"data: {broken\n\n",)), ModelUnavailable, "broken piece"),
        (sse(HALF, chunk({}, "error")), ModelUnavailable, "gave up"),
        (sse(HALF, chunk({}, "insufficient_system_resource")), ModelUnavailable, "gave up"),
        (sse(HALF, {"error": {"message": "Overloaded", "code": 502}, "choices": []}),
         ModelUnavailable, "502: Overloaded"),
        (sse(HALF, {"error": {"message": "kaput"}}), ModelUnavailable, "kaput"),
        (sse(HALF, {"error": {"message": "no", "type": "invalid_request_error"}}), ModelRefused, "no"),
        (sse({"choices": [{"error": {"code": 429, "message": "slow down"}, "delta": {}}]}),
         ModelUnavailable, "slow down"),
        (Reply((b'event: error\ndata: {"error": {"message": "LM Studio says no"}}\n\n',)),
         ModelUnavailable, "LM Studio says no"),
        (Reply((b"event: error\ndata: plain words\n\n",)), ModelUnavailable, "plain words"),
        (Reply((b'error: {"code": 500, "message": "llama says no"}\n\n',)),
         ModelUnavailable, "llama says no"),
        (sse(), ModelMisbehaved, "no choices"),
        (Reply((b"data: 5\n\n",)), ModelMisbehaved, "no JSON object"),
        (Reply((b"Hello?",), content_type="application/json"), ModelMisbehaved, "no JSON"),
        (Reply((b"[" * 100_000,), content_type="application/json"), ModelMisbehaved, "no JSON"),
        (Reply((b'{"error": {"message": "odd", "code": 400}}',), content_type="application/json"),
         ModelRefused, "odd"),
        (Reply((b"<html>Log in</html>",), content_type="text/html"), ModelRefused, "model.base_url"),
        (Reply((), status=302, headers={"Location": "/login"}), ModelRefused, "model.base_url"),
    ],
)  # fmt: skip
async def test_what_is_no_whole_answer_is_an_error(
    reply: Reply, error: type[ModelError], says: str
) -> None:
    with pytest.raises(error, match=says) as raised:
        await answer_of(reply)
    assert type(raised.value) is error


async def test_a_drop_after_the_last_word_costs_nothing() -> None:
    reply = Reply(sse(chunk({"content": "Hi"}, "stop"), done=False).pieces, ends=False)
    response, _ = await answer_of(reply)
    assert response.message.text == "Hi"
