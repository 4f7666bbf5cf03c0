"""The editor client has the server's names, shapes and settings, written by scripts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lsp_server import __version__
from lsp_server.server.protocol import CommandName, Method

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "editor-client"
SOURCE = CLIENT / "src"

EDITABLE = (
    *("string", "boolean", "integer", "number", "array", "object"),
    *(["integer", "null"], ["number", "null"]),
)
"""What the settings page of VS Code has a field for; of an object and its like, a link into the file."""


@pytest.mark.parametrize("script", ["client_protocol.py", "client_settings.py", "client_events.py"])
def test_what_the_extension_has_from_the_server_is_fresh(script: str) -> None:
    check = [sys.executable, str(ROOT / "scripts" / script), "--check"]
    done = subprocess.run(check, check=False, timeout=60, cwd=ROOT, env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, f"run scripts/{script}"


@pytest.mark.parametrize("name", [*CommandName, *Method])
def test_every_name_is_in_the_protocol_of_the_extension(name: str) -> None:
    assert f'"{name}"' in (SOURCE / "protocol.ts").read_text("utf-8")


def test_a_workspace_cannot_choose_what_only_the_person_may() -> None:
    manifest = json.loads((CLIENT / "package.json").read_text("utf-8"))
    scopes = {
        name: shape["scope"]
        for group in manifest["contributes"]["configuration"]
        for name, shape in group["properties"].items()
    }
    for name in ("server.path", "model.base_url", "model.api_key_command", "permissions.mode"):
        assert scopes[f"holdfast.{name}"] == "machine"
    assert scopes["holdfast.permissions.deny"] == "machine"
    assert scopes["holdfast.max_mode.temperature"] == "resource"


def test_every_setting_can_be_edited_and_says_what_it_does() -> None:
    manifest = json.loads((CLIENT / "package.json").read_text("utf-8"))
    words = json.loads((CLIENT / "package.nls.json").read_text("utf-8"))
    for group in manifest["contributes"]["configuration"]:
        orders = [shape.get("order") for shape in group["properties"].values()]
        assert orders == sorted(orders, key=lambda order: order or 0)
        for name, shape in group["properties"].items():
            assert shape["type"] in EDITABLE, name
            said = words[shape["markdownDescription"].strip("%")]
            assert len(said) > 20, name
            assert len(set(said.replace("**", "").lower().rstrip(".").split(". "))) > 1 or (
                name.startswith("holdfast.server.")
            ), f"{name} says no more than its title"
            meanings = shape.get("enumDescriptions", [])
            assert len(meanings) == len(shape.get("enum", [])), name
            assert all(words[each.strip("%")] for each in meanings), name
    first = [group["title"] for group in manifest["contributes"]["configuration"]][:4]
    assert first == ["Server", "Model", "Permissions", "Sandbox"]


def test_the_extension_has_the_version_of_the_server_and_words_for_all_it_shows() -> None:
    text = (CLIENT / "package.json").read_text("utf-8")
    words = json.loads((CLIENT / "package.nls.json").read_text("utf-8"))
    assert json.loads(text)["version"] == __version__
    assert set(re.findall(r'"%([\w.-]+)%"', text)) == set(words)


def test_every_command_of_the_palette_has_a_handler() -> None:
    manifest = json.loads((CLIENT / "package.json").read_text("utf-8"))
    handled = {
        name
        for file in (SOURCE / "commands.ts", *SOURCE.glob("*_commands.ts"))
        for name in re.findall(r"^    (\w+): ", file.read_text("utf-8"), re.MULTILINE)
    }
    titled = {each["command"].rpartition(".")[2] for each in manifest["contributes"]["commands"]}
    assert titled <= handled


def test_the_method_names_are_in_one_file_of_the_client() -> None:
    for path in SOURCE.glob("*.ts"):
        if path.name != "protocol.ts":
            assert not re.search(
                r'"holdfast(/|\.(run|max|goal|memory|command|skill|evolve|trust)\.)',
                path.read_text("utf-8"),
            ), path
