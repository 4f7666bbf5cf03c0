"""A notebook is left alone while the editor holds cells of it that are not saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from lsp_server.domain.edits import EditSet, FileEdit, TextEdit, fingerprint
from lsp_server.domain.errors import EditRejected, ToolError
from lsp_server.server.client import Client
from lsp_server.server.folders import Folders
from lsp_server.server.notebooks import OpenNotebooks
from lsp_server.server.transport.json_rpc import converter
from lsp_server.workspace.files.disk_editor import DiskEditor
from tests.fakes.peer import Peer


class Desk:
    """A notebook with the cells `a = 1` and `# text`, open in an editor."""

    def __init__(self, project: Path, name: str = "n.ipynb") -> None:
        folders = Folders()
        self.notebooks = OpenNotebooks(Client(Peer().rpc), folders)
        self.file = project / name
        self.save(["a = 1\n", "# text"])
        folder = folders.add(project.as_uri())
        assert folder is not None
        self.documents = folder.documents
        self.editor = DiskEditor(folder.documents)
        self.notebooks.did_open(
            self.made(
                types.DidOpenNotebookDocumentParams,
                notebookDocument={
                    "uri": self.file.as_uri(),
                    "notebookType": "jupyter-notebook",
                    "version": 1,
                    "cells": [{"kind": 2, "document": "c:1"}, {"kind": 1, "document": "c:2"}],
                },
                cellTextDocuments=[self.cell("c:1", "a = 1\n"), self.cell("c:2", "# text")],
            )
        )

    def made(self, kind: Any, **params: Any) -> Any:
        return converter().structure(params, kind)

    def cell(self, uri: str, text: str) -> dict[str, Any]:
        return {"uri": uri, "languageId": "python", "version": 1, "text": text}

    def save(self, cells: list[str]) -> None:
        sources = [{"cell_type": "code", "source": text.splitlines(True)} for text in cells]
        text = json.dumps({"cells": sources, "nbformat": 4})
        self.file.write_text(text if self.file.suffix == ".ipynb" else "\n---\n".join(cells))

    def change(self, **cells: Any) -> None:
        identifier = {"uri": self.file.as_uri(), "version": 2}
        self.notebooks.did_change(
            self.made(
                types.DidChangeNotebookDocumentParams,
                notebookDocument=identifier,
                change={"cells": cells},
            )
        )

    def type(self, uri: str, text: str) -> None:
        document = {"uri": uri, "version": 2}
        self.change(textContent=[{"document": document, "changes": [{"text": text}]}])

    def close(self) -> None:
        identifier = types.NotebookDocumentIdentifier(self.file.as_uri())
        self.notebooks.did_close(types.DidCloseNotebookDocumentParams(identifier, []))

    async def check_refused(self) -> None:
        with pytest.raises(ToolError, match="is open as a notebook with unsaved cells"):
            await self.editor.read(self.file)
        text = self.file.read_text()
        edit = FileEdit(self.file, fingerprint(text), (TextEdit(0, 0, " "),))
        with pytest.raises(EditRejected, match="ask the person to save it"):
            await self.editor.apply(EditSet((edit,), ""))
        assert self.file.read_text() == text
        assert await self.documents.unsaved() == [self.file]

    async def check_free(self) -> None:
        assert (await self.editor.read(self.file)).text == self.file.read_text()
        assert await self.documents.unsaved() == []


@pytest.mark.parametrize("name", ["n.ipynb", "n.txt"])
async def test_a_saved_notebook_is_a_file_and_an_unsaved_one_is_refused(
    project: Path, name: str
) -> None:
    desk = Desk(project, name)
    await desk.check_free()
    desk.type("c:1", "a = 2\n")
    await desk.check_refused()
    desk.save(["a = 2\n", "# text"])
    await desk.check_free()


async def test_cells_that_come_go_and_move_count(project: Path) -> None:
    desk = Desk(project)
    put = {"start": 2, "deleteCount": 0, "cells": [{"kind": 2, "document": "c:3"}]}
    desk.change(structure={"array": put, "didOpen": [desk.cell("c:3", "b = 1")]})
    await desk.check_refused()
    desk.save(["a = 1\n", "# text", "b = 1"])
    await desk.check_free()
    gone = {"start": 0, "deleteCount": 1}
    desk.change(structure={"array": gone, "didClose": [{"uri": "c:1"}]})
    await desk.check_refused()
    desk.save(["# text", "b = 1"])
    await desk.check_free()


async def test_a_notebook_that_is_closed_is_a_file(project: Path) -> None:
    desk = Desk(project)
    desk.type("c:1", "a = 2\n")
    desk.close()
    await desk.check_free()


async def test_a_file_that_is_no_notebook_any_more_is_another_text(project: Path) -> None:
    desk = Desk(project)
    for text in ("", "[" * 100_000, "[]", '{"cells": 3}', '{"cells": [3]}'):
        desk.file.write_text(text)
        await desk.check_refused()
    desk.file.unlink()
    with pytest.raises(ToolError, match="unsaved cells"):
        await desk.editor.read(desk.file)
