"""This module finds what a command in the background changed, while others changed files as well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path

from lsp_server.domain.events import Emit
from lsp_server.workspace.checkpoints.checkpoints import Checkpoints, changes_between
from lsp_server.workspace.commands.background_commands import RecordedChanges


@asynccontextmanager
async def record_background(
    checkpoints: Checkpoints,
    emit: Emit,
    recorded: RecordedChanges,
    root: Path,
    open_files: Collection[Path],
) -> AsyncIterator[None]:
    """Emits a FileChanged for each file that changes inside of the `with` block by the command in it.

    What the run recorded meanwhile is left out. So is what is open in an editor by then,
    as `open_files` of the workspace at `root` say: whoever works there may have changed it.
    """
    before = await checkpoints.states_before(emit)
    earlier = dict(recorded())
    try:
        yield
    finally:
        after = await checkpoints.with_hidden(before, await checkpoints.states(emit))
        # Looked at now, since several of them may end at once.
        others = {
            path: change.after for path, change in recorded().items() if change != earlier.get(path)
        }
        known = {path: name for path, name in {**before, **others}.items() if name is not None}
        opened = frozenset(map(str, open_files))
        for change in await asyncio.to_thread(changes_between, known, after):
            if str(root / change.path) not in opened:
                emit(change)
