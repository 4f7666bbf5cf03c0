"""`ParseWorkers` read and cut files in processes of their own, beside the event loop."""

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
"""Files that take longer are read in two halves, down to the one file that is to blame."""
MODULE = "lsp_server.memory"
QUEUED_MAX = 4
"""Answers that wait for the index to write them."""


class ParseWorkers:
    """Up to PROCESSES_MAX processes, started on demand. Close them.

    A process that died, or ended as it had nothing to do, is replaced. `processes`
    is their number, by default one for each core; `module` is what they run.
    """

    def __init__(self, processes: int | None = None, *, module: str = MODULE) -> None:
        count = processes or max(1, min(PROCESSES_MAX, os.cpu_count() or 1))
        self._idle = [ParseWorker(module) for _ in range(count)]
        self._ready = asyncio.Semaphore(count)

    async def read(self, request: ReadRequest) -> AsyncGenerator[list[FileRead], None]:
        """Yields the results in groups, in any order. Raises MemoryUnavailable."""
        starts = range(0, len(request.paths), FILES_PER_REQUEST)
        parts = iter([request.part(request.paths[at : at + FILES_PER_REQUEST]) for at in starts])
        answers: asyncio.Queue[list[FileRead]] = asyncio.Queue(QUEUED_MAX)

        async def work() -> None:
            # Both tasks draw from one iterator, so that neither waits for the slower one.
            for part in parts:
                await answers.put(await self._answer(part))

        tasks = [asyncio.create_task(work()) for _ in range(min(len(starts), PROCESSES_MAX))]
        try:
            for _ in starts:
                yield await _next(answers, tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def read_all(self, request: ReadRequest) -> list[FileRead]:
        """All results at once, for a few files. Raises MemoryUnavailable."""
        async with aclosing(self.read(request)) as answers:
            return [read async for answer in answers for read in answer]

    async def close(self) -> None:
        """Ends all processes."""
        for worker in self._idle:
            await worker.stop()

    async def _answer(self, request: ReadRequest) -> list[FileRead]:
        # Taken for one request only: a buffer must not wait for all files of an index run.
        async with self._ready:
            worker = self._idle.pop()
            try:
                return await worker.read(request)
            finally:
                self._idle.append(worker)


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
    """One process, for one request at a time."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: Process | None = None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def read(self, request: ReadRequest) -> list[FileRead]:
        """Reads files; one that ends even a fresh process is skipped, and says so.

        Raises MemoryUnavailable when no process can be started.
        """
        for _ in range(2):  # The first process may have ended meanwhile, having nothing to do.
            with suppress(ConnectionError, EOFError, TimeoutError):
                return await self._ask(request)
        if len(request.paths) == 1:
            return [FileRead(request.paths[0], "", "", "text", skipped="it cannot be parsed")]
        middle = len(request.paths) // 2
        halves = request.paths[:middle], request.paths[middle:]
        return [read for half in halves for read in await self.read(request.part(half))]

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

    async def _ask(self, request: ReadRequest) -> list[FileRead]:
        answered = False
        try:
            reader, writer = self._streams or await self._start()
            body = pickle.dumps(request, protocol=pickle.HIGHEST_PROTOCOL)
            async with asyncio.timeout(REQUEST_SECONDS_MAX):
                writer.write(len(body).to_bytes(8, "big") + body)
                await writer.drain()
                size = int.from_bytes(await reader.readexactly(8), "big")
                answer = await reader.readexactly(size)
            answered = True
        finally:
            # Without its answer, the stream may have half of it: the process is of no use.
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
                start_new_session=True,  # Ctrl-C in a terminal is for the server alone.
            )
        except OSError as error:
            raise MemoryUnavailable(
                f"no process can be started to read files ({error.strerror})"
            ) from error
