from __future__ import annotations

from typing import Any

import pytest
from pygls.exceptions import JsonRpcInvalidParams

from lsp_server.server.commands.arguments import parse_arguments
from lsp_server.server.params.base import NoParams
from lsp_server.server.params.memory_params import MemorySearch
from lsp_server.server.params.run_params import PermissionAnswer, RunSend, RunStart, RunStop


@pytest.mark.parametrize(
    "arguments",
    [[], [None], [False], [{}], [None, None], [{"runId": None}], [{"all": False}], [{"all": None}]],
)
def test_saying_nothing_is_saying_nothing(arguments: list[Any]) -> None:
    assert parse_arguments("c", RunStop, arguments) == RunStop()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([{"prompt": "x", "maxMode": True, "samples": 3}], {"max_mode": True, "samples": 3}),
        ([None, {"prompt": "x"}], {"prompt": "x"}),
        ([{"prompt": "x", "mode": "plan"}], {"mode": "plan"}),
        ([{"diagnostics": [
            {"range": {"start": {"line": 1, "character": 2}, "end": {"line": 1, "character": 3}},
             "message": "m", "code": 7, "tags": [1]},
        ]}], {"prompt": None}),
    ],
)  # fmt: skip
def test_keys_are_camel_case(arguments: list[Any], expected: dict[str, Any]) -> None:
    start = parse_arguments("c", RunStart, arguments)
    assert {key: getattr(start, key) for key in expected} == expected


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("\ud800", "?"),
        ("half \udc00 of it", "half ? of it"),
        ("whole 😀", "whole 😀"),
        ("€\x1b", "€\x1b"),
    ],
)
def test_half_a_character_is_a_question_mark(written: str, read: str) -> None:
    assert parse_arguments("c", MemorySearch, [{"query": written}]) == MemorySearch(query=read)
    place = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    start = parse_arguments(
        "c", RunStart, [{"diagnostics": [{"range": place, "message": written}]}]
    )
    assert isinstance(start, RunStart)
    assert start.diagnostics[0].message == read


@pytest.mark.parametrize(
    ("shape", "arguments", "words"),
    [
        (RunStart, [{"max_mode": True}], ["`max_mode` is unknown", "maxMode"]),
        (RunStart, [{"samples": 0}], ["`samples`"]),
        (RunStart, [{"samples": "3"}], ["`samples`"]),
        (RunStart, [{"prompt": ["x"]}], ["`prompt`"]),
        (RunStart, [{"range": {"start": {"line": -1, "character": 0}}}], ["`range.start.line`"]),
        (RunStart, [{"range": {"start": {"line": 2**31, "character": 0}}}], ["`range.start.line`"]),
        (RunSend, [{"txt": "x", "when": "later"}], ["`txt` is unknown", "`when`", "runId, text"]),
        (
            PermissionAnswer,
            [{"answer": "sure"}],
            ["'once', 'run', 'always', 'everywhere', 'sandboxed' or 'deny'"],
        ),
        (NoParams, [{"x": 1}], ["`x` is unknown", "no keys"]),
        (NoParams, [0], ["a JSON object, not 0"]),
        (NoParams, ["x" * 1000], ["a JSON object"]),
        (NoParams, [{}, {}], ["one JSON object, not 2"]),
    ],
)
def test_what_is_wrong_is_named(shape: Any, arguments: list[Any], words: list[str]) -> None:
    with pytest.raises(JsonRpcInvalidParams) as wrong:
        parse_arguments("holdfast.x", shape, arguments)
    assert [word for word in words if word not in wrong.value.message] == []
    assert len(wrong.value.message) < 400
