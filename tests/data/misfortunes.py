"""What can go wrong with files and places under a memory, as cases that run for real.

Each takes an empty folder, says what memory said, and checks that all else is there.
A case that this machine does not allow raises NotHere.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.embedders.hashing import HashingEmbedder
from lsp_server.memory.memory import Memory, MemoryStatus
from lsp_server.memory.parsing import read_file
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore
from tests.fakes.lsp_client import REPOSITORY
from tests.harness.files import lay_out

NEIGHBOURS = {"good.py": "def feed_pelican():\n    return 1\n", "docs/good.md": "# Herons\n"}
FACT = "Pelicans are fed at noon"
DISK_BYTES = 6_000_000
FILE_BYTES_MAX = 1_000_000


class NotHere(Exception):
    """The machine does not allow it."""


Case: TypeAlias = Callable[[Path], Awaitable[str]]


@asynccontextmanager
async def opened(scratch: Path, uri: str | None = None) -> AsyncIterator[Memory]:
    memory = await Memory.open(
        scratch / "memory",
        Workspace(scratch / "root"),
        HashingEmbedder(),
        MemorySettings(uri=uri),
        start_process=start_unconfined,
    )
    try:
        yield memory
    finally:
        await memory.close()


async def check_all_is_there(memory: Memory, root: Path) -> None:
    """Every file that can be read is in the index, and what was remembered is remembered."""
    paths = list(Ignore(Workspace(root)).walk())
    ids = {
        row["id"] for path in paths for row in read_file(root, path, "", FILE_BYTES_MAX).rows or ()
    }
    chunks = (await memory.reader.contents()).chunks
    assert sorted(chunk.id for chunk in chunks) == sorted(ids)
    assert set(NEIGHBOURS) <= set(paths)
    assert [fact.text for fact in await memory.reader.trusted_facts()] == [FACT]


def reasons(status: MemoryStatus) -> str:
    return "; ".join([*status.skipped, *status.problems])


async def _with_files(scratch: Path, spoil: Callable[[Path], None]) -> str:
    """A healthy workspace gets something odd; what memory says of it."""
    root = lay_out(scratch / "root", NEIGHBOURS)
    async with opened(scratch) as memory:
        await memory.code.index()
        await memory.records.remember(FACT, "person")
        spoil(root)
        await memory.code.index()
        await memory.settle()
        await check_all_is_there(memory, root)
        return reasons(memory.status())


async def symlink_loop(scratch: Path) -> str:
    def spoil(root: Path) -> None:
        (root / "one").symlink_to("two")
        (root / "two").symlink_to("one")
        (root / "up").symlink_to(".", target_is_directory=True)

    return await _with_files(scratch, spoil)


async def invalid_utf8(scratch: Path) -> str:
    def spoil(root: Path) -> None:
        (root / "latin.py").write_bytes(b"def caf\xe9():\n    return '\xff\xfe'\n")
        (root / "binary.py").write_bytes(b"\x00\x01\xff" * 500)

    return await _with_files(scratch, spoil)


async def sparse_two_gigabytes(scratch: Path) -> str:
    def spoil(root: Path) -> None:
        with (root / "huge.py").open("wb") as file:
            file.truncate(2 << 30)

    return await _with_files(scratch, spoil)


async def newline_in_a_name(scratch: Path) -> str:
    def spoil(root: Path) -> None:
        (root / "two\nlines 🙂.py").write_text("def odd(): ...\n", "utf-8")
        (root / "emoji 🙂.py").write_text("def smile(): ...\n", "utf-8")

    return await _with_files(scratch, spoil)


async def changes_while_read(scratch: Path) -> str:
    """A file is rewritten all the time; in the end it is as it stands on disk."""
    root = lay_out(scratch / "root", NEIGHBOURS)
    async with opened(scratch) as memory:
        await memory.records.remember(FACT, "person")

        async def write() -> None:
            for turn in range(200):
                text = f"def changing_{turn}():\n    return {turn}\n" * (turn % 50 + 1)
                (root / "changing.py").write_text(text, "utf-8")
                await asyncio.sleep(0)

        writing = asyncio.create_task(write())
        while not writing.done():
            await memory.code.index()
        await writing
        await memory.code.index()
        await check_all_is_there(memory, root)
        return reasons(memory.status())


async def corrupt_manifest(scratch: Path) -> str:
    root = lay_out(scratch / "root", NEIGHBOURS)
    async with opened(scratch) as memory:
        await memory.code.index()
        await memory.records.remember(FACT, "person")
    for file in (scratch / "memory" / "tables" / "chunks.lance" / "_versions").iterdir():
        file.write_bytes(b"rubbish")
    async with opened(scratch) as memory:
        await memory.code.index()
        await check_all_is_there(memory, root)
        return reasons(memory.status())


async def full_disk(scratch: Path) -> str:
    root = lay_out(scratch / "root", NEIGHBOURS)
    with small_disk(scratch / "disk") as disk:
        async with opened(scratch, str(disk)) as memory:
            await memory.code.index()
            await memory.records.remember(FACT, "person")
            (disk / "filler").write_bytes(bytes(shutil.disk_usage(disk).free - 50_000))
            many = {
                f"many/f{i}.py": f"def f{i}(value):\n" + "    value += 1\n" * 400 for i in range(99)
            }
            lay_out(root, many)
            try:
                await memory.code.index()
            except MemoryUnavailable as error:
                said = str(error)
            else:
                raise AssertionError("the disk was not full")
            (disk / "filler").unlink()
            await memory.code.index()
            await check_all_is_there(memory, root)
            return said


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of a few megabytes. Raises NotHere."""
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder))
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotHere("file systems cannot be mounted here") from error
    try:
        yield folder
    finally:
        subprocess.run(("umount", "--lazy", str(folder)), check=True, capture_output=True)


async def refusing_store(scratch: Path) -> str:
    """An object store that answers 403 to everything."""
    lay_out(scratch / "root", NEIGHBOURS)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(
                b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with s3_environment(f"http://127.0.0.1:{port}"):
            try:
                async with opened(scratch, "s3://bucket/memory"):
                    raise AssertionError("it did not refuse")
            except MemoryUnavailable as error:
                return str(error)


@contextmanager
def s3_environment(endpoint: str) -> Iterator[None]:
    """The storage options of an S3-compatible store, as its users set them."""
    options = {
        "AWS_ACCESS_KEY_ID": "reader",
        "AWS_SECRET_ACCESS_KEY": "reader",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT": endpoint,
        "AWS_ALLOW_HTTP": "true",
    }
    before = {name: os.environ.get(name) for name in options}
    os.environ.update(options)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


async def folder_without_permission(scratch: Path) -> str:
    """In a process that permissions hold for."""
    lay_out(scratch / "root", {**NEIGHBOURS, "closed/secret.py": "def hidden(): ...\n"})
    command = [sys.executable, "-m", "tests.data.misfortunes", str(scratch)]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            raise NotHere("permissions do not hold for root, and there is no setpriv")
        without = "-dac_override,-dac_read_search"
        command = ["setpriv", f"--bounding-set={without}", f"--inh-caps={without}", *command]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    said: str = json.loads(output)
    return said


async def _in_permitted_process(scratch: Path) -> str:
    closed = scratch / "root" / "closed"

    def spoil(_: Path) -> None:
        closed.chmod(0)

    try:
        return await _with_files(scratch, spoil)
    finally:
        closed.chmod(0o700)


CASES: Mapping[str, tuple[Case, str]] = MappingProxyType(
    {
        "a folder without permission": (folder_without_permission, "Permission denied"),
        "links in a loop": (symlink_loop, ""),
        "a file that changes while it is read": (changes_while_read, ""),
        "invalid UTF-8": (invalid_utf8, "binary"),
        "a file of 2 GB": (sparse_two_gigabytes, "larger than 1 MB (memory.file_bytes_max)"),
        "a name of two lines": (newline_in_a_name, "cannot be written on one line"),
        "a corrupted manifest": (corrupt_manifest, "chunks could not be read; it was put aside"),
        "a full disk": (full_disk, "free some space on its disk"),
        "an object store that refuses": (refusing_store, "check memory.uri"),
    }
)
"""And what memory must say."""


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_in_permitted_process(Path(sys.argv[1])))))
