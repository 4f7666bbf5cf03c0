"""This module has the commands about runs of the past: list them, read, name and delete one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.tasks import RunId
from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.run_commands import run_id_of
from lsp_server.server.params.base import Reply
from lsp_server.server.params.method_params import EventNotice
from lsp_server.server.params.run_list_params import (
    RunDelete,
    RunEntry,
    RunEvents,
    RunEventsReply,
    RunList,
    RunListReply,
    RunRename,
)
from lsp_server.server.protocol import CommandName
from lsp_server.server.views.event_notice import event_notice
from lsp_server.session.child_runs import run_folder
from lsp_server.session.run_errors import RunNotFound
from lsp_server.session.run_events import EventPage, RunEventRecord, read_events
from lsp_server.session.run_list import list_runs
from lsp_server.session.run_removal import remove_run
from lsp_server.session.run_summary import RunSummary
from lsp_server.session.run_title import give_title
from lsp_server.session.session import Session
from lsp_server.text.count import count_of

LISTED_IN_MESSAGE_MAX = 10


class RunListCommands:
    """`RunListCommands` has the commands about what is kept of runs."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (
            ServerCommand(CommandName.RUN_LIST, RunList, self._list),
            ServerCommand(CommandName.RUN_EVENTS, RunEvents, self._events),
            ServerCommand(CommandName.RUN_RENAME, RunRename, self._rename),
            ServerCommand(CommandName.RUN_DELETE, RunDelete, self._delete),
        )

    async def _list(self, arguments: RunList) -> RunListReply:
        if (run_id := run_id_of(arguments.run_id)) is not None:
            found = self._named(run_id)
        else:
            found = await self._listed(arguments)
        message = "\n".join(map(_line, found[:LISTED_IN_MESSAGE_MAX])) or "there are no runs"
        self._context.show_message(message)
        return RunListReply(
            state=self._context.state, message=message, runs=tuple(map(_entry, found))
        )

    async def _events(self, arguments: RunEvents) -> RunEventsReply:
        session, run_id = self._chosen(arguments.run_id, "show")
        after = arguments.after
        seen = after if isinstance(after, int) else {RunId(key): after[key] for key in after}

        def read() -> tuple[EventPage, tuple[EventNotice, ...]]:
            page = read_events(session.runs.store, run_id, seen, arguments.limit)
            return page, tuple(map(_notice, page.records))

        page, events = await asyncio.to_thread(read)
        return RunEventsReply(
            state=self._context.state,
            message=f"{count_of(len(events), 'event')}"
            + (", and more follow" if page.has_more else ""),
            run_id=run_id,
            events=events,
            after=dict(page.seen),
            has_more=page.has_more,
        )

    async def _rename(self, arguments: RunRename) -> Reply:
        session, run_id = self._chosen(arguments.run_id, "rename")
        store = session.runs.store
        try:
            await asyncio.to_thread(
                give_title, run_folder(store.folder, run_id), session.redactor(arguments.title)
            )
        except OSError as error:
            raise store.refusal(error) from error
        self._context.status.update()
        run = session.runs.choose(run_id, "rename")
        return Reply(state=run.state, message=f"the run is called: {run.title}", run_id=run_id)

    async def _delete(self, arguments: RunDelete) -> Reply:
        if (run_id := run_id_of(arguments.run_id)) is None:
            raise HoldfastError("pass the `runId` of the run to delete")
        # One that cannot be read can be deleted too.
        sessions = self._context.folders.sessions()
        keeps = (each for each in sessions if each.runs.store.journal(run_id).exists())
        if (session := next(keeps, None)) is None:
            raise RunNotFound(run_id, "delete")
        runs = session.runs
        await asyncio.to_thread(remove_run, runs.store, run_id, runs.at_work)
        self._context.status.update()
        return Reply(
            state=self._context.state,
            message=f"run {run_id} is deleted; what it changed in files stays",
            run_id=run_id,
        )

    def _chosen(self, run_id: str | None, verb: str) -> tuple[Session, RunId]:
        """The run that is meant, by default the newest, with its session. Raises RunNotFound."""
        session = self._context.session_of_run(run_id_of(run_id))
        return session, session.runs.choose(run_id_of(run_id), verb).run_id

    def _named(self, run_id: RunId) -> list[RunSummary]:
        sessions = self._context.folders.sessions()
        found = [run for session in sessions if (run := session.runs.find(run_id))]
        if not found:
            raise RunNotFound(run_id, "find")
        return found

    async def _listed(self, arguments: RunList) -> list[RunSummary]:
        """The runs of all folders, newest first, children behind the run that began them."""
        found: list[RunSummary] = []
        for session in self._context.folders.sessions():
            found += await asyncio.to_thread(
                list_runs,
                session.runs.store,
                session.runs.at_work.summaries(),
                query=arguments.query,
                before=run_id_of(arguments.before),
                limit=arguments.limit,
            )
        return _newest_first(found, arguments.limit)


def _newest_first(runs: Sequence[RunSummary], limit: int) -> list[RunSummary]:
    # An id begins with the time of its start.
    newest = sorted((run.run_id for run in runs if run.parent_id is None), reverse=True)[:limit]
    return [run for top in newest for run in runs if top in (run.run_id, run.parent_id)]


def _line(run: RunSummary) -> str:
    role = "subagent" if run.is_subagent else "attempt"
    nested = f"  {role}, " if run.parent_id else ""
    return f"{nested}{run.state}: {run.title} ({run.run_id})"


def _entry(run: RunSummary) -> RunEntry:
    return RunEntry(
        run_id=run.run_id,
        title=run.title,
        state=run.state,
        step=run.step,
        started_at=run.started_at,
        cost_usd=run.cost_usd,
        message=run.message,
        parent_id=run.parent_id,
        taken_back=run.taken_back,
    )


def _notice(record: RunEventRecord) -> EventNotice:
    return event_notice(record.run_id, record.recorded)
