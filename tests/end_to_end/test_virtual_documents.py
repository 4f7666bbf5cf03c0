"""Documents without a file, for clients that ask the server for their text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.fakes import lsp_client
from tests.fakes.lsp_client import LspClient, LspError
from tests.harness.workshop import calls, finish, says

SCHEME = "holdfast-document"
CONTENT = "workspace/textDocumentContent"
CAN = {
    "workspace": {"textDocumentContent": {"dynamicRegistration": True}},
    "window": {"showDocument": {"support": True}},
}


@asynccontextmanager
async def editor(
    project: Path, script: Sequence[ScriptedTurn], capabilities: Any = None
) -> AsyncIterator[LspClient]:
    async with ScriptedServer(script) as model:
        endpoint = {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "s"}
        async with lsp_client.started(environment=endpoint) as client:
            client.answers[f"{CONTENT}/refresh"] = lsp_client.nothing
            result = await client.initialize(project, capabilities or CAN)
            offered = result["capabilities"]["workspace"].get("textDocumentContent")
            assert offered == (None if capabilities else {"schemes": [SCHEME]})
            yield client


async def run(client: LspClient) -> str:
    begun = await client.command("holdfast.run.start", {"prompt": "say it"})
    run_id: str = begun["runId"]
    async with asyncio.timeout(30):
        while (await client.command("holdfast.run.list"))["runs"][0]["state"] == "running":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return run_id


async def test_a_transcript_has_no_file_and_is_asked_for_anew_when_the_run_goes_on(
    project: Path,
) -> None:
    async with editor(project, [says("First words."), says("Second words.")]) as client:
        run_id = await run(client)
        shown = await client.command("holdfast.run.show", {"runId": run_id})
        assert shown["uri"] == f"{SCHEME}:/{run_id}/transcript.md"
        opened = await client.wait_for_method("window/showDocument")
        assert opened["params"]["uri"] == shown["uri"]
        text = await client.text_of(shown["uri"])
        assert "First words." in text
        assert "Second words." not in text
        await client.command("holdfast.run.send", {"runId": run_id, "text": "go on"})
        async with asyncio.timeout(30):
            while "Second words." not in await client.text_of(shown["uri"]):
                refreshed = await client.wait_for_method(f"{CONTENT}/refresh")
                assert refreshed["params"] == {"uri": shown["uri"]}
                await asyncio.sleep(0.05)


async def test_reports_have_no_file(project: Path) -> None:
    async with editor(project, [finish()]) as client:
        await client.command("holdfast.doctor")
        async with asyncio.timeout(30):
            opened = await client.wait_for_method("window/showDocument")
        uri = opened["params"]["uri"]
        assert uri == f"{SCHEME}:/page/doctor.md"
        assert "# " in await client.text_of(uri)


async def test_a_comparison_has_no_file(project: Path) -> None:
    (project / "a.txt").write_text("a\n")
    proposals = [calls(("write", {"path": "b.txt", "text": f"{n}\n"})) for n in range(4)]
    async with editor(project, proposals) as client:
        begun = await client.command("holdfast.max.propose", {"prompt": "make b", "samples": 2})
        async with asyncio.timeout(40):
            opened = await client.wait_for_method("window/showDocument")
        uri = opened["params"]["uri"]
        assert uri == f"{SCHEME}:/{begun['runId']}/proposals.md"
        assert "b.txt" in await client.text_of(uri)


async def test_what_is_not_there_is_said(project: Path) -> None:
    async with editor(project, [finish()]) as client:
        for uri in (
            f"{SCHEME}:/none/transcript.md",
            f"{SCHEME}:/../../../etc/transcript.md",
            f"{SCHEME}:/none/proposals.md",
            f"{SCHEME}:/page/other.md",
            f"{SCHEME}:/",
            "file:///etc/passwd",
            "nonsense",
        ):
            with pytest.raises(LspError):
                await client.request(CONTENT, {"uri": uri})


async def test_a_client_that_does_not_ask_gets_files(project: Path) -> None:
    can = {"window": {"showDocument": {"support": True}}}
    async with editor(project, [says("First words.")], can) as client:
        shown = await client.command("holdfast.run.show", {"runId": await run(client)})
        assert "First words." in Path(shown["uri"].removeprefix("file://")).read_text()
