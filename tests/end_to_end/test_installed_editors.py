"""Our files for editors, installed as their pages say: help, health and commands are there."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.harness.editors import CLIENT, EGLOT_28, EGLOT_30, NEOVIMS, Editor

pytestmark = pytest.mark.editor

NEOVIM = CLIENT / "editors" / "neovim"
EMACS = CLIENT / "editors" / "emacs"
SECONDS_MAX = 120.0
COMMANDS = ("holdfast-work", "holdfast-changes", "holdfast-chat", "holdfast-answer")


async def said(*command: str | Path) -> str:
    """What an editor wrote until its end."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(SECONDS_MAX):
        output, _ = await process.communicate()
    return output.decode()


@pytest.mark.parametrize("editor", NEOVIMS, ids=lambda each: each.label)
async def test_neovim_has_help_and_a_health_check(editor: Editor) -> None:
    editor.need()
    start = (editor.program, "--headless", "-u", "NONE", "-i", "NONE")
    ours = ("--cmd", f"set runtimepath+={NEOVIM}")
    text = "-c", "lua io.write(table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\\n'))"
    for word in ("holdfast", ":Holdfast", "holdfast-hunks"):
        help_page = await said(*start, *ours, "-c", f"help {word}", *text, "-c", "qa!")
        assert ":Holdfast work {task}" in help_page, (word, help_page)
    health = await said(*start, *ours, "-c", "checkhealth holdfast", *text, "-c", "qa!")
    assert "the server does not run; it starts with the first file that is opened" in health


@pytest.mark.parametrize("editor", [EGLOT_28, EGLOT_30], ids=["emacs-28", "emacs-30"])
async def test_emacs_installs_the_package_and_knows_its_commands(
    editor: Editor, tmp_path: Path
) -> None:
    editor.need()
    ready = f"""(progn (require 'package) (setq package-user-dir "{tmp_path}/elpa") (package-initialize) %s)"""
    batch = (editor.program, "--batch", "-Q", "--eval")
    installed = await said(*batch, ready % f'(package-install-file "{EMACS}")')
    warned = re.findall(r"^holdfast[\w-]*\.el:\d+.*", installed, re.MULTILINE)
    assert not [line for line in warned if "holdfast-pkg.el" not in line], installed
    known = " ".join(f"(commandp '{name})" for name in COMMANDS)
    asked = f"(message \"%S\" (list {known} (fboundp 'holdfast-eglot) (featurep 'holdfast)))"
    assert (await said(*batch, ready % asked)).endswith("(t t t t t nil)\n"), "without require"
