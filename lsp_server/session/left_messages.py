"""This module hands a message to a run that another process works on.

It lies in the folder of the run until that process takes it. Whoever moves or removes the file
first has it, so that a message is read once, or given back to who left it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lsp_server.system.atomic_file import replace_file

FOLDER = "messages"
LOOK_SECONDS = 0.5
"""Between two looks of a run at work."""
TAKEN_SECONDS_MAX = 10.0
"""A process that works on a run takes a message sooner."""
BYTES_MAX = 1_000_000


async def leave_message(run_folder: Path, text: str) -> bool:
    """Leaves a message for a run at work and waits until it is taken.

    False when that takes longer than TAKEN_SECONDS_MAX: then the message is gone from there.
    Raises OSError.
    """
    path = run_folder / FOLDER / f"{time.time_ns():020d}.md"
    await asyncio.to_thread(replace_file, path, text.encode(), private=True)
    for _ in range(int(TAKEN_SECONDS_MAX / LOOK_SECONDS)):
        await asyncio.sleep(LOOK_SECONDS)
        if not await asyncio.to_thread(path.exists):
            return True
    return not await asyncio.to_thread(_removed, path)


async def take_messages(run_folder: Path, read: Callable[[str], object]) -> None:
    """Passes on what is left for a run, as long as it is at work; cancel it then."""
    while True:
        for path, text in await asyncio.to_thread(_left_in, run_folder / FOLDER):
            # Without a pause between the two, so that a run that ends loses none.
            if _removed(path):
                read(text)
        await asyncio.sleep(LOOK_SECONDS)


def _left_in(folder: Path) -> list[tuple[Path, str]]:
    """The messages that lie there, the oldest first."""
    found = []
    for path in sorted(folder.glob("*.md")):
        with suppress(OSError):
            found.append((path, path.read_bytes()[:BYTES_MAX].decode("utf-8", "replace")))
    return found


def _removed(path: Path) -> bool:
    """Removes the file; False when somebody else did."""
    try:
        path.unlink()
    except OSError:
        return False
    return True
