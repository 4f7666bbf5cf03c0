"""`EvidenceLinks` leads from the evidence of a suggestion to the place in a run's transcript."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from lsp_server.agent.journal import replay
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.agent.transcript import Transcript
from lsp_server.domain.events import RecordedEvent, ToolCalled
from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import RunId
from lsp_server.session.run_store import TRANSCRIPT, RunStore


class EvidenceLinks:
    """An `EvidenceLinks` knows where the evidence of suggestions stands in the transcripts of `store`."""

    def __init__(self, store: RunStore) -> None:
        self._store = store

    def of(self, evidence: Iterable[Id]) -> Mapping[Id, str]:
        """Returns the addresses of evidence, with the line; what cannot be read has none. Blocking.

        A transcript that is not there is written.
        """
        of_run: dict[str, list[Id]] = {}
        for one in evidence:
            of_run.setdefault(one.partition("/")[0], []).append(one)
        found: dict[Id, str] = {}
        for run_id, wanted in of_run.items():
            with suppress(OSError, JournalDamaged):
                found |= self._in_run(RunId(run_id), wanted)
        return found

    def _in_run(self, run_id: RunId, wanted: Iterable[Id]) -> Mapping[Id, str]:
        journal = self._store.journal(run_id)
        transcript = journal.with_name(TRANSCRIPT)
        lines = _lines(replay(journal))
        if not transcript.exists():
            self._store.write_transcript(run_id)
        uri = transcript.absolute().as_uri()
        return {one: f"{uri}#L{lines.get(one.partition('/')[2], 1)}" for one in wanted}


def _lines(events: Iterable[RecordedEvent]) -> Mapping[str, int]:
    """The lines on which calls, and what people said, stand in a transcript, counted from 1."""
    lines: dict[str, int] = {}
    line = 1
    page = Transcript()
    for recorded in events:
        text = page.add(recorded.event)
        blank = len(text) - len(text.lstrip("\n"))
        name = recorded.event.call.id if isinstance(recorded.event, ToolCalled) else ""
        lines.setdefault(name or f"said-{recorded.seq}", line + blank)
        line += text.count("\n")
    return lines
