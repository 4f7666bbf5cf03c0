"""This module has the shapes of the commands about goals."""

from __future__ import annotations

from pydantic import StrictBool, StrictStr

from lsp_server.domain.goals import Verdict
from lsp_server.server.params.base import CommandParams, Payload, Reply, WireRange


class GoalNew(CommandParams):
    """`holdfast.goal.new`: by default a goal to fill in.

    What `range` selects in the document `uri` becomes a condition.
    """

    title: StrictStr | None = None
    conditions: tuple[StrictStr, ...] = ()
    checks: tuple[StrictStr, ...] = ()
    uri: StrictStr | None = None
    range: WireRange | None = None


class GoalCheck(CommandParams):
    """`holdfast.goal.check`: a goal, all goals of the folder that `uri` lies in, or `all`."""

    goal_id: StrictStr | None = None
    uri: StrictStr | None = None
    all: StrictBool = False


class GoalChoice(CommandParams):
    """A goal, or a condition by its id or text; `uri` is any file of the folder that has it."""

    goal_id: StrictStr | None = None
    uri: StrictStr | None = None
    condition: StrictStr | None = None


class GoalEntry(Payload):
    """One condition; `line` counts from 1, `path` is workspace-relative, `uri` the same file."""

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
    """The conditions in the order of the goals file, then those of comments by path."""

    goals: tuple[GoalEntry, ...] = ()
