"""This module receives and sends JSON-RPC messages: pygls' protocol, with its faults fixed.

Each request gets exactly one answer, also when its parameters are wrong, when it comes
before `initialize` or after `shutdown`, and when the JSON is broken. Cancelling reaches
the coroutine. Nothing is kept of what is done. No error carries a traceback and no log a
payload. Documents are not kept twice. `tests/server/transport/test_pygls_fixes.py` has a
test for each fix and says when pygls would make it needless.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import json
import logging
from collections.abc import Callable, Generator
from concurrent.futures import Future as ThreadFuture
from typing import Any, Literal, TypeAlias
from typing import Protocol as Shape

from cattrs import BaseValidationError, Converter, StructureHandlerNotFoundError, transform_error
from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcParseError,
    JsonRpcRequestCancelled,
    JsonRpcServerNotInitialized,
)
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method
from pygls.protocol.json_rpc import JsonRPCRequestMessage, JsonRPCResponseMessage

from lsp_server.domain.errors import HoldfastError
from lsp_server.server.protocol import Method
from lsp_server.server.transport.unknown_values import structured

log = logging.getLogger(__name__)

REQUEST_FAILED = -32803
"""LSP 3.17: the request was well formed and could not be fulfilled."""

Phase: TypeAlias = Literal["new", "running", "shut down"]
AnyFuture: TypeAlias = asyncio.Future[Any] | ThreadFuture[Any]

_MALFORMED = (
    BaseValidationError,
    StructureHandlerNotFoundError,
    AttributeError,
    IndexError,
    KeyError,
    RecursionError,
    TypeError,
    ValueError,
)
"""The errors of structuring JSON of another shape than the type's."""

DROPPED_MAX = 100
"""So many methods of dropped messages are logged, as a client may make up names."""

_OURS = frozenset(
    {
        types.TEXT_DOCUMENT_DID_OPEN,
        types.TEXT_DOCUMENT_DID_CHANGE,
        types.TEXT_DOCUMENT_DID_CLOSE,
        types.NOTEBOOK_DOCUMENT_DID_OPEN,
        types.NOTEBOOK_DOCUMENT_DID_CHANGE,
        types.NOTEBOOK_DOCUMENT_DID_CLOSE,
        types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS,
        types.WORKSPACE_EXECUTE_COMMAND,
        types.WINDOW_WORK_DONE_PROGRESS_CANCEL,
    }
)
"""Methods that pygls handles itself, and that are ours: it would keep documents a second
time, and cancelling would not reach a coroutine behind its own handler."""


class MessageSink(Shape):
    """A `MessageSink` takes the bodies of outgoing messages."""

    def put(self, body: bytes, key: str | None = None) -> None:
        """Queues a body; it may replace an unsent one with the same `key`."""
        ...


def converter() -> Converter:
    """Makes the converter of the protocol's types.

    Answers to requests of our own stay JSON: pygls makes named tuples of them, which
    cannot have every key. Text is text: null is no word "None". A change of a whole
    document may say so by a range that is null.
    """
    made: Converter = default_converter()  # type: ignore[no-untyped-call]  # pygls has no type

    def plain(message: dict[str, Any], _: type[Any]) -> JsonRPCResponseMessage:
        return JsonRPCResponseMessage(message["id"], message["jsonrpc"], message.get("result"))

    made.register_structure_hook(JsonRPCResponseMessage, plain)
    made.register_structure_hook(str, _text)
    made.register_structure_hook(types.FileChangeType, _file_change)
    made.register_structure_hook(
        types.TextDocumentContentChangePartial | types.TextDocumentContentChangeWholeDocument,
        lambda change, _: _content_change(made, change),
    )
    return made


def _text(value: object, kind: type[str]) -> str:
    """Makes a text, or a member of an enumeration of texts."""
    if not isinstance(value, str):
        raise TypeError("not a text")
    return kind(value)


def _file_change(value: object, _: type[Any]) -> types.FileChangeType:
    """Takes a kind of change that nobody knows as a change."""
    known = {kind.value: kind for kind in types.FileChangeType}
    other = types.FileChangeType.Changed
    return known.get(value, other) if isinstance(value, int) else other


def _content_change(
    structuring: Converter, change: dict[str, Any]
) -> types.TextDocumentContentChangeEvent:
    """Makes a change; the length of its range is not needed, and clients count it differently."""
    if change.get("range") is None:
        return structuring.structure(change, types.TextDocumentContentChangeWholeDocument)
    known = {"range": change["range"], "text": change["text"]}
    return structuring.structure(known, types.TextDocumentContentChangePartial)


class OpenRequests(dict[str, tuple[str, asyncio.Future[Any]]]):
    """`OpenRequests` has our own requests that are not answered, each with its method, by id."""

    def give_up(self) -> None:
        """Ends them: nobody answers any more."""
        for _, asked in self.values():
            if not asked.done():
                asked.set_exception(JsonRpcRequestCancelled("the connection ends"))


class JsonRpc(LanguageServerProtocol):
    """A `JsonRpc` carries the messages of one connection, on the event loop.

    Before the first message, `sink` is set to the way out, `exited` to a function that
    is called with the exit code, and `describe` to one that adds to our capabilities.
    `dropped` is called with the method and the parameters of each notification that
    cannot be read.
    """

    sink: MessageSink
    exited: Callable[[int], None]
    describe: Callable[[types.ServerCapabilities], None]
    dropped: Callable[[str, object], None]

    def __init__(self, server: LanguageServer, converter: Converter) -> None:
        super().__init__(server, converter)
        self.phase: Phase = "new"
        self.open_requests = OpenRequests()
        self._numbers = itertools.count(1)
        self._logged: set[str] = set()
        for method in _OURS:
            self.fm.builtin_features.pop(method, None)

    # Incoming

    def receive(self, body: bytes) -> None:
        """Handles one message, whatever it is."""
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            self._refuse(None, JsonRpcParseError("the message is not JSON"))
            return
        if not isinstance(message, dict) or message.get("jsonrpc") != self.VERSION:
            self._refuse(None, JsonRpcInvalidRequest("the message is not a JSON-RPC 2.0 object"))
        elif "method" in message:
            self._receive_call(message)
        else:
            self._receive_answer(message)

    def _receive_call(self, message: dict[str, Any]) -> None:
        method, is_request = message["method"], "id" in message
        msg_id: Any = message.get("id")
        # `true` is an int in Python and no id in JSON-RPC, so the type is compared exactly.
        if not isinstance(method, str) or (is_request and type(msg_id) not in (int, str)):
            self._refuse(None, JsonRpcInvalidRequest("`method` or `id` has the wrong type"))
            return
        if (objection := self._objection(method, is_request=is_request)) is not None:
            if is_request:
                self._refuse(msg_id, objection)
            else:
                self._log_drop(method, objection.message)
            return
        kind = self.get_message_type(method) or JsonRPCRequestMessage
        try:
            params = getattr(structured(self._converter, message, kind), "params", None)
        except _MALFORMED as error:
            reason = _not_an_object(message.get("params")) or _reason(error)
            self._log_drop(method, reason)
            if is_request:
                self._refuse(msg_id, JsonRpcInvalidParams(f"{method}: {reason}"))
            else:
                self.dropped(method, message.get("params"))
            return
        # Each handler has a context of its own.
        context = contextvars.copy_context()
        if is_request:
            context.run(self._handle_request, msg_id, method, params)
        else:
            context.run(self._handle_notification, method, params)

    def _log_drop(self, method: str, reason: str) -> None:
        """Says once for each method that messages of it are dropped; they may come in thousands."""
        # What the protocol calls `$/` may be left alone, and nobody misses it.
        if method not in self._logged and len(self._logged) < DROPPED_MAX:
            self._logged.add(method)
            level = logging.INFO if method.startswith("$/") else logging.WARNING
            log.log(level, "a message %r was dropped: %s", method[:100], reason)

    def _objection(self, method: str, *, is_request: bool) -> JsonRpcException | None:
        """Why the method cannot be served now, None when it can."""
        match self.phase:
            case "new" if method not in (types.INITIALIZE, types.EXIT):
                return JsonRpcServerNotInitialized("the first request has to be `initialize`")
            case "running" if method == types.INITIALIZE:
                return JsonRpcInvalidRequest("the server is initialized already")
            case "shut down" if method != types.EXIT:
                return JsonRpcInvalidRequest("the server is shut down")
        # Asked before the parameters are structured: nothing is done for an unknown method.
        known = {*self.fm.builtin_features, *self.fm.features}
        if not is_request:
            known.add(types.CANCEL_REQUEST)
        return None if method in known else JsonRpcMethodNotFound(f"unknown method {method!r}")

    def _receive_answer(self, message: dict[str, Any]) -> None:
        msg_id = message.get("id")
        if not isinstance(msg_id, str) or msg_id not in self.open_requests:
            log.debug("an answer came that nobody waits for")
            return
        method, future = self.open_requests.pop(msg_id)
        if future.done():
            return
        # The type is found by the method that was asked, as an answer does not name it.
        kind = types.ResponseErrorMessage if "error" in message else self.get_result_type(method)
        try:
            answer = self._converter.structure(message, kind or JsonRPCResponseMessage)
        except _MALFORMED as error:
            future.set_exception(JsonRpcInternalError(f"malformed answer: {_reason(error)}"))
            return
        if isinstance(answer, types.ResponseErrorMessage):
            refusal = answer.error or types.ResponseError(REQUEST_FAILED, "refused")
            future.set_exception(JsonRpcException.from_error(refusal))
        else:
            future.set_result(answer.result)

    # Outgoing

    async def ask(self, method: str, params: Any, timeout_seconds: float) -> Any:
        """Asks the client and returns its answer. Raises RpcError when it refuses, TimeoutError.

        Giving up, by time or by cancelling, withdraws the request.
        """
        # Text, so that it cannot be mixed up with a client's own numbers in its log.
        msg_id = f"holdfast-{next(self._numbers)}"
        request_type = self.get_message_type(method)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.open_requests[msg_id] = (method, future)
        try:
            async with asyncio.timeout(timeout_seconds):
                if request_type is None:
                    self._send_data(
                        {"jsonrpc": self.VERSION, "id": msg_id, "method": method, "params": params}
                    )
                else:
                    self._send_data(request_type(id=msg_id, params=params))
                return await future
        finally:
            if self.open_requests.pop(msg_id, None) is not None and self.phase == "running":
                self.notify(types.CANCEL_REQUEST, types.CancelParams(id=msg_id))

    def _send_data(self, data: Any) -> None:
        """Queues a message, in the place of an unsent one that it makes needless."""
        message = self._converter.unstructure(data)
        body = json.dumps(message, default=self._serialize_message, separators=(",", ":"))
        self.sink.put(body.encode(), _replaces(message))

    def _refuse(self, msg_id: int | str | None, error: JsonRpcException) -> None:
        answer = {"code": error.code, "message": error.message}
        self._send_data({"jsonrpc": self.VERSION, "id": msg_id, "error": answer})

    # Handlers

    def _execute_handler(
        self,
        msg_id: int | str,
        handler: Callable[..., Any],
        callback: Callable[[Any], None],
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        super()._execute_handler(msg_id, handler, callback, args, kwargs)
        # pygls forgets the futures of requests alone; notifications have futures too.
        if (future := self._request_futures.get(msg_id)) is not None:
            future.add_done_callback(lambda _: self._request_futures.pop(msg_id, None))

    def _send_handler_result(self, future: AnyFuture, *, msg_id: int | str) -> None:
        self._request_futures.pop(msg_id, None)
        if future.cancelled():
            self._refuse(msg_id, JsonRpcRequestCancelled("the request was cancelled"))
        elif (error := future.exception()) is not None:
            self._refuse(msg_id, _as_answer(error))
        else:
            self._send_response(msg_id, future.result())

    def _check_handler_result(self, future: AnyFuture) -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            log.error("a notification could not be handled", exc_info=error)

    # Lifetime

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(
        self, params: types.InitializeParams
    ) -> Generator[Any, Any, types.InitializeResult]:
        """Adds our own capabilities to those that pygls derives from the handlers."""
        result = yield from super().lsp_initialize(params)
        self.describe(result.capabilities)
        self.phase = "running"
        return result

    @lsp_method(types.SHUTDOWN)
    async def lsp_shutdown(self, *params: Any) -> None:  # type: ignore[override]  # may wait
        """Ends the work, then every request that is still open."""
        self.phase = "shut down"
        if (handler := self.fm.features.get(types.SHUTDOWN)) is not None:
            await handler(*params)
        # The task of `shutdown` itself is among the open ones, and has to answer.
        own: AnyFuture | None = asyncio.current_task()
        for future in list(self._request_futures.values()):
            if future is not own:
                future.cancel()
        self.open_requests.give_up()

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> None:  # type: ignore[override]  # nothing to wait for
        """Ends the process: 0 after `shutdown`, else 1."""
        self.exited(0 if self.phase == "shut down" else 1)


def _replaces(message: dict[str, Any]) -> str | None:
    """A key for messages of which only the newest counts, None if each one counts."""
    match message:
        case {"method": types.PROGRESS, "params": {"token": token, "value": {"kind": "report"}}}:
            return f"progress {token}"
        case {"method": types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, "params": {"uri": uri}}:
            return f"diagnostics {uri}"
        case {"method": Method.STATUS}:
            return "status"
        case {"method": Method.EVENT, "params": {"runId": run, "event": {"kind": "streamed"}}}:
            return f"streamed {run}"
        case _:
            return None


def _not_an_object(params: object) -> str:
    """Says what parameters are instead of an object, "" for an object."""
    kinds = {list: "an array", str: "a string", bool: "a boolean", type(None): "missing"}
    if isinstance(params, dict):
        return ""
    return f"`params` has to be an object, and it is {kinds.get(type(params), 'a number')}"


def _reason(error: BaseException) -> str:
    """Names the place where a message has the wrong shape, without quoting it."""
    if isinstance(error, BaseValidationError):
        return "; ".join(transform_error(error))
    return f"the parameters have the wrong shape ({type(error).__name__})"


def _as_answer(error: BaseException) -> JsonRpcException:
    """The error that the client gets; the log has the rest."""
    if isinstance(error, JsonRpcException):
        return error
    if isinstance(error, HoldfastError):
        return JsonRpcException(str(error), REQUEST_FAILED)
    log.error("a request failed", exc_info=error)
    return JsonRpcInternalError("the request failed; the log has the details")
