"""What a run changed, reviewed in real editors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.end_to_end.test_vscode import endpoint, pictures
from tests.harness.code_server import code_server, need
from tests.harness.editors import EGLOTS, LSP_MODES, NEOVIMS, Editor, play
from tests.harness.files import lay_out
from tests.harness.git import committed
from tests.harness.stand import acts
from tests.harness.workshop import calls, finish, says

pytestmark = [pytest.mark.editor, pytest.mark.timeout(240)]

POEM = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"
CHANGED = POEM.replace("three", "THREE").replace("six\n", "six\nsix and a half\n")


def changes(body: Mapping[str, Any]) -> ScriptedTurn:
    """Three files, in a step each."""
    turns = (
        acts("edit", {"path": "poem.txt", "old_text": "three", "new_text": "THREE"}),
        acts(
            "edit", {"path": "poem.txt", "old_text": "six\n", "new_text": "six\nsix and a half\n"}
        ),
        acts("write", {"path": "made.txt", "text": "made\n"}),
        calls(("shell", {"command": "rm gone.txt"})),
        finish("All three are changed."),
    )
    return turns[sum(message["role"] == "assistant" for message in body["messages"])]


@pytest.mark.vscode
async def test_in_vs_code_a_run_is_reviewed_by_file_and_hunk(project: Path, tmp_path: Path) -> None:
    need()
    (project / ".git").mkdir()
    lay_out(project, {"poem.txt": POEM, "gone.txt": "gone\n"})
    async with ScriptedServer(changes) as model:
        environment = {**endpoint(model), "HOLDFAST_PERMISSIONS__MODE": "full"}
        async with code_server(tmp_path / "code", project, environment=environment) as code:
            seen = await code.play("review", pictures())
    assert "error" not in seen, seen["error"]
    assert "All three are changed." in seen["ended"]
    assert "3 files changed, +3 -2 lines" in seen["ended"]
    shown = [row.replace("\n", "") for row in seen["rows"]]
    assert shown == [
        "gone.txtdeleted · +0 -1",
        "made.txtnew · +1 -0",
        "poem.txt+2 -1",
        "Line 3",
        "Line 7",
    ]
    assert any("poem.txt, Line 3" in str(label) for label in seen["labels"]), seen["labels"]
    assert seen["undone"] == CHANGED.replace("THREE", "three")
    assert "poem.txt" in seen["asked"]
    assert "made.txt" not in seen["asked"], "it was taken back already"
    assert (seen["poem"], seen["again"]) == (POEM, CHANGED)
    assert seen["made"], "all that was taken back comes again"


FINDING = {
    "path": "half.py",
    "quote": "return x // 2",
    "severity": "error",
    "title": "half drops the rest",
    "failure": "half(3) is 1 and no longer 1.5",
}


@pytest.mark.vscode
async def test_in_vs_code_a_finding_stands_on_its_line(project: Path, tmp_path: Path) -> None:
    need()
    lay_out(project, {"half.py": "def half(x):\n    return x / 2\n"})
    committed(project)
    lay_out(project, {"half.py": "def half(x):\n    return x // 2\n"})
    async with (
        ScriptedServer([says(json.dumps([FINDING]))]) as model,
        code_server(tmp_path / "code", project, environment=endpoint(model)) as code,
    ):
        seen = await code.play("code_review", pictures())
    assert "error" not in seen, seen["error"]
    assert "half drops the rest: half(3) is 1 and no longer 1.5" in seen["problem"]
    assert "Ln 2" in seen["problem"]
    assert not any("quote" in text for text in seen["toasts"]), seen["toasts"]


@pytest.mark.parametrize("editor", NEOVIMS, ids=lambda each: each.label)
async def test_in_neovim_hunks_are_listed_compared_and_answered(
    project: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_PERMISSIONS__MODE", "full")
    monkeypatch.setenv("HOLDFAST_GOAL__JUDGE_TASK", "false")
    monkeypatch.chdir(project)
    (project / ".git").mkdir()
    lay_out(project, {"poem.txt": POEM, "gone.txt": "gone\n", "answer.py": "answer = 42\n"})
    async with ScriptedServer(changes) as model:
        seen = await play(editor, "review", project, model)
    assert seen["listed"] == [
        ["gone.txt", 1, "deleted +0 -1"],
        ["made.txt", 1, "added +1 -0"],
        ["poem.txt", 3, "modified +2 -1"],
        ["poem.txt", 7, "modified +2 -1"],
    ]
    assert seen["before"] + "\n" == POEM
    assert seen["page"] == [
        "3 files changed, +3 -2 lines",
        "+++ gone.txt  deleted  +0 -1",
        "+++ made.txt  added  +1 -0",
        "+++ poem.txt  modified  +2 -1, in part",
        "@@ line 3, kept @@",
        "-three",
        "+THREE",
        "@@ line 7 @@",
        "+six and a half",
    ]
    assert (seen["made"], seen["visited"]) == (False, ["poem.txt", 7])
    assert seen["undone"] + "\n" == CHANGED.replace("THREE", "three")


@pytest.mark.parametrize("editor", [*EGLOTS, *LSP_MODES], ids=lambda each: each.label)
async def test_in_emacs_a_run_is_reviewed_in_a_list(
    project: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_PERMISSIONS__MODE", "full")
    monkeypatch.setenv("HOLDFAST_GOAL__JUDGE_TASK", "false")
    (project / ".git").mkdir()
    lay_out(project, {"poem.txt": POEM, "gone.txt": "gone\n"})
    async with ScriptedServer(changes) as model:
        seen = await play(editor, "review", project, model, opened=project / "poem.txt")
    assert seen["listed"] == [
        "3 files changed, +3 -2 lines",
        "gone.txt  deleted  +0 -1",
        "made.txt  added  +1 -0",
        "poem.txt  modified  +2 -1",
        "@@ line 3",
        "-three",
        "+THREE",
        "@@ line 7",
        "+six and a half",
    ]
    assert seen["undone"] == CHANGED.replace("THREE", "three")
    assert seen["stays"]["path"] == "poem.txt", "point stays where it was"
    assert seen["made"] is False
    assert seen["nowhere"] == "There is no file or hunk here"
    assert seen["compared"] == [["gone\n", "", 1], ["", "", 0], [POEM, CHANGED, 2]]
    assert seen["visited"] == ["poem.txt", 7]
