"""This module watches whether the process that started us, or the editor, still runs."""

from __future__ import annotations

import asyncio
import os

POLL_SECONDS = 2.0
"""The end of stdin shows most deaths at once; polling is for the rest."""


def process_is_alive(process_id: int) -> bool:
    """Says whether a process with that id exists."""
    try:
        os.kill(process_id, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


async def wait_until_gone(process_id: int) -> None:
    """Returns when the process has ended, or does not return."""
    was_parent = os.getppid() == process_id
    # An orphan gets another parent, and a dead process's id may be used again.
    while (  # noqa: ASYNC110 - no event says it
        process_is_alive(process_id) and was_parent == (os.getppid() == process_id)
    ):
        await asyncio.sleep(POLL_SECONDS)
