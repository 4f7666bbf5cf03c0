"""This module has the Editor seam over an editor's buffers and requests.

Open buffers are edited by the editor itself, against the version that was read; all
other files on disk. An editor that cannot be asked to edit gets the disk version of a
saved buffer, and an unsaved one is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from lsprotocol import types
from pydantic import ValidationError

from lsp_server.domain.edits import Document, EditSet, FileEdit, fingerprint, invert
from lsp_server.domain.errors import EditRejected, StaleEdit
from lsp_server.domain.goals import GOALS_FILE, Finding
from lsp_server.domain.permissions import Answered, Question
from lsp_server.server import from_lsp, to_lsp
from lsp_server.server.buffer_edits import BufferEdit, apply_edit_params
from lsp_server.server.client import Client
from lsp_server.server.conversations.conversation_file import is_conversation
from lsp_server.server.documents import OpenDocuments
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.params.base import WireDiagnostic
from lsp_server.server.params.method_params import (
    DiagnosticsReply,
    DiagnosticsRequest,
    SavedDocument,
    SaveRequest,
)
from lsp_server.server.protocol import SOURCE, Method
from lsp_server.server.questions import box_titles, question_text
from lsp_server.workspace.files.disk_editor import DiskEditor

CHANGE_SECONDS = 5.0
"""How long after `workspace/applyEdit` the change may take to come back."""

TYPED_SECONDS = 0.5
"""How long after a refusal a change may come that explains it."""


class LspEditor:
    """An `LspEditor` is the editor as the session of one folder sees it.

    `change_seconds` is how long an applied edit may take to come back as a change.
    """

    def __init__(
        self,
        client: Client,
        open_documents: OpenDocuments,
        folders: Folders,
        folder: Folder,
        change_seconds: float = CHANGE_SECONDS,
    ) -> None:
        self._change_seconds = change_seconds
        self._client = client
        self._open = open_documents
        self._folders = folders
        self._folder = folder
        self._disk = DiskEditor(folder.documents)
        if client.can.save:
            folder.documents.saves = self.save

    async def read(self, path: Path) -> Document:
        """Reads a file, its buffer first. Raises ToolError: missing, binary, too large."""
        return await self._disk.read(path)

    async def apply(self, edits: EditSet) -> None:
        """Makes all of the edits or none, each against its base. Raises EditRejected.

        Buffers go first, since only a person's typing can refuse; when the disk refuses
        after that, they are changed back.
        """
        await self._folder.documents.check(edit.path for edit in edits.files)
        in_buffers, on_disk = self._sort(edits)
        if in_buffers:
            await self._apply_to_buffers(in_buffers, edits.reason)
            for item in in_buffers:
                # No command reads these, so they are left for the person to save.
                if not item.edit.deletes and not self._is_written_by_people(item.edit.path):
                    after = item.edit.result(item.text)
                    await self._folder.documents.add_draft(item.edit.path, item.text, after)
        if on_disk:
            try:
                await self._disk.apply(EditSet(on_disk, edits.reason))
            except EditRejected:
                await self._restore(in_buffers)
                raise
        for edit in on_disk:
            if edit.base is None and not edit.deletes:
                self._open.make_anew(edit.path, edit.result(""))

    async def save(self, texts: Mapping[Path, str]) -> None:
        """Has the editor save the buffers that still have these texts."""
        documents = (self._open.at(path) for path in texts)
        asked = tuple(
            SavedDocument(uri=document.uri, version=document.version)
            for document in documents
            if document is not None and document.text == texts.get(document.path or Path())
        )
        if asked:
            await self._client.ask(Method.SAVE, SaveRequest(documents=asked).wire())

    async def confirm(self, question: Question) -> Answered | None:
        """Asks a person; returns None when it was dismissed or nobody can be asked here."""
        if self._client.can.waiting_questions:
            return None  # `QuestionsView` shows it.
        offered = box_titles(question)
        name = self._folders.name_among_several(self._folder.root)
        opens_changes = self._client.can.questions
        text = question_text(question, self._folder, name=name, opens_changes=opens_changes)
        title = await self._client.choose(text, list(offered))
        if title is None and not self._client.asks:
            how = "answer with a code action in any file of the folder"
            self._client.show("warning", f"waits for permission: {question.summary}; {how}")
        return Answered(offered[title]) if title is not None else None

    async def diagnostics(self, path: Path | None) -> Sequence[Finding] | None:
        """Returns the editor's diagnostics of a file, or of all; None if they are not known.

        An editor that cannot be asked names some with each code action.
        """
        if self._client.can.diagnostics:
            return await self._ask_for_diagnostics(path)
        seen = [
            (document.path, document.seen)
            for document in self._open.below(self._folder.root)
            if document.path and document.seen is not None and path in (None, document.path)
        ]
        if not seen:
            return None
        return [
            self._finding(where, diagnostic)
            for where, diagnostics in seen
            for diagnostic in diagnostics
        ]

    def _sort(self, edits: EditSet) -> tuple[list[BufferEdit], tuple[FileEdit, ...]]:
        """The edits for the editor and those for the disk. Raises EditRejected for a stale one."""
        in_buffers: list[BufferEdit] = []
        on_disk: list[FileEdit] = []
        for edit in edits.files:
            document = self._open.at(edit.path)
            if document is None or not self._is_editable(edit):
                on_disk.append(edit)
                continue
            if edit.base is None and not edit.deletes:
                raise EditRejected(f"{edit.path.name} is open in the editor; read and edit that")
            edit.result(document.text)  # Raises where the buffer is not what was read.
            in_buffers.append(BufferEdit(document, edit, document.version, document.text))
        return in_buffers, tuple(on_disk)

    def _is_written_by_people(self, path: Path) -> bool:
        return path == self._folder.root / GOALS_FILE or is_conversation(path)

    def _is_editable(self, edit: FileEdit) -> bool:
        can = self._client.can
        return can.apply_edit and (not edit.deletes or can.delete_files)

    async def _apply_to_buffers(self, edits: list[BufferEdit], reason: str) -> None:
        refusal = await self._client.apply(apply_edit_params(edits, reason, self._client.can))
        # Some editors refuse, or do not answer in time, and have made the edit all the same.
        if refusal is not None and not all(item.is_applied for item in edits):
            if await self._were_typed_into(edits):
                raise StaleEdit(f"{_names(edits)} changed since it was read; read it again")
            raise EditRejected(f"{_names(edits)} was not changed: {refusal}; read it again")
        for item in edits:
            if item.is_applied:
                continue
            try:
                await self._open.wait_for_change(item.document, item.version, self._change_seconds)
            except TimeoutError as error:
                raise EditRejected(
                    f"the editor reported no change of {item.edit.path.name}; read it again"
                ) from error
        for item in edits:
            if item.edit.deletes:
                self._open.delete(item.document)

    async def _were_typed_into(self, edits: list[BufferEdit]) -> bool:
        """Says whether typing is why an edit was refused, which may come before the change."""
        for item in edits:
            if not item.is_applied:
                with suppress(TimeoutError):
                    await self._open.wait_for_change(item.document, item.version, TYPED_SECONDS)
                    return True
        return False

    async def _restore(self, edits: list[BufferEdit]) -> None:
        """Takes edits of buffers back where nobody has typed since."""
        undone = [
            BufferEdit(
                item.document,
                FileEdit(
                    item.edit.path,
                    fingerprint(item.document.text),
                    invert(item.text, item.edit.edits),
                ),
                item.document.version,
                item.document.text,
            )
            for item in edits
            if not item.edit.deletes and item.is_applied
        ]
        if undone:
            reason = "Holdfast takes an edit back"
            await self._client.apply(apply_edit_params(undone, reason, self._client.can))

    async def _ask_for_diagnostics(self, path: Path | None) -> list[Finding] | None:
        uri = to_lsp.uri(path) if path is not None else None
        answer = await self._client.ask(Method.DIAGNOSTICS, DiagnosticsRequest(uri=uri).wire())
        try:
            reply = DiagnosticsReply.model_validate(answer)
        except ValidationError:
            return None
        return [
            self._finding(where, diagnostic)
            for item in reply.items
            if (where := from_lsp.path(item.uri)) is not None
            for diagnostic in item.diagnostics
            if diagnostic.source != SOURCE
        ]

    def _finding(self, path: Path, diagnostic: types.Diagnostic | WireDiagnostic) -> Finding:
        return from_lsp.finding(
            self._folder.relative(path),
            diagnostic.range.start.line,
            diagnostic.message,
            diagnostic.severity,
            diagnostic.source,
        )


def _names(edits: list[BufferEdit]) -> str:
    return ", ".join(item.edit.path.name for item in edits)
