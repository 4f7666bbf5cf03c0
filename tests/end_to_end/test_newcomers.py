"""Someone new follows the pages about installation: their snippets in an empty home, the editor as it comes."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tests.harness.editors import CLIENT, EGLOT_30, LSP_MODE_8, NEOVIMS, Editor
from tests.harness.terminal import terminal

INSTALL = (CLIENT.parent / "docs" / "install.md").read_text("utf-8")


def snippet(language: str) -> str:
    """The one block of the page in that language, with the path of this checkout."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", INSTALL, re.MULTILINE | re.DOTALL)
    assert "/path/to/holdfast" in found
    return str(found).replace("/path/to/holdfast", str(CLIENT.parent))


def newcomer(project: Path, configuration: str, text: str) -> dict[str, str]:
    """The environment of someone whose home has this one file, and whose path has `holdfast`."""
    home = project.parent / "home"
    (home / configuration).parent.mkdir(parents=True)
    (home / configuration).write_text(text)
    (project / ".git").mkdir()
    (project / "answer.py").write_text("def answer():\n    return 41\n")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("XDG_")},
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOLDFAST_MODEL__NAME": "scripted",
    }


@pytest.mark.editor
@pytest.mark.parametrize("editor", NEOVIMS, ids=lambda editor: editor.label)
async def test_neovim_by_the_page(project: Path, editor: Editor) -> None:
    editor.need()
    variables = newcomer(project, ".config/nvim/init.lua", snippet("lua"))
    async with terminal([editor.program, "answer.py"], project, variables) as shown:
        await shown.until("return 41")
        await shown.keys(":Holdfast status", "Enter")
        await shown.until("Holdfast: ready")


@pytest.mark.editor
async def test_emacs_with_lsp_mode_by_the_page(project: Path) -> None:
    LSP_MODE_8.need()
    variables = newcomer(project, ".emacs.d/init.el", snippet("elisp"))
    async with terminal([LSP_MODE_8.program, "-nw", "answer.py"], project, variables) as shown:
        await shown.until("return 41")
        await shown.keys("M-x", "lsp", "Enter")
        await shown.until("Import project root")
        await shown.keys("i")
        await shown.until("initialized successfully")
        await shown.keys("C-c", "h", "i")
        await shown.until("Holdfast: ready")


@pytest.mark.editor
async def test_emacs_with_eglot_by_the_page(project: Path) -> None:
    EGLOT_30.need()
    text, instead = re.subn(
        r"^\(holdfast-lsp-mode\) +; or ", "", snippet("elisp"), flags=re.MULTILINE
    )
    assert instead == 1
    variables = newcomer(project, ".emacs.d/init.el", text)
    async with terminal([EGLOT_30.program, "-nw", "answer.py"], project, variables) as shown:
        await shown.until("return 41")
        await shown.keys("M-x", "eglot", "Enter")
        await shown.until("Connected")
        await shown.keys("C-c", "h", "i")
        await shown.until("Holdfast: ready")
