"""This module shows the findings of the last review as diagnostics, where their lines are now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lsprotocol import types

from lsp_server.server import to_lsp
from lsp_server.server.folders import Folder
from lsp_server.server.protocol import SOURCE, DiagnosticCode
from lsp_server.session.code_review.findings import ReviewFinding, Severity
from lsp_server.text.excerpt import split_lines

_SEVERITIES: Mapping[Severity, types.DiagnosticSeverity] = {
    # It is what a model says, and nothing that was seen to fail.
    "error": types.DiagnosticSeverity.Warning,
    "warning": types.DiagnosticSeverity.Warning,
    "information": types.DiagnosticSeverity.Information,
}


def diagnostics(
    folder: Folder, findings: Mapping[str, Sequence[ReviewFinding]]
) -> Iterator[tuple[Path, types.Diagnostic]]:
    """Yields a diagnostic, with its file, for each finding whose line is still there."""
    buffers = folder.documents.buffers() if findings else {}
    for name, found in findings.items():
        path = folder.root / name
        lines = split_lines(buffers[path]) if path in buffers else None
        for finding in found:
            if (line := _line(finding, lines)) is not None:
                yield path, _diagnostic(finding, line)


def _line(finding: ReviewFinding, lines: Sequence[str] | None) -> int | None:
    """The line, from 0, that has what was quoted; None where nothing has it any more."""
    wanted, was = finding.quote.lstrip("+- "), finding.line - 1
    if lines is None:
        return was
    here = [number for number, line in enumerate(lines) if wanted in line]
    return min(here, key=lambda number: abs(number - was), default=None)


def _diagnostic(finding: ReviewFinding, line: int) -> types.Diagnostic:
    return types.Diagnostic(
        range=to_lsp.whole_line(line),
        message=finding.text,
        severity=_SEVERITIES[finding.severity],
        code=DiagnosticCode.REVIEW_FINDING.value,
        source=SOURCE,
    )
