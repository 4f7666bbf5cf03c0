"""This module gives the texts of files before and after a run changed them, for those that show it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from lsp_server.domain.events import FileChanged
from lsp_server.redaction.redactor import Redactor
from lsp_server.workspace.files.encoding import decode

SHOWN_BYTES_MAX = 1_000_000
"""A larger text is not shown whole."""


@dataclass(frozen=True, slots=True)
class ChangedText:
    """A `ChangedText` is a file before and after a change, without secrets; None: there was no file."""

    path: str
    before: str | None
    after: str | None


class ChangedTexts:
    """`ChangedTexts` finds what a change was about in what is kept for undo.

    `content` returns what is kept under a name, or None; it may block.
    """

    def __init__(self, content: Callable[[str], bytes | None], redactor: Redactor) -> None:
        self._content = content
        self._redactor = redactor

    async def of(self, change: FileChanged) -> ChangedText | None:
        """Returns the texts of a change; None for a folder and for what is no text or not kept."""
        return None if change.is_folder else await asyncio.to_thread(self._of, change)

    def _of(self, change: FileChanged) -> ChangedText | None:
        texts: list[str | None] = []
        for name in (change.before, change.after):
            if name is None:
                texts.append(None)
                continue
            data = self._content(name)
            decoded = decode(data) if data is not None and len(data) <= SHOWN_BYTES_MAX else None
            if decoded is None:
                return None
            texts.append(self._redactor.of_file(change.path, decoded[0]))
        return ChangedText(change.path, *texts)
