"""This module says which files changed while a run was not at work, so that it reads them again."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from lsp_server.agent.state import State
from lsp_server.domain.events import Emit
from lsp_server.text.legible import on_one_line

SECONDS_MAX = 20.0
"""When the working tree takes longer to read, the run goes on without."""

NAMED_MAX = 20
"""How many changed files are named; of more, their number."""

GOES_ON = "The run was interrupted here and goes on now."


class WorkspaceView(Protocol):
    """A `WorkspaceView` shows the files of the workspace that are not ignored.

    Paths are relative to the workspace. `workspace.checkpoints.Checkpoints` is one.
    """

    async def contents(self, also: Collection[str] = ()) -> Mapping[str, str]:
        """Returns names of contents by path, equal for equal contents. Raises OSError.

        Of the paths in `also` those too that are ignored.
        """
        ...

    async def changed_since(self, moment: datetime) -> Sequence[str]:
        """Returns the paths of files that were written, moved or created after `moment`."""
        ...

    async def record_killed_command(self, snapshot: str, emit: Emit) -> object:
        """Emits what the command after this snapshot had changed when it was killed, once."""
        ...


class NoWorkspaceView:
    """A `NoWorkspaceView` shows no files at all, so that a run learns of no change."""

    async def contents(self, also: Collection[str] = ()) -> Mapping[str, str]:
        """Returns no files."""
        del also
        return {}

    async def changed_since(self, moment: datetime) -> Sequence[str]:
        """Returns no files."""
        del moment
        return ()

    async def record_killed_command(self, snapshot: str, emit: Emit) -> None:
        """Emits nothing."""
        del snapshot, emit


async def current_contents(state: State, workspace_view: WorkspaceView) -> Mapping[str, str] | None:
    """Returns the contents of the files now, None when they cannot be had in time.

    Ignored files that the run changed or read are among them.
    """
    try:
        async with asyncio.timeout(SECONDS_MAX):
            return await workspace_view.contents(_known_to(state))
    except (OSError, TimeoutError):
        return None


async def resume_note(state: State, workspace_view: WorkspaceView, ended_at: str) -> str:
    """Writes the message to the model with which a run goes on.

    `ended_at` is when the run was last at work, as ISO 8601.
    """
    note = await _files_note(state, workspace_view, ended_at)
    if lost := state.background.lost_text:
        note += f"\nThese background commands ended; start again what you need:\n{lost}"
    return note


async def _files_note(state: State, workspace_view: WorkspaceView, ended_at: str) -> str:
    try:
        async with asyncio.timeout(SECONDS_MAX):
            written = await workspace_view.changed_since(datetime.fromisoformat(ended_at))
            contents = await workspace_view.contents(_known_to(state))
    except (OSError, TimeoutError):
        return f"{GOES_ON} Files may have changed: read again before you rely on what you saw."
    changed = _list_changed(state, written, contents)
    if not changed:
        return f"{GOES_ON} No file has changed since."
    named = "\n".join(f"- {on_one_line(line)}" for line in changed[:NAMED_MAX])
    more = f"\n- and {len(changed) - NAMED_MAX} more" if len(changed) > NAMED_MAX else ""
    advice = "These files have changed since; read them before you rely on what you saw"
    return f"{GOES_ON} {advice}:\n{named}{more}"


def _known_to(state: State) -> Collection[str]:
    return {*state.work.changes, *state.work.read}


def _list_changed(state: State, written: Sequence[str], contents: Mapping[str, str]) -> list[str]:
    """Lists the files that changed; those that the run itself changed or read come first."""
    # What the run wrote is known and compared by content; what it only read, by time.
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
