"""A memory is opened beside the work, however badly that goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.embedders.hashing import HashingEmbedder
from lsp_server.memory.memory import Memory
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.session.memory.opening import MemoryOpener
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.files.paths import Workspace
from tests.harness.expectation import until

ON = MemorySettings()
OFF = MemorySettings(enabled=False)


@dataclass
class Place:
    """Where memories are opened; `fault` is raised instead, `gate` holds the opening up."""

    folder: Path
    fault: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    opened: list[Memory] = field(default_factory=list)
    asked: list[MemorySettings] = field(default_factory=list)
    changes: int = 0

    async def open(self, settings: MemorySettings) -> Memory:
        self.asked.append(settings)
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return await Memory.open(
            self.folder,
            Workspace(self.folder.parent),
            HashingEmbedder(),
            settings,
            start_process=start_unconfined,
        )

    def note_change(self) -> None:
        self.changes += 1


@asynccontextmanager
async def opener(
    place: Place, settings: MemorySettings = ON, *, has_data: bool = True
) -> AsyncIterator[MemoryOpener]:
    place.gate.set()
    made = MemoryOpener(
        settings,
        place.open,
        lambda: has_data,
        opened=place.opened.append,
        state_changed=place.note_change,
    )
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "memory")


async def test_it_is_opened_once_for_all_who_wait(place: Place) -> None:
    async with opener(place) as one:
        assert (one.phase, one.is_worth_waiting_for) == ("closed", True)
        place.gate.clear()
        waiting = [asyncio.create_task(one.ready()) for _ in range(3)]
        await asyncio.sleep(0)
        assert one.phase == "opening"
        waiting[0].cancel()
        place.gate.set()
        memories = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(memories[0], asyncio.CancelledError)
        assert memories[1] is memories[2] is one.memory
        assert (len(place.opened), place.changes, one.phase) == (1, 1, "open")
    assert one.memory is None


async def test_a_memory_without_data_is_not_worth_waiting_for(place: Place) -> None:
    async with opener(place, has_data=False) as one:
        assert not one.is_worth_waiting_for
        await one.ready()
        assert one.is_worth_waiting_for


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (MemoryUnavailable("the disk is full"), "the disk is full"),
        (ZeroDivisionError("a fault of ours"), "could not be opened.*a fault of ours"),
    ],
)
async def test_a_failure_is_said_and_not_tried_again_at_once(
    place: Place, fault: Exception, says: str
) -> None:
    place.fault = fault
    async with opener(place) as one:
        for _ in range(2):
            with pytest.raises(MemoryUnavailable, match=says):
                await one.ready()
        assert (one.phase, len(place.asked), place.changes) == ("failed", 1, 1)
        assert not one.is_worth_waiting_for
        place.fault = None
        one.reconfigure(MemorySettings(file_bytes_max=1_000))
        assert await one.ready() is place.opened[0]


async def test_what_is_turned_off_is_not_opened(place: Place) -> None:
    async with opener(place, OFF) as one:
        one.start()
        with pytest.raises(MemoryUnavailable, match=r"set memory\.enabled to true"):
            await one.ready()
        assert (one.phase, place.asked, one.is_worth_waiting_for) == ("off", [], False)


async def test_new_settings_open_it_again_only_if_it_was_wanted(place: Place) -> None:
    other = MemorySettings(file_bytes_max=1_000)
    async with opener(place) as one:
        one.reconfigure(other)
        assert place.asked == []
        first = await one.ready()
        one.reconfigure(other)
        assert one.memory is first
        one.reconfigure(ON)
        await until(lambda: one.memory not in (first, None), "the second memory")
        assert place.asked == [other, ON]
        assert await one.ready() is place.opened[1]


async def test_closing_ends_an_opening(place: Place) -> None:
    async with opener(place) as one:
        place.gate.clear()
        waiting = asyncio.create_task(one.ready())
        await asyncio.sleep(0)
        await one.close()
        with pytest.raises(MemoryUnavailable, match="memory is closed"):
            await waiting
