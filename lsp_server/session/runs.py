"""This module keeps the runs of a session: those at work, and on disk all others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.events import RunStarted
from lsp_server.domain.images import LoadedImage, described
from lsp_server.domain.message_events import MessageReceived
from lsp_server.domain.permission_events import PermissionsChanged
from lsp_server.domain.permissions import PermissionMode
from lsp_server.domain.tasks import Budget, Mode, RunId, Task, When
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.active_runs import ActiveRuns
from lsp_server.session.child_runs import child_number
from lsp_server.session.run import BuildAgent, OnEvent, Run
from lsp_server.session.run_errors import (
    AlreadyOver,
    InvalidMessage,
    IsAttempt,
    ModeFixed,
    RunBusy,
    RunNotActive,
    RunNotFound,
    TooManyRuns,
)
from lsp_server.session.run_list import list_runs
from lsp_server.session.run_store import RunStore
from lsp_server.session.run_summary import RunSummary
from lsp_server.settings.sections import Settings

ACTIVE_RUNS_MAX = 8
MESSAGE_CHARS_MAX = 100_000
CLOSE_SECONDS_MAX = 1.0

NO_MODEL = "no model yet"
CLOSED = "the session was closed; resume the run to go on"


class Runs:
    """`Runs` starts, finds and resumes the runs of one workspace folder.

    Close it: it owns those that are at work.

    `build` makes the agent of a run. `check_model` says which model will be asked,
    and raises ConfigurationError when there is none. Ids of runs sort by time.

    >>> import tempfile
    >>> from lsp_server.domain.tasks import Achieved, Outcome
    >>> class FakeAgent:
    ...     async def run(self) -> Outcome:
    ...         return Achieved("done")
    >>> async def build(context):
    ...     return FakeAgent()
    >>> async def example() -> tuple[Outcome, str]:
    ...     folder = Path(tempfile.mkdtemp())
    ...     runs = Runs(
    ...         RunStore(folder / "runs"), folder, Settings(), build=build,
    ...         on_event=lambda run_id, recorded: None,
    ...         check_model=lambda: "a model", redactor=Redactor(),
    ...     )
    ...     run = runs.start(Task("Rename the parser."))
    ...     outcome = await run.wait()
    ...     await runs.close()
    ...     return outcome.outcome, runs.list()[0].title
    >>> asyncio.run(example())
    ('achieved', 'Rename the parser.')
    """

    def __init__(
        self,
        store: RunStore,
        root: Path,
        settings: Settings,
        *,
        build: BuildAgent,
        on_event: OnEvent,
        check_model: Callable[[], str],
        redactor: Redactor,
    ) -> None:
        self.store = store
        self._root = root
        self._settings = settings
        self._build = build
        self._on_event = on_event
        self._check_model = check_model
        self._redactor = redactor
        self.at_work = ActiveRuns()

    def reconfigure(self, settings: Settings) -> None:
        """Runs that begin or go on from now take these settings; those at work keep theirs."""
        self._settings = settings

    def start(
        self,
        task: Task,
        *,
        run_id: RunId | None = None,
        settings: Settings | None = None,
        permissions: PermissionMode | None = None,
    ) -> Run:
        """Begins a new run, which works in the background.

        With a `run_id`, that of a child (`child_runs.py`), one that has begun goes on. Without
        `settings` it has those of today. `permissions` is the mode that it has in the place of
        theirs. Without a model it fails at once and can be resumed when there is one, so that
        no task is lost.

        Raises TooManyRuns, and ConfigurationError without a place for it.
        """
        run_id = run_id or new_run_id()
        model = _name(self._check_model)
        started = RunStarted(run_id, task, str(self._root), model)

        def record(run: Run) -> None:
            if run.context.event_log.state.conversation.task is None:
                run.record(started)
                if permissions is not None:
                    run.record(PermissionsChanged(permissions))

        return self.begin(run_id, record, task.budget, settings)

    def require_room(self, run_id: RunId) -> None:
        """Raises TooManyRuns, and ConfigurationError where this run could not begin."""
        self._settings.require_usable()
        self._check_model()
        _require_place(self.at_work, run_id)

    def resume(self, run_id: RunId | None = None) -> Run:
        """Goes on with a run that ended short of its task; the newest such by default.

        Raises RunNotFound, AlreadyOver, RunBusy, and as `begin`.
        """
        past = self.choose(run_id, "resume", idle=True, over=False)
        self.require_room(past.run_id)
        return self.begin(past.run_id)

    def send(
        self,
        run_id: RunId | None,
        text: str,
        when: When,
        images: tuple[LoadedImage, ...] = (),
        mode: Mode | None = None,
    ) -> Run:
        """Leaves a message for a run at work, by default the newest; another goes on with it.

        One that goes on does so in the `mode`, if one is given.

        Raises InvalidMessage, TooManyMessages, ModeFixed for one at work in another mode, and
        as `resume`.
        """
        if not text.strip() or len(text) > MESSAGE_CHARS_MAX:
            raise InvalidMessage(MESSAGE_CHARS_MAX)
        text = described(text, images)
        try:
            run = self.active_run(run_id)
        except RunNotActive:
            past = self.choose(run_id, "speak to", idle=True)
            message = MessageReceived(text, "steer", images)
            return self.begin(past.run_id, lambda run: run.send(message, mode))
        if mode not in (None, run.context.task.mode):
            raise ModeFixed(run.run_id, run.context.task.mode)
        run.send(MessageReceived(text, when, images))
        return run

    def stop(self, run_id: RunId | None = None, *, everything: bool = False) -> tuple[Run, ...]:
        """Asks runs to stop, the newest at work by default; they end within a second.

        Raises RunNotActive, but with `everything`.
        """
        chosen = tuple(self.at_work.values()) if everything else (self.active_run(run_id),)
        for run in chosen:
            run.stop()
        return chosen

    def begin(
        self,
        run_id: RunId,
        record: Callable[[Run], None] | None = None,
        budget: Budget | None = None,
        settings: Settings | None = None,
    ) -> Run:
        """Opens a run and lets it work, once `record` has recorded why.

        Without `settings` it has those of today, and without a `budget` theirs: a run that
        reached a limit goes on under a larger one. What `record` raises leaves the run as it was.

        Raises TooManyRuns, JournalBusy, JournalDamaged, and ConfigurationError where nothing
        can be kept.
        """
        _require_place(self.at_work, run_id)
        settings = settings or self._settings
        top = self.at_work.top_of(run_id)
        run = Run(
            run_id,
            self.store.open(run_id),
            self.store,
            settings,
            budget or settings.run.budget,
            self._redactor,
            self._on_event,
            top.context if top is not None else None,
        )
        try:
            if record is not None:
                record(run)
        except OSError as error:
            run.close()
            raise self.store.refusal(error) from error
        except BaseException:
            run.close()  # Else the lock on its journal would keep everybody out.
            raise
        self.at_work[run_id] = run
        run.start(self._build, lambda: self.at_work.pop(run_id))
        return run

    def active_run(self, run_id: RunId | None = None) -> Run:
        """Returns the run at work with that id, by default the newest. Raises RunNotActive."""
        newest = next(reversed(self.at_work.own), None)
        run = newest if run_id is None else self.at_work.get(run_id)
        if run is None:
            raise RunNotActive(run_id)
        return run

    def active(self) -> tuple[RunSummary, ...]:
        """Returns the runs that people began and that are at work in this process, newest first."""
        return tuple(run.summary() for run in reversed(self.at_work.own))

    def find(self, run_id: RunId) -> RunSummary | None:
        """Returns the run with that id, however old it is; None when there is none."""
        run = self.at_work.get(run_id)
        return run.summary() if run is not None else self.store.summary(run_id)

    def choose(
        self, run_id: RunId | None, verb: str, *, idle: bool = False, over: bool = True
    ) -> RunSummary:
        """Chooses the run that a person means: the one with that id, or the newest.

        `verb` says for what, as in "there is no run to undo". With `idle` the run may
        not be at work and is no attempt, and without `over` it may not have ended by itself.

        Raises RunNotFound, RunBusy, IsAttempt, AlreadyOver, and JournalDamaged for a journal that
        cannot be read: another run than the newest would be a wrong guess.
        """
        ids = self.store.ids() if run_id is None else (run_id,)
        read = self.store.read_summary
        found = (self.at_work[i].summary() if i in self.at_work else read(i) for i in ids)
        for summary in filter(None, found):
            if idle and summary.at_work:
                raise RunBusy(summary.run_id, elsewhere=summary.run_id not in self.at_work)
            if idle and summary.parent_id is not None and not summary.is_subagent:
                raise IsAttempt(summary.run_id, summary.parent_id, verb)
            if over or summary.state not in ("achieved", "finished"):
                return summary
            if run_id is not None:
                raise AlreadyOver(run_id, summary.state)
        raise RunNotFound(run_id, verb)

    def newest(self) -> RunSummary | None:
        """Returns the newest run at work, else the newest of all."""
        return next(iter(self.active() or _summaries(self)), None)

    def list(self) -> tuple[RunSummary, ...]:
        """Returns the newest runs, newest first, children behind theirs. Blocking."""
        return list_runs(self.store, self.at_work.summaries())

    async def close(self) -> None:
        """Stops every run and waits for the ends, for CLOSE_SECONDS_MAX at most."""
        runs = tuple(self.at_work.values())
        for run in runs:
            run.stop(CLOSED)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await asyncio.gather(*(run.wait() for run in runs), return_exceptions=True)


def _require_place(at_work: ActiveRuns, run_id: RunId) -> None:
    if child_number(run_id) == 0 and len(at_work.own) >= ACTIVE_RUNS_MAX:
        raise TooManyRuns(ACTIVE_RUNS_MAX)


def _name(check_model: Callable[[], str]) -> str:
    try:
        return check_model()
    except ConfigurationError:
        return NO_MODEL


def new_run_id() -> RunId:
    """Returns the id of a run that begins now."""
    # Ids sort by time; of two in one microsecond the lock of the journal lets one in.
    return RunId(f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}")


def _summaries(runs: Runs) -> Iterator[RunSummary]:
    """Yields all runs, newest first, one by one: there may be thousands."""
    return filter(None, map(runs.find, runs.store.ids()))
