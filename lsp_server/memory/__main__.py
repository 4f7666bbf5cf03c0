"""This module is a process that reads files for the index: `python -m lsp_server.memory FD`.

FD is the number of a socket that the process inherits.
"""

from __future__ import annotations

import os
import resource
import socket
import sys
from contextlib import suppress

from lsp_server.memory.parse_server import serve_requests

NICENESS = 10
MEMORY_BYTES_MAX = 2**30
"""Parsers take more than any machine has for some small texts. A large file takes 200 MB."""

if __name__ == "__main__":
    # A person may be typing while thousands of files are read.
    with suppress(OSError):
        os.nice(NICENESS)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    # The end of the server, however it comes, is the end of this process too.
    with suppress(KeyboardInterrupt, BrokenPipeError, ConnectionResetError):
        serve_requests(socket.socket(fileno=int(sys.argv[1])))
