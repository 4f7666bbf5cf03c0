"""This module holds together what a server or a command line has for one workspace folder."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lsp_server.domain.candidates import DrawStrategy, WantedStrategy
from lsp_server.domain.events import (
    FileChanged,
    FileRestored,
    GoalChecked,
    RecordedEvent,
    RunEnded,
    RunResumed,
    RunStarted,
)
from lsp_server.domain.permission_events import PermissionAnswered, PermissionsChanged
from lsp_server.domain.tasks import RunId
from lsp_server.memory.forget_request import ForgetRequest
from lsp_server.models.provider import EndpointModels
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.changed_texts import ChangedTexts
from lsp_server.session.child_runs import parent_id, top_id
from lsp_server.session.code_review.code_review import CodeReview
from lsp_server.session.extension_list import ExtensionList
from lsp_server.session.extension_sources import (
    HookExtensions,
    ServerExtensions,
    SkillExtensions,
)
from lsp_server.session.extensions import Extensions
from lsp_server.session.goals import Goals
from lsp_server.session.granted_rules import GrantedRules
from lsp_server.session.mcp_prompts import ServerPrompts
from lsp_server.session.memory import SessionMemory
from lsp_server.session.memory.forgetting import Forgotten, forget
from lsp_server.session.notices import ExtensionsChanged, Notify, RunEvent
from lsp_server.session.permissions import Permissions
from lsp_server.session.proposals import Proposals
from lsp_server.session.review.run_review import RunReview
from lsp_server.session.rewinds import Rewinds
from lsp_server.session.run_undo import undo_run
from lsp_server.session.runs import Runs
from lsp_server.session.session_status import SessionStatus, session_status
from lsp_server.session.trust import TrustItem
from lsp_server.settings.sections import ModelSettings, Settings
from lsp_server.system.deferred import Deferred
from lsp_server.system.task_set import TaskSet
from lsp_server.workspace.checkpoints.undo import UndoReport
from lsp_server.workspace.files.watching import watch_files

if TYPE_CHECKING:
    from lsp_server.session.evolution import Evolution

FIRST_ANSWERS_SECONDS = 0.5
"""What an editor asks for as soon as it has a session is answered first: loading LanceDB, and looking
at what there is, each hold up everything else for a while."""
FILES_READ_MAX = 200
"""So many of the files that changed together are read for comments with goals."""


class ModelSource(Protocol):
    """Finds the model that works for a session, and keeps its connections."""

    @property
    def description(self) -> str | None:
        """Returns the model's name and place without credentials; None while none is known."""
        ...

    async def examine(self) -> str:
        """Asks the endpoint what it is and has. Raises HoldfastError."""
        ...

    async def models(self) -> EndpointModels:
        """Asks the endpoint which models it has. Raises HoldfastError."""
        ...

    def reconfigure(self, settings: ModelSettings) -> None:
        """Takes another endpoint for what comes; requests under way keep theirs."""
        ...

    async def close(self) -> None:
        """Ends the search for an endpoint and closes all connections."""
        ...


class EndpointNotes(Protocol):
    """Knows what Max Mode learned about an endpoint."""

    def describe(self) -> str:
        """Returns one line for a person."""
        ...

    def strategy(self, wanted: WantedStrategy) -> DrawStrategy | None:
        """Returns how candidates are drawn there, None while that is not known."""
        ...


class Session:
    """A `Session` is one workspace folder at work. Close it: it owns tasks, files and connections.

    Front doors ask its parts directly: `model`, `runs`, `changed_texts`, `rewinds`, `review`, `code_review`, `proposals`, `permissions`, `goals`,
    `memory`, `skills`, `servers` and `trust`. What concerns several of them goes through the session itself,
    above all Events (`on_event`) and changed files (`files_changed`).

    `redactor` takes secrets out of what leaves the workspace. `review` has what undoes changes of files. `endpoint_stats` go by the name of the
    endpoint. `release` frees what the runs share, once none is left.
    """

    def __init__(
        self,
        root: Path,
        settings: Settings,
        *,
        model: ModelSource,
        permissions: Permissions,
        granted_rules: GrantedRules,
        runs: Runs,
        changed_texts: ChangedTexts,
        goals: Goals,
        memory: SessionMemory,
        extensions: Extensions,
        evolution: Deferred[Evolution],
        redactor: Redactor,
        notify: Notify,
        review: RunReview,
        code_review: CodeReview,
        endpoint_stats: Mapping[str, EndpointNotes],
        release: Callable[[], Awaitable[None]],
    ) -> None:
        self.root = root
        self.settings = settings
        self.permissions = permissions
        self.granted_rules = granted_rules
        self.model = model
        self.runs = runs
        self.changed_texts = changed_texts
        self.proposals = Proposals(runs)
        self.goals = goals
        self.memory = memory
        self.redactor = redactor
        self.skills = extensions.skills
        self.servers = extensions.servers
        self.hooks = extensions.hooks
        self.workflows = extensions.workflows
        self.envrc = extensions.envrc
        self.server_prompts = ServerPrompts(extensions.servers)
        self.trust = extensions.trust
        self.extensions = _extension_list(extensions, root)
        self._evolution = evolution
        self.endpoint_stats = endpoint_stats
        self._notify = notify
        self.review = review
        self.code_review = code_review
        self._take_back = review.take_back
        self.rewinds = Rewinds(runs, goals, review, self.on_event)
        self._release = release
        self._tasks = TaskSet()
        self._looks = TaskSet()

    @property
    def evolution(self) -> Evolution:
        """Returns what learns from past runs; made when it is first asked for."""
        return self._evolution()

    def status(self) -> SessionStatus:
        """Returns a snapshot; cheap enough to be taken several times a second."""
        waiting = self.permissions.pending()
        return session_status(
            self.runs.newest(),
            waiting[0].question.summary if waiting else None,
            self.model.description,
            self.goals.statuses.counts(),
            self.memory.state(),
            self.skills.agent_names,
            self.extensions.totals(),
            len(self.runs.at_work.children),
            _draw_strategy(self.endpoint_stats, self.model, self.settings.max_mode.strategy),
        )

    def watch(self) -> None:
        """Follows the files of the workspace and opens memory, for a session that lasts."""

        async def look_around() -> None:
            await asyncio.sleep(FIRST_ANSWERS_SECONDS)
            self.memory.start()
            self.evolution.idle_dreams.work_changed(is_idle=not self.runs.active())
            self._looks.start(self.evolution.inbox.refresh(), "look at the inbox")
            self._looks.start(self.evolution.distiller.remove_left_over(), "removal of copies")
            self._looks.start(self.review.look(), "look at what the newest run changed")
            self._looks.start(self._look_at_extensions(), "look at the extensions")

        self.goals.tree_changed()
        if not self._tasks:
            self._tasks.start(self._follow(), "watch of the files")
            self._tasks.start(look_around(), "first look around")
        else:
            self.memory.start()

    def on_event(self, run_id: RunId, recorded: RecordedEvent) -> None:
        """Lets an Event of a run take effect on all that the session holds, then says it."""
        # The door comes last, so that whatever it asks is up to date.
        event = recorded.event
        self.proposals.see(run_id, event)
        self.goals.see(event)
        if isinstance(event, PermissionAnswered | PermissionsChanged):
            _free_questions(self, run_id)
        self.memory.see(run_id, recorded)
        if isinstance(event, FileChanged | FileRestored) and not event.path.endswith("/"):
            self.files_changed([self.root / event.path])
        if self._evolution.made and isinstance(event, RunStarted | RunResumed):
            self._evolution.made.distiller.work_begins()
        if self._tasks and isinstance(event, RunStarted | RunResumed | RunEnded):
            self.evolution.idle_dreams.work_changed(is_idle=not self.runs.active())
        if isinstance(event, RunEnded) and parent_id(run_id) is None:
            self._looks.start(self.review.look(run_id), "look at what a run changed")
        self._notify(RunEvent(run_id, recorded))

    def files_changed(self, paths: Collection[Path], *, saved: bool = False) -> None:
        """Takes in that files may have changed, whoever changed them; cheap.

        The root among the `paths` means that any file may have. With `saved` a person
        saved them in an editor, after which quick checks run where settings want that.
        """
        self.memory.files_changed(paths)
        # A change alone does not cancel the checks of the last save, as a save does: the same
        # save is seen again when the watch of the files reports it.
        if saved:
            self.goals.file_saved(check=self.settings.goal.check_on_save)
        else:
            self.goals.tree_changed()
        for path in islice(paths, FILES_READ_MAX):
            self.goals.text_changed(path)
        brings = (self.skills, self.servers, self.workflows)
        if any(each.concerns(paths) for each in brings):
            self._looks.start(self._look_at_extensions(), "look at the extensions")

    def text_changed(self, path: Path) -> None:
        """Takes in that the text of an open file is another one now, saved or not; cheap."""
        self.goals.text_changed(path)

    def transcript(self, run_id: RunId | None = None) -> Path:
        """Writes the transcript of a run, by default the newest, and returns it. Blocking.

        Raises RunNotFound, JournalDamaged, OSError.
        """
        return self.runs.store.write_transcript(self.runs.choose(run_id, "show").run_id)

    async def decide_trust(self, items: Iterable[TrustItem], *, trusted: bool) -> None:
        """Keeps what a person said of things of the project. Raises OSError."""
        await self.trust.decide(items, trusted=trusted)
        await self._look_at_extensions()

    async def undo(self, run_id: RunId | None = None) -> UndoReport:
        """Takes back what a run changed, by default the newest, and nothing that came since.

        Raises RunNotFound, RunBusy, JournalBusy, JournalDamaged, ConfigurationError.
        """
        async with self.review.turn:
            past = self.runs.choose(run_id, "undo", idle=True)
            remaining = self.review.remaining
            report = await undo_run(
                self.runs.store, past.run_id, self._take_back, self.on_event, remaining
            )
            await self.review.note_undone(past.run_id, report)
            if report.restored:
                events = await asyncio.to_thread(self.runs.store.events, past.run_id)
                shown = [event.report for event in events if isinstance(event, GoalChecked)]
                await self.goals.taken_back(shown)
            return report

    async def forget(self, wish: ForgetRequest) -> Forgotten:
        """Removes rows of memory, and words from journals and the inbox. Raises HoldfastError."""
        if wish.text is not None:
            await self.evolution.inbox.forget(wish.text)
        return await forget(self.memory, self.runs.store.folder, wish)

    def reconfigure(self, settings: Settings) -> None:
        """New runs take the new settings, running ones keep theirs."""
        self.settings = settings
        self.model.reconfigure(settings.model)
        self.runs.reconfigure(settings)
        self.memory.reconfigure(settings.memory)

    async def close(self) -> None:
        """Stops all runs and releases everything; within a second for well-behaved tools."""
        # From the outside in: runs use all that is closed behind them.
        await self._tasks.close()
        await self._looks.close()
        if (learning := self._evolution.made) is not None:
            await learning.idle_dreams.close()
            await learning.distiller.close()
        await self.runs.close()
        await self.goals.close()
        await self.servers.close()
        await self._release()
        await self.model.close()
        await self.memory.close()

    async def _look_at_extensions(self) -> None:
        before = self.extensions.seen
        changed = [await self.skills.refresh(), await self.workflows.refresh()]
        if await self.extensions.look() != before or any(changed):
            self._notify(ExtensionsChanged())

    async def _follow(self) -> None:
        async for paths in watch_files(self.root):
            self.files_changed(paths)


def _draw_strategy(
    known: Mapping[str, EndpointNotes], model: ModelSource, wanted: WantedStrategy
) -> DrawStrategy | None:
    """Returns how Max Mode draws from the endpoint, None while that is not known."""
    notes = known.get(model.description or "")
    if notes is not None:
        return notes.strategy(wanted)
    return None if wanted == "auto" else wanted


def _extension_list(extensions: Extensions, root: Path) -> ExtensionList:
    return ExtensionList(
        (
            ServerExtensions(extensions.servers, root),
            SkillExtensions(extensions.skills, root),
            HookExtensions(extensions.hooks, root),
            extensions.facts,
            extensions.workflows,
        )
    )


def _free_questions(session: Session, run_id: RunId) -> None:
    """Lets go what else the whole run asks and a person has just allowed."""
    run = session.runs.at_work.get(top_id(run_id))
    if run is not None:
        session.permissions.free(run.run_id, run.context.granted)
