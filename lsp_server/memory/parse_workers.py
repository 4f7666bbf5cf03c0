"""`ParseWorkers` keep processes that read and cut files, beside the event loop.

The parsers are large programs of others that read what a checkout brings. So their
processes are confined once, at their start, and an answer is data and never code.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from pathlib import Path

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.parse_answer import decode_answer
from lsp_server.memory.parsing import FileRead, ReadRequest, read_file
from lsp_server.sandbox.process_tree import end_whole
from lsp_server.sandbox.sandbox import ProcessSpec, SandboxedProcess, StartProcess
from lsp_server.text.count import count_of

PROCESSES_MAX = 2
FILES_PER_REQUEST = 32
REQUEST_SECONDS_MAX = 30.0
"""Files that take longer are read in two halves, down to the one file that is to blame."""
CANNOT_BE_PARSED = "it cannot be parsed"
MODULE = "lsp_server.memory"
ANSWER_BYTES_MAX = 1 << 29
QUEUED_MAX = 4
"""Answers that wait for the index to write them."""


class ParseWorkers:
    """`ParseWorkers` are up to PROCESSES_MAX processes, started on demand. Close them.

    A process that died, or ended as it had nothing to do, is replaced. `start` starts
    one, `processes` is their number, by default one for each core; `module` is what
    they run.
    """

    def __init__(
        self, start: StartProcess, processes: int | None = None, *, module: str = MODULE
    ) -> None:
        count = processes or max(1, min(PROCESSES_MAX, os.cpu_count() or 1))
        self._idle = [ParseWorker(start, module) for _ in range(count)]
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
        """Returns all results at once, for a few files. Raises MemoryUnavailable."""
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
    """Returns the next answer, or the error of the task that would have given it."""
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


def _refuse(request: ReadRequest) -> FileRead:
    """Returns the result for a file that cannot be cut, so that it is not tried at each search."""
    (path,) = request.paths
    if path in request.texts:
        return FileRead(path, "", "", "text", skipped=CANNOT_BE_PARSED)
    root, bytes_max = Path(request.root), request.file_bytes_max
    return read_file(root, path, "", bytes_max, request.secrets, refused=CANNOT_BE_PARSED)


class ParseWorker:
    """A `ParseWorker` is one process, for one request at a time."""

    def __init__(self, start: StartProcess, module: str) -> None:
        self._start_process = start
        self._module = module
        self._process: SandboxedProcess | None = None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def read(self, request: ReadRequest) -> list[FileRead]:
        """Reads files; one that ends even a fresh process is skipped, and says so.

        Raises MemoryUnavailable when no process can be started.
        """
        for _ in range(2):  # The first process may have ended meanwhile, having nothing to do.
            try:
                return await self._ask(request)
            except (ConnectionError, EOFError):
                continue
            except TimeoutError:
                break
        if len(request.paths) == 1:
            return [await asyncio.to_thread(_refuse, request)]
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
            await end_whole(process)

    async def _ask(self, request: ReadRequest) -> list[FileRead]:
        answered = False
        try:
            reader, writer = self._streams or await self._start()
            body = pickle.dumps(request, protocol=pickle.HIGHEST_PROTOCOL)
            async with asyncio.timeout(REQUEST_SECONDS_MAX):
                writer.write(len(body).to_bytes(8, "big") + body)
                await writer.drain()
                size = int.from_bytes(await reader.readexactly(8), "big")
                if size > ANSWER_BYTES_MAX:
                    raise EOFError(f"an answer of {count_of(size, 'byte')}")
                answer = await reader.readexactly(size)
            reads = await asyncio.to_thread(decode_answer, answer, request)
            answered = True
        finally:
            # Without its answer, the stream may have half of it: the process is of no use.
            if not answered:
                await self.stop()
        return reads

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

    async def _spawn(self, descriptor: int) -> SandboxedProcess:
        # -P: a workspace must not shadow modules.
        argv = (sys.executable, "-P", "-m", self._module, "0")
        try:
            return await self._start_process(
                ProcessSpec(argv, Path("/"), os.environ, stdin=descriptor)
            )
        except OSError as error:
            raise MemoryUnavailable(
                f"no process can be started to read files ({error.strerror})"
            ) from error
