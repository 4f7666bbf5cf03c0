"""This module lets runs that work at the same time change files one after the other.

A run and its children are a family. One of a family changes files at a time, so that what a
command changed is told apart from what another run wrote meanwhile. A whole file is not
written over what another of the family left there and the writer has not read.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping

from lsp_server.domain.edits import PlannedEdit
from lsp_server.domain.errors import ToolError
from lsp_server.domain.events import Event, FileChanged, RunEnded, ToolReturned
from lsp_server.domain.ports import Editor, EditTool, Tool
from lsp_server.domain.tasks import RunId
from lsp_server.domain.tools import NeedsCommand, ToolResult
from lsp_server.tools.read_only import is_read_only
from lsp_server.tools.shell_syntax import parse
from lsp_server.tools.tool_holder import ToolHolder


class WriteTurns:
    """`WriteTurns` knows who of each family changed which file last, and who has seen it since.

    `see` takes the Events of all runs of a session.

    >>> turns, parent, child = WriteTurns(), RunId("r"), RunId("r.1")
    >>> turns.see(child, FileChanged("a.py", None, "1f"))
    >>> turns.writer_unseen(parent, "a.py"), turns.writer_unseen(child, "a.py")
    ('r.1', None)
    """

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._events = 0
        self._written: dict[tuple[str, str], dict[RunId, int]] = {}
        """By family and path: who changed it, and when last."""
        self._seen: dict[tuple[RunId, str], int] = {}
        """By run and path: when the run last knew all of it."""

    def turn(self, run_id: RunId) -> asyncio.Lock:
        """Returns the lock that is held while one of the run's family changes files."""
        return self._locks[_family(run_id)]

    def see(self, run_id: RunId, event: Event) -> None:
        """Takes in what a run did."""
        self._events += 1
        match event:
            case FileChanged(path=path):
                if self.writer_unseen(run_id, path) is None:
                    self._seen[run_id, path] = self._events
                self._written.setdefault((_family(run_id), path), {})[run_id] = self._events
            case ToolReturned(result=result):
                for path in result.read:
                    self._seen[run_id, path] = self._events
            case RunEnded() if run_id == _family(run_id):
                self._forget(run_id)
            case _:
                pass

    def writer_unseen(self, run_id: RunId, path: str) -> RunId | None:
        """Returns who else of the family changed the file since the run last read it."""
        writers = self._written.get((_family(run_id), path), {})
        seen = self._seen.get((run_id, path), 0)
        return next((one for one, at in writers.items() if one != run_id and at > seen), None)

    @property
    def moment(self) -> int:
        """Returns what `written_since` takes for now."""
        return self._events

    def written_since(self, moment: int) -> frozenset[str]:
        """Returns the paths that runs at work changed after a moment."""
        return frozenset(
            path for (_, path), writers in self._written.items() if max(writers.values()) > moment
        )

    def _forget(self, family: str) -> None:
        self._locks.pop(family, None)
        self._written = {key: one for key, one in self._written.items() if key[0] != family}
        self._seen = {key: one for key, one in self._seen.items() if _family(key[0]) != family}


class EditInTurn(ToolHolder[EditTool]):
    """An `EditInTurn` is an EditTool that holds one, and applies when it is the run's turn.

    With `whole` the tool replaces all of a file, which is refused over a text of another
    run that this one has not read.
    """

    def __init__(self, tool: EditTool, turns: WriteTurns, run_id: RunId, *, whole: bool) -> None:
        super().__init__(tool)
        self._turns = turns
        self._run_id = run_id
        self._whole = whole

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Plans the change and applies it. Raises ToolError."""
        return await self.apply(await self.plan(arguments))

    async def plan(
        self, arguments: Mapping[str, object], editor: Editor | None = None
    ) -> PlannedEdit:
        """Computes the change as the tool inside does. Raises ToolError, also for a text not seen."""
        planned = await self._tool.plan(arguments, editor)
        self._check(planned)
        return planned

    async def apply(self, planned: PlannedEdit) -> ToolResult:
        """Waits for the run's turn and applies. Raises ToolError."""
        async with self._turns.turn(self._run_id):
            self._check(planned)
            return await self._tool.apply(planned)

    def _check(self, planned: PlannedEdit) -> None:
        # One that creates its file is refused by the editor if the file is there by then.
        creates = planned.edits is not None and all(one.base is None for one in planned.edits.files)
        for path in planned.result.changed if self._whole and not creates else ():
            writer = self._turns.writer_unseen(self._run_id, path)
            if writer is not None:
                raise ToolError(
                    f"{path} was changed by the run {writer} since you read it; "
                    "read it again and keep what is new there"
                )


class CommandInTurn(ToolHolder[Tool]):
    """A `CommandInTurn` is a Tool that holds one which runs commands; those that change wait for a turn."""

    def __init__(self, tool: Tool, turns: WriteTurns, run_id: RunId) -> None:
        super().__init__(tool)
        self._turns = turns
        self._run_id = run_id

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Calls the tool inside, in the run's turn if the command may change something."""
        needs = self._tool.needs(arguments)
        if isinstance(needs, NeedsCommand) and is_read_only(parse(needs.command)):
            return await self._tool.call(arguments)
        async with self._turns.turn(self._run_id):
            return await self._tool.call(arguments)


def _family(run_id: RunId) -> str:
    """Returns the id of the run that a person began, which a child's id begins with."""
    return run_id.partition(".")[0]
