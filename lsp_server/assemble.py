"""The composition root: only here do concrete classes of different rooms meet."""

from __future__ import annotations

import asyncio
import hashlib
import os
import platform
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path
from uuid import uuid4

from lsp_server import __version__
from lsp_server.agent import budget
from lsp_server.agent.arbiter import Arbiter
from lsp_server.agent.archive import JournalArchive
from lsp_server.agent.instructions import opening_text, project_instructions, system_text
from lsp_server.agent.loop import Agent, Terms
from lsp_server.domain.errors import BudgetExceeded, ConfigurationError, HoldfastError
from lsp_server.domain.events import Emit, Recorded, Warned
from lsp_server.domain.goals import Evidence as GoalEvidence
from lsp_server.domain.messages import Usage
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.ports import Editor, Model, Tool
from lsp_server.domain.tasks import RunId, Task
from lsp_server.goals.changes import Attempt, of_changes
from lsp_server.goals.checks import Checks
from lsp_server.goals.judge import Judge as GoalJudge
from lsp_server.goals.verifier import Scene, Verifier
from lsp_server.max_mode.drawing import Habits
from lsp_server.max_mode.evidence import Evidence
from lsp_server.max_mode.judge import Judge, Situation
from lsp_server.max_mode.max_mode import MaxMode, Surroundings
from lsp_server.max_mode.proposing import Proposing
from lsp_server.models.worker import Worker
from lsp_server.session.check_permits import Ask, CheckPermits
from lsp_server.session.goals import Goals
from lsp_server.session.ledger import Ledger
from lsp_server.session.permissions import Permissions
from lsp_server.session.report import report
from lsp_server.session.runs import Launch, Runs
from lsp_server.session.session import Session
from lsp_server.settings import Settings, allow_always, data_folder
from lsp_server.tools.approval import Approval
from lsp_server.tools.diagnostics import Diagnostics
from lsp_server.tools.edit import Edit
from lsp_server.tools.finish import Finish
from lsp_server.tools.list import List
from lsp_server.tools.plan import Plan
from lsp_server.tools.read import Read
from lsp_server.tools.recall import Recall
from lsp_server.tools.rehearsal import ToolRehearsal
from lsp_server.tools.saving import Saving
from lsp_server.tools.search import Search
from lsp_server.tools.secrets import MASK, Discreet, secrets_in
from lsp_server.tools.shell import Shell
from lsp_server.tools.toolbox import Toolbox
from lsp_server.tools.write import Write
from lsp_server.workspace.checkpoints import Checkpoints
from lsp_server.workspace.documents import Documents
from lsp_server.workspace.ignore import Ignore
from lsp_server.workspace.paths import Workspace

GOALS_RUN = RunId("goals")
"""Stands for the run in questions about checks that no run asked for."""

PERSON_WAITS_SECONDS = 60.0
"""How long a judge may take that no run but a person waits for."""

FAILED_COMMAND = ("killed by", *(f"exit status {digit}" for digit in range(1, 10)))
"""How the result of a command begins that did not succeed."""

Publish = Callable[[Session, RunId, Recorded], None]
"""Told of every Event, ephemeral ones too, synchronously on the event loop."""


def open_session(
    root: Path,
    settings: Settings,
    editor: Editor,
    documents: Documents,
    publish: Publish,
    *,
    data: Path | None = None,
    changed: Callable[[], None] = lambda: None,
) -> Session:
    """A session for one workspace folder; must be called on a running event loop.

    It begins to look for the model endpoint in the background. `data` is where
    journals and checkpoints go, the user's data folder if left out. `changed` is
    told when the status moved without an Event.
    """
    workspace = Workspace(root)
    folder = workspace_folder(data or data_folder(), workspace.root)
    ignore = Ignore(workspace)
    checkpoints = Checkpoints(folder / "checkpoints", workspace, ignore)
    worker = Worker(settings.model, changed)
    permissions = Permissions(editor, remember)
    permits = CheckPermits(folder / "approved-checks.json", workspace)
    crew = Crew(workspace, ignore, checkpoints, editor, documents, worker, permissions, permits)
    goals = Goals(
        workspace.root,
        documents,
        editor,
        Ledger(folder / "goals.json"),
        checkpoints.tree.contents,
        lambda asks: crew.goal_verifier(session, asks=asks),
    )
    crew.goals = goals

    def watch(run_id: RunId, recorded: Recorded) -> None:
        goals.see(recorded.event)
        publish(session, run_id, recorded)

    runs = Runs(
        folder / "runs",
        workspace.root,
        settings,
        undo=lambda changes: checkpoints.undo(changes, editor),
        build=crew.agent,
        watch=watch,
        ready=worker.check,
    )
    session = Session(
        workspace.root,
        settings,
        documents,
        worker,
        permissions,
        runs,
        goals,
        permits,
        release=crew.close,
    )
    return session


async def diagnose(session: Session | None, extra: Sequence[tuple[str, str]] = ()) -> str:
    """The doctor's report as Markdown; `extra` are further sections, title and body."""
    versions = f"Holdfast {__version__}, Python {platform.python_version()}, {platform.platform()}"
    return await report(versions, session, extra)


def remember(rule: str) -> str:
    """Adds a rule to the user's file; where, or why it could not be added."""
    try:
        return f"the rule {rule} was added to {allow_always(rule)}"
    except ConfigurationError as error:
        return str(error)


def workspace_folder(data: Path, root: Path) -> Path:
    """Where the data of one workspace lies: readable by name, unique by path."""
    digest = hashlib.sha256(str(root).encode()).hexdigest()[:12]
    return data / "workspaces" / f"{root.name or 'root'}-{digest}"


class Crew:
    """Puts an Agent together for each run of one workspace."""

    def __init__(
        self,
        workspace: Workspace,
        ignore: Ignore,
        checkpoints: Checkpoints,
        editor: Editor,
        documents: Documents,
        worker: Worker,
        permissions: Permissions,
        permits: CheckPermits,
    ) -> None:
        self.goals: Goals
        self._permits = permits
        self._workspace = workspace
        self._ignore = ignore
        self._checkpoints = checkpoints
        self._editor = editor
        self._documents = documents
        self._worker = worker
        self._permissions = permissions
        self._judge_worker: Worker | None = None
        self._habits: dict[str, Habits] = {}

    async def agent(self, launch: Launch) -> Agent:
        """Raises ConfigurationError, ModelError when there is no model to ask."""
        settings, record = launch.settings, launch.record
        approval = Approval(settings.permissions, self._workspace, launch.task.mode)
        toolbox = self._toolbox(launch, approval)
        model = await self._model(launch, toolbox, approval)
        arbiter = self._arbiter(launch, approval)
        return Agent(model, toolbox, record, arbiter, await self._terms(launch.task, settings))

    def goal_verifier(self, session: Session, *, asks: bool) -> Verifier:
        """For checks outside of a run; with `asks` a person and the judge are asked."""

        async def ask(question: Question) -> Answer:
            return await self._permissions.ask(
                GOALS_RUN,
                question,
                lambda _: self.goals.on_change(),
                session.settings.permissions.answer_timeout_seconds,
            )

        async def judging() -> Model:
            model = await self._worker.model()
            return await self._judge(settings, model, lambda _: None)

        settings = session.settings
        approval = Approval(settings.permissions, self._workspace)
        judge = None
        if asks and self._worker.description:
            prices = settings.judge.over(settings.model).prices
            judge = GoalJudge(judging, prices, seconds_max=PERSON_WAITS_SECONDS)
        return self._verifier(settings, approval, ask if asks else None, judge)

    def _verifier(
        self, settings: Settings, approval: Approval, ask: Ask | None, judge: GoalJudge | None
    ) -> Verifier:
        async def permit(command: str) -> str | None:
            return await self._permits.permit(command, settings.permissions, ask)

        timeout_seconds = settings.goal.check_timeout_seconds
        scene = Scene(
            workspace=self._workspace,
            contents=self._checkpoints.tree.contents,
            kept=self._checkpoints.kept,
            visible=approval.visible,
            waived=self.goals.waived,
        )
        checks = Checks(self._workspace, self._editor, permit, timeout_seconds, self._masked)
        return Verifier(scene, checks, judge)

    def _arbiter(self, launch: Launch, approval: Approval) -> Arbiter:
        settings, record = launch.settings, launch.record

        async def ask(question: Question) -> Answer:
            return await self._permissions.ask(
                launch.run_id, question, record.emit, settings.permissions.answer_timeout_seconds
            )

        async def judging() -> Model:
            return await self._judge(settings, await self._worker.model(), record.emit)

        async def accept(paths: tuple[str, ...]) -> bool:
            attempt = Attempt({path: record.state.changes[path] for path in paths})
            kept = self._checkpoints.kept
            shown = await asyncio.to_thread(
                lambda: list(of_changes(attempt, self._workspace, kept, ""))
            )
            return await ask(_about_judges(paths, shown)) != "deny"

        prices = settings.judge.over(settings.model).prices
        verifier = self._verifier(settings, approval, ask, GoalJudge(judging, prices))
        return Arbiter(verifier.verify, accept, record.emit, settings.goal.re_entries_max)

    async def close(self) -> None:
        """Closes the connections to a judge of its own."""
        if self._judge_worker is not None:
            await self._judge_worker.close()

    async def _model(self, launch: Launch, toolbox: Toolbox, approval: Approval) -> Model:
        """The worker's model, in Max Mode if the task or the settings want it."""
        sampling, is_on = launch.task.sampling, launch.settings.max_mode.enabled
        model = await self._worker.model()
        if sampling.propose:
            several = await self._max_mode(launch, model, toolbox, approval)
            return Proposing(model, several, toolbox.read_only, launch.record.state.accepted)
        if sampling.max_mode or is_on:
            return await self._max_mode(launch, model, toolbox, approval)
        return model

    async def _max_mode(
        self, launch: Launch, model: Model, toolbox: Toolbox, approval: Approval
    ) -> MaxMode:
        sampling, wanted = launch.task.sampling, launch.settings.max_mode
        if sampling.samples is not None:
            wanted = wanted.model_copy(update={"samples": sampling.samples})
        if sampling.propose:
            compared = {"strategy": "always", "samples": max(2, wanted.samples)}
            wanted = wanted.model_copy(update=compared)
        emit = launch.record.emit
        judging = await self._judge(launch.settings, model, launch.record.emit)
        judge = Judge(
            judging,
            emit,
            temperature=wanted.judge_temperature,
            context=wanted.judge_context,
            is_worker=judging is model,
        )
        rehearsal = ToolRehearsal(self._workspace, toolbox, approval)
        evidence = Evidence(rehearsal, self._editor, lambda: self._refutes_done(launch))
        surroundings = Surroundings(
            situation=lambda: _situation(launch),
            has_room=lambda more: _has_room(launch, more),
            emit=emit,
        )
        habits = self._habits.setdefault(self._worker.description or "", Habits())
        return MaxMode(model, judge, evidence, wanted, habits, surroundings)

    async def _judge(self, settings: Settings, model: Model, emit: Emit) -> Model:
        """The judge's model: the worker's, unless settings name another that can be found."""
        wanted = settings.judge.over(settings.model)
        if wanted == settings.model:
            return model
        if self._judge_worker is None:
            self._judge_worker = Worker(wanted)
        self._judge_worker.reconfigure(wanted)
        try:
            return await self._judge_worker.model()
        except HoldfastError as error:
            emit(Warned(f"the worker's model judges instead of judge.*: {error}"))
            return model

    async def _refutes_done(self, launch: Launch) -> str:
        """What the last check of the goal found missing, if nothing changed since."""
        report = launch.record.state.report
        if report is None or report.met or report.tree != await self._checkpoints.tree.hash():
            return ""
        unmet = [item.condition.text for item in report.conditions if item.verdict == "unmet"]
        return f"a check of this very tree found unmet: {'; '.join(unmet)}" if unmet else ""

    async def _terms(self, task: Task, settings: Settings) -> Terms:
        project = await asyncio.to_thread(
            lambda: project_instructions(self._workspace.root, self._ignore.walk())
        )
        budget_tokens = settings.prompt_tokens_max
        return Terms(
            system=system_text(task.mode, project),
            opening=opening_text(task, self._workspace.root),
            budget=task.budget,
            budget_tokens=budget_tokens,
            rebuild_tokens=round(budget_tokens * settings.context.rebuild_at),
            prices=settings.model.prices,
        )

    def _toolbox(self, launch: Launch, approval: Approval) -> Toolbox:
        task, permissions = launch.task, launch.settings.permissions

        async def ask(question: Question) -> Answer:
            return await self._permissions.ask(
                launch.run_id, question, launch.record.emit, permissions.answer_timeout_seconds
            )

        tools = self._reading(launch, approval)
        if task.mode == "build":
            tools += self._changing(launch.record.emit)
        return Toolbox(tools, approval, ask)

    def _reading(self, launch: Launch, approval: Approval) -> list[Tool]:
        """What can change nothing; all that a task in plan mode gets."""
        workspace, emit, chars_max = self._workspace, launch.record.emit, launch.result_chars_max
        return [
            self._discreet(Read(workspace, self._editor, chars_max=chars_max)),
            List(workspace, self._ignore, visible=approval.visible),
            self._discreet(
                Search(workspace, self._ignore, self._documents, visible=approval.visible)
            ),
            self._discreet(Diagnostics(workspace, self._editor)),
            self._discreet(Recall(JournalArchive(launch.journal_path), chars_max=chars_max)),
            Plan(emit),
            Finish(),
        ]

    def _changing(self, emit: Emit) -> list[Tool]:
        editor = self._checkpoints.recording(self._editor, emit)
        return [
            Edit(self._workspace, editor),
            Write(self._workspace, editor),
            self._discreet(
                Saving(
                    Shell(self._workspace, self._checkpoints, emit),
                    self._workspace,
                    self._documents,
                )
            ),
        ]

    def _discreet(self, tool: Tool) -> Tool:
        return Discreet(tool, self._secrets)

    def _masked(self, text: str) -> str:
        for secret in self._secrets():
            text = text.replace(secret, MASK)
        return text

    def _secrets(self) -> tuple[str, ...]:
        key = self._worker.api_key
        return (*([key] if key else ()), *secrets_in(os.environ))


def _about_judges(paths: tuple[str, ...], shown: Sequence[GoalEvidence]) -> Question:
    """Whether a run may have edited what judges it."""
    return Question(
        id=uuid4().hex[:12],
        tool="goal",
        summary=f"the goal's checks hold, but the run edited what judges it: {', '.join(paths)}. "
        "Does that count?",
        detail="\n".join(evidence.output_tail for evidence in shown),
        path=paths[0],
    )


def _situation(launch: Launch) -> Situation:
    """Where the run stands. A step that failed, or a word from outside, is not healthy."""
    state, messages = launch.record.state, launch.record.context.messages[2:]
    since = list(takewhile(lambda message: message.role != "assistant", reversed(messages)))
    failed = any(error.startswith(f"step {state.step - 1}:") for error in state.errors)
    failed |= any(message.text.startswith(FAILED_COMMAND) for message in since)
    told = any(message.role == "user" for message in since)
    plan = "\n".join(f"[{item.status}] {item.text}" for item in state.plan)
    return Situation(plan, healthy=not failed and not told)


def _has_room(launch: Launch, more: Usage) -> bool:
    """Whether the run's budget bears so much more."""
    state, prices = launch.record.state, launch.settings.model.prices
    try:
        budget.check(
            launch.task.budget,
            steps=0,
            billed=state.billed + more,
            cost_usd=state.cost_usd + prices.cost_usd(more),
            seconds=0.0,
        )
    except BudgetExceeded:
        return False
    return True
