"""This module answers requests to read files, in a process of its own.

A request is a pickle, an answer as in `parse_answer.py`, each behind its length in 8 bytes.
The end of the stream, or IDLE_SECONDS without a request, ends such a process.
"""

from __future__ import annotations

import pickle
import select
import socket
from pathlib import Path

from lsp_server.memory.parse_answer import encode_answer
from lsp_server.memory.parsing import FileRead, ReadRequest, read_buffer, read_file

IDLE_SECONDS = 30.0


def serve_requests(connection: socket.socket) -> None:
    """Answers requests until there are no more. Blocking."""
    stream = connection.makefile("rwb")
    while select.select([connection], [], [], IDLE_SECONDS)[0]:
        head = stream.read(8)
        if len(head) < 8:
            return
        body = stream.read(int.from_bytes(head, "big"))
        request: ReadRequest = pickle.loads(body)  # noqa: S301 - from Holdfast itself
        answer = encode_answer(_answer(request))
        stream.write(len(answer).to_bytes(8, "big") + answer)
        stream.flush()


def _answer(request: ReadRequest) -> list[FileRead]:
    root, bytes_max = Path(request.root), request.file_bytes_max
    return [
        read_buffer(path, request.texts[path], bytes_max, request.secrets)
        if path in request.texts
        else read_file(root, path, request.hashes.get(path, ""), bytes_max, request.secrets)
        for path in request.paths
    ]
