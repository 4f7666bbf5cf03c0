"""The inbox in real editors: what past runs suggest is read there, and answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.session.memory.fact_file import FactFile
from lsp_server.settings.folders import data_folder, workspace_folder
from tests.data.past_runs import plant
from tests.harness.code_server import code_server, need
from tests.harness.command_line import HOLDS
from tests.harness.editors import NEOVIMS, Editor, play
from tests.session.test_replays import past_of

pytestmark = [pytest.mark.editor, pytest.mark.timeout(240)]

PICTURES = Path(__file__).parents[2] / "out" / "screenshots"


def answers(data: Path) -> list[dict[str, Any]]:
    """The suggestions that were answered, in the order of the answers."""
    lines = (data / "evolution" / "inbox.jsonl").read_text("utf-8").splitlines()
    return [one for one in map(json.loads, lines) if one["state"] != "open"]


@pytest.mark.vscode
async def test_vscode_shows_the_inbox_and_takes_the_answers(project: Path, tmp_path: Path) -> None:
    need()
    (project / ".git").mkdir()
    data = workspace_folder(data_folder(), project)
    plant(project, data / "runs", seed=5)
    async with code_server(tmp_path / "code", project, environment={}) as code:
        seen = await code.play("inbox", PICTURES, INBOX=str(data / "evolution" / "inbox.jsonl"))
    assert "error" not in seen, seen["error"]
    accepted, rejected, *of_group = answers(data)
    assert (accepted["state"], rejected["state"]) == ("accepted", "rejected")
    assert {(one["state"], one["lesson"]) for one in of_group} == {("accepted", "person")}
    kept = FactFile(data).facts()
    assert [fact.text for fact in kept] == [one["text"] for one in (accepted, *of_group)]
    assert all(fact.trusted for fact in kept)


@pytest.mark.vscode
@pytest.mark.skipif(not HOLDS, reason="past tasks are done again in a sandbox only")
async def test_vscode_shows_a_draft_with_its_figures_and_takes_a_mistaken_answer_back(
    project: Path, tmp_path: Path
) -> None:
    need()
    (project / ".git").mkdir()
    async with past_of(project, runs=3) as past:
        (tried,) = (await past.distill()).tried
    data = workspace_folder(data_folder(), project)
    places = {"INBOX": str(data / "evolution/inbox.jsonl"), "SKILL": str(project / tried.path)}
    async with code_server(tmp_path / "code", project, environment={}) as code:
        seen = await code.play("distill", PICTURES, **places)
    assert "error" not in seen, seen["error"]
    (accepted,) = answers(data)
    assert (accepted["id"], accepted["state"]) == (tried.id, "accepted")
    assert (project / tried.path).read_text("utf-8") == tried.text


@pytest.mark.parametrize("editor", [each.showing() for each in NEOVIMS])
async def test_neovim_takes_answers_on_headings_and_takes_one_back(
    project: Path, editor: Editor
) -> None:
    (project / ".git").mkdir()
    (project / "answer.py").write_text("answer = 42\n")
    data = workspace_folder(data_folder(), project)
    plant(project, data / "runs", seed=5)
    async with ScriptedServer([]) as model:
        seen = await play(editor, "inbox", project, model)
    accepted, rejected = answers(data)
    assert seen["accepted"] == f"### Keep: {accepted['id']}"
    assert (rejected["state"], seen["rejected"]) == ("rejected", f"### Keep: {rejected['id']}")
    assert seen["mistaken"] in (project / ".holdfast/inbox.md").read_text("utf-8")
    (kept,) = FactFile(data).facts()
    assert (kept.text, kept.trusted) == (accepted["text"], True)


@pytest.mark.parametrize("editor", [each.showing() for each in NEOVIMS])
async def test_neovim_accepts_a_skill_that_was_drafted(project: Path, editor: Editor) -> None:
    (project / ".git").mkdir()
    (project / "answer.py").write_text("answer = 42\n")
    data = workspace_folder(data_folder(), project)
    plant(project, data / "runs", seed=5)
    async with ScriptedServer([]) as model:
        seen = await play(editor, "distill", project, model)
    (accepted,) = answers(data)
    assert seen["heading"] == f"### Skill: {accepted['id']}"
    assert (project / accepted["path"]).read_text("utf-8") == accepted["text"]
