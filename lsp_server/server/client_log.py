"""This module shows our own log in the editor's log, as far as it is for people."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator

from lsp_server.server.client import Client, Level


@contextlib.contextmanager
def log_to_editor(client: Client) -> Iterator[None]:
    """Passes our log on to the editor; must be entered on the event loop."""
    logger = logging.getLogger("lsp_server")
    handler = ClientLog(client)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class ClientLog(logging.Handler):
    """Passes log records on from any thread: the message alone, no traceback."""

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
