"""The editor client is a mirror: its names, shapes and settings are the server's."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from pydantic.alias_generators import to_camel

from lsp_server import __version__
from lsp_server.domain import candidates, events, goals, permissions, tasks
from lsp_server.server import protocol
from lsp_server.server.params import base, goal_params, memory_params, method_params, run_params

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "editor-client"
MIRROR = (CLIENT / "src" / "protocol.ts").read_text("utf-8")


def block(name: str, opening: str = r"= \{", closing: str = "}") -> str:
    """What stands between the braces of a constant of the mirror."""
    found = re.search(
        rf"^(?:export )?const {name} {opening}\n(.*?)^{re.escape(closing)}",
        MIRROR,
        re.MULTILINE | re.DOTALL,
    )
    assert found, f"{name} is missing in protocol.ts"
    return found.group(1)


def keys(text: str, indent: int = 2) -> set[str]:
    return set(re.findall(rf"^ {{{indent}}}(\w+):", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("name", "real"), [("CommandName", protocol.CommandName), ("Method", protocol.Method)]
)
def test_names_are_those_of_the_server(name: str, real: type[StrEnum]) -> None:
    mirrored = dict(re.findall(r"^  (\w+): \"([^\"]+)\",$", block(name), re.MULTILINE))
    assert mirrored == {to_camel(member.name.lower()): member.value for member in real}


PARAMS = {
    name: shape
    for module in (base, goal_params, memory_params, method_params, run_params)
    for name, shape in vars(module).items()
}
SHAPES: list[tuple[str, Iterable[str]]] = [
    (name, [to_camel(key) for key in PARAMS[name].model_fields])
    for name in (
        *("Reply", "RunEntry", "RunListReply", "GoalEntry", "GoalListReply", "GoalCounts"),
        *("Status", "EventNotice", "DiagnosticsRequest", "MemoryHit", "MemorySearchReply"),
    )
]
RECORDS: list[tuple[str, Any]] = [
    ("Question", permissions.Question),
    ("Scores", candidates.Scores),
    ("CandidateGroup", candidates.CandidateGroup),
    ("ConditionReport", goals.ConditionReport),
]
RECORD_KEYS = [
    (name, [to_camel(field.name) for field in dataclasses.fields(kind)]) for name, kind in RECORDS
]


@pytest.mark.parametrize(
    ("name", "real"), [*SHAPES, *RECORD_KEYS], ids=[name for name, _ in [*SHAPES, *RECORD_KEYS]]
)
def test_the_client_reads_only_keys_that_are_sent(name: str, real: Iterable[str]) -> None:
    mirrored = keys(block(name, opening=r"= v\.object\(\{", closing="})"))
    assert mirrored
    assert mirrored <= set(real)


def test_the_client_reads_events_as_they_are() -> None:
    real = {
        get_args(get_type_hints(kind)["kind"])[0]: {
            to_camel(field.name) for field in dataclasses.fields(kind)
        }
        for kind in get_args(events.Event)
    }
    text = block("ShownEvent", opening=r'= v\.variant\("kind", \[', closing="])")
    shown = re.split(r"^  v\.object\(\{", text, flags=re.MULTILINE)[1:]
    assert len(shown) > 10
    for each in shown:
        kind = re.search(r'kind: v\.literal\("(\w+)"\)', each)
        assert kind, each
        one_line = "\n" not in each.strip()
        found = set(re.findall(r"(\w+): v\.", each)) if one_line else keys(each, indent=4)
        assert found <= real[kind.group(1)], kind.group(1)


@pytest.mark.parametrize(
    ("name", "real"), [("RunState", tasks.RunState), ("Verdict", goals.Verdict)]
)
def test_the_client_knows_every_state(name: str, real: Any) -> None:
    text = block(name, opening=r"= v\.picklist\(\[", closing="])")
    assert set(re.findall(r'"([\w]+)"', text)) == set(get_args(real))


def test_the_settings_of_the_extension_are_those_of_the_server() -> None:
    script = [sys.executable, str(ROOT / "scripts" / "client_settings.py"), "--check"]
    done = subprocess.run(script, check=False, timeout=60, cwd=ROOT, env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, "run scripts/client_settings.py"


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


def test_the_extension_has_the_version_of_the_server_and_words_for_all_it_shows() -> None:
    text = (CLIENT / "package.json").read_text("utf-8")
    words = json.loads((CLIENT / "package.nls.json").read_text("utf-8"))
    assert json.loads(text)["version"] == __version__
    assert set(re.findall(r'"%([\w.]+)%"', text)) == set(words)


def test_every_command_of_the_palette_has_a_handler() -> None:
    manifest = json.loads((CLIENT / "package.json").read_text("utf-8"))
    source = (CLIENT / "src" / "commands.ts").read_text("utf-8")
    titled = {each["command"].rpartition(".")[2] for each in manifest["contributes"]["commands"]}
    handled = set(re.findall(r"^    (\w+): (?:async )?\(.*=>", source, re.MULTILINE))
    assert titled - {"once", "always", "deny"} <= handled


def test_the_method_names_are_in_one_file_of_the_client() -> None:
    for path in (CLIENT / "src").glob("*.ts"):
        if path.name != "protocol.ts":
            assert not re.search(
                r'"holdfast(/|\.(run|max|goal|memory)\.)', path.read_text("utf-8")
            ), path
