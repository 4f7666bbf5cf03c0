"""What a server learns in idle time ends as soon as a person begins to work, in whatever window."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lsp_server.settings.folders import data_folder, workspace_folder
from tests.data import clients
from tests.data.past_runs import write_journal
from tests.fakes.faults import FaultyTurn, Silence
from tests.fakes.faulty_server import FaultyServer
from tests.fakes.lsp_client import started as server
from tests.harness.command_line import HOLDS, started
from tests.harness.sleepers import own_seconds, sleepers

RICH = clients.snapshot("vscode")["initialize"]["capabilities"]
IDLE = {"HOLDFAST_EVOLUTION__IDLE_MINUTES": "0.002"}
SECONDS = 45.0
"""Less than a command may take that a dream runs again."""


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not is_so():  # noqa: ASYNC110 - other processes do not say so
            await asyncio.sleep(0.05)


@pytest.mark.timeout(240)
@pytest.mark.skipif(not HOLDS, reason="a dream runs commands again in a sandbox only")
async def test_an_idle_dream_ends_at_once_when_a_run_begins_in_another_process(
    project: Path,
) -> None:
    data = workspace_folder(data_folder(), project)
    for number in range(5):
        write_journal(data / "runs", number, [("shell", "make test", "")], project)
    silent = FaultyTurn(fault=Silence())
    with own_seconds(4000) as seconds:
        (project / "Makefile").write_text(f"test:\n\t@sleep {seconds}\n")
        async with FaultyServer([silent]) as model, server(environment=IDLE, answers={}) as client:
            await client.initialize(project, RICH)
            await until(lambda: bool(sleepers(seconds)))  # It runs the check again.
            named = {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "scripted"}
            async with started("run", "Look.", "--sandboxed", folder=project, **named):
                await until(lambda: not sleepers(seconds))
                assert not (data / "evolution/inbox.jsonl").exists(), "it had not come to its end"
                (project / "Makefile").write_text("test:\n\t@true\n")
                # It is killed on the way out.
            await client.wait_for(
                lambda message: "past runs gave 1 suggestion" in json.dumps(message),
                "what the next dream brings, when all is idle again",
            )
