"""Processes that read and cut files beside the event loop."""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.parsing import FileRead, ReadRequest

PROCESSES_MAX = 2
FILES_PER_REQUEST = 32
REQUEST_SECONDS_MAX = 30.0
"""A request that takes longer is cut in two, down to the file that is to blame."""
MODULE = "lsp_server.memory"
QUEUED_MAX = 4
"""Answers that wait for the index to write them."""


class ParseWorkers:
    """Started on demand; a process that died or fell asleep is replaced. Close it."""

    def __init__(self, processes: int | None = None, *, module: str = MODULE) -> None:
        count = processes or max(1, min(PROCESSES_MAX, os.cpu_count() or 1))
        self._idle = [ParseWorker(module) for _ in range(count)]
        self._ready = asyncio.Semaphore(count)

    async def read(self, wanted: ReadRequest) -> AsyncGenerator[list[FileRead], None]:
        """Answers as they come, in any order. Raises MemoryUnavailable."""
        starts = range(0, len(wanted.paths), FILES_PER_REQUEST)
        requests = iter([wanted.part(wanted.paths[at : at + FILES_PER_REQUEST]) for at in starts])
        answers: asyncio.Queue[list[FileRead]] = asyncio.Queue(QUEUED_MAX)

        async def work() -> None:
            for request in requests:
                # Given back each time: a buffer must not wait for all files of an index run.
                await answers.put(await self._answer(request))

        tasks = [asyncio.create_task(work()) for _ in range(min(len(starts), PROCESSES_MAX))]
        try:
            for _ in starts:
                yield await _next(answers, tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def read_all(self, wanted: ReadRequest) -> list[FileRead]:
        """All answers at once, for a few files."""
        async with aclosing(self.read(wanted)) as answers:
            return [read async for answer in answers for read in answer]

    async def _answer(self, request: ReadRequest) -> list[FileRead]:
        async with self._ready:
            reader = self._idle.pop()
            try:
                return await reader.read(request)
            finally:
                self._idle.append(reader)

    async def close(self) -> None:
        for reader in self._idle:
            await reader.stop()


async def _next(
    answers: asyncio.Queue[list[FileRead]], tasks: Sequence[asyncio.Task[None]]
) -> list[FileRead]:
    """The next answer, or the error of the task that would have given it."""
    waiting = asyncio.create_task(answers.get())
    try:
        while not waiting.done():
            running = {task for task in tasks if not task.done()}
            await asyncio.wait({waiting, *running}, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done() and not task.cancelled() and (error := task.exception()):
                    raise error
        return waiting.result()
    finally:
        waiting.cancel()


class ParseWorker:
    """One process. A request that is cancelled or fails costs it its life."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: Process | None = None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def read(self, wanted: ReadRequest) -> list[FileRead]:
        """A file that ends even a fresh process is skipped, and says so.

        Raises MemoryUnavailable when no process can be started.
        """
        for _ in range(2):  # The first may have fallen asleep meanwhile.
            with suppress(ConnectionError, EOFError, TimeoutError):
                return await self._ask(wanted)
        if len(wanted.paths) == 1:
            return [FileRead(wanted.paths[0], "", "", "text", skipped="it cannot be parsed")]
        middle = len(wanted.paths) // 2
        halves = wanted.paths[:middle], wanted.paths[middle:]
        return [read for half in halves for read in await self.read(wanted.part(half))]

    async def _ask(self, wanted: ReadRequest) -> list[FileRead]:
        answered = False
        try:
            reader, writer = self._streams or await self._start()
            body = pickle.dumps(wanted, protocol=pickle.HIGHEST_PROTOCOL)
            async with asyncio.timeout(REQUEST_SECONDS_MAX):
                writer.write(len(body).to_bytes(8, "big") + body)
                await writer.drain()
                size = int.from_bytes(await reader.readexactly(8), "big")
                answer = await reader.readexactly(size)
            answered = True
        finally:
            if not answered:
                await self.stop()
        return await asyncio.to_thread(pickle.loads, answer)

    async def _start(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = await self._spawn(theirs.fileno())
            self._streams = await asyncio.open_unix_connection(sock=ours)
        except BaseException:
            ours.close()
            raise
        return self._streams

    async def _spawn(self, descriptor: int) -> Process:
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # a workspace must not shadow modules
                "-m",
                self._module,
                str(descriptor),
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=DEVNULL,
                pass_fds=(descriptor,),
                start_new_session=True,
            )
        except OSError as error:
            raise MemoryUnavailable(
                f"no process can be started to read files ({error.strerror})"
            ) from error

    async def stop(self) -> None:
        """Ends the process at once; it holds nothing that could be lost."""
        process, streams = self._process, self._streams
        self._process = self._streams = None
        if streams is not None:
            streams[1].close()
            with suppress(ConnectionError):
                await streams[1].wait_closed()
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
