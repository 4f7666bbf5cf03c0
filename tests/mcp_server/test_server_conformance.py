"""The server part of the public conformance suite, as far as it is about what is lent.

The suite speaks HTTP alone, so the SDK's own transport carries the same server there.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import uvicorn

from lsp_server.mcp_server.server import make_server
from lsp_server.mcp_server.workspace_choice import WorkspaceChoice
from lsp_server.session.lending import Lending
from tests.fakes.lsp_client import REPOSITORY
from tests.harness.expectation import until
from tests.harness.lent import INSTALLED
from tests.harness.node import node

SUITE = INSTALLED / "@modelcontextprotocol/conformance/dist/index.js"
SCENARIOS = ("server-initialize", "ping", "tools-list")
"""All but those that call what a server made for the suite offers, and those about HTTP."""


def nothing_lent(folder: Path) -> AbstractAsyncContextManager[Lending]:
    """No scenario here calls a tool."""
    raise AssertionError(folder)


@asynccontextmanager
async def over_http(project: Path) -> AsyncIterator[str]:
    """The address of the server behind the SDK's transport for HTTP."""
    server = make_server(WorkspaceChoice(nothing_lent, project, project))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        config = uvicorn.Config(
            server.streamable_http_app(), log_level="error", lifespan="on", ws="none"
        )
        http = uvicorn.Server(config)
        serving = asyncio.create_task(http.serve(sockets=[listening]))
        try:
            await until(lambda: http.started, "the server listens")
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            http.should_exit = True
            await serving


@pytest.mark.skipif(not SUITE.exists(), reason="tests/mcp_server/clients/install brings the suite")
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_the_server_conforms(scenario: str, project: Path, tmp_path: Path) -> None:
    async with over_http(project) as url, asyncio.timeout(90):
        process = await asyncio.create_subprocess_exec(
            *(node(), str(SUITE), "server", "--url", url, "--scenario", scenario),
            *("--output-dir", str(tmp_path / "results")),
            cwd=REPOSITORY,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = (await process.communicate())[0].decode()
    passed = re.search(r"Passed: ([1-9]\d*)/(\d+), 0 failed", said)
    assert passed, said[-4000:]
    assert passed[1] == passed[2], said[-4000:]
