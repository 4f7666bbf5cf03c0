"""A conversation with a run inside an editor, as a person has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from tests.end_to_end.test_typing import neovim, typed_into
from tests.harness.editors import NEOVIMS, Editor
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
        await looks(shown, "thought  (2 lines)", "read answer.py  (1 lines)", "- [x] look")
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
