"""A `HookCaller` runs the hooks of one run, and keeps what they say to the model and to a person."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from lsp_server.agent.event_log import EventLog
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import Told, Warned
from lsp_server.hooks.hook import HookEvent
from lsp_server.hooks.hook_answer import HookAnswer
from lsp_server.hooks.hooks import Describe, Hooks
from lsp_server.text.markdown import code_block


class StoppedByHook(HoldfastError):
    """A hook said that the run must not go on; the text is its reason."""


@dataclass(frozen=True, slots=True)
class HookFacts:
    """`HookFacts` are what a hook is told of its run whatever happens.

    `transcript` is the file of the run's journal. `is_child` says that another run began it. `redact`
    takes secrets out of the texts that a hook is given. `record` records what changes in a
    `with` block, and gives the paths once it has ended.
    """

    run_id: str
    transcript: Path
    root: Path
    permission_mode: str
    is_child: bool
    redact: Callable[[str], str]
    record: Callable[[], AbstractAsyncContextManager[list[str]]]


class HookCaller:
    """A `HookCaller` runs `hooks` where something happens, and says to each what the run is.

    What they say is data: it stands in the prompt as what a hook said. What went wrong with
    one is told to a person once.
    """

    def __init__(self, hooks: Hooks, event_log: EventLog, facts: HookFacts) -> None:
        self.facts = facts
        self._hooks = hooks
        self._event_log = event_log
        self._told: set[str] = set()
        self._broken: set[str] = set()
        self._stop_reason: str | None = None

    @property
    def stop_reason(self) -> str | None:
        """Returns why a hook said that the run must not go on, None if none did."""
        return self._stop_reason

    def concern(self, event: HookEvent, subject: str = "") -> bool:
        """Says whether any is run then."""
        return self._hooks.concern(event, subject)

    def check(self) -> None:
        """Raises StoppedByHook once a hook said that the run must not go on."""
        if self._stop_reason is not None:
            raise StoppedByHook(
                f"a hook stopped the run: {self._stop_reason or 'without a reason'}"
            )

    async def fire(self, event: HookEvent, about: Describe, subject: str = "") -> HookAnswer:
        """Runs all hooks of an event, and returns what they say together."""
        if not self.concern(event, subject):
            return HookAnswer()
        common = {
            "session_id": self.facts.run_id,
            "transcript_path": str(self.facts.transcript),
            "cwd": str(self.facts.root),
            "permission_mode": self.facts.permission_mode,
            "hook_event_name": event,
        }
        answer = await self._hooks.fire(event, lambda hook: {**common, **about(hook)}, subject)
        for problem in answer.problems:
            if problem.hook_id not in self._broken:
                self._broken.add(problem.hook_id)
                self.warn(problem.text)
        self.warn(answer.notice)
        if answer.stop_reason is not None:
            self._stop_reason = answer.stop_reason
        return answer

    def tell(self, text: str) -> None:
        """Adds what a hook says to the prompt."""
        if text:
            self._event_log.emit(Told(as_said(text), "hook"))

    def warn(self, text: str) -> None:
        """Says something to a person, once."""
        if text and text not in self._told:
            self._told.add(text)
            self._event_log.emit(Warned(text))


def as_said(text: str) -> str:
    """Returns a text of a hook as data that says where it comes from; "" stays empty."""
    return f"A hook says:\n{code_block(text)}" if text else ""
