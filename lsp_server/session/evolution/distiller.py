"""A `Distiller` finds procedures in past runs, drafts skills of them, and tries the drafts on past tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.ids import Id
from lsp_server.evolution.distillation import Distillation, distill
from lsp_server.evolution.draft import Draft
from lsp_server.evolution.project import Project
from lsp_server.evolution.suggestion import FILE_KINDS, Suggestion, suggestion
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.evolution.draft_wording import DraftWording
from lsp_server.session.evolution.learning_lock import LearningLock
from lsp_server.session.evolution.past_runs import read_past_runs
from lsp_server.session.evolution.replayed_drafts import ReplayedDrafts
from lsp_server.session.evolution.session_inbox import SessionInbox
from lsp_server.session.evolution.suggested_files import SuggestedFiles
from lsp_server.session.evolution.work_watch import WorkWatch
from lsp_server.session.run_store import RunStore
from lsp_server.system.task_set import TaskSet
from lsp_server.wording.evolution_texts import distill_text, replays_text, worded_text

NO_SANDBOX = "no sandbox holds here, and without one no past task is done again"
AT_WORK = "a run is at work; drafts are tried when none is"


class DistillBusy(HoldfastError):
    """This process or another is looking for procedures in the runs of this workspace."""


@dataclass(frozen=True, slots=True)
class DistillReport:
    """A `DistillReport` says what was found, which drafts are `new`, and which a model `worded` and `tried`.

    `stopped` says why not all were tried that might be, `untried` counts those.
    """

    found: Distillation
    new: tuple[Suggestion, ...]
    worded: tuple[Suggestion, ...] = ()
    tried: tuple[Suggestion, ...] = ()
    untried: int = 0
    stopped: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """Returns what a person should know of it, in one sentence or two."""
        kept = sum(one.shown for one in self.tried)
        dropped = sum(one.state == "rejected" for one in self.tried)
        found = distill_text(self.found.runs, len(self.found.drafts), len(self.new))
        worded = worded_text(len(self.worded)) if self.worded else ""
        replayed = replays_text(
            kept, dropped, len(self.tried) - kept - dropped, self.untried, self.stopped
        )
        return tuple(filter(None, (found, worded, replayed)))


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a model is to do for drafts, and how many tokens a person allows it."""

    replay: bool
    reword: bool
    tokens: int | None


class Distiller:
    """A `Distiller` makes drafts from the runs in `store`, for the `inbox`.

    `files` are the skills and commands that there are, `project` gives the workspace as it is now,
    `lock` keeps other processes away, `watch` sees runs begin, and `is_confined` says whether a sandbox
    holds. `wording` and `replays` ask a model. Close it.
    """

    def __init__(
        self,
        store: RunStore,
        inbox: SessionInbox,
        files: SuggestedFiles,
        project: Callable[[], Project],
        redactor: Redactor,
        lock: LearningLock,
        watch: WorkWatch,
        replays: ReplayedDrafts,
        wording: DraftWording,
        is_confined: Callable[[], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._files = files
        self._project = project
        self._redactor = redactor
        self._lock = lock
        self._watch = watch
        self._replays = replays
        self._wording = wording
        self._is_confined = is_confined
        self._tasks = TaskSet(expected=HoldfastError)

    async def distill(
        self, *, replay: bool = False, reword: bool = False, tokens: int | None = None
    ) -> DistillReport:
        """Finds procedures, which needs no model; it words drafts with `reword`, and tries them with `replay`.

        With `tokens` a person allows replays so many today, whatever the settings say.

        Raises DistillBusy, InboxBusy.
        """
        if not await self._lock.take():
            raise DistillBusy("procedures are being looked for already; try again later")
        try:
            await self._replays.sweep()
            report, drafts = await self._find()
            if drafts and (replay or reword):
                wish = _Wish(replay, reword, tokens)
                report = await self._ask_until_work(report, drafts, wish)
            return report
        finally:
            self._lock.release()

    async def remove_left_over(self) -> None:
        """Removes copies that a kill left, unless they are in use."""
        if self._replays.has_copies and await self._lock.take():
            try:
                await self._replays.sweep()
            finally:
                self._lock.release()

    def work_begins(self) -> None:
        """Breaks replays off, as a person begins to work; what was tried is kept."""
        self._tasks.cancel()

    async def close(self) -> None:
        """Breaks off what is under way."""
        await self._tasks.close()

    async def _find(self) -> tuple[DistillReport, Mapping[Id, Draft]]:
        known = {one.id: one for one in await asyncio.to_thread(self._inbox.kept.all)}
        written = await self._files.written(known.values())
        runs = await asyncio.to_thread(read_past_runs, self._store)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        found = await asyncio.to_thread(distill, runs, written, self._project(), now)
        found = replace(found, drafts=tuple(self._redacted(found.drafts)))
        drafts = {_suggestion(draft).id: draft for draft in found.drafts}
        offered = [_as_known(_suggestion(draft), known) for draft in drafts.values()]
        before = [(known[one.id], one) for one in offered if one.id in known]
        stale = {
            one.id
            for was, one in before
            if was.text != one.text and not await self._inbox.is_edited(was)
        }
        new = await asyncio.to_thread(self._inbox.kept.offer, offered, now, FILE_KINDS)
        await self._inbox.show_anew(stale, len(new))
        waiting = {
            one.id for one in await asyncio.to_thread(self._inbox.kept.open) if not one.replay
        }
        untried = {key: draft for key, draft in drafts.items() if key in waiting and draft.cases}
        return DistillReport(found, new, untried=len(untried)), untried

    async def _ask_until_work(
        self, report: DistillReport, drafts: Mapping[Id, Draft], wish: _Wish
    ) -> DistillReport:
        """Has a model work on drafts until a person's run begins."""
        worded: list[Suggestion] = []
        tried: list[Suggestion] = []

        async def ask() -> str:
            stopped = await self._reword_all(drafts, worded) if wish.reword else ""
            return (
                await self._replay_all(drafts, tried, wish.tokens) if wish.replay else ""
            ) or stopped

        work = self._tasks.start(ask(), "work of a model on drafts")
        await self._watch.until_work(work)
        stopped = AT_WORK if work.cancelled() else work.result()
        left = len(drafts) - len(tried)
        return replace(
            report, worded=tuple(worded), tried=tuple(tried), untried=left, stopped=stopped
        )

    async def _reword_all(self, drafts: Mapping[Id, Draft], worded: list[Suggestion]) -> str:
        """Has drafts worded, and says why one was not; empty if all were."""
        why = ""
        for key, draft in drafts.items():
            one = await self._waiting(key)
            if one is None or one.fixed:
                continue
            try:
                done = await self._wording.reword(one, draft)
            except HoldfastError as error:
                why = str(error)
                continue
            await self._keep(done)
            worded.append(done)
        return why

    async def _replay_all(
        self, drafts: Mapping[Id, Draft], tried: list[Suggestion], tokens: int | None
    ) -> str:
        """Has drafts tried, and says why one was not; empty if all were."""
        if not await self._is_confined():
            return NO_SANDBOX
        try:
            self._replays.require_model()
        except HoldfastError as error:
            return str(error)
        for key, draft in drafts.items():
            if await self._watch.is_at_work():
                return AT_WORK
            if (one := await self._waiting(key)) is None:
                continue
            try:
                done = await self._replays.tried(one, reversed(draft.cases), tokens)
            except HoldfastError as error:
                return str(error)
            # At once: what was tried is not tried again, even after a kill.
            await self._keep(done)
            tried.append(done)
        return ""

    async def _waiting(self, key: Id) -> Suggestion | None:
        """The suggestion if it waits; one that a person edits just now is theirs to finish."""
        found = [one for one in await asyncio.to_thread(self._inbox.kept.open) if one.id == key]
        return found[0] if found and not await self._inbox.is_edited(found[0]) else None

    async def _keep(self, one: Suggestion) -> None:
        await asyncio.to_thread(self._inbox.kept.settle, one)
        await self._inbox.show_anew({one.id})

    def _redacted(self, drafts: Iterable[Draft]) -> Iterable[Draft]:
        return (one for one in drafts if self._redactor(one.text) == one.text)


def _suggestion(draft: Draft) -> Suggestion:
    key = "; ".join(f"{one.kind} {one.what}" for one in draft.steps)
    made = suggestion(
        draft.kind,
        draft.text,
        f"all of it was done in {draft.seen}",
        evidence=draft.evidence,
        target=key,
        runs=draft.runs,
    )
    return replace(made, path=draft.path, replaces=draft.replaces)


def _as_known(new: Suggestion, known: Mapping[Id, Suggestion]) -> Suggestion:
    """The suggestion as it waits, where nothing new bears it out: it may have been tried."""
    before = known.get(new.id)
    is_same = before is not None and before.state == "open" and before.evidence == new.evidence
    return before if before is not None and is_same and before.replaces == new.replaces else new
