"""What was last shown of each condition, across restarts and processes.

One file in the person's data folder, replaced as a whole, so that a process
that is killed leaves the old state or the new one. Its revision counts the
writes; a writer reads what others wrote before it adds its own.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from lsp_server.domain.errors import ToolError
from lsp_server.domain.goals import ConditionReport, Evidence
from lsp_server.system.private_folder import make_private
from lsp_server.workspace.disk import write_bytes

CONDITIONS_MAX = 10_000
"""The oldest beyond that are forgotten, and checked anew if they are still there."""
TAIL_CHARS_MAX = 600
FINDINGS_MAX = 10


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """The last verdict on a condition and the tree that it is about."""

    report: ConditionReport
    tree: str


@dataclass(frozen=True, slots=True)
class _StoredVerdicts:
    revision: int = 0
    standings: dict[str, StoredVerdict] = field(default_factory=dict)


_STORED: TypeAdapter[_StoredVerdicts] = TypeAdapter(_StoredVerdicts)


class VerdictStore:
    """Standings by condition id. `record` blocks; call it in a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._signature: tuple[int, int, int] | None = None
        self._book = _StoredVerdicts()

    @property
    def revision(self) -> int:
        """Moves with every write, of this process or another."""
        return self._read().revision

    def standings(self) -> Mapping[str, StoredVerdict]:
        """All that is known now; a look at the file's status, and at it when it moved."""
        return self._read().standings

    def record(self, reports: Mapping[str, ConditionReport], tree: str) -> None:
        """Keeps these verdicts. Raises OSError when that is for this process only."""
        try:
            make_private(self._path.parent)
            with self._locked():
                new = self._after(reports, tree)
                write_bytes(self._path, _STORED.dump_json(new))
                self._signature, self._book = self._status(), new
        except (OSError, ToolError) as error:
            self._book = self._after(reports, tree)
            raise OSError(str(error)) from error

    def _after(self, reports: Mapping[str, ConditionReport], tree: str) -> _StoredVerdicts:
        book = self._read()
        standings = {k: v for k, v in book.standings.items() if k not in reports}
        standings |= {name: StoredVerdict(_short(r), tree) for name, r in reports.items()}
        for name in list(standings)[: max(0, len(standings) - CONDITIONS_MAX)]:
            del standings[name]
        return _StoredVerdicts(book.revision + 1, standings)

    def _read(self) -> _StoredVerdicts:
        signature = self._status()
        if signature != self._signature:
            self._signature, self._book = signature, _StoredVerdicts()
            # Damaged is as good as missing: everything is checked anew.
            with suppress(OSError, ValidationError):
                self._book = _STORED.validate_json(self._path.read_bytes())
        return self._book

    def _status(self) -> tuple[int, int, int] | None:
        try:
            state = self._path.stat()
        except OSError:
            return None
        return state.st_mtime_ns, state.st_size, state.st_ino

    @contextmanager
    def _locked(self) -> Iterator[None]:
        file = os.open(
            self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)


def _short(report: ConditionReport) -> ConditionReport:
    """Without the bulk of its evidence, which the run's journal has."""
    shown = tuple(
        replace(
            evidence,
            output_tail=evidence.output_tail[-TAIL_CHARS_MAX:],
            findings=evidence.findings[:FINDINGS_MAX],
        )
        for evidence in report.evidence
    )
    return replace(report, evidence=shown)


def seconds_of(evidence: tuple[Evidence, ...]) -> float:
    """How long it took to show this."""
    return sum(shown.seconds for shown in evidence)
