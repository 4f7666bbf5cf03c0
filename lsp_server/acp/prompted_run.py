"""This module lets a run work on what a person says in a session."""

from __future__ import annotations

import asyncio

from lsp_server.acp import slash_commands
from lsp_server.acp.choices import Choices
from lsp_server.acp.errors import SessionUnknown, WrongRequest
from lsp_server.acp.prompt import Prompt
from lsp_server.agent.journal import replay
from lsp_server.agent.rewinding import counted
from lsp_server.domain.events import RecordedEvent, RunStarted
from lsp_server.domain.tasks import Mode, RunId
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
        self._origin: tuple[RunId, int] | None = None
        self._mode: Mode | None = None

    @property
    def run(self) -> Run | None:
        """Returns the run, if it is at work."""
        return self._session.runs.at_work.get(self._run_id)

    async def past(self) -> list[RecordedEvent]:
        """Takes up a run of the past, and returns all of it that counts.

        Raises SessionUnknown, JournalDamaged, OSError.
        """
        store = self._session.runs.store
        if self._run_id not in await asyncio.to_thread(store.ids):
            raise SessionUnknown(f"there is no session {self._run_id} in {self._session.root}")
        path = store.journal(self._run_id)
        records = await asyncio.to_thread(lambda: counted(replay(path)))
        for record in records[:1]:
            if isinstance(record.event, RunStarted):
                self._mode = record.event.task.mode
        return records

    async def fork(self, origin: RunId) -> None:
        """Goes on from where another run of the folder is now; one that has not begun is empty.

        Raises RunBusy while that works, JournalDamaged.
        """
        past = await asyncio.to_thread(self._session.runs.find, origin)
        if past is not None:
            self._session.runs.choose(origin, "fork", idle=True)
            self._origin = (origin, past.step)

    def require_mode(self, mode: Mode) -> None:
        """Raises WrongRequest for another mode than the one that the run has."""
        if self._mode not in (None, mode):
            raise WrongRequest(
                f"this session works in the mode {self._mode}, which it keeps; "
                f"open a new session for {mode}"
            )

    async def begin(self, prompt: Prompt, choices: Choices) -> Run:
        """Lets the run work on a prompt: a new run, one that goes on, or one that is at work.

        Raises HoldfastError, OSError.
        """
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
            return await self._session.rewinds.fork(origin, step, text, images, self._run_id)
        run = runs.send(self._run_id, text, "steer", images)
        if run.context.sampling.max_mode != choices.max_mode:
            run.switch_max_mode(on=choices.max_mode)
        return run

    async def _start(self, prompt: Prompt, choices: Choices) -> Run:
        request = TaskRequest(
            prompt=prompt.text,
            mode=choices.task_mode,
            max_mode=choices.max_mode,
            images=prompt.images,
        )
        task = await make_task(request, self._session, self._documents)
        run = self._session.runs.start(task, run_id=self._run_id)
        self._mode = task.mode
        return run
