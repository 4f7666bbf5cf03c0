"""This module shows documents without a file, to clients that ask the server for their text.

A transcript has an address of its own, and so has what compares proposals, and each report.
The text is made when the client asks, and it is told when a transcript that it asked for
has become longer. Other clients get files.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from pathlib import PurePath
from urllib.parse import quote, unquote, urlsplit

from lsprotocol import types

from lsp_server.agent import transcript
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.tasks import RunId
from lsp_server.server.client import Client
from lsp_server.server.folders import Folders
from lsp_server.server.protocol import DOCUMENT_SCHEME
from lsp_server.server.views.throttle import Throttle
from lsp_server.session.run_store import PROPOSALS, TRANSCRIPT, RunStore
from lsp_server.system.task_set import TaskSet

PAGE = "page"
"""Stands in an address where that of a run's document has the run's id."""
PAGES_MAX = 32
"""Reports that are kept to be asked for; of more, the oldest go."""
FOLLOWED_MAX = 32
"""Transcripts of which the client is told that they became longer."""
REFRESH_SECONDS = 0.5


class VirtualDocuments:
    """`VirtualDocuments` gives the texts behind our own addresses, to one client."""

    def __init__(self, client: Client, folders: Folders, tasks: TaskSet) -> None:
        self._client = client
        self._folders = folders
        self._tasks = tasks
        self._pages: OrderedDict[str, str] = OrderedDict()
        self._followed: OrderedDict[str, Throttle[str]] = OrderedDict()

    @property
    def are_shown(self) -> bool:
        """Says whether the client asks for the text of such documents."""
        return self._client.can.virtual_documents

    def transcript(self, run_id: RunId) -> str:
        """Returns the address of a run's transcript."""
        return _address(run_id, TRANSCRIPT)

    def comparison(self, run_id: RunId) -> str:
        """Returns the address of what compares a run's proposals or attempts."""
        return _address(run_id, PROPOSALS)

    def page(self, name: str, text: str) -> str:
        """Keeps the text of a report and returns its address; a client that shows it takes the new one."""
        address = _address(PAGE, name)
        is_shown = self._pages.pop(address, None) is not None
        self._pages[address] = text
        while len(self._pages) > PAGES_MAX:
            self._pages.popitem(last=False)
        if is_shown:
            self._refresh(address)
        return address

    async def text(
        self, params: types.TextDocumentContentParams
    ) -> types.TextDocumentContentResult:
        """Returns the text of a document. Raises HoldfastError for one that is not there."""
        if (page := self._pages.get(params.uri)) is not None:
            return types.TextDocumentContentResult(page)
        parts = urlsplit(params.uri)
        run_id, _, name = unquote(parts.path).lstrip("/").partition("/")
        if parts.scheme != DOCUMENT_SCHEME or name not in (TRANSCRIPT, PROPOSALS):
            raise HoldfastError(f"there is no document {params.uri}; open it anew")
        if name == TRANSCRIPT:
            self._follow(params.uri)
        # An id from outside is no way to another folder.
        text = await asyncio.to_thread(self._of_run, name, RunId(PurePath(run_id).name))
        return types.TextDocumentContentResult(text)

    def see(self, run_id: RunId) -> None:
        """Takes in that a run goes on; cheap."""
        if (followed := self._followed.get(self.transcript(run_id))) is not None:
            followed.offer(self.transcript(run_id))

    def _of_run(self, name: str, run_id: RunId) -> str:
        for session in self._folders.sessions():
            store = session.runs.store
            if store.journal(run_id).exists():
                return (
                    _transcript(store, run_id) if name == TRANSCRIPT else _compared(store, run_id)
                )
        raise HoldfastError(f"there is no run {run_id} here; holdfast.run.list lists them")

    def _follow(self, address: str) -> None:
        if address not in self._followed:
            self._followed[address] = Throttle(REFRESH_SECONDS, self._refresh)
        while len(self._followed) > FOLLOWED_MAX:
            self._followed.popitem(last=False)[1].close()

    def _refresh(self, address: str) -> None:
        asked = self._client.refresh(
            types.WORKSPACE_TEXT_DOCUMENT_CONTENT_REFRESH,
            types.TextDocumentContentRefreshParams(address),
        )
        self._tasks.start(asked, "refresh of a document")


def _address(of: str, name: str) -> str:
    return f"{DOCUMENT_SCHEME}:/{quote(of)}/{quote(name)}"


def _transcript(store: RunStore, run_id: RunId) -> str:
    try:
        return transcript.render(store.events(run_id))
    except (JournalDamaged, OSError) as error:
        raise HoldfastError(f"run {run_id} cannot be read: {error}") from error


def _compared(store: RunStore, run_id: RunId) -> str:
    path = store.proposals(run_id)
    if path is None:
        raise HoldfastError(f"run {run_id} has nothing to compare")
    return path.read_text("utf-8")
