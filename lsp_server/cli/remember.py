"""This module is `holdfast remember` and `forget`: what a person adds to memory and takes out of it."""

from __future__ import annotations

import sys
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path

from lsp_server.cli.command_session import command_session
from lsp_server.cli.command_settings import load_settings
from lsp_server.cli.exit_status import UsageError, workspace_folder
from lsp_server.cli.memory import run_quietly
from lsp_server.domain.permissions import visible
from lsp_server.memory.forget_request import ForgetRequest
from lsp_server.session.session import Session
from lsp_server.text.count import count_of

FORGOTTEN_CHARS_MIN = 3
"""A shorter text is in everything."""


def remember(workspace: Path, text: str) -> int:
    """Keeps a fact; the exit status."""
    return run_quietly(_remember(workspace, text))


def forget(workspace: Path, text: str | None, entry_id: str | None, before: datetime | None) -> int:
    """Removes for good and says how much; 0 when there was something, else 1."""
    return run_quietly(_forget(workspace, text, entry_id, before))


def quiet_session(workspace: Path) -> AbstractAsyncContextManager[Session]:
    """Returns a session that does not index. Raises UsageError without a folder."""
    folder = workspace_folder(workspace)
    return command_session(folder, load_settings(folder, {"memory": {"index_on_start": False}}))


async def _remember(workspace: Path, text: str) -> int:
    if not text.strip():
        raise UsageError("say what to remember")
    async with quiet_session(workspace) as session:
        fact = await session.memory.facts.remember(text)
    sys.stdout.write(f"remembered ({fact.id}): {visible(fact.text)}\n")
    return 0


async def _forget(
    workspace: Path, text: str | None, entry_id: str | None, before: datetime | None
) -> int:
    if text is not None and len(text.strip()) < FORGOTTEN_CHARS_MIN:
        raise UsageError(f"say what to forget in {FORGOTTEN_CHARS_MIN} characters at least")
    utc = before.astimezone(UTC).isoformat() if before is not None else None
    async with quiet_session(workspace) as session:
        gone = await session.forget(ForgetRequest(entry_id, text, utc))
    sys.stdout.write(
        f"forgot {count_of(gone.rows, 'row')} of memory and words in {count_of(gone.journals, 'journal')}\n"
    )
    return 0 if gone.rows or gone.journals else 1
