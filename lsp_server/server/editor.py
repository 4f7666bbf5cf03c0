"""LspEditor: the Editor seam over the editor's buffers and requests.

Open buffers are edited by the editor itself, against the version that was read;
all other files on disk. An editor that cannot be told to edit gets the disk
version of a saved buffer, and an unsaved one is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types
from pydantic import ValidationError

from lsp_server.domain.edits import Document, EditSet, FileEdit, fingerprint, invert
from lsp_server.domain.errors import EditRejected, StaleEdit
from lsp_server.domain.goals import GOALS_FILE, Finding
from lsp_server.domain.permissions import Answer, Question, visible
from lsp_server.server import from_lsp, to_lsp
from lsp_server.server.client import Client
from lsp_server.server.documents import OpenDocument, OpenDocuments
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.params import DiagnosticsReply, DiagnosticsRequest, WireDiagnostic
from lsp_server.server.protocol import SOURCE
from lsp_server.workspace.disk_editor import DiskEditor

CHANGE_SECONDS = 5.0
"""How long after `workspace/applyEdit` the change may take to come back."""

TYPED_SECONDS = 0.5
"""How long after a refusal a change may come that explains it."""

DETAIL_CHARS_MAX = 600
"""What of an operation a message box shows; the diagnostic has more."""

ANNOTATION = "holdfast"

ANSWERS: Mapping[Answer, str] = {
    "once": "Approve once",
    "always": "Always",
    "deny": "Deny",
}
"""Titles are compared as text, as some clients send nothing else back."""


@dataclass(frozen=True, slots=True)
class _Buffered:
    """An edit of an open buffer and the state that it was made for."""

    document: OpenDocument
    edit: FileEdit
    version: int
    text: str


class LspEditor:
    """The editor as the session of one folder sees it."""

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

    async def read(self, path: Path) -> Document:
        """Raises ToolError: missing, binary, too large."""
        return await self._disk.read(path)

    async def apply(self, edits: EditSet) -> None:
        """All of the edits or none, each against its base. Raises EditRejected.

        Buffers go first, since only a person's typing can refuse; when the disk
        refuses after that, they are changed back.
        """
        buffered, on_disk = self._sorted(edits)
        if buffered:
            await self._apply_to_buffers(buffered, edits.reason)
            for item in buffered:
                # No command reads the goals file, so it is left for the person to save.
                if not item.edit.deletes and item.edit.path != self._folder.root / GOALS_FILE:
                    after = item.edit.result(item.text)
                    await self._folder.documents.add_draft(item.edit.path, item.text, after)
        if on_disk:
            try:
                await self._disk.apply(EditSet(on_disk, edits.reason))
            except EditRejected:
                await self._restore(buffered)
                raise

    async def confirm(self, question: Question) -> Answer | None:
        """A person's answer; None when it was dismissed or nobody can be asked here."""
        offered = {
            title: answer
            for answer, title in ANSWERS.items()
            if answer != "always" or question.rule is not None
        }
        title = await self._client.choose(self._words(question), list(offered))
        if title is None and not self._client.asks:
            how = "answer with a code action in any file of the folder"
            self._client.show("warning", f"waits for permission: {question.summary}; {how}")
        return offered.get(title) if title is not None else None

    async def diagnostics(self, path: Path | None) -> Sequence[Finding] | None:
        """What the editor shows, or what it told us with a code action; None: unknown."""
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

    def _words(self, question: Question) -> str:
        """Who asks where for what; the operation itself where it is not seen anyway."""
        asker = self._asker(question)
        name = self._folders.display_names(self._folder.root)
        where = f" in {name}" if name else ""
        lines = [f"“{asker}” asks{where}: {question.summary}" if asker else question.summary]
        if not self._is_seen(question):
            cut = len(question.detail) > DETAIL_CHARS_MAX
            lines.append(f"{question.detail[:DETAIL_CHARS_MAX]}…" if cut else question.detail)
        if question.rule is not None:
            lines.append(f"(Always, in all your projects: {question.rule})")
        return visible("\n".join(lines))

    def _asker(self, question: Question) -> str | None:
        """The title of the run that asks; None outside of runs."""
        session = self._folder.session
        if session is None:
            return None
        askers = {asked.question.id: asked.run_id for asked in session.permissions.pending()}
        titles = {run.run_id: run.title for run in session.runs.active()}
        run_id = askers.get(question.id)
        return titles.get(run_id) if run_id is not None else None

    def _is_seen(self, question: Question) -> bool:
        """Whether the summary says it all, or the client opens what would be done to a file."""
        shows = self._client.can.questions and question.path is not None
        return question.detail in question.summary or (shows and "\n" in question.detail)

    def _sorted(self, edits: EditSet) -> tuple[list[_Buffered], tuple[FileEdit, ...]]:
        """Those for the editor, those for the disk. Raises EditRejected for a stale one."""
        buffered: list[_Buffered] = []
        on_disk: list[FileEdit] = []
        for edit in edits.files:
            document = self._open.at(edit.path)
            if document is None or not self._editable(edit):
                on_disk.append(edit)
                continue
            if edit.base is None and not edit.deletes:
                raise EditRejected(f"{edit.path.name} is open in the editor; read and edit that")
            edit.result(document.text)
            buffered.append(_Buffered(document, edit, document.version, document.text))
        return buffered, tuple(on_disk)

    def _editable(self, edit: FileEdit) -> bool:
        can = self._client.can
        return can.apply_edit and (not edit.deletes or can.delete_files)

    async def _apply_to_buffers(self, buffered: list[_Buffered], reason: str) -> None:
        refusal = await self._client.apply(self._params(buffered, reason))
        if refusal is not None and not all(_holds(item) for item in buffered):
            if await self._were_typed_into(buffered):
                raise StaleEdit(f"{_names(buffered)} changed since it was read; read it again")
            raise EditRejected(f"{_names(buffered)} was not changed: {refusal}; read it again")
        for item in buffered:
            if _holds(item):
                continue
            try:
                await self._open.moved(item.document, item.version, self._change_seconds)
            except TimeoutError as error:
                raise EditRejected(
                    f"the editor reported no change of {item.edit.path.name}; read it again"
                ) from error

    async def _were_typed_into(self, buffered: list[_Buffered]) -> bool:
        """Whether that is why an edit was refused, which may be heard before the change."""
        for item in buffered:
            if not _holds(item):
                with suppress(TimeoutError):
                    await self._open.moved(item.document, item.version, TYPED_SECONDS)
                    return True
        return False

    async def _restore(self, buffered: list[_Buffered]) -> None:
        """Takes edits of buffers back where nobody has typed since."""
        undone = [
            _Buffered(
                item.document,
                FileEdit(
                    item.edit.path,
                    fingerprint(item.document.text),
                    invert(item.text, item.edit.edits),
                ),
                item.document.version,
                item.document.text,
            )
            for item in buffered
            if not item.edit.deletes and _holds(item)
        ]
        if undone:
            await self._client.apply(self._params(undone, "Holdfast takes an edit back"))

    def _params(self, buffered: list[_Buffered], reason: str) -> types.ApplyWorkspaceEditParams:
        can = self._client.can
        metadata = types.WorkspaceEditMetadata(is_refactoring=True)
        return types.ApplyWorkspaceEditParams(
            edit=self._workspace_edit(buffered, reason),
            label=f"Holdfast: {reason}" if reason else "Holdfast",
            metadata=metadata if can.refactoring_metadata else None,
        )

    def _workspace_edit(self, buffered: list[_Buffered], reason: str) -> types.WorkspaceEdit:
        can = self._client.can
        if not can.document_changes:
            return types.WorkspaceEdit(
                changes={
                    item.document.uri: to_lsp.text_edits(item.text, item.edit.edits, can.encoding)
                    for item in buffered
                }
            )
        edit = types.WorkspaceEdit(document_changes=[self._change(item) for item in buffered])
        if can.change_annotations:
            annotation = types.ChangeAnnotation(label=reason or "Holdfast")
            edit.change_annotations = {ANNOTATION: annotation}
        return edit

    def _change(self, item: _Buffered) -> types.TextDocumentEdit | types.DeleteFile:
        annotated = self._client.can.change_annotations
        if item.edit.deletes:
            annotation = ANNOTATION if annotated else None
            return types.DeleteFile(uri=item.document.uri, annotation_id=annotation)
        plain = to_lsp.text_edits(item.text, item.edit.edits, self._client.can.encoding)
        return types.TextDocumentEdit(
            text_document=types.OptionalVersionedTextDocumentIdentifier(
                uri=item.document.uri, version=item.version
            ),
            edits=[
                types.AnnotatedTextEdit(ANNOTATION, edit.range, edit.new_text)
                if annotated
                else edit
                for edit in plain
            ],
        )

    async def _ask_for_diagnostics(self, path: Path | None) -> list[Finding] | None:
        uri = to_lsp.uri(path) if path is not None else None
        answer = await self._client.diagnostics(DiagnosticsRequest(uri=uri).wire())
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


def _holds(item: _Buffered) -> bool:
    """Whether the buffer has the edit already."""
    if item.edit.deletes:
        return not item.edit.path.exists()
    return item.document.text == item.edit.result(item.text)


def _names(buffered: list[_Buffered]) -> str:
    return ", ".join(item.edit.path.name for item in buffered)
