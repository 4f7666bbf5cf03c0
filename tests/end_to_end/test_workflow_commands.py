"""Workflows as an editor meets them in a real server: listed, trusted, run, and what is wrong in one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.test_skills import at_work
from tests.fakes.lsp_client import Message
from tests.harness.workflows import written

RELEASE = "Cuts a release.\n\n## tag\nTag it.\n\n## notes\n- needs: tag\n\nWrite them.\n"


def all_done(message: Message) -> bool:
    said = message.get("params", {}).get("message", "")
    return message.get("method") == "window/showMessage" and "2 of 2 nodes done" in said


async def test_an_editor_lists_workflows_and_runs_one_that_is_trusted(project: Path) -> None:
    path = written(project, RELEASE, "release")
    async with at_work(project) as (client, model):
        listed = await client.command("holdfast.workflow.list")
        (entry,) = listed["workflows"]
        assert entry == {
            "name": "release",
            "description": "Cuts a release.",
            "origin": "project",
            "state": "new",
            "nodes": 2,
            "uri": path.as_uri(),
            "problem": "",
        }
        for argument, words in (
            ({}, "pass the `name` of a workflow; known: release"),
            ({"name": "release"}, "not trusted"),
            ({"name": "other"}, "there is no workflow 'other'; known: release"),
        ):
            refused = await client.command("holdfast.workflow.run", argument)
            assert refused["state"] == "error"
            assert words in refused["message"]
        assert not model.requests
        await client.command("holdfast.trust", {"what": "all", "answer": "yes"})
        begun = await client.command("holdfast.workflow.run", {"name": "release"})
        assert begun["message"] == "started: Workflow release: Cuts a release."
        await client.wait_for(all_done, "the end of the run")
        runs = (await client.command("holdfast.run.list"))["runs"]
        assert [run["title"] for run in runs] == [
            "Workflow release: Cuts a release.",
            "tag",
            "notes",
        ]
        assert {run.get("parentId") for run in runs[1:]} == {begun["runId"]}
        shown = await client.command("holdfast.run.show", {"runId": begun["runId"]})
        transcript = await client.text_of(shown["uri"])
        assert transcript.count("```mermaid\nflowchart TD") == 2, "at the beginning and in the end"


@pytest.mark.parametrize(
    ("command", "argument"),
    [
        ("run.start", {"prompt": "/release"}),
        ("run.start", {"prompt": " /release \n"}),
        ("command.run", {"name": "release"}),
    ],
)
async def test_the_name_of_a_workflow_behind_a_slash_runs_it(
    project: Path, command: str, argument: dict[str, str]
) -> None:
    written(project, RELEASE, "release")
    async with at_work(project) as (client, _):
        refused = await client.command(f"holdfast.{command}", argument)
        assert "not trusted" in refused["message"]
        await client.command("holdfast.trust", {"what": "all", "answer": "yes"})
        refused = await client.command("holdfast.run.start", {"prompt": "/release now"})
        assert "takes no more words" in refused["message"]
        refused = await client.command("holdfast.run.start", {"prompt": "/releese"})
        assert "/release" in refused["message"]
        begun = await client.command(f"holdfast.{command}", argument)
        assert begun["message"] == "started: Workflow release: Cuts a release."
        await client.wait_for(all_done, "the end of the run")


async def test_what_is_wrong_in_a_workflow_is_a_problem_on_its_line_until_it_is_right(
    project: Path,
) -> None:
    path = written(project, RELEASE.replace("needs: tag", "needs: tags"), "release")

    def shown(message: Message) -> bool:
        return (
            message.get("method") == "textDocument/publishDiagnostics"
            and message["params"]["uri"] == path.as_uri()
        )

    async with at_work(project) as (client, _):
        first = await client.wait_for(shown, "the problem")
        (problem,) = first["params"]["diagnostics"]
        assert problem["code"] == "skill-invalid"
        assert problem["range"]["start"]["line"] == 6
        assert "needs tags, which is no node; there are: notes, tag" in problem["message"]
        written(project, RELEASE, "release")
        client.notify("textDocument/didSave", {"textDocument": {"uri": path.as_uri()}})
        await client.wait_for(
            lambda message: shown(message) and not message["params"]["diagnostics"], "none"
        )


async def test_a_lens_offers_trust_and_then_the_run(project: Path) -> None:
    path = written(project, RELEASE, "release")

    async def lenses(client: Any) -> list[str]:
        document = {"textDocument": {"uri": path.as_uri()}}
        found = await client.request("textDocument/codeLens", document)
        return [lens["command"]["title"] for lens in found]

    async with at_work(project) as (client, _):
        await client.command("holdfast.extension.list")
        await client.command("holdfast.workflow.list")
        assert await lenses(client) == ["Holdfast: Look at it and trust it…"]
        await client.command("holdfast.trust", {"what": "all", "answer": "yes"})
        assert await lenses(client) == ["Holdfast: Run this workflow"]
