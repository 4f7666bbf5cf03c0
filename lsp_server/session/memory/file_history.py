"""This module finds the actions that made a file what it is."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.domain.memories import TASK, ActionRecord, Query
from lsp_server.session.memory.session_memory import SessionMemory

RECORDS_MAX = 10


async def records_about(
    memory: SessionMemory, path: str, lines: str = ""
) -> Sequence[ActionRecord]:
    """Returns the actions that changed a file: those about these lines first, then the newest.

    `path` is relative to the workspace. Raises MemoryUnavailable.
    """
    reader = (await memory.ready()).reader
    near: list[ActionRecord] = []
    if lines.strip():
        hits = await memory.search(Query(lines, ("action",), RECORDS_MAX, path))
        near = [hit.found for hit in hits if isinstance(hit.found, ActionRecord)]
    records = {one.id: one for one in (*near, *await reader.history(path, RECORDS_MAX))}
    return [one for one in records.values() if one.tool != TASK][:RECORDS_MAX]
