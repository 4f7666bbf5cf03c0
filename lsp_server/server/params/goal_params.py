"""This module has the shapes of the commands about goals."""

from __future__ import annotations

from pydantic import StrictBool, StrictStr

from lsp_server.domain.goals import Verdict
from lsp_server.server.params.base import CommandParams, Payload, Reply, WireRange


class StatedCondition(CommandParams):
    """A `StatedCondition` is what must hold, and commands that show it; an empty `text` says that they succeed."""

    text: StrictStr = ""
    checks: tuple[StrictStr, ...] = ()


class GoalNew(CommandParams):
    """`holdfast.goal.new` adds a goal, by default one to fill in.

    What `range` selects in the document `uri` becomes a condition. `checks` show a single
    condition that is a text, and are otherwise conditions of their own.
    """

    title: StrictStr | None = None
    conditions: tuple[StrictStr | StatedCondition, ...] = ()
    checks: tuple[StrictStr, ...] = ()
    uri: StrictStr | None = None
    range: WireRange | None = None


class GoalCheck(CommandParams):
    """`holdfast.goal.check` takes a goal, all goals of the folder of `uri`, or `all`."""

    goal_id: StrictStr | None = None
    uri: StrictStr | None = None
    all: StrictBool = False


class GoalChoice(CommandParams):
    """A goal, or a condition by its id or text, is named; `uri` is any file of its folder."""

    goal_id: StrictStr | None = None
    uri: StrictStr | None = None
    condition: StrictStr | None = None


class GoalEntry(Payload):
    """A `GoalEntry` is one condition. `line` counts from 1, `path` is workspace-relative."""

    goal_id: str
    title: str
    condition_id: str
    condition: str
    verdict: Verdict
    missing: str
    uri: str
    path: str
    line: int


class GoalListReply(Reply):
    """Conditions are in the order of the goals file, then those of comments by path."""

    goals: tuple[GoalEntry, ...] = ()
