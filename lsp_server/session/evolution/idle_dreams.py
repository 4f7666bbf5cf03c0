"""`IdleDreams` lets a server that lasts dream in idle time, when no run is at work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from lsp_server.domain.errors import HoldfastError
from lsp_server.settings.sections import EvolutionSettings
from lsp_server.system.task_set import TaskSet

_log = logging.getLogger(__name__)


class IdleDreams:
    """`IdleDreams` calls `dream` after a while without a run, and ends it when a run begins. Close it."""

    def __init__(
        self, dream: Callable[[], Awaitable[None]], settings: Callable[[], EvolutionSettings]
    ) -> None:
        self._dream = dream
        self._settings = settings
        self._tasks = TaskSet()

    def work_changed(self, *, is_idle: bool) -> None:
        """Takes in that a run began or ended, or the session: the wait begins anew; cheap."""
        self._tasks.cancel()
        if is_idle:
            self._tasks.start(self._dream_later(), "a dream in idle time")

    async def close(self) -> None:
        """Ends the wait, or the dream; nothing is lost."""
        await self._tasks.close()

    async def _dream_later(self) -> None:
        await asyncio.sleep(self._settings().idle_minutes * 60)
        try:
            await self._dream()
        except HoldfastError as error:
            _log.info("nothing is learned from past runs now: %s", error)
