"""This module has the shapes of the commands about runs of the past: lists, Events, titles."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictInt, StrictStr

from lsp_server.domain.tasks import RunState
from lsp_server.server.params.base import CommandParams, Payload, Reply
from lsp_server.server.params.method_params import EventNotice
from lsp_server.session.run_events import EVENTS_MAX
from lsp_server.session.run_list import LISTED_RUNS_MAX

EVENTS_DEFAULT = 200
LISTED_MAX = 1000


class RunList(CommandParams):
    """`holdfast.run.list` takes a run, or how many of them, from the newest on, are to be listed.

    `query` is for those that have it in their title, `before` for those older than that run.
    """

    run_id: StrictStr | None = None
    query: StrictStr = ""
    before: StrictStr | None = None
    limit: Annotated[StrictInt, Field(ge=1, le=LISTED_MAX)] = LISTED_RUNS_MAX


class RunEvents(CommandParams):
    """`holdfast.run.events` takes a run, by default the newest, and what is known of it already.

    That is `after`: the number of the last Event of the run itself, or the last ones of it and
    each of its children by their ids, as the reply to the page before has them.
    """

    run_id: StrictStr | None = None
    after: StrictInt | dict[StrictStr, StrictInt] = -1
    limit: Annotated[StrictInt, Field(ge=1, le=EVENTS_MAX)] = EVENTS_DEFAULT


class RunRename(CommandParams):
    """`holdfast.run.rename` takes a run, by default the newest, and its title.

    Without one the run is called by the first line of its task again.
    """

    run_id: StrictStr | None = None
    title: StrictStr = ""


class RunDelete(CommandParams):
    """`holdfast.run.delete` takes the run of which nothing is to be kept; none is the default."""

    run_id: StrictStr | None = None


class RunEntry(Payload):
    """A `RunEntry` is one line of a list of runs; `started_at` is ISO 8601.

    `parent_id` is the run that began a subagent, which is listed behind it.
    """

    run_id: str
    title: str
    state: RunState
    step: int
    started_at: str
    cost_usd: float
    message: str
    parent_id: str | None = None
    taken_back: bool = False
    """What it changed was taken back since it ended."""


class RunListReply(Reply):
    """The runs are newest first, each with its subagents behind it."""

    runs: tuple[RunEntry, ...] = ()


class RunEventsReply(Reply):
    """A `RunEventsReply` is a page of what happened in a run and its children, in its order.

    `events` are as `holdfast/event` pushes them. `after` is for the next page, which `has_more`
    says is there already.
    """

    events: tuple[EventNotice, ...] = ()
    after: dict[str, int] = Field(default_factory=dict)
    has_more: bool = False
