"""This module removes contents that no undo needs any more, by their age and their size.

Needed are the contents of the working state, of commands that run or were
killed, and whatever the caller names, which knows the runs. They stay even
where they are larger than the limit in all.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from lsp_server.domain.errors import HoldfastError
from lsp_server.settings.sections import CheckpointSettings
from lsp_server.system.process_lock import ProcessLock
from lsp_server.workspace.checkpoints.blobs import Blobs, Pruned
from lsp_server.workspace.checkpoints.snapshots import Snapshots
from lsp_server.workspace.checkpoints.tree import WorkingTree

WAIT_SECONDS = 180.0
"""A start has other things to do, and a session that is over sooner does not prune."""
PAUSE_SECONDS = 24 * 3600.0
"""The shortest time between two prunings of one workspace, whoever does them."""

_log = logging.getLogger(__name__)


class CheckpointPruner:
    """Prunes the checkpoints of one workspace, which lie in `folder`."""

    def __init__(self, folder: Path, tree: WorkingTree, blobs: Blobs, snapshots: Snapshots) -> None:
        self._tree = tree
        self._blobs = blobs
        self._snapshots = snapshots
        self._lock = ProcessLock(folder / "prune.lock")
        self._stamp = folder / "pruned"

    async def prune_later(
        self,
        limits: Callable[[], CheckpointSettings],
        needed: Callable[[], Collection[str]],
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """Waits, then prunes unless that was done within PAUSE_SECONDS.

        For a task in the background, which may be cancelled at any time; what
        fails is logged and tried again by the next session.
        """
        await asyncio.sleep(wait_seconds)
        try:
            if not await asyncio.to_thread(self._is_due, limits()):
                return
            pruned = await self.prune(limits(), needed)
        except (HoldfastError, OSError) as error:
            _log.warning("checkpoints were not pruned: %s", error)
            return
        if pruned is not None and pruned.files:
            _log.info("removed %d old contents, %d bytes", pruned.files, pruned.bytes)

    async def prune(
        self, limits: CheckpointSettings, needed: Callable[[], Collection[str]]
    ) -> Pruned | None:
        """Prunes now; None when another process does it at the moment.

        `needed` gives the names of contents that undo needs; it is called in a
        thread, may block, and what it raises is passed on before anything is
        removed. Raises OSError when the store cannot be changed.
        """
        contents = await self._tree.contents()
        stop = threading.Event()
        try:
            return await asyncio.to_thread(
                self._prune, limits, frozenset(contents.values()), needed, stop
            )
        finally:
            # A thread cannot be cancelled, and the process waits for it at its end.
            stop.set()

    def _is_due(self, limits: CheckpointSettings) -> bool:
        """Returns whether something may go; cheaper than a look at the whole working state."""
        with suppress(FileNotFoundError):
            if time.time() - self._stamp.stat().st_mtime < PAUSE_SECONDS:
                return False
        return self._blobs.exceed(days_max=limits.days_max, bytes_max=limits.bytes_max)

    def _prune(
        self,
        limits: CheckpointSettings,
        contents: Collection[str],
        needed: Callable[[], Collection[str]],
        stop: threading.Event,
    ) -> Pruned | None:
        if not self._lock.acquire():
            return None
        try:
            self._snapshots.prune(limits.days_max)
            names = {
                *contents,
                *self._tree.cached_names(),
                *self._snapshots.content_names(),
                *needed(),
            }
            pruned = self._blobs.prune(
                names, days_max=limits.days_max, bytes_max=limits.bytes_max, stopped=stop.is_set
            )
            if not stop.is_set():
                self._stamp.touch()
            return pruned
        finally:
            self._lock.release()
