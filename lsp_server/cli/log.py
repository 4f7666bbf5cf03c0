"""This module sends the log to a file or to standard error, never to standard output."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from lsp_server.domain.permissions import visible

LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


def configure_log(log_file: Path | None, verbose: int) -> None:
    """Sets the log up, once per process: in `log_file`, else on standard error.

    `verbose` counts: 0 shows warnings, 1 what is done, 2 payloads too; a file has one more.
    """
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if log_file is not None:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(log_file, encoding="utf-8")
    handler.setFormatter(_Visible("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    level = LEVELS[min(verbose + (1 if log_file else 0), len(LEVELS) - 1)]
    logging.basicConfig(level=level, handlers=[handler])
    for chatty in ("pygls", "httpx", "httpcore", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class _Visible(logging.Formatter):
    """A terminal may show the line, and it may quote what others wrote."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))
