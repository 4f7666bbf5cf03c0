"""The editors that tests drive: each plays a script to its end and says what it saw."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.programs import saw

SCRIPTS = Path(__file__).parents[1] / "end_to_end" / "editors"
CLIENT = SCRIPTS.parents[2] / "editor-client"
NEWER = SCRIPTS / ".debian"
"""Where `install` beside the scripts puts editors that are newer than the machine's."""

TOMORROW = NEWER / "forky"
"""Debian's next release, which may be broken on any day."""

DEADLINE_SECONDS = 180.0


@dataclass(frozen=True)
class Editor:
    label: str
    column: str
    """Its column in the table of what works where."""
    program: str
    arguments: tuple[str, ...]
    """Those that play SCRIPT."""
    suffix: str
    """How the names of its scripts end."""
    encoding: str = "utf-16"
    """How it counts columns, as it agrees with the server; all take UTF-16."""
    packages: tuple[str, ...] = ()
    """Files that have to be there as well, as patterns below /."""

    def showing(self, *abilities: str) -> Any:
        """A row of a test that shows these abilities of this editor."""
        marks = pytest.mark.shows(self.column, *abilities)
        return pytest.param(self, id=self.label, marks=marks)

    def need(self) -> None:
        """Skips where the editor is missing; in CI it has to be there, unless it is of tomorrow."""
        found = (any(Path("/").glob(pattern)) for pattern in self.packages)
        missing = shutil.which(self.program) is None or not all(found)
        if missing:
            of_tomorrow = self.program.startswith(str(TOMORROW))
            assert of_tomorrow or not os.environ.get("CI"), f"{self.label} is not installed"
            pytest.skip(f"{self.label} is not installed")

    def command(self, script: str) -> list[str]:
        path = str(SCRIPTS / f"{script}{self.suffix}")
        return [self.program, *(each.replace("SCRIPT", path) for each in self.arguments)]


_QUIET = ("--headless", "-u", "NONE", "-i", "NONE", "--cmd", "set noswapfile")
_NEOVIM = ((*_QUIET, "-c", "luafile SCRIPT"), ".lua")
_EMACS = (("--batch", "-Q", "-l", "SCRIPT"), ".el")
_VIM = (("-N", "-u", "NONE", "-i", "NONE", "-es", "-S", "SCRIPT"), ".vim")
_ELPA = "usr/share/emacs/site-lisp/elpa*"

NEOVIM_7 = Editor("neovim-0.7", "neovim", "nvim", *_NEOVIM)
NEOVIM_10 = Editor("neovim-0.10", "neovim", str(NEWER / "trixie/bin/nvim"), *_NEOVIM)
NEOVIM_12 = Editor("neovim-0.12", "neovim", str(TOMORROW / "bin/nvim"), *_NEOVIM, "utf-8")
NEOVIMS = (NEOVIM_7, NEOVIM_10, NEOVIM_12)
EGLOT_28 = Editor("eglot-28", "eglot", "emacs", *_EMACS, packages=(f"{_ELPA}/eglot-*",))
EGLOT_30 = Editor("eglot-30", "eglot", str(NEWER / "trixie/bin/emacs"), *_EMACS, "utf-32")
EGLOTS = (EGLOT_28, EGLOT_30)
_LSP_MODE = (_EMACS[0], ".lsp-mode.el", "utf-32")
LSP_MODE_8 = Editor(
    *("lsp-mode-8", "lsp-mode", "emacs", *_LSP_MODE), packages=(f"{_ELPA}-src/lsp-mode-*",)
)
LSP_MODE_9 = Editor("lsp-mode-9", "lsp-mode", EGLOT_30.program, *_LSP_MODE)
LSP_MODES = (LSP_MODE_8, LSP_MODE_9)
HELIX = Editor("helix", "helix", str(NEWER / "trixie/bin/hx"), (), "", "utf-8")
KATE = Editor(
    "kate",
    "kate",
    "kate",
    (),
    "",
    packages=("usr/bin/xdotool", "usr/bin/Xvfb", "usr/bin/dbus-run-session"),
)
ALE = Editor("ale", "ale", "vim", *_VIM, packages=("usr/share/vim-ale",))


async def play(
    editor: Editor,
    script: str,
    project: Path,
    server: ScriptedServer,
    opened: Path | None = None,
) -> dict[str, Any]:
    """Runs a script to its end in an editor; what it saw, the way it ended included."""
    editor.need()
    file = opened or project / "answer.py"
    result = project.parent / "result.json"
    opens = [str(file)] if editor.column == "neovim" else []
    environment = {
        **os.environ,
        "SERVER": json.dumps([sys.executable, "-m", "lsp_server", "serve", "--stdio"]),
        "CLIENT": str(CLIENT),
        "EDITORS": str(SCRIPTS),
        "FILE": str(file),
        "PROJECT": str(project),
        "HOLDFAST_MODEL__BASE_URL": server.base_url,
        "HOLDFAST_MODEL__NAME": "scripted",
    }
    command = [*editor.command(script), *opens]
    seen = await saw(command, environment, result, DEADLINE_SECONDS, project)
    assert seen.get("error") is None, seen
    return seen
