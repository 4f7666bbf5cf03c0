"""Several folders in one editor: each with its own goals, runs and memory, also where they agree."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.data import clients
from tests.fakes.lsp_client import LspClient, Message, started
from tests.harness.workshop import calls, finish

CAN = clients.snapshot("vscode")["initialize"]["capabilities"]
INDEX_SECONDS_MAX = 30.0
SAME = "## Made\n- [ ] it is made\n  - file: `made.txt`\n"


def makes_it(body: Mapping[str, Any]) -> ScriptedTurn:
    asked = sum(message["role"] == "assistant" for message in body["messages"])
    return finish("Made.") if asked else calls(("write", {"path": "made.txt", "text": "🙂\n"}))


@pytest.fixture
def roots(project: Path) -> tuple[Path, Path]:
    one, two = project / "one", project / "two"
    for root in (one, two):
        (root / ".holdfast").mkdir(parents=True)
        (root / ".holdfast" / "goals.md").write_text(SAME)
    return one, two


@asynccontextmanager
async def window(roots: tuple[Path, Path], **environment: str) -> AsyncIterator[LspClient]:
    """A client with these folders, which says yes to whatever it is asked."""
    answers = {"window/showMessageRequest": lambda params: {"title": "Approve once"}}
    folders = [{"uri": root.as_uri(), "name": root.name} for root in roots]
    async with ScriptedServer(makes_it) as model:
        endpoint = {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "s"}
        async with started(environment={**endpoint, **environment}, answers=answers) as client:
            await client.initialize(roots[0], CAN, workspaceFolders=folders)
            yield client


async def ended(client: LspClient) -> None:
    def shown(message: Message) -> bool:
        value = message.get("params", {}).get("value", {})
        return isinstance(value, dict) and value.get("kind") == "end"

    await client.wait_for(shown, "end of the run")


def made(roots: tuple[Path, Path]) -> list[bool]:
    return [(root / "made.txt").exists() for root in roots]


async def test_a_goal_is_looked_for_in_all_folders(roots: tuple[Path, Path]) -> None:
    (roots[1] / ".holdfast" / "goals.md").write_text(SAME.replace("## Made", "## Other"))
    async with window(roots) as client:
        await client.command("holdfast.run.start", {"goalId": "other"})
        await ended(client)
    assert made(roots) == [False, True]


async def test_the_same_goal_in_two_folders_is_told_apart_by_a_file(
    roots: tuple[Path, Path],
) -> None:
    second = (roots[1] / ".holdfast" / "goals.md").as_uri()
    async with window(roots) as client:
        listed = (await client.command("holdfast.goal.list"))["goals"]
        condition = {"condition": listed[0]["conditionId"], "uri": second}
        await client.command("holdfast.goal.waive", condition)
        after = (await client.command("holdfast.goal.list"))["goals"]
        lenses = await client.request("textDocument/codeLens", {"textDocument": {"uri": second}})
    assert listed[0]["conditionId"] == listed[1]["conditionId"]
    assert [entry["verdict"] for entry in after] == ["unverified", "waived"]
    assert [lens["command"]["title"] for lens in lenses] == [
        "Holdfast: Work on this goal",
        "Holdfast: Work on this goal with Max Mode",
        "Holdfast: Check now",
    ]
    arguments = [lens["command"]["arguments"][0] for lens in lenses]
    assert {argument["uri"] for argument in arguments} == {second}


async def test_without_a_word_the_first_open_goal_of_any_folder_is_worked_on(
    roots: tuple[Path, Path],
) -> None:
    (roots[0] / ".holdfast" / "goals.md").unlink()
    async with window(roots) as client:
        await client.command("holdfast.run.start")
        await ended(client)
    assert made(roots) == [False, True]


async def test_all_goals_are_those_of_all_folders(roots: tuple[Path, Path]) -> None:
    async with window(roots) as client:
        here = await client.command("holdfast.goal.check")
        everywhere = await client.command("holdfast.goal.check", {"all": True})
    assert here["message"] == "checks 1 goal now"
    assert everywhere["message"] == "checks 2 goals now"


async def test_a_question_and_progress_say_in_which_folder(roots: tuple[Path, Path]) -> None:
    goals = (roots[1] / ".holdfast" / "goals.md").as_uri()
    async with window(roots) as client:
        await client.command("holdfast.run.start", {"prompt": "Make it.", "uri": goals})
        await ended(client)
        said = [message.get("params", {}) for message in client.received]
    asked = [each["message"] for each in said if "actions" in each]
    begun = [each["value"]["title"] for each in said if "title" in (each.get("value") or {})]
    assert asked[0].startswith("Holdfast: “Make it.” asks in two: write made.txt")
    assert "Holdfast: Make it. (in two)" in begun


async def test_the_status_counts_the_goals_of_all_folders(roots: tuple[Path, Path]) -> None:
    second = (roots[1] / ".holdfast" / "goals.md").as_uri()
    async with window(roots) as client:
        listed = (await client.command("holdfast.goal.list"))["goals"]
        condition = {"condition": listed[1]["conditionId"], "uri": second}
        await client.command("holdfast.goal.waive", condition)
        status = await client.command("holdfast.status")
    assert (status["goals"]["met"], status["goals"]["total"]) == (1, 2)


async def test_each_folder_has_its_memory_and_a_search_looks_into_all(
    roots: tuple[Path, Path],
) -> None:
    for root, name in zip(roots, ("kettle", "teapot"), strict=True):
        (root / "vessel.py").write_text(f"def {name}(water):\n    return boil(water)\n")
    remembering = {"HOLDFAST_MEMORY__ENABLED": "true", "HOLDFAST_MEMORY__EMBEDDER": "hashing"}
    async with window(roots, **remembering) as client:

        async def found(query: str, **more: Any) -> set[tuple[str, str]]:
            reply = await client.command("holdfast.memory.search", {"query": query, **more})
            return {(hit["kind"], hit.get("uri", "")) for hit in reply["hits"]}

        code = {("code", (root / "vessel.py").as_uri()) for root in roots}
        async with asyncio.timeout(INDEX_SECONDS_MAX):
            while not code <= await found("boil water"):
                pass  # Each answer takes its time.
        second = (roots[1] / "vessel.py").as_uri()
        assert await found("boil water", uri=second) == {("code", second)}

        fact = {"text": "Tea wants ninety degrees.", "uri": second}
        await client.command("holdfast.memory.remember", fact)
        first = (roots[0] / "vessel.py").as_uri()
        assert ("fact", "") in await found("ninety degrees")
        assert ("fact", "") not in await found("ninety degrees", uri=first)
        gone = await client.command("holdfast.memory.forget", {"query": "ninety degrees"})
        assert gone["rows"] == 1
        assert ("fact", "") not in await found("ninety degrees")
