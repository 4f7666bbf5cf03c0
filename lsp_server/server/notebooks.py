"""This module knows what the cells of open notebooks hold, so that nobody works beside them.

Notebooks are read and edited as files. While the editor holds cells that are not saved,
the file is not what a person sees, and it is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types

from lsp_server.server import from_lsp
from lsp_server.server.client import Client
from lsp_server.server.documents import OpenDocument
from lsp_server.server.folders import Folder, Folders

SYNC = types.NotebookDocumentSyncOptions([types.NotebookDocumentFilterWithNotebook("*")])
"""All notebooks with all of their cells."""


@dataclass(eq=False, slots=True)
class OpenNotebook:
    """An `OpenNotebook` is a notebook file as the editor has it: its cells' URIs and texts."""

    path: Path
    order: list[str]
    cells: dict[str, OpenDocument]

    @property
    def texts(self) -> tuple[str, ...]:
        """Returns the texts of the cells in their order."""
        return tuple(self.cells[uri].text for uri in self.order if uri in self.cells)

    def add(self, documents: Sequence[types.TextDocumentItem]) -> None:
        """Takes the texts of new cells."""
        for item in documents:
            self.cells[item.uri] = OpenDocument(item.uri, None, item.version, item.text)


class OpenNotebooks:
    """`OpenNotebooks` keeps all notebooks by URI; the documents of a folder know their texts."""

    def __init__(self, client: Client, folders: Folders) -> None:
        self._client = client
        self._folders = folders
        self._by_uri: dict[str, OpenNotebook] = {}

    def did_open(self, params: types.DidOpenNotebookDocumentParams) -> None:
        document = params.notebook_document
        if (path := from_lsp.path(document.uri)) is not None:
            notebook = OpenNotebook(path, [cell.document for cell in document.cells], {})
            notebook.add(params.cell_text_documents)
            self._by_uri[document.uri] = notebook
            self._tell(notebook)

    def did_change(self, params: types.DidChangeNotebookDocumentParams) -> None:
        notebook = self._by_uri.get(params.notebook_document.uri)
        if notebook is None or params.change.cells is None:
            return
        if (structure := params.change.cells.structure) is not None:
            notebook.add(structure.did_open or ())
            put = structure.array
            added = [cell.document for cell in put.cells or ()]
            notebook.order[put.start : put.start + put.delete_count] = added
            for closed in structure.did_close or ():
                notebook.cells.pop(closed.uri, None)
        for each in params.change.cells.text_content or ():
            if (cell := notebook.cells.get(each.document.uri)) is not None:
                cell.change(each.document.version, each.changes, self._client.can.encoding)
        self._tell(notebook)

    def did_close(self, params: types.DidCloseNotebookDocumentParams) -> None:
        notebook = self._by_uri.pop(params.notebook_document.uri, None)
        if notebook is not None and (folder := self._folders.of(notebook.path)) is not None:
            folder.documents.close_notebook(notebook.path)

    def lose(self, uri: str) -> None:
        """Says that a change of the notebook with that URI was not understood."""
        notebook = self._by_uri.get(uri)
        if notebook is not None and (folder := self._folders.of(notebook.path)) is not None:
            folder.documents.lose(notebook.path)

    def adopt(self, folder: Folder) -> None:
        """Gives a folder the notebooks that were open before it came."""
        for notebook in self._by_uri.values():
            if self._folders.of(notebook.path) is folder:
                self._tell(notebook)

    def _tell(self, notebook: OpenNotebook) -> None:
        if (folder := self._folders.of(notebook.path)) is not None:
            folder.documents.open_notebook(notebook.path, notebook.texts)
