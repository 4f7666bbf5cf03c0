"""Our own log, as far as it is for people, in the editor's log."""

from __future__ import annotations

import asyncio
import logging

from lsp_server.server.client import Client, Level


class ClientLog(logging.Handler):
    """Passes records on from any thread: the message alone, no traceback."""

    def __init__(self, client: Client) -> None:
        super().__init__(logging.INFO)
        self._client = client
        self._loop = asyncio.get_running_loop()

    def emit(self, record: logging.LogRecord) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(
                self._client.log, _level(record.levelno), record.getMessage()
            )


def _level(number: int) -> Level:
    if number >= logging.ERROR:
        return "error"
    return "warning" if number >= logging.WARNING else "info"
