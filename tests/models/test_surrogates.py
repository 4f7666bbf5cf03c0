"""Halves of surrogate pairs in answers: joined where both came, U+FFFD where one did."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lsp_server.domain.errors import ModelRefused
from lsp_server.domain.messages import ReasoningDelta, TextDelta
from lsp_server.domain.tools import parse_arguments
from tests.fakes.wire_server import Reply, answer_of

HEAD, TAIL = "\ud83d", "\ude00"


def sse(*deltas: dict[str, Any]) -> Reply:
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return Reply(tuple(line.encode() for line in [*lines, "data: [DONE]\n\n"]))


def call(arguments: object, name: str = "", id_: str = "") -> dict[str, Any]:
    return {
        "tool_calls": [{"index": 0, "id": id_, "function": {"name": name, "arguments": arguments}}]
    }


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ((HEAD, TAIL), "😀"),
        ((f"a{HEAD}", f"{TAIL}b"), "a😀b"),
        ((f"a{HEAD}{TAIL}b",), "a😀b"),
        ((HEAD, "b"), "\ufffdb"),
        ((TAIL,), "\ufffd"),
        ((f"a{HEAD}",), "a\ufffd"),
        ((HEAD, HEAD, TAIL), "\ufffd😀"),
        ((f"{TAIL}{HEAD}",), "\ufffd\ufffd"),
        (("é", "😀"), "é😀"),
    ],
)
@pytest.mark.parametrize("key", ["content", "reasoning_content"])
async def test_texts_are_whole(pieces: tuple[str, ...], text: str, key: str) -> None:
    response, heard = await answer_of(sse(*({key: piece} for piece in pieces)))
    message = response.choices[0].message
    assert (message.text if key == "content" else message.reasoning) == text
    said = "".join(d.text for d in heard if isinstance(d, TextDelta | ReasoningDelta))
    assert text.startswith(said)
    said.encode()


@pytest.mark.parametrize(
    ("pieces", "command"),
    [
        (('{"command": "echo \\ud83d', '\\ude00"}'), "echo 😀"),
        (('{"command": "echo \\ud83d"}',), "echo \ufffd"),
        (('{"command": "\\uDE00 \\ud83d\\ude00 \\uD83D\\n"}',), "\ufffd 😀 \ufffd\n"),
        (('{"command": "\\\\ud83d \\\\\\ud83d"}',), "\\ud83d \\\ufffd"),
        ((f'{{"command": "echo {HEAD}', f'{TAIL}"}}'), "echo 😀"),
        ((f'{{"command": "echo {HEAD}"}}',), "echo \ufffd"),
        (({"command": f"echo {HEAD}"},), "echo \ufffd"),
        (('{"command": "\\u00e9\\t\\"\\/"}',), 'é\t"/'),
    ],
)
async def test_arguments_are_whole_once_they_are_parsed(
    pieces: tuple[object, ...], command: str
) -> None:
    first, *more = pieces
    reply = sse(call(first, "shell", "c1"), *map(call, more))
    ((response, _),) = [await answer_of(reply)]
    (made,) = response.choices[0].message.tool_calls
    made.arguments.encode()
    assert parse_arguments(made.arguments) == {"command": command}


async def test_names_and_ids_are_whole() -> None:
    response, _ = await answer_of(sse(call("{}", f"re{HEAD}ad", f"c{TAIL}")))
    (made,) = response.choices[0].message.tool_calls
    assert (made.name, made.id) == ("re\ufffdad", "c\ufffd")


async def test_a_whole_answer_is_whole() -> None:
    message = {"content": f"a{HEAD}", **call(f'{{"a": "{TAIL}"}}', "read")}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    reply = Reply((json.dumps(body).encode(),), content_type="application/json")
    response, _ = await answer_of(reply)
    assert response.choices[0].message.text == "a\ufffd"
    assert response.choices[0].message.tool_calls[0].arguments == '{"a": "\ufffd"}'


async def test_a_refusal_can_be_written_down() -> None:
    body = {"error": {"message": f"no {HEAD} here", "code": f"x{TAIL}"}}
    reply = Reply((json.dumps(body).encode(),), status=403, content_type="application/json")
    with pytest.raises(ModelRefused) as raised:
        await answer_of(reply)
    assert "no \ufffd here" in str(raised.value)
