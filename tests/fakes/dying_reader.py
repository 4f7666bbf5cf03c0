"""A reader process that dies of any file named `poison.py`."""

from __future__ import annotations

import os
import pickle
import socket
import sys

from lsp_server.memory.parse_answer import encode_answer
from lsp_server.memory.parsing import FileRead, ReadRequest

if __name__ == "__main__":
    stream = socket.socket(fileno=int(sys.argv[1])).makefile("rwb")
    while head := stream.read(8):
        wanted: ReadRequest = pickle.loads(stream.read(int.from_bytes(head, "big")))
        if "poison.py" in wanted.paths:
            os.abort()
        answer = encode_answer([FileRead(path, "", "h", "python") for path in wanted.paths])
        stream.write(len(answer).to_bytes(8, "big") + answer)
        stream.flush()
