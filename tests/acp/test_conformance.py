"""Every method of the protocol: the table in `docs/acp.md` says what a client finds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from acp.exceptions import RequestError
from acp.meta import AGENT_METHODS, CLIENT_METHODS, PROTOCOL_VERSION

from tests.fakes.acp_client import Desk, desk

PAGE = Path(__file__).parents[2] / "docs" / "acp.md"
ROW = re.compile(r"^\| `([\w/]+)` \| (yes|no) \|", re.MULTILINE)
METHOD_NOT_FOUND = -32601
NOTIFICATIONS = {"session/cancel", "mcp/message"}


def table() -> dict[str, bool]:
    return {method: answer == "yes" for method, answer in ROW.findall(PAGE.read_text("utf-8"))}


def test_the_table_has_each_method_once() -> None:
    rows = [method for method, _ in ROW.findall(PAGE.read_text("utf-8"))]
    assert len(rows) == len(set(rows))
    assert set(rows) == {*AGENT_METHODS.values(), *CLIENT_METHODS.values()}


async def is_known(here: Desk, method: str) -> bool:
    try:
        await here.agent._conn.send_request(method, {"sessionId": "x", "cwd": "/nowhere"})
    except RequestError as error:
        return error.code != METHOD_NOT_FOUND
    return True


async def test_the_agent_answers_what_the_table_says(project: Path) -> None:
    async with desk(project) as here:
        for method in AGENT_METHODS.values():
            if method not in NOTIFICATIONS:
                assert await is_known(here, method) == table()[method], method


@pytest.mark.parametrize("version", [0, 1, 2, 65535])
async def test_the_version_is_one_that_both_speak(project: Path, version: int) -> None:
    async with desk(project, capabilities=None) as here:
        answer = await here.agent.initialize(protocol_version=version)
        assert answer.protocol_version == PROTOCOL_VERSION
        assert answer.agent_info is not None
        assert answer.agent_info.name == "holdfast"


async def test_what_is_declared_is_there(project: Path) -> None:
    async with desk(project, capabilities=None) as here:
        raw: dict[str, Any] = await here.agent._conn.send_request(
            "initialize", {"protocolVersion": 1}
        )
        can = raw["agentCapabilities"]
        assert can["loadSession"] is True
        assert set(can["sessionCapabilities"]) == {"list", "fork", "resume", "close", "delete"}
        assert can["promptCapabilities"]["image"] is True
        assert can["promptCapabilities"]["embeddedContext"] is True
        assert can["mcpCapabilities"]["http"] is True
        for name in can["sessionCapabilities"]:
            assert table()[f"session/{name}"], name
