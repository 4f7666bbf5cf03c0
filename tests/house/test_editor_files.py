"""The configuration that ships for other editors names what there is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lsp_server import __version__
from lsp_server.server.protocol import CommandName

ROOT = Path(__file__).parents[2]
EDITORS = ROOT / "editor-client" / "editors"


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("neovim/lua/holdfast/commands.lua", r"client\.command\('([\w.]+)'"),
        ("emacs/holdfast.el", r'(?:holdfast--run|holdfast-request) "([\w.]+)"'),
        ("vim/plugin/holdfast.vim", r"\['([a-z]+(?:\.[a-z]+)?)', \{"),
        ("sublime/Holdfast.sublime-commands", r'"command_name": "holdfast\.([\w.]+)"'),
    ],
)
def test_the_commands_of_an_editor_exist(file: str, pattern: str) -> None:
    named = set(re.findall(pattern, (EDITORS / file).read_text("utf-8")))
    assert len(named) >= 9
    assert {f"holdfast.{name}" for name in named} <= set(CommandName)


def test_zed_gets_an_extension_of_this_version() -> None:
    manifest = tomllib.loads((EDITORS / "zed" / "extension.toml").read_text("utf-8"))
    cargo = tomllib.loads((EDITORS / "zed" / "Cargo.toml").read_text("utf-8"))
    assert manifest["version"] == cargo["package"]["version"] == __version__
    assert manifest["language_servers"]["holdfast"]["languages"]


def test_helix_and_kate_get_files_that_can_be_read() -> None:
    helix = tomllib.loads((EDITORS / "helix" / "languages.toml").read_text("utf-8"))
    assert helix["language-server"]["holdfast"]["command"] == "holdfast"
    kate = json.loads((EDITORS / "kate" / "settings.json").read_text("utf-8"))
    assert kate["servers"]["python"]["command"] == ["holdfast"]


def test_every_editor_has_a_page_and_the_pages_say_what_the_tests_show() -> None:
    for folder in EDITORS.iterdir():
        assert folder.is_file() or (folder / "README.md").exists(), folder.name
    script = [sys.executable, str(ROOT / "scripts" / "editor_table.py"), "--check"]
    done = subprocess.run(script, check=False, timeout=60, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"run scripts/editor_table.py {done.stderr}"


def test_the_help_of_neovim_is_found_by_its_words() -> None:
    """`:help` reads `tags`, which `:helptags doc` writes."""
    folder = EDITORS / "neovim" / "doc"
    words = re.findall(r"\*([^*\s|]+)\*", (folder / "holdfast.txt").read_text("utf-8"))
    tags = (folder / "tags").read_text("utf-8").splitlines()
    assert tags == sorted(f"{word}\tholdfast.txt\t/*{word}*" for word in words)
