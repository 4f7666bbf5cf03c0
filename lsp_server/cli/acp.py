"""This module is `holdfast acp`: an agent over standard streams, which clients start."""

from __future__ import annotations

import sys

from lsp_server.acp.connection import serve_acp
from lsp_server.system import startup


def acp() -> int:
    """Serves until the client leaves; returns the exit status of the process."""
    startup.restore_garbage_collection()
    if sys.stdin is not None and sys.stdin.isatty():
        sys.stderr.write("holdfast waits for a client of the Agent Client Protocol here\n")
    return serve_acp()
