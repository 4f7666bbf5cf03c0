"""A `MemoryOpener` opens a memory beside the work, tries again after a failure, and closes it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, TypeAlias

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.settings.sections import MemorySettings
from lsp_server.system.task_set import TaskSet

if TYPE_CHECKING:  # Memory may be off, and is opened beside the work.
    from lsp_server.memory.memory import Memory

OpenMemory: TypeAlias = "Callable[[MemorySettings], Awaitable[Memory]]"
"""Opens the memory. Raises MemoryUnavailable."""
MemoryPhase: TypeAlias = Literal["off", "closed", "opening", "open", "failed"]

WAIT_SECONDS_MAX = 20.0
"""Callers of `ready` wait for so long at most."""
RETRY_SECONDS = 60.0
"""After a failure, nothing is opened for so long."""
CLOSE_SECONDS_MAX = 8.0

OFF = "memory is turned off; set memory.enabled to true"

_log = logging.getLogger(__name__)


class MemoryOpener:
    """Owns the one memory of a session; it is opened when it is first wanted. Close it.

    `has_data` says, cheaply, whether anything may have been remembered before.
    `opened` is called with each memory that was opened, `state_changed` after the
    phase or the problem changed.
    """

    def __init__(
        self,
        settings: MemorySettings,
        open_memory: OpenMemory,
        has_data: Callable[[], bool],
        *,
        opened: Callable[[Memory], None],
        state_changed: Callable[[], None],
    ) -> None:
        self.settings = settings
        self.memory: Memory | None = None
        self.problem = ""
        self.has_data = has_data
        self._open_memory = open_memory
        self._opened = opened
        self._state_changed = state_changed
        self._opening: asyncio.Task[Memory] | None = None
        self._retry_at = 0.0
        self._tasks = TaskSet(expected=MemoryUnavailable)

    @property
    def phase(self) -> MemoryPhase:
        """Returns the state of the memory: off, opening, open, failed, or closed for now."""
        if not self.settings.enabled:
            return "off"
        if self.memory is not None:
            return "open"
        if self._opening is not None and not self._opening.done():
            return "opening"
        return "failed" if self.problem else "closed"

    @property
    def is_worth_waiting_for(self) -> bool:
        """Says whether memory is open, or will be and may know something."""
        phase = self.phase
        return phase == "open" or (phase in ("closed", "opening") and self.has_data())

    def start(self) -> None:
        """Begins to open memory, unless it is open, off, or failed a short while ago."""
        now = asyncio.get_running_loop().time()
        if self.settings.enabled and self._opening is None and now >= self._retry_at:
            self._opening = self._tasks.start(self._open(), "opening memory")

    async def ready(self) -> Memory:
        """Returns the open memory. Raises MemoryUnavailable, also after WAIT_SECONDS_MAX."""
        self.start()
        opening = self._opening
        if opening is None:
            raise MemoryUnavailable(self.problem or OFF)
        try:
            async with asyncio.timeout(WAIT_SECONDS_MAX):
                # Others wait for it too: one of them that is cancelled must not cancel it.
                return await asyncio.shield(opening)
        except TimeoutError:
            raise MemoryUnavailable("memory is still being opened; try again soon") from None
        except asyncio.CancelledError:
            if opening.cancelled():
                raise MemoryUnavailable("memory is closed") from None
            raise

    def reconfigure(self, settings: MemorySettings) -> None:
        """Takes new settings; a memory that is open or opening is opened again with them."""
        if settings == self.settings:
            return
        # New settings may be what was wrong, so they are tried at once.
        was_wanted = self._opening is not None
        self.settings, self._retry_at = settings, 0.0
        if was_wanted:
            self._tasks.start(self._reopen(), "reopening memory")

    async def close(self) -> None:
        """Closes the memory within CLOSE_SECONDS_MAX."""
        await self._tasks.close()
        await self._release()

    async def _open(self) -> Memory:
        try:
            memory = await self._open_memory(self.settings)
        except MemoryUnavailable as error:
            self._fail(str(error))
            raise
        except Exception as error:
            # Memory is an advantage, never a need: whatever is wrong with it, the session goes on.
            _log.exception("memory could not be opened")
            self._fail(f"memory could not be opened: {error!r}")
            raise MemoryUnavailable(self.problem) from error
        self.memory, self.problem = memory, ""
        self._opened(memory)
        self._state_changed()
        return memory

    def _fail(self, problem: str) -> None:
        if problem != self.problem:  # Each problem is logged once, however often it is tried.
            _log.warning("going on without memory: %s", problem)
        self.problem = problem
        self._retry_at = asyncio.get_running_loop().time() + RETRY_SECONDS
        self._opening = None
        self._state_changed()

    async def _reopen(self) -> None:
        if self._opening is not None:
            await asyncio.wait([self._opening])
        await self._release()
        self.start()
        self._state_changed()

    async def _release(self) -> None:
        memory, self.memory, self._opening = self.memory, None, None
        if memory is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS_MAX):
                    await memory.close()
