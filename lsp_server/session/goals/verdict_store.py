"""This module keeps what was last shown of each condition, across restarts and processes.

One file in the person's data folder is replaced as a whole, so that a process
that is killed leaves the old state or the new one. Its revision counts the
writes; a writer reads what others wrote before it adds its own.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from lsp_server.domain.goals import ConditionReport, Evidence
from lsp_server.system.atomic_file import replace_file
from lsp_server.system.private_folder import make_private
from lsp_server.system.process_lock import ProcessLock

CONDITIONS_MAX = 10_000
"""The oldest beyond that are forgotten, and checked anew if they are still there."""
TAIL_CHARS_MAX = 600
FINDINGS_MAX = 10
LOCK_SECONDS_MAX = 10.0
"""How long one process waits for another to write; that takes milliseconds."""


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """A `StoredVerdict` is the last verdict on a condition; `tree` is the hash of its files."""

    report: ConditionReport
    tree: str


@dataclass(frozen=True, slots=True)
class _Stored:
    revision: int = 0
    verdicts: Annotated[dict[str, StoredVerdict], Field(alias="standings")] = field(
        default_factory=dict
    )


@functools.cache
def _format() -> TypeAdapter[_Stored]:
    # It takes a while to make, and most runs have no goal.
    return TypeAdapter(_Stored)


class VerdictStore:
    """A `VerdictStore` keeps verdicts by condition id, in the file `path`.

    `record` blocks; call it in a thread.

    >>> import tempfile
    >>> from lsp_server.domain.goals import Condition
    >>> path = Path(tempfile.mkdtemp()) / "goals.json"
    >>> report = ConditionReport(Condition("c1", "tests pass"), "met")
    >>> VerdictStore(path).record({"c1": report}, tree="4f2a")
    >>> known = VerdictStore(path).verdicts()["c1"]
    >>> known.report.verdict, known.tree
    ('met', '4f2a')
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._signature: tuple[int, int, int] | None = None
        self._stored = _Stored()

    @property
    def revision(self) -> int:
        """Grows with every write, of this process or another."""
        return self._read().revision

    def verdicts(self) -> Mapping[str, StoredVerdict]:
        """Returns all that is known now. The file is read only when its status changed."""
        return self._read().verdicts

    def record(self, reports: Mapping[str, ConditionReport], tree: str) -> None:
        """Keeps reports by condition id, each about the tree with this hash.

        Raises OSError when they could be kept for this process only.
        """
        try:
            make_private(self._path.parent)
            # A lock of its own for each call, since one object would let two threads in.
            lock = ProcessLock(self._path.with_suffix(".lock"))
            with lock.waiting(LOCK_SECONDS_MAX):
                new = self._after(reports, tree)
                replace_file(self._path, _format().dump_json(new, by_alias=True), private=True)
                self._signature, self._stored = self._status(), new
        except OSError:
            self._stored = self._after(reports, tree)
            raise

    def _after(self, reports: Mapping[str, ConditionReport], tree: str) -> _Stored:
        before = self._read()
        # What is recorded again moves to the end, as the oldest are forgotten first.
        verdicts = {k: v for k, v in before.verdicts.items() if k not in reports}
        verdicts |= {name: StoredVerdict(_without_bulk(r), tree) for name, r in reports.items()}
        for name in list(verdicts)[: max(0, len(verdicts) - CONDITIONS_MAX)]:
            del verdicts[name]
        return _Stored(before.revision + 1, verdicts)

    def _read(self) -> _Stored:
        signature = self._status()
        if signature != self._signature:
            self._signature, self._stored = signature, _Stored()
            # Damaged is as good as missing: everything is checked anew.
            with suppress(OSError, ValidationError):
                data = self._path.read_bytes()
                self._stored = _format().validate_json(data)
        return self._stored

    def _status(self) -> tuple[int, int, int] | None:
        try:
            state = self._path.stat()
        except OSError:
            return None
        return state.st_mtime_ns, state.st_size, state.st_ino


def seconds_of(evidence: tuple[Evidence, ...]) -> float:
    """Adds up the seconds that it took to show this."""
    return sum(shown.seconds for shown in evidence)


def _without_bulk(report: ConditionReport) -> ConditionReport:
    """Cuts the evidence; the journal of the run has all of it."""
    shown = tuple(
        replace(
            evidence,
            output_tail=evidence.output_tail[-TAIL_CHARS_MAX:],
            findings=evidence.findings[:FINDINGS_MAX],
        )
        for evidence in report.evidence
    )
    return replace(report, evidence=shown)
