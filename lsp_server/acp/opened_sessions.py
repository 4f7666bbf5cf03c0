"""This module keeps which sessions were opened and not prompted yet, so that any process can load them.

Such a session is a run without a journal; a file in its folder says where it goes on from.
"""

from __future__ import annotations

import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from lsp_server.domain.tasks import RunId
from lsp_server.session.run_store import RunStore
from lsp_server.system.atomic_file import replace_file

OPENED = "opened.json"
DAYS_MAX = 30.0
"""How long a session that nobody prompts can be loaded."""


class OpenedSession(BaseModel):
    """An `OpenedSession` has the run and the step from which it goes on; none for a new one."""

    model_config = ConfigDict(frozen=True)

    origin: str | None = None
    step: int = 0


def keep_opened(store: RunStore, run_id: RunId, opened: OpenedSession) -> None:
    """Keeps that a session was opened, and drops those of more than DAYS_MAX ago. Blocking.

    Raises OSError.
    """
    oldest = time.time() - DAYS_MAX * 86_400
    for file in store.folder.glob(f"*/{OPENED}"):
        if file.stat().st_mtime < oldest:
            drop_opened(store, RunId(file.parent.name))
    replace_file(_file(store, run_id), opened.model_dump_json().encode(), private=True)


def read_opened(store: RunStore, run_id: RunId) -> OpenedSession | None:
    """Returns a session that was opened and not prompted; None where there is none. Blocking."""
    try:
        return OpenedSession.model_validate_json(_file(store, run_id).read_bytes())
    except (OSError, ValidationError):
        return None


def drop_opened(store: RunStore, run_id: RunId) -> None:
    """Forgets that a session was opened, since it was prompted or deleted. Blocking. Raises OSError."""
    file = _file(store, run_id)
    file.unlink(missing_ok=True)
    if file.parent.is_dir() and not any(file.parent.iterdir()):
        file.parent.rmdir()


def _file(store: RunStore, run_id: RunId) -> Path:
    # An id comes from outside: it names a folder here and no other place.
    return store.folder / (Path(run_id).name or "-") / OPENED
