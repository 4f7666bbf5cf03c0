"""This module has the commands about runs: start, stop, resume, send, show, rewind, fork."""

from __future__ import annotations

import asyncio

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.tasks import RunId
from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.targets import folder_to_work_in, image_places, task_of
from lsp_server.server.commands.workflow_commands import begun_reply
from lsp_server.server.params.base import Reply
from lsp_server.server.params.run_params import (
    RunChoice,
    RunFork,
    RunRewind,
    RunSend,
    RunStart,
    RunStop,
)
from lsp_server.server.protocol import CommandName
from lsp_server.session.begin_workflow import begin_invoked
from lsp_server.session.permission_mode import require_mode
from lsp_server.session.run_names import run_named
from lsp_server.session.task_request import given_images
from lsp_server.text.count import count_of
from lsp_server.wording.event_labels import step_text
from lsp_server.workspace.checkpoints.undo import UndoReport


class RunCommands:
    """`RunCommands` has the commands about whole runs."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (
            ServerCommand(CommandName.RUN_START, RunStart, self._start),
            ServerCommand(CommandName.RUN_STOP, RunStop, self._stop),
            ServerCommand(CommandName.RUN_RESUME, RunChoice, self._resume),
            ServerCommand(CommandName.RUN_SEND, RunSend, self._send),
            ServerCommand(CommandName.RUN_SHOW, RunChoice, self._show),
            ServerCommand(CommandName.RUN_REWIND, RunRewind, self._rewind),
            ServerCommand(CommandName.RUN_FORK, RunFork, self._fork),
        )

    async def _start(self, arguments: RunStart) -> Reply:
        folders = self._context.folders
        folder, path = folder_to_work_in(arguments, folders)
        session = folder.require_session()
        if (
            invoked := await begin_invoked(session, arguments.prompt or "", arguments.mode)
        ) is not None:
            folders.use(folder)
            return begun_reply(invoked)
        task = await task_of(arguments, folder, path, self._context.client.can.encoding)
        folders.use(folder)
        if arguments.permissions is not None:
            await require_mode(arguments.permissions, session.settings, task.mode)
        started = session.runs.start(task, permissions=arguments.permissions)
        run = started.summary()
        if task.attempts.count == 1:
            return Reply(state=run.state, message=f"started: {run.title}", run_id=run.run_id)
        self._context.show_comparison(session, started)
        attempts = count_of(task.attempts.count, "attempt")
        message = f"{attempts} at: {run.title}; a comparison opens at the end"
        return Reply(state=run.state, message=message, run_id=run.run_id)

    async def _stop(self, arguments: RunStop) -> Reply:
        if arguments.all:
            stopped = [
                run
                for session in self._context.folders.sessions()
                for run in session.runs.stop(everything=True)
            ]
            return Reply(state="idle", message=f"{count_of(len(stopped), 'run')} stopped")
        run_id = run_id_of(arguments.run_id)
        session = self._context.session_of_run(run_id, active=True)
        run = session.runs.stop(run_id)[0].summary()
        return Reply(state="stopped", message=f"stopped: {run.title}", run_id=run.run_id)

    async def _resume(self, arguments: RunChoice) -> Reply:
        run_id = run_id_of(arguments.run_id)
        run = self._context.session_of_run(run_id).runs.resume(run_id).summary()
        return Reply(state=run.state, message=f"goes on: {run.title}", run_id=run.run_id)

    async def _send(self, arguments: RunSend) -> Reply:
        if arguments.text is None:
            raise HoldfastError("pass what to say as `text`")
        run_id = run_id_of(arguments.run_id)
        session = self._context.session_of_run(run_id, active=run_id is None)
        images = await given_images(image_places(arguments.images), session.root)
        run = session.runs.send(
            run_id, arguments.text, arguments.when, images, arguments.mode
        ).summary()
        return Reply(state=run.state, message=f"sent to: {run.title}", run_id=run.run_id)

    async def _show(self, arguments: RunChoice) -> Reply:
        run_id = run_id_of(arguments.run_id)
        session = self._context.session_of_run(run_id)
        documents = self._context.documents
        if documents.are_shown:
            shown = session.runs.choose(run_id, "show").run_id
            return Reply(
                state=self._context.state,
                message=f"the transcript of run {shown}",
                run_id=shown,
                uri=self._context.show_virtual(documents.transcript(shown)),
            )
        # Written anew from the journal, which may be large.
        path = await asyncio.to_thread(session.transcript, run_id)
        return Reply(
            state=self._context.state,
            message=f"the transcript is {path}",
            run_id=path.parent.name,
            uri=self._context.show_document(path),
        )

    async def _rewind(self, arguments: RunRewind) -> Reply:
        run_id = run_id_of(arguments.run_id)
        session = self._context.session_of_run(run_id)

        async def work() -> Reply:
            done = await session.rewinds.rewind(run_id, arguments.step)
            message = f"the run is at {step_text(done.step)}; {_files_text(done.files)}"
            self._context.client.show("warning" if done.files.conflicts else "info", message)
            return Reply(state=self._context.state, message=message, run_id=done.run_id)

        return await self._context.work_soon(
            work(), "the run is taken back; a message says when that is done"
        )

    async def _fork(self, arguments: RunFork) -> Reply:
        run_id = run_id_of(arguments.run_id)
        session = self._context.session_of_run(run_id)

        async def work() -> Reply:
            forked = await session.rewinds.fork(run_id, arguments.step, arguments.prompt or "")
            run = forked.summary()
            return Reply(state=run.state, message=f"goes on: {run.title}", run_id=run.run_id)

        return await self._context.work_soon(
            work(), "a new run goes on from there as soon as the files are back"
        )


def run_id_of(value: str | None) -> RunId | None:
    """Returns the id of a run as it came on the wire. Raises RunNotFound for what no run is called."""
    return None if value is None else run_named(value)


def undo_text(report: UndoReport) -> str:
    """Says what an undo of a run did."""
    return _files_text(report, " before the run")


def _files_text(report: UndoReport, when: str = " then") -> str:
    files = report.restored
    are = "1 file is as it was" if len(files) == 1 else f"{len(files)} files are as they were"
    message = f"{are}{when}"
    message += f", {len(report.removed)} of them removed" if report.removed else ""
    kept = [f"{conflict.path}: {conflict.reason}" for conflict in report.conflicts]
    return message + (f"; {len(kept)} were left alone: " + "; ".join(kept) if kept else "")
