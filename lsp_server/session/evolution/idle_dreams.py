"""`IdleDreams` lets a server that lasts dream in idle time, when no run is at work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from lsp_server.domain.errors import HoldfastError
from lsp_server.session.evolution.work_watch import WorkWatch
from lsp_server.settings.sections import EvolutionSettings
from lsp_server.system.task_set import TaskSet

_log = logging.getLogger(__name__)


class IdleDreams:
    """An `IdleDreams` calls `dream` after a while without a run, and ends it when a run begins. Close it.

    A run of another process counts as one of this one, as `watch` sees it.
    """

    def __init__(
        self,
        dream: Callable[[], Awaitable[None]],
        watch: WorkWatch,
        settings: Callable[[], EvolutionSettings],
    ) -> None:
        self._dream = dream
        self._watch = watch
        self._settings = settings
        self._tasks = TaskSet()

    def work_changed(self, *, is_idle: bool) -> None:
        """Takes in that a run began or ended, or the session: the wait begins anew; cheap."""
        self._tasks.cancel()
        if is_idle:
            self._tasks.start(self._dream_when_idle(), "dreams in idle time")

    async def close(self) -> None:
        """Ends the wait, or the dream; nothing is lost."""
        await self._tasks.close()

    async def _dream_when_idle(self) -> None:
        """Waits anew, as long as others are at work."""
        while True:
            await asyncio.sleep(self._settings().idle_minutes * 60)
            if await self._watch.is_at_work():
                continue
            dream = self._tasks.start(self._dream_once(), "a dream in idle time")
            await self._watch.until_work(dream)
            if not dream.cancelled():
                return

    async def _dream_once(self) -> None:
        try:
            await self._dream()
        except HoldfastError as error:
            _log.info("nothing is learned from past runs now: %s", error)
