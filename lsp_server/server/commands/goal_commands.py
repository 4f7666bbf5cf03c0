"""This module has the commands about goals: add, check, list, waive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from lsp_server.domain.edits import Lines
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.goals import Goal, GoalReport
from lsp_server.goals.new_goal import goal_from_parts, stated_goal
from lsp_server.server import to_lsp
from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.targets import folder_of_goal, locate, range_of
from lsp_server.server.folders import Folder
from lsp_server.server.params.base import Reply, WireRange
from lsp_server.server.params.goal_params import (
    GoalCheck,
    GoalChoice,
    GoalEntry,
    GoalListReply,
    GoalNew,
    StatedCondition,
)
from lsp_server.server.protocol import CommandName
from lsp_server.session.goals import ConditionStatus
from lsp_server.session.session import Session
from lsp_server.text.count import count_of

CONDITION_CHARS_MAX = 300
LISTED_IN_MESSAGE_MAX = 10
NAMED_IN_MESSAGE_MAX = 3

NEW_TITLE = "A new goal"
NEW_CONDITION = "what must hold"


class GoalCommands:
    """`GoalCommands` has the commands about goals of the folder that is meant."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context
        self._client = context.client
        self._folders = context.folders

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (
            ServerCommand(CommandName.GOAL_NEW, GoalNew, self._new),
            ServerCommand(CommandName.GOAL_CHECK, GoalCheck, self._check),
            ServerCommand(CommandName.GOAL_LIST, GoalChoice, self._list),
            ServerCommand(CommandName.GOAL_WAIVE, GoalChoice, self._waive),
        )

    async def _new(self, arguments: GoalNew) -> Reply:
        folder, path = locate(arguments.uri, self._folders)
        session = folder.require_session()
        stated = [each for each in arguments.conditions if isinstance(each, StatedCondition)]
        texts = [each for each in arguments.conditions if isinstance(each, str)]
        if path is not None and arguments.range is not None:
            texts.append(await self._selected(folder, path, arguments.range))
        first = next((each for each in (*texts, *(one.text for one in stated)) if each), NEW_TITLE)
        title = arguments.title or first
        if not (texts or stated or arguments.checks):
            texts = [arguments.title or NEW_CONDITION]
        goal: Goal | None
        if stated:
            pairs = [(each.text, each.checks) for each in stated]
            more = [*((text, ()) for text in texts), *(("", (one,)) for one in arguments.checks)]
            goal = stated_goal(title, (*pairs, *more))
        else:
            goal = goal_from_parts(tuple(texts), arguments.checks, title)
        if goal is None:
            raise HoldfastError("say what must hold: pass `title`, `conditions` or `checks`")
        # The person wrote these commands just now, so they are not asked about again.
        commands = (command for each in stated for command in each.checks)
        session.goals.check_approvals.approve((*arguments.checks, *commands))
        added = await session.goals.add(goal)
        uri = self._context.show_document(session.goals.file.path)
        return Reply(state="idle", message=f"added the goal {added.id}: {added.title}", uri=uri)

    async def _check(self, arguments: GoalCheck) -> Reply:
        meant = self._goals_to_check(arguments)
        count = sum(len(goals) for goals in meant.values())
        if not count:
            raise HoldfastError("there are no goals; holdfast.goal.new adds one")
        for session, goals in meant.items():
            if goals:
                session.goals.checks.start(goals, self._show_result)
        return Reply(state="running", message=f"checks {count_of(count, 'goal')} now")

    def _goals_to_check(self, arguments: GoalCheck) -> Mapping[Session, Sequence[Goal]]:
        if arguments.goal_id is not None:
            session = self._session(arguments.goal_id, arguments.uri)
            return {session: (session.goals.statuses.find(arguments.goal_id),)}
        sessions = (
            self._folders.sessions()
            if arguments.all
            else [locate(arguments.uri, self._folders)[0].require_session()]
        )
        return {session: session.goals.statuses.goals() for session in sessions}

    async def _list(self, arguments: GoalChoice) -> GoalListReply:
        entries = tuple(
            _entry(folder, status)
            for folder, session in self._folders.opened()
            for status in session.goals.statuses.conditions()
            if arguments.goal_id in (None, status.goal.id, status.condition.id)
        )
        if arguments.goal_id is not None and not entries:
            raise HoldfastError(f"there is no goal with the id {arguments.goal_id!r}")
        met = sum(entry.verdict in ("met", "waived") for entry in entries)
        message = f"{met} of {count_of(len(entries), 'condition')} met"
        open_ones = [f"{e.verdict}: {e.condition}" for e in entries if e.verdict != "met"]
        self._context.show_message("\n".join([message, *open_ones[:LISTED_IN_MESSAGE_MAX]]))
        return GoalListReply(state="idle", message=message, goals=entries)

    async def _waive(self, arguments: GoalChoice) -> Reply:
        session = self._session(arguments.goal_id or arguments.condition, arguments.uri)
        meant = [
            status.condition
            for status in session.goals.statuses.conditions()
            if arguments.goal_id in (None, status.goal.id, status.condition.id)
            and arguments.condition in (None, status.condition.id, status.condition.text)
        ]
        if len(meant) != 1:
            shown = meant[:LISTED_IN_MESSAGE_MAX]
            names = "; ".join(f"{condition.id}: {condition.text}" for condition in shown)
            raise HoldfastError(
                f"pass the `condition` to waive, by its id or text. Meant could be: {names or 'none'}"
            )
        waived = await session.goals.waive(meant[0].id)
        return Reply(state="idle", message=f"waived: {waived.text}")

    def _show_result(self, reports: Sequence[GoalReport]) -> None:
        """Shows the result of a check in one message."""
        met = [report for report in reports if report.met]
        if len(met) == len(reports):
            titles = ", ".join(f"“{report.goal.title}”" for report in met[:NAMED_IN_MESSAGE_MAX])
            self._client.show("info", f"{count_of(len(met), 'goal')} met: {titles}")
            return
        text = _unmet_text(next(report for report in reports if not report.met))
        more = f" ({len(met)} of {len(reports)} goals met)" if len(reports) > 1 else ""
        self._client.show("warning", f"{text}{more}")

    async def _selected(self, folder: Folder, path: Path, where: WireRange) -> str:
        """The selected text as a condition, with its place."""
        selected = await range_of(folder, path, where, self._client.can.encoding)
        lines = Lines((await folder.documents.read(path)).text)
        text = lines.text[lines.offset(selected.start) : lines.offset(selected.end)]
        words = " ".join(text.split())[:CONDITION_CHARS_MAX]
        return f"{words} (`{folder.relative(path)}`, line {selected.start.line + 1})"

    def _session(self, name: str | None, uri: str | None) -> Session:
        """The session of such a goal or condition; without a name that of the document."""
        if name is None:
            return locate(uri, self._folders)[0].require_session()
        return folder_of_goal(name, uri, self._folders).require_session()


def _entry(folder: Folder, status: ConditionStatus) -> GoalEntry:
    return GoalEntry(
        goal_id=status.goal.id,
        title=status.goal.title,
        condition_id=status.condition.id,
        condition=status.condition.text,
        verdict=status.verdict,
        missing=status.missing,
        uri=to_lsp.uri(folder.root / status.location.path),
        path=status.location.path,
        line=status.location.range.start.line + 1,
    )


def _unmet_text(report: GoalReport) -> str:
    """Counts the conditions by verdict, and says what is missing for the first open one."""
    found = Counter(item.verdict for item in report.conditions)
    why = next(i.missing for i in report.conditions if i.verdict not in ("met", "waived"))
    counts = ", ".join(f"{number} {verdict}" for verdict, number in found.items())
    return f"“{report.goal.title}”: {counts}: {why}"
