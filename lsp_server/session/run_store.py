"""This module owns the files of runs: where they lie, what they are called, what is in them.

Each run has a folder of its own, named by its id. `journal.jsonl` in it is the
truth, and `images/` has what is in the images that it names; `transcript.md` and
`proposals.md` are written from it for people, and may be removed at any time. Runs that a run
began lie in its folder (`child_runs.py`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from lsp_server.agent import transcript
from lsp_server.agent.journal import CHILDREN, JOURNAL_NAME, Journal, is_running, replay
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.agent.proposals_document import OF_ATTEMPTS, OF_PROPOSALS, render_proposals
from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.events import CandidatesJudged, Event, RunStarted
from lsp_server.domain.tasks import RunId, Task
from lsp_server.session.child_runs import run_folder
from lsp_server.session.image_store import IMAGES
from lsp_server.session.run_summary import RunSummary, summary_from_journal
from lsp_server.system.atomic_file import replace_file
from lsp_server.workspace.checkpoints.blobs import find_content_names
from lsp_server.workspace.commands.left_over_commands import FILE_NAME as LEFT_OVER

TRANSCRIPT = "transcript.md"
PROPOSALS = "proposals.md"


class RunStore:
    """The runs in `folder`, those of earlier and of other processes included. Blocking.

    >>> import tempfile
    >>> store = RunStore(Path(tempfile.mkdtemp()))
    >>> store.open(RunId("20260101-120000-000000")).close()
    >>> store.ids()
    ('20260101-120000-000000',)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ids(self) -> tuple[RunId, ...]:
        """Returns the ids of all runs that people began, newest first."""
        # An id begins with the time of its start, so that names sort by age.
        own = sorted(self.folder.glob(f"*/{JOURNAL_NAME}"), reverse=True)
        return tuple(RunId(journal.parent.name) for journal in own)

    def journals(self) -> list[Path]:
        """Returns the journals of all runs, those of children included, oldest first."""
        return sorted(
            [
                *self.folder.glob(f"*/{JOURNAL_NAME}"),
                *self.folder.glob(f"*/{CHILDREN}/**/{JOURNAL_NAME}"),
            ]
        )

    def journal(self, run_id: RunId) -> Path:
        """Returns the path of a run's journal, whether the file exists or not."""
        return self._file(run_id, JOURNAL_NAME)

    def open(self, run_id: RunId) -> Journal:
        """Opens the journal of a run for writing, or begins one.

        Raises JournalBusy, JournalDamaged, and ConfigurationError where nothing
        can be kept.
        """
        try:
            journal = Journal(self.journal(run_id))
        except OSError as error:
            raise self.refusal(error) from error
        # An empty journal is that of a run which is about to begin.
        if journal.past and not isinstance(journal.past[0].event, RunStarted):
            journal.close()
            raise JournalDamaged(f"run {run_id} does not begin with its task")
        return journal

    def refusal(self, error: OSError) -> ConfigurationError:
        """Returns the error that says that nothing can be kept here, and what helps."""
        return ConfigurationError(
            f"runs cannot be kept in {self.folder} ({error.strerror or error}); "
            "make room or access there, or set XDG_DATA_HOME to another folder"
        )

    def summary(self, run_id: RunId) -> RunSummary | None:
        """Reads the journal of a run for its summary; None when there is none or it is unreadable."""
        try:
            return self.read_summary(run_id)
        except JournalDamaged:
            return None

    def read_summary(self, run_id: RunId) -> RunSummary | None:
        """Reads the journal of a run for its summary; None when there is none, or nothing in it.

        Raises JournalDamaged, FormatTooNew, which say how to go on without it.
        """
        # A run id may come from outside: only its last part is taken as a folder's name.
        journal = self.journal(RunId(Path(run_id).name))
        try:
            # A run that was killed before its first Event has an empty one.
            return summary_from_journal(journal) if _size(journal) else None
        except JournalDamaged as error:
            where = f"name another run by its id, or move {journal.parent} away"
            raise type(error)(f"run {run_id} cannot be read: {error}; {where}") from error

    def events(self, run_id: RunId) -> Sequence[Event]:
        """Returns all that the journal of a run holds. Raises JournalDamaged, OSError."""
        return [recorded.event for recorded in replay(self.journal(run_id))]

    def write_transcript(self, run_id: RunId) -> Path:
        """Writes the transcript of a run anew and returns it. Raises JournalDamaged, OSError."""
        path = self._file(run_id, TRANSCRIPT)
        text = transcript.render(self.events(run_id))
        replace_file(path, text.encode(), private=True, durable=False)
        return path

    def append_transcript(self, run_id: RunId, text: str) -> None:
        """Adds the Markdown of an Event to the transcript of a run. Raises OSError."""
        if text:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            descriptor = os.open(self._file(run_id, TRANSCRIPT), flags, 0o600)
            with open(descriptor, "a", encoding="utf-8") as file:  # noqa: PTH123 - it has no path
                file.write(text)

    def proposals(self, run_id: RunId) -> Path | None:
        """Returns the document that compares what a run proposed; None when there is none."""
        path = self._file(run_id, PROPOSALS)
        return path if path.exists() else None

    def write_proposals(self, run_id: RunId, judged: CandidatesJudged, task: Task) -> None:
        """Writes the document that compares what a run proposed. Raises OSError."""
        words = OF_ATTEMPTS if task.attempts.count > 1 else OF_PROPOSALS
        text = render_proposals(judged, task.instruction, words)
        replace_file(self._file(run_id, PROPOSALS), text.encode(), private=True, durable=False)

    def remove_documents(self, run_id: RunId) -> None:
        """Removes what was written from the journal of a run, since the journal changed.

        So are images removed that it does not name any more.
        """
        for name in (TRANSCRIPT, PROPOSALS):
            self._file(run_id, name).unlink(missing_ok=True)
        journal = self.journal(run_id).read_bytes()
        for image in self._file(run_id, IMAGES).glob("*"):
            if image.name.encode() not in journal:
                image.unlink(missing_ok=True)

    def _file(self, run_id: RunId, name: str) -> Path:
        return run_folder(self.folder, run_id) / name


def left_over(runs: RunStore) -> Iterator[Path]:
    """Yields the files that name processes of runs which nobody works on any more. Blocking."""
    for path in runs.folder.rglob(LEFT_OVER):
        if not is_running(path.with_name(JOURNAL_NAME)):
            yield path


def contents_needed(runs: RunStore, days_max: float) -> frozenset[str]:
    """Returns the names of contents in all journals that were written in the last `days_max`.

    Undo needs them. A journal of any format is read, a newer one too. Raises OSError.
    """
    oldest = time.time() - days_max * 86_400
    names: set[str] = set()
    for journal in runs.journals():
        if journal.stat().st_mtime >= oldest:
            with journal.open("rb") as lines:
                names.update(name for line in lines for name in find_content_names(line))
    return frozenset(names)


def _size(path: Path) -> int:
    """Returns the size of a file in bytes, 1 where that cannot be seen, 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
    except OSError:
        return 1
