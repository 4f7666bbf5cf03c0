"""Everything that people bring, in one list with its state."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lsp_server.session.extension_list import Extension
from lsp_server.session.session import Session
from tests.harness.workshop import finish, workshop

SERVER = str(Path(__file__).parents[1] / "fakes" / "mcp_server.py")
SKILL = "---\nname: deploy\ndescription: How we deploy.\n---\nShip it."


def of_user(fault: str = "none") -> dict[str, Any]:
    return {"mcp": {"servers": {"mine": {"command": sys.executable, "args": [SERVER, fault]}}}}


def write(project: Path, path: str, text: str) -> None:
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).write_text(text)


def bring(project: Path) -> None:
    """One of each kind."""
    write(project, ".agents/skills/deploy/SKILL.md", SKILL)
    write(project, ".holdfast/commands/review.md", "---\ndescription: Look.\n---\nReview $1.")
    agent = "---\nname: critic\ndescription: Doubts.\n---\nDoubt it."
    write(project, ".agents/agents/critic.md", agent)
    write(project, ".holdfast/workflows/release.md", "Cuts a release.\n\n## tag\nTag it.\n")
    docs = {"docs": {"url": "http://127.0.0.1:9/mcp"}}
    write(project, ".mcp.json", json.dumps({"mcpServers": docs}))


async def named(session: Session) -> dict[str, Extension]:
    return {f"{one.kind} {one.name}": one for one in await session.extensions.look()}


@pytest.mark.parametrize(
    ("name", "description", "path", "trust_id"),
    [
        (
            "skill deploy",
            "How we deploy.",
            ".agents/skills/deploy/SKILL.md",
            "skill .agents/skills/deploy",
        ),
        (
            "command review",
            "Look.",
            ".holdfast/commands/review.md",
            "command .holdfast/commands/review.md",
        ),
        ("agent critic", "Doubts.", ".agents/agents/critic.md", "agent .agents/agents/critic.md"),
        (
            "workflow release",
            "Cuts a release.",
            ".holdfast/workflows/release.md",
            "workflow .holdfast/workflows/release.md",
        ),
        ("server docs", "http://127.0.0.1:9/mcp", ".mcp.json", "server docs"),
    ],
)
async def test_what_a_project_brings_waits_and_leads_to_its_file(
    project: Path, name: str, description: str, path: str, trust_id: str
) -> None:
    bring(project)
    async with workshop(project, [finish()]) as shop:
        one = (await named(shop.session))[name]
        assert (one.description, one.path, one.trust_id) == (description, project / path, trust_id)
        assert (one.origin, one.trust, one.waits) == ("project", "new", True)
        item = next(i for i in await shop.session.trust.waiting() if i.id == one.trust_id)
        await shop.session.decide_trust([item], trusted=True)
        one = (await named(shop.session))[name]
        assert (one.trust, one.waits) == ("trusted", False)


@pytest.mark.parametrize(
    ("path", "text", "name", "problem"),
    [
        (".agents/skills/bad/SKILL.md", "no front matter", "skill bad", "front matter"),
        (".claude/commands/odd name.md", "text", "command odd name", "cannot be typed"),
        (".holdfast/workflows/x.md", "## a\n- needs: b\n\nDo.\n", "workflow x", "needs b"),
        (".mcp.json", "{", "server .mcp.json cannot be read", "Expecting"),
        (".mcp.json", '{"mcpServers": {"x": {}}}', "server .mcp.json, server 'x'", "either"),
    ],
)
async def test_what_cannot_be_read_is_listed_with_its_problem(
    project: Path, path: str, text: str, name: str, problem: str
) -> None:
    write(project, path, text)
    async with workshop(project, [finish()]) as shop:
        one = (await named(shop.session))[name]
        assert problem in one.problem
        assert one.path == project / path
        assert not one.waits, "there is no text that one could trust"
        assert shop.session.status().extensions.failed == 1


async def test_a_server_says_how_it_stands_with_it(project: Path) -> None:
    async with workshop(project, [finish()], **of_user()) as shop:
        before = (await named(shop.session))["server mine"]
        assert (before.trust, before.state, before.tools) == ("trusted", "closed", None)
        await shop.run()
        after = (await named(shop.session))["server mine"]
        assert (after.state, after.tools, after.problem) == ("open", 2, "")


async def test_a_server_that_failed_says_why(project: Path) -> None:
    settings: dict[str, Any] = {"mcp": {"servers": {"mine": {"command": "no-such-program"}}}}
    async with workshop(project, [finish()], **settings) as shop:
        await shop.run()
        one = (await named(shop.session))["server mine"]
        assert (one.state, one.tools) == ("failed", None)
        assert "no-such-program" in one.problem


async def test_the_status_counts_what_waits(project: Path) -> None:
    bring(project)
    async with workshop(project, [finish()]) as shop:
        await shop.session.extensions.look()
        counts = shop.session.status().extensions
        assert (counts.total, counts.waiting, counts.failed) == (5, 5, 0)
        await shop.session.decide_trust(await shop.session.trust.waiting(), trusted=False)
        assert shop.session.status().extensions.waiting == 0
