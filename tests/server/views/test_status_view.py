from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lsp_server.domain.events import Event, StepFinished
from lsp_server.domain.goals import GOALS_FILE
from lsp_server.server.capabilities import Capabilities
from lsp_server.server.client import Client
from lsp_server.server.folders import Folders
from lsp_server.server.views.status_view import StatusView
from tests.fakes.peer import Peer
from tests.harness.workshop import calls, finish, workshop


async def test_without_a_folder_there_is_nothing_to_say() -> None:
    status = StatusView(Client(Peer().rpc), Folders()).status()
    assert (status.state, status.line, status.goals.total) == ("idle", "", 0)


async def test_the_line_is_ready_for_a_status_line(project: Path) -> None:
    (project / GOALS_FILE).parent.mkdir()
    (project / GOALS_FILE).write_text("## One\n- [ ] it holds\n\n## Two\n- [ ] it holds too\n")
    folders = Folders()
    folder = folders.add(project.as_uri())
    assert folder is not None
    async with workshop(project, [finish()]) as shop:
        folder.session = shop.session
        view = StatusView(Client(Peer().rpc), folders)
        assert view.status().line == "0/2 goals"
        await shop.run()
        assert view.status().line == "0/2 goals", "what the last run did is no news"


async def test_each_step_says_how_much_of_its_prompt_was_cached(project: Path) -> None:
    (project / "a.txt").write_text("a\n")
    folders = Folders()
    folder = folders.add(project.as_uri())
    assert folder is not None
    shares: list[float | None] = []
    async with workshop(project, [calls(("read", {"path": "a.txt"})), finish()]) as shop:
        folder.session = shop.session
        view = StatusView(Client(Peer().rpc), folders)

        def look(event: Event) -> None:
            if isinstance(event, StepFinished):
                status = view.status()
                shares.extend((status.step_cache_hit_rate, status.cache_hit_rate))

        shop.on_event = look
        await shop.run()
    first, first_of_all, second, of_all = shares
    assert first == first_of_all == 0
    assert second is not None
    assert of_all is not None
    assert second > 0.9 > of_all > 0.4


@pytest.mark.parametrize(("declared", "count"), [(True, 1), (False, 0)])
async def test_a_status_is_sent_once_to_clients_that_declared_it(
    declared: bool, count: int
) -> None:
    peer = Peer()
    client = Client(peer.rpc)
    client.can = Capabilities(status=declared)
    view = StatusView(client, Folders())
    view.update()
    view.update()
    for _ in range(5):
        await asyncio.sleep(0)
    assert peer.methods() == ["holdfast/status"] * count
