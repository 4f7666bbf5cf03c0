"""One test for each fault of pygls 2.1.1 that `server/transport` fixes.

Each runs on our protocol, where it passes, and on pygls as it comes, where it must fail:
a release of pygls that fixes the fault makes the second one pass, which is an error here,
and then our fix can go. The docstrings name the change in pygls that would do it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from lsprotocol import types

from tests.fakes.peer import Peer
from tests.fakes.pygls_peer import PyglsPeer

COMMAND = types.WORKSPACE_EXECUTE_COMMAND
PLACE = {"textDocument": {"uri": "file:///a"}, "position": {"line": 0, "character": 0}}
ITEM = {"uri": "file:///a", "languageId": "x", "version": 1, "text": "PAYLOAD"}

MakePeer = Callable[[], Peer]
on_both = pytest.mark.parametrize(
    "make",
    [
        pytest.param(Peer, id="ours"),
        pytest.param(PyglsPeer, id="pygls", marks=pytest.mark.xfail(strict=True)),
    ],
)


async def answers(peer: Peer, number: int | str | None) -> list[dict[str, Any]]:
    """What the server answered to a request, once everything that can happen has happened."""
    for _ in range(50):
        await asyncio.sleep(0)
    return [sent for sent in peer.sent if "method" not in sent and sent.get("id") == number]


async def error_code(peer: Peer, number: int | str | None) -> int | None:
    (answer,) = await answers(peer, number)
    code: int | None = answer.get("error", {}).get("code")
    return code


@pytest.mark.parametrize("make", [Peer, PyglsPeer])
async def test_a_command_and_a_request_are_answered_by_both(make: MakePeer) -> None:
    """The two differ in nothing but the faults."""

    async def work(*arguments: Any) -> str:
        return "done"

    peer = make()
    peer.on_command(work)
    peer.on(types.TEXT_DOCUMENT_HOVER, lambda params: None)
    peer.initialize()
    peer.call(1, COMMAND, {"command": "x", "arguments": [{"a": 1}]})
    peer.call(2, types.TEXT_DOCUMENT_HOVER, PLACE)
    assert [answer["result"] for answer in await answers(peer, 1)] == ["done"]
    assert [answer["result"] for answer in await answers(peer, 2)] == [None]


@on_both
async def test_a_message_that_is_no_json_gets_an_error(make: MakePeer) -> None:
    """Fix: `JsonRpc.receive` parses and answers itself.

    Needless when the loops in `pygls.io_` reply with a parse error instead of logging it.
    """
    peer = make()
    peer.initialize()
    peer.receive(b"{broken")
    assert await error_code(peer, None) == -32700


@on_both
async def test_parameters_of_the_wrong_shape_get_an_error(make: MakePeer) -> None:
    """Fix: `JsonRpc._receive_call` structures the parameters and keeps the id of the request.

    Needless when `JsonRPCProtocol.structure_message` no longer runs as the `object_hook`
    of the JSON parser, where the id is lost with the exception.
    """
    peer = make()
    peer.on(types.TEXT_DOCUMENT_HOVER, lambda params: None)
    peer.initialize()
    peer.call(1, types.TEXT_DOCUMENT_HOVER, {"textDocument": 3})
    assert await error_code(peer, 1) == -32602


@on_both
async def test_the_key_jsonrpc_means_nothing_inside_of_parameters(make: MakePeer) -> None:
    """Fix: `JsonRpc.receive` parses without a hook.

    Needless when `JsonRPCProtocol.structure_message` looks at the outermost object alone.
    """
    seen: list[Any] = []

    async def work(*arguments: Any) -> None:
        seen.extend(getattr(arguments[0], "arguments", arguments))

    peer = make()
    peer.on_command(work)
    peer.initialize()
    inner = {"jsonrpc": "2.0", "method": "exit", "deep": {"jsonrpc": "2.0", "id": 9}}
    peer.call(1, COMMAND, {"command": "x", "arguments": [inner]})
    await answers(peer, 1)
    assert seen == [inner]


@on_both
async def test_before_initialize_nothing_is_served(make: MakePeer) -> None:
    """Fix: `JsonRpc._objection` refuses in the phase `new`.

    Needless when pygls answers requests before `initialize` with ServerNotInitialized.
    """
    peer = make()
    peer.on(types.TEXT_DOCUMENT_HOVER, lambda params: None)
    peer.call(1, types.TEXT_DOCUMENT_HOVER, PLACE)
    assert await error_code(peer, 1) == -32002


@on_both
async def test_a_second_initialize_is_refused(make: MakePeer) -> None:
    """Fix: `JsonRpc._objection` refuses in the phase `running`.

    Needless when `LanguageServerProtocol.lsp_initialize` can be called once only.
    """
    peer = make()
    peer.initialize()
    peer.call(1, types.INITIALIZE, {"processId": None, "rootUri": None, "capabilities": {}})
    assert await error_code(peer, 1) == -32600


@on_both
async def test_a_request_after_shutdown_is_refused(make: MakePeer) -> None:
    """Fix: `JsonRpc._objection` refuses in the phase `shut down`.

    Needless when `JsonRPCProtocol.handle_message` answers such a request instead of
    dropping it.
    """
    peer = make()
    peer.initialize()
    peer.call(1, types.SHUTDOWN)
    await answers(peer, 1)
    peer.call(2, types.SHUTDOWN)
    assert await error_code(peer, 2) == -32600


@on_both
async def test_cancelling_a_command_reaches_its_coroutine(make: MakePeer) -> None:
    """Fix: our handlers take the place of pygls' own (`_OURS`), which are generators.

    Needless when `JsonRPCProtocol._run_generator` passes a cancellation on to the handler
    that it waits for.
    """
    started, ended = asyncio.Event(), asyncio.Event()

    async def work(*arguments: Any) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    peer = make()
    peer.on_command(work)
    peer.initialize()
    peer.call(1, COMMAND, {"command": "x"})
    await asyncio.wait_for(started.wait(), 5)
    peer.tell("$/cancelRequest", {"id": 1})
    assert await error_code(peer, 1) == -32800
    assert ended.is_set()


@on_both
async def test_nothing_is_kept_of_a_notification_that_was_handled(make: MakePeer) -> None:
    """Fix: `JsonRpc._execute_handler` forgets the future of every handler that is done.

    Needless when `JsonRPCProtocol._check_handler_result` takes it out of
    `_request_futures`, as `_send_handler_result` does for requests.
    """

    async def work(params: Any) -> None:
        return None

    peer = make()
    peer.on(types.WORKSPACE_DID_CHANGE_CONFIGURATION, work)
    peer.initialize()
    for _ in range(50):
        peer.tell(types.WORKSPACE_DID_CHANGE_CONFIGURATION, {"settings": {}})
    await answers(peer, None)
    assert peer.protocol._request_futures == {}


@on_both
async def test_an_error_carries_no_traceback(make: MakePeer) -> None:
    """Fix: `JsonRpc._send_handler_result` words the error; the log has the rest.

    Needless when `JsonRpcInternalError.of` leaves out `data`, which has our paths and code.
    """

    async def work(params: Any) -> None:
        raise RuntimeError("secret")

    peer = make()
    peer.on(types.TEXT_DOCUMENT_HOVER, work)
    peer.initialize()
    peer.call(1, types.TEXT_DOCUMENT_HOVER, PLACE)
    (answer,) = await answers(peer, 1)
    assert "data" not in answer["error"]


@on_both
async def test_no_payload_is_logged(make: MakePeer, caplog: pytest.LogCaptureFixture) -> None:
    """Fix: `JsonRpc` neither sends nor handles through methods of pygls that log messages.

    Needless when pygls logs no payload at INFO and above, as `_send_data` and
    `_handle_notification` do.
    """
    caplog.set_level(logging.INFO)

    def handle(params: Any) -> None:
        raise RuntimeError("x")

    peer = make()
    peer.on(types.TEXT_DOCUMENT_DID_SAVE, handle)
    peer.initialize()
    document = {"uri": "file:///a", "text": "PAYLOAD"}
    peer.tell(types.TEXT_DOCUMENT_DID_SAVE, {"textDocument": document})
    peer.tell(types.TEXT_DOCUMENT_DID_OPEN, {"textDocument": {**ITEM, "version": "PAYLOAD"}})
    peer.call(1, "no/such", {"x": "PAYLOAD"})
    peer.receive(b'{"x": "PAYLOAD"')
    peer.protocol.notify(
        types.WINDOW_LOG_MESSAGE, types.LogMessageParams(types.MessageType.Info, "PAYLOAD")
    )
    assert "PAYLOAD" not in caplog.text


@on_both
async def test_documents_are_not_kept_twice(make: MakePeer) -> None:
    """Fix: the handlers of documents in `_OURS` are ours.

    Needless when pygls can be told not to synchronise documents into its `Workspace`.
    """
    peer = make()
    peer.on(types.TEXT_DOCUMENT_DID_OPEN, lambda params: None)
    peer.initialize()
    peer.tell(types.TEXT_DOCUMENT_DID_OPEN, {"textDocument": ITEM})
    assert peer.document_uris() == []


@on_both
async def test_answers_to_requests_of_our_own_stay_json(make: MakePeer) -> None:
    """Fix: `converter` leaves answers without a type as they are.

    Needless when `pygls.protocol.default_converter` no longer makes named tuples of them,
    whose fields cannot have every name.
    """
    peer = make()
    peer.initialize()
    asking = asyncio.ensure_future(peer.ask("holdfast/diagnostics", {"uri": None}))
    await asyncio.sleep(0)
    request = next(sent for sent in peer.sent if sent.get("method") == "holdfast/diagnostics")
    result = {"items": [{"class": 1, "a-b": 2}]}
    peer.receive({"jsonrpc": "2.0", "id": request["id"], "result": result})
    assert await asking == result


@on_both
async def test_a_method_of_an_object_can_be_a_handler(make: MakePeer) -> None:
    """Fix: `HandlerServer.on` wraps it, as pygls marks handlers with attributes.

    Needless when `FeatureManager.feature` keeps its marks beside the handler.
    """

    class Saves:
        count = 0

        def did_save(self, params: Any) -> None:
            self.count += 1

    saves, peer = Saves(), make()
    peer.on(types.TEXT_DOCUMENT_DID_SAVE, saves.did_save)
    peer.initialize()
    peer.tell(types.TEXT_DOCUMENT_DID_SAVE, {"textDocument": {"uri": "file:///a"}})
    assert saves.count == 1


@on_both
async def test_exit_ends_no_process(make: MakePeer) -> None:
    """Fix: `JsonRpc.lsp_exit` reports the exit code and leaves the rest to the connection.

    Needless when `LanguageServerProtocol.lsp_exit` no longer calls `sys.exit` inside of a
    handler, where background work cannot end in good order.
    """
    peer = make()
    peer.initialize()
    try:
        peer.tell(types.EXIT)
    except SystemExit:
        pytest.fail("the process was ended")
