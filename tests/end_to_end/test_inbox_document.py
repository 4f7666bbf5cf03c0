"""The inbox document is as the inbox is, however long an editor takes to change it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from lsp_server.settings.folders import data_folder, workspace_folder
from tests.data import clients
from tests.data.past_runs import write_journal
from tests.fakes.lsp_client import silent, started

RICH = clients.snapshot("vscode")["initialize"]["capabilities"]
SECONDS = 30.0


async def test_an_answer_that_is_taken_back_while_the_editor_removes_the_document_brings_it_back(
    project: Path,
) -> None:
    (project / "Makefile").write_text("test:\n\t@true\n")
    data = workspace_folder(data_folder(), project)
    for number in range(3):
        write_journal(data / "runs", number, [("shell", "make test", "")], project)
    kept = data / "evolution/inbox.jsonl"
    async with started(environment={}, answers={"workspace/applyEdit": silent}) as client:
        await client.initialize(project, RICH)
        await client.command("holdfast.evolve.dream")
        await client.wait_for(lambda one: "past runs gave" in json.dumps(one), "the dream")
        document = project / ".holdfast/inbox.md"
        text = document.read_text("utf-8")
        client.open(document, text)
        (one,) = (await client.command("holdfast.evolve.status"))["suggestions"]
        reject = asyncio.create_task(client.command("holdfast.evolve.reject", {"id": one["id"]}))
        asked = await client.wait_for_method("workspace/applyEdit")
        assert asked["params"]["edit"]["documentChanges"][0]["kind"] == "delete"
        restore = asyncio.create_task(client.command("holdfast.evolve.restore"))
        async with asyncio.timeout(SECONDS):
            while '"state": "open"' not in kept.read_text("utf-8"):  # noqa: ASYNC110 - the server does not say so
                await asyncio.sleep(0.02)
        document.unlink()
        # VS Code keeps the text open for a while.
        client.send({"jsonrpc": "2.0", "id": asked["id"], "result": {"applied": True}})
        assert (await reject)["message"].startswith("rejected: ")
        assert (await restore)["message"].startswith("waits again: ")
        assert document.read_text("utf-8") == text
        uri = {"textDocument": {"uri": document.as_uri()}}
        lenses = await client.request("textDocument/codeLens", uri)
        assert "Holdfast: Accept" in {one["command"]["title"] for one in lenses}
