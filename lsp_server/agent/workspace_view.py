"""What changed under a run while it did not look."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from lsp_server.agent.state import State
from lsp_server.domain.events import FileChanged

SECONDS_MAX = 20.0
"""A working tree that takes longer to look at is not looked at."""

NAMED_MAX = 20

GOES_ON = "The run was interrupted here and goes on now."


class WorkspaceView(Protocol):
    """The files of the workspace that count."""

    async def contents(self) -> Mapping[str, str]:
        """Names of contents by workspace-relative path, equal for equal contents."""
        ...

    async def changed_since(self, moment: datetime) -> Sequence[str]:
        """The paths of files that were written, moved or created later."""
        ...

    async def changes_of_killed_command(self, snapshot: str) -> Sequence[FileChanged]:
        """What the command after this snapshot had changed, if it was killed at its work."""
        ...


class NoWorkspaceView:
    """No files at all: a run that nobody tells what changed."""

    async def contents(self) -> Mapping[str, str]:
        return {}

    async def changed_since(self, moment: datetime) -> Sequence[str]:
        del moment
        return ()

    async def changes_of_killed_command(self, snapshot: str) -> Sequence[FileChanged]:
        del snapshot
        return ()


async def current_contents(workspace_view: WorkspaceView) -> Mapping[str, str] | None:
    """The contents now; None when they cannot be had in time."""
    try:
        async with asyncio.timeout(SECONDS_MAX):
            return await workspace_view.contents()
    except (OSError, TimeoutError):
        return None


async def resume_note(state: State, workspace_view: WorkspaceView, ended_at: str) -> str:
    """What the model is told when a run goes on; `ended_at` is when it was last at work."""
    try:
        async with asyncio.timeout(SECONDS_MAX):
            written = await workspace_view.changed_since(datetime.fromisoformat(ended_at))
            contents = await workspace_view.contents()
    except (OSError, TimeoutError):
        return f"{GOES_ON} Files may have changed: read again before you rely on what you saw."
    moved = _moved(state, written, contents)
    if not moved:
        return f"{GOES_ON} No file has changed since."
    named = "\n".join(f"- {line}" for line in moved[:NAMED_MAX])
    more = f"\n- and {len(moved) - NAMED_MAX} more" if len(moved) > NAMED_MAX else ""
    told = "These files have changed since; read them before you rely on what you saw"
    return f"{GOES_ON} {told}:\n{named}{more}"


def _moved(state: State, written: Sequence[str], contents: Mapping[str, str]) -> list[str]:
    """What the run itself changed or read comes first."""
    left = {path: change.after for path, change in state.work.changes.items()}
    own = [path for path, after in left.items() if contents.get(path) != after]
    read = [
        path
        for path in reversed(state.work.read)
        if path not in left and (path in written or path not in contents)
    ]
    other = [path for path in written if path not in left and path not in state.work.read]
    return [
        *(f"{path} (you had changed it{'' if path in contents else '; gone'})" for path in own),
        *(f"{path} (you had read it{'' if path in contents else '; gone'})" for path in read),
        *other,
    ]
