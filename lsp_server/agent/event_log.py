"""Where the Events of a run go: the journal first, then all that follows from it."""

from __future__ import annotations

from collections.abc import Callable

from lsp_server.agent.context import Context
from lsp_server.agent.journal import Journal
from lsp_server.agent.state import State
from lsp_server.domain.events import Event, RecordedEvent
from lsp_server.redaction.redactor import Redactor


class EventLog:
    """A run's journal with its folds; opening one replays what the journal holds.

    No Event keeps a secret: journal, prompt, transcript, memory and whoever watches
    are all behind this door.
    """

    def __init__(
        self,
        journal: Journal,
        context: Context,
        watch: Callable[[RecordedEvent], None],
        redactor: Redactor | None = None,
    ) -> None:
        self.context = context
        self.state = State()
        self._journal = journal
        self._watch = watch
        self._redactor = redactor or Redactor()
        self.resumed_from = journal.past[-1].at if journal.past else ""
        """When the run was last at work (ISO 8601), empty for a new one."""
        for past in journal.past:
            self._fold(past.event)
        journal.past.clear()  # A long past would be held twice.

    def emit(self, event: Event) -> None:
        """Keeps the Event, then tells whoever watches. Raises OSError when it cannot be kept."""
        self._watch(self.keep(event))

    def keep(self, event: Event) -> RecordedEvent:
        """Keeps the Event and lets it take effect. Raises OSError when it cannot be kept."""
        recorded = self._journal.append(self._redactor.about(event))
        self._fold(recorded.event)
        return recorded

    async def flush(self) -> None:
        """Returns when every Event so far is on the disk."""
        await self._journal.flush()

    def _fold(self, event: Event) -> None:
        self.state.apply(event)
        self.context.fold(event)
