from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.server.transport.framing import (
    Frames,
    frame,
)
from lsp_server.system import message_stream
from lsp_server.system.message_stream import BrokenStream, MessageReader, MessageWriter


@given(st.lists(st.binary(max_size=50), max_size=8), st.data())
def test_frames_survive_any_split(bodies: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(frame, bodies))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    frames, found = Frames(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += frames.feed(stream[start:end])
    assert found == bodies


@pytest.mark.parametrize(
    ("stream", "bodies"),
    [
        (b"content-length:2\r\n\r\n{}", [b"{}"]),
        (b"Content-Length: 2\n\n{}", [b"{}"]),
        (b"Content-Type: x\r\nContent-Length: 2\r\nX: y\r\n\r\n{}", [b"{}"]),
        (b"noise\nContent-Length: 2\r\n\r\n{}", [b"{}"]),
        (b"\r\n\r\nContent-Length: 0\r\n\r\n", [b""]),
        (b"Content-Length: x\r\n\r\n{}Content-Length: 2\r\n\r\n{}", [b"{}"]),
    ],
)
def test_headers_are_read_as_they_are_written(stream: bytes, bodies: list[bytes]) -> None:
    assert Frames().feed(stream) == bodies


@pytest.mark.parametrize("stream", [b"x" * 70_000, b"Content-Length: 999999999999\r\n\r\n"])
def test_a_stream_that_cannot_be_followed_is_given_up(stream: bytes) -> None:
    with pytest.raises(BrokenStream):
        Frames().feed(stream)


class SlowReader:
    """Takes one frame at a time, when it is let."""

    def __init__(self) -> None:
        self.read: list[bytes] = []
        self.may_read = threading.Semaphore(0)
        self.asked = threading.Event()

    def __call__(self, data: bytes) -> None:
        self.asked.set()
        self.may_read.acquire()
        self.read.append(data)


def test_newer_messages_replace_unsent_ones_and_order_stays() -> None:
    reader = SlowReader()
    outbox = MessageWriter(reader, frame, lost=lambda: None)
    outbox.put(b"first")
    assert reader.asked.wait(5)
    for body, key in ((b"r1", "p"), (b"m", None), (b"r2", "p"), (b"end", None)):
        outbox.put(body, key)
    for _ in range(4):
        reader.may_read.release()
    outbox.close(5)
    assert reader.read == [frame(body) for body in (b"first", b"m", b"r2", b"end")]


def test_a_client_that_leaves_too_much_unread_is_lost_once() -> None:
    reader = SlowReader()
    lost: list[bool] = []
    outbox = MessageWriter(reader, frame, lost=lambda: lost.append(True))
    megabyte = bytes(2**20)
    for _ in range(message_stream.UNREAD_BYTES_MAX // len(megabyte) + 10):
        outbox.put(megabyte)
    assert lost == [True]
    for _ in range(100):
        reader.may_read.release()
    outbox.close(5)


def test_a_client_that_is_gone_is_lost() -> None:
    gone = threading.Event()

    def send(data: bytes) -> None:
        raise BrokenPipeError

    outbox = MessageWriter(send, frame, lost=gone.set)
    outbox.put(b"x")
    assert gone.wait(5)
    outbox.close(5)


async def test_the_inbox_delivers_in_order_and_then_ends() -> None:
    chunks = iter([frame(b"1") + frame(b"2")[:5], frame(b"2")[5:], b""])
    seen: list[bytes] = []
    ended = asyncio.Event()
    MessageReader(lambda count: next(chunks), Frames().feed, seen.append, ended.set)
    async with asyncio.timeout(5):
        await ended.wait()
    assert seen == [b"1", b"2"]


async def test_a_flood_waits_in_the_pipe_instead_of_in_memory() -> None:
    sent = 0

    def receive(count: int) -> bytes:
        nonlocal sent
        if sent >= 5 * message_stream.UNHANDLED_MESSAGES_MAX:
            return b""
        sent += 1
        return frame(b"x")

    seen: list[bytes] = []
    ended = asyncio.Event()
    most = 0

    def deliver(body: bytes) -> None:
        nonlocal most
        seen.append(body)
        most = max(most, sent - len(seen))

    MessageReader(receive, Frames().feed, deliver, ended.set)
    async with asyncio.timeout(10):
        await ended.wait()
    assert len(seen) == 5 * message_stream.UNHANDLED_MESSAGES_MAX
    assert most <= message_stream.UNHANDLED_MESSAGES_MAX + 1


PRINTING = """
import os, subprocess, sys
from lsp_server.system.message_stream import standard_streams
with standard_streams() as stream:
    print("printed")
    os.write(1, b"written\\n")
    subprocess.run([sys.executable, "-c", "print('child'); print(repr(input()) if 0 else '')"])
    stream.send(stream.receive(100))
"""


def test_what_is_printed_does_not_reach_the_protocol() -> None:
    process = subprocess.run(
        [sys.executable, "-c", PRINTING], input=b"ping", capture_output=True, check=True
    )
    assert process.stdout == b"ping"
    assert b"printed" in process.stderr
    assert b"written" in process.stderr
    assert b"child" in process.stderr


def test_the_streams_are_given_back() -> None:
    before = (os.fstat(0).st_ino, os.fstat(1).st_ino)
    with message_stream.standard_streams():
        pass
    assert (os.fstat(0).st_ino, os.fstat(1).st_ino) == before
