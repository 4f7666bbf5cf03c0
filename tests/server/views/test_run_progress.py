from __future__ import annotations

import json
import re

import pytest

from lsp_server.domain.events import Event, StepStarted, Streamed
from lsp_server.server.capabilities import Capabilities
from lsp_server.server.client import Client
from lsp_server.server.views.run_progress import MESSAGE_CHARS_MAX, RunProgress
from lsp_server.system.task_set import TaskSet
from tests.data.events import ONE_OF_EACH
from tests.fakes.lsp_client import nothing, unknown
from tests.fakes.peer import Peer
from tests.harness.expectation import until

CREATE = "window/workDoneProgress/create"


async def shown(can: Capabilities, answer: object, *, end_early: bool = False) -> list[str]:
    """What a client sees of one progress, in short."""
    peer = Peer({CREATE: answer})  # type: ignore[dict-item]
    client = Client(peer.rpc)
    client.can = can
    tasks = TaskSet()
    progress = RunProgress(client, tasks, "r1", "Title")
    progress.report("early " * 50)
    if end_early:
        progress.end("over")
    await tasks.wait(5)
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
async def test_progress_begins_and_ends_or_a_message_comes(
    can: Capabilities, answer: object, expected: list[str]
) -> None:
    assert await shown(can, answer) == expected


async def test_what_ended_before_the_client_was_ready_does_not_begin() -> None:
    assert await shown(Capabilities(progress=True), nothing, end_early=True) == []


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("tool_called", "step 3 · $ pytest -q"),
        ("tool_returned", "step 3 · thinking"),
        ("permission_asked", "step 3 · waits for permission: run `make`"),
        ("step_finished", "step 3 · thinking"),
        ("plan_changed", "step 3 · plan, 1 of 2 done: edit"),
        ("file_changed", "step 3 · thinking"),
    ],
)
async def test_a_report_says_what_the_run_does_now(kind: str, message: str) -> None:
    events: dict[str, Event] = {event.kind: event for event in ONE_OF_EACH}
    peer = Peer({CREATE: nothing})
    client = Client(peer.rpc)
    client.can = Capabilities(progress=True)
    tasks = TaskSet()
    progress = RunProgress(client, tasks, "r1", "Title")
    progress.follow(events["step_started"])
    progress.follow(events[kind])
    await tasks.wait(5)
    (begin,) = peer.params("$/progress")
    assert begin["value"]["message"] == message


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        (["I look at ", "the parser."], "step 3 · I look at the parser."),
        (["One.\n\n", "Two *three*\n"], "step 3 · Two *three*"),
        (["[more](command:x)"], "step 3 · [more] (command:x)"),
        ([f"{number} " for number in range(200)], "step 3 · …"),
        (["\n"], "step 3 · thinking"),
    ],
)
async def test_a_report_has_the_last_words_of_the_model(pieces: list[str], message: str) -> None:
    peer = Peer({CREATE: nothing})
    client = Client(peer.rpc)
    client.can = Capabilities(progress=True)
    tasks = TaskSet()
    progress = RunProgress(client, tasks, "r1", "Title")
    await tasks.wait(5)
    progress.follow(StepStarted(3, 10))
    for piece in pieces:
        progress.follow(Streamed(3, "reasoning", "not this"))
        progress.follow(Streamed(3, "text", piece))
    begun = message.removesuffix("…")

    def reports() -> list[str]:
        return [each["value"].get("message", "") for each in peer.params("$/progress")]

    await until(lambda: reports()[-1].startswith(message), message)
    progress.end("over")
    assert all(len(each) <= MESSAGE_CHARS_MAX for each in reports())
    if message.endswith("…"):
        assert reports()[-2].endswith("198 199"), reports()
    assert begun in reports()[-2]


async def test_a_report_counts_the_seconds_of_a_thought() -> None:
    peer = Peer({CREATE: nothing})
    client = Client(peer.rpc)
    client.can = Capabilities(progress=True)
    tasks = TaskSet()
    progress = RunProgress(client, tasks, "r1", "Title")
    progress.follow(StepStarted(3, 10))
    await tasks.wait(5)
    pattern = re.compile(r"step 3 · thinks \d+ s")

    def last() -> str:
        return str(peer.params("$/progress")[-1]["value"].get("message"))

    await until(lambda: pattern.fullmatch(last()), "the seconds")
    progress.end("over")


async def test_a_report_says_what_a_subagent_does_now() -> None:
    peer = Peer({CREATE: nothing})
    client = Client(peer.rpc)
    client.can = Capabilities(progress=True)
    tasks = TaskSet()
    progress = RunProgress(client, tasks, "r1", "Title")
    for event in ONE_OF_EACH:
        if event.kind in ("step_started", "tool_called", "model_answered"):
            progress.follow_subagent(2, event)
    await tasks.wait(5)
    (begin,) = peer.params("$/progress")
    assert begin["value"]["message"] == "[2] $ pytest -q"


HOSTILE = (
    "Done. [Show the full log](command:workbench.action.terminal.sendSequence?%7B%7D)\x1b[2K\u202e"
)
LINK = re.compile(r"\[[^\]]+\]\((?:https?://|command:|file:)[^)\s]+")
"""As VS Code finds links in notifications (`linkedText.ts`)."""


async def test_nothing_that_is_said_can_be_clicked_on_or_hides_itself() -> None:
    peer = Peer({CREATE: nothing})
    client = Client(peer.rpc)
    client.can = Capabilities(progress=True)
    tasks = TaskSet()
    for text in (HOSTILE, "[a](https://example.org)", "[a](file:///etc/passwd)"):
        client.show("info", text)
        client.log("warning", text)
        await client.choose(text, ["Yes"])
        progress = RunProgress(client, tasks, "r1", text)
        progress.report(text)
        await tasks.wait(5)
        progress.end(text)
    said = json.dumps(peer.sent, ensure_ascii=False)
    assert said.count("Done.") > 4
    assert not LINK.search(said)
    assert "\\u001b" not in said
    assert "\u202e" not in said
