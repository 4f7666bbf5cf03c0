"""A small language client that speaks to a real server process.

It keeps buffers like an editor, answers what the server asks as `answers` say,
and can send raw bytes. Waiting is for something, with a deadline; nothing sleeps.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

REPOSITORY = Path(__file__).parents[2]
SERVE = (sys.executable, "-m", "lsp_server", "serve", "--stdio")
WAIT_SECONDS = 60.0


class LspError(Exception):
    """An error that the server replied with."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: Any = error.get("data")


class NoAnswer(Exception):
    """Raised by an answer: the client stays silent."""


class Refused(Exception):
    """Raised by an answer: the client replies with this error code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"refused with {code}")
        self.code = code


Answer = Callable[[Any], Any]
Message = dict[str, Any]


def silent(params: Any) -> Any:
    """The answer of a client that never answers."""
    raise NoAnswer


def unknown(params: Any) -> Any:
    """The answer of a client that does not know the method."""
    raise Refused(-32601)


def nothing(params: Any) -> Any:
    """The answer null."""
    return None


@dataclass
class Buffer:
    """A file as the editor holds it."""

    uri: str
    text: str
    version: int = 1


@dataclass
class LspClient:
    """A connected client; make it with `started`."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    process: asyncio.subprocess.Process
    stderr: IO[bytes]
    encoding: str = "utf-16"
    answers: dict[str, Answer] = field(default_factory=dict)
    buffers: dict[str, Buffer] = field(default_factory=dict)
    received: list[Message] = field(default_factory=list)
    _ids: Any = field(default_factory=lambda: itertools.count(1))
    _pending: dict[int, asyncio.Future[Message]] = field(default_factory=dict)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.answers = {
            "workspace/applyEdit": self.apply_edit,
            "workspace/configuration": lambda params: [None] * len(params["items"]),
            "window/showDocument": lambda params: {"success": True},
            **self.answers,
        }

    async def request(self, method: str, params: Any = None) -> Any:
        """The result. Raises LspError."""
        return await self.result(self.ask(method, params))

    def ask(self, method: str, params: Any = None) -> int:
        """Sends a request and returns its id."""
        number: int = next(self._ids)
        self._pending[number] = asyncio.get_running_loop().create_future()
        message = {"jsonrpc": "2.0", "id": number, "method": method}
        self.send(message if params is None else {**message, "params": params})
        return number

    async def result(self, number: int) -> Any:
        """The result of a request. Raises LspError."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                message = await self._pending[number]
        finally:
            del self._pending[number]
        if "error" in message:
            raise LspError(message["error"])
        return message["result"]

    async def command(self, name: str, *arguments: Any) -> Any:
        """The reply of a command; `arguments` is left out when there is none."""
        params: dict[str, Any] = {"command": name}
        if arguments:
            params["arguments"] = list(arguments)
        return await self.request("workspace/executeCommand", params)

    def notify(self, method: str, params: Any = None) -> None:
        message = {"jsonrpc": "2.0", "method": method}
        self.send(message if params is None else {**message, "params": params})

    def send(self, message: Any) -> None:
        self.send_body(json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass"))

    def send_body(self, body: bytes) -> None:
        self.send_raw(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def send_raw(self, data: bytes) -> None:
        self.writer.write(data)

    async def wait_for(self, found: Callable[[Message], bool], what: str = "a message") -> Message:
        """The first message of the server, early or late, that is the one."""
        return (await self.wait_for_all(found, 1, what))[0]

    async def wait_for_all(
        self, found: Callable[[Message], bool], count: int, what: str = "messages"
    ) -> list[Message]:
        """The first `count` messages that are the ones."""
        try:
            async with asyncio.timeout(WAIT_SECONDS), self._news:
                while len(hits := [m for m in self.received if found(m)]) < count:
                    await self._news.wait()
        except TimeoutError:
            methods = [m.get("method") or m for m in self.received[-30:]]
            raise AssertionError(f"{what} did not come; the last were {methods}") from None
        return hits[:count]

    async def wait_for_method(self, method: str) -> Message:
        return await self.wait_for(lambda m: m.get("method") == method, method)

    async def initialize(
        self,
        root: Path | None,
        capabilities: Mapping[str, Any] | None = None,
        options: Any = None,
        **more: Any,
    ) -> Any:
        """Greets the server; returns its result."""
        folders = [{"uri": root.as_uri(), "name": root.name}] if root is not None else None
        params = {
            "processId": os.getpid(),
            "rootUri": root.as_uri() if root is not None else None,
            "workspaceFolders": folders,
            "capabilities": capabilities or {},
            **more,
        }
        if options is not None:
            params["initializationOptions"] = options
        result = await self.request("initialize", params)
        self.encoding = result["capabilities"]["positionEncoding"]
        self.notify("initialized", {})
        return result

    async def shutdown(self) -> int | None:
        """Leaves in good order; returns the exit code of the process."""
        await self.request("shutdown")
        self.notify("exit")
        return await self.exit_code()

    async def exit_code(self) -> int | None:
        async with asyncio.timeout(WAIT_SECONDS):
            return await self.process.wait()

    async def text_of(self, uri: str) -> str:
        """The text of a document that was shown: of a file, or as the server tells it."""
        parts = urlsplit(uri)
        if parts.scheme == "file":
            return await asyncio.to_thread(Path(unquote(parts.path)).read_text, "utf-8")
        text: str = (await self.request("workspace/textDocumentContent", {"uri": uri}))["text"]
        return text

    def open(self, path: Path, text: str | None = None) -> Buffer:
        content = path.read_bytes().decode() if text is None else text
        buffer = Buffer(path.as_uri(), content)
        self.buffers[buffer.uri] = buffer
        item = {"uri": buffer.uri, "languageId": "plaintext", "version": 1, "text": content}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return buffer

    def change(self, buffer: Buffer, text: str) -> None:
        """A person replaces the whole text."""
        buffer.text = text
        buffer.version += 1
        self.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": buffer.uri, "version": buffer.version},
                "contentChanges": [{"text": text}],
            },
        )

    def apply_edit(self, params: Any) -> Any:
        """Edits buffers as an editor does: only at the version that the edit names."""
        edit = params["edit"]
        changes = edit.get("documentChanges")
        if changes is None:
            changes = [
                {"textDocument": {"uri": uri, "version": None}, "edits": edits}
                for uri, edits in edit["changes"].items()
            ]
        for change in changes:
            document = change["textDocument"]
            buffer = self.buffers.get(document["uri"])
            if buffer is None or document["version"] not in (None, buffer.version):
                return {"applied": False, "failureReason": "the document moved"}
        for change in changes:
            buffer = self.buffers[change["textDocument"]["uri"]]
            self.change(buffer, edited(buffer.text, change["edits"], self.encoding))
        return {"applied": True}

    def pause_reading(self) -> None:
        """Leaves what the server sends in the pipe."""
        self.reader._transport.pause_reading()  # type: ignore[attr-defined]

    def resume_reading(self) -> None:
        with contextlib.suppress(RuntimeError):
            self.reader._transport.resume_reading()  # type: ignore[attr-defined]

    async def listen(self) -> None:
        """Reads until the server is gone."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                header = await self.reader.readuntil(b"\r\n\r\n")
                length = int(header.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                message = json.loads(await self.reader.readexactly(length))
                self._dispatch(message)
                async with self._news:
                    self.received.append(message)
                    self._news.notify_all()
        for future in self._pending.values():
            if not future.done():
                self.stderr.seek(0)
                said = self.stderr.read().decode(errors="replace")
                future.set_exception(ConnectionError(f"the server is gone; it said: {said}"))
                future.exception()

    def _dispatch(self, message: Message) -> None:
        if "method" not in message:
            future = self._pending.get(message["id"])
            if future is not None and not future.done():
                future.set_result(message)
        elif "id" in message:
            reply: Message = {"jsonrpc": "2.0", "id": message["id"]}
            answer = self.answers.get(message["method"], nothing)
            try:
                self.send({**reply, "result": answer(message.get("params"))})
            except Refused as refusal:
                self.send({**reply, "error": {"code": refusal.code, "message": "refused"}})
            except NoAnswer:
                pass


@contextlib.asynccontextmanager
async def started(
    argv: Sequence[str] = SERVE,
    *,
    environment: Mapping[str, str] | None = None,
    answers: Mapping[str, Answer] | None = None,
) -> AsyncIterator[LspClient]:
    """A client of a fresh server process, which is gone afterwards."""
    stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the client
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
        cwd=REPOSITORY,
        env={**os.environ, **(environment or {})},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    client = LspClient(process.stdout, process.stdin, process, stderr, answers=dict(answers or {}))
    listening = asyncio.create_task(client.listen())
    try:
        yield client
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        # The process counts as running until its output is read.
        client.resume_reading()
        await process.wait()
        await listening
        process.stdin.close()
        with contextlib.suppress(ConnectionError):
            await process.stdin.wait_closed()
        stderr.close()


def edited(text: str, edits: Sequence[Mapping[str, Any]], encoding: str) -> str:
    """The text after edits of the protocol, done on encoded bytes, unlike the server."""
    places = [
        (_byte(text, edit["range"]["start"], encoding), _byte(text, edit["range"]["end"], encoding))
        for edit in edits
    ]
    data = text.encode("utf-32-le")
    ordered = sorted(zip(places, edits, strict=True), key=lambda item: item[0], reverse=True)
    for (start, end), edit in ordered:
        data = data[: 4 * start] + edit["newText"].encode("utf-32-le") + data[4 * end :]
    return data.decode("utf-32-le")


def _byte(text: str, position: Mapping[str, int], encoding: str) -> int:
    """The code point offset of a position."""
    codec, width = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[
        encoding
    ]
    line, at = 0, 0
    while line < position["line"]:
        char = text[at]
        at += 2 if text[at : at + 2] == "\r\n" else 1
        line += char in "\r\n"
    rest = text[at:].encode(codec)[: position["character"] * width]
    return at + len(rest.decode(codec))
