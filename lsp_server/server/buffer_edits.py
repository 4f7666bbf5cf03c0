"""This module writes edits of open buffers as `workspace/applyEdit` takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lsprotocol import types

from lsp_server.domain.edits import FileEdit
from lsp_server.server import to_lsp
from lsp_server.server.capabilities import Capabilities
from lsp_server.server.documents import OpenDocument

ANNOTATION = "holdfast"


@dataclass(frozen=True, slots=True)
class BufferEdit:
    """A `BufferEdit` is an edit of an open buffer, and the version and text it was made for."""

    document: OpenDocument
    edit: FileEdit
    version: int
    text: str

    @property
    def is_applied(self) -> bool:
        """Says whether the buffer has the edit already."""
        if self.edit.deletes:
            return not self.edit.path.exists()
        return self.document.text == self.edit.result(self.text)


def apply_edit_params(
    edits: Sequence[BufferEdit], reason: str, can: Capabilities
) -> types.ApplyWorkspaceEditParams:
    """Returns the parameters for edits that are made together; `reason` is for the person."""
    metadata = types.WorkspaceEditMetadata(is_refactoring=True)
    return types.ApplyWorkspaceEditParams(
        edit=_workspace_edit(edits, reason, can),
        label=f"Holdfast: {reason}" if reason else "Holdfast",
        metadata=metadata if can.refactoring_metadata else None,
    )


def _workspace_edit(
    edits: Sequence[BufferEdit], reason: str, can: Capabilities
) -> types.WorkspaceEdit:
    if not can.document_changes:
        return types.WorkspaceEdit(
            changes={
                item.document.uri: to_lsp.text_edits(item.text, item.edit.edits, can.encoding)
                for item in edits
            }
        )
    edit = types.WorkspaceEdit(document_changes=[_change(item, can) for item in edits])
    if can.change_annotations:
        annotation = types.ChangeAnnotation(label=reason or "Holdfast")
        edit.change_annotations = {ANNOTATION: annotation}
    return edit


def _change(item: BufferEdit, can: Capabilities) -> types.TextDocumentEdit | types.DeleteFile:
    if item.edit.deletes:
        annotation = ANNOTATION if can.change_annotations else None
        return types.DeleteFile(uri=item.document.uri, annotation_id=annotation)
    plain = to_lsp.text_edits(item.text, item.edit.edits, can.encoding)
    return types.TextDocumentEdit(
        text_document=types.OptionalVersionedTextDocumentIdentifier(
            uri=item.document.uri, version=item.version
        ),
        edits=[
            types.AnnotatedTextEdit(ANNOTATION, edit.range, edit.new_text)
            if can.change_annotations
            else edit
            for edit in plain
        ],
    )
