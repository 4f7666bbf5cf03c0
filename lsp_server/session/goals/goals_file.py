"""This module writes into the goals file: verdicts, new goals, waivers.

Every edit is made to the text as it is at that moment, through the Editor, so
that the typing of a person wins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from lsp_server.domain.edits import EditSet, FileEdit, TextEdit
from lsp_server.domain.errors import EditRejected, HoldfastError, ToolError
from lsp_server.domain.goals import GOALS_FILE, Condition, ConditionReport, Goal
from lsp_server.domain.ports import Editor
from lsp_server.goals import document_edits
from lsp_server.goals.goals_document import GoalsDocument, parse_goals
from lsp_server.workspace.files.disk import FileMissing

WRITE_ATTEMPTS_MAX = 3

_log = logging.getLogger(__name__)

Change: TypeAlias = Callable[[GoalsDocument], tuple[TextEdit, ...]]
"""What is to be changed in the goals file as it is at that moment."""


class GoalsFile:
    """A `GoalsFile` writes into the goals file at `path`."""

    def __init__(self, path: Path, editor: Editor) -> None:
        self.path = path
        self._editor = editor

    async def write_back(self, reports: Mapping[str, ConditionReport]) -> None:
        """Shows verdicts, by condition id; gives up where the file keeps changing."""
        try:
            await self._edit(
                lambda document: document_edits.write_back(document, reports), "goal evidence"
            )
        except FileMissing:
            return  # Verdicts of comments alone need no goals file.
        except ToolError as error:
            _log.info("the goals file is not brought up to date: %s", error)

    async def add(self, goal: Goal) -> Goal:
        """Adds a goal, to a new file if there is none; returns it as it is in the file.

        Raises HoldfastError.
        """
        added = goal

        def addition(document: GoalsDocument) -> tuple[TextEdit, ...]:
            nonlocal added
            edit = document_edits.append_goal(document.text, goal)
            goals = parse_goals(document.text + edit.new_text).goals
            # In an open code block a goal is text that nobody reads.
            if len(goals) == len(document.goals):
                raise HoldfastError(f"{GOALS_FILE} ends inside of a code block; close that first")
            added = goals[-1]
            return (edit,)

        await self._edit(addition, f"goal: {goal.title}", creates=True)
        return added

    async def waive(self, condition: Condition) -> None:
        """Marks a condition as waived today. Raises HoldfastError."""
        today = f"{datetime.now(UTC):%Y-%m-%d}"

        def waiver(document: GoalsDocument) -> tuple[TextEdit, ...]:
            edit = document_edits.waive(document, condition.id, today)
            return (edit,) if edit is not None else ()

        await self._edit(waiver, f"waive: {condition.text}")

    async def _edit(self, change: Change, reason: str, *, creates: bool = False) -> None:
        """Edits the file; with `creates` a missing one too. Raises ToolError."""
        rejected = EditRejected("the goals file keeps changing; try again")
        for _ in range(WRITE_ATTEMPTS_MAX):
            try:
                document = await self._editor.read(self.path)
                base, text = document.version, document.text
            except FileMissing:
                if not creates:
                    raise
                base, text = None, ""
            changes = change(parse_goals(text))
            if not changes:
                return
            try:
                await self._editor.apply(EditSet((FileEdit(self.path, base, changes),), reason))
                return
            except EditRejected as error:
                # The person typed meanwhile: what is wanted is asked of the new text.
                rejected = error
        raise rejected
