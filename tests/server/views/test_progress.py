from __future__ import annotations

import asyncio
import json
import re
from itertools import pairwise

import pytest

from lsp_server.server.background import Background
from lsp_server.server.capabilities import Capabilities
from lsp_server.server.client import Client
from lsp_server.server.views.progress import MESSAGE_CHARS_MAX, RunProgress, Throttle
from tests.fakes.lsp_client import nothing, unknown
from tests.fakes.peer import Peer

CREATE = "window/workDoneProgress/create"


async def test_the_first_value_goes_at_once_and_the_last_one_is_never_lost() -> None:
    sent: asyncio.Queue[int] = asyncio.Queue()
    throttle = Throttle(0.02, sent.put_nowait)
    for value in range(100):
        throttle.offer(value)
    assert await asyncio.wait_for(sent.get(), 5) == 99
    throttle.offer(100)
    throttle.offer(101)
    assert await asyncio.wait_for(sent.get(), 5) == 101
    assert sent.empty()


async def test_values_are_spaced() -> None:
    loop = asyncio.get_running_loop()
    sent: asyncio.Queue[float] = asyncio.Queue()
    throttle: Throttle[int] = Throttle(0.02, lambda value: sent.put_nowait(loop.time()))
    times: list[float] = []
    for value in range(4):
        throttle.offer(value)
        times.append(await asyncio.wait_for(sent.get(), 5))
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.019


async def shown(can: Capabilities, answer: object, *, end_early: bool = False) -> list[str]:
    """What a client sees of one progress, in short."""
    peer = Peer({CREATE: answer})  # type: ignore[dict-item]
    client = Client(peer.rpc)
    client.can = can
    background = Background()
    progress = RunProgress(client, background, "r1", "Title")
    progress.report("early " * 50)
    if end_early:
        progress.end("over")
    await asyncio.gather(*background._tasks)
    if not end_early:
        progress.end("over")
    seen = []
    for message in peer.sent:
        if message.get("method") == "$/progress":
            assert message["params"]["token"] == "holdfast/r1"
            value = message["params"]["value"]
            assert len(value["message"]) <= MESSAGE_CHARS_MAX
            seen.append(value["kind"])
        elif message.get("method") == "window/showMessage":
            seen.append("message")
    return seen


@pytest.mark.parametrize(
    ("can", "answer", "expected"),
    [
        (Capabilities(progress=True), nothing, ["begin", "end"]),
        (Capabilities(progress=True), unknown, ["message"]),
        (Capabilities(), nothing, ["message"]),
    ],
)
async def test_progress_begins_and_ends_or_is_told(
    can: Capabilities, answer: object, expected: list[str]
) -> None:
    assert await shown(can, answer) == expected


async def test_what_ended_before_the_client_was_ready_does_not_begin() -> None:
    assert await shown(Capabilities(progress=True), nothing, end_early=True) == []


HOSTILE = (
    "Done. [Show the full log](command:workbench.action.terminal.sendSequence?%7B%7D)\x1b[2K\u202e"
)
LINK = re.compile(r"\[[^\]]+\]\((?:https?://|command:|file:)[^)\s]+")
"""As VS Code finds links in notifications (`linkedText.ts`)."""


async def test_nothing_that_is_said_can_be_clicked_on_or_hides_itself() -> None:
    peer = Peer({CREATE: nothing})
    client = Client(peer.rpc)
    client.can = Capabilities(progress=True)
    background = Background()
    for text in (HOSTILE, "[a](https://example.org)", "[a](file:///etc/passwd)"):
        client.show("info", text)
        client.log("warning", text)
        await client.choose(text, ["Yes"])
        progress = RunProgress(client, background, "r1", text)
        progress.report(text)
        await asyncio.gather(*background._tasks)
        progress.end(text)
    said = json.dumps(peer.sent, ensure_ascii=False)
    assert said.count("Done.") > 4
    assert not LINK.search(said)
    assert "\\u001b" not in said
    assert "\u202e" not in said
