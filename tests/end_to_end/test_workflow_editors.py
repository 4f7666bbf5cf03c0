"""A workflow in real editors: trusted, run, and seen as a tree while it works."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.code_server import code_server, need
from tests.harness.editors import NEOVIMS, Editor, play
from tests.harness.workflows import written
from tests.harness.workshop import calls, finish

pytestmark = pytest.mark.editor

RELEASE = """\
---
description: Adds retries to the client.
---

## tests: Write the tests

- check: `test -f tests.log`

## retry: Make the client retry
- needs: tests

- check: `test -f waits.log`

## docs: Describe it
- needs: retry

In a sentence.

## changelog: Say what a user gets
- needs: retry

In a line.
"""
WAITS = "touch waits.log; while [ ! -f go ]; do sleep 0.1; done"


def turn(body: Mapping[str, Any]) -> ScriptedTurn:
    """Each node does one thing; the second one goes on when it is told to."""
    messages = body["messages"]
    if any(message["role"] == "assistant" for message in messages):
        return finish("done")
    if str(messages[1]["content"]).startswith("Make the client"):
        return calls(("shell", {"command": WAITS}))
    return calls(("shell", {"command": "touch tests.log"}))


def laid_out(project: Path) -> None:
    (project / ".git").mkdir()
    (project / "answer.py").write_text("answer = 42\n")
    written(project, RELEASE, "release")


@pytest.mark.parametrize("editor", NEOVIMS, ids=lambda each: each.label)
async def test_neovim_runs_a_workflow_and_shows_its_tree(
    project: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_PERMISSIONS__MODE", "full")
    monkeypatch.chdir(project)
    laid_out(project)
    async with ScriptedServer(turn) as model:
        seen = await play(editor, "workflow", project, model)
    assert seen["tree"].splitlines()[-5:] == [
        "release, 1 of 4 nodes done; at work: Make the client retry",
        "  [x] Write the tests",
        "    [>] Make the client retry",
        "      [ ] Describe it",
        "      [ ] Say what a user gets",
    ]


@pytest.mark.vscode
@pytest.mark.timeout(240)
async def test_vscode_runs_a_workflow_and_shows_its_tree(project: Path, tmp_path: Path) -> None:
    need()
    laid_out(project)
    pictures = Path(__file__).parents[2] / "out" / "screenshots"
    async with ScriptedServer(turn) as model:
        environment = {
            "HOLDFAST_MODEL__BASE_URL": model.base_url,
            "HOLDFAST_MODEL__NAME": "scripted",
            "HOLDFAST_PERMISSIONS__MODE": "full",
        }
        async with code_server(tmp_path / "code", project, environment=environment) as code:
            seen = await code.play("workflow", pictures)
    assert "error" not in seen, seen["error"]
    assert "waits for your trust" in seen["listed"][0]
    assert "release" in seen["asked"]
    running = "\n".join(seen["running"])
    for node in ("Write the tests", "Make the client retry", "Describe it", "Say what a user gets"):
        assert node in running
    assert sum("not begun" in row for row in seen["running"]) == 2
    assert not [row for row in seen["done"] if "not begun" in row]
