"""A process that reads files for the index: `python -m lsp_server.memory DESCRIPTOR`."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress

from lsp_server.memory.parsing import serve_requests

NICENESS = 10

if __name__ == "__main__":
    with suppress(OSError):
        os.nice(NICENESS)
    with suppress(KeyboardInterrupt, BrokenPipeError, ConnectionResetError):
        serve_requests(socket.socket(fileno=int(sys.argv[1])))
