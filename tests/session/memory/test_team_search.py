"""A run looks through the other repositories of its team with the tool `search`."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.assemble.team_base import build_base
from lsp_server.domain.events import ToolReturned
from lsp_server.domain.memories import FACTS_FILE
from lsp_server.redaction.secrets import Secrets
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.commands.commands import HostCommandRunner
from lsp_server.workspace.files.paths import Workspace
from tests.harness.files import lay_out
from tests.harness.git import committed
from tests.harness.workshop import calls, finish, workshop

ENGINE = "def retry_payment(order):\n    return order.pay_again()\n"


@pytest.fixture
async def base(project: Path, tmp_path: Path) -> dict[str, object]:
    """Settings of a memory over the base of the project and of another repository."""
    lay_out(project, {"here.py": "def retry_here(): ...\n"})
    taught = {FACTS_FILE: "- Never retry what was paid.\n"}
    engine = {"billing/pay.py": ENGINE, "wheel.py": "def retry_wheel(): ...\n", **taught}
    lay_out(tmp_path / "engine", engine)
    committed(project)
    committed(tmp_path / "engine")
    settings = {"enabled": True, "embedder": "hashing"}
    uri = (tmp_path / "base").as_uri()
    await build_base(
        Workspace(project),
        Secrets,
        HostCommandRunner(),
        start_unconfined,
        MemorySettings.model_validate(settings),
        uri,
        full=False,
        repositories=(project, tmp_path / "engine"),
        progress=lambda *_: None,
    )
    return {**settings, "base_uri": uri}


@pytest.mark.parametrize(
    ("arguments", "told", "not_told"),
    [
        ({"repository": "engine"}, ["engine at ", "billing/pay.py:1-2 retry_payment", "pay_again"], ["here.py"]),
        ({"repository": "*", "mode": "semantic"}, ["here.py:1-1", "engine at ", "billing/pay.py"], []),
        ({"repository": "engine", "query": "never retry what was paid"}, [".holdfast/facts.md:1-1", "Never retry"], ["here.py"]),
        ({"repository": "engine", "path": "billing/"}, ["billing/pay.py"], ["wheel.py"]),
        ({"repository": "nowhere"}, ["engine, project, and not nowhere"], ["retry_payment"]),
        ({"repository": "engine", "mode": "regex"}, ["use mode semantic"], ["retry_payment"]),
        ({"mode": "semantic"}, ["here.py:1-1 retry_here"], ["engine"]),
        ({"mode": "text"}, ["here.py:1: def retry_here"], ["engine"]),
    ],
)  # fmt: skip
async def test_hits_name_repository_commit_and_path(
    base: dict[str, object],
    project: Path,
    arguments: dict[str, object],
    told: list[str],
    not_told: list[str],
) -> None:
    asked = calls(("search", {"query": "retry", **arguments}))
    async with workshop(project, [asked, finish()], memory=base) as shop:
        await shop.session.memory.index()
        await shop.run()
        text = shop.events(ToolReturned)[0].result.text
        assert "Never retry" not in str(shop.prompts()[-1][:2]), "it is a fact of another project"
    assert not [words for words in told if words not in text], text
    assert not [words for words in not_told if words in text], text


async def test_the_argument_takes_no_place_where_no_base_is_used(project: Path) -> None:
    asked = calls(("search", {"query": "retry", "repository": "*"}))
    async with workshop(project, [asked, finish()]) as shop:
        await shop.run()
        tools = {one["function"]["name"]: one for one in shop.server.requests[0].body["tools"]}
        assert "repository" not in tools["search"]["function"]["parameters"]["properties"]
        assert "repository" in shop.events(ToolReturned)[0].result.text
