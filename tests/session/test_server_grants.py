"""What a yes to a call of a server's tool holds for: this call, this run, this project."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.events import ToolReturned
from lsp_server.domain.permission_events import PermissionAsked
from lsp_server.domain.permissions import Answer
from lsp_server.settings.folders import data_folder, workspace_folder
from lsp_server.settings.user_file import default_user_file
from tests.data import clients
from tests.fakes.faulty_server import FaultyServer
from tests.fakes.lsp_client import Message, started
from tests.harness.workshop import calls, finish, workshop
from tests.session.test_mcp_servers import answering, entry, of_user

Call = tuple[str, dict[str, Any]]

ECHO: Call = ("mcp__faulty__echo", {"a": 1})
OTHER_ARGUMENTS: Call = ("mcp__faulty__echo", {"a": 2})
LOOK: Call = ("mcp__faulty__look", {})
RULE = "mcp(faulty/echo)"


def write_user_settings() -> None:
    file, server = default_user_file(), entry()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        f"[mcp.servers.faulty]\ncommand = {json.dumps(server['command'])}\n"
        f"args = {json.dumps(server['args'])}\n"
    )


def kept(project: Path) -> str:
    file = workspace_folder(data_folder(), project) / "permissions.toml"
    return file.read_text() if file.exists() else ""


async def questions(project: Path, made: Sequence[Call], answer: Answer) -> int:
    """How many questions a run asks that makes these calls, one a step."""
    turns = [*(calls(each) for each in made), finish()]
    async with workshop(project, turns, answer=answering(answer), **of_user()) as shop:
        await shop.run()
        assert all(not event.result.is_error for event in shop.events(ToolReturned))
        return len(shop.events(PermissionAsked))


@pytest.mark.parametrize(
    ("answer", "made", "asked", "asked_later"),
    [
        ("once", [ECHO, OTHER_ARGUMENTS], 2, 2),
        ("run", [ECHO, OTHER_ARGUMENTS], 1, 1),
        ("always", [ECHO, OTHER_ARGUMENTS], 1, 0),
        ("run", [ECHO, LOOK, OTHER_ARGUMENTS], 2, 2),
        ("always", [ECHO, LOOK, OTHER_ARGUMENTS], 2, 0),
    ],
)
async def test_a_yes_is_one_to_this_tool_with_any_arguments(
    project: Path, answer: Answer, made: list[Call], asked: int, asked_later: int
) -> None:
    assert await questions(project, made, answer) == asked
    assert (f'"{RULE}"' in kept(project)) == (answer == "always")
    assert await questions(project, made, answer) == asked_later


async def test_always_is_for_this_project(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert await questions(project, [ECHO], "always") == 1
    assert await questions(other.resolve(), [ECHO], "always") == 1


async def test_a_run_that_goes_on_keeps_what_was_allowed_for_it(project: Path) -> None:
    asking = answering("run")
    async with workshop(project, [calls(ECHO), finish()], answer=asking, **of_user()) as shop:
        await shop.run()
        run_id = shop.session.runs.list()[0].run_id
    turns, asking = [calls(OTHER_ARGUMENTS), finish()], answering("deny")
    async with workshop(project, turns, answer=asking, **of_user()) as again:
        await again.session.runs.send(run_id, "once more", "steer").wait()
        assert again.events(PermissionAsked) == []
        assert not again.events(ToolReturned)[0].result.is_error


def ended(message: Message) -> bool:
    return message.get("method") == "window/showMessage" and "done" in message["params"]["message"]


@pytest.mark.parametrize(("word", "asked"), [("for this run", 2), ("always", 1)])
async def test_an_editor_answers_for_the_run_or_always(
    project: Path, word: str, asked: int
) -> None:
    write_user_settings()
    shown: list[str] = []

    def pick(params: Any) -> Any:
        shown.append(params["message"])
        return next(one for one in params["actions"] if word in one["title"].lower())

    plain = clients.snapshot("neovim")["initialize"]["capabilities"]
    turns = [calls(ECHO), calls(OTHER_ARGUMENTS), finish()]
    async with FaultyServer([*turns, *turns]) as model:
        environment = {"HOLDFAST_MODEL__BASE_URL": model.base_url}
        answers = {"window/showMessageRequest": pick}
        async with started(environment=environment, answers=answers) as client:
            await client.initialize(project, plain)
            for number in (1, 2):
                await client.command("holdfast.run.start", {"prompt": "go on"})
                await client.wait_for_all(ended, number)
    assert len(shown) == asked, shown
    assert all("call echo of the server faulty" in text for text in shown)
    assert (RULE in kept(project)) == (word == "always")


@pytest.mark.parametrize(("letter", "asked_later"), [("r", 1), ("a", 0)])
async def test_a_terminal_answers_for_the_run_or_always(
    project: Path, letter: str, asked_later: int
) -> None:
    write_user_settings()
    assert await answered_in_terminal(project, letter) == 1
    assert await answered_in_terminal(project, letter) == asked_later
    assert (RULE in kept(project)) == (letter == "a")


async def answered_in_terminal(project: Path, letter: str) -> int:
    """How many questions of a run are answered so on a terminal."""
    ours, theirs = os.openpty()
    async with FaultyServer([calls(ECHO), calls(OTHER_ARGUMENTS), finish()]) as model:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "lsp_server", "run", "go on"),
            cwd=project,
            stdin=theirs,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=theirs,
            env={**os.environ, "HOLDFAST_MODEL__BASE_URL": model.base_url},
        )
        os.close(theirs)
        asked = await asyncio.to_thread(answer_all, ours, f"{letter}\n".encode())
        async with asyncio.timeout(60):
            assert await process.wait() == 5
        results = [one for one in model.requests[-1].body["messages"] if one["role"] == "tool"]
        assert [one["content"] for one in results] == ['{"a": 1}', '{"a": 2}']
    os.close(ours)
    return asked


def answer_all(terminal: int, line: bytes) -> int:
    """Types the line at each question, until the program leaves the terminal."""
    asked, seen = 0, b""
    while True:
        try:
            seen += os.read(terminal, 1024)
        except OSError:  # Nobody has the other side open.
            return asked
        if b"why? " in seen:
            os.write(terminal, line)
            asked, seen = asked + 1, b""
