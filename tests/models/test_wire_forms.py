"""One answer in the forms that proxies make of it, cut anywhere, is the same answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.domain.errors import ModelError, ModelMisbehaved, ModelRefused, ModelUnavailable
from lsp_server.domain.messages import Message, Request, Response
from lsp_server.domain.tools import ToolSpec
from lsp_server.models.arguments_text import whole_arguments
from lsp_server.models.chat_completions import ChatCompletions
from tests.fakes.wire_server import settings_for

TOOLS = (
    ToolSpec("read", "", {"type": "object", "required": ["path"]}),
    ToolSpec("list", "", {"type": "object"}),
)
REQUEST = Request((Message("user", "What now?"),), TOOLS)


class Pieces(httpx.AsyncBaseTransport, httpx.AsyncByteStream):
    """Answers every request with the same pieces."""

    def __init__(self, pieces: list[bytes], content_type: str | None) -> None:
        self._pieces = pieces
        self._headers = {} if content_type is None else {"Content-Type": content_type}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=self._headers, stream=self)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


async def read(*pieces: bytes, content_type: str | None = "text/event-stream") -> Response:
    async with httpx.AsyncClient(transport=Pieces(list(pieces), content_type)) as client:
        settings = settings_for("http://host.example/v1")
        return await ChatCompletions(settings, client=client, api_key="sk-1").respond(REQUEST)


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def call(arguments: Any, name: str | None = None, id_: str | None = None) -> dict[str, Any]:
    function = {"arguments": arguments} | ({"name": name} if name else {})
    return chunk(
        {"tool_calls": [{"index": 0, "function": function} | ({"id": id_} if id_ else {})]}
    )


def events(*chunks: dict[str, Any]) -> bytes:
    lines = [f"data: {json.dumps(each, ensure_ascii=False)}\n\n" for each in chunks]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


WHOLE = json.dumps(
    {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hé 🦀"},
                  "finish_reason": "stop"}]}
).encode()  # fmt: skip
STREAM = events(chunk({"content": "Hé "}), chunk({"content": "🦀"}), chunk({}, "stop"))
LINES = b"".join(
    json.dumps(each).encode() + b"\n"
    for each in (chunk({"content": "Hé "}), chunk({"content": "🦀"}), chunk({}, "stop"))
)
BODIES = {
    "whole": WHOLE,
    "pretty": json.dumps(json.loads(WHOLE), indent=2).encode(),
    "whole with a mark": b"\xef\xbb\xbf" + WHOLE,
    "events": STREAM,
    "events with a mark": b"\xef\xbb\xbf" + STREAM,
    "events behind blank lines": b"\n\n" + STREAM,
    "events with CRLF": STREAM.replace(b"\n", b"\r\n"),
    "lines": LINES,
    "a list": b"[" + LINES.strip().replace(b"\n", b",") + b"]",
}
TYPES = ["application/json", "text/plain; charset=utf-8", "text/event-stream", "application/x-ndjson",
         "application/octet-stream", None]  # fmt: skip


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_an_answer_is_read_under_every_content_type(
    body: bytes, content_type: str | None
) -> None:
    assert (await read(body, content_type=content_type)).message.text == "Hé 🦀"


@given(st.sampled_from(list(BODIES.values())), st.lists(st.integers(0, 400), max_size=12))
async def test_no_cut_changes_the_answer(body: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    pieces = [body[a:b] for a, b in pairwise(places)]
    assert (await read(*pieces)).message.text == "Hé 🦀"


@pytest.mark.parametrize("content_type", [*TYPES, "text/html"])
@pytest.mark.parametrize(
    ("body", "error", "says"),
    [
        (b'{"error": {"message": "Invalid API key"}}', ModelRefused, "Invalid API key"),
        (b'{"success": false, "message": "invalid api key"}', ModelRefused, "invalid api key"),
        (b'{"code": 401, "msg": "token expired"}', ModelRefused, "token expired"),
        (b'{"detail": "Unauthorized"}', ModelRefused, "Unauthorized"),
        (b'{"detail": "Not authenticated"}', ModelRefused, "Not authenticated"),
        (b'{"message": "login required"}', ModelRefused, "login required"),
        (b'{"msg": "the token has expired"}', ModelRefused, "token has expired"),
        (b'event: error\ndata: {"message": "invalid model"}\n\n', ModelRefused, "invalid model"),
        (b'[{"error": {"code": 400, "message": "bad"}}]', ModelRefused, "bad"),
        (b'{"message": "the tenant is asleep"}', ModelUnavailable, "the tenant is asleep"),
        (b'data: {"success": false, "message": "invalid api key"}\n\n', ModelError, "invalid api key"),
        (b'{"error": true, "message": "invalid api key"}', ModelRefused, "invalid api key"),
        (b'{"choices": null, "base_resp": {"status_code": 1004, "status_msg": "login fail: invalid api key"}}',
         ModelRefused, "login fail"),
        (b'{"error_code": 110, "error_msg": "Access token invalid"}', ModelRefused, "Access token"),
        (b"data: invalid api key\n\n", ModelRefused, "invalid api key"),
        (b'data: "invalid api key"\n\n', ModelRefused, "invalid api key"),
        (b"data: the tenant is asleep\n\n", ModelUnavailable, "the tenant is asleep"),
        (b'event: error\ndata: "Invalid API key"\n\n', ModelRefused, "Invalid API key"),
        (b"<html><title>Gateway</title><p>Sign in</p></html>", ModelRefused, "Gateway Sign in"),
        (b"", ModelError, ""),
    ],
)  # fmt: skip
async def test_an_error_in_the_place_of_an_answer_is_shown_in_its_words(
    body: bytes, error: type[ModelError], says: str, content_type: str | None
) -> None:
    with pytest.raises(error) as raised:
        await read(body, content_type=content_type)
    assert says in str(raised.value)
    if isinstance(raised.value, ModelUnavailable) and says:
        assert (raised.value.patience_seconds or 99) < 60


async def test_plain_words_are_shown() -> None:
    with pytest.raises(ModelRefused, match="invalid api key"):
        await read(b"invalid api key", content_type="text/plain")


@pytest.mark.parametrize(
    "chunks",
    [
        [call("{}", "read"), call('{"path": '), call('"a"}')],
        [call({}, "read"), call('{"path": "a"}')],
        [call({}, "read"), call({"path": "a"})],
        [call('{"path": ', "read"), call('"a"}'), call('{"path": "a"}')],
        [call('{"path"', "read"), call('{"path": "a'), call('{"path": "a"}')],
        [call(json.dumps('{"path": "a"}'), "read")],
        [call('```json\n{"path": "a"}\n```', "read")],
        [call('{"path": "a"}{"path": "a"}', "read")],
        [call("", "re", "x"), call("", "ad", "x"), call('{"path": "a"}')],
        [call("", "re"), call('{"path": "a"}', "ad")],
        [call("", "r", "x"), call("", "e", "x"), call("", "ad", "x"), call('{"path": "a"}')],
        [call("", "re", "x"), call("", "read", "x"), call('{"path": "a"}')],
        [call("", "re"), call('{"path": "a"}', "read")],
        [call("null", "read"), call('{"path": "a"}')],
        [call(None, "read"), call('{"path": '), call('"a"}')],
        [call("", "functions.read"), call('{"path": "a"}')],
    ],
)
async def test_the_odd_ways_of_a_call_have_one_reading(chunks: list[dict[str, Any]]) -> None:
    response = await read(events(*chunks, chunk({}, "tool_calls")))
    (made,) = response.message.tool_calls
    assert (made.name, made.parsed) == ("read", {"path": "a"})


@pytest.mark.parametrize(
    "text",
    ['{"path": "a', '{"path": "a"}{"path": "b"}', '{"path": "a"} and more', "[]", '"text"', "null",
     "{}{", '{"a": 1}]'],
)  # fmt: skip
def test_what_has_several_readings_or_none_stays_as_it_is(text: str) -> None:
    assert whole_arguments([text]) == text


@given(st.lists(st.sampled_from(['{"a": 1}', "{}", '{"a"', ": 1}", '"', "x", "```"]), max_size=6))
def test_arguments_that_are_an_object_are_never_changed(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        is_object = isinstance(json.loads(text), dict)
    except ValueError:
        is_object = False
    if is_object:
        assert whole_arguments(pieces) == text


async def test_a_body_that_is_no_answer_at_all_is_misbehaviour() -> None:
    with pytest.raises(ModelMisbehaved):
        await read(b'{"id": "x", "choices": []}', content_type="application/json")
