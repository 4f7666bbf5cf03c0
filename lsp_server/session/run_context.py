"""This module holds what an Agent for one run is made from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lsp_server.agent.context import BYTES_PER_TOKEN
from lsp_server.agent.event_log import EventLog
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.domain.permissions import NOTHING_GRANTED, Granted
from lsp_server.domain.tasks import Budget, RunId, Sampling, Task
from lsp_server.session.image_store import ImageStore
from lsp_server.settings.sections import Settings
from lsp_server.wording.run_texts import run_title

RESULT_SHARE = 1 / 16
"""One result may take this share of the prompt, so that a step's eight leave half of it."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """One run as it begins or goes on; `assemble` makes an Agent from it.

    The task is what the journal has. `budget` is what the run may spend in all
    from now on: a resumed run has the limits of today, not those of its task. `top` is the run
    that a person began, None where this is that run, or that one is not at work.
    """

    run_id: RunId
    event_log: EventLog
    journal_path: Path
    settings: Settings
    budget: Budget
    images: ImageStore
    top: RunContext | None = None

    @property
    def granted(self) -> Granted:
        """Returns what a person allowed since the run began, to it or to the whole that it is part of.

        Settings under which nothing may be changed stay as they are.
        """
        own = self.event_log.state.grants.granted
        above = self.top.granted if self.top is not None else NOTHING_GRANTED
        is_fixed = self.settings.permissions.mode == "read-only"
        mode = None if is_fixed else above.mode or own.mode
        return Granted(mode, (*above.rules, *own.rules))

    @property
    def task(self) -> Task:
        """Returns the task as it was asked.

        Raises JournalDamaged when nothing has begun the run.
        """
        task = self.event_log.state.conversation.task
        if task is None:
            raise JournalDamaged(f"run {self.run_id} does not begin with its task")
        return task

    @property
    def title(self) -> str:
        """Returns the first line of the task."""
        return run_title(self.task)

    @property
    def is_subagent(self) -> bool:
        """Says whether another run gave this one its task."""
        return bool(self.task.parent_call)

    @property
    def current_settings(self) -> Settings:
        """Returns the settings with what a person allowed since the run began."""
        permissions, granted = self.settings.permissions, self.granted
        changes: dict[str, object] = {"allow": (*permissions.allow, *granted.rules)}
        if granted.mode is not None:
            changes["mode"] = granted.mode
        return self.settings.model_copy(
            update={"permissions": permissions.model_copy(update=changes)}
        )

    @property
    def sampling(self) -> Sampling:
        """Returns the wish for Max Mode as it is now.

        A person may change it while the run works.
        """
        asked = self.task.sampling
        as_begun = replace(asked, max_mode=asked.max_mode or self.settings.max_mode.enabled)
        return self.event_log.state.max_mode.sampling or as_begun

    @property
    def result_chars_max(self) -> int:
        """Returns the most characters that one tool result may have in a prompt."""
        return result_chars_max(self.settings)


def result_chars_max(settings: Settings) -> int:
    """Returns the most characters of one tool result in a prompt.

    It is the setting, or less when the prompt is small.
    """
    share = round(settings.prompt_tokens_max * BYTES_PER_TOKEN * RESULT_SHARE)
    return min(settings.context.result_chars_max, share)
