"""This module has the Editor seam over a client of the protocol: its texts and its questions.

A client that gives and writes files has unsaved text of a person's; another works on the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from acp.exceptions import RequestError

from lsp_server.acp.client import AcpClient
from lsp_server.acp.permission_request import ask
from lsp_server.acp.run_updates import RunUpdates
from lsp_server.domain.edits import Document, EditSet, FileEdit
from lsp_server.domain.errors import EditRejected, ToolError
from lsp_server.domain.goals import Finding
from lsp_server.domain.permissions import Answered, Question
from lsp_server.domain.ports import Editor
from lsp_server.workspace.files.disk import FileMissing, read_text
from lsp_server.workspace.files.documents import Documents, is_saved
from lsp_server.workspace.files.encoding import UTF_8

READ_SECONDS_MAX = 30.0
WRITE_SECONDS_MAX = 600.0
"""How long a client may take to give or write a file; some ask their person before they write."""


class AcpEditor:
    """An `AcpEditor` is the client as the session of one folder sees it.

    `disk` is the Editor for what the client does not do, over the same `documents`.
    `updates` know which call a question is about.
    """

    def __init__(
        self,
        client: AcpClient,
        session_id: str,
        root: Path,
        disk: Editor,
        documents: Documents,
        updates: RunUpdates,
    ) -> None:
        self._client = client
        self._session_id = session_id
        self._root = root
        self._disk = disk
        self._documents = documents
        self._updates = updates
        self._writing = asyncio.Lock()

    async def read(self, path: Path) -> Document:
        """Reads a file, the client's text first. Raises ToolError: missing, binary, too large."""
        await self._take_text(path)
        return await self._disk.read(path)

    async def apply(self, edits: EditSet) -> None:
        """Makes all of the edits or none, each against its base. Raises EditRejected."""
        if not self._client.writes_files:
            await self._disk.apply(edits)
            return
        async with self._writing:
            await self._apply(edits)

    async def confirm(self, question: Question) -> Answered | None:
        """Asks a person through the client."""
        call_id = self._updates.call_of(question.tool) or question.id
        return await ask(self._client, self._session_id, question, call_id, self._root)

    async def diagnostics(self, path: Path | None) -> Sequence[Finding] | None:
        """Returns None: the protocol tells no diagnostics."""
        del path
        return None

    async def _take_text(self, path: Path) -> None:
        """Takes the client's text of a file as its buffer, where it is another than the disk's."""
        if not self._client.reads_files or not await asyncio.to_thread(_is_plain_text, path):
            return
        try:
            async with asyncio.timeout(READ_SECONDS_MAX):
                answer = await self._client.asking.read_text_file(self._session_id, str(path))
        except (RequestError, ConnectionError, TimeoutError, ValueError):
            return  # The disk has it, too.
        await self._keep(path, await asyncio.to_thread(_with_line_endings, path, answer.content))

    async def _keep(self, path: Path, text: str) -> None:
        if await asyncio.to_thread(is_saved, path, text):
            self._documents.close(path)
        else:
            self._documents.change(path, text)

    async def _apply(self, edits: EditSet) -> None:
        await self._documents.check(edit.path for edit in edits.files)
        theirs: list[tuple[FileEdit, str | None, str]] = []
        on_disk: list[FileEdit] = []
        for edit in edits.files:
            if edit.deletes or not await asyncio.to_thread(_is_writable, edit.path):
                on_disk.append(edit)
                continue
            before = await self._text(edit.path)
            if before is not None and edit.base is None:
                raise EditRejected(f"{edit.path.name} exists already; read and edit that")
            theirs.append((edit, before, edit.result(before or "")))
        written: list[tuple[FileEdit, str | None, str]] = []
        try:
            for one in theirs:
                written.append(one)
                await self._write(*one)
            if on_disk:
                await self._disk.apply(EditSet(tuple(on_disk), edits.reason))
        except EditRejected:
            for edit, before, after in reversed(written):
                await self._take_back(edit, before, after)
            raise

    async def _text(self, path: Path) -> str | None:
        try:
            return (await self.read(path)).text
        except FileMissing:
            return None

    async def _write(self, edit: FileEdit, before: str | None, after: str) -> None:
        name = edit.path.name
        try:
            async with asyncio.timeout(WRITE_SECONDS_MAX):
                await self._client.asking.write_text_file(self._session_id, str(edit.path), after)
        except (RequestError, ConnectionError, TimeoutError, ValueError) as error:
            why = str(error) or type(error).__name__
            raise EditRejected(
                f"{name} was not written: the client refused it ({why})", "read it again"
            ) from error
        await self._keep(edit.path, after)
        if before is not None and edit.path in self._documents.buffers():
            # The client holds it unsaved; a command that runs next has to see it.
            await self._documents.add_draft(edit.path, before, after)

    async def _take_back(self, edit: FileEdit, before: str | None, after: str) -> None:
        """Restores a file after another one of the same set was refused."""
        if before is None:
            await asyncio.to_thread(edit.path.unlink, missing_ok=True)
            self._documents.close(edit.path)
            return
        try:
            await self._write(edit, after, before)
        except EditRejected:
            self._documents.close(edit.path)


def _with_line_endings(path: Path, text: str) -> str:
    r"""A client's text with the line endings of the file: some give each line an end of `\n`."""
    try:
        saved = read_text(path).text
    except ToolError:
        return text
    has_others = "\r\n" in saved and "\r" not in text
    return text.replace("\n", "\r\n") if has_others else text


def _is_writable(path: Path) -> bool:
    """Whether a client can write a file: not every one makes the folder for it."""
    return path.parent.is_dir() and _is_plain_text(path)


def _is_plain_text(path: Path) -> bool:
    """Whether a file can go through the protocol whole: it knows one encoding, and no mark."""
    try:
        return read_text(path).encoding == UTF_8
    except FileMissing:
        return True
    except ToolError:
        return False
