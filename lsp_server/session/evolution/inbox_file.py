"""An `InboxFile` keeps `.holdfast/inbox.md` as the inbox is, and what a person edited in it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from lsp_server.domain.edits import EditSet, FileEdit, minimal_edit
from lsp_server.domain.errors import EditRejected, ToolError
from lsp_server.domain.ids import Id
from lsp_server.domain.ports import Editor
from lsp_server.evolution.inbox_document import inbox_sections, updated_inbox
from lsp_server.evolution.inbox_groups import grouped
from lsp_server.evolution.suggestion import Suggestion
from lsp_server.session.evolution.evidence_links import EvidenceLinks
from lsp_server.workspace.files.disk import FileMissing

WRITE_ATTEMPTS_MAX = 3

_log = logging.getLogger(__name__)


class InboxFile:
    """An `InboxFile` is the document at `path`, read and written through the `editor`; `links` show its evidence."""

    def __init__(self, path: Path, editor: Editor, links: EvidenceLinks) -> None:
        self.path = path
        self._editor = editor
        self._links = links

    async def text_of(self, suggestion_id: Id) -> str | None:
        """Returns the text of a suggestion as it stands in the document; None where it has no section.

        It is empty where nothing is left of it, or where the marks around it are broken.
        """
        try:
            document = await self._editor.read(self.path)
        except ToolError:
            return None
        sections = inbox_sections(document.text)
        return next((one.text for one in sections if one.id == suggestion_id), None)

    async def show(self, suggestions: Sequence[Suggestion]) -> None:
        """Brings the document up to the suggestions that wait; without any it goes.

        Sections that a person edited stay as they are. Where it cannot be written, the inbox
        itself has everything.
        """
        for _ in range(WRITE_ATTEMPTS_MAX):
            try:
                await self._write(suggestions)
                return
            except EditRejected:
                continue  # The person typed meanwhile.
            except ToolError as error:
                _log.info("the inbox document is not brought up to date: %s", error)
                return

    async def _write(self, suggestions: Sequence[Suggestion]) -> None:
        try:
            document = await self._editor.read(self.path)
            base, before = document.version, document.text
        except FileMissing:
            base, before = None, ""
        if base is None and not suggestions:
            return
        if not suggestions:
            edit = FileEdit(self.path, base, (), deletes=True)
        else:
            # Evidence is looked up in journals, which may be long.
            after = await asyncio.to_thread(
                updated_inbox, before, grouped(suggestions), self._links.of
            )
            changes = minimal_edit(before, after)
            if not changes:
                return
            edit = FileEdit(self.path, base, changes)
        await self._editor.apply(EditSet((edit,), "Holdfast's inbox"))
