"""What the documentation of Messages and of Responses shows on the wire, and what it is read as."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import copy
from itertools import product
from typing import Any

import pytest

from lsp_server.domain.errors import ModelError, ModelMisbehaved, ModelRefused, ModelUnavailable
from lsp_server.domain.messages import Request, Usage, ignore_deltas
from lsp_server.domain.tools import ToolSpec
from lsp_server.models.error_body import error_in
from lsp_server.models.messages_builder import MessagesBuilder
from lsp_server.models.responses_builder import ResponsesBuilder
from tests.fakes.wire_server import QUESTION, Reply, answer_of

TOOLS = (
    ToolSpec("get_weather", "", {"type": "object", "required": ["location"]}),
    ToolSpec("now", "", {"type": "object"}),
)
REQUEST = Request(QUESTION.messages, TOOLS)


def events(*values: dict[str, Any], named: bool = True) -> Reply:
    lines = [
        (f"event: {each['type']}\n" if named else "")
        + f"data: {json.dumps(each, ensure_ascii=False)}\n\n"
        for each in values
    ]
    return Reply(tuple(line.encode() for line in lines))


def whole(value: dict[str, Any]) -> Reply:
    return Reply((json.dumps(value).encode(),), content_type="application/json")


# Messages: https://platform.claude.com/docs/en/build-with-claude/streaming


def start(**usage: int) -> dict[str, Any]:
    message: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "content": [],
               "model": "claude", "stop_reason": None, "stop_sequence": None,
               "usage": {"input_tokens": 25, "output_tokens": 1, **usage}}  # fmt: skip
    return {"type": "message_start", "message": message}


def block(index: int, content: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": content},
        *({"type": "content_block_delta", "index": index, "delta": each} for each in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text(index: int, *pieces: str) -> list[dict[str, Any]]:
    deltas = ({"type": "text_delta", "text": each} for each in pieces)
    return block(index, {"type": "text", "text": ""}, *deltas)


def tool(index: int, name: str, *pieces: str, id_: str = "toolu_1") -> list[dict[str, Any]]:
    deltas = ({"type": "input_json_delta", "partial_json": each} for each in pieces)
    return block(index, {"type": "tool_use", "id": id_, "name": name, "input": {}}, *deltas)


def end(reason: str, **usage: int) -> list[dict[str, Any]]:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return [
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 15, **usage}},
        {"type": "message_stop"},
    ]


PING = {"type": "ping"}
THINKING = block(
    0,
    {"type": "thinking", "thinking": "", "signature": ""},
    {"type": "thinking_delta", "thinking": "Let me "},
    {"type": "thinking_delta", "thinking": "see."},
    {"type": "signature_delta", "signature": "EqQBCg"},
)
WEATHER = [("get_weather", '{"location": "San Francisco, CA"}')]

MESSAGES: dict[str, tuple[Reply, str, str, list[tuple[str, str]], str, Usage]] = {
    "a text": (
        events(start(), *text(0, "Hello", "!"), PING, *end("end_turn")),
        "Hello!", "", [], "stop", Usage(25, 0, 15),
    ),
    "a ping first": (
        events(PING, start(), *text(0, "Hello!"), *end("end_turn")),
        "Hello!", "", [], "stop", Usage(25, 0, 15),
    ),
    "events without names": (
        events(start(), *text(0, "Hello!"), *end("end_turn"), named=False),
        "Hello!", "", [], "stop", Usage(25, 0, 15),
    ),
    "a call": (
        events(start(), *text(0, "I look."),
               *tool(1, "get_weather", "", '{"location":', ' "San', ' Francisco, CA"}'),
               *end("tool_use")),
        "I look.", "", WEATHER, "tool_calls", Usage(25, 0, 15),
    ),
    "two calls": (
        events(start(), *tool(0, "get_weather", '{"location": "San Francisco, CA"}'),
               *tool(1, "now", "", id_="toolu_2"), *end("tool_use")),
        "", "", [*WEATHER, ("now", "{}")], "tool_calls", Usage(25, 0, 15),
    ),
    "all arguments where the call begins": (
        events(start(),
               *block(0, {"type": "tool_use", "id": "toolu_1", "name": "get_weather",
                          "input": {"location": "San Francisco, CA"}}),
               *end("tool_use")),
        "", "", WEATHER, "tool_calls", Usage(25, 0, 15),
    ),
    "thinking": (
        events(start(), *THINKING, *text(1, "27"), *end("end_turn")),
        "27", "Let me see.", [], "stop", Usage(25, 0, 15),
    ),
    "thinking between calls": (
        events(start(), *THINKING, *tool(1, "now"),
               *block(2, {"type": "thinking", "thinking": ""},
                      {"type": "thinking_delta", "thinking": "And then?"},
                      {"type": "signature_delta", "signature": "b"}),
               *text(3, "27"), *end("tool_use")),
        "27", "Let me see.\n\nAnd then?", [("now", "{}")], "tool_calls", Usage(25, 0, 15),
    ),
    "thinking that is left out": (
        events(start(), *block(0, {"type": "thinking", "thinking": ""},
                               {"type": "signature_delta", "signature": "EosnCkYICxIM"}),
               *text(1, "27"), *end("end_turn")),
        "27", "", [], "stop", Usage(25, 0, 15),
    ),
    "redacted thinking": (
        events(start(), *block(0, {"type": "redacted_thinking", "data": "EmwKAhgB"}),
               *text(1, "27"), *end("end_turn")),
        "27", "", [], "stop", Usage(25, 0, 15),
    ),
    "counts of a cache": (
        events(start(cache_read_input_tokens=1000, cache_creation_input_tokens=200),
               *text(0, "Hello!"), *end("end_turn")),
        "Hello!", "", [], "stop", Usage(1225, 1000, 15, cache_write_tokens=200),
    ),
    "counts at the end alone": (
        events({"type": "message_start", "message": {"type": "message", "content": []}},
               *text(0, "Hello!"), *end("end_turn", input_tokens=30, cache_read_input_tokens=8)),
        "Hello!", "", [], "stop", Usage(38, 8, 15),
    ),
    "an end by length": (
        events(start(), *text(0, "Hello"), *end("max_tokens")),
        "Hello", "", [], "length", Usage(25, 0, 15),
    ),
    "an end by the window": (
        events(start(), *text(0, "Hello"), *end("model_context_window_exceeded")),
        "Hello", "", [], "length", Usage(25, 0, 15),
    ),
    "an end by a sequence": (
        events(start(), *text(0, "Hello"), *end("stop_sequence")),
        "Hello", "", [], "stop", Usage(25, 0, 15),
    ),
    "a refusal": (
        events(start(), *end("refusal")), "", "", [], "content_filter", Usage(25, 0, 15),
    ),
    "kinds that are not known": (
        events(start(), {"type": "message_note", "note": "x"},
               *block(0, {"type": "server_tool_use", "id": "s", "name": "web", "input": {}},
                      {"type": "input_json_delta", "partial_json": ""}),
               *block(1, {"type": "text", "text": ""}, {"type": "citations_delta", "citation": {}},
                      {"type": "text_delta", "text": "Hi"}),
               *end("end_turn")),
        "Hi", "", [], "stop", Usage(25, 0, 15),
    ),
    "no last event": (
        events(start(), *text(0, "Hi"), end("end_turn")[0]),
        "Hi", "", [], "stop", Usage(25, 0, 15),
    ),
    "a whole answer": (
        whole({"type": "message", "role": "assistant", "stop_reason": "tool_use",
               "content": [{"type": "thinking", "thinking": "Hm", "signature": "c"},
                           {"type": "text", "text": "I look."},
                           {"type": "tool_use", "id": "toolu_1", "name": "get_weather",
                            "input": {"location": "San Francisco, CA"}}],
               "usage": {"input_tokens": 25, "output_tokens": 15}}),
        "I look.", "Hm", WEATHER, "tool_calls", Usage(25, 0, 15),
    ),
}  # fmt: skip

# Responses: https://platform.openai.com/docs/api-reference/responses-streaming


def response(status: str = "completed", *output: dict[str, Any], **more: Any) -> dict[str, Any]:
    usage = {"input_tokens": 37, "input_tokens_details": {"cached_tokens": 16},
             "output_tokens": 11, "output_tokens_details": {"reasoning_tokens": 8},
             "total_tokens": 48}  # fmt: skip
    return {"id": "resp_1", "object": "response", "status": status, "error": None,
            "incomplete_details": None, "output": list(output), "usage": usage, **more}  # fmt: skip


def message(said: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": said, "annotations": []}]
    return {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
            "content": content}  # fmt: skip


def called(name: str, arguments: str, call_id: str = "call_1") -> dict[str, Any]:
    return {"type": "function_call", "id": f"fc_{call_id}", "call_id": call_id, "name": name,
            "arguments": arguments, "status": "completed"}  # fmt: skip


def thought(*parts: str, **more: Any) -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": each} for each in parts]
    return {
        "type": "reasoning",
        "id": "rs_1",
        "summary": summary,
        "encrypted_content": "gAAA",
        **more,
    }


def item(place: int, value: dict[str, Any], *pieces: dict[str, Any]) -> list[dict[str, Any]]:
    empty = {**value} | {key: [] for key in ("content", "summary") if key in value}
    if "arguments" in value:
        empty["arguments"] = ""
    return [
        {"type": "response.output_item.added", "output_index": place, "item": empty},
        *({**each, "output_index": place, "item_id": value["id"]} for each in pieces),
        {"type": "response.output_item.done", "output_index": place, "item": value},
    ]


def said(place: int, *pieces: str) -> list[dict[str, Any]]:
    part = {"type": "output_text", "text": "", "annotations": []}
    return item(
        place, message("".join(pieces)),
        {"type": "response.content_part.added", "content_index": 0, "part": part},
        *({"type": "response.output_text.delta", "content_index": 0, "delta": each} for each in pieces),
        {"type": "response.output_text.done", "content_index": 0, "text": "".join(pieces)},
        {"type": "response.content_part.done", "content_index": 0, "part": part},
    )  # fmt: skip


def call(place: int, name: str, *pieces: str, call_id: str = "call_1") -> list[dict[str, Any]]:
    arguments = "".join(pieces)
    kind = "response.function_call_arguments"
    return item(
        place, called(name, arguments, call_id),
        *({"type": f"{kind}.delta", "delta": each} for each in pieces),
        {"type": f"{kind}.done", "arguments": arguments},
    )  # fmt: skip


CREATED = {"type": "response.created", "response": response("in_progress", usage=None)}
PROGRESS = {"type": "response.in_progress", "response": response("in_progress", usage=None)}
COMPLETED = {"type": "response.completed", "response": response()}
COUNTS = Usage(37, 16, 11, reasoning_tokens=8)
SUMMARY = item(
    0, thought("First.", "Then."),
    {"type": "response.reasoning_summary_part.added", "summary_index": 0},
    {"type": "response.reasoning_summary_text.delta", "summary_index": 0, "delta": "Fir"},
    {"type": "response.reasoning_summary_text.delta", "summary_index": 0, "delta": "st."},
    {"type": "response.reasoning_summary_part.added", "summary_index": 1},
    {"type": "response.reasoning_summary_text.delta", "summary_index": 1, "delta": "Then."},
)  # fmt: skip

RESPONSES: dict[str, tuple[Reply, str, str, list[tuple[str, str]], str, Usage]] = {
    "a text": (
        events(CREATED, PROGRESS, *said(0, "Hi", " there!"), COMPLETED),
        "Hi there!", "", [], "stop", COUNTS,
    ),
    "the items at the end too": (
        events(CREATED, *said(0, "Hi"),
               {"type": "response.completed", "response": response("completed", message("Hi"))}),
        "Hi", "", [], "stop", COUNTS,
    ),
    "events without names": (
        events(CREATED, *said(0, "Hi"), COMPLETED, named=False), "Hi", "", [], "stop", COUNTS,
    ),
    "a call": (
        events(CREATED, *call(0, "get_weather", '{"location":', ' "San Francisco, CA"}'), COMPLETED),
        "", "", WEATHER, "tool_calls", COUNTS,
    ),
    "two calls side by side": (
        events(CREATED,
               call(0, "get_weather", "")[0], call(1, "now", "", call_id="call_2")[0],
               {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"},
               {"type": "response.function_call_arguments.delta", "output_index": 0,
                "delta": '{"location": "San Francisco, CA"}'},
               COMPLETED),
        "", "", [*WEATHER, ("now", "{}")], "tool_calls", COUNTS,
    ),
    "a call in one piece": (
        events(CREATED, {"type": "response.output_item.done", "output_index": 0,
                         "item": called(*WEATHER[0])}, COMPLETED),
        "", "", WEATHER, "tool_calls", COUNTS,
    ),
    "a summary of thoughts": (
        events(CREATED, *SUMMARY, *said(1, "Hi"), COMPLETED),
        "Hi", "First.\n\nThen.", [], "stop", COUNTS,
    ),
    "thoughts without a summary": (
        events(CREATED, *item(0, thought()), *said(1, "Hi"), COMPLETED),
        "Hi", "", [], "stop", COUNTS,
    ),
    "thoughts in words, as gpt-oss has them": (
        events(CREATED,
               *item(0, {"type": "reasoning", "id": "rs_1", "summary": [],
                         "content": [{"type": "reasoning_text", "text": "Hm."}]},
                     {"type": "response.reasoning_text.delta", "content_index": 0, "delta": "Hm."}),
               *said(1, "Hi"), COMPLETED),
        "Hi", "Hm.", [], "stop", COUNTS,
    ),
    "an end by length": (
        events(CREATED, *said(0, "Hi"),
               {"type": "response.incomplete",
                "response": response("incomplete",
                                     incomplete_details={"reason": "max_output_tokens"})}),
        "Hi", "", [], "length", COUNTS,
    ),
    "an end by a filter": (
        events(CREATED,
               {"type": "response.incomplete",
                "response": response("incomplete",
                                     incomplete_details={"reason": "content_filter"})}),
        "", "", [], "content_filter", COUNTS,
    ),
    "a refusal": (
        events(CREATED,
               {"type": "response.refusal.delta", "output_index": 0, "delta": "I will not."},
               COMPLETED),
        "I will not.", "", [], "stop", COUNTS,
    ),
    "kinds that are not known": (
        events(CREATED, {"type": "response.new.thing", "output_index": 0, "delta": "x"},
               {"type": "keepalive"}, *said(0, "Hi"),
               {"type": "response.output_text.annotation.added", "annotation": {}}, COMPLETED),
        "Hi", "", [], "stop", COUNTS,
    ),
    "a whole answer": (
        whole(response("completed", thought("Hm"), message("I look."), called(*WEATHER[0]))),
        "I look.", "Hm", WEATHER, "tool_calls", COUNTS,
    ),
    "an answer all at the end": (
        events(CREATED, {"type": "response.completed", "response": response("completed", message("Hi"))}),
        "Hi", "", [], "stop", COUNTS,
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("wire", "row"),
    [
        *(pytest.param("messages", row, id=f"Messages: {name}") for name, row in MESSAGES.items()),
        *(
            pytest.param("responses", row, id=f"Responses: {name}")
            for name, row in RESPONSES.items()
        ),
    ],
)
async def test_a_documented_answer_is_read(wire: str, row: Any) -> None:
    reply, said, reasoning, calls, stop_reason, usage = row
    answer, heard = await answer_of(reply, REQUEST, wire=wire)
    assert answer.message.text == said
    assert answer.message.reasoning == reasoning
    assert [(each.name, each.arguments) for each in answer.message.tool_calls] == calls
    assert answer.stop_reason == stop_reason
    assert answer.usage == answer.billed == usage
    assert "".join(getattr(each, "text", "") for each in heard) == (reasoning + said)


def error(kind: str, words: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": words}}


def failed(code: str, words: str) -> dict[str, Any]:
    return {"type": "response.failed",
            "response": response("failed", error={"code": code, "message": words})}  # fmt: skip


@pytest.mark.parametrize(
    ("wire", "reply", "kind", "says"),
    [
        ("messages", events(start(), *text(0, "Hi")[:2], error("overloaded_error", "Overloaded")),
         ModelUnavailable, "529"),
        ("messages", events(error("rate_limit_error", "slow down")), ModelUnavailable, "429"),
        ("messages", events(start(), error("authentication_error", "invalid x-api-key")),
         ModelRefused, "key"),
        ("messages", events(start(), error("api_error", "Internal server error")),
         ModelUnavailable, "500"),
        ("messages", events(start(), error("billing_error", "no credit")), ModelRefused, "quota"),
        ("messages", events(start(), *text(0, "Hi")), ModelUnavailable, "before it was complete"),
        ("messages", events(PING), ModelUnavailable, "before it was complete"),
        ("messages", events({"type": "message"}), ModelMisbehaved, "no choices"),
        ("messages", whole({"choices": []}), ModelMisbehaved, "no choices"),
        ("messages", whole(error("not_found_error", "model: claude-9")), ModelRefused, "no model"),
        ("responses", events(CREATED, *said(0, "Hi")), ModelUnavailable, "before it was complete"),
        ("responses", events(CREATED, failed("rate_limit_exceeded", "slow down")),
         ModelUnavailable, "429"),
        ("responses", events(CREATED, failed("server_error", "The model crashed.")),
         ModelUnavailable, "crashed"),
        ("responses", events(CREATED, failed("context_length_exceeded",
                             "Your input exceeds the context window of this model.")),
         ModelRefused, "window"),
        ("responses", events(CREATED, {"type": "response.failed", "response": response("failed")}),
         ModelUnavailable, "gave up"),
        ("responses", events({"type": "error", "code": "invalid_api_key", "message": "no", "param": None}),
         ModelRefused, "key"),
        ("responses", whole({"object": "chat.completion"}), ModelMisbehaved, "no choices"),
    ],
)  # fmt: skip
async def test_an_answer_that_fails_is_told_by_who_can_mend_it(
    wire: str, reply: Reply, kind: type[ModelError], says: str
) -> None:
    with pytest.raises(ModelError, match=says) as raised:
        await answer_of(reply, REQUEST, wire=wire)
    assert isinstance(raised.value, kind)


@pytest.mark.parametrize("wire", ["messages", "responses"])
async def test_a_huge_event_is_one_event(wire: str) -> None:
    words = "x" * 3_000_000
    reply = {
        "messages": events(start(), *text(0, words), *end("end_turn")),
        "responses": events(CREATED, *said(0, words), COMPLETED),
    }[wire]
    cut = b"".join(reply.pieces)
    pieces = tuple(cut[at : at + 65_000] for at in range(0, len(cut), 65_000))
    answer, _ = await answer_of(Reply(pieces), wire=wire)
    assert answer.message.text == words


@pytest.mark.parametrize(
    ("wire", "junk"),
    [
        ("messages", b"data: {\n\n"),
        ("messages", b"data: nonsense\n\n"),
        ("messages", b"data: [1, 2]\n\n"),
        ("responses", b"data: {\n\n"),
        ("responses", b'data: "words"\n\n'),
    ],
)
async def test_junk_in_a_stream_is_an_answer_to_ask_for_again(wire: str, junk: bytes) -> None:
    begun = {"messages": events(start(), *text(0, "Hi")), "responses": events(CREATED)}[wire]
    with pytest.raises((ModelUnavailable, ModelMisbehaved)):
        await answer_of(Reply((*begun.pieces, junk)), wire=wire)


STREAMS = {
    "messages": events(
        start(cache_read_input_tokens=8),
        *THINKING,
        *text(1, "Hé ", "🦀"),
        *tool(2, "get_weather", '{"location": "Zürich"}'),
        *end("tool_use"),
    ),
    "responses": events(
        CREATED, *SUMMARY, *said(1, "Hé ", "🦀"), *call(2, "get_weather", '{"location": "Zürich"}'), COMPLETED
    ),
}  # fmt: skip


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("wire", STREAMS)
async def test_no_cut_changes_an_answer(wire: str, line_end: bytes) -> None:
    stream = b"".join(STREAMS[wire].pieces)
    expected, _ = await answer_of(Reply((stream,)), REQUEST, wire=wire)
    body = stream.replace(b"\n", line_end)
    for size in (1, 7, 64, 1000):
        pieces = tuple(body[at : at + size] for at in range(0, len(body), size))
        answer, _ = await answer_of(Reply(pieces), REQUEST, wire=wire)
        assert answer == expected


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("wire", STREAMS)
async def test_no_beginning_of_an_answer_is_taken_for_one(wire: str, ends: bool) -> None:
    pieces = STREAMS[wire].pieces
    last = next(
        place
        for place, piece in enumerate(pieces)
        if b"message_delta" in piece or b"response.completed" in piece
    )
    for count in range(last):
        with pytest.raises(ModelUnavailable):
            await answer_of(Reply(pieces[:count], ends=ends), REQUEST, wire=wire)
    answer, _ = await answer_of(Reply(pieces[: last + 1], ends=ends), REQUEST, wire=wire)
    assert answer.stop_reason == "tool_calls"


JUNK: tuple[Any, ...] = (None, -5, 1.5, "x", [], {}, [None], [{"text": None}])


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inside = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, each in inside:
        yield from paths(each, (*path, key))


def with_junk(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    made = copy(value)
    made[path[0]] = with_junk(made[path[0]], path[1:], junk)
    return made


@pytest.mark.parametrize("wire", STREAMS)
def test_no_value_of_another_type_is_more_than_an_odd_answer(wire: str) -> None:
    builders: dict[str, type[MessagesBuilder | ResponsesBuilder]]
    builders = {"messages": MessagesBuilder, "responses": ResponsesBuilder}
    values = [
        json.loads(line[5:])
        for line in b"".join(STREAMS[wire].pieces).decode().split("\n")
        if line.startswith("data:")
    ]
    for place, value in enumerate(values):
        for path, junk in product(paths(value), JUNK):
            odd = with_junk(value, path, junk)
            builder = builders[wire](ignore_deltas, REQUEST)
            for each in (*values[:place], odd, *values[place + 1 :]):
                # As the reader does, which looks for errors first.
                if isinstance(each, dict) and not error_in(each):
                    builder.add(each)
            with suppress(ModelError):
                builder.response(prompt_bytes=100)
