"""`workspace/executeCommand`: arguments in, a small reply out, at once.

Work that takes longer goes on in the background. What goes wrong for a reason
that a person can mend is a reply with the state `error`, and is shown, since
most editors drop replies; a wrong argument is an `InvalidParams` error.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lsprotocol import types
from pydantic import ValidationError
from pygls.exceptions import JsonRpcInvalidParams

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.tasks import Achieved, RunId, Sampling
from lsp_server.server import to_lsp
from lsp_server.server.background import Background
from lsp_server.server.client import Client
from lsp_server.server.commands.doctor import Doctor
from lsp_server.server.commands.goal_commands import GoalCommands
from lsp_server.server.commands.memory_commands import MemoryCommands
from lsp_server.server.commands.run_errors import error_text
from lsp_server.server.commands.targets import folder_to_work_in, place_of, session_of, task_of
from lsp_server.server.folders import Folders
from lsp_server.server.params import (
    CommandParams,
    MaxAccept,
    MaxPropose,
    MaxSwitch,
    MessagePayload,
    NoArguments,
    PermissionAnswer,
    Reply,
    RunChoice,
    RunEntry,
    RunListReply,
    RunSend,
    RunStart,
    RunStop,
)
from lsp_server.server.protocol import CommandName
from lsp_server.server.views.presenter import Presenter
from lsp_server.session.run import Run
from lsp_server.session.run_errors import RunNotFound
from lsp_server.session.run_summary import RunSummary
from lsp_server.session.session import Session

ECHO_SECONDS = 1.0
"""After that a reply is logged. Emacs 28 handles what arrives together with a reply only
once more arrives; without this line a question could wait there unseen."""

REPLY_SECONDS = 0.15
"""After that a command answers and goes on in the background."""


@dataclass(frozen=True, slots=True)
class _Command:
    shape: type[CommandParams]
    handle: Callable[[Any], Awaitable[MessagePayload]]


class Commands:
    """Every command of `CommandName`."""

    def __init__(
        self,
        client: Client,
        folders: Folders,
        presenter: Presenter,
        doctor: Doctor,
        background: Background,
    ) -> None:
        self._client = client
        self._folders = folders
        self._presenter = presenter
        self._doctor = doctor
        self._background = background
        goals = GoalCommands(client, folders, background)
        memory = MemoryCommands(client, folders, background)
        self._commands: Mapping[str, _Command] = {
            CommandName.RUN_START: _Command(RunStart, self._start),
            CommandName.RUN_STOP: _Command(RunStop, self._stop),
            CommandName.RUN_RESUME: _Command(RunChoice, self._resume),
            CommandName.RUN_SEND: _Command(RunSend, self._send),
            CommandName.RUN_LIST: _Command(RunChoice, self._list),
            CommandName.RUN_SHOW: _Command(RunChoice, self._show),
            CommandName.RUN_UNDO: _Command(RunChoice, self._undo),
            CommandName.MAX_PROPOSE: _Command(MaxPropose, self._propose),
            CommandName.MAX_ACCEPT: _Command(MaxAccept, self._accept),
            CommandName.MAX_SWITCH: _Command(MaxSwitch, self._switch),
            **{name: _Command(*handler) for name, handler in goals.handlers.items()},
            **{name: _Command(*handler) for name, handler in memory.handlers.items()},
            CommandName.PERMISSION_ANSWER: _Command(PermissionAnswer, self._answer),
            CommandName.STATUS: _Command(NoArguments, self._status),
            CommandName.DOCTOR: _Command(NoArguments, self._examine),
        }

    async def execute(self, params: types.ExecuteCommandParams) -> dict[str, Any]:
        """The reply as JSON. Raises JsonRpcInvalidParams."""
        command = self._commands.get(params.command)
        if command is None:
            known = ", ".join(self._commands)
            raise JsonRpcInvalidParams(f"unknown command {params.command!r}; known are: {known}")
        arguments = parsed(params.command, command.shape, params.arguments or ())
        try:
            payload: MessagePayload = await command.handle(arguments)
        except HoldfastError as error:
            self._client.show("warning", error_text(error))
            payload = Reply(state="error", message=error_text(error))
        self._background.start(self._echo(params.command, payload), "echo of a reply")
        return payload.wire()

    async def _echo(self, command: str, payload: MessagePayload) -> None:
        await asyncio.sleep(ECHO_SECONDS)
        self._client.log("info", f"{command}: {payload.message}")

    async def _start(self, arguments: RunStart) -> Reply:
        folder, path = folder_to_work_in(arguments, self._folders)
        session = session_of(folder)
        encoding = self._client.can.encoding
        task = await task_of(arguments, folder, path, session.settings, encoding)
        self._folders.use(folder)
        run = session.runs.start(task).summary()
        return Reply(state=run.state, message=f"started: {run.title}", run_id=run.run_id)

    async def _stop(self, arguments: RunStop) -> Reply:
        if arguments.all:
            stopped = [
                run for session in self._sessions() for run in session.runs.stop(everything=True)
            ]
            return Reply(state="idle", message=f"{len(stopped)} runs stopped")
        session = self._session_of(arguments.run_id, active=True)
        run = session.runs.stop(_id(arguments.run_id))[0].summary()
        return Reply(state="stopped", message=f"stopped: {run.title}", run_id=run.run_id)

    async def _resume(self, arguments: RunChoice) -> Reply:
        session = self._session_of(arguments.run_id)
        run = session.runs.resume(_id(arguments.run_id)).summary()
        return Reply(state=run.state, message=f"goes on: {run.title}", run_id=run.run_id)

    async def _send(self, arguments: RunSend) -> Reply:
        if arguments.text is None:
            raise HoldfastError("pass what to say as `text`")
        session = self._session_of(arguments.run_id, active=arguments.run_id is None)
        sent = session.runs.send(_id(arguments.run_id), arguments.text, arguments.when)
        run = sent.summary()
        return Reply(state=run.state, message=f"told: {run.title}", run_id=run.run_id)

    async def _list(self, arguments: RunChoice) -> RunListReply:
        runs = sorted(
            self._chosen(_id(arguments.run_id)), key=lambda run: run.started_at, reverse=True
        )
        lines = [f"{run.state}: {run.title} ({run.run_id})" for run in runs[:10]]
        message = "\n".join(lines) or "there are no runs"
        self._tell(message)
        return RunListReply(
            state=self._presenter.status().state,
            message=message,
            runs=tuple(
                RunEntry(
                    run_id=run.run_id,
                    title=run.title,
                    state=run.state,
                    step=run.step,
                    started_at=run.started_at,
                    cost_usd=run.cost_usd,
                    message=run.message,
                )
                for run in runs
            ),
        )

    def _chosen(self, run_id: RunId | None) -> list[RunSummary]:
        """The run with that id, or all that are listed. Raises RunNotFound."""
        if run_id is None:
            return [run for session in self._sessions() for run in session.runs.list()]
        found = [run for session in self._sessions() if (run := session.runs.find(run_id))]
        if not found:
            raise RunNotFound(run_id, "find")
        return found

    async def _show(self, arguments: RunChoice) -> Reply:
        session = self._session_of(arguments.run_id)
        path = await asyncio.to_thread(session.transcript, _id(arguments.run_id))
        self._background.start(self._client.open(to_lsp.uri(path)), "showing a transcript")
        return Reply(
            state=self._presenter.status().state,
            message=f"the transcript is {path}",
            run_id=path.parent.name,
            uri=to_lsp.uri(path),
        )

    async def _undo(self, arguments: RunChoice) -> Reply:
        session = self._session_of(arguments.run_id)
        return await self._soon(
            self._taken_back(session, _id(arguments.run_id)),
            "the run's changes are taken back; a message tells when that is done",
        )

    async def _propose(self, arguments: MaxPropose) -> Reply:
        folder, path = place_of(arguments.uri, self._folders)
        session = session_of(folder)
        start = RunStart.model_validate(arguments.model_dump(by_alias=True, exclude_none=True))
        task = await task_of(start, folder, path, session.settings, self._client.can.encoding)
        self._folders.use(folder)
        sampling = Sampling(samples=arguments.samples, propose=True)
        started = session.runs.start(replace(task, sampling=sampling))
        self._background.start(self._compared(session, started), "comparing proposals")
        run = started.summary()
        message = f"drawing candidates for: {run.title}; a comparison opens when they are judged"
        return Reply(state=run.state, message=message, run_id=run.run_id)

    async def _compared(self, session: Session, run: Run) -> None:
        """Opens the comparison; a run that was stopped or failed says so by itself."""
        try:
            outcome = await run.wait()
            if isinstance(outcome, Achieved):
                await self._client.open(to_lsp.uri(session.proposals.comparison(run.run_id)))
        except HoldfastError as error:
            self._client.show("warning", error_text(error))

    async def _accept(self, arguments: MaxAccept) -> Reply:
        session = self._session_of(arguments.proposal_id)
        accepted = session.proposals.accept(_id(arguments.proposal_id), arguments.candidate)
        run = accepted.summary()
        return Reply(state=run.state, message=f"accepted: {run.title}", run_id=run.run_id)

    async def _switch(self, arguments: MaxSwitch) -> Reply:
        session = self._session_of(arguments.run_id, active=True)
        on = None if arguments.to is None else arguments.to == "on"
        active = session.runs.active_run(_id(arguments.run_id))
        active.switch_max_mode(on=on, samples=arguments.samples)
        run = active.summary()
        word = "on" if run.max_mode else "off"
        message = f"Max Mode {word} from the next step on: {run.title}"
        self._tell(message)
        return Reply(state=run.state, message=message, run_id=run.run_id)

    async def _answer(self, arguments: PermissionAnswer) -> Reply:
        asked = [
            (session.permissions, pending)
            for session in self._sessions()
            for pending in session.permissions.pending()
            if arguments.id in (None, pending.question.id)
        ]
        if not asked:
            raise HoldfastError("no permission is waited for, or it is settled already")
        waiting = "; ".join(f"{p.question.id}: {p.question.summary}" for _, p in asked)
        if arguments.answer is None:
            raise HoldfastError(f"pass `answer`: once, always or deny. Waiting: {waiting}")
        if len(asked) > 1:
            raise HoldfastError(f"pass the `id` of the question that you mean. Waiting: {waiting}")
        permissions, pending = asked[0]
        if not permissions.answer(pending.question.id, arguments.answer):
            raise HoldfastError("the question is settled already")
        return Reply(
            state="running",
            message=f"{arguments.answer}: {pending.question.summary}",
            run_id=pending.run_id,
        )

    async def _status(self, _: NoArguments) -> MessagePayload:
        status = self._presenter.status()
        self._tell(f"{status.state}: {status.message}")
        return status

    async def _examine(self, _: NoArguments) -> Reply:
        return await self._soon(
            self._examined(), "the report is being written; it opens when it is done"
        )

    async def _examined(self) -> Reply:
        current = self._folders.current
        path = await self._doctor.report(current.session if current is not None else None)
        uri = to_lsp.uri(path)
        self._background.start(self._client.open(uri), "showing the report")
        return Reply(state=self._presenter.status().state, message=f"the report is {path}", uri=uri)

    async def _taken_back(self, session: Session, run_id: RunId | None) -> Reply:
        try:
            report = await session.undo(run_id)
        except HoldfastError as error:
            self._client.show("warning", error_text(error))
            return Reply(state="error", message=error_text(error))
        message = f"{len(report.restored)} files are as they were before the run"
        message += f", {len(report.removed)} of them removed" if report.removed else ""
        kept = [f"{conflict.path}: {conflict.reason}" for conflict in report.conflicts]
        if kept:
            message += f"; {len(kept)} were left alone: " + "; ".join(kept)
        self._client.show("warning" if kept else "info", message)
        return Reply(state=self._presenter.status().state, message=message)

    async def _soon(self, work: Coroutine[Any, Any, Reply], meanwhile: str) -> Reply:
        """The reply of `work` if it is quick; else it goes on and tells by itself."""
        task = self._background.start(work, meanwhile)
        done, _ = await asyncio.wait({task}, timeout=REPLY_SECONDS)
        if done:
            reply: Reply = task.result()
            return reply
        return Reply(state=self._presenter.status().state, message=meanwhile)

    def _tell(self, message: str) -> None:
        """For editors that drop replies; a client of our own reads them."""
        if not self._client.can.status:
            self._client.show("info", message)

    def _sessions(self) -> list[Session]:
        return [folder.session for folder in self._folders if folder.session is not None]

    def _session_of(self, run_id: str | None, *, active: bool = False) -> Session:
        """The session of a run; without one that of the current folder.

        With `active` a session at work is preferred. Raises ConfigurationError.
        """
        sessions = self._sessions()
        if run_id is not None and len(sessions) > 1:
            for session in sessions:
                if session.runs.find(RunId(run_id)) is not None:
                    return session
        folder, _ = place_of(None, self._folders)
        current = session_of(folder)
        if active and not current.runs.active():
            return next((session for session in sessions if session.runs.active()), current)
        return current


def parsed(command: str, shape: type[CommandParams], arguments: Sequence[Any]) -> CommandParams:
    """The one argument of a command. Raises JsonRpcInvalidParams.

    None, `null` and an empty object are the same, and so are a key without a
    value, with null and with false: some editors turn the one into the other.
    """
    given = [value for value in arguments if value is not None and value is not False]
    if len(given) > 1:
        raise JsonRpcInvalidParams(f"{command} takes one JSON object, not {len(given)} arguments")
    value = given[0] if given else {}
    if not isinstance(value, Mapping):
        raise JsonRpcInvalidParams(f"{command} takes a JSON object, not {value!r:.50}")
    present = {key: item for key, item in value.items() if item is not None and item is not False}
    try:
        return shape.model_validate(_whole(present))
    except ValidationError as error:
        raise JsonRpcInvalidParams(_complaint(command, shape, error)) from error


def _whole(present: dict[str, Any]) -> Any:
    """The same with a `?` for each half of a surrogate pair, which no journal or memory takes.

    Editors cut texts in the middle of one.
    """
    return json.loads(json.dumps(present, ensure_ascii=False).encode("utf-8", "replace"))


def _complaint(command: str, shape: type[CommandParams], error: ValidationError) -> str:
    """Which keys are wrong, and which there are."""
    wrong: list[str] = []
    for detail in error.errors(include_url=False, include_input=False):
        key = ".".join(str(part) for part in detail["loc"])
        unknown = detail["type"] == "extra_forbidden"
        wrong.append(f"`{key}` is unknown" if unknown else f"`{key}`: {detail['msg']}")
    accepted = ", ".join(shape.keys()) or "no keys"
    return f"{command}: {'; '.join(wrong)}. Accepted: {accepted}"


def _id(run_id: str | None) -> RunId | None:
    return RunId(run_id) if run_id is not None else None
