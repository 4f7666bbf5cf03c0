"""This module is a process that reads files for the index: `python -m lsp_server.memory FD`.

FD is the number of a socket that the process inherits.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress

from lsp_server.memory.parse_server import serve_requests

NICENESS = 10

if __name__ == "__main__":
    # A person may be typing while thousands of files are read.
    with suppress(OSError):
        os.nice(NICENESS)
    # The end of the server, however it comes, is the end of this process too.
    with suppress(KeyboardInterrupt, BrokenPipeError, ConnectionResetError):
        serve_requests(socket.socket(fileno=int(sys.argv[1])))
