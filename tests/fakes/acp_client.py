"""A client of the Agent Client Protocol, of the official SDK, which starts the real `holdfast acp`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from acp import helpers, schema
from acp.client.connection import ClientSideConnection
from acp.core import connect_to_agent
from acp.exceptions import RequestError
from acp.interfaces import Client

from tests.fakes.faulty_server import FaultyServer

DEADLINE_SECONDS = 60.0
UPDATES_SECONDS = 60.0

U = TypeVar("U")

NOTHING = schema.ClientCapabilities()
READS_AND_WRITES = schema.ClientCapabilities(
    fs=schema.FileSystemCapabilities(read_text_file=True, write_text_file=True)
)


@dataclass
class Panel:
    """The panel of an editor: what it was shown, and what its person answers.

    `answers` are option ids, the last one for ever; "" dismisses the question. One who `hesitates` answers once
    `lets_answer` is set. `buffers` are
    the texts that it holds unsaved; it saves what it is asked to write, unless it `keeps` it.
    """

    answers: list[str] = field(default_factory=lambda: ["once"])
    buffers: dict[str, str] = field(default_factory=dict)
    keeps: bool = False
    updates: list[Any] = field(default_factory=list)
    questions: list[Any] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    lets_answer: asyncio.Event = field(default_factory=asyncio.Event)
    hesitates: bool = False
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        if not self.hesitates:
            self.lets_answer.set()

    async def session_update(self, session_id: str, update: Any, **_: Any) -> None:
        self.updates.append(update)
        self._more.set()

    async def request_permission(
        self, session_id: str, tool_call: Any, options: Sequence[Any], **_: Any
    ) -> schema.RequestPermissionResponse:
        self.questions.append((tool_call, list(options)))
        self.asked.set()
        self._more.set()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        await self.lets_answer.wait()
        if not answer:
            outcome: Any = schema.DeniedOutcome(outcome="cancelled")
        else:
            outcome = schema.AllowedOutcome(outcome="selected", option_id=answer)
        return schema.RequestPermissionResponse(outcome=outcome)

    async def read_text_file(self, session_id: str, path: str, **_: Any) -> Any:
        self.reads.append(path)
        if path in self.buffers:
            return schema.ReadTextFileResponse(content=self.buffers[path])
        if not Path(path).is_file():
            raise RequestError.resource_not_found(path)
        return schema.ReadTextFileResponse(content=Path(path).read_text("utf-8"))

    async def write_text_file(self, session_id: str, path: str, content: str, **_: Any) -> None:
        self.writes.append(path)
        if self.keeps:
            self.buffers[path] = content
            return
        self.buffers.pop(path, None)
        Path(path).write_text(content, "utf-8", newline="")

    def on_connect(self, conn: object) -> None:
        pass

    def of(self, kind: type[U]) -> list[U]:
        """The updates of a kind."""
        return [one for one in self.updates if isinstance(one, kind)]

    @property
    def text(self) -> str:
        """What the agent said."""
        return "".join(one.content.text for one in self.of(schema.AgentMessageChunk))

    @property
    def thoughts(self) -> str:
        return "".join(one.content.text for one in self.of(schema.AgentThoughtChunk))

    async def until(self, fits: Callable[[Panel], bool]) -> None:
        """Waits until what was shown fits."""
        async with asyncio.timeout(UPDATES_SECONDS):
            while not fits(self):
                self._more.clear()
                await self._more.wait()


@dataclass
class Desk:
    """A connected client, the process it talks to, and the folder they work in."""

    agent: ClientSideConnection
    panel: Panel
    process: asyncio.subprocess.Process
    folder: Path

    async def initialize(
        self, capabilities: schema.ClientCapabilities = NOTHING
    ) -> schema.InitializeResponse:
        return await self.agent.initialize(protocol_version=1, client_capabilities=capabilities)

    async def new(self, **more: Any) -> str:
        """Opens a session and returns its id."""
        answer = await self.agent.new_session(
            cwd=str(self.folder), mcp_servers=more.pop("mcp_servers", []), **more
        )
        return answer.session_id

    async def say(self, session_id: str, *blocks: Any) -> schema.PromptResponse:
        """Sends a prompt of texts and other blocks, and waits for its end."""
        content = [helpers.text_block(one) if isinstance(one, str) else one for one in blocks]
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await self.agent.prompt(session_id=session_id, prompt=content)


@asynccontextmanager
async def desk(
    folder: Path,
    panel: Panel | None = None,
    capabilities: schema.ClientCapabilities | None = NOTHING,
    model: FaultyServer | None = None,
    **environment: str,
) -> AsyncIterator[Desk]:
    """The real agent in a process of its own, with a client; None sends no `initialize`."""
    panel = panel or Panel()
    if model is not None:
        environment |= {
            "HOLDFAST_MODEL__BASE_URL": model.base_url,
            "HOLDFAST_MODEL__NAME": "scripted",
        }
    async with process(folder, **environment) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        agent = connect_to_agent(
            cast("Client", panel), running.stdin, running.stdout, use_unstable_protocol=True
        )
        found = Desk(agent, panel, running, folder)
        try:
            if capabilities is not None:
                await found.initialize(capabilities)
            yield found
        finally:
            with suppress(ConnectionError):  # One that has ended already takes no more.
                await agent.close()


@asynccontextmanager
async def process(folder: Path, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The running `holdfast acp`; it is let end, and killed if it does not."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lsp_server", "acp"),
        cwd=folder,
        env={**os.environ, "PYTHONWARNINGS": "error", **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
        limit=1 << 26,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            assert running.stdin is not None
            running.stdin.close()
            try:
                await asyncio.wait_for(running.wait(), 20)
            except TimeoutError:
                os.killpg(running.pid, signal.SIGKILL)
                await running.wait()
                raise
