"""A conversation with a run inside an editor, as a person has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from tests.end_to_end.test_typing import emacs, neovim, typed_into
from tests.harness.editors import EGLOTS, LSP_MODES, NEOVIMS, Editor, play
from tests.harness.terminal import Terminal
from tests.harness.workshop import calls, finish, judges

__all__ = ["typed_into"]

SLOWLY = 12.0
"""Tokens in a second, so that an answer is seen while it comes."""

PLAN = {"items": [{"text": "look", "status": "done"}, {"text": "edit", "status": "done"}]}
TURNS = [
    calls(
        ("read", {"path": "answer.py"}),
        text=f"I look at it **first**: {'and at all around it, ' * 8}that is all.",
        reasoning="where may it be\nperhaps there",
        tokens_per_second=SLOWLY,
    ),
    calls(("plan", PLAN)),
    calls(("edit", {"path": "answer.py", "old_text": "41", "new_text": "42"})),
    finish("The answer is 42."),
    judges(),
    finish("It was 41 before."),
]


async def looks(shown: Terminal, *texts: str) -> None:
    await shown.until(*texts)


@pytest.mark.editor
@pytest.mark.parametrize("editor", [each.showing("chat") for each in NEOVIMS])
async def test_a_run_is_read_and_answered_in_neovim(typed_into: Path, editor: Editor) -> None:
    async with (
        ScriptedServer(TURNS) as server,
        neovim(editor, typed_into, server) as shown,
    ):
        await looks(shown, "notes:")
        await shown.keys(":Holdfast chat", "Enter")
        await looks(shown, "write here")
        await shown.keys("Set the answer", "Enter", "to 42, please.", "C-s")
        await looks(shown, "## You", "to 42, please.", "## Holdfast", "I look at it")
        assert len(server.requests) == 1, "it is read while it is said"
        await looks(shown, "thought  (2 lines)", "read answer.py  (1 line)", "- [x] look")
        await looks(shown, "y  Approve once", "-answer = 41")
        await shown.keys("Escape", ":Holdfast answer", "Enter", "y")
        await looks(shown, "The answer is 42.", "achieved · 4 steps")
        assert (typed_into / "answer.py").read_text("utf-8") == "answer = 42\n"
        # The ended run is answered in the same place.
        await shown.keys("i", "What was it before?", "Escape", "Enter")
        await looks(shown, "What was it before?", "It was 41 before.", "5 steps")
        assert "What was it before?" in str(server.requests[-1].body["messages"])
        # Nobody edits what was said.
        await shown.keys("C-w", "k", "d", "d")
        await looks(shown, "modifiable")
        # A past run opens in full from what is kept.
        await shown.keys(":Holdfast chat new", "Enter")
        await shown.until("It was 41 before.", gone=True)
        await shown.keys("Escape", ":Holdfast chat", "Enter")
        await looks(shown, "It was 41 before.", "5 steps")


@pytest.mark.editor
@pytest.mark.parametrize("editor", [each.showing("chat") for each in (*EGLOTS, *LSP_MODES)])
async def test_a_run_is_read_and_answered_in_emacs(typed_into: Path, editor: Editor) -> None:
    async with (
        ScriptedServer(TURNS) as server,
        emacs(editor, typed_into, server) as shown,
    ):
        await looks(shown, "It is ready")
        await shown.keys("C-c", "h", "h")
        await looks(shown, "*holdfast chat*")
        await shown.keys("w")
        await looks(shown, "C-c C-c sends")
        await shown.keys("Set the answer", "Enter", "to 42, please.", "C-c", "C-c")
        await looks(shown, "## You", "to 42, please.", "## Holdfast", "I look at it")
        assert len(server.requests) == 1, "it is read while it is said"
        await looks(shown, "y  Approve once", "-answer = 41")
        await shown.keys("C-c", "h", "a", "y")
        await looks(shown, "- ✓ edit answer.py...", "The answer is 42.", "achieved · 4 steps...")
        assert (typed_into / "answer.py").read_text("utf-8") == "answer = 42\n"
        # The ended run is answered in the same place.
        await shown.keys("w", "What was it before?", "C-c", "C-c")
        await looks(shown, "What was it before?", "It was 41 before.", "5 steps")
        assert "What was it before?" in str(server.requests[-1].body["messages"])
        # What a line hides is shown by a key.
        await shown.keys("M-<", "C-s", "thought", "Enter")
        await looks(shown, "- thought...", "✓ read answer.py...")
        await shown.keys("Tab")
        await looks(shown, "perhaps there")
        # Nobody edits what was said.
        await shown.keys("x")
        await looks(shown, "x is undefined")
        # A past run opens in full from what is kept.
        await shown.keys("C-u", "C-c", "h", "h")
        await shown.until("It was 41 before.", gone=True)
        await shown.keys("C-c", "h", "h")
        await looks(shown, "It was 41 before.", "5 steps")


@pytest.mark.editor
@pytest.mark.parametrize("editor", NEOVIMS, ids=lambda each: each.label)
async def test_commands_of_neovim_work_from_every_buffer(
    project: Path, tmp_path: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".git").mkdir()
    (project / "answer.py").write_text("answer = 41\n", "utf-8")
    outside = tmp_path / "elsewhere" / "notes.txt"
    outside.parent.mkdir()
    outside.write_text("x\n", "utf-8")
    monkeypatch.setenv("OUTSIDE", str(outside))
    async with ScriptedServer([finish("Looked.")] * 3) as server:
        seen = await play(editor, "outside", project, server)
    assert seen["modifiable"] is False
    assert not [text for text in seen["notices"] if "lies outside" in text]
    assert seen["words"] == sorted(seen["words"])
    assert {"answer", "chat", "work"} <= set(seen["words"])
