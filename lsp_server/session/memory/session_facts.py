"""`SessionFacts` keep what people and runs claim about the project."""

from __future__ import annotations

import asyncio

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.memories import Fact
from lsp_server.domain.tasks import RunId
from lsp_server.memory.made_facts import new_fact
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.memory.action_recorder import ActionRecorder
from lsp_server.session.memory.evidence import PassedChecks
from lsp_server.session.memory.fact_file import FactFile
from lsp_server.session.memory.opening import MemoryOpener
from lsp_server.system.task_set import TaskSet


class SessionFacts:
    """Keeps facts in memory and in a file beside its tables. Close it.

    Each method that waits raises MemoryUnavailable.
    """

    def __init__(
        self,
        opener: MemoryOpener,
        recorder: ActionRecorder,
        checks: PassedChecks,
        file: FactFile,
        redactor: Redactor,
    ) -> None:
        self._opener = opener
        self._recorder = recorder
        self._checks = checks
        self._file = file
        self._redactor = redactor
        self._tasks = TaskSet(expected=MemoryUnavailable)

    async def remember(self, text: str) -> Fact:
        """Keeps what a person says."""
        memory = await self._opener.ready()
        return await self._keep(await memory.records.remember(self._redactor(text), "person"))

    async def note(self, text: str) -> Fact:
        """Keeps what a person says without waiting for memory to open.

        See `keep`.
        """
        return await self.keep(new_fact(self._redactor(text), "person"))

    async def claim(self, run_id: RunId, text: str) -> Fact:
        """Keeps what a run says; it is verified if a check of that run shows it."""
        memory = await self._opener.ready()
        await self._recorder.catch_up()
        evidence_id = self._checks.evidence_of(run_id, text)
        fact = await memory.records.remember(self._redactor(text), "agent", evidence_id)
        return await self._keep(fact)

    async def all(self) -> tuple[Fact, ...]:
        """Returns all facts that are kept, oldest first, whether memory is open or not."""
        return await asyncio.to_thread(self._file.facts)

    async def told(self) -> tuple[Fact, ...]:
        """Returns those that may be told to a run that did not ask."""
        return tuple(fact for fact in await self.all() if fact.trusted)

    async def keep(self, fact: Fact) -> Fact:
        """Keeps a fact as it is, in the place of the one with its id, without waiting for memory.

        It is in the file when this returns, and in memory once that is open.
        """
        await self._keep(fact)
        self._tasks.start(self._take_in(fact), "taking in a fact")
        return fact

    async def close(self) -> None:
        """Ends what was started; a note that is left is learned when memory opens next."""
        await self._tasks.close()

    async def _take_in(self, fact: Fact) -> None:
        await (await self._opener.ready()).records.restore([fact])

    async def _keep(self, fact: Fact) -> Fact:
        await asyncio.to_thread(self._file.add, fact)
        return fact
