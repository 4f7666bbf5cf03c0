"""This module records the Events of a run: in the journal first, then in all that follows.

It is the one door for what is recorded: each Event is redacted here before it is kept, and
what is in images stays beside the journal.
What is sent to a model passes `models/wrappers.py` as well, since some of it is no Event.
Folds that the loop does not need, such as those for memory, watch from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lsp_server.agent.context import Context
from lsp_server.agent.journal import Journal
from lsp_server.agent.rewinding import counted
from lsp_server.agent.state import State
from lsp_server.domain.events import Event, ModelAnswered, RecordedEvent
from lsp_server.redaction.redactor import Redactor


class EventLog:
    """An `EventLog` is a run's journal with its folds, `state` and `context`.

    Making one replays what the journal holds, so that a run goes on from the same state
    and the same prompt. `watch` is called with each Event after it was kept, synchronously.
    `redactor` takes secrets out of an Event before anything keeps it: journal, prompt,
    transcript, memory and watchers only see what is left. `keep_images` keeps what is in the
    images of an Event, and returns the Event without it.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from lsp_server.domain.events import StepStarted
    >>> journal = Journal(Path(tempfile.mkdtemp()) / "a-run" / "journal.jsonl")
    >>> seen = []
    >>> log = EventLog(journal, Context(result_chars_max=8000), seen.append)
    >>> log.emit(StepStarted(step=1, prompt_tokens=900))
    >>> log.state.progress.step, seen[0].seq
    (1, 0)
    >>> journal.close()
    """

    def __init__(
        self,
        journal: Journal,
        context: Context,
        watch: Callable[[RecordedEvent], None],
        redactor: Redactor | None = None,
        keep_images: Callable[[Event], Event] = lambda event: event,
    ) -> None:
        self.context = context
        self.state = State()
        self._journal = journal
        self._watch = watch
        self._redactor = redactor or Redactor()
        self._keep_images = keep_images
        self.resumed_from = journal.past[-1].at if journal.past else ""
        """When the run was last at work (ISO 8601), empty for a new one."""
        for past in counted(journal.past):
            self._fold(past.event)
        # A result is found by the id of its call, also one that was taken back.
        self.state.conversation.call_ids |= _call_ids(journal.past)
        journal.past.clear()  # A long past would be held twice.

    def emit(self, event: Event) -> None:
        """Keeps the Event, then calls `watch` with it. Raises OSError when it cannot be kept."""
        self._watch(self.keep(event))

    def keep(self, event: Event) -> RecordedEvent:
        """Keeps the Event and folds it, without calling `watch`.

        Raises OSError when it cannot be kept; then nothing has changed.
        """
        recorded = self._journal.append(self._redactor.about(self._keep_images(event)))
        self._fold(recorded.event)
        return recorded

    async def flush(self) -> None:
        """Waits until every Event so far is on the disk. Raises OSError."""
        await self._journal.flush()

    def _fold(self, event: Event) -> None:
        self.state.apply(event)
        self.context.fold(event)


def _call_ids(records: Iterable[RecordedEvent]) -> set[str]:
    answers = (one.event for one in records if isinstance(one.event, ModelAnswered))
    return {call.id for answer in answers for call in answer.message.tool_calls}
