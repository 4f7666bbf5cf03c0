"""What is handed over to put an Agent together for one run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lsp_server.agent.event_log import EventLog
from lsp_server.domain.tasks import RunId, Sampling, Task
from lsp_server.settings.sections import Settings


@dataclass(frozen=True, slots=True)
class RunContext:
    """One run as it begins or goes on; `assemble` makes an Agent of it."""

    run_id: RunId
    task: Task
    event_log: EventLog
    settings: Settings
    journal_path: Path
    result_chars_max: int

    @property
    def sampling(self) -> Sampling:
        """The wish for Max Mode as it is now; a person may change it while the run runs."""
        asked = self.task.sampling
        as_begun = replace(asked, max_mode=asked.max_mode or self.settings.max_mode.enabled)
        return self.event_log.state.max_mode.sampling or as_begun
