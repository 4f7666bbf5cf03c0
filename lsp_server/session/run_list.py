"""This module lists runs, those at work and those of the past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from lsp_server.domain.tasks import RunId
from lsp_server.session.child_runs import child_ids
from lsp_server.session.run_store import RunStore
from lsp_server.session.run_summary import RunSummary

LISTED_RUNS_MAX = 50
"""How many runs a list has where nothing else is asked for."""
SEARCHED_RUNS_MAX = 2000
"""Of how many runs, from the newest on, the titles are looked at in a search."""


def list_runs(
    store: RunStore,
    at_work: Mapping[RunId, RunSummary],
    *,
    query: str = "",
    before: RunId | None = None,
    limit: int = LISTED_RUNS_MAX,
) -> tuple[RunSummary, ...]:
    """Returns the newest `limit` runs, newest first, each with its children behind it. Blocking.

    With a `query` those that have it in their title, in any case, and with `before` those that
    are older than that run.
    """

    def found(run_id: RunId) -> RunSummary | None:
        return at_work.get(run_id) or store.summary(run_id)

    def matching() -> Iterator[RunSummary]:
        older = (run_id for run_id in store.ids() if before is None or run_id < before)
        for run in filter(None, map(found, islice(older, SEARCHED_RUNS_MAX))):
            if query.casefold() in run.title.casefold():
                yield run

    return tuple(
        each
        for run in islice(matching(), limit)
        for each in (run, *filter(None, map(found, child_ids(store.folder, run.run_id))))
    )
