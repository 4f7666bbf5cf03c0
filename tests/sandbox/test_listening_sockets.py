"""Which sockets of the kernel's table count."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from lsp_server.sandbox.listening_sockets import TABLE, listening_sockets

HEAD = "Num       RefCount Protocol Flags    Type St Inode Path\n"


def test_what_listens_is_found_and_what_does_not_is_left_out(tmp_path: Path) -> None:
    paths = {name: tmp_path / name for name in ("stream", "messages", "a name", "gone", "file")}
    with (
        socket.socket(socket.AF_UNIX) as stream,
        socket.socket(socket.AF_UNIX) as connected,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as messages,
    ):
        stream.bind(str(paths["stream"]))
        connected.bind(str(paths["a name"]))
        messages.bind(str(paths["messages"]))
        paths["file"].touch()
        rows = [
            f"0: 00000002 00000000 00010000 0001 01 1 {paths['stream']}",
            f"0: 00000003 00000000 00000000 0001 03 2 {paths['stream']}",
            f"0: 00000002 00000000 00000000 0002 01 3 {paths['messages']}",
            f"0: 00000002 00000000 00010000 0001 01 4 {paths['a name']}",
            f"0: 00000002 00000000 00010000 0001 01 5 {paths['gone']}",
            f"0: 00000002 00000000 00010000 0001 01 6 {paths['file']}",
            "0: 00000002 00000000 00010000 0001 01 7 @abstract",
            "0: 00000002 00000000 00010000 0001 01 8",
        ]
        table = tmp_path / "table"
        table.write_text(HEAD + "\n".join(rows))
        found = listening_sockets(table, 0)
    assert found == tuple(sorted(paths[name] for name in ("stream", "messages", "a name")))


@pytest.mark.skipif(not TABLE.exists(), reason="there is no such table here")
def test_the_kernel_names_a_new_listener(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        assert tmp_path / "s" in listening_sockets(min_age_seconds=0)
        assert tmp_path / "s" not in listening_sockets()


def test_without_a_table_there_is_none(tmp_path: Path) -> None:
    assert listening_sockets(tmp_path / "none") == ()
