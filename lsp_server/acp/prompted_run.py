"""This module lets a run work on what a person says in a session."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import takewhile

from lsp_server.acp import slash_commands
from lsp_server.acp.choices import Choices
from lsp_server.acp.errors import SessionUnknown, WrongRequest
from lsp_server.acp.opened_sessions import (
    OpenedSession,
    drop_opened,
    keep_opened,
    read_opened,
)
from lsp_server.acp.prompt import Prompt
from lsp_server.agent.journal import replay
from lsp_server.agent.rewinding import counted
from lsp_server.domain.events import RecordedEvent, StepStarted
from lsp_server.domain.tasks import Mode, RunId
from lsp_server.session.begin_workflow import begin_invoked
from lsp_server.session.run import Run
from lsp_server.session.session import Session
from lsp_server.session.task_request import TaskRequest, expand_command, given_images, make_task
from lsp_server.workspace.files.documents import Documents


class PromptedRun:
    """A `PromptedRun` is the run of one session: it begins with the first prompt.

    Later prompts are messages to it, whether it is at work or has ended. `documents` are
    the texts that the client holds unsaved.
    """

    def __init__(self, session: Session, run_id: RunId, documents: Documents) -> None:
        self._session = session
        self._run_id = run_id
        self._documents = documents
        self._beginning = asyncio.Lock()
        self._origin: tuple[RunId, int] | None = None

    @property
    def run(self) -> Run | None:
        """Returns the run, if it is at work."""
        return self._session.runs.at_work.get(self._run_id)

    async def past(self) -> list[RecordedEvent]:
        """Takes up a run of the past, and returns all of it that counts.

        Raises SessionUnknown, JournalDamaged, OSError.
        """
        store = self._session.runs.store
        opened = await asyncio.to_thread(read_opened, store, self._run_id)
        if opened is None or await asyncio.to_thread(store.journal(self._run_id).exists):
            return await asyncio.to_thread(self._read, self._run_id)
        if opened.origin is None:
            return []
        records = await asyncio.to_thread(self._read, RunId(opened.origin))
        self._origin = (RunId(opened.origin), opened.step)
        return list(takewhile(lambda record: not _is_behind(record, opened.step), records))

    async def fork(self, origin: RunId) -> list[RecordedEvent]:
        """Goes on from where another run of the folder is now, and returns all of that one.

        Raises SessionUnknown, RunBusy while that works, JournalDamaged, OSError.
        """
        records = await asyncio.to_thread(self._read, origin)
        past = self._session.runs.choose(origin, "fork", idle=True)
        self._origin = (origin, past.step)
        return records

    async def keep(self) -> None:
        """Keeps the session before its first prompt, so that any process can load it.

        Raises OSError.
        """
        origin, step = self._origin or (None, 0)
        opened = OpenedSession(origin=origin, step=step)
        await asyncio.to_thread(keep_opened, self._session.runs.store, self._run_id, opened)

    def require_mode(self, mode: Mode) -> None:
        """Raises WrongRequest for another mode than the one in which the run is at work."""
        if (run := self.run) is not None and run.context.task.mode != mode:
            raise WrongRequest(
                f"the run is at work in the mode {run.context.task.mode}; stop it, or let it end"
            )

    async def begin(self, prompt: Prompt, choices: Choices) -> Run:
        """Lets the run work on a prompt: a new run, one that goes on, or one that is at work.

        Raises HoldfastError, OSError.
        """
        # Of two prompts at once one begins the run, and the other is a message to it.
        async with self._beginning:
            run = await self._begin(prompt, choices)
        with suppress(OSError):  # It has a journal now, which counts.
            await asyncio.to_thread(drop_opened, self._session.runs.store, self._run_id)
        return run

    async def _begin(self, prompt: Prompt, choices: Choices) -> Run:
        if (run := self.run) is not None and run.stopping:
            await run.wait()
        runs = self._session.runs
        text = await slash_commands.with_skill(prompt.text, self._session)
        if self._origin is None and await asyncio.to_thread(runs.find, self._run_id) is None:
            return await self._start(Prompt(text, prompt.images), choices)
        text, mode = await expand_command(text, choices.task_mode, self._session)
        self.require_mode(mode)
        images = await given_images(prompt.images, self._session.root)
        if self._origin is not None:
            (origin, step), self._origin = self._origin, None
            fork = self._session.rewinds.fork
            return await fork(origin, step, text, images, self._run_id, mode)
        run = runs.send(self._run_id, text, "steer", images, mode)
        if run.context.sampling.max_mode != choices.max_mode:
            run.switch_max_mode(on=choices.max_mode)
        return run

    def _read(self, run_id: RunId) -> list[RecordedEvent]:
        store = self._session.runs.store
        if run_id not in store.ids():
            raise SessionUnknown(f"there is no session {run_id} in {self._session.root}")
        return counted(replay(store.journal(run_id)))

    async def _start(self, prompt: Prompt, choices: Choices) -> Run:
        request = TaskRequest(
            prompt=prompt.text,
            mode=choices.task_mode,
            max_mode=choices.max_mode,
            images=prompt.images,
        )
        invoked = await begin_invoked(self._session, prompt.text, choices.task_mode, self._run_id)
        if invoked is not None:
            return invoked.run
        task = await make_task(request, self._session, self._documents)
        # A client has a place of its own for what a person has to set up, and keeps the text.
        self._session.runs.require_room(self._run_id)
        return self._session.runs.start(task, run_id=self._run_id)


def _is_behind(record: RecordedEvent, step: int) -> bool:
    return isinstance(record.event, StepStarted) and record.event.step > step
