"""Messages in and out, good and bad; the fixes of pygls alone are in `test_pygls_fixes.py`."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.domain.errors import ConfigurationError
from tests.fakes.lsp_client import Refused, silent
from tests.fakes.peer import Peer

COMMAND = types.WORKSPACE_EXECUTE_COMMAND


def running(**handlers: Any) -> Peer:
    """An initialized server with handlers by method, `/` written as `__`."""
    peer = Peer()
    for name, handler in handlers.items():
        peer.on(name.replace("__", "/"), handler)
    peer.initialize()
    return peer


async def code(peer: Peer, number: int | str | None) -> int:
    error: int = (await peer.reply(number))["error"]["code"]
    return error


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"{broken", -32700),
        (b'\xff\xfe"', -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b"7", -32600),
        (b'{"id": 1, "method": "shutdown"}', -32600),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "shutdown"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": {}}', -32600),
        (b'{"jsonrpc": "2.0", "id": [1], "method": "shutdown"}', -32600),
        (b'{"jsonrpc": "2.0", "id": null, "method": "shutdown"}', -32600),
        (b'{"jsonrpc": "2.0", "id": true, "method": "shutdown"}', -32600),
    ],
)
async def test_what_is_no_message_gets_an_error_and_the_server_lives(
    message: bytes, expected: int
) -> None:
    peer = running()
    peer.receive(message)
    assert await code(peer, None) == expected
    peer.call(2, types.SHUTDOWN)
    assert (await peer.reply(2))["result"] is None


@pytest.mark.parametrize("params", [None, {}, [], 3, {"command": 3, "arguments": 4}])
async def test_bad_parameters_of_a_typed_request_get_an_answer(params: Any) -> None:
    async def work(params: Any) -> str:
        return "done"

    peer = running(workspace__executeCommand=work)
    peer.call(1, COMMAND, params)
    reply = await peer.reply(1)
    assert reply.get("error", {}).get("code", -32602) == -32602


async def test_bad_parameters_of_a_notification_are_dropped() -> None:
    opened: list[Any] = []
    peer = running(textDocument__didOpen=opened.append)
    peer.tell("textDocument/didOpen", {"textDocument": 3})
    assert opened == []
    assert peer.methods() == []


async def test_nothing_is_kept_of_what_is_done() -> None:
    async def work(params: Any) -> None:
        return None

    peer = running(workspace__executeCommand=work, workspace__didChangeConfiguration=work)
    peer.answers["window/showDocument"] = lambda params: {"success": True}
    for number in range(1, 51):
        peer.call(number, COMMAND, {"command": "x"})
        peer.tell("workspace/didChangeConfiguration", {"settings": {}})
        await peer.rpc.ask("window/showDocument", types.ShowDocumentParams("file:///x"), 1)
    await peer.reply(50)
    await asyncio.sleep(0)
    assert peer.rpc._request_futures == {}
    assert peer.rpc._result_types == {}
    assert peer.rpc.open_requests == {}
    assert peer.rpc.progress.tokens == {}


async def test_a_request_that_is_not_answered_leaves_nothing_and_is_withdrawn() -> None:
    peer = running()
    peer.answers["window/showDocument"] = silent
    with pytest.raises(TimeoutError):
        await peer.rpc.ask("window/showDocument", types.ShowDocumentParams("file:///x"), 0.01)
    assert peer.rpc.open_requests == {}
    assert peer.methods() == ["window/showDocument", "$/cancelRequest"]
    late = {"jsonrpc": "2.0", "id": peer.sent[-2]["id"], "result": {"success": True}}
    peer.receive(late)


async def test_shutdown_with_work_in_flight_answers_both() -> None:
    async def work(params: Any) -> None:
        await asyncio.Event().wait()

    async def shut_down(params: Any) -> None:
        await asyncio.sleep(0)

    peer = running(workspace__executeCommand=work, shutdown=shut_down)
    for number in range(1, 20):
        peer.call(number, COMMAND, {"command": "x"})
    peer.call(20, types.SHUTDOWN)
    assert (await peer.reply(20))["result"] is None
    assert [await code(peer, number) for number in range(1, 20)] == [-32800] * 19


async def test_shutdown_ends_what_was_asked_of_the_client() -> None:
    peer = running()
    peer.answers["window/showDocument"] = silent
    asking = asyncio.create_task(
        peer.rpc.ask("window/showDocument", types.ShowDocumentParams("file:///x"), 60)
    )
    await asyncio.sleep(0)
    peer.call(1, types.SHUTDOWN)
    await peer.reply(1)
    with pytest.raises(JsonRpcException):
        await asking


async def test_before_initialize_nothing_is_served() -> None:
    peer = Peer()
    peer.call(1, COMMAND, {"command": "x"})
    assert await code(peer, 1) == -32002
    peer.tell("textDocument/didSave", {})
    peer.initialize()
    assert "result" in await peer.reply("hello")


async def test_after_shutdown_only_exit_is_served() -> None:
    peer = running()
    peer.call(1, types.SHUTDOWN)
    await peer.reply(1)
    peer.call(2, types.SHUTDOWN)
    assert await code(peer, 2) == -32600
    peer.tell(types.EXIT)
    assert peer.exit_codes == [0]


async def test_exit_without_shutdown_is_an_error() -> None:
    peer = running()
    peer.tell(types.EXIT)
    assert peer.exit_codes == [1]


async def test_an_unknown_method_is_not_found_whatever_its_parameters() -> None:
    peer = running()
    peer.call(1, "no/such", {"deep": [{"jsonrpc": "2.0"}] * 1000})
    assert await code(peer, 1) == -32601
    peer.tell("$/no-such", {"jsonrpc": "2.0"})
    assert peer.methods() == []


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConfigurationError("no endpoint is set"), (-32803, "no endpoint is set")),
        (RuntimeError("secret"), (-32603, "the request failed; the log has the details")),
    ],
)
async def test_errors_carry_no_traceback(
    error: Exception, expected: tuple[int, str], caplog: pytest.LogCaptureFixture
) -> None:
    async def work(params: Any) -> None:
        raise error

    peer = running(workspace__executeCommand=work)
    peer.call(1, COMMAND, {"command": "x"})
    answer = (await peer.reply(1))["error"]
    assert (answer["code"], answer["message"]) == expected
    assert "data" not in answer
    assert peer.methods() == []


async def test_a_refusal_of_the_client_is_raised() -> None:
    def refuse(params: Any) -> None:
        raise Refused(-32601)

    peer = running()
    peer.answers["window/showDocument"] = refuse
    with pytest.raises(JsonRpcException) as refused:
        await peer.rpc.ask("window/showDocument", types.ShowDocumentParams("file:///x"), 1)
    assert refused.value.code == -32601


async def test_a_malformed_answer_of_the_client_is_an_error() -> None:
    peer = running()
    peer.answers["window/showDocument"] = lambda params: {"success": [], "x": 1}
    peer.answers["workspace/applyEdit"] = lambda params: "no object"
    with pytest.raises(JsonRpcException):
        await peer.rpc.ask(
            "workspace/applyEdit", types.ApplyWorkspaceEditParams(types.WorkspaceEdit()), 1
        )


@pytest.mark.parametrize(
    ("method", "params", "key"),
    [
        ("$/progress", {"token": "t", "value": {"kind": "report"}}, "progress t"),
        ("$/progress", {"token": "t", "value": {"kind": "end"}}, None),
        ("textDocument/publishDiagnostics", {"uri": "u", "diagnostics": []}, "diagnostics u"),
        ("holdfast/status", {"state": "idle"}, "status"),
        ("holdfast/event", {"runId": "r", "event": {"kind": "streamed"}}, "streamed r"),
        ("holdfast/event", {"runId": "r", "event": {"kind": "told"}}, None),
        ("window/showMessage", {"type": 1, "message": "x"}, None),
    ],
)
async def test_only_what_a_newer_message_makes_needless_is_replaced(
    method: str, params: Any, key: str | None
) -> None:
    peer = Peer()
    peer.rpc._send_data({"jsonrpc": "2.0", "method": method, "params": params})
    assert peer.keys == [key]
    assert peer.sent == [
        json.loads(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))
    ]
