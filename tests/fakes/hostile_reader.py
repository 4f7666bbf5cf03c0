"""A reader process that a file has taken over: each file's name says what it does."""

from __future__ import annotations

import os
import pickle
import socket
import sys
from pathlib import Path

from lsp_server.memory.parse_answer import encode_answer
from lsp_server.memory.parsing import FileRead, ReadRequest


class MakesFile:
    """Something that writes a file when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.system, ("touch made-by-pickle",)


def attempt(what: str, root: Path) -> str:
    """The error that kept it from doing that; empty when nothing did."""
    try:
        match what:
            case "write":
                (root / "evil").write_text("x")
            case "write outside":
                (root.parent / "evil").write_text("x")
            case "secret":
                (Path.home() / ".ssh" / "id").read_text()
            case "connect":
                socket.create_connection(("127.0.0.1", int(os.environ["LISTENER_PORT"])), 2)
            case "signal":
                os.kill(int(os.environ["NEIGHBOUR"]), 9)
            case _:
                raise ValueError(what)
    except OSError as error:
        return str(error)
    return ""


def answer(request: ReadRequest) -> bytes:
    (path,) = request.paths
    match path:
        case "pickle":
            return pickle.dumps(MakesFile())
        case "other":
            return encode_answer([FileRead("another", "", "h", "text")])
        case "rows":
            return encode_answer([FileRead(path, "", "h", "text", ({"path": "another"},))])
        case "odd":
            return b'[{"path": "odd", "stamp": 7}]'
        case "deep":
            return b"[" * 100_000
        case _:
            said = attempt(path, Path(request.root))
            return encode_answer([FileRead(path, "", "h", "text", skipped=said)])


if __name__ == "__main__":
    stream = socket.socket(fileno=int(sys.argv[1])).makefile("rwb")
    while head := stream.read(8):
        wanted: ReadRequest = pickle.loads(stream.read(int.from_bytes(head, "big")))
        data = answer(wanted)
        size = 1 << 62 if wanted.paths == ("endless",) else len(data)
        stream.write(size.to_bytes(8, "big") + data)
        stream.flush()
