"""The commands about goals: add one, check, list, waive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from lsp_server.domain.edits import Lines
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.goals import Goal, GoalReport
from lsp_server.goals.new_goal import goal_from_parts
from lsp_server.server import from_lsp, to_lsp
from lsp_server.server.background import Background
from lsp_server.server.client import Client
from lsp_server.server.commands.targets import folder_of_goal, offset_of, place_of, session_of
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.params import (
    CommandParams,
    GoalCheck,
    GoalChoice,
    GoalEntry,
    GoalListReply,
    GoalNew,
    MessagePayload,
    Reply,
    WireRange,
)
from lsp_server.server.protocol import CommandName
from lsp_server.session.session import Session

CONDITION_CHARS_MAX = 300
Handler = Callable[[Any], Awaitable[MessagePayload]]

NEW_TITLE = "A new goal"
NEW_CONDITION = "what must hold"


class GoalCommands:
    """Acts on the goals of the folder that is meant."""

    def __init__(self, client: Client, folders: Folders, background: Background) -> None:
        self._client = client
        self._folders = folders
        self._background = background
        self.handlers: Mapping[str, tuple[type[CommandParams], Handler]] = {
            CommandName.GOAL_NEW: (GoalNew, self._new),
            CommandName.GOAL_CHECK: (GoalCheck, self._check),
            CommandName.GOAL_LIST: (GoalChoice, self._list),
            CommandName.GOAL_WAIVE: (GoalChoice, self._waive),
        }

    async def _new(self, arguments: GoalNew) -> Reply:
        folder, path = place_of(arguments.uri, self._folders)
        session = session_of(folder)
        texts = list(arguments.conditions)
        if path is not None and arguments.range is not None:
            texts.append(await self._selected(folder, arguments.uri or "", arguments.range))
        title = arguments.title or (texts[0] if texts else NEW_TITLE)
        if not texts and (arguments.title or not arguments.checks):
            texts = [arguments.title or NEW_CONDITION]
        goal = goal_from_parts(tuple(texts), arguments.checks, title)
        if goal is None:
            raise HoldfastError("say what must hold: pass `title`, `conditions` or `checks`")
        session.goals.check_approvals.approve(arguments.checks)
        added = await session.goals.add(goal)
        uri = to_lsp.uri(session.goals.file.path)
        self._background.start(self._client.open(uri), "showing the goals file")
        return Reply(state="idle", message=f"added the goal {added.id}: {added.title}", uri=uri)

    async def _check(self, arguments: GoalCheck) -> Reply:
        meant = self._goals_to_check(arguments)
        count = sum(len(goals) for goals in meant.values())
        if not count:
            raise HoldfastError("there are no goals; holdfast.goal.new adds one")
        for session, goals in meant.items():
            if goals:
                session.goals.checks.start(goals, self._tell)
        return Reply(state="running", message=f"checks {_number(count, 'goal')} now")

    def _goals_to_check(self, arguments: GoalCheck) -> Mapping[Session, Sequence[Goal]]:
        if arguments.goal_id is not None:
            session = self._session(arguments.goal_id, arguments.uri)
            return {session: (session.goals.statuses.find(arguments.goal_id),)}
        folders = (
            [folder for folder in self._folders if folder.session is not None]
            if arguments.all
            else [place_of(arguments.uri, self._folders)[0]]
        )
        sessions = [session_of(folder) for folder in folders]
        return {session: session.goals.statuses.goals() for session in sessions}

    async def _list(self, arguments: GoalChoice) -> GoalListReply:
        places = [
            (folder, place)
            for folder in self._folders
            if folder.session is not None
            for place in folder.session.goals.statuses.conditions()
            if arguments.goal_id in (None, place.goal.id, place.condition.id)
        ]
        if arguments.goal_id is not None and not places:
            raise HoldfastError(f"there is no goal with the id {arguments.goal_id!r}")
        entries = tuple(
            GoalEntry(
                goal_id=place.goal.id,
                title=place.goal.title,
                condition_id=place.condition.id,
                condition=place.condition.text,
                verdict=place.verdict,
                missing=place.missing,
                uri=to_lsp.uri(folder.root / place.location.path),
                path=place.location.path,
                line=place.location.range.start.line + 1,
            )
            for folder, place in places
        )
        met = sum(entry.verdict in ("met", "waived") for entry in entries)
        message = f"{met} of {_number(len(entries), 'condition')} met"
        if not self._client.can.status:
            open_ones = [f"{e.verdict}: {e.condition}" for e in entries if e.verdict != "met"]
            self._client.show("info", "\n".join([message, *open_ones[:10]]))
        return GoalListReply(state="idle", message=message, goals=entries)

    async def _waive(self, arguments: GoalChoice) -> Reply:
        session = self._session(arguments.goal_id or arguments.condition, arguments.uri)
        meant = [
            place.condition
            for place in session.goals.statuses.conditions()
            if arguments.goal_id in (None, place.goal.id, place.condition.id)
            and arguments.condition in (None, place.condition.id, place.condition.text)
        ]
        if len(meant) != 1:
            names = "; ".join(f"{condition.id}: {condition.text}" for condition in meant[:10])
            raise HoldfastError(
                f"pass the `condition` to waive, by its id or text. Meant could be: {names or 'none'}"
            )
        waived = await session.goals.waive(meant[0].id)
        return Reply(state="idle", message=f"waived: {waived.text}")

    def _tell(self, reports: Sequence[GoalReport]) -> None:
        """The result of a check, in one message."""
        met = [report for report in reports if report.met]
        if len(met) == len(reports):
            titles = ", ".join(f"“{report.goal.title}”" for report in met[:3])
            self._client.show("info", f"{_number(len(met), 'goal')} met: {titles}")
            return
        first = next(report for report in reports if not report.met)
        found = Counter(item.verdict for item in first.conditions)
        why = next(i.missing for i in first.conditions if i.verdict not in ("met", "waived"))
        counts = ", ".join(f"{number} {verdict}" for verdict, number in found.items())
        head = f"“{first.goal.title}”: {counts}: {why}"
        more = f" ({len(met)} of {len(reports)} goals met)" if len(reports) > 1 else ""
        self._client.show("warning", f"{head}{more}")

    async def _selected(self, folder: Folder, uri: str, where: WireRange) -> str:
        """The selected text as a condition, with its place."""
        path = from_lsp.path(uri)
        assert path is not None
        lines = Lines((await folder.documents.read(path)).text)
        encoding = self._client.can.encoding
        start, end = (offset_of(lines, place, encoding) for place in (where.start, where.end))
        text = " ".join(lines.text[start:end].split())[:CONDITION_CHARS_MAX]
        number = lines.position(start).line + 1
        return f"{text} (`{folder.relative(path)}`, line {number})"

    def _session(self, name: str | None, uri: str | None) -> Session:
        """The session of such a goal or condition; without a name that of the document."""
        if name is None:
            return session_of(place_of(uri, self._folders)[0])
        return session_of(folder_of_goal(name, uri, self._folders))


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
