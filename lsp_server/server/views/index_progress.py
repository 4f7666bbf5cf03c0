"""This module has the progress of an index, as an editor shows it."""

from __future__ import annotations

import asyncio

from lsprotocol import types

from lsp_server.memory.indexing import IndexProgress
from lsp_server.server.client import Client
from lsp_server.server.notices import notice
from lsp_server.server.protocol import INDEX_TOKEN
from lsp_server.server.views.run_progress import REPORT_SECONDS
from lsp_server.server.views.throttle import Throttle
from lsp_server.system.task_set import TaskSet
from lsp_server.text.count import count_of

FILES_SHOWN_MIN = 20
"""An index run over fewer files is over before an editor shows that it began."""


class IndexProgressView:
    """An `IndexProgressView` follows index runs, one after the other, with a percentage.

    Each begins in the editor at its first report.
    """

    def __init__(self, client: Client, tasks: TaskSet, name: str) -> None:
        self._client = client
        self._tasks = tasks
        self._title = f"Holdfast: indexing {notice(name)}"
        self._runs = 0
        self._begun: asyncio.Task[bool] | None = None
        self._reports: Throttle[IndexProgress] = Throttle(REPORT_SECONDS, self._report)

    def follow(self, progress: IndexProgress | None) -> None:
        """Shows how far it is; None ends it."""
        if progress is None:
            self._end()
        elif progress.total >= FILES_SHOWN_MIN:
            if self._begun is None:
                self._runs += 1
                self._begun = self._tasks.start(self._begin(), "progress of indexing")
            self._reports.offer(progress)

    @property
    def _token(self) -> str:
        return f"{INDEX_TOKEN}-{self._runs}"

    async def _begin(self) -> bool:
        """Says whether the editor shows it."""
        if not await self._client.create_progress(self._token):
            return False
        begin = types.WorkDoneProgressBegin(title=self._title, cancellable=False, percentage=0)
        self._client.progress(self._token, begin)
        return True

    def _report(self, progress: IndexProgress) -> None:
        if self._begun is not None and self._begun.done() and self._begun.result():
            report = types.WorkDoneProgressReport(
                message=f"{progress.done} of {count_of(progress.total, 'file')}",
                percentage=progress.done * 100 // progress.total,
            )
            self._client.progress(self._token, report)

    def _end(self) -> None:
        self._reports.close()
        # The next run gets a token of its own, also while this one still begins.
        begun, self._begun = self._begun, None
        if begun is not None:
            token = self._token
            begun.add_done_callback(lambda task: self._send_end(task, token))

    def _send_end(self, begun: asyncio.Task[bool], token: str) -> None:
        if not begun.cancelled() and begun.exception() is None and begun.result():
            self._client.progress(token, types.WorkDoneProgressEnd())
