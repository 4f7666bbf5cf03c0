"""`holdfast serve`: the language server as a process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lsp_server.cli.log import configure_log


def serve(
    *,
    tcp: str | None,
    log_file: Path | None,
    verbose: int,
    watch_parent: bool,
    parent: int | None,
) -> int:
    """Serves until the editor leaves; the process's exit status."""
    from lsp_server.server.server import serve_stdio, serve_tcp

    configure_log(log_file, verbose)
    watched = parent or (os.getppid() if watch_parent else None)
    if tcp is None:
        return serve_stdio(parent_process_id=watched)
    host, _, port = tcp.rpartition(":")
    if not port.isdigit():
        sys.stderr.write(f"--tcp wants HOST:PORT, as in 127.0.0.1:7777, not {tcp!r}\n")
        return 2
    return serve_tcp(host or "127.0.0.1", int(port))
