"""A client may announce what the server does not know, and the server starts all the same."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from lsprotocol import types

from tests.fakes.peer import Peer
from tests.sampling import sampled

CLIENTS = sorted((Path(__file__).parents[1] / "clients").glob("*.json"))
UNKNOWN: tuple[Any, ...] = (-2, 99, "later", True, None, [], {}, ["later", -1], {"later": 1}, 1.5)


def nodes(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all that is in a message."""
    if place:
        yield place
    if isinstance(value, list):
        value = dict(enumerate(value))
    for key, each in value.items() if isinstance(value, dict) else ():
        yield from nodes(each, (*place, key))


def replaced(message: Any, place: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(message)
    holder = changed
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    return changed


async def starts(params: Any) -> bool:
    peer = Peer()
    seen: list[types.InitializeParams] = []
    peer.on(types.INITIALIZE, seen.append)
    peer.call(1, types.INITIALIZE, params)
    return "result" in await peer.reply(1) and len(seen) == 1


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.stem)
async def test_a_server_starts_whatever_a_part_of_initialize_says(client: Path) -> None:
    params = json.loads(client.read_text())["initialize"]
    places = list(nodes(params))
    random = Random(client.stem)
    for place in random.sample(places, min(len(places), sampled(150))):
        unknown = random.choice(UNKNOWN)
        assert await starts(replaced(params, place, unknown)), (place, unknown)


@pytest.mark.parametrize(
    "params",
    [{}, {"processId": None}, {"rootUri": None, "capabilities": None}, {"capabilities": []}],
)
async def test_a_server_starts_without_a_part_of_initialize(params: dict[str, Any]) -> None:
    assert await starts(params)


@pytest.mark.parametrize(
    ("params", "kind"),
    [([], "an array"), ([{"capabilities": {}}], "an array"), (["capabilities"], "an array"),
     ("x", "a string"), (3, "a number"), (0.5, "a number"), (True, "a boolean"), (None, "missing")],
)  # fmt: skip
async def test_parameters_that_are_no_object_are_named_and_the_server_lives(
    params: Any, kind: str
) -> None:
    peer = Peer()
    seen: list[types.InitializeParams] = []
    peer.on(types.INITIALIZE, seen.append)
    peer.call(1, types.INITIALIZE, params)
    error = (await peer.reply(1))["error"]
    said = f"initialize: `params` has to be an object, and it is {kind}"
    assert (error["code"], error["message"]) == (-32602, said)
    peer.call(2, types.INITIALIZE, {"capabilities": {}})
    assert "result" in await peer.reply(2)
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("capabilities", "left"),
    [
        (
            {"textDocument": {"publishDiagnostics": {"tagSupport": {"valueSet": [1, -1, 2]}}}},
            {"textDocument": {"publishDiagnostics": {"tagSupport": {"valueSet": [1, 2]}}}},
        ),
        (
            {"textDocument": {"publishDiagnostics": {"tagSupport": True}}},
            {"textDocument": {"publishDiagnostics": {}}},
        ),
        (
            {"workspace": {"workspaceEdit": {"failureHandling": "later", "documentChanges": True}}},
            {"workspace": {"workspaceEdit": {"documentChanges": True}}},
        ),
        (
            {"textDocument": {"semanticTokens": {"formats": ["later"]}, "hover": {}}},
            {"textDocument": {"hover": {}}},
        ),
    ],
)
async def test_what_is_unknown_is_left_out_and_all_else_stays(
    capabilities: dict[str, Any], left: dict[str, Any]
) -> None:
    peer = Peer()
    seen: list[types.InitializeParams] = []
    peer.on(types.INITIALIZE, seen.append)
    peer.initialize(capabilities)
    peer_of_left = Peer()
    peer_of_left.on(types.INITIALIZE, seen.append)
    peer_of_left.initialize(left)
    await peer.reply("hello")
    await peer_of_left.reply("hello")
    assert seen[0].capabilities == seen[1].capabilities


async def test_a_diagnostic_of_an_unknown_kind_is_a_diagnostic() -> None:
    seen: list[types.CodeActionParams] = []
    peer = Peer()

    def offer(params: types.CodeActionParams) -> list[types.CodeAction]:
        seen.append(params)
        return []

    peer.on(types.TEXT_DOCUMENT_CODE_ACTION, offer)
    peer.initialize()
    place = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}
    found = {"range": place, "message": "m", "severity": 9, "tags": [1, 77]}
    context = {"diagnostics": [found], "triggerKind": 12, "only": ["later.kind"]}
    request = {"textDocument": {"uri": "file:///a"}, "range": place, "context": context}
    peer.call(1, types.TEXT_DOCUMENT_CODE_ACTION, request)
    assert (await peer.reply(1))["result"] == []
    (kept,) = seen[0].context.diagnostics
    assert (kept.message, kept.severity, kept.tags) == ("m", None, (types.DiagnosticTag(1),))


async def test_a_file_that_changed_in_an_unknown_way_changed() -> None:
    seen: list[types.DidChangeWatchedFilesParams] = []
    peer = Peer()
    peer.on(types.WORKSPACE_DID_CHANGE_WATCHED_FILES, seen.append)
    peer.initialize()
    changes = [{"uri": "file:///a", "type": 9}, {"uri": "file:///b", "type": 3}]
    peer.tell(types.WORKSPACE_DID_CHANGE_WATCHED_FILES, {"changes": changes})
    assert [change.uri for change in seen[0].changes] == ["file:///a", "file:///b"]


def change(**part: Any) -> dict[str, Any]:
    return {"textDocument": {"uri": "file:///a", "version": 2}, "contentChanges": [part]}


RANGE = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}


@pytest.mark.parametrize(
    ("part", "is_whole"),
    [
        ({"text": "t"}, True),
        ({"text": "t", "range": None}, True),
        ({"text": "t", "range": None, "rangeLength": None}, True),
        ({"text": "t", "range": RANGE}, False),
        ({"text": "t", "range": RANGE, "rangeLength": "later"}, False),
    ],
)
async def test_a_change_without_a_range_is_a_whole_text(
    part: dict[str, Any], is_whole: bool
) -> None:
    seen: list[types.DidChangeTextDocumentParams] = []
    peer = Peer()
    peer.on(types.TEXT_DOCUMENT_DID_CHANGE, seen.append)
    peer.initialize()
    peer.tell(types.TEXT_DOCUMENT_DID_CHANGE, change(**part))
    (made,) = seen[0].content_changes
    assert made.text == "t"
    assert isinstance(made, types.TextDocumentContentChangeWholeDocument) is is_whole


@pytest.mark.parametrize(
    "part", [{"text": None}, {}, {"range": RANGE}, {"text": 3}, {"text": "t", "range": 3}]
)
async def test_a_change_that_cannot_be_read_is_dropped_aloud(
    part: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "lsp_server")
    seen: list[Any] = []
    peer = Peer()
    peer.on(types.TEXT_DOCUMENT_DID_CHANGE, seen.append)
    peer.initialize()
    for _ in range(3):
        peer.tell(types.TEXT_DOCUMENT_DID_CHANGE, change(**part))
    assert seen == []
    assert peer.dropped == [(types.TEXT_DOCUMENT_DID_CHANGE, change(**part))] * 3
    # Once, with its method.
    assert caplog.text.count("was dropped") == caplog.text.count("textDocument/didChange") == 1


@pytest.mark.parametrize(
    "params", [{"id": "1"}, {"id": 77}, {"id": None}, {"id": [1]}, {}, None, 3]
)
@pytest.mark.parametrize("number", [None, 5])
async def test_cancelling_what_is_not_there_is_no_fault(
    params: Any, number: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    peer = Peer()
    peer.initialize()
    if number is None:
        peer.tell(types.CANCEL_REQUEST, params)
    else:
        peer.call(number, types.CANCEL_REQUEST, params)
        assert (await peer.reply(number))["error"]["code"] in (-32601, -32602)
    assert not [record for record in caplog.records if record.exc_info]
