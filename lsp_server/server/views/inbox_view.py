"""This module shows the inbox in its document: what can be answered on each heading."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lsprotocol import types

from lsp_server.evolution.inbox_document import inbox_sections
from lsp_server.server import to_lsp
from lsp_server.server.protocol import CommandName
from lsp_server.session.evolution import Evolution

ACCEPT, REJECT = "Holdfast: Accept", "Holdfast: Reject"


def lenses(evolution: Evolution, path: Path, text: str) -> Iterator[types.CodeLens]:
    """Yields the answers above each suggestion that waits, where the document is the inbox."""
    for line, command in _answers(evolution, path, text):
        yield types.CodeLens(range=to_lsp.whole_line(line), command=command)


def commands_at(
    evolution: Evolution, path: Path, text: str, first: int, last: int
) -> Iterator[types.Command]:
    """Yields the answers to the suggestion whose section these lines touch."""
    found = list(_answers(evolution, path, text))
    begun = [line for line, _ in found if line <= last]
    for line, command in found:
        if first <= line <= last or line == max(begun, default=-1):
            yield command


def _answers(evolution: Evolution, path: Path, text: str) -> Iterator[tuple[int, types.Command]]:
    if path != evolution.file.path:
        return
    waiting = {one.id for one in evolution.waiting}
    for section in inbox_sections(text):
        if section.id in waiting:
            arguments = [{"id": section.id}]
            yield (
                section.line,
                types.Command(ACCEPT, CommandName.EVOLVE_ACCEPT, arguments=arguments),
            )
            yield (
                section.line,
                types.Command(REJECT, CommandName.EVOLVE_REJECT, arguments=arguments),
            )
