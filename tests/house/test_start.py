"""What a plain run loads before its first request, and what it does without."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from tests.cli.test_run import model
from tests.fakes.faulty_server import FaultyServer
from tests.harness.command_line import YES, ended
from tests.harness.workshop import calls, finish

ON_DEMAND = (
    "assemble.attempts",
    "assemble.evolution",
    "assemble.max_mode",
    "assemble.replays",
    "evolution.dream",
    "evolution.inbox",
    "max_mode.candidate_judge",
    "max_mode.max_mode",
    "mcp_client.connection",
    "session.attempts",
    "session.doctor_report",
    "session.evolution",
)
"""What only some runs want: see `assemble/on_demand.py`."""
OF_MEMORY = ("assemble.memory", "memory.code_tables", "memory.database", "memory.memory")
OUTSIDE = (
    "lancedb",
    "lsprotocol",
    "numpy",
    "onnxruntime",
    "pyarrow",
    "pygls",
    "rich",
    "tree_sitter",
)

_IMPORTED = re.compile(r"^import time:.*\| +(?P<name>\S+)$", re.MULTILINE)


async def loaded_by_a_run(project: Path, **environment: str) -> set[str]:
    """The modules that a run of two steps imported in its process."""
    turns = [calls(("write", {"path": "made.txt", "text": "made\n"})), finish()]
    async with FaultyServer(turns) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-X", "importtime", "-m", "lsp_server", "run", *YES, "make it"),
            cwd=project,
            env={**os.environ, **model(server), **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        done = await ended(process)
    assert done.status == 5, done.errors
    return set(_IMPORTED.findall(done.errors))


@pytest.mark.parametrize("memory", [True, False])
async def test_a_plain_run_loads_nothing_that_only_some_runs_want(
    project: Path, memory: bool
) -> None:
    loaded = await loaded_by_a_run(project, HOLDFAST_MEMORY__ENABLED=str(memory).lower())
    assert "lsp_server.agent.loop" in loaded
    unwanted = [f"lsp_server.{name}" for name in ON_DEMAND + (() if memory else OF_MEMORY)]
    unwanted += () if memory else OUTSIDE
    assert [
        name
        for name in sorted(loaded)
        if any(name == one or name.startswith(f"{one}.") for one in unwanted)
    ] == []
