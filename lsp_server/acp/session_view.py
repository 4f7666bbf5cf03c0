"""This module shows a session to the client, in the order in which things happen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeAlias

from acp import helpers, schema

from lsp_server.acp import slash_commands, tool_updates
from lsp_server.acp.choices import Choices
from lsp_server.acp.client import AcpClient
from lsp_server.acp.run_updates import RunUpdates, Update
from lsp_server.domain.events import Event, FileChanged, RecordedEvent, ToolReturned
from lsp_server.domain.tasks import RunId
from lsp_server.session.changed_texts import ChangedText
from lsp_server.session.session import Session
from lsp_server.system.task_set import TaskSet

SETTLE_SECONDS_MAX = 5.0
"""How long the end of a prompt waits until all that changed is shown."""

Texts: TypeAlias = Callable[[FileChanged], Awaitable[ChangedText | None]]


class SessionView:
    """A `SessionView` is what the client shows of one session; close it.

    `texts` finds what a change was about.
    """

    def __init__(
        self,
        client: AcpClient,
        session_id: RunId,
        root: Path,
        prompt_tokens_max: int,
        texts: Texts,
    ) -> None:
        self.updates = RunUpdates(root, prompt_tokens_max)
        self._client = client
        self._session_id = session_id
        self._root = root
        self._texts = texts
        self._diffs = TaskSet()

    def say(self, update: Update) -> None:
        """Says one thing to the client."""
        self._client.update(self._session_id, update)

    def say_choices(self, choices: Choices) -> None:
        """Says what is chosen, to clients that know options and to those that know modes."""
        self.say(helpers.update_current_mode(choices.mode))
        self.say(
            schema.ConfigOptionUpdate(
                session_update="config_option_update", config_options=list(choices.options)
            )
        )

    async def say_commands(self, session: Session) -> None:
        """Says which slash commands there are."""
        self.say(helpers.update_available_commands(await slash_commands.available(session)))

    def show(self, run_id: str, event: Event) -> None:
        """Shows an Event of the session's run, or of a child of it."""
        if run_id != self._session_id:
            for update in self.updates.child_event(run_id, event):
                self.say(update)
            return
        for update in self.updates.of(event):
            self.say(update)
        if isinstance(event, ToolReturned) and (changes := self.updates.take_changes()):
            self._diffs.start(self._show_changes(event, changes), "diffs")

    async def replay(self, records: Iterable[RecordedEvent]) -> None:
        """Shows a past."""
        self.updates.replays = True
        for record in records:
            self.show(self._session_id, record.event)
            # Thousands of texts are not read at once.
            await self.settle()
        self.updates.replays = False

    async def settle(self) -> None:
        """Returns when all that happened so far is shown."""
        await self._diffs.wait(SETTLE_SECONDS_MAX)

    async def close(self) -> None:
        """Shows nothing more."""
        await self._diffs.close()

    async def _show_changes(self, event: ToolReturned, changes: list[FileChanged]) -> None:
        found = [await self._texts(change) for change in changes]
        if texts := [text for text in found if text is not None]:
            self.say(tool_updates.changed(event, texts, self._root))
