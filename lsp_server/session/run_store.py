"""Where runs are kept: a folder each, with its journal, its transcript and what it proposed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from lsp_server.agent import proposals_document, transcript
from lsp_server.agent.journal import JOURNAL_NAME, Journal, read_ends, replay
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.events import CandidatesJudged, Event, RecordedEvent, RunStarted
from lsp_server.domain.tasks import RunId, Task
from lsp_server.session.run_summary import RunSummary, summary_from_journal
from lsp_server.workspace.blobs import find_content_names


class RunStore:
    """The runs below `path`, those of earlier processes included. All of it blocks."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def ids(self) -> tuple[RunId, ...]:
        """Newest first, since their names sort by time."""
        names = (journal.parent.name for journal in self.path.glob("*/journal.jsonl"))
        return tuple(RunId(name) for name in sorted(names, reverse=True))

    def summary(self, run_id: RunId) -> RunSummary | None:
        """What the journal tells; None when there is no readable beginning."""
        return summary_from_journal(self._journal(RunId(Path(run_id).name)))

    def open(self, run_id: RunId) -> Journal:
        """Opened for writing. Raises JournalBusy, JournalDamaged, ConfigurationError."""
        try:
            return Journal(self._journal(run_id))
        except OSError as error:
            raise self.refusal(error) from error

    def refusal(self, error: OSError) -> ConfigurationError:
        """That nothing can be kept here, with the mend."""
        return ConfigurationError(
            f"runs cannot be kept in {self.path} ({error.strerror or error}); "
            "make room or access there, or set XDG_DATA_HOME to another folder"
        )

    def task(self, run_id: RunId) -> Task:
        """What the run was asked. Raises JournalDamaged, OSError."""
        first, _ = read_ends(self._journal(run_id))
        if not isinstance(first.event, RunStarted):
            raise JournalDamaged(f"run {run_id} does not begin with its task")
        return first.event.task

    def events(self, run_id: RunId) -> Sequence[Event]:
        """All that its journal holds. Raises JournalDamaged, OSError."""
        return [recorded.event for recorded in replay(self._journal(run_id))]

    def transcript(self, run_id: RunId) -> Path:
        """The Markdown file of a run, written anew. Raises JournalDamaged, OSError."""
        path = self._beside(run_id, "transcript.md")
        path.write_text("".join(map(transcript.render_event, self.events(run_id))), "utf-8")
        return path

    def transcribe(self, run_id: RunId, recorded: RecordedEvent) -> None:
        """Adds one Event to the transcript. Raises OSError."""
        if text := transcript.render_event(recorded.event):
            with self._beside(run_id, "transcript.md").open("a", encoding="utf-8") as file:
                file.write(text)

    def comparison(self, run_id: RunId) -> Path | None:
        """The document that compares what a run proposed, if it proposed something."""
        path = self._beside(run_id, "proposals.md")
        return path if path.exists() else None

    def compare(self, run_id: RunId, judged: CandidatesJudged, instruction: str) -> None:
        """Writes that document. Raises OSError."""
        text = proposals_document.render_proposals(judged, instruction, run_id)
        self._beside(run_id, "proposals.md").write_text(text, "utf-8")

    def contents_needed(self, days_max: float) -> frozenset[str]:
        """The names of contents in all journals that were written in the last `days_max`.

        Undo needs them. A journal of any format is read, a newer one too. Raises OSError.
        """
        oldest = time.time() - days_max * 86_400
        names: set[str] = set()
        for journal in self.path.glob(f"*/{JOURNAL_NAME}"):
            if journal.stat().st_mtime >= oldest:
                with journal.open("rb") as lines:
                    names.update(name for line in lines for name in find_content_names(line))
        return frozenset(names)

    def _journal(self, run_id: RunId) -> Path:
        return self._beside(run_id, "journal.jsonl")

    def _beside(self, run_id: RunId, name: str) -> Path:
        return self.path / run_id / name
