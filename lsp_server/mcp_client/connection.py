"""An `McpConnection` is one connection to a server: opened when it is first wanted, and bounded.

A server that hangs, dies or says nonsense costs a bounded wait and one clear sentence,
which the model gets as the result of its call. After a failure the server is not tried
again for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from mcp.client import Client, ClientRequestContext
from mcp_types import (
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitResult,
    Implementation,
    PaginatedResult,
    Prompt,
    Tool,
)

from lsp_server import __version__
from lsp_server.mcp_client.http_transport import open_http
from lsp_server.mcp_client.odd_tools import OddTools
from lsp_server.mcp_client.prompts import prompt_text
from lsp_server.mcp_client.results import read_result
from lsp_server.mcp_client.server import (
    AskBack,
    McpUnavailable,
    OfferedPrompt,
    OfferedTool,
    ServerAnswer,
    ServerState,
)
from lsp_server.mcp_client.server_spec import McpServerSpec
from lsp_server.mcp_client.stdio_transport import ServerStream
from lsp_server.sandbox.sandbox import StartProcess
from lsp_server.text.truncate import one_line

CONNECT_SECONDS_MAX = 30.0
LIST_SECONDS_MAX = 30.0
RETRY_SECONDS = 30.0
"""After a failure the server is left alone for so long."""
ITEMS_MAX = 200
"""So many tools, and so many prompts, of a server are looked at."""
PAGES_MAX = 20
CLOSE_SECONDS_MAX = 6.0
DESCRIPTION_CHARS_MAX = 200

_Page = TypeVar("_Page", bound=PaginatedResult)
_Item = TypeVar("_Item")


class McpConnection:
    """An `McpConnection` belongs to one session, which closes it.

    `start` starts the program of a server, in `folder`; `environment` is all that it
    gets beside what its entry says. `ask_back` asks a person what the server asks.
    """

    def __init__(
        self,
        spec: McpServerSpec,
        start: StartProcess,
        folder: Path,
        environment: Mapping[str, str],
        ask_back: AskBack,
    ) -> None:
        self.spec = spec
        self.state: ServerState = "closed"
        self.problem = ""
        self.version = ""
        self.left_out = ""
        self._start = start
        self._folder = folder
        self._environment = environment
        self._ask_back = ask_back
        self._serving: asyncio.Task[None] | None = None
        self._opened: asyncio.Future[Client] | None = None
        self._leave = asyncio.Event()
        self._retry_at = 0.0
        self._odd_tools = OddTools(lambda: self.version)
        self._stream: ServerStream | None = None
        """The process behind the connection; None for an address."""

    async def tools(self) -> tuple[OfferedTool, ...]:
        """Returns what the server offers, at most ITEMS_MAX. Raises McpUnavailable."""
        client = await self._client()
        self._odd_tools.begin_list()
        try:
            async with asyncio.timeout(LIST_SECONDS_MAX):
                found = await _all(client.list_tools, lambda page: page.tools)
        except Exception as error:
            raise self._unavailable(error, "list its tools", LIST_SECONDS_MAX) from error
        problem = self._odd_tools.problem
        self.left_out = f"the server {self.spec.name} {problem}; they are left out" * bool(problem)
        return tuple(map(_offered, found))

    async def prompts(self) -> tuple[OfferedPrompt, ...]:
        """Returns the prompts that the server offers, at most ITEMS_MAX. Raises McpUnavailable."""
        client = await self._client()
        if client.server_capabilities.prompts is None:
            return ()
        try:
            async with asyncio.timeout(LIST_SECONDS_MAX):
                found = await _all(client.list_prompts, lambda page: page.prompts)
        except Exception as error:
            raise self._unavailable(error, "list its prompts", LIST_SECONDS_MAX) from error
        return tuple(map(_offered_prompt, found))

    async def prompt(self, name: str, arguments: Mapping[str, str], timeout_seconds: float) -> str:
        """Returns a prompt as the text of a task. Raises McpUnavailable, also after the time."""
        client = await self._client()
        try:
            async with asyncio.timeout(timeout_seconds):
                return prompt_text(await client.get_prompt(name, dict(arguments)))
        except Exception as error:
            raise self._unavailable(error, f"give its prompt {name}", timeout_seconds) from error

    async def call(
        self, tool: str, arguments: Mapping[str, object], timeout_seconds: float
    ) -> ServerAnswer:
        """Calls a tool and returns what it gave. Raises McpUnavailable, also after the time."""
        client = await self._client()
        try:
            async with asyncio.timeout(timeout_seconds):
                result = await client.call_tool(tool, dict(arguments))
                text, images = await asyncio.to_thread(read_result, result, tool)
                return ServerAnswer(text, result.is_error, images)
        except Exception as error:
            raise self._unavailable(error, f"answer {tool}", timeout_seconds) from error

    async def close(self) -> None:
        """Ends the connection, and the server with all that it started."""
        self._leave.set()
        if self._serving is not None:
            done, _ = await asyncio.wait({self._serving}, timeout=CLOSE_SECONDS_MAX)
            if not done:
                self._serving.cancel()
                await asyncio.wait({self._serving})
        self.state = "closed"

    async def _client(self) -> Client:
        """The client of an open connection; one that ended is opened again, in time."""
        if self._serving is not None and self._stream is not None and self._stream.ended.is_set():
            await asyncio.wait({self._serving}, timeout=CLOSE_SECONDS_MAX)
        if self._serving is None or self._serving.done():
            if asyncio.get_running_loop().time() < self._retry_at:
                raise McpUnavailable(f"the server {self.spec.name} {self.problem}")
            self._opened = asyncio.get_running_loop().create_future()
            self._leave.clear()
            self._serving = asyncio.create_task(self._serve(), name=f"server {self.spec.name}")
        assert self._opened is not None
        try:
            async with asyncio.timeout(CONNECT_SECONDS_MAX):
                return await asyncio.shield(self._opened)
        except TimeoutError:
            self._fail(f"did not greet within {CONNECT_SECONDS_MAX:g} s")
            self._serving.cancel()
            raise McpUnavailable(f"the server {self.spec.name} {self.problem}") from None

    async def _serve(self) -> None:
        """Holds the connection open. The SDK wants it closed by the task that opened it."""
        assert self._opened is not None
        self.state, self.problem = "connecting", ""
        try:
            async with self._transport() as transport:
                client = Client(
                    self._odd_tools.without(transport),
                    client_info=Implementation(name="holdfast", version=__version__),
                    elicitation_callback=self._elicit,
                )
                async with client:
                    self.state, self.version = "open", client.protocol_version
                    self._opened.set_result(client)
                    await self._until_it_ends()
        except asyncio.CancelledError:
            self._give_up()
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a server does ends here
            self._fail(self._why(error))
        finally:
            self._give_up()

    @asynccontextmanager
    async def _transport(self) -> AsyncIterator[Any]:
        entry = self.spec.entry
        if entry.url:
            async with open_http(entry.url, entry.headers) as transport:
                yield transport
            return
        self._stream = ServerStream(self._start)
        environment = {**self._environment, **entry.env}
        folder = self._folder / entry.cwd if entry.cwd else self._folder
        yield self._stream.open((entry.command, *entry.args), folder, environment)

    async def _until_it_ends(self) -> None:
        """Waits until we leave, or raises ConnectionError when the server is gone before."""
        waiting = {asyncio.create_task(self._leave.wait())}
        if self._stream is not None:
            waiting.add(asyncio.create_task(self._stream.ended.wait()))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        if not self._leave.is_set():
            raise ConnectionError

    async def _elicit(
        self, context: ClientRequestContext, params: ElicitRequestParams
    ) -> ElicitResult:
        del context
        # A page to be opened may be anything, so it is left to the person's own browser.
        if not isinstance(params, ElicitRequestFormParams):
            return ElicitResult(action="decline")
        answer = await self._ask_back(self.spec.name, params.message, params.requested_schema)
        if answer is None:
            return ElicitResult(action="decline")
        return ElicitResult(action="accept", content=dict(answer))

    def _unavailable(self, error: Exception, what: str, seconds: float) -> McpUnavailable:
        if isinstance(error, McpUnavailable):
            return error
        if isinstance(error, TimeoutError):
            return McpUnavailable(
                f"the server {self.spec.name} did not {what} within {seconds:g} s"
            )
        if self._stream is not None and self._stream.ended.is_set():
            return McpUnavailable(f"the server {self.spec.name} {self._why(error)}")
        return McpUnavailable(f"the server {self.spec.name} could not {what}: {_reason(error)}")

    def _why(self, error: BaseException) -> str:
        return (self._stream.reason if self._stream is not None else "") or _reason(error)

    def _fail(self, why: str) -> None:
        self.state, self.problem = "failed", why
        self._retry_at = asyncio.get_running_loop().time() + RETRY_SECONDS

    def _give_up(self) -> None:
        if self._opened is not None and not self._opened.done():
            why = f"the server {self.spec.name} {self.problem or 'was closed'}"
            self._opened.set_exception(McpUnavailable(why))
            self._opened.exception()  # Nobody may be waiting any more.


async def _all(
    fetch: Callable[..., Awaitable[_Page]], items: Callable[[_Page], list[_Item]]
) -> list[_Item]:
    """Returns what a server lists in pages, at most ITEMS_MAX."""
    found: list[_Item] = []
    cursor = None
    for _ in range(PAGES_MAX):
        page = await fetch(cursor=cursor)
        found += items(page)
        cursor = page.next_cursor
        if cursor is None or len(found) >= ITEMS_MAX:
            break
    return found[:ITEMS_MAX]


def _offered_prompt(prompt: Prompt) -> OfferedPrompt:
    arguments = prompt.arguments or ()
    return OfferedPrompt(
        prompt.name,
        one_line(prompt.description or prompt.title or "", DESCRIPTION_CHARS_MAX),
        tuple(one.name for one in arguments),
        tuple(one.name for one in arguments if one.required),
    )


def _offered(tool: Tool) -> OfferedTool:
    hints = tool.annotations.model_dump(exclude_none=True) if tool.annotations else {}
    shown = tuple(name for name, value in hints.items() if value is True)
    return OfferedTool(tool.name, tool.description or "", tool.input_schema, shown)


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    match error:
        case FileNotFoundError():
            return f"cannot be started: there is no {error.filename or 'such program'}"
        case OSError() if error.strerror:
            return f"cannot be reached: {error.strerror}"
        case ConnectionError():
            return "has ended"
        case _:
            return f"failed: {str(error) or type(error).__name__}"
