"""`Evolution` is the door to what a workspace learns from its runs: dreams, and the inbox."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeAlias

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.ids import Id
from lsp_server.evolution.distillation import WrittenText
from lsp_server.evolution.dream import Dream, dream, with_model
from lsp_server.evolution.fact_review import without_file
from lsp_server.evolution.past_run import PastRun
from lsp_server.evolution.project import Project
from lsp_server.evolution.suggestion import DREAM_KINDS, Suggestion
from lsp_server.evolution.use_count import UseCount, count_fact_uses, count_file_uses
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.evolution.confirmation import Confirmation
from lsp_server.session.evolution.distiller import Distiller
from lsp_server.session.evolution.idle_dreams import IdleDreams
from lsp_server.session.evolution.learning_lock import LearningLock
from lsp_server.session.evolution.model_dreams import ModelDreams, ModelLook
from lsp_server.session.evolution.past_runs import read_past_runs
from lsp_server.session.evolution.session_inbox import SessionInbox
from lsp_server.session.evolution.suggested_files import SuggestedFiles
from lsp_server.session.evolution.work_watch import WorkWatch
from lsp_server.session.memory.session_facts import SessionFacts
from lsp_server.session.run_store import RunStore
from lsp_server.settings.sections import EvolutionSettings

MakeProject: TypeAlias = Callable[[], Project]


class DreamBusy(HoldfastError):
    """Another process is learning from the runs of this workspace."""


@dataclass(frozen=True, slots=True)
class DreamReport:
    """A `DreamReport` says what a dream brought: `new` suggestions, and facts `applied` by themselves.

    `waiting` counts all suggestions that wait for an answer, and `model` says what came of asking one.
    """

    dream: Dream
    new: tuple[Suggestion, ...]
    applied: tuple[Suggestion, ...]
    waiting: int
    model: ModelLook


class Evolution:
    """An `Evolution` learns from the runs of a workspace, and takes the answers of its people.

    `project` gives the workspace as it is, and `lock` keeps other processes from dreaming at the
    same time. `distiller` drafts skills, and `watch` sees runs begin that end what is done in idle time.
    """

    def __init__(
        self,
        store: RunStore,
        facts: SessionFacts,
        inbox: SessionInbox,
        files: SuggestedFiles,
        project: MakeProject,
        confirmation: Confirmation,
        redactor: Redactor,
        settings: Callable[[], EvolutionSettings],
        lock: LearningLock,
        model_dreams: ModelDreams,
        distiller: Distiller,
        watch: WorkWatch,
    ) -> None:
        self.store = store
        self.facts = facts
        self.inbox = inbox
        self._files = files
        self.distiller = distiller
        self._project = project
        self._confirmation = confirmation
        self._redactor = redactor
        self._settings = settings
        self._lock = lock
        self._model_dreams = model_dreams
        self.idle_dreams = IdleDreams(self._dream_of_new, watch, settings)

    async def dream(self, *, ask_model: bool = False) -> DreamReport:
        """Learns from past runs and looks over the facts; needs no model.

        With `ask_model`, or where the settings say so, a model is asked as well. Raises DreamBusy, InboxBusy.
        """
        if not await self._lock.take():
            raise DreamBusy("another one learns from the runs of this project; try again later")
        try:
            runs = await asyncio.to_thread(read_past_runs, self.store)
            told = await self.facts.told()
            project = self._project()
            written = await self.written()
            found = await asyncio.to_thread(dream, runs, told, project, written)
            look = await self._model_dreams.look(runs, told, project, wished=ask_model)
            waiting = [one for one in await self.inbox.refresh() if one.by_model]
            more = (*look.judged.suggestions, *waiting)
            found = await asyncio.to_thread(with_model, found, more, told, project)
            found = replace(found, suggestions=self._redacted(found.suggestions))
            offered = await self._confirmed(found.suggestions)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            new = await asyncio.to_thread(self.inbox.kept.offer, offered, now, DREAM_KINDS)
            applied = [
                await self.inbox.apply(one, one.text) for one in new if self._applies_itself(one)
            ]
            # Last: a dream that was killed is dreamt again.
            await asyncio.to_thread(self.inbox.kept.learn, _newest(runs))
        finally:
            self._lock.release()
        await self.inbox.show(new=len(new) - len(applied))
        return DreamReport(found, new, tuple(applied), len(self.inbox.waiting), look)

    async def written(self) -> Sequence[WrittenText]:
        """Returns the skills and commands that there are; which are Holdfast's own is said of each."""
        return await self._files.written(await self.inbox.all())

    async def _dream_of_new(self) -> None:
        """Dreams where enough runs have ended since the last time, or a fact has lost its file.

        After enough runs it drafts skills, too, without a model.
        """
        newest = await asyncio.to_thread(self.store.ids)
        learned = await self.learned_run()
        is_due = sum(run_id > learned for run_id in newest) >= self._settings().runs_min
        if is_due or await self._lost_a_file():
            await self.dream()
        if is_due:
            await self.distiller.distill()

    async def _lost_a_file(self) -> bool:
        lost = await asyncio.to_thread(without_file, await self.facts.told(), self._project())
        return bool(lost - {one.target for one in await self.inbox.all()})

    async def learned_run(self) -> str:
        """Returns the id of the newest run that a dream has looked at; empty before the first."""
        return await asyncio.to_thread(self.inbox.kept.learned_run)

    async def _confirmed(self, suggestions: Sequence[Suggestion]) -> Sequence[Suggestion]:
        """The suggestions, those that are new as they were shown again."""
        known = {one.id for one in await self.inbox.all()}
        fresh = [one for one in suggestions if one.id not in known]
        shown = {one.id: one for one in await self._confirmation.confirm(fresh)}
        return [shown.get(one.id, one) for one in suggestions if one.id in known | shown.keys()]

    def _redacted(self, suggestions: Iterable[Suggestion]) -> tuple[Suggestion, ...]:
        """The suggestions without those that hold a secret: one with a marker is of no use."""
        return tuple(one for one in suggestions if self._redactor(one.text) == one.text)

    def _applies_itself(self, one: Suggestion) -> bool:
        is_sure = one.kind == "retire_fact" or (one.kind == "keep_fact" and one.shown)
        return is_sure and not one.by_model and self._settings().apply_verified


async def uses(evolution: Evolution) -> Sequence[tuple[str, UseCount]]:
    """Returns skills and commands, by name, and the texts of all facts that are told, with what each was good for."""
    runs = await asyncio.to_thread(read_past_runs, evolution.store)
    return [
        *(
            (f"{'skill' if one.is_skill else 'command'} {one.name}", count_file_uses(one, runs))
            for one in await evolution.written()
            if one.is_skill or one.is_command
        ),
        *((fact.text, count_fact_uses(fact, runs)) for fact in await evolution.facts.told()),
    ]


def _newest(runs: Iterable[PastRun]) -> Id:
    """The newest of the runs that people began."""
    return max((run.id for run in runs if run.by_person), default="")
