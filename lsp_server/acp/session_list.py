"""This module lists the sessions that can be loaded: the runs that are kept, wherever they began."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from acp import schema

from lsp_server.acp.folders import absolute_folder
from lsp_server.assemble.session import run_store, run_stores
from lsp_server.domain.tasks import RunId
from lsp_server.session.run_store import RunStore
from lsp_server.session.run_summary import RunSummary

PAGE_MAX = 50


def list_sessions(cwd: str | None, cursor: str | None) -> schema.ListSessionsResponse:
    """Returns a page of sessions, the newest first, those behind `cursor`. Blocking.

    A run that cannot be read is left out. Raises WrongRequest.
    """
    stores = run_stores() if cwd is None else [run_store(absolute_folder(cwd))]
    found = sorted(((run_id, store) for store in stores for run_id in store.ids()), reverse=True)
    behind = ((run_id, store) for run_id, store in found if cursor is None or run_id < cursor)
    page = list(islice(_readable(behind), PAGE_MAX + 1))
    sessions = [_info(summary, store) for summary, store in page[:PAGE_MAX]]
    more = sessions[-1].session_id if len(page) > PAGE_MAX else None
    return schema.ListSessionsResponse(sessions=sessions, next_cursor=more)


def _readable(
    found: Iterator[tuple[RunId, RunStore]],
) -> Iterator[tuple[RunSummary, RunStore]]:
    for run_id, store in found:
        summary = store.summary(run_id)
        if summary is not None:
            yield summary, store


def _info(summary: RunSummary, store: RunStore) -> schema.SessionInfo:
    changed = datetime.fromtimestamp(store.journal(summary.run_id).stat().st_mtime, UTC)
    return schema.SessionInfo(
        session_id=summary.run_id,
        cwd=summary.workspace,
        title=summary.title,
        updated_at=changed.isoformat(timespec="seconds"),
    )
