"""This module keeps the editor's buffers in step with it, for the sessions to read.

Its handlers are plain functions, called in the order of the messages. The one thing
that is awaited is the change which follows an edit of ours.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lsprotocol import types

from lsp_server.models.surrogates import joined
from lsp_server.server import from_lsp
from lsp_server.server.client import Client
from lsp_server.server.folders import Folder, Folders

log = logging.getLogger(__name__)

LATE_MAX = 32
LATE_CHARS_MAX = 4_000_000
"""How many changes, and how much text of them, is kept in case an earlier one comes late."""


@dataclass(frozen=True, slots=True)
class _Change:
    """One `didChange`, and the text that it changed."""

    version: int
    parts: Sequence[types.TextDocumentContentChangeEvent]
    before: str


@dataclass(eq=False, slots=True)
class OpenDocument:
    """An `OpenDocument` is a buffer as the editor has it; `path` is None if it is no file here.

    `seen` are other servers' diagnostics of this text, as far as a code action named them.
    """

    uri: str
    path: Path | None
    version: int
    text: str
    seen: tuple[types.Diagnostic, ...] | None = None
    is_lost: bool = False
    """A change was not understood, so the text is not the editor's until all of it comes."""
    is_deleted: bool = False
    """Its file was deleted by an edit of ours, so that the disk counts until it changes again.

    VS Code keeps such a text open for some minutes, in case somebody wants it back.
    """
    _recent: tuple[_Change, ...] = ()

    def change(
        self,
        version: int,
        parts: Sequence[types.TextDocumentContentChangeEvent],
        encoding: from_lsp.Encoding,
    ) -> None:
        """Applies a change; one that comes late takes its place among the others.

        Helix up to 25.01 sends what is typed quickly in any order, and only the versions
        show which was first.
        """
        if any(isinstance(part, types.TextDocumentContentChangeWholeDocument) for part in parts):
            self.is_lost = False
        kept = [each for each in self._recent if each.version <= version]
        later = [each for each in self._recent if each.version > version]
        # A late change goes back to the text before the later ones, which are applied again.
        text = later[0].before if later else self.text
        for each in (_Change(version, parts, text), *later):
            kept.append(replace(each, before=text))
            for part in each.parts:
                text = from_lsp.apply_change(text, part, encoding)
        while len(kept) > LATE_MAX or sum(len(each.before) for each in kept) > LATE_CHARS_MAX:
            del kept[0]
        self._recent = tuple(kept)
        # The diagnostics of other servers were about the text before.
        self.text, self.version, self.seen = text, max(version, self.version), None


class OpenDocuments:
    """`OpenDocuments` keeps all buffers by URI; those below a folder are its session's too.

    `opened` is called with each file of a folder that is opened.
    """

    def __init__(self, client: Client, folders: Folders) -> None:
        self._client = client
        self._folders = folders
        self._by_uri: dict[str, OpenDocument] = {}
        self._waiting: set[asyncio.Future[None]] = set()
        self.opened: Callable[[Folder, Path, str], None] = lambda *_: None

    def did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        # Nothing can hold half a character; what stands for it takes as much room in UTF-16.
        text = joined(item.text)
        document = OpenDocument(item.uri, from_lsp.path(item.uri), item.version, text)
        self._by_uri[item.uri] = document
        if (place := self._place(document)) is not None:
            folder, path = place
            folder.documents.open(path, document.text)
            self._folders.use(folder)
            _look_for_goals(folder, path)
            self.opened(folder, path, document.text)

    def did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        document = self._by_uri.get(params.text_document.uri)
        if document is None:
            log.warning("a document changed that is not open")
            return
        version, encoding = params.text_document.version, self._client.can.encoding
        document.change(version, params.content_changes, encoding)
        document.is_deleted = False
        if (place := self._place(document)) is not None and not document.is_lost:
            folder, path = place
            folder.documents.change(path, document.text)
            self._folders.use(folder)
            _look_for_goals(folder, path)
        self._wake()

    def lose(self, uri: str) -> None:
        """Says that a change of the buffer with that URI was not understood."""
        document = self._by_uri.get(uri)
        if document is not None:
            document.is_lost = True
            if (place := self._place(document)) is not None:
                place[0].documents.lose(place[1])

    def delete(self, document: OpenDocument) -> None:
        """Takes in that the editor has deleted the file of a buffer, which it may keep open."""
        document.is_deleted = True
        if (place := self._place(document)) is not None:
            place[0].documents.close(place[1])

    def make_anew(self, path: Path, text: str) -> None:
        """Takes in that a deleted file is there again; a buffer that was kept with this text has not to change."""
        for document in self._by_uri.values():
            if document.is_deleted and document.path == path and document.text == text:
                document.is_deleted = False
                if (place := self._place(document)) is not None:
                    place[0].documents.open(place[1], text)

    def did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        document = self._by_uri.pop(params.text_document.uri, None)
        if document is not None and (place := self._place(document)) is not None:
            folder, path = place
            folder.documents.close(path)
            _look_for_goals(folder, path)
        self._wake()

    def adopt(self, folder: Folder) -> None:
        """Gives a folder the buffers that were open before it came."""
        for document in self._by_uri.values():
            place = self._place(document)
            if place is not None and place[0] is folder and not document.is_deleted:
                folder.documents.open(place[1], document.text)
                if document.is_lost:
                    folder.documents.lose(place[1])

    def get(self, uri: str) -> OpenDocument | None:
        """Returns the buffer with that URI, None if it is not open."""
        return self._by_uri.get(uri)

    def at(self, path: Path) -> OpenDocument | None:
        """Returns the buffer of a file, by its canonical path; None if it is not open, or was deleted."""
        for document in self._by_uri.values():
            if document.path == path and not document.is_deleted:
                return document
        return None

    def below(self, root: Path) -> list[OpenDocument]:
        """Returns the buffers of files below a folder."""
        return [d for d in self._by_uri.values() if d.path and d.path.is_relative_to(root)]

    async def wait_for_change(
        self, document: OpenDocument, version: int, timeout_seconds: float
    ) -> None:
        """Returns once the buffer is past `version` or closed. Raises TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            # A document that was closed and opened again is another one, and moved as well.
            while document.version <= version and self._by_uri.get(document.uri) is document:
                change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.add(change)
                await change

    def _place(self, document: OpenDocument) -> tuple[Folder, Path] | None:
        if document.path is None:
            return None
        folder = self._folders.of(document.path)
        return (folder, document.path) if folder is not None else None

    def _wake(self) -> None:
        for change in self._waiting:
            if not change.done():
                change.set_result(None)
        self._waiting.clear()


def _look_for_goals(folder: Folder, path: Path) -> None:
    """Goals are stated in buffers, too, and not only on the disk."""
    if folder.session is not None:
        folder.session.text_changed(path)
